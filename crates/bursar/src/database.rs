//! `bursar migrate`, `check`, `backup` and `restore`: what is done to a company's book
//! where its database is, whether a server uses it or not.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde_json::{Value, json};
use server::backup::{Copied, Onto, backup, restore};
use store::{Database, Settings, Store};

use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::listing::Listing;
use crate::opened::make_private;
use crate::output::{Format, OutputOption, Told};
use crate::serve::runtime;
use crate::server_option::NoServer;
use crate::server_settings::{Opening, opening};

/// The file that every folder with a book holds.
const BOOKS: &str = "books.db";
/// Differences that `bursar check` names, unless told otherwise.
const DIFFERENCES: usize = 100;

/// Which database.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DatabaseOptions {
    /// What keeps the book: sqlite:FOLDER or postgres://USER@HOST:PORT/NAME
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,
    /// The server's settings file, which names the database and its prices
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: NoServer,
}

/// Brings the schema of a database up to date, as a server does when it starts
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar migrate --database postgres://bursar@db.example.com/bursar")]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseOptions,
}

/// Works every call and sum out anew and names whatever differs
#[derive(Debug, Args)]
#[command(after_help = "Exits with 1 where something differs.

Examples:
  bursar check --database sqlite:/var/lib/bursar")]
pub(crate) struct CheckArgs {
    /// Name at most N differences
    #[arg(long, value_name = "N", default_value_t = DIFFERENCES)]
    top: usize,
    #[command(flatten)]
    database: DatabaseOptions,
}

/// Copies everything into one file, while the server goes on
#[derive(Debug, Args)]
#[command(after_help = "The file holds the hashes of tokens, names and e-mail addresses: keep it as the \
                        database.\n\nExamples:
  bursar backup --database sqlite:/var/lib/bursar bursar-2026-11-22.backup")]
pub(crate) struct BackupArgs {
    /// The file, which must not be there
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseOptions,
}

/// Takes in what `bursar backup` wrote, of whatever kind of database
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar restore --database postgres://bursar@db.example.com/bursar bursar-2026-11-22.backup

What was reported since the backup is missing. Into a new database collectors report it again by
themselves; onto an existing one `bursar collect --everything` does.")]
pub(crate) struct RestoreArgs {
    /// The file
    file: PathBuf,
    /// Lay it over what is there
    #[arg(long)]
    into_existing: bool,
    #[command(flatten)]
    database: DatabaseOptions,
}

/// What becomes of a database that is not there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Missing {
    Make,
    /// A new one would agree with itself, and its backup would hold nothing.
    Refuse,
}

impl DatabaseOptions {
    /// How what is done there is told.
    pub(crate) const fn format(&self) -> Format {
        self.output.format
    }

    /// Opens it.
    pub(crate) async fn open(&self, missing: Missing, environment: &Environment) -> Result<Store> {
        self.server.refuse(
            "it works where the database is, and a server gives nobody its whole book; name the database \
             with --database or --config, on a machine that reaches it, while the server goes on",
        )?;
        let named = self.database.as_deref();
        let Opening { database, prices } = opening(named, self.config.as_deref(), environment)?;
        match (missing, &database) {
            (Missing::Refuse, Database::Sqlite(folder)) if !folder.join(BOOKS).is_file() => {
                return Err(usage(format!(
                    "there is no book in {}: it holds no {BOOKS}; name the folder that the server keeps its \
                     book in",
                    folder.display()
                )));
            }
            (Missing::Refuse | Missing::Make, _) => make_private(&database),
        }
        // The book keeps its server's time zone: another one would sum up its days anew.
        Ok(Store::open(&database, Settings { prices, zone: None }).await?)
    }
}

pub(crate) fn migrate(args: &MigrateArgs, environment: &Environment) -> Result<String> {
    runtime()?.block_on(args.database.open(Missing::Make, environment))?;
    let mut rows = Listing::new(&["state"]);
    rows.row(vec!["up_to_date".to_owned()]);
    let (text, body) = ("The database is up to date.\n".to_owned(), json!({ "state": "up_to_date" }));
    Told { schema: "bursar.migrate/1", text, body, rows }.print(args.database.format())
}

pub(crate) fn check(args: &CheckArgs, environment: &Environment) -> Result<String> {
    let differences = runtime()?.block_on(async {
        let store = args.database.open(Missing::Refuse, environment).await?;
        anyhow::Ok(store.check(args.top).await?)
    })?;
    let (mut rows, mut found) = (Listing::new(&["what", "which", "found", "expected"]), Vec::new());
    for it in &differences {
        rows.row([it.what, &it.which, &it.found, &it.expected].map(str::to_owned).to_vec());
        found.push(json!({ "what": it.what, "which": it.which, "found": it.found, "expected": it.expected }));
    }
    let body = json!({ "agrees": found.is_empty(), "differences": found });
    let text = match found.as_slice() {
        [] => "The book agrees with its observations.\n".to_owned(),
        _ => rows.table(),
    };
    let told = Told { schema: "bursar.check/1", text, body, rows };
    let text = told.print(args.database.format())?;
    if differences.is_empty() {
        return Ok(text);
    }
    crate::print(&text)?;
    let count = differences.len();
    Err(anyhow!(
        "the book differs from its observations in {count} places at least; a server that uses it \
                 can go on, and what differs is shown above"
    ))
}

pub(crate) fn run_backup(args: &BackupArgs, environment: &Environment) -> Result<String> {
    let path = &args.file;
    if path.exists() {
        return Err(usage(format!("{} is there already; give another name", path.display())));
    }
    let part = part_of(path);
    let cannot = || format!("cannot write {}", part.display());
    let file = create_private(&part).with_context(cannot)?;
    let copied = runtime()?.block_on(async {
        let store = args.database.open(Missing::Refuse, environment).await?;
        anyhow::Ok(backup(&store, Box::new(BufWriter::new(file.try_clone()?))).await?)
    });
    let kept = copied.and_then(|copied| {
        // On the disk before it has its name: half a backup must not look like one.
        (&file)
            .flush()
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&part, path))
            .with_context(cannot)?;
        Ok(copied)
    });
    if kept.is_err() {
        drop(fs::remove_file(&part));
    }
    let copied = kept?;
    let text = format!("{} holds {}.\n", path.display(), in_words(copied));
    counted("bursar.backup/1", text, path, copied).print(args.database.format())
}

/// A new file for this account alone.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What the file is called until it is whole.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn in_words(copied: Copied) -> String {
    let count =
        |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    format!(
        "{} (tokens, settings, the directory) and {} (what was reported)",
        count(copied.entries, "entry of the books", "entries of the books"),
        count(copied.lines, "line of the book", "lines of the book")
    )
}

/// What was copied from or to a file, counted.
fn counted(schema: &'static str, text: String, file: &Path, copied: Copied) -> Told<Value> {
    let (file, Copied { entries, lines }) = (file.display().to_string(), copied);
    let mut rows = Listing::new(&["file", "entries", "lines"]);
    rows.row(vec![file.clone(), entries.to_string(), lines.to_string()]);
    Told { schema, text, body: json!({ "file": file, "entries": entries, "lines": lines }), rows }
}

pub(crate) fn run_restore(args: &RestoreArgs, environment: &Environment) -> Result<String> {
    let file = File::open(&args.file)
        .map_err(|error| usage(format!("cannot read {}: {error}", args.file.display())))?;
    let onto = if args.into_existing { Onto::Existing } else { Onto::Empty };
    let copied = runtime()?.block_on(async {
        let store = args.database.open(Missing::Make, environment).await?;
        anyhow::Ok(restore(&store, file, onto, now()).await?)
    })?;
    let text = format!("Restored {}.\n", in_words(copied));
    counted("bursar.restore/1", text, &args.file, copied).print(args.database.format())
}

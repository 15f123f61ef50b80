//! What most commands begin with: the settings, the journal, and a look at the
//! logs for what is new.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use attribution::Rules;
use clap::Args;
use metering::Meter;
use pricing::{Contract, PriceBook, Pricer};
use store::{Database, Journal};

use crate::environment::Environment;
use crate::failure::usage;
use crate::progress::ProgressBar;
use crate::scan::{self, Scanned};

/// What helps commands that can do without a journal.
pub(crate) const OR_EPHEMERAL: &str = ", or use --ephemeral";
/// The largest rules or contract file that is read.
const SETTINGS_LIMIT: u64 = 4 * 1_024 * 1_024;

/// Options of every command that reads the logs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Sources")]
pub(crate) struct SourceOptions {
    /// Read everything afresh and store nothing
    #[arg(long, conflicts_with = "server")]
    pub(crate) ephemeral: bool,
    /// Rules for repositories, tasks, projects and clients [default: ~/.config/bursar/rules.toml]
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub(crate) rules: Option<PathBuf>,
    /// Contract prices [default: ~/.config/bursar/contract.toml]
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub(crate) contract: Option<PathBuf>,
}

/// The journal with the prices and rules that apply.
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) meter: Meter,
    pub(crate) rules: Rules,
    pub(crate) scanned: Scanned,
    pub(crate) environment: Environment,
}

impl Opened {
    /// Opens the journal and reads what is new in the logs.
    pub(crate) fn up_to_date(options: &SourceOptions, environment: &Environment) -> Result<Self> {
        let mut opened = Self::as_it_is(options, environment)?;
        let mut bar = ProgressBar::on_terminal();
        opened.scanned = scan::scan(&mut opened.journal, &mut opened.meter, &environment.roots(), &mut bar)?;
        Ok(opened)
    }

    /// Opens the journal and reads nothing.
    pub(crate) fn as_it_is(options: &SourceOptions, environment: &Environment) -> Result<Self> {
        let journal = if options.ephemeral {
            Journal::ephemeral()?
        } else {
            Journal::open(&journal_file(environment)?)?
        };
        Self::of(journal, options, environment)
    }

    /// Opens the journal for somebody who would rather have nothing than wait longer.
    pub(crate) fn at_once(environment: &Environment, at_most: Duration) -> Result<Self> {
        let journal = Journal::open_waiting(&journal_file(environment)?, at_most)?;
        Self::of(journal, &SourceOptions::default(), environment)
    }

    fn of(journal: Journal, options: &SourceOptions, environment: &Environment) -> Result<Self> {
        let rules = rules(options, environment)?;
        let meter = Meter::new(pricer(options, environment)?);
        Ok(Self { journal, meter, rules, scanned: Scanned::default(), environment: environment.clone() })
    }
}

/// The price book with the contract on top.
pub(crate) fn pricer(options: &SourceOptions, environment: &Environment) -> Result<Pricer> {
    let contract = settings_file(options.contract.as_deref(), "contract.toml", environment)?
        .map(|(path, text)| {
            Contract::parse(&text).map_err(|error| usage(format!("{}: {error}", path.display())))
        })
        .transpose()?;
    Ok(Pricer::new(PriceBook::bundled()?, contract))
}

/// The organisation's rules.
pub(crate) fn rules(options: &SourceOptions, environment: &Environment) -> Result<Rules> {
    let file = settings_file(options.rules.as_deref(), "rules.toml", environment)?;
    file.map_or_else(
        || Ok(Rules::default()),
        |(path, text)| Rules::parse(&text).map_err(|error| usage(format!("{}: {error}", path.display()))),
    )
}

/// The journal's file, in a folder that is there.
fn journal_file(environment: &Environment) -> Result<PathBuf> {
    let folder = journal_folder(environment, OR_EPHEMERAL)?;
    fs::create_dir_all(&folder).with_context(|| {
        format!("cannot make {}; set XDG_DATA_HOME, or use --ephemeral", folder.display())
    })?;
    keep_private(&folder);
    Ok(folder.join("journal.db"))
}

/// Where the journal lives. `otherwise` goes on after "set one", for who can do without.
pub(crate) fn journal_folder(environment: &Environment, otherwise: &str) -> Result<PathBuf> {
    let folder = environment.data_folder();
    folder.ok_or_else(|| anyhow!("neither HOME nor XDG_DATA_HOME is set: set one{otherwise}"))
}

/// Folders and branches are nobody else's business on a shared machine. Where the
/// file system knows no permissions there is nothing to keep.
#[cfg(unix)]
pub(crate) fn keep_private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    drop(fs::set_permissions(folder, fs::Permissions::from_mode(0o700)));
}

#[cfg(not(unix))]
pub(crate) fn keep_private(_: &Path) {}

/// Makes the folder of a book where there is none, for this account alone. One that is
/// there stays as whoever made it wants it, and where none can be made, opening says why.
pub(crate) fn make_private(database: &Database) {
    let Database::Sqlite(folder) = database else { return };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    drop(builder.create(folder));
}

/// A settings file: the one that was named, which must be there, or the default
/// one, which need not.
pub(crate) fn settings_file(
    named: Option<&Path>,
    default: &str,
    environment: &Environment,
) -> Result<Option<(PathBuf, String)>> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => match environment.config_folder() {
            Some(folder) => folder.join(default),
            None => return Ok(None),
        },
    };
    match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => return Ok(None),
        Err(error) => return Err(usage(format!("cannot read {}: {error}", path.display()))),
        Ok(metadata) if metadata.len() > SETTINGS_LIMIT => {
            return Err(usage(format!(
                "{} is larger than {SETTINGS_LIMIT} bytes: that is no settings file",
                path.display()
            )));
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(&path)
        .map_err(|error| usage(format!("cannot read {}: {error}", path.display())))?;
    Ok(Some((path, text)))
}

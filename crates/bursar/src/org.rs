//! `bursar org`: the organisation's directory on a server.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::client::Ask;
use crate::environment::Environment;
use crate::failure::usage;
use crate::listing::{Listing, all, text};
use crate::output::{Format, OutputOption, document};
use crate::server_option::ServerAddress;

/// The largest file that is sent.
const FILE_BYTES: u64 = 8 * 1_024 * 1_024;

/// What is said of a directory without entries.
const EMPTY: &str =
    "The directory is empty; `bursar org apply FILE` fills it, and docs/organisation.md says how.\n";

const EXAMPLES: &str = "Examples:
  bursar org apply org.toml --dry-run     what the file would change
  bursar org apply org.toml               changes it
  bursar org apply org.toml --prune       and strikes out what the file does not name
  bursar org show                         who is where
  bursar org show --toml > org.toml       as a file to edit and apply";

/// The organisation's directory: teams, developers, repositories, projects, clients
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct OrgArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Apply(ApplyArgs),
    Show(ShowArgs),
}

/// Lays down the directory of a file
#[derive(Debug, Args)]
struct ApplyArgs {
    /// The file; docs/organisation.md explains every key
    file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Strike out entries that the file does not name
    #[arg(long)]
    prune: bool,
    /// Why, for the audit log
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerAddress,
}

/// Shows the directory
#[derive(Debug, Args)]
struct ShowArgs {
    /// As a file for `bursar org apply`
    #[arg(long, conflicts_with = "format")]
    toml: bool,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerAddress,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &OrgArgs, environment: &Environment) -> Result<String> {
    match &args.what {
        What::Apply(args) => apply(args, environment),
        What::Show(args) => show(args, environment),
    }
}

fn apply(args: &ApplyArgs, environment: &Environment) -> Result<String> {
    let path = args.file.display();
    let unreadable = |error: std::io::Error| usage(format!("cannot read {path}: {error}"));
    if fs::metadata(&args.file).map_err(unreadable)?.len() > FILE_BYTES {
        return Err(usage(format!(
            "{path} is larger than {FILE_BYTES} bytes: that is no organisation's file"
        )));
    }
    let file = fs::read_to_string(&args.file).map_err(unreadable)?;
    let mut pairs = vec![("dry_run", args.dry_run.to_string()), ("prune", args.prune.to_string())];
    pairs.extend(args.reason.clone().map(|it| ("reason", it)));
    let body = Some(("application/toml", file));
    let ask = Ask { method: "PUT", path: "/api/v1/org", pairs: &pairs, body };
    let client = args.server.client(environment)?;
    let applied = client.json(&ask).map_err(|error| error.context(format!("{path}")))?;
    Ok(match args.output.format {
        Format::Json => document("bursar.org_changes/1", &applied)?,
        Format::Csv => {
            let mut listing = Listing::new(&["change", "kind", "id", "field", "before", "after"]);
            for it in all(&applied, "differences") {
                let about = ["change", "kind", "id"].map(|name| text(it, name));
                for field in all(it, "fields") {
                    let field = ["field", "before", "after"].map(|name| text(field, name));
                    listing.row(about.iter().cloned().chain(field).collect());
                }
            }
            listing.csv()
        }
        Format::Table => told(&applied, args.dry_run),
    })
}

fn told(applied: &Value, dry_run: bool) -> String {
    let differences = all(applied, "differences");
    let mut lines: Vec<String> = differences.iter().map(|it| text(it, "text")).collect();
    let kept = all(applied, "kept");
    if !kept.is_empty() {
        let names: Vec<String> = kept
            .iter()
            .map(|it| format!("{} {}", text(it, "kind").replace('_', " "), text(it, "id")))
            .collect();
        lines.push(format!("= not in the file and kept (--prune strikes them out): {}", names.join(", ")));
    }
    let count = match differences.len() {
        0 => "Nothing differs".to_owned(),
        1 => "1 entry differs".to_owned(),
        count => format!("{count} entries differ"),
    };
    lines.push(match (differences.is_empty(), dry_run) {
        (true, _) => format!("{count}."),
        (false, true) => format!("{count}; nothing was changed (--dry-run)."),
        (false, false) => format!("{count}, and the directory was changed."),
    });
    lines.iter().map(|it| format!("{}\n", shown(it))).collect()
}

/// A text of several lines, each fit for a terminal.
fn shown(text: &str) -> String {
    text.lines().map(insight::printable).collect::<Vec<_>>().join("\n")
}

fn show(args: &ShowArgs, environment: &Environment) -> Result<String> {
    let client = args.server.client(environment)?;
    if args.toml {
        return client.get("/api/v1/org/file", &[]);
    }
    let directory = client.json(&Ask { method: "GET", path: "/api/v1/org", pairs: &[], body: None })?;
    if matches!(args.output.format, Format::Json) {
        return document("bursar.org/1", &directory);
    }
    let mut listing = Listing::new(&["kind", "id", "name", "belongs to"]);
    for kind in ["team", "developer", "repo", "project", "client", "cost_centre"] {
        for entry in all(&directory, kind) {
            let belongs = ["parent", "team", "project", "client", "cost_centre"]
                .iter()
                .filter_map(|field| entry.get(*field).map(|it| format!("{field} {}", course(it))));
            let belongs: Vec<String> = belongs.collect();
            listing.row(vec![kind.to_owned(), text(entry, "id"), text(entry, "name"), belongs.join("; ")]);
        }
    }
    Ok(match args.output.format {
        Format::Csv => listing.csv(),
        Format::Table if listing.is_empty() => EMPTY.to_owned(),
        Format::Table | Format::Json => listing.table(),
    })
}

/// One id for all time, or several with their days.
fn course(value: &Value) -> String {
    let Some(steps) = value.as_array() else { return value.as_str().unwrap_or_default().to_owned() };
    let step = |it: &Value| {
        let side = |word: &str, name: &str| {
            Some(text(it, name))
                .filter(|it| !it.is_empty())
                .map_or_else(String::new, |day| format!(" {word} {day}"))
        };
        format!("{}{}{}", text(it, "id"), side("from", "valid_from"), side("to", "valid_to"))
    };
    steps.iter().map(step).collect::<Vec<_>>().join(", ")
}

//! `bursar session`: one session from within.

use anyhow::Result;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use insight::{SessionNotes, render, session, wire};

use crate::book::OwnedBook;
use crate::client::{ServerOption, encoded};
use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::named;
use crate::opened::{Opened, SourceOptions};
use crate::report::{Format, ZoneOption};

const EXAMPLES: &str = "Examples:
  bursar session 5a69ca08               by the beginning of its id
  bursar session 5a69ca08 --format json";

/// One session from within: models, branches, hours, subagents, pull requests
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SessionArgs {
    /// The session's id, or its beginning
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    id: String,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    zone: ZoneOption,
    #[command(flatten)]
    sources: SourceOptions,
    #[command(flatten)]
    server: ServerOption,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &SessionArgs, environment: &Environment) -> Result<String> {
    if let Some(client) = args.server.client(environment)? {
        let mut pairs = args.format.pairs(environment);
        pairs.extend(args.zone.pairs());
        return client.get(&format!("/api/v1/sessions/{}", encoded(&args.id)), &pairs);
    }
    let zone = args.zone.zone()?;
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let named = named::session(&opened, &args.id)?;
    let tallies = opened.journal.sessions()?;
    let pull_requests = opened.journal.pull_requests()?;
    let book = OwnedBook::of(&mut opened)?;
    let notes = SessionNotes { tallies: &tallies, pull_requests: &pull_requests };
    let detail = session(&named, &book.book(), &notes, &zone, now())?;
    Ok(match args.format {
        Format::Table => render::session_text(&detail, &book.provenance(), &zone, &environment.terminal()),
        Format::Json => wire::session_json(&detail, &book.provenance(), &zone)?,
        Format::Csv => {
            return Err(usage(
                "`bursar session` prints a table or json; for csv use `bursar report --session ID`",
            ));
        }
    })
}

//! `bursar session`: one session from within.

use anyhow::Result;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use insight::{SessionNotes, TurnCall, render, session, wire};
use serde_json::Value;

use crate::book::OwnedBook;
use crate::client::{Client, encoded};
use crate::environment::{Environment, now};
use crate::explain::{accounts, rows};
use crate::listing::text;
use crate::named;
use crate::opened::{Opened, SourceOptions};
use crate::output::{Format, OutputOption};
use crate::report::ZoneOption;
use crate::server_option::ServerOption;

const EXAMPLES: &str = "Examples:
  bursar session 5a69ca08               by the beginning of its id
  bursar session 5a69ca08 --format json
  bursar session 5a69ca08 --format csv  a row for each of its calls";

/// One session from within: models, branches, hours, turns, subagents, pull requests
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SessionArgs {
    /// The session's id, or its beginning
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    id: String,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    zone: ZoneOption,
    #[command(flatten)]
    sources: SourceOptions,
    #[command(flatten)]
    server: ServerOption,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &SessionArgs, environment: &Environment) -> Result<String> {
    let format = args.output.format;
    if let Some(client) = args.server.client(environment)? {
        return asked(&client, args, environment);
    }
    let zone = args.zone.zone()?;
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let named = named::session(&opened, &args.id)?;
    if format == Format::Csv {
        let calls = opened.journal.calls_of_session(&named)?;
        let document = wire::explain_json(&accounts(&mut opened, &calls, None)?, &zone)?;
        return Ok(rows::calls(&serde_json::from_str(&document)?).csv());
    }
    let tallies = opened.journal.sessions()?;
    let pull_requests = opened.journal.pull_requests()?;
    let book = OwnedBook::of(&mut opened)?;
    let calls = opened.journal.calls_of_session(&named)?;
    let calls: Vec<_> = calls.iter().map(TurnCall::of).collect();
    let notes = SessionNotes { tallies: &tallies, pull_requests: &pull_requests, calls: &calls };
    let detail = session(&named, &book.book(), &notes, &zone, now())?;
    Ok(if format == Format::Json {
        wire::session_json(&detail, &book.provenance(), &zone)?
    } else {
        render::session_text(&detail, &book.provenance(), &zone, &environment.terminal())
    })
}

/// What a server says. Rows are of calls, which it lists in another document.
fn asked(client: &Client, args: &SessionArgs, environment: &Environment) -> Result<String> {
    let path = |id: &str| format!("/api/v1/sessions/{}", encoded(id));
    if args.output.format != Format::Csv {
        let mut pairs = args.output.format.pairs(environment);
        pairs.extend(args.zone.pairs());
        return client.get(&path(&args.id), &pairs);
    }
    let mut pairs = Format::Json.pairs(environment);
    pairs.extend(args.zone.pairs());
    // Its whole id: a call's may begin alike.
    let detail: Value = serde_json::from_str(&client.get(&path(&args.id), &pairs)?)?;
    let calls = client.get(&format!("/api/v1/calls/{}", encoded(&text(&detail, "session"))), &pairs)?;
    Ok(rows::calls(&serde_json::from_str(&calls)?).csv())
}

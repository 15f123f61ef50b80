//! `bursar statusline`: one line for Claude Code's prompt.
//!
//! Claude Code runs it several times a minute and shows what it prints: so it never
//! fails and never waits. It reads what is new in the logs if that is little, else
//! what is new in its session, else nothing; and it leaves it to other commands to
//! price the store again when prices change.

use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use domain::SourceFile;
use insight::{Span, Spent, StatuslineFacts, StatuslineInput, statusline};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::environment::{Environment, now};
use crate::listing::Listing;
use crate::opened::Opened;
use crate::output::{Format, OutputOption, document};
use crate::scan;
use crate::server_option::NoServer;

/// Standard input beyond this is not read.
const INPUT_LIMIT: u64 = 1_024 * 1_024;
/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_millis(15);
/// New bytes in all logs that are read; there are more only where nothing was read for long.
const NEW_BYTES: u64 = 4 * 1_000_000;
/// New bytes in the logs of the session that are read.
const SESSION_BYTES: u64 = 8 * 1_000_000;

const EXAMPLES: &str = r#"In Claude Code's settings.json:
  "statusLine": {"type": "command", "command": "bursar statusline"}"#;

/// One line for Claude Code's prompt: model, cost of the session and of today, context
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StatuslineArgs {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: NoServer,
}

/// What the line is made of.
#[derive(Debug, Serialize)]
struct Document<'a> {
    line: &'a str,
    session: Option<WireSpent>,
    today: Option<WireSpent>,
    branch: Option<&'a str>,
    ticket: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct WireSpent {
    cost_nano_usd: String,
    cost_usd: String,
    unpriced_calls: u64,
}

/// Runs the command; gives what to print, whatever goes wrong.
pub(crate) fn run(args: &StatuslineArgs, environment: &Environment) -> Result<String> {
    args.server.refuse(
        "the line is of this machine's logs, so that no prompt waits for a network; \
         `bursar report --server URL --since today` asks a server",
    )?;
    let mut text = Vec::new();
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        // What could be read is looked at; the rest is missing.
        drop(stdin.lock().take(INPUT_LIMIT).read_to_end(&mut text));
    }
    let input = StatuslineInput::parse(&String::from_utf8_lossy(&text));
    let facts = facts(&input, environment).unwrap_or_default();
    let line = statusline(&input, &facts, &environment.terminal());
    match args.output.format {
        Format::Table if line.is_empty() => Ok(line),
        Format::Table => Ok(format!("{line}\n")),
        Format::Json => document("bursar.statusline/1", &Document::of(&line, &facts)),
        Format::Csv => Ok(rows(&Document::of(&line, &facts)).csv()),
    }
}

impl<'a> Document<'a> {
    fn of(line: &'a str, facts: &'a StatuslineFacts) -> Self {
        let (branch, ticket) = (facts.branch.as_deref(), facts.ticket.as_deref());
        Self {
            line,
            session: facts.session.map(WireSpent::of),
            today: facts.today.map(WireSpent::of),
            branch,
            ticket,
        }
    }
}

impl WireSpent {
    fn of(spent: Spent) -> Self {
        Self {
            cost_nano_usd: spent.cost.nano().to_string(),
            cost_usd: spent.cost.to_string(),
            unpriced_calls: spent.unpriced_calls,
        }
    }
}

/// What is known, a row for the session and one for today.
fn rows(document: &Document<'_>) -> Listing {
    let mut rows = Listing::new(&["of", "cost_nano_usd", "cost_usd", "unpriced_calls", "branch", "ticket"]);
    let names = [document.branch, document.ticket].map(|it| it.unwrap_or_default().to_owned());
    for (of, spent, names) in
        [("session", &document.session, names), ("today", &document.today, <[String; 2]>::default())]
    {
        if let Some(WireSpent { cost_nano_usd, cost_usd, unpriced_calls }) = spent {
            let figures =
                [of.to_owned(), cost_nano_usd.clone(), cost_usd.clone(), unpriced_calls.to_string()];
            rows.row(figures.into_iter().chain(names).collect());
        }
    }
    rows
}

/// What the journal knows of the session and of today. What there is no time to
/// find out is left out.
fn facts(input: &StatuslineInput, environment: &Environment) -> Result<StatuslineFacts> {
    let mut opened = Opened::at_once(environment, PATIENCE)?;
    let files = ingest::logs::find(&environment.roots()).files;
    let of_session = session_files(input, &files);
    let (journal, meter) = (&mut opened.journal, &mut opened.meter);
    let mut facts = StatuslineFacts::default();
    if scan::scan_within(journal, meter, files, NEW_BYTES)? {
        let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        if let Some(midnight) = Span::parse(Some("today"), None, &zone, now())?.since {
            let (cost, unpriced_calls) = journal.spent_since(midnight.quarter_hour())?;
            facts.today = Some(Spent { cost, unpriced_calls });
        }
    } else if !scan::scan_within(journal, meter, of_session, SESSION_BYTES)? {
        return Ok(facts);
    }
    let Some(session) = &input.session else { return Ok(facts) };
    if let Some((cost, unpriced_calls, place)) = journal.spent_in_session(session)? {
        facts.session = Some(Spent { cost, unpriced_calls });
        facts.branch = place.branch.as_ref().map(ToString::to_string);
        let ticket = place.branch.as_ref().and_then(|branch| opened.rules.ticket(branch.as_str()));
        facts.ticket = ticket.map(|ticket| ticket.to_string());
    }
    Ok(facts)
}

/// The session's own log and those of its subagents.
fn session_files(input: &StatuslineInput, files: &[SourceFile]) -> Vec<SourceFile> {
    let Some(transcript) = input.transcript.as_ref().map(PathBuf::from) else { return Vec::new() };
    let folder = transcript.with_extension("");
    let of_it = |file: &&SourceFile| file.path == transcript || file.path.starts_with(&folder);
    files.iter().filter(of_it).cloned().collect()
}

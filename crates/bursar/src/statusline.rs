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

use crate::environment::{Environment, now};
use crate::opened::Opened;
use crate::scan;

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
pub(crate) struct StatuslineArgs {}

/// Runs the command; gives what to print, whatever goes wrong.
pub(crate) fn run(_: &StatuslineArgs, environment: &Environment) -> String {
    let mut text = Vec::new();
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        // What could be read is looked at; the rest is missing.
        drop(stdin.lock().take(INPUT_LIMIT).read_to_end(&mut text));
    }
    let input = StatuslineInput::parse(&String::from_utf8_lossy(&text));
    let facts = facts(&input, environment).unwrap_or_default();
    let line = statusline(&input, &facts, &environment.terminal());
    if line.is_empty() { line } else { format!("{line}\n") }
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

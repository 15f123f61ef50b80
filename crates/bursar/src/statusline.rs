//! `bursar statusline`: one line for Claude Code's prompt.
//!
//! Claude Code runs it several times a minute and shows what it prints: so it
//! reads only the transcript that is being written, and never fails.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::Result;
use clap::Args;
use domain::{NanoUsd, Shape, SourceFile, Tool};
use ingest::Found;
use insight::{Span, StatuslineFacts, StatuslineInput, statusline};
use jiff::tz::TimeZone;

use crate::environment::{Environment, now};
use crate::opened::{Opened, SourceOptions};
use crate::progress::ProgressBar;
use crate::scan;

/// Standard input beyond this is not read.
const INPUT_LIMIT: u64 = 1_024 * 1_024;

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

/// What the journal knows of the session and of today.
fn facts(input: &StatuslineInput, environment: &Environment) -> Result<StatuslineFacts> {
    let mut opened = Opened::as_it_is(&SourceOptions::default(), environment)?;
    if let Some(transcript) = &input.transcript {
        let file = SourceFile {
            tool: Tool::ClaudeCode,
            shape: Shape::Lines,
            path: Path::new(transcript).to_owned(),
        };
        let found = Found { files: vec![file], ..Found::default() };
        scan::scan_files(&mut opened.journal, &mut opened.meter, found, &mut ProgressBar::hidden())?;
    }
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    let today = Span::parse(Some("today"), None, &zone, now())?;
    let session_cost = match &input.session {
        Some(session) => opened.journal.cost_of_session(session)?,
        None => None,
    };
    Ok(StatuslineFacts {
        session_cost,
        today: Some(
            today.since.map_or(Ok(NanoUsd::ZERO), |since| opened.journal.cost_since(since.quarter_hour()))?,
        ),
        ..StatuslineFacts::default()
    })
}

//! `bursar hook`: what coding tools run at their hooks.
//!
//! It notes that a turn is over or that a commit was made, for the collector, and
//! ends. Whatever goes wrong, it says nothing and reports success: a tool takes some
//! exit codes and any output as a word in its conversation. For the same reason it
//! takes any arguments.

pub(crate) mod spool;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};

use clap::Args;
use domain::{Timestamp, Tool};
use ingest::hooks::{self, Heard, Note};

use self::spool::Spool;
use crate::environment::{Environment, now};

/// Standard input beyond this is not looked at: a hook that says more is of no use here.
const INPUT_LIMIT: u64 = 8 * 1_024 * 1_024;
/// What else is read and dropped, so that the tool can write all of it.
const DROPPED_LIMIT: u64 = 64 * 1_024 * 1_024;

const EXAMPLES: &str = r#"In Claude Code's settings.json (`bursar rollout claude-code` prints all of it):
  "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "bursar hook claude-code", "async": true}]}]}

It prints nothing and always ends well."#;

/// Notes what a hook of a coding tool says: claude-code, codex or cursor
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HookArgs {
    /// The tool
    #[arg(value_name = "TOOL", allow_hyphen_values = true, trailing_var_arg = true)]
    words: Vec<OsString>,
}

/// Runs the command; there is never anything to print.
pub(crate) fn run(args: &HookArgs, environment: &Environment) -> String {
    let tool = args.words.first().and_then(|word| word.to_str()).and_then(tool);
    let note = tool.and_then(|tool| listen(tool, now()));
    if let Some((line, folder)) = note.and_then(|note| note.to_line()).zip(environment.data_folder()) {
        // A full disk or a folder that cannot be made loses the note, not the tool's turn.
        drop(Spool::new(&folder).append(&line));
    }
    String::new()
}

fn tool(name: &str) -> Option<Tool> {
    match name {
        "claude-code" => Some(Tool::ClaudeCode),
        "codex" => Some(Tool::Codex),
        "cursor" => Some(Tool::Cursor),
        _ => None,
    }
}

/// What the hook says on standard input.
fn listen(tool: Tool, at: Timestamp) -> Option<Note> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return None;
    }
    let mut stdin = stdin.lock();
    let mut bytes = Vec::new();
    // What could be read is looked at; the rest is missing.
    drop(stdin.by_ref().take(INPUT_LIMIT).read_to_end(&mut bytes));
    drop(io::copy(&mut stdin.take(DROPPED_LIMIT), &mut io::sink()));
    let mut note = hooks::hear(tool, &bytes, at)?;
    complete(&mut note);
    Some(note)
}

/// The commit's hash in full, while it is still what is checked out.
fn complete(note: &mut Note) {
    let Heard::Commit { folder: Some(folder), branch, hash } = &mut note.heard else { return };
    let head = folder.to_str().and_then(attribution::git::head);
    if let Some(head) = head.filter(|it| it.commit.starts_with(hash.as_str())) {
        *hash = head.commit;
        if branch.is_none() {
            *branch = head.branch;
        }
    }
}

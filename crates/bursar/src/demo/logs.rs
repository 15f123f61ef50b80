//! The log files of the simulated machines, as the tools write them.
//!
//! One file a session, in a home folder a developer. Prompts and answers are dots: what
//! counts stands beside them.

mod claude_code;
mod codex;
mod gemini_cli;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use domain::{Timestamp, Tool};

use super::session::Session;

/// Writes the log of a session below a home folder.
pub(super) fn write(home: &Path, session: &Session) -> Result<()> {
    match session.tool {
        Tool::Codex => codex::write(home, session),
        Tool::GeminiCli => gemini_cli::write(home, session),
        Tool::ClaudeCode
        | Tool::Cline
        | Tool::Roo
        | Tool::Kilo
        | Tool::Opencode
        | Tool::CopilotCli
        | Tool::CopilotChat
        | Tool::Cursor
        | Tool::Other => claude_code::write(home, session),
    }
}

/// Writes a file in a folder that may not be there yet.
fn put(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// A moment, as all of these tools write it.
fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).map(|at| format!("{at:.3}")).unwrap_or_default()
}

//! The tools, one module each, and which of them reads what.

use std::io;

use domain::{SourceFile, Tool};

use crate::harvest::{Decoder, Harvest};
use crate::source::{Found, Roots};

pub mod claude_code;
pub mod cline;
pub mod codex;
pub mod copilot_cli;
pub mod gemini_cli;
pub mod opencode;

/// Finds the logs of all tools, by absolute names.
#[must_use]
pub fn find(roots: &Roots) -> Found {
    let roots = roots.absolute();
    let mut found = Found::default();
    claude_code::find(&roots, &mut found);
    codex::find(&roots, &mut found);
    gemini_cli::find(&roots, &mut found);
    cline::find(&roots, &mut found);
    opencode::find(&roots, &mut found);
    copilot_cli::find(&roots, &mut found);
    found
}

/// A reader of a file of one record a line.
pub(crate) fn decoder(file: &SourceFile, state: Option<&str>) -> io::Result<Box<dyn Decoder + Send>> {
    match file.tool {
        Tool::ClaudeCode => Ok(claude_code::decoder(&file.path, state)),
        Tool::Codex => Ok(codex::decoder(&file.path, state)),
        Tool::GeminiCli => Ok(gemini_cli::decoder(&file.path, state)),
        Tool::CopilotCli => copilot_cli::decoder(&file.path, state),
        Tool::Cline
        | Tool::Roo
        | Tool::Kilo
        | Tool::Opencode
        | Tool::CopilotChat
        | Tool::Cursor
        | Tool::Other => Err(no_reader(file)),
    }
}

/// Reads a file that is one document.
pub(crate) fn read_document(file: &SourceFile, harvest: &mut Harvest) -> io::Result<()> {
    match file.tool {
        Tool::GeminiCli => gemini_cli::read(&file.path, harvest),
        Tool::Cline | Tool::Roo | Tool::Kilo => cline::read(&file.path, harvest),
        Tool::Opencode => opencode::read_document(&file.path, harvest),
        Tool::ClaudeCode
        | Tool::Codex
        | Tool::CopilotCli
        | Tool::CopilotChat
        | Tool::Cursor
        | Tool::Other => Err(no_reader(file)),
    }
}

/// Reads what is new in a database; returns what must be known to go on.
pub(crate) fn read_database(
    file: &SourceFile,
    state: Option<&str>,
    harvest: &mut Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> io::Result<String> {
    match file.tool {
        Tool::Opencode => opencode::read(&file.path, state, harvest, between),
        Tool::CopilotCli => copilot_cli::read(&file.path, state, harvest, between),
        Tool::ClaudeCode
        | Tool::Codex
        | Tool::GeminiCli
        | Tool::Cline
        | Tool::Roo
        | Tool::Kilo
        | Tool::CopilotChat
        | Tool::Cursor
        | Tool::Other => Err(no_reader(file)),
    }
}

/// The tool writes no files of that shape: `find` never pairs the two.
fn no_reader(file: &SourceFile) -> io::Error {
    io::Error::other(format!("{} writes no {} files", file.tool.name(), file.shape.name()))
}

//! The tools, one module each, and which of them reads what.

use std::io;
use std::path::Path;

use domain::{SourceFile, Tool};

use crate::harvest::{Decoder, Harvest};
use crate::source::{Found, Roots};

pub mod claude_code;
pub mod cline;
pub mod codex;
pub mod copilot_cli;
pub mod gemini_cli;
pub mod opencode;

/// Finds the logs of all tools.
#[must_use]
pub fn find(roots: &Roots) -> Found {
    let mut found = Found::default();
    claude_code::find(roots, &mut found);
    found
}

/// A reader of a file of one record a line.
pub(crate) fn decoder(file: &SourceFile, state: Option<&str>) -> Box<dyn Decoder + Send> {
    let path: &Path = &file.path;
    match file.tool {
        Tool::ClaudeCode => claude_code::decoder(path, state),
        _ => claude_code::decoder(path, state),
    }
}

/// Reads a file that is one document.
pub(crate) fn read_document(_file: &SourceFile, _harvest: &mut Harvest) -> io::Result<()> {
    Ok(())
}

/// Reads what is new in a database; returns what must be known to go on.
pub(crate) fn read_database(
    _file: &SourceFile,
    _state: Option<&str>,
    _harvest: &mut Harvest,
) -> io::Result<String> {
    Ok(String::new())
}

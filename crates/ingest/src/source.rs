//! What there is to read: the log files of every tool on this machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use domain::{Shape, SourceFile};

/// Where to look. Filled from the environment by the binary, and by tests with
/// folders of their own; nothing in this crate reads the environment.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// Claude Code's configuration folders: `CLAUDE_CONFIG_DIR` split at commas,
    /// or `~/.config/claude` and `~/.claude`.
    pub claude: Vec<PathBuf>,
    /// `CODEX_HOME`, or `~/.codex`.
    pub codex: Vec<PathBuf>,
    /// `~/.gemini`.
    pub gemini: Vec<PathBuf>,
    /// The `User` folders of VS Code and its relatives, desktop and remote.
    pub editors: Vec<PathBuf>,
    /// `CLINE_DATA_DIR`, `CLINE_DIR/data` or `~/.cline/data`: Cline's command line.
    pub cline: Vec<PathBuf>,
    /// `XDG_DATA_HOME/opencode`, or `~/.local/share/opencode`.
    pub opencode: Vec<PathBuf>,
    /// `COPILOT_HOME`, or `~/.copilot`.
    pub copilot: Vec<PathBuf>,
}

/// The files that were found, and the folders that could not be looked into.
#[derive(Debug, Default)]
pub struct Found {
    /// The files.
    pub files: Vec<SourceFile>,
    /// Folders that are there but could not be read, and why.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

impl Found {
    /// Walks a folder to a depth and keeps what `pick` makes of its files. A folder
    /// that is not there is no problem; one that cannot be looked into is.
    pub(crate) fn walk(
        &mut self,
        folder: &Path,
        depth: usize,
        pick: &mut dyn FnMut(PathBuf) -> Option<SourceFile>,
    ) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.unreadable.push((folder.to_owned(), error)),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
                Ok((kind, path)) if kind.is_dir() => {
                    if depth > 0 {
                        self.walk(&path, depth.saturating_sub(1), pick);
                    }
                }
                // A link to a file is followed when it is read; a link to a folder might be a circle.
                Ok((_, path)) => self.files.extend(pick(path)),
                Err(error) => self.unreadable.push((folder.to_owned(), error)),
            }
        }
    }
}

//! What there is to read: the log files of every tool on this machine.

use std::io;
use std::path::PathBuf;

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

impl Roots {
    /// The same folders, each by the name that it has wherever a command is run.
    pub(crate) fn absolute(&self) -> Self {
        let one = |folder: &PathBuf| std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        let all = |folders: &[PathBuf]| folders.iter().map(one).collect();
        Self {
            home: self.home.as_ref().map(one),
            claude: all(&self.claude),
            codex: all(&self.codex),
            gemini: all(&self.gemini),
            editors: all(&self.editors),
            cline: all(&self.cline),
            opencode: all(&self.opencode),
            copilot: all(&self.copilot),
        }
    }
}

/// The files that were found, and the folders that could not be looked into.
#[derive(Debug, Default)]
pub struct Found {
    /// The files.
    pub files: Vec<SourceFile>,
    /// Folders that are there but could not be read, and why.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

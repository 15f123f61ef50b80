//! Sources on this machine, and how far each was read.

use std::path::PathBuf;

use crate::tool::Tool;

/// One file that holds usage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceFile {
    /// The tool that wrote it.
    pub tool: Tool,
    /// How it is read.
    pub shape: Shape,
    /// Where it is.
    pub path: PathBuf,
}

/// How a file is read, and so what reading on means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// A record a line, appended to: reading goes on behind the last whole line.
    Lines,
    /// One JSON document, rewritten as a whole: read again when it changed.
    Document,
    /// A SQLite database: rows changed since the last reading are read.
    Database,
}

impl Shape {
    /// The name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Document => "document",
            Self::Database => "database",
        }
    }

    /// The shape of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Lines, Self::Document, Self::Database].into_iter().find(|it| it.name() == name)
    }
}

/// What the file system said of a file before it was read. If it says the same
/// again, nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// The device.
    pub device: u64,
    /// The file on it.
    pub inode: u64,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970-01-01 UTC.
    pub modified_ns: i64,
}

/// How far a file was read, and how to tell that its beginning is still the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// What the file system said before the last reading.
    pub stamp: Stamp,
    /// The byte behind the last whole record.
    pub offset: u64,
    /// A fingerprint of the first bytes.
    pub head: u64,
    /// A fingerprint of the bytes before `offset`.
    pub tail: u64,
    /// What the tool's reader must know to go on.
    pub state: String,
}

//! The file between hooks and collector: a line a note.
//!
//! Any number of hooks append to it, each in one write. The collector moves it aside,
//! reads it, and deletes it when it looks the next time: a hook that had opened it
//! before it was moved has written by then, and what came late is read as well. So
//! nobody waits for anybody, and a crash at any point loses nothing: what was moved
//! aside is read again, and the same note twice is one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ingest::hooks::Note;

use crate::opened::keep_private;

/// No more is added to a spool of so many bytes: nobody reads it.
const MAX_BYTES: u64 = 8 * 1_024 * 1_024;

/// The spool of one machine.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// Bytes of the file that was moved aside, when it was looked at.
    seen: Option<u64>,
    /// Bytes of it that were read.
    read: u64,
}

impl Spool {
    /// The spool in a folder.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), seen: None, read: 0 }
    }

    fn open(&self) -> PathBuf {
        self.folder.join("hooks")
    }

    fn aside(&self) -> PathBuf {
        self.folder.join("hooks.taken")
    }

    /// Adds a line.
    pub(crate) fn append(&self, line: &str) -> io::Result<()> {
        let path = self.open();
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = match options.open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(&self.folder)?;
                keep_private(&self.folder);
                options.open(&path)?
            }
            opened => opened?,
        };
        if file.metadata()?.len() >= MAX_BYTES {
            return Err(io::Error::other("the spool is full"));
        }
        file.write_all(line.as_bytes())
    }

    /// What was noted since the last look. What the last look gave is given up with
    /// this one, unless [`Self::again`] was asked for.
    pub(crate) fn look(&mut self) -> io::Result<Vec<Note>> {
        let aside = self.aside();
        match File::open(&aside) {
            Ok(mut file) => {
                let length = file.metadata()?.len();
                if self.seen == Some(length) {
                    drop(file);
                    fs::remove_file(&aside)?;
                    (self.seen, self.read) = (None, 0);
                    return Ok(Vec::new());
                }
                self.notes(&mut file, length)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => match fs::rename(self.open(), &aside) {
                Ok(()) => {
                    (self.seen, self.read) = (None, 0);
                    let mut file = File::open(&aside)?;
                    let length = file.metadata()?.len();
                    self.notes(&mut file, length)
                }
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// The notes of the last look are to come again.
    pub(crate) const fn again(&mut self) {
        (self.seen, self.read) = (None, 0);
    }

    /// The notes behind what was read.
    fn notes(&mut self, file: &mut File, length: u64) -> io::Result<Vec<Note>> {
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES.saturating_mul(2)).read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|it| *it == b'\n').map_or(0, |end| end.saturating_add(1));
        self.seen = Some(length);
        self.read = self.read.saturating_add(u64::try_from(whole).unwrap_or(u64::MAX));
        let text = String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default());
        Ok(text.lines().filter_map(Note::from_line).collect())
    }
}

#[cfg(test)]
mod tests {
    use domain::{SessionId, Timestamp, Tool};
    use ingest::hooks::Heard;

    use super::*;

    fn line(session: &str) -> String {
        let note = Note {
            at: Timestamp::from_millis(1),
            tool: Tool::ClaudeCode,
            session: Some(SessionId::new(session)),
            heard: Heard::Turn { transcripts: Vec::new() },
        };
        note.to_line().unwrap()
    }

    fn look(spool: &mut Spool) -> String {
        let notes = spool.look().unwrap();
        notes.iter().map(|it| it.session.as_ref().unwrap().as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn notes_come_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let hook = Spool::new(&folder.path().join("data"));
        let mut spool = Spool::new(&folder.path().join("data"));
        assert_eq!(look(&mut spool), "");
        hook.append(&line("a")).unwrap();
        hook.append(&line("b")).unwrap();
        assert_eq!(look(&mut spool), "a b");
        hook.append(&line("c")).unwrap();
        assert_eq!(look(&mut spool), "", "the first two are given up");
        assert_eq!(look(&mut spool), "c");
        assert_eq!(look(&mut spool), "");
        assert_eq!(look(&mut spool), "");
        assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 0);
    }

    #[test]
    fn what_comes_late_or_was_not_settled_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path());
        spool.append(&line("a")).unwrap();
        let mut late = OpenOptions::new().append(true).open(folder.path().join("hooks")).unwrap();
        assert_eq!(look(&mut spool), "a");
        late.write_all(line("b").as_bytes()).unwrap();
        assert_eq!(look(&mut spool), "b");
        spool.again();
        assert_eq!(look(&mut spool), "a b");
        assert_eq!(look(&mut Spool::new(folder.path())), "a b", "after a crash");
    }

    #[test]
    fn lines_that_are_torn_or_strange_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path());
        let bytes = [b"{\"at_ms\":\n\xff\xfe\n".as_slice(), line("a").as_bytes(), b"{\"at"].concat();
        fs::write(folder.path().join("hooks"), bytes).unwrap();
        assert_eq!(look(&mut spool), "a");
        assert_eq!(look(&mut spool), "");
        assert!(!folder.path().join("hooks.taken").exists());
    }

    #[test]
    fn a_spool_that_nobody_reads_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path());
        let file = File::create(folder.path().join("hooks")).unwrap();
        file.set_len(MAX_BYTES).unwrap();
        assert!(spool.append(&line("a")).is_err());
        assert_eq!(file.metadata().unwrap().len(), MAX_BYTES);
    }
}

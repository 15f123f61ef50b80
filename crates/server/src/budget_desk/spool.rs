//! Calls that are on their way into the book, on this machine's disk until they are there.
//!
//! One file a delivery. It is written whole under another name first, and goes when the
//! book has taken it; what is delivered twice counts once. It is not forced to the disk, so
//! the loss of power may lose the last of them, and the death of the process loses none.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::Timestamp;
use store::{Delivery, kept, unkept};

use crate::access;

/// How a file is called that waits.
const ENDING: &str = "calls";
/// How a file is called that is being written.
const UNFINISHED: &str = "part";
/// How a file is called that the book does not take.
const REFUSED: &str = "refused";
/// Letters of the name of whoever writes.
const NAME_LETTERS: usize = 8;
/// Files that wait, at most: at fifty calls a second more than a week of a book that
/// cannot be reached.
const MOST_FILES: usize = 1_000_000;

/// The folder of what waits.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    writer: String,
    written: u64,
    /// Files that wait, as far as this process knows.
    waiting: usize,
}

impl Spool {
    /// With what processes before left in the folder.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let writer = access::random_id(NAME_LETTERS);
        let mut spool = Self { folder: folder.to_owned(), writer, written: 0, waiting: 0 };
        spool.waiting = spool.waiting()?.len();
        Ok(spool)
    }

    /// Whether something waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Keeps a delivery; says where.
    pub(super) fn put(&mut self, delivery: &Delivery) -> io::Result<PathBuf> {
        if self.waiting >= MOST_FILES {
            return Err(io::Error::other(format!("{MOST_FILES} files wait already")));
        }
        let text = kept(delivery).map_err(io::Error::other)?;
        // In the order of their names they were written.
        let name = format!("{:020}-{}-{:012}", delivery.received_at.millis(), self.writer, self.written);
        self.written = self.written.saturating_add(1);
        let (path, part) = (self.path(&name, ENDING), self.path(&name, UNFINISHED));
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let put = options.open(&part).and_then(|mut file| file.write_all(&text));
        if let Err(error) = put.and_then(|()| fs::rename(&part, &path)) {
            drop(fs::remove_file(&part));
            return Err(error);
        }
        self.waiting = self.waiting.saturating_add(1);
        Ok(path)
    }

    fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ending}"))
    }

    /// What waits, the oldest first.
    pub(super) fn waiting(&self) -> io::Result<Vec<PathBuf>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == ENDING) {
                all.push(path);
            }
        }
        all.sort_unstable();
        Ok(all)
    }

    /// Says that nothing waits any more.
    pub(super) const fn is_through(&mut self) {
        self.waiting = 0;
    }

    /// What was kept there; none where another process was quicker.
    pub(super) fn read(path: &Path, now: Timestamp) -> io::Result<Option<Delivery>> {
        match fs::read(path) {
            Ok(text) => unkept(&text, now).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The book has it.
    pub(super) fn done(&mut self, path: &Path) {
        self.waiting = self.waiting.saturating_sub(1);
        if let Err(error) = fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "calls that are in the book are delivered once more");
        }
    }

    /// The book does not take it, and never will. It is kept for whoever looks into it.
    pub(super) fn refuse(&mut self, path: &Path, why: &dyn std::fmt::Display) {
        self.waiting = self.waiting.saturating_sub(1);
        let refused = path.with_extension(REFUSED);
        tracing::error!(path = %refused.display(), %why, "calls that the book does not take");
        if let Err(error) = fs::rename(path, &refused) {
            tracing::error!(path = %path.display(), %error, "they cannot be laid aside");
        }
    }
}

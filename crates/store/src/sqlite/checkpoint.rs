//! Checkpoints: what was committed goes from the write-ahead log into the file.
//!
//! SQLite leaves that to whoever commits when the log is long enough, and all who wait for the
//! writer wait for a few thousand pages to be copied and to be on the disk: a tenth of a second.
//! Here a thread of its own copies them beside the writer. While the log is written on, it
//! never has all of it, and only a log of which the file has all is begun anew: what is left
//! behind it the writer copies, once that is little.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rusqlite::Connection;

use super::file::File;
use crate::error::StoreError;

/// The part of the log's pages that the writer copies: one in so many.
const LITTLE: i64 = 16;
/// How many times as long as it should be the log may become before the writer copies it
/// whatever that takes.
const TOO_LONG: i64 = 4;
/// How often the thread copies in a row: each time there is less left.
const PASSES: usize = 4;

/// The writer's part, and where the thread is woken. It ends with this.
pub(super) struct Checkpoints {
    log_pages: i64,
    wake: SyncSender<()>,
}

impl Checkpoints {
    /// Starts the thread of a file that exists, for a writer with this connection.
    pub(super) fn start(file: &File, writer: &Connection) -> Result<Self, StoreError> {
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        let (connection, log_pages) = (file.beside()?, file.log_pages);
        let (wake, woken) = sync_channel(0);
        thread::Builder::new()
            .name("store checkpoint".to_owned())
            .spawn(move || serve(&connection, &woken, log_pages / LITTLE))
            .map_err(|error| StoreError::NotWritten(error.to_string()))?;
        Ok(Self { log_pages, wake })
    }

    /// Sees after a commit that the log does not grow for ever. Where that fails the log is
    /// longer, and nothing else: the next commit tries again.
    pub(super) fn tend(&self, writer: &Connection) {
        let Ok(log) = Log::seen(writer) else { return };
        if log.pages < self.log_pages {
            return;
        }
        if log.left() <= self.log_pages / LITTLE || log.pages >= self.log_pages.saturating_mul(TOO_LONG) {
            drop(Log::copied(writer));
        } else {
            match self.wake.try_send(()) {
                // Who is not waiting to be woken is at work.
                Ok(()) | Err(_) => {}
            }
        }
    }
}

fn serve(connection: &Connection, woken: &Receiver<()>, little: i64) {
    while woken.recv().is_ok() {
        for _ in 0..PASSES {
            let copied = Log::copied(connection).and_then(|_| Log::seen(connection));
            if copied.is_ok_and(|log| log.left() <= little) {
                break;
            }
        }
    }
}

/// How long the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Log {
    pages: i64,
    /// Those that the file has.
    in_file: i64,
}

impl Log {
    /// As it is.
    fn seen(connection: &Connection) -> Result<Self, rusqlite::Error> {
        Self::asked(connection, "PRAGMA wal_checkpoint(NOOP)")
    }

    /// After as much was copied as nobody reads any more. Where another connection copies,
    /// nothing is.
    fn copied(connection: &Connection) -> Result<Self, rusqlite::Error> {
        Self::asked(connection, "PRAGMA wal_checkpoint(PASSIVE)")
    }

    fn asked(connection: &Connection, pragma: &str) -> Result<Self, rusqlite::Error> {
        let mut statement = connection.prepare_cached(pragma)?;
        statement.query_row([], |row| Ok(Self { pages: row.get(1)?, in_file: row.get(2)? }))
    }

    const fn left(self) -> i64 {
        self.pages.saturating_sub(self.in_file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::file;

    const LOG_PAGES: i64 = 64;

    /// Commits so many pages of text one by one, and says how long the log became.
    fn longest(connection: &Connection, checkpoints: &Checkpoints, commits: i64) -> i64 {
        let mut longest = 0;
        for number in 0..commits {
            connection.execute("INSERT INTO page VALUES (?1, zeroblob(4000))", [number]).unwrap();
            checkpoints.tend(connection);
            longest = longest.max(Log::seen(connection).unwrap().pages);
        }
        longest
    }

    fn check(reads: bool) -> i64 {
        let folder = tempfile::tempdir().unwrap();
        let migrations = &["CREATE TABLE page (number INTEGER PRIMARY KEY, text BLOB)"];
        let file = file::within(folder.path(), "some.db", migrations, LOG_PAGES);
        let writer = file.write().unwrap();
        let checkpoints = Checkpoints::start(&file, &writer).unwrap();
        let reader = file.read().unwrap();
        if reads {
            reader.execute_batch("BEGIN").unwrap();
            reader.query_row("SELECT count(*) FROM page", [], |row| row.get::<_, i64>(0)).unwrap();
        }
        let longest = longest(&writer, &checkpoints, 2_000);
        assert_eq!(writer.query_row("SELECT count(*) FROM page", [], |row| row.get(0)), Ok(2_000));
        longest
    }

    #[test]
    fn the_log_is_begun_anew_while_it_is_written_on() {
        let longest = check(false);
        assert!(longest < 2_000, "{longest} pages");
    }

    #[test]
    fn a_reader_who_stays_keeps_its_part_of_the_log() {
        let longest = check(true);
        assert!(longest >= 4_000, "{longest} pages");
    }
}

//! Databases of tools, read without leaving a trace.
//!
//! A tool may have its database open while it is read. SQLite in write-ahead mode
//! keeps changes in a `-wal` file beside it; a reader that finds none would create
//! one. So a database without changes in such a file is opened as immutable, and
//! one that was written meanwhile is read again next time.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How long a reader waits for a writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// A database that is open for reading.
pub(crate) struct Database {
    pub(crate) connection: Connection,
    path: PathBuf,
    /// How the file was when it was opened as immutable.
    was: Option<Metadata>,
}

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    /// Where it cannot be opened, or is no database.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let metadata = path.metadata()?;
        let in_use = has_log(path);
        let address = address(path, if in_use { "mode=ro" } else { "mode=ro&immutable=1" })?;
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(address, flags).map_err(io::Error::other)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(io::Error::other)?;
        connection.pragma_update(None, "query_only", true).map_err(io::Error::other)?;
        Ok(Self { connection, path: path.to_owned(), was: (!in_use).then_some(metadata) })
    }

    /// Whether a table has a column.
    pub(crate) fn has(&self, table: &str, column: &str) -> io::Result<bool> {
        let count: i64 = self
            .connection
            .query_row("SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2", (table, column), |row| {
                row.get(0)
            })
            .map_err(io::Error::other)?;
        Ok(count > 0)
    }

    /// Reading is done.
    ///
    /// # Errors
    /// Where the database was written while it was read as immutable, so that what
    /// was read may be neither its old nor its new state.
    pub(crate) fn finish(self) -> io::Result<()> {
        let Some(was) = self.was else { return Ok(()) };
        let is = self.path.metadata()?;
        let same = was.len() == is.len() && was.modified().ok() == is.modified().ok();
        if same && !has_log(&self.path) {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::Interrupted, "the database was written while it was read"))
        }
    }
}

/// Whether there are changes in a `-wal` file.
fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name).metadata().is_ok_and(|metadata| metadata.len() > 0)
}

/// A path as SQLite's `file:` address.
fn address(path: &Path, parameters: &str) -> io::Result<String> {
    let path = path.to_str().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "the path of the database is not UTF-8")
    })?;
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{path}?{parameters}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn make(path: &Path) -> Connection {
        let writer = Connection::open(path).unwrap();
        writer.pragma_update(None, "journal_mode", "wal").unwrap();
        writer.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        writer
    }

    fn count(database: &Database) -> i64 {
        database.connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_closed_database_is_read_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a #1?.db");
        drop(make(&path));
        let database = Database::open(&path).unwrap();
        assert_eq!(count(&database), 1);
        assert!(database.has("t", "a").unwrap());
        assert!(!database.has("t", "b").unwrap() && !database.has("u", "a").unwrap());
        database.finish().unwrap();
        assert_eq!(files(folder.path()), ["a #1?.db"]);
    }

    #[test]
    fn an_open_database_shows_what_is_still_in_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = make(&path);
        let database = Database::open(&path).unwrap();
        assert_eq!(count(&database), 1);
        database.finish().unwrap();
        drop(writer);
    }

    #[test]
    fn a_write_during_an_immutable_reading_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(make(&path));
        let database = Database::open(&path).unwrap();
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        assert!(database.finish().is_err());
    }

    #[test]
    fn what_is_no_database_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        assert!(Database::open(&path).is_err());
        fs::write(&path, "hello, this is not a database at all").unwrap();
        assert!(Database::open(&path).and_then(|database| database.has("t", "a")).is_err());
    }
}

//! A file of the embedded engine: how it is opened, made and brought up to date.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::StoreError;
use crate::private;

/// How long to wait for another process to end its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Pages that a connection keeps in memory, in KiB.
const CACHE_KIB: i64 = 32 * 1_024;
/// Statements that a connection keeps ready.
const STATEMENTS: usize = 128;

/// One file, and the migrations that made it, oldest first. One that was released is
/// never changed.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) migrations: &'static [&'static str],
    /// Pages of four KiB in the write-ahead log before they go into the file.
    pub(super) log_pages: i64,
}

impl File {
    /// Opens the file for its one writer, makes it where there is none, and brings it
    /// up to date. What is committed is on the disk.
    pub(super) fn write(&self) -> Result<Connection, StoreError> {
        // SQLite does not wait for a lock while it changes the kind of its journal, so
        // two processes must not do that side by side. The lock ends with this function.
        let lock = self.path.with_extension("lock");
        private::make(&lock);
        let lock = fs::File::create(lock);
        let _held = lock.as_ref().map(fs::File::lock);
        private::make(&self.path);
        let mut connection =
            self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let wal = connection.pragma_update(None, "journal_mode", "wal");
        wal.map_err(|source| StoreError::Open { path: self.path.clone(), source })?;
        connection.pragma_update(None, "synchronous", "full")?;
        migrate(&mut connection, self.migrations)?;
        Ok(connection)
    }

    /// Opens the file beside its writer, for checkpoints.
    pub(super) fn beside(&self) -> Result<Connection, StoreError> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens the file for reading alone.
    pub(super) fn read(&self) -> Result<Connection, StoreError> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn connect(&self, access: OpenFlags) -> Result<Connection, StoreError> {
        let failed = |source| StoreError::Open { path: self.path.clone(), source };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}

/// Brings the schema up to date, in one transaction.
fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), StoreError> {
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if version(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for migration in migrations.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

fn version(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// The folder's file of that name.
pub(super) fn within(folder: &Path, name: &str, migrations: &'static [&'static str], log_pages: i64) -> File {
    File { path: folder.join(name), migrations, log_pages }
}

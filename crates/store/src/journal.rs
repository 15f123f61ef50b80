//! The journal: calls, their sums, and the files that they were read from.

pub(crate) mod code;
pub(crate) mod columns;
mod folders;
mod interned;
mod outbox;
mod read;
mod sources;
pub(crate) mod tools;
mod write;

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use self::interned::Interned;
use crate::error::StoreError;
use crate::private;

pub use self::folders::{FolderRow, Tag};
pub use self::outbox::{ActivityRow, OutboxState, Outgoing, Pending, Ticket};
pub use self::read::{CallRow, Interning};
pub use self::sources::{KnownSource, Met, SourceReading};
pub use self::write::{Batch, Written};

/// How long to wait for another process to end its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Pages kept in memory, in KiB.
const CACHE_KIB: i64 = 12 * 1_024;
/// Migrations, oldest first. One that was released is never changed.
const MIGRATIONS: [&str; 3] = [
    include_str!("../migrations/journal/0001_ground.sql"),
    include_str!("../migrations/journal/0002_turns.sql"),
    include_str!("../migrations/journal/0003_whence.sql"),
];

/// One machine's calls.
pub struct Journal {
    connection: Connection,
    interned: Interned,
}

impl Journal {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Open`] and [`StoreError::Newer`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_waiting(path, BUSY_TIMEOUT)
    }

    /// Opens the file for somebody who would rather have nothing than wait longer.
    ///
    /// # Errors
    /// [`StoreError::Open`] and [`StoreError::Newer`].
    pub fn open_waiting(path: &Path, at_most: Duration) -> Result<Self, StoreError> {
        // Making the file is the one step that processes must not take side by side:
        // SQLite does not wait for a lock while it changes the kind of its journal.
        // The lock ends with this function; where locks do not exist, neither does the race.
        let lock = path.with_extension("lock");
        private::make(&lock);
        let lock = fs::File::create(lock);
        let _held = lock.as_ref().map(fs::File::lock);
        private::make(path);
        let failed = |source| StoreError::Open { path: path.to_owned(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(at_most).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
        Self::prepare(connection)
    }

    /// A journal in memory, gone when it is dropped.
    ///
    /// # Errors
    /// Where SQLite itself fails.
    pub fn ephemeral() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(mut connection: Connection) -> Result<Self, StoreError> {
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        migrate(&mut connection)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection, interned: Interned::default() })
    }
}

/// Brings the schema up to date, in one transaction.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if version(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

fn version(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests;

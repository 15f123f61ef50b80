//! What can go wrong with the store.

use std::path::PathBuf;

use domain::Overflow;
use futures_util::future::BoxFuture;

/// An answer on its way. It is boxed so that what is behind it is compiled here, once,
/// and not again in each crate that waits for it.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file could not be opened or made.
    #[error(
        "cannot open the store {path} (its folder must be writable; a damaged store can be moved away, \
         it is made anew from the logs that are left; --ephemeral needs none)"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file was written by a newer Bursar.
    #[error(
        "the store was written by a newer bursar (schema {found}, this one knows {known}): update bursar"
    )]
    Newer {
        /// The file's schema.
        found: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// Another process prices with other prices, again and again.
    #[error(
        "another bursar keeps changing the prices of the store: give both the same contract, or try again"
    )]
    PricesInDispute,
    /// A figure does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// The store holds something that this program does not write.
    #[error("the store holds {value} as {what}, which is not known: it is damaged or was changed by hand")]
    Unknown {
        /// What kind of value.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// The books changed since they were looked at.
    #[error(
        "somebody else changed the books meanwhile (they are at version {found}, not {expected}): \
         look at them again, then repeat the change"
    )]
    Stale {
        /// The version that the change was meant for.
        expected: u64,
        /// The version that stands there.
        found: u64,
    },
    /// Something is larger than the store keeps.
    #[error("{what} is too large: {size}, at most {limit} are allowed")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The largest that is kept.
        limit: usize,
    },
    /// A text holds a character that not every engine can keep.
    #[error("{what} holds the character U+0000, which cannot be stored: leave it out")]
    NulCharacter {
        /// What it is.
        what: &'static str,
    },
    /// There is an audit log already.
    #[error("the books have an audit log, and another is never laid over it: restore into a new database")]
    LogExists,
    /// The audit log of a backup is none.
    #[error("the audit log of the backup is broken at its row {seq}: give a backup that nobody changed")]
    LogBroken {
        /// Where, from 1.
        seq: u64,
    },
    /// Nothing was written.
    #[error("the store could not write ({0}); nothing of it was kept, it can be sent again")]
    NotWritten(String),
    /// The store is being closed.
    #[error("the store is closed; what was not answered can be sent again")]
    Closed,
    /// Something is said to have happened at a moment that nothing can have happened at.
    #[error("the moment {millis} ms since 1970 is none that a book can hold: leave what has it out")]
    Moment {
        /// The moment.
        millis: i64,
    },
    /// The folder of the book cannot be made.
    #[error("cannot make the folder {path} for the book: give one that can be written to")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The writer of an export, or the reader of an import, failed.
    #[error("the copy of the book cannot be written or read")]
    Copy(#[from] std::io::Error),
    /// A line of an import is not understood.
    #[error(
        "line {line} of the copy is not understood ({why}): give a whole copy that `bursar backup` wrote"
    )]
    Import {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The address of a PostgreSQL database cannot be understood.
    #[error("the address of the database is not understood: give `postgres://USER@HOST:PORT/NAME`")]
    Address(#[source] tokio_postgres::Error),
    /// The address asks for an encryption that proves nothing.
    #[error("sslmode must be disable, require or verify-full: an encryption that anybody may end is none")]
    EncryptionMode,
    /// The authorities that vouch for the database cannot be read.
    #[error(
        "cannot read the certificates of {path} ({why}): name the file of authorities as sslrootcert=FILE"
    )]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No connection to the database comes about.
    #[error("cannot reach the database ({0}); what was not answered can be sent again")]
    Unreachable(String),
    /// The connection broke while something was being written that must not be repeated.
    #[error("the connection to the database broke at the last moment: look whether the change was made")]
    Uncertain,
    /// PostgreSQL failed.
    #[error("the database failed")]
    Postgres(#[from] tokio_postgres::Error),
    /// The database failed.
    #[error("the store failed")]
    Sqlite(#[from] rusqlite::Error),
}

impl StoreError {
    /// Whether it is a failure of the moment, which has nothing to do with what was asked.
    pub(crate) fn passes(&self) -> bool {
        crate::postgres::passes(self)
    }
}

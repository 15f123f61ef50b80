//! What can go wrong with the store.

use std::path::PathBuf;

use domain::Overflow;

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
    /// The database failed.
    #[error("the store failed")]
    Sqlite(#[from] rusqlite::Error),
}

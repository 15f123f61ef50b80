//! The only SQL of Bursar's own.
//!
//! One machine's calls live in one SQLite file, the [`Journal`]: observations
//! are joined to calls inside its transactions, and the sums that reports read
//! change with them, so that both always agree. Several processes may use it at
//! once, and a crash at any point loses nothing and doubles nothing: what a
//! transaction did not finish is read again, and reading again changes nothing.
//!
//! Reading order: [`journal`], `journal/write.rs`, `journal/read.rs`.

#![deny(clippy::float_arithmetic)]

pub mod books;
mod error;
pub mod journal;
mod sqlite;

pub use books::{Act, AuditRow, Books, Change, Entry};
pub use error::StoreError;
pub use journal::{Batch, FolderRow, Journal, KnownSource, Met, SourceReading, Tag, Written};

//! The only SQL of Bursar's own.
//!
//! One machine's calls live in one SQLite file, the [`Journal`]: observations
//! are joined to calls inside its transactions, and the sums that reports read
//! change with them, so that both always agree. Several processes may use it at
//! once, and a crash at any point loses nothing and doubles nothing: what a
//! transaction did not finish is read again, and reading again changes nothing.
//!
//! A company's calls live in its book, the [`Store`]: what many reporters say is kept
//! as it was said, and made into calls and sums in the same transaction, on SQLite or
//! on PostgreSQL.
//!
//! Its budgets live there too: the rows of the [`ledger`], in the books beside what people
//! decided.
//!
//! Reading order: [`journal`], `journal/write.rs`, `journal/read.rs`; then for the book
//! `store.rs`, `delivery.rs`, `plan.rs`, `sqlite/journal.rs`; then [`budgets`].

#![deny(clippy::float_arithmetic)]

pub mod books;
pub mod budgets;
mod calendar;
mod copy;
mod database;
mod delivery;
mod error;
pub mod journal;
mod memory;
mod plan;
mod postgres;
mod private;
mod reading;
mod sessions;
mod sqlite;
mod store;

pub use books::{Act, AuditRow, Books, Change, Entry, Restored};
pub use budgets::{BudgetNews, Budgets, Decided, LedgerRow, Standing, Stopped};
pub use copy::{Verified, kept, unkept, verify};
pub use database::{Database, DatabaseError};
pub use delivery::{Accepted, Delivery, FolderReport, SessionTag, TallyReport};
pub use error::{Answer, StoreError};
pub use journal::{
    ActivityRow, Batch, FolderRow, Journal, KnownSource, Met, OutboxState, Outgoing, Pending, SourceReading,
    Tag, Ticket, Written,
};
pub use metering::{CallId, Matching};
pub use reading::{
    ActivitySum, BookedCall, CallPage, CallQuery, Cells, DayCells, Difference, Evidence, Explained, Grain,
    Keep, Names, News, Reporter,
};
pub use store::{Settings, Store};

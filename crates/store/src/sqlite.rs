//! The embedded engine: SQLite files, each with one thread that writes, one that
//! tends the write-ahead log, and a few connections that read.

mod books;
mod budgets;
mod checkpoint;
mod file;
mod journal;
mod readers;
mod writer;

pub(crate) use books::Books;
pub(crate) use budgets::Budgets;
pub(crate) use journal::SqliteJournal;

//! The embedded engine: SQLite files, each with one thread that writes and a few
//! connections that read.

mod books;
mod budgets;
mod file;
mod journal;
mod readers;
mod writer;

pub(crate) use books::Books;
pub(crate) use budgets::Budgets;
pub(crate) use journal::SqliteJournal;

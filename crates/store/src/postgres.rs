//! The engine of a company: PostgreSQL 15 and later, with any number of servers on
//! one database.
//!
//! Statements are static text with bound parameters; what is many is bound as arrays.
//! A transaction that the database ended to make way for another, or whose connection
//! broke, is tried again, which is harmless wherever doing a thing twice is the same
//! as doing it once; [`attempts`] says how often.

mod address;
mod attempts;
mod books;
mod budgets;
mod columns;
mod journal;
mod pool;
mod schema;
mod tls;

pub(crate) use attempts::passes;
pub(crate) use books::Books;
pub(crate) use budgets::Budgets;
pub(crate) use journal::PostgresJournal;
pub(crate) use pool::Pool;

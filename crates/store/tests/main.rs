//! What a store promises, checked on each of its engines.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails in here fails the test"
)]

mod books;
mod budgets;
mod connection;
mod engine;
mod journal;

//! The server over HTTP, as its clients see it: a real one on a loopback port, its book
//! in a temporary folder, its clock in the hand of the test.

#![expect(
    clippy::expect_used,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure in a helper is a failure of the test that called it"
)]

mod activities;
mod budgets;
mod directory;
mod limits;
mod openapi;
mod page;
mod reporting;
mod roles;
mod schema;
mod sign_in;
mod stops;
mod telemetry;
mod timeline;
mod tokens;
mod world;

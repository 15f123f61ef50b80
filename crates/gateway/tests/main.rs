//! The call path over real sockets on loopback: a client that writes bytes, a provider that
//! follows a script, a desk with a ledger in memory and a clock in the hand of the test.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure in a helper is a failure of the test that called it"
)]

mod budgets;
mod chance;
mod client;
mod desk;
mod encryption;
mod endings;
mod identity;
mod lifecycle;
mod limits;
mod provider;
mod transparency;
mod world;

//! Support for the tests of the other crates. Nothing in here ships.
//!
//! What goes wrong in here is a failure of the test that called it, so it
//! panics with the reason instead of returning an error.

#![expect(clippy::panic, reason = "a failure in here is a failure of the test that called it")]

pub mod git;
pub mod logs;
pub mod postgres;
pub mod tls;

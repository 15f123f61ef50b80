//! What the embedded book makes of calls: figures worked out by hand, and laws that
//! hold for any usage.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do, by panicking"
)]

mod book;
mod contracts;
mod golden;
mod laws;
mod names;
mod support;

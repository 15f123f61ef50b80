//! What the embedded book makes of calls: figures worked out by hand, and laws that
//! hold for any usage.

mod book;
mod golden;
mod laws;
mod support;

//! Reports for people: a title, a table, a total, and what must be known to read it.

mod report;

pub use report::report_text;

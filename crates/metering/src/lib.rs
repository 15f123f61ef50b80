//! A call's life from evidence to sums.
//!
//! [`merge`] joins what several sources said of one request into one call;
//! [`meter`] prices it; [`rollup`] turns calls that are new or were corrected
//! into signed changes of the cells that reports read; [`mod@assemble`] makes the calls of
//! the company's book out of what all kinds of source said.
//!
//! Invariant: the same observations in any order, any number of times, in any
//! grouping, give the same calls.

#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::as_conversions)]

pub mod assemble;
pub mod merge;
pub mod meter;
pub mod rollup;

pub use assemble::{Assembled, CallId, Matching, Names, assemble, names};
pub use merge::{Gathering, join, single};
pub use meter::Meter;
pub use rollup::{CellKey, Change, Changes};

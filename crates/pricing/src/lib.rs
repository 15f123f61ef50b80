//! The price book, and the exact cost of a usage at a moment, with its derivation.
//!
//! Prices are data: a text file that `cargo xtask prices` builds and that is
//! embedded here. A call's cost is one computation in integers ([`Pricer::price`]),
//! and [`Pricer::derive`] shows that same computation line by line.
//!
//! Invariants: no I/O, no clock, no float; a model, a rate or a term that the book
//! does not list is [`domain::Unpriced`], never zero and never guessed from a name
//! that looks alike; a figure is rounded once, half to even, to nano-USD.
//!
//! Reading order: [`rate`] (numbers), [`entry`] (what a model costs and when),
//! [`price_book`] (the data), [`model_name`] (names as they occur), [`contract`]
//! (what was negotiated), [`cost`] (the computation), [`derivation`] (its account).

#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::as_conversions)]

pub mod book_writer;
pub mod contract;
pub mod cost;
pub mod derivation;
pub mod entry;
pub mod model_name;
pub mod price_book;
pub mod pricer;
pub mod rate;

mod book_text;
mod digest;

pub use contract::{Commitment, Contract, ContractError, Term as ContractTerm};
pub use cost::Used;
pub use derivation::Derivation;
pub use domain::Day;
pub use entry::{Billed, Entry, Modifier, ModifierKind, RateCard, Rates};
pub use price_book::{BookError, Listing, PriceBook, PriceQuery, ResolvedModel};
pub use pricer::Pricer;
pub use rate::{Exact, Rate, Ratio};

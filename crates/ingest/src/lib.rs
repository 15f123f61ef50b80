//! Session logs of the AI coding tools, read into observations.
//!
//! One module a tool. A module knows where its tool keeps its logs ([`Roots`]),
//! what their records mean, and which traps they hold; it never prices, merges
//! or stores. Prompt text, code and tool output are looked at only as far as
//! counting them needs, and never leave the function that looked.
//!
//! Reading order: [`source`] (what there is to read), [`harvest`] (what reading
//! it gives), [`logs`] (the tools); [`hooks`] (what else a machine says), [`delivery`]
//! (what leaves it).

#![deny(clippy::float_arithmetic)]

mod database;
pub mod delivery;
mod document;
mod fingerprint;
mod folders;
pub mod harvest;
pub mod hooks;
mod json;
pub mod lines;
pub mod logs;
mod moment;
pub mod otlp;
pub mod reading;
mod remote;
pub mod source;
mod steps;
#[cfg(test)]
mod testing;

pub use harvest::{Harvest, Met, Problem, Problems, Record, Tallies};
pub use source::{Found, Roots, Shape, SourceFile};

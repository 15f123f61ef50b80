//! The wire formats of model providers, without I/O.
//!
//! A [`Route`] says what a request does. [`Request::read`] says what its body asks
//! for, in one pass and without building a tree; [`Request::edit`] changes a named
//! value of it and no other byte. A [`Meter`] reads a response in whatever pieces it
//! comes and says at any moment what was used so far. A [`Refusal`] is told in the
//! client's own dialect, so that the client stops at once and shows our words.
//!
//! One module a dialect, each with what is particular about it. Reading order:
//! [`route`], [`request`], [`step`], [`edit`], then [`meter`] and what it is fed by ([`sse`]),
//! then [`refusal`] and [`allowance`].
//!
//! Invariants: nothing here reads a clock, a file or the network; every buffer is
//! bounded; what a stream says does not depend on where it is cut into pieces.

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

pub mod allowance;
mod anthropic;
pub mod edit;
mod frames;
mod gemini;
mod json;
pub mod meter;
mod openai_chat;
mod openai_responses;
pub mod reading;
pub mod refusal;
pub mod request;
pub mod route;
pub mod sse;
pub mod step;
#[cfg(test)]
mod testing;

pub use allowance::Allowance;
pub use edit::{Edit, NoEdit};
pub use meter::Meter;
pub use reading::{Advisor, Basis, OUTPUT_BYTES_PER_TOKEN, Reading};
pub use refusal::{Answer, Grounds, Refusal};
pub use request::{CacheLife, Media, NotUnderstood, PricedTools, Prompt, Reasoning, Request, WebSearch};
pub use route::{Delivery, Dialect, Operation, Route, path_with_model};
pub use step::Step;

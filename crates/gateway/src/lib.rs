//! The call path: what a coding client sends to a model provider goes through here.
//!
//! A request is identified, estimated, its money reserved, and forwarded; its response
//! is metered while it is relayed, and what it cost is settled. Whoever keeps tokens,
//! budgets and the book stands behind one trait, [`BudgetDesk`].
//!
//! Reading order: [`budget_desk`] (what is asked of others), [`settings`], then the way of
//! a request: `gateway`, `door` (who comes, and where to; `address`, `credential`,
//! `upstream`), `passing` (what costs nothing), `call` (`claims`, [`estimate`], `count`, reserve),
//! `relay` and `account` (forward, meter, settle), `refuse` (no).
//!
//! Invariants: a call is sent once; every reservation ends in exactly one of settled and
//! released; nothing of a body is kept or logged; a credential is in no text.

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

mod account;
mod address;
mod body;
pub mod budget_desk;
mod call;
pub mod claims;
mod connector;
mod count;
pub mod credential;
mod door;
pub mod estimate;
mod gateway;
mod headers;
pub mod loop_guard;
mod passing;
pub mod policy;
mod refuse;
mod relay;
pub mod settings;
mod upstream;

pub use body::{Body, Cut};
pub use budget_desk::{BudgetDesk, Claims, DeskError, Identity, Metered, Stops};
pub use dialect::Dialect;
pub use estimate::{Clamp, Estimate, Estimator, Unbounded};
pub use gateway::Gateway;
pub use loop_guard::{Caller, LoopGuard, LoopLimits, Looping};
pub use policy::{Forbidden, Policy};
pub use settings::{
    BadSettings, Credentials, KeyHeader, Limits, Secret, Settings, Timeouts, UpstreamSettings,
};

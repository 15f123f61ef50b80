//! The call path: what a coding client sends to a model provider goes through here.
//!
//! A request is identified, estimated, its money reserved, and forwarded; its response
//! is metered while it is relayed, and what it cost is settled. Whoever keeps tokens,
//! budgets and the book stands behind one trait, [`BudgetDesk`].
//!
//! Reading order: [`budget_desk`] (what is asked of others).

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

pub mod budget_desk;
pub mod estimate;
pub mod loop_guard;
pub mod policy;

pub use budget_desk::{BudgetDesk, Claims, DeskError, Identity, Metered, Stops};
pub use estimate::{Clamp, Estimate, Estimator, Unbounded};
pub use loop_guard::{Caller, LoopGuard, LoopLimits, Looping};
pub use policy::{Forbidden, Policy};

//! The nouns of Bursar.
//!
//! Everything here is plain data: no I/O, no clock, no environment, no async,
//! and no float. Other crates decide things about these nouns; this one only
//! makes sure that they cannot be wrong on their own.
//!
//! Reading order: [`money`] and [`usage`] (what a call cost and used),
//! [`observation`] (what one source said about a call), [`call`] (the merged
//! atom of spend), [`attribution`] (who and where), [`cell`] (sums of calls);
//! [`turn`] (which prompt a call answers, and with which tools);
//! [`observed`] and [`activity`] (what reaches the book of a company),
//! [`directory`] (who belongs where in it, and since when), [`scope`] and [`period`]
//! (what a budget is about, and for how long).

#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::as_conversions)]

pub mod activity;
pub mod attribution;
pub mod call;
pub mod cell;
pub mod day;
pub mod dimension;
pub mod directory;
pub mod ids;
pub mod money;
pub mod observation;
pub mod observed;
pub mod period;
pub mod scope;
pub mod session;
pub mod source;
pub mod terms;
pub mod time;
pub mod tool;
pub mod turn;
pub mod usage;
pub mod wildcard;

pub use activity::{Activity, ActivityKind};
pub use attribution::{Attributed, Attribution, Confidence, Evidence};
pub use call::{Call, Price, PricedCall, Unpriced};
pub use cell::{Cell, Measures};
pub use day::Day;
pub use dimension::Dimension;
pub use directory::Directory;
pub use ids::{
    Branch, CallKey, Client, CostCentre, Developer, Folder, ModelName, Project, Provider, PullRequest,
    RepoId, ReporterId, RequestId, SessionId, TaskType, Team, Ticket,
};
pub use money::{NanoUsd, Overflow, PicoUsd};
pub use observation::{Lineage, Observation, Origin, OutputConfidence, Place, Thread};
pub use observed::{Naming, Observed, Seen, SourceKind, Whereabouts, Witness};
pub use period::Period;
pub use scope::{NotAScope, Scope, ScopeKind};
pub use session::{PrLink, SessionTally};
pub use source::{Progress, Shape, SourceFile, Stamp};
pub use terms::{InferenceGeo, Service, ServiceTier, Speed, Terms};
pub use time::{QuarterHour, Timestamp};
pub use tool::Tool;
pub use turn::{ToolUse, ToolUses, TurnId};
pub use usage::{TokenClass, Tokens, Usage};

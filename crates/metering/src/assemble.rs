//! What all kinds of source said becomes the calls of the company's book.
//!
//! **Which observations are one call.** Those that share a *name*: the provider's id
//! of the message, the provider's id of the request, or the id that one kind of source
//! made up by its own rule. What is named alike through others is one call as well.
//!
//! A source that has no id of the provider, or not the one that another has, is matched
//! *by tokens*: the same session, the same counts of input, output, cache reads and
//! cache writes, and moments at most [`TOLERANCE_MILLIS`] apart. Only what different
//! kinds of source said is matched so, and never what the provider named differently.
//! Where several could be meant, the nearest moments go together.
//!
//! **Whose it is.** The credential says so. Where credentials of several people report one
//! call, it is of the one with whose the gateway let it through; else of the one with whose
//! most kinds of source report it; else of the better record, in the order of kinds below.
//! Never of the earlier one: anybody can write a moment. What is left is decided by name.
//! Nothing that the others say of the call is believed then; [`disagreements`] shows it.
//!
//! **What is believed.** Within one kind of source the rule of [`crate::merge`] holds,
//! so that logs alone give here what they give on their own machine. Between kinds:
//!
//! - *figures*: the record itself before a replay before a quotation; then a final count
//!   before one that may be low; then gateway, log, telemetry, hook, vendor. The best is
//!   believed whole for its counts. What the others know besides is added: the provider,
//!   tier, speed and region (the standard ones count as not stated), the tool's own cost,
//!   web searches and reasoning where the best has none, and how cache writes of the same
//!   total divide into those for five minutes and for an hour.
//! - *place*: a source that names the session, in its own record and not in a copy of it,
//!   in the same order of kinds. Folder, branch, remote, command and skill are each of the
//!   first in that order that has one.
//! - *turn*: that of the first in the same order that names one.
//! - *tools*: those that any of them names, each use once.
//! - *claimed developer*: that of the first witness in that order that has one.
//! - *moment*: the earliest; a vendor's only where nobody else saw the call.
//!
//! Invariant: the result follows from the set of observations. Their order and
//! repetition do not matter, and neither do observations that no chain of names or
//! matches leads to.

mod belief;
mod call_id;
mod credential;
mod disagreement;
mod grouping;
mod name;

use std::borrow::Borrow;

use domain::{Call, Observed, Seen, Whereabouts};

pub use self::call_id::CallId;
pub use self::disagreement::{Disagreement, Said, disagreements};
pub use self::name::{Names, hashes_of_text, names};

/// How far apart the moments may be that two kinds of source note for one call. Tools
/// write their log and send their telemetry within two seconds of each other; a call by
/// the same session with exactly the same counts takes longer than five.
pub const TOLERANCE_MILLIS: i64 = 5_000;

/// A call of the company's book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// Its id.
    pub id: CallId,
    /// What is believed of it. Its place is that of `whereabouts`.
    pub call: Call,
    /// Where it was made, and by whom.
    pub whereabouts: Whereabouts,
    /// Which kinds of source saw it.
    pub seen: Seen,
    /// How sure it is that the observations are of one call.
    pub matching: Matching,
    /// The observations that make it, by their position; in ascending order.
    pub members: Vec<usize>,
}

/// How sure it is that the observations of a call are of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matching {
    /// Ids say so, or there is but one.
    ById,
    /// Sessions, token counts and moments agree.
    ByTokens,
}

impl Matching {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ById, Self::ByTokens];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ById => "by_id",
            Self::ByTokens => "by_tokens",
        }
    }
}

/// The calls that these observations make, in the order of their ids.
#[must_use]
pub fn assemble<T: Borrow<Observed>>(observed: &[T]) -> Vec<Assembled> {
    let observed: Vec<&Observed> = observed.iter().map(Borrow::borrow).collect();
    let mut calls: Vec<Assembled> =
        grouping::clusters(&observed).into_iter().filter_map(|it| belief::call(&observed, it)).collect();
    calls.sort_unstable_by_key(|it| it.id);
    calls
}

#[cfg(test)]
mod tests;

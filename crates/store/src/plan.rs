//! What a delivery changes: the part between the rows that an engine loaded and the
//! rows that it writes. Pure, and the same for both engines.
//!
//! How an engine accepts observations, inside one transaction that no other writer
//! crosses:
//!
//! 1. [`Search`] says which names to look for, and is given the observations found
//!    under them, until it asks for nothing more. What it has then is everything that
//!    can matter.
//! 2. [`Plan::of`] says which of the delivered are new, which calls go and which come.
//! 3. The engine writes the new observations ([`rows::ObservationRow`]), loads the stored
//!    prices of the calls that go, deletes those and writes those that come
//!    ([`rows::CallRow`]), and tells [`Sums`] of both.
//! 4. It applies the signed changes of [`Sums`] and raises the stamp of each day that
//!    they touch.
//!
//! Rows are numbers and texts already: an engine binds them and does nothing else.
//! Whereabouts, services and witnesses have ids that follow from what they say
//! ([`ids`]), so no engine needs a sequence.

pub(crate) mod ids;
pub(crate) mod rows;
mod search;
pub(crate) mod site;
mod sums;
pub(crate) mod verdict;

use std::collections::HashMap;

use domain::Observed;
use metering::{Assembled, CallId, assemble};

use crate::delivery::Accepted;

pub(crate) use self::search::{Ask, Search};
pub(crate) use self::sums::{Applied, Stand, SumKey, Sums};

/// What becomes of some observations beside those that are known.
pub(crate) struct Plan {
    /// The new ones.
    pub(crate) fresh: Vec<Observed>,
    /// Calls that leave the book as they are, to be taken out of the sums.
    pub(crate) gone: Vec<Assembled>,
    /// Calls that enter it, some with the id of one that goes.
    pub(crate) come: Vec<Coming>,
    /// What became of each observation.
    pub(crate) accepted: Accepted,
}

/// A call that enters the book.
pub(crate) struct Coming {
    pub(crate) call: Assembled,
    /// Whether some of its observations were known.
    pub(crate) corrected: bool,
}

impl Plan {
    /// `known` is what [`Search`] found; `delivered` may hold some of it again.
    pub(crate) fn of(known: &[Observed], delivered: Vec<Observed>) -> Self {
        let sent = delivered.len();
        let fresh = fresh(known, delivered);
        let all: Vec<&Observed> = known.iter().chain(&fresh).collect();
        let mut old: HashMap<CallId, Assembled> = if known.is_empty() {
            HashMap::new()
        } else {
            assemble(known).into_iter().map(|call| (call.id, call)).collect()
        };
        let mut come = Vec::new();
        let mut new = 0_usize;
        for call in assemble(&all) {
            let corrected = call.members.first().is_some_and(|member| *member < known.len());
            if !corrected {
                new = new.saturating_add(1);
            }
            if old.get(&call.id).is_some_and(|old| same(old, &call)) {
                old.remove(&call.id);
            } else {
                come.push(Coming { call, corrected });
            }
        }
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let accepted = Accepted {
            new: count(new),
            corrected: count(fresh.len().saturating_sub(new)),
            known: count(sent.saturating_sub(fresh.len())),
        };
        let mut gone: Vec<Assembled> = old.into_values().collect();
        gone.sort_unstable_by_key(|call| call.id);
        Self { fresh, gone, come, accepted }
    }
}

/// Those that are not known, each once.
fn fresh(known: &[Observed], delivered: Vec<Observed>) -> Vec<Observed> {
    let hash = |it: &Observed| metering::names(it).key;
    let mut by_name: HashMap<u64, Vec<&Observed>> = HashMap::new();
    for it in known {
        by_name.entry(hash(it)).or_default().push(it);
    }
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::with_capacity(delivered.len());
    let mut fresh: Vec<Observed> = Vec::with_capacity(delivered.len());
    for it in delivered {
        let name = hash(&it);
        let twins = seen.entry(name).or_default();
        let is_known = by_name.get(&name).is_some_and(|all| all.contains(&&it));
        if !is_known && !twins.iter().any(|twin| fresh.get(*twin) == Some(&it)) {
            twins.push(fresh.len());
            fresh.push(it);
        }
    }
    fresh
}

/// Whether two calls are alike in everything that the book keeps of them.
fn same(one: &Assembled, other: &Assembled) -> bool {
    let kept = |it: &Assembled| (it.call.key.clone(), it.call.at, it.seen, it.matching);
    let (a, b) = (&one.call.figures, &other.call.figures);
    kept(one) == kept(other)
        && one.whereabouts == other.whereabouts
        && (a.usage, a.terms, a.output, a.reported_cost) == (b.usage, b.terms, b.output, b.reported_cost)
        && (&a.model, &a.provider) == (&b.model, &b.provider)
        && one.call.owner.turn == other.call.owner.turn
        && one.call.tools == other.call.tools
}

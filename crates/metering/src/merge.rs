//! Observations become calls.
//!
//! A call has two witnesses, and each is the best of all observations under a
//! total order, so joining is commutative, associative and idempotent:
//!
//! - **figures**: a session's own record or a copy of it before a side
//!   conversation's replay before a quotation; then the highest output count,
//!   because a streaming client logs the same request several times while the
//!   count grows; then the latest. Its record is believed whole: counts of two
//!   records are never mixed.
//! - **owner**: the session's own record, then a side conversation, then a copy
//!   in a session that was resumed or forked, then a quotation; then the earliest.
//!   A copy that says nothing of being one and keeps the time of its original is
//!   alike in all of this: the call is the lower session id's, which is no guess at
//!   the original but the same choice on every machine.
//!
//! The turn is that of the owner. The tools are those that any observation names, each use once.
//!
//! The id of the request is that of the records which are as original as the
//! figures, the smallest of several: a side conversation that replays a message notes
//! the id of a request of its own beside it.
//!
//! The call is booked to the earliest moment at which anybody saw it. What is
//! still equal is decided by content, so that the order of files never matters.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::call::{Figures, Owner};
use domain::{Call, CallKey, Lineage, Observation, RequestId};

/// The call that one observation alone makes.
#[must_use]
pub fn single(observation: Observation) -> Call {
    let Observation {
        key,
        request,
        at,
        model,
        provider,
        usage,
        terms,
        output,
        lineage,
        place,
        turn,
        tools,
        reported_cost,
        origin,
    } = observation;
    let figures = Figures { model, provider, usage, terms, output, reported_cost, lineage, at, origin };
    Call { key, request, at, figures, owner: Owner { place, turn, lineage, at }, tools }
}

/// What two views of the same call make together.
#[must_use]
pub fn join(one: Call, other: Call) -> Call {
    let request = request(&one, &other);
    let figures = if better_figures(&other.figures, &one.figures) { other.figures } else { one.figures };
    let owner = if better_owner(&other.owner, &one.owner) { other.owner } else { one.owner };
    let tools = one.tools.join(other.tools);
    Call { key: one.key, request, at: one.at.min(other.at), figures, owner, tools }
}

/// Calls being gathered, each joined with what came before.
#[derive(Debug, Default)]
pub struct Gathering(HashMap<CallKey, Call>);

impl Gathering {
    /// Joins one more observation.
    pub fn add(&mut self, observation: Observation) {
        let call = single(observation);
        match self.0.entry(call.key.clone()) {
            Entry::Vacant(place) => {
                place.insert(call);
            }
            Entry::Occupied(mut place) => {
                let known = place.get_mut();
                known.request = request(known, &call);
                if better_figures(&call.figures, &known.figures) {
                    known.figures = call.figures;
                }
                if better_owner(&call.owner, &known.owner) {
                    known.owner = call.owner;
                }
                known.at = known.at.min(call.at);
                known.tools = std::mem::take(&mut known.tools).join(call.tools);
            }
        }
    }

    /// How many different calls there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes them out, in no particular order.
    pub fn take(&mut self) -> Vec<Call> {
        self.0.drain().map(|(_, call)| call).collect()
    }
}

/// The request that both together name.
fn request(one: &Call, other: &Call) -> Option<RequestId> {
    match replayed(one.figures.lineage).cmp(&replayed(other.figures.lineage)) {
        Ordering::Less => one.request.clone(),
        Ordering::Greater => other.request.clone(),
        Ordering::Equal => {
            let both = [one, other].into_iter().filter_map(|it| it.request.as_ref());
            both.min().cloned()
        }
    }
}

pub(crate) fn better_figures(new: &Figures, known: &Figures) -> bool {
    rank_figures(new, known) == Ordering::Greater
}

/// The order of witnesses for the figures, the best last.
fn rank_figures(a: &Figures, b: &Figures) -> Ordering {
    let first = |f: &Figures| (Reverse(replayed(f.lineage)), f.usage.output, f.at);
    let rest =
        |f: &Figures| (f.usage, f.terms, Reverse(f.output), f.reported_cost, f.lineage, Reverse(f.origin));
    first(a)
        .cmp(&first(b))
        .then_with(|| rest(a).cmp(&rest(b)))
        .then_with(|| a.model.cmp(&b.model))
        .then_with(|| a.provider.cmp(&b.provider))
}

/// A copy of a session's own record is as good as the record; a replay is not.
pub(crate) const fn replayed(lineage: Lineage) -> u8 {
    match lineage {
        Lineage::Own | Lineage::Copied => 0,
        Lineage::Sidechain => 1,
        Lineage::Quoted => 2,
    }
}

pub(crate) fn better_owner(new: &Owner, known: &Owner) -> bool {
    (new.lineage, new.at)
        .cmp(&(known.lineage, known.at))
        .then_with(|| new.place.cmp(&known.place))
        // Whoever names the turn knows more.
        .then_with(|| (new.turn.is_none(), new.turn).cmp(&(known.turn.is_none(), known.turn)))
        == Ordering::Less
}

#[cfg(test)]
mod tests;

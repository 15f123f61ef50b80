//! The copy of the journal, out and in.

use std::io::{Read, Write};

use rusqlite::Connection;

use super::accept::{self, Hearing};
use super::booking::Writing;
use super::values::{Heard, Values, hear};
use super::{activities, observations, surroundings};
use crate::copy::{self, Thing};
use crate::delivery::Delivery;
use crate::error::StoreError;
use crate::reading::Reporter;

/// Rows that are read together.
const ROWS_AT_ONCE: i64 = 4_096;
/// Things that are stored together.
pub(super) const THINGS_AT_ONCE: usize = 4_096;

/// Writes everything that was reported.
pub(super) fn export(connection: &Connection, to: Box<dyn Write + Send>) -> Result<u64, StoreError> {
    let mut copy = copy::Writing::begin(to)?;
    let mut values = Values::default();
    let mut behind = 0;
    loop {
        let part = observations::behind(connection, &mut values, behind, ROWS_AT_ONCE)?;
        let Some((last, _)) = part.last() else { break };
        behind = *last;
        for (_, evidence) in part {
            copy.thing(&Thing::Observation(evidence))?;
        }
    }
    let mut identity: Vec<u8> = Vec::new();
    loop {
        let part = activities::behind(connection, &mut values, &identity, ROWS_AT_ONCE)?;
        let Some(last) = part.last() else { break };
        identity = last.identity.to_vec();
        for activity in part {
            copy.thing(&Thing::Activity(activity))?;
        }
    }
    let surroundings = [
        surroundings::folders(connection)?.into_iter().map(Thing::Folder).collect::<Vec<_>>(),
        surroundings::pull_requests_as_named(connection)?.into_iter().map(Thing::PullRequest).collect(),
        surroundings::tags(connection, true)?.into_iter().map(Thing::Tag).collect(),
        surroundings::tallies(connection)?.into_iter().map(Thing::Tally).collect(),
        activities::reporters(connection)?.into_iter().map(Thing::Reporter).collect(),
    ];
    for thing in surroundings.iter().flatten() {
        copy.thing(thing)?;
    }
    copy.end()
}

/// Reads some things; none at the end.
pub(super) fn next(copy: &mut copy::Reading<Box<dyn Read + Send>>) -> Result<Vec<Thing>, StoreError> {
    let mut things = Vec::new();
    while things.len() < THINGS_AT_ONCE
        && let Some(thing) = copy.next()?
    {
        things.push(thing);
    }
    Ok(things)
}

/// Stores things that were read, as they were when they were copied.
pub(super) fn import(
    connection: &Connection,
    writing: &mut Writing,
    things: &[Thing],
) -> Result<(), StoreError> {
    let mut delivery = Delivery::new(domain::Timestamp::default());
    let mut reporters: Vec<Reporter> = Vec::new();
    for thing in things.iter().cloned() {
        match thing {
            Thing::Observation(it) => {
                if it.received_at != delivery.received_at {
                    let before = std::mem::replace(&mut delivery, Delivery::new(it.received_at));
                    accept::perform(connection, writing, &before, Hearing::ToldApart)?;
                }
                delivery.observed.push(it.observed);
            }
            Thing::Activity(it) => delivery.activities.push(it),
            Thing::Folder(it) => delivery.folders.push(it),
            Thing::PullRequest(it) => delivery.pull_requests.push(it),
            Thing::Tally(it) => delivery.tallies.push(it),
            Thing::Tag(it) => delivery.tags.push(it),
            Thing::Reporter(it) => reporters.push(it),
        }
    }
    accept::perform(connection, writing, &delivery, Hearing::ToldApart)?;
    for reporter in reporters {
        let heard = Heard { at: Some((reporter.first_at, reporter.last_at)), ..Heard::default() };
        hear(connection, &reporter.witness, heard)?;
    }
    Ok(())
}

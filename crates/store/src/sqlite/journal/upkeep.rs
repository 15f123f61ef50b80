//! Calls and sums made anew: with other prices, of other days, or from the observations.

use std::collections::BTreeSet;

use metering::CallId;
use rusqlite::Connection;

use super::booking::{Booking, Writing, has_other_prices};
use super::values::Values;
use super::{activities, calls, observations, surroundings};
use crate::error::StoreError;
use crate::plan::Search;
use crate::reading::Evidence;

/// Calls that are priced again in one transaction.
const REPRICED_AT_ONCE: i64 = 4_096;
/// Observations that are looked at together where all are.
const LOOKED_AT_ONCE: i64 = 2_048;

/// Prices some calls behind an id again. Returns how many, and the last one's id; none
/// at the end.
pub(super) fn reprice(
    connection: &Connection,
    writing: &mut Writing,
    behind: Option<CallId>,
) -> Result<(u64, Option<CallId>), StoreError> {
    if !has_other_prices(connection, writing.meter.pricer().digest())? {
        return Ok((0, None));
    }
    let mut booking = Booking::begin(connection, writing)?;
    let stale = calls::with_other_prices(connection, booking.prices(), behind, REPRICED_AT_ONCE)?;
    let last = stale.last().map(|row| row.id);
    let count = u64::try_from(stale.len()).unwrap_or(u64::MAX);
    for row in stale {
        booking.reprice(row)?;
    }
    booking.finish()?;
    if last.is_none() {
        connection.execute("DELETE FROM prices WHERE id NOT IN (SELECT prices FROM call)", [])?;
    }
    Ok((count, last))
}

/// Makes calls and sums anew. Returns how many calls there are.
pub(super) fn rebuild(connection: &Connection, writing: &mut Writing) -> Result<u64, StoreError> {
    connection.execute_batch(
        "DELETE FROM call; DELETE FROM cell; DELETE FROM day_cell; DELETE FROM prices;
         UPDATE stamp SET changes = changes + 1;",
    )?;
    let mut parts = Parts::default();
    let mut count = 0_u64;
    while let Some(part) = parts.next(connection, &mut writing.values)? {
        let mut booking = Booking::begin(connection, writing)?;
        let observed: Vec<_> = part.iter().map(|it| &it.observed).collect();
        for call in metering::assemble(&observed) {
            booking.come(&call)?;
            count = count.saturating_add(1);
        }
        booking.finish()?;
    }
    Ok(count)
}

/// Sums up by the days of the calendar where the book was opened with another before.
pub(super) fn adopt_zone(connection: &Connection, writing: &mut Writing) -> Result<(), StoreError> {
    let name = writing.calendar.name();
    let before = surroundings::setting(connection, "zone")?;
    if before.as_ref() == Some(&name) {
        return Ok(());
    }
    if before.is_some() {
        rebuild_days(connection, writing)?;
    }
    surroundings::set(connection, "zone", &name)
}

fn rebuild_days(connection: &Connection, writing: &mut Writing) -> Result<(), StoreError> {
    connection.execute_batch("DELETE FROM cell; DELETE FROM day_cell; DELETE FROM stamp;")?;
    let mut behind = None;
    loop {
        let part = calls::behind(connection, behind, REPRICED_AT_ONCE)?;
        let Some(last) = part.last() else { break };
        behind = Some(last.id);
        let mut booking = Booking::begin(connection, writing)?;
        for row in &part {
            booking.sum(row)?;
        }
        booking.finish()?;
    }
    activities::move_days(connection, &writing.calendar)
}

/// All observations, a part at a time; what names connect is in one part.
#[derive(Default)]
pub(super) struct Parts {
    behind: i64,
    ahead: BTreeSet<i64>,
}

impl Parts {
    pub(super) fn next(
        &mut self,
        connection: &Connection,
        values: &mut Values,
    ) -> Result<Option<Vec<Evidence>>, StoreError> {
        let part = observations::behind(connection, values, self.behind, LOOKED_AT_ONCE)?;
        let Some((last, _)) = part.last() else { return Ok(None) };
        let last = *last;
        let mut search = Search::default();
        for (number, evidence) in part {
            if !self.ahead.remove(&number) {
                search.start(number, evidence)?;
            }
        }
        observations::finish(&mut search, connection, values)?;
        self.behind = last;
        self.ahead.extend(search.numbers().filter(|number| *number > last));
        Ok(Some(search.into_found()))
    }
}

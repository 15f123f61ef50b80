//! Calls and sums made anew: with other prices, of other days, or from the observations.

use std::collections::BTreeSet;

use deadpool_postgres::Transaction;
use metering::CallId;

use super::booking::{Booking, has_other_prices};
use super::values::Values;
use super::{Shared, activities, calls, observations, surroundings};
use crate::error::StoreError;
use crate::plan::Search;
use crate::reading::Evidence;

/// Calls that are priced again in one transaction.
const REPRICED_AT_ONCE: i64 = 4_096;
/// Observations that are looked at together where all are.
const LOOKED_AT_ONCE: i64 = 4_096;

/// Prices some calls behind an id again. Returns how many, and the last one's id; none
/// at the end.
pub(super) async fn reprice(
    transaction: &Transaction<'_>,
    shared: &Shared,
    behind: Option<CallId>,
) -> Result<(u64, Option<CallId>), StoreError> {
    if !has_other_prices(transaction, &shared.digest).await? {
        return Ok((0, None));
    }
    let mut booking = Booking::begin(transaction, shared).await?;
    let stale = calls::with_other_prices(transaction, booking.prices(), behind, REPRICED_AT_ONCE).await?;
    let last = stale.last().map(|row| row.id);
    let count = u64::try_from(stale.len()).unwrap_or(u64::MAX);
    booking.reprice(stale).await?;
    booking.finish().await?;
    if last.is_none() {
        let rest = "DELETE FROM journal.prices AS it
            WHERE NOT EXISTS (SELECT 1 FROM journal.call WHERE call.prices = it.id)";
        transaction.execute(rest, &[]).await?;
    }
    Ok((count, last))
}

/// Makes calls and sums anew. Returns how many calls there are.
pub(super) async fn rebuild(transaction: &Transaction<'_>, shared: &Shared) -> Result<u64, StoreError> {
    transaction
        .batch_execute(
            "DELETE FROM journal.call; DELETE FROM journal.cell; DELETE FROM journal.day_cell;
             DELETE FROM journal.prices; UPDATE journal.stamp SET changes = changes + 1;",
        )
        .await?;
    let mut parts = Parts::default();
    let mut count = 0_u64;
    while let Some(part) = parts.next(transaction, &shared.values).await? {
        let mut booking = Booking::begin(transaction, shared).await?;
        let observed: Vec<_> = part.iter().map(|it| &it.observed).collect();
        let made = metering::assemble(&observed);
        booking.come(&made.iter().collect::<Vec<_>>()).await?;
        count = count.saturating_add(u64::try_from(made.len()).unwrap_or(u64::MAX));
        booking.finish().await?;
    }
    Ok(count)
}

/// Sums up by the days of the calendar where the book was opened with another before.
pub(super) async fn adopt_zone(transaction: &Transaction<'_>, shared: &Shared) -> Result<(), StoreError> {
    let name = shared.calendar.name();
    let before = surroundings::setting(transaction, "zone").await?;
    if before.as_ref() == Some(&name) {
        return Ok(());
    }
    if before.is_some() {
        rebuild_days(transaction, shared).await?;
    }
    surroundings::set(transaction, "zone", &name).await
}

async fn rebuild_days(transaction: &Transaction<'_>, shared: &Shared) -> Result<(), StoreError> {
    // Stamps go on counting, so that no other process takes its memory for these days.
    transaction
        .batch_execute(
            "DELETE FROM journal.cell; DELETE FROM journal.day_cell;
             UPDATE journal.stamp SET changes = changes + 1;",
        )
        .await?;
    let mut behind = None;
    loop {
        let part = calls::behind(transaction, behind, REPRICED_AT_ONCE).await?;
        let Some(last) = part.last() else { break };
        behind = Some(last.id);
        let mut booking = Booking::begin(transaction, shared).await?;
        booking.sum(&part).await?;
        booking.finish().await?;
    }
    activities::move_days(transaction, &shared.calendar).await
}

/// All observations, a part at a time; what names connect is in one part.
#[derive(Default)]
pub(super) struct Parts {
    behind: i64,
    ahead: BTreeSet<i64>,
}

impl Parts {
    pub(super) async fn next(
        &mut self,
        transaction: &Transaction<'_>,
        values: &Values,
    ) -> Result<Option<Vec<Evidence>>, StoreError> {
        let part = observations::behind(transaction, values, self.behind, LOOKED_AT_ONCE).await?;
        let Some((last, _)) = part.last() else { return Ok(None) };
        let last = *last;
        let mut search = Search::default();
        for (number, evidence) in part {
            if !self.ahead.remove(&number) {
                search.start(number, evidence)?;
            }
        }
        observations::finish(&mut search, transaction, values).await?;
        self.behind = last;
        self.ahead.extend(search.numbers().filter(|number| *number > last));
        Ok(Some(search.into_found()))
    }
}

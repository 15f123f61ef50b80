//! Whether calls and sums are what the observations make.

use std::collections::HashMap;

use deadpool_postgres::Transaction;
use domain::{Day, SessionId, Whereabouts};
use metering::{Assembled, CallId, Meter};
use tokio_postgres::types::ToSql;

use super::upkeep::Parts;
use super::values;
use super::{Shared, calls, observations, sums, surroundings};
use crate::error::StoreError;
use crate::plan::ids::Ids;
use crate::plan::rows::CallRow;
use crate::plan::verdict::Verdict;
use crate::plan::{Search, Stand, Sums};
use crate::reading::{Difference, Grain};

/// Calls that are looked at together.
const CALLS_AT_ONCE: i64 = 4_096;

/// Compares everything in one state of the book. Returns the first differences.
pub(super) async fn check(
    transaction: &Transaction<'_>,
    shared: &Shared,
    meter: Meter,
    limit: usize,
) -> Result<Vec<Difference>, StoreError> {
    let prices =
        one(transaction, "SELECT id FROM journal.prices WHERE digest = $1", &[&shared.digest]).await?;
    let verdict = Verdict::of_at_most(limit);
    let mut checking = Checking { transaction, shared, meter, prices, verdict };
    checking.calls().await?;
    checking.sums().await?;
    Ok(checking.verdict.differences())
}

struct Checking<'a> {
    transaction: &'a Transaction<'a>,
    shared: &'a Shared,
    meter: Meter,
    /// The number of the prices in force, where anything was priced with them.
    prices: Option<i64>,
    verdict: Verdict,
}

impl Checking<'_> {
    /// The calls that the observations make, and whether there are others.
    async fn calls(&mut self) -> Result<(), StoreError> {
        let mut parts = Parts::default();
        let mut expected = 0_i64;
        while let Some(part) = parts.next(self.transaction, &self.shared.values).await? {
            let observed: Vec<_> = part.iter().map(|it| &it.observed).collect();
            let made = metering::assemble(&observed);
            expected = expected.saturating_add(i64::try_from(made.len()).unwrap_or(i64::MAX));
            self.compare(&made).await?;
            if self.verdict.is_full() {
                return Ok(());
            }
        }
        let found = one(self.transaction, "SELECT count(*) FROM journal.call", &[]).await?;
        if found == Some(expected) { Ok(()) } else { self.calls_of_nobody().await }
    }

    async fn compare(&mut self, made: &[Assembled]) -> Result<(), StoreError> {
        let ids: Vec<CallId> = made.iter().map(|call| call.id).collect();
        let rows = calls::rows(self.transaction, &ids).await?;
        let rows: HashMap<CallId, CallRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut row_ids = Ids::default();
        for call in made {
            let priced = self.meter.price(call.call.clone());
            let expected = CallRow::of(call, &priced, self.prices.unwrap_or(-1), &mut row_ids)?;
            self.verdict.call(rows.get(&call.id), expected, self.prices);
        }
        Ok(())
    }

    /// Names the calls that no observation makes.
    async fn calls_of_nobody(&mut self) -> Result<(), StoreError> {
        let mut behind = None;
        loop {
            let part = calls::behind(self.transaction, behind, CALLS_AT_ONCE).await?;
            let Some(last) = part.last() else { return Ok(()) };
            behind = Some(last.id);
            for row in &part {
                let mut search = Search::by_text(row.key.as_str());
                observations::finish(&mut search, self.transaction, &self.shared.values).await?;
                let made = metering::assemble(&search.into_observed());
                if !made.iter().any(|call| call.id == row.id) {
                    self.verdict.call_of_nobody(row);
                }
                if self.verdict.is_full() {
                    return Ok(());
                }
            }
        }
    }

    /// The sums that the calls make, day by day.
    async fn sums(&mut self) -> Result<(), StoreError> {
        let mut behind = None;
        let mut of_day: Option<(Day, Sums)> = None;
        let mut rows = (0_usize, 0_usize);
        loop {
            let part = calls::behind(self.transaction, behind, CALLS_AT_ONCE).await?;
            let Some(last) = part.last() else { break };
            behind = Some(last.id);
            let stands = self.stands(&part).await?;
            for row in &part {
                let day = self.shared.calendar.day(row.quarter());
                if of_day.as_ref().is_none_or(|(of, _)| *of != day)
                    && let Some((done, sums)) = of_day.replace((day, Sums::default()))
                {
                    self.day(done, sums, &mut rows).await?;
                }
                if let (Some((_, sums)), Some(stand)) = (&mut of_day, stands.get(&row.whereabouts)) {
                    sums.enter(row, stand, &self.shared.calendar)?;
                }
            }
            if self.verdict.is_full() {
                return Ok(());
            }
        }
        if let Some((done, sums)) = of_day {
            self.day(done, sums, &mut rows).await?;
        }
        self.sums_of_nobody(rows).await
    }

    /// Where calls stand in the sums by day, by the ids of their whereabouts.
    async fn stands(&self, rows: &[CallRow]) -> Result<HashMap<i64, Stand>, StoreError> {
        let ids = rows.iter().map(|row| row.whereabouts);
        let whereabouts: values::Known<Whereabouts> = self.shared.values.load(self.transaction, ids).await?;
        let mut sessions: Vec<_> = whereabouts.values().map(|it| it.place.session.as_str()).collect();
        sessions.sort_unstable();
        sessions.dedup();
        let said: HashMap<SessionId, _> = surroundings::said(self.transaction, &sessions).await?;
        let stand = |(id, it): (&i64, &std::sync::Arc<Whereabouts>)| {
            (*id, Stand::of(it, said.get(&it.place.session).copied().unwrap_or_default()))
        };
        Ok(whereabouts.iter().map(stand).collect())
    }

    async fn day(&mut self, day: Day, sums: Sums, rows: &mut (usize, usize)) -> Result<(), StoreError> {
        let calendar = &self.shared.calendar;
        let expected = sums.finish(calendar);
        let quarters = sums::of_day(self.transaction, calendar, Grain::Quarter, day).await?;
        let days = sums::of_day(self.transaction, calendar, Grain::Day, day).await?;
        rows.0 = rows.0.saturating_add(quarters.len());
        rows.1 = rows.1.saturating_add(days.len());
        self.verdict.sums("cell", &quarters, &expected.quarters);
        self.verdict.sums("day_cell", &days, &expected.days);
        Ok(())
    }

    /// Sums on days without a call.
    async fn sums_of_nobody(&mut self, rows: (usize, usize)) -> Result<(), StoreError> {
        for (what, sql, expected) in [
            ("cell", "SELECT count(*) FROM journal.cell", rows.0),
            ("day_cell", "SELECT count(*) FROM journal.day_cell", rows.1),
        ] {
            let found = one(self.transaction, sql, &[]).await?.unwrap_or(0);
            self.verdict.count(what, found, expected);
        }
        Ok(())
    }
}

/// One number.
async fn one(
    transaction: &Transaction<'_>,
    sql: &'static str,
    with: &[&(dyn ToSql + Sync)],
) -> Result<Option<i64>, StoreError> {
    Ok(transaction.query_opt(sql, with).await?.map(|row| row.try_get(0)).transpose()?)
}

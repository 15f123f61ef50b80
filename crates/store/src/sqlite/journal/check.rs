//! Whether calls and sums are what the observations make.

use std::collections::HashMap;

use domain::{Day, SessionId};
use metering::{Assembled, CallId, Meter};
use rusqlite::Connection;

use super::upkeep::Parts;
use super::values::Values;
use super::{calls, observations, sums, surroundings};
use crate::calendar::Calendar;
use crate::error::StoreError;
use crate::plan::ids::Ids;
use crate::plan::rows::CallRow;
use crate::plan::site::Said;
use crate::plan::verdict::Verdict;
use crate::plan::{Search, Stand, Sums};
use crate::reading::{Difference, Grain};

/// Calls that are looked at together.
const CALLS_AT_ONCE: i64 = 4_096;

/// Compares everything in one state of the file. Returns the first differences.
pub(super) fn check(
    connection: &Connection,
    meter: Meter,
    calendar: Calendar,
    limit: usize,
) -> Result<Vec<Difference>, StoreError> {
    let prices = connection
        .prepare_cached("SELECT id FROM prices WHERE digest = ?1")?
        .query_map([meter.pricer().digest()], |row| row.get(0))?
        .next()
        .transpose()?;
    let mut checking = Checking {
        connection,
        meter,
        calendar,
        prices,
        values: Values::default(),
        ids: Ids::default(),
        said: HashMap::new(),
        verdict: Verdict::of_at_most(limit),
    };
    checking.calls()?;
    checking.sums()?;
    Ok(checking.verdict.differences())
}

struct Checking<'a> {
    connection: &'a Connection,
    meter: Meter,
    calendar: Calendar,
    /// The number of the prices in force, where anything was priced with them.
    prices: Option<i64>,
    values: Values,
    ids: Ids,
    said: HashMap<SessionId, Said>,
    verdict: Verdict,
}

impl Checking<'_> {
    /// The calls that the observations make, and whether there are others.
    fn calls(&mut self) -> Result<(), StoreError> {
        let mut parts = Parts::default();
        let mut expected = 0_i64;
        while let Some(part) = parts.next(self.connection, &mut self.values)? {
            let observed: Vec<_> = part.iter().map(|it| &it.observed).collect();
            for call in metering::assemble(&observed) {
                expected = expected.saturating_add(1);
                self.call(&call)?;
                if self.verdict.is_full() {
                    return Ok(());
                }
            }
        }
        let found: i64 = self.connection.query_row("SELECT count(*) FROM call", [], |row| row.get(0))?;
        if found == expected { Ok(()) } else { self.calls_of_nobody() }
    }

    fn call(&mut self, call: &Assembled) -> Result<(), StoreError> {
        let stored = calls::row(self.connection, &call.id)?;
        let priced = self.meter.price(call.call.clone());
        let expected = CallRow::of(call, &priced, self.prices.unwrap_or(-1), &mut self.ids)?;
        self.verdict.call(stored.as_ref(), expected, self.prices);
        Ok(())
    }

    /// Names the calls that no observation makes.
    fn calls_of_nobody(&mut self) -> Result<(), StoreError> {
        let mut behind = None;
        loop {
            let part = calls::behind(self.connection, behind, CALLS_AT_ONCE)?;
            let Some(last) = part.last() else { return Ok(()) };
            behind = Some(last.id);
            for row in &part {
                if !self.is_made(&row.id, row.key.as_str())? {
                    self.verdict.call_of_nobody(row);
                }
                if self.verdict.is_full() {
                    return Ok(());
                }
            }
        }
    }

    fn is_made(&mut self, id: &CallId, key: &str) -> Result<bool, StoreError> {
        let mut search = Search::by_text(key);
        observations::finish(&mut search, self.connection, &mut self.values)?;
        Ok(metering::assemble(&search.into_observed()).iter().any(|call| call.id == *id))
    }

    /// The sums that the calls make, day by day.
    fn sums(&mut self) -> Result<(), StoreError> {
        let mut behind = None;
        let mut of_day: Option<(Day, Sums)> = None;
        let mut rows = (0_usize, 0_usize);
        loop {
            let part = calls::behind(self.connection, behind, CALLS_AT_ONCE)?;
            let Some(last) = part.last() else { break };
            behind = Some(last.id);
            for row in &part {
                let day = self.calendar.day(row.quarter());
                if of_day.as_ref().is_none_or(|(of, _)| *of != day)
                    && let Some((done, sums)) = of_day.replace((day, Sums::default()))
                {
                    self.day(done, sums, &mut rows)?;
                }
                let stand = self.stand(row)?;
                if let Some((_, sums)) = &mut of_day {
                    sums.enter(row, &stand, &self.calendar)?;
                }
                if self.verdict.is_full() {
                    return Ok(());
                }
            }
        }
        if let Some((done, sums)) = of_day {
            self.day(done, sums, &mut rows)?;
        }
        self.sums_of_nobody(rows)
    }

    fn stand(&mut self, row: &CallRow) -> Result<Stand, StoreError> {
        let whereabouts = self.values.whereabouts(self.connection, row.whereabouts)?;
        let session = &whereabouts.place.session;
        let said = match self.said.get(session) {
            Some(said) => *said,
            None => {
                let said = surroundings::said(self.connection, session)?;
                self.said.insert(session.clone(), said);
                said
            }
        };
        Ok(Stand::of(&whereabouts, said))
    }

    fn day(&mut self, day: Day, sums: Sums, rows: &mut (usize, usize)) -> Result<(), StoreError> {
        let expected = sums.finish(&self.calendar);
        let of_day = |grain| sums::of_day(self.connection, &self.calendar, grain, day);
        let (quarters, days) = (of_day(Grain::Quarter)?, of_day(Grain::Day)?);
        rows.0 = rows.0.saturating_add(quarters.len());
        rows.1 = rows.1.saturating_add(days.len());
        self.verdict.sums("cell", &quarters, &expected.quarters);
        self.verdict.sums("day_cell", &days, &expected.days);
        Ok(())
    }

    /// Sums on days without a call.
    fn sums_of_nobody(&mut self, rows: (usize, usize)) -> Result<(), StoreError> {
        for (what, sql, expected) in [
            ("cell", "SELECT count(*) FROM cell", rows.0),
            ("day_cell", "SELECT count(*) FROM day_cell", rows.1),
        ] {
            let found: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
            self.verdict.count(what, found, expected);
        }
        Ok(())
    }
}

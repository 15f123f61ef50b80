//! Signed changes of the sums by quarter of an hour and by day.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use domain::{Day, Measures, QuarterHour, Whereabouts};
use metering::Changes;
use metering::rollup::Change;

use super::ids;
use super::rows::CallRow;
use super::site::{Said, site};
use crate::calendar::Calendar;
use crate::error::StoreError;

/// Which sum: `period` is the number of a quarter of an hour or of a day, and
/// `whereabouts` the id of whereabouts or of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SumKey {
    pub(crate) period: i64,
    pub(crate) whereabouts: i64,
    pub(crate) service: i64,
    pub(crate) confidence: i64,
    pub(crate) seen: i64,
}

/// Changes that belong to one transaction.
#[derive(Default)]
pub(crate) struct Sums {
    quarters: Changes<SumKey>,
    days: Changes<SumKey>,
    sites: HashMap<i64, Arc<Whereabouts>>,
}

/// Where a call stands in the sums by day.
pub(crate) struct Stand {
    site: Arc<Whereabouts>,
    id: i64,
}

impl Stand {
    /// Of calls with these whereabouts, while that is said of their session.
    pub(crate) fn of(whereabouts: &Whereabouts, said: Said) -> Self {
        let site = Arc::new(site(whereabouts, said));
        Self { id: ids::whereabouts(&site), site }
    }

    /// The id of its site.
    pub(crate) const fn id(&self) -> i64 {
        self.id
    }
}

/// The changes of all sums, ready to be applied.
pub(crate) struct Applied {
    /// Of the sums by quarter of an hour.
    pub(crate) quarters: Vec<(SumKey, Change)>,
    /// Of the sums by day.
    pub(crate) days: Vec<(SumKey, Change)>,
    /// The days that any of them touches.
    pub(crate) touched: BTreeSet<Day>,
    /// The sites of the sums by day, with their ids: rows of whereabouts.
    pub(crate) sites: Vec<(i64, Arc<Whereabouts>)>,
}

impl Sums {
    /// A call enters the book.
    pub(crate) fn enter(
        &mut self,
        call: &CallRow,
        stand: &Stand,
        calendar: &Calendar,
    ) -> Result<(), StoreError> {
        let measures = call.measures()?;
        self.quarters.enter(quarter_key(call), &measures)?;
        self.enter_day(call, &measures, stand, calendar)
    }

    /// A call leaves the book.
    pub(crate) fn leave(
        &mut self,
        call: &CallRow,
        stand: &Stand,
        calendar: &Calendar,
    ) -> Result<(), StoreError> {
        let measures = call.measures()?;
        self.quarters.leave(quarter_key(call), &measures)?;
        self.leave_day(call, &measures, stand, calendar)
    }

    /// A call moves from one site to another.
    pub(crate) fn resettle(
        &mut self,
        call: &CallRow,
        from_to: (&Stand, &Stand),
        calendar: &Calendar,
    ) -> Result<(), StoreError> {
        let measures = call.measures()?;
        self.leave_day(call, &measures, from_to.0, calendar)?;
        self.enter_day(call, &measures, from_to.1, calendar)
    }

    fn enter_day(
        &mut self,
        call: &CallRow,
        measures: &Measures,
        stand: &Stand,
        calendar: &Calendar,
    ) -> Result<(), StoreError> {
        self.sites.entry(stand.id).or_insert_with(|| Arc::clone(&stand.site));
        Ok(self.days.enter(day_key(call, stand, calendar), measures)?)
    }

    fn leave_day(
        &mut self,
        call: &CallRow,
        measures: &Measures,
        stand: &Stand,
        calendar: &Calendar,
    ) -> Result<(), StoreError> {
        Ok(self.days.leave(day_key(call, stand, calendar), measures)?)
    }

    /// What all of it comes to.
    pub(crate) fn finish(mut self, calendar: &Calendar) -> Applied {
        let (quarters, days) = (self.quarters.take(), self.days.take());
        let mut touched: BTreeSet<Day> = days.iter().map(|(key, _)| Day::new(key.period)).collect();
        let mut last = None;
        for (key, _) in &quarters {
            if last != Some(key.period) {
                last = Some(key.period);
                touched.insert(calendar.day(QuarterHour::new(key.period)));
            }
        }
        let mut sites: Vec<_> = self.sites.into_iter().collect();
        sites.sort_unstable_by_key(|(id, _)| *id);
        Applied { quarters, days, touched, sites }
    }
}

fn quarter_key(call: &CallRow) -> SumKey {
    SumKey {
        period: call.quarter().number(),
        whereabouts: call.whereabouts,
        service: call.service,
        confidence: call.confidence,
        seen: call.seen,
    }
}

fn day_key(call: &CallRow, stand: &Stand, calendar: &Calendar) -> SumKey {
    SumKey { period: calendar.day(call.quarter()).number(), whereabouts: stand.id, ..quarter_key(call) }
}

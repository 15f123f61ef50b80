//! What was spent on each day of a stretch of the calendar, days without calls included.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Dimension, NanoUsd, Overflow, Timestamp};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::book::Book;
use crate::calendar;
use crate::daily::daily;
use crate::query::Query;
use crate::report::ReportError;

/// The most days of one series: twelve years.
const MAX_DAYS: usize = 4_400;

/// One amount a day, without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailySeries {
    /// The day of the first amount.
    pub first: Date,
    /// The amounts, the oldest first.
    pub costs: Vec<NanoUsd>,
}

impl DailySeries {
    /// From the first to the last day, both included; nothing where the last is before the first.
    pub(crate) fn filled(first: Date, last: Date, amounts: &BTreeMap<Date, NanoUsd>) -> Self {
        let mut costs = Vec::new();
        let mut day = first;
        while day <= last && costs.len() < MAX_DAYS {
            costs.push(amounts.get(&day).copied().unwrap_or_default());
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Self { first, costs }
    }

    /// Each day with its amount.
    pub fn days(&self) -> impl Iterator<Item = (Date, NanoUsd)> + '_ {
        let mut day = Some(self.first);
        self.costs.iter().map_while(move |cost| {
            let today = day?;
            day = today.tomorrow().ok();
            Some((today, *cost))
        })
    }

    /// What was spent on the days of a stretch, both ends included.
    pub(crate) fn between(&self, first: Date, last: Date) -> Result<NanoUsd, Overflow> {
        let within = self.days().filter(|it| (first..=last).contains(&it.0));
        within.map(|it| it.1).try_fold(NanoUsd::ZERO, NanoUsd::plus)
    }
}

/// Days with an amount, by the value of the dimension that was cut by.
type ByValue = BTreeMap<Arc<str>, BTreeMap<Date, NanoUsd>>;

/// The days of a question, whole and by each value of what it is cut by first.
#[derive(Debug, Clone)]
pub(crate) struct Days {
    /// All of it.
    pub(crate) whole: BTreeMap<Date, NanoUsd>,
    /// By value.
    pub(crate) by_value: ByValue,
}

impl Days {
    /// Of some values together.
    pub(crate) fn of_values(&self, values: &[Arc<str>]) -> Result<BTreeMap<Date, NanoUsd>, Overflow> {
        let mut sum = BTreeMap::new();
        for (day, cost) in values.iter().filter_map(|it| self.by_value.get(it)).flatten() {
            add(&mut sum, *day, *cost)?;
        }
        Ok(sum)
    }
}

/// The days of a question.
pub(crate) fn days(query: &Query, by: Option<Dimension>, book: &Book<'_>) -> Result<Days, ReportError> {
    let mut days = Days { whole: BTreeMap::new(), by_value: BTreeMap::new() };
    let Some(by) = by else {
        days.whole = daily(query, [], book)?.into_iter().map(|(day, [], cost)| (day, cost)).collect();
        return Ok(days);
    };
    for (day, [value], cost) in daily(query, [by], book)? {
        add(&mut days.whole, day, cost)?;
        add(days.by_value.entry(value).or_default(), day, cost)?;
    }
    Ok(days)
}

fn add(days: &mut BTreeMap<Date, NanoUsd>, day: Date, cost: NanoUsd) -> Result<(), Overflow> {
    let sum = days.entry(day).or_default();
    *sum = sum.plus(cost)?;
    Ok(())
}

/// The moment that a question looks back from: now, or the last one of its period.
pub(crate) fn as_of(query: &Query, now: Timestamp) -> Timestamp {
    // The end of a period is the first moment after it.
    query.span.until.map_or(now, |it| now.min(Timestamp::from_millis(it.millis().saturating_sub(1))))
}

/// The day that a question looks back from.
pub(crate) fn today(query: &Query, now: Timestamp) -> Result<Date, ReportError> {
    let at = as_of(query, now);
    calendar::wall(at, &query.timezone).map(|it| it.date()).ok_or(ReportError::OutsideCalendar)
}

/// So many days later, or earlier.
pub(crate) fn shifted(day: Date, days: i64) -> Result<Date, ReportError> {
    day.checked_add(days.days()).map_err(|_| ReportError::OutsideCalendar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin, company};

    #[test]
    fn days_without_calls_are_nothing_and_the_sum_is_the_report() {
        let company = company();
        let query = Query::total(berlin());
        let days = days(&query, Some(Dimension::Repo), &company.book()).expect("days");
        let total = crate::report(&query, &company.book(), at(NOW)).expect("a report").total.measures.cost;
        let (first, last) = ("2026-10-01".parse().expect("a day"), today(&query, at(NOW)).expect("a day"));
        let series = DailySeries::filled(first, last, &days.whole);
        assert_eq!(series.costs.len(), 53);
        assert_eq!(series.between(first, last), Ok(total));
        let parts = days.by_value.values().flat_map(BTreeMap::values).copied();
        assert_eq!(parts.into_iter().try_fold(NanoUsd::ZERO, NanoUsd::plus), Ok(total));
        assert_eq!(DailySeries::filled(last, first, &days.whole).costs, []);
    }
}

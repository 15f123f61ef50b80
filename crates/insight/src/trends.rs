//! How spend moves: the last thirty days against the thirty before, this week against the
//! last, this month against the last, each up to the same day: whole days are compared, and
//! today is not over.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{Dimension, NanoUsd, Timestamp};
use jiff::civil::Date;

use crate::book::Book;
use crate::calendar;
use crate::query::Query;
use crate::report::{Figures, ReportError, report};
use crate::series::{DailySeries, as_of, days, shifted, today};
use crate::span::Span;

/// Days of the rolling sum.
pub const ROLLING_DAYS: i64 = 30;
/// Days that are drawn, unless the question names others.
const DRAWN_DAYS: i64 = 90;
/// Weeks of each row.
const WEEKS: i64 = 12;
/// Rows, unless asked otherwise.
const ROWS: usize = 20;

/// How spend moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trends {
    /// The day up to which.
    pub today: Date,
    /// The time zone of the days.
    pub timezone: String,
    /// What the rows are cut by.
    pub by: Option<Dimension>,
    /// Everything.
    pub whole: Trend,
    /// By value, those first that spent most in the last thirty days.
    pub rows: Vec<(Arc<str>, Trend)>,
    /// Rows that are left out.
    pub left_out: usize,
    /// Each day, and the sum of the thirty days that end with it.
    pub days: Vec<TrendDay>,
}

/// One series in three views.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trend {
    /// The last thirty days against those before.
    pub rolling: Figures,
    /// The week to date against the same days of the week before.
    pub week: Figures,
    /// The month to date against the same days of the month before.
    pub month: Figures,
    /// The last weeks by their Mondays, the oldest first.
    pub weeks: Vec<(Date, NanoUsd)>,
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendDay {
    /// Which.
    pub day: Date,
    /// What was spent.
    pub cost: NanoUsd,
    /// What was spent on it and the days before, [`ROLLING_DAYS`] together.
    pub rolling: NanoUsd,
}

/// Where a view of a series stands.
type Slot = fn(&mut Trend) -> &mut Figures;

/// The question that trends read the book with.
#[must_use]
pub fn trends_query(query: &Query, now: Timestamp) -> Query {
    let asked = query.span.since.and_then(|it| calendar::wall(it, &query.timezone)).map(|it| it.date());
    let since = today(query, now).and_then(|today| {
        let drawn = asked.map_or_else(|| shifted(today, 1 - DRAWN_DAYS), Ok)?;
        // Thirty days before the first that is drawn, the weeks of rows, and two months.
        Ok(shifted(drawn, -ROLLING_DAYS)?.min(shifted(today, -7 * (WEEKS + 1))?))
    });
    let since = since.ok().and_then(|it| calendar::midnight(it, &query.timezone));
    Query {
        span: Span { since, until: query.span.until },
        group_by: query.group_by.iter().take(1).copied().filter(|it| !it.is_time()).collect(),
        period: None,
        compare: false,
        ..query.clone()
    }
}

/// How spend moves, whole and by the first dimension of the question.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn trends(query: &Query, book: &Book<'_>, now: Timestamp) -> Result<Trends, ReportError> {
    let now = as_of(query, now);
    let read = trends_query(query, now);
    let today = today(query, now)?;
    let by = read.group_by.first().copied();
    let mut rows: HashMap<Arc<str>, Trend> = HashMap::new();
    let mut whole = Trend::default();
    let views: [(&str, Slot); 3] =
        [("30d", |it| &mut it.rolling), ("this-week", |it| &mut it.week), ("this-month", |it| &mut it.month)];
    for (name, slot) in views {
        let span = Span::parse(Some(name), Some("today"), &query.timezone, now).unwrap_or_default();
        let asked = Query { span, compare: true, top: None, ..read.clone() };
        let view = report(&asked, book, now)?;
        *slot(&mut whole) = view.total;
        for row in view.rows {
            let Some(key) = row.key.into_iter().next() else { continue };
            *slot(rows.entry(key.value).or_default()) = row.figures;
        }
    }
    let days = days(&read, by, book)?;
    whole.weeks = weeks(&days.whole, today)?;
    for (value, trend) in &mut rows {
        trend.weeks = days.by_value.get(value).map_or_else(|| Ok(Vec::new()), |it| weeks(it, today))?;
    }
    let mut rows: Vec<(Arc<str>, Trend)> = rows.into_iter().collect();
    let cost = |it: &(Arc<str>, Trend)| it.1.rolling.measures.cost;
    rows.sort_by(|a, b| (cost(b), &a.0).cmp(&(cost(a), &b.0)));
    let left = rows.split_off(query.top.unwrap_or(ROWS).min(rows.len()));
    Ok(Trends {
        today,
        timezone: calendar::zone_name(&query.timezone, now),
        by,
        whole,
        rows,
        left_out: left.len(),
        days: drawn(query, &days.whole, today)?,
    })
}

/// The sums of the last weeks.
fn weeks(days: &BTreeMap<Date, NanoUsd>, today: Date) -> Result<Vec<(Date, NanoUsd)>, ReportError> {
    let monday = calendar::monday(today).ok_or(ReportError::OutsideCalendar)?;
    let mut weeks = Vec::new();
    for back in (0..WEEKS).rev() {
        let first = shifted(monday, back.saturating_mul(-7))?;
        let within = days.range(first..shifted(first, 7)?).map(|it| *it.1);
        weeks.push((first, within.into_iter().try_fold(NanoUsd::ZERO, NanoUsd::plus)?));
    }
    Ok(weeks)
}

/// The days that are drawn, with the sums that roll over them.
fn drawn(query: &Query, days: &BTreeMap<Date, NanoUsd>, today: Date) -> Result<Vec<TrendDay>, ReportError> {
    let asked = query.span.since.and_then(|it| calendar::wall(it, &query.timezone)).map(|it| it.date());
    let first = asked.map_or_else(|| shifted(today, 1 - DRAWN_DAYS), Ok)?;
    let all = DailySeries::filled(shifted(first, 1 - ROLLING_DAYS)?, today, days);
    let leaving = std::iter::repeat_n(NanoUsd::ZERO, usize::try_from(ROLLING_DAYS).unwrap_or_default())
        .chain(all.costs.iter().copied());
    let mut rolling = NanoUsd::ZERO;
    let mut drawn = Vec::with_capacity(all.costs.len());
    for ((day, cost), leaves) in all.days().zip(leaving) {
        rolling = rolling.plus(cost)?.minus(leaves)?;
        if day >= first {
            drawn.push(TrendDay { day, cost, rolling });
        }
    }
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin, company};

    #[test]
    fn the_last_day_rolls_over_what_the_report_says() {
        let company = company();
        let query = Query { group_by: vec![Dimension::Repo], ..Query::total(berlin()) };
        let trends = trends(&query, &company.book(), at(NOW)).expect("trends");
        let last = trends.days.last().expect("a day");
        assert_eq!((last.day, trends.days.len()), (trends.today, 90));
        assert_eq!(last.rolling, trends.whole.rolling.measures.cost);
        let rows = trends.rows.iter().map(|it| it.1.rolling.measures.cost);
        assert_eq!(rows.into_iter().try_fold(NanoUsd::ZERO, NanoUsd::plus), Ok(last.rolling));
        let weeks = trends.whole.weeks.iter().map(|it| it.1);
        let all = report(&Query::total(berlin()), &company.book(), at(NOW)).expect("a report");
        assert_eq!(weeks.into_iter().try_fold(NanoUsd::ZERO, NanoUsd::plus), Ok(all.total.measures.cost));
    }
}

//! How spend moves: the last thirty days against the thirty before, this week against the
//! last, this month against the last. Whole days are compared, up to the last that is over:
//! where a week or a month has none yet, the one before it is shown against its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Dimension, Measures, NanoUsd, Overflow, Timestamp};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::book::Book;
use crate::calendar;
use crate::change::Change;
use crate::query::Query;
use crate::report::{ReportError, ReportPeriod};
use crate::series::{DailySeries, days, shifted, today};
use crate::span::Span;
use crate::stretches::stretches;

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
    /// The days that are drawn.
    pub period: ReportPeriod,
    /// The day that it is asked on, or that the period ends with; it may not be over.
    pub today: Date,
    /// The time zone of the days.
    pub timezone: String,
    /// What the rows are cut by.
    pub by: Option<Dimension>,
    /// Which days each view compares.
    pub views: Views,
    /// Everything.
    pub whole: Trend,
    /// By value, those first that spent most in the last thirty days.
    pub rows: Vec<(Arc<str>, Trend)>,
    /// Rows that are left out.
    pub left_out: usize,
    /// Each day, and the sum of the thirty days that end with it.
    pub days: Vec<TrendDay>,
}

/// The days that are compared, the same for all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Views {
    /// The last thirty days against those before.
    pub rolling: View,
    /// A week against the week before it.
    pub week: View,
    /// A month against the month before it.
    pub month: View,
}

/// Days, and those that they are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Which.
    pub kind: ViewKind,
    /// The first day and the last, all of them over.
    pub days: (Date, Date),
    /// The first day and the last of those before.
    pub before: (Date, Date),
}

/// Which days a view is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewKind {
    /// The last thirty.
    Last30Days,
    /// Those of this week that are over, and the same days of the week before.
    ThisWeek,
    /// All of the last week, since no day of this one is over.
    LastWeek,
    /// Those of this month that are over, and the same days of the month before.
    ThisMonth,
    /// All of the last month, since no day of this one is over.
    LastMonth,
}

impl ViewKind {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Last30Days => "last_30_days",
            Self::ThisWeek => "this_week",
            Self::LastWeek => "last_week",
            Self::ThisMonth => "this_month",
            Self::LastMonth => "last_month",
        }
    }

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Last30Days => "last 30 days",
            Self::ThisWeek => "this week",
            Self::LastWeek => "last week",
            Self::ThisMonth => "this month",
            Self::LastMonth => "last month",
        }
    }
}

/// One series in three views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trend {
    /// The last thirty days.
    pub rolling: Moved,
    /// The week.
    pub week: Moved,
    /// The month.
    pub month: Moved,
    /// The last weeks by their Mondays, the oldest first.
    pub weeks: Vec<(Date, NanoUsd)>,
}

/// What days came to, and how that is more or less than those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// What they came to.
    pub measures: Measures,
    /// Against the days before.
    pub change: Change,
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

/// The question that trends read the book with.
#[must_use]
pub fn trends_query(query: &Query, now: Timestamp) -> Query {
    let since = today(query, now).and_then(|today| {
        // Thirty days before the first that is drawn, the weeks of rows, and two months.
        let drawn = drawn_from(query, today)?;
        drawn.map(|it| Ok(shifted(it, -ROLLING_DAYS)?.min(shifted(today, -7 * (WEEKS + 1))?))).transpose()
    });
    let since = since.ok().flatten().and_then(|it| calendar::midnight(it, &query.timezone));
    Query {
        span: Span::between(since, query.span.until),
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
    let read = trends_query(query, now);
    let today = today(query, now)?;
    let by = read.group_by.first().copied();
    let views = Views::of(query, today, now)?;
    let sums = stretches(&read, by, &views.spans(query)?, book)?;
    let days = days(&read, by, book)?;
    let whole = Trend::of(sums.whole, &days.whole, today)?;
    let mut rows = Vec::with_capacity(sums.by_value.len());
    for (value, sums) in sums.by_value {
        let days = days.by_value.get(&value).unwrap_or(const { &BTreeMap::new() });
        rows.push((value, Trend::of(sums, days, today)?));
    }
    let cost = |it: &(Arc<str>, Trend)| it.1.rolling.measures.cost;
    rows.sort_by(|a, b| (cost(b), &a.0).cmp(&(cost(a), &b.0)));
    let left = rows.split_off(query.top.unwrap_or(ROWS).min(rows.len()));
    let first = drawn_from(query, today)?;
    let drawn = first.or_else(|| days.whole.keys().next().copied()).unwrap_or(today);
    let mut seen = days.whole.range(drawn..).map(|it| *it.0);
    let seen = seen.next().map(|it| (it, seen.next_back().unwrap_or(it)));
    let since = first.and_then(|it| calendar::midnight(it, &query.timezone));
    let span = Span::between(since, query.span.until);
    Ok(Trends {
        period: ReportPeriod::of_days(span, &query.timezone, seen, now),
        today,
        timezone: calendar::zone_name(&query.timezone, now),
        by,
        views,
        whole,
        rows,
        left_out: left.len(),
        days: rolled(drawn, &days.whole, today)?,
    })
}

/// The first day that is drawn; none where all are.
fn drawn_from(query: &Query, today: Date) -> Result<Option<Date>, ReportError> {
    if query.span.is_all_time() {
        return Ok(None);
    }
    let asked = query.span.since.and_then(|it| calendar::wall(it, &query.timezone)).map(|it| it.date());
    asked.map_or_else(|| shifted(today, 1 - DRAWN_DAYS), Ok).map(Some)
}

impl Views {
    /// What is compared on a day.
    fn of(query: &Query, today: Date, now: Timestamp) -> Result<Self, ReportError> {
        let tomorrow = calendar::midnight(shifted(today, 1)?, &query.timezone);
        // The last day of a period that has ended is over.
        let is_over = query.span.until.is_some_and(|it| it <= now && tomorrow == Some(it));
        let last = if is_over { today } else { shifted(today, -1)? };
        let monday = calendar::monday(today).ok_or(ReportError::OutsideCalendar)?;
        let week = if monday <= last {
            (ViewKind::ThisWeek, monday)
        } else {
            (ViewKind::LastWeek, shifted(monday, -7)?)
        };
        let first = today.first_of_month();
        let month = if first <= last {
            (ViewKind::ThisMonth, first)
        } else {
            (ViewKind::LastMonth, month_before(first)?)
        };
        let rolling = shifted(last, 1 - ROLLING_DAYS)?;
        let days = |back: i64, first: Date, last: Date| {
            Ok::<_, ReportError>((shifted(first, -back)?, shifted(last, -back)?))
        };
        Ok(Self {
            rolling: View {
                kind: ViewKind::Last30Days,
                days: (rolling, last),
                before: days(ROLLING_DAYS, rolling, last)?,
            },
            week: View { kind: week.0, days: (week.1, last), before: days(7, week.1, last)? },
            month: View {
                kind: month.0,
                days: (month.1, last),
                before: (month_before(month.1)?, same_day_before(month.1, last)?),
            },
        })
    }

    /// The stretches of time: each view, and what is before it.
    fn spans(&self, query: &Query) -> Result<[Span; 6], ReportError> {
        let midnight = |day| calendar::midnight(day, &query.timezone).ok_or(ReportError::OutsideCalendar);
        let span = |(first, last): (Date, Date)| {
            Ok::<_, ReportError>(Span::between(Some(midnight(first)?), Some(midnight(shifted(last, 1)?)?)))
        };
        let Self { rolling, week, month } = self;
        Ok([
            span(rolling.days)?,
            span(rolling.before)?,
            span(week.days)?,
            span(week.before)?,
            span(month.days)?,
            span(month.before)?,
        ])
    }
}

/// The first day of the month before.
fn month_before(first: Date) -> Result<Date, ReportError> {
    first.checked_sub(1.month()).map_err(|_| ReportError::OutsideCalendar)
}

/// The same day of the month before. What that month lacks is its end, and the whole of a
/// month is compared with the whole of the one before.
fn same_day_before(first: Date, last: Date) -> Result<Date, ReportError> {
    if last == last.last_of_month() {
        return shifted(first, -1);
    }
    last.checked_sub(1.month()).map_err(|_| ReportError::OutsideCalendar)
}

impl Trend {
    /// Of the stretches of [`Views::spans`], and the days.
    fn of(
        [rolling, rolling_before, week, week_before, month, month_before]: [Measures; 6],
        days: &BTreeMap<Date, NanoUsd>,
        today: Date,
    ) -> Result<Self, ReportError> {
        Ok(Self {
            rolling: Moved::of(rolling, &rolling_before)?,
            week: Moved::of(week, &week_before)?,
            month: Moved::of(month, &month_before)?,
            weeks: weeks(days, today)?,
        })
    }
}

impl Moved {
    fn of(measures: Measures, before: &Measures) -> Result<Self, Overflow> {
        Ok(Self { measures, change: Change::between(before, &measures)? })
    }
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

/// The days from the first that is drawn on, with the sums that roll over them.
fn rolled(first: Date, days: &BTreeMap<Date, NanoUsd>, today: Date) -> Result<Vec<TrendDay>, ReportError> {
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
    use crate::fixtures::{NOW, at, berlin, company, season};
    use crate::report::report;

    #[test]
    fn the_last_whole_day_rolls_over_what_the_report_says() {
        let company = company();
        let query = Query { group_by: vec![Dimension::Repo], ..Query::total(berlin()) };
        let trends = trends(&query, &company.book(), at(NOW)).expect("trends");
        assert_eq!((trends.days.last().map(|it| it.day), trends.days.len()), (Some(trends.today), 90));
        let last = trends.days.iter().find(|it| it.day == trends.views.rolling.days.1).expect("a day");
        assert_eq!(last.rolling, trends.whole.rolling.measures.cost);
        let span = Span::parse(Some("2026-10-23"), Some("yesterday"), &berlin(), at(NOW)).expect("a span");
        let report = |span| report(&Query { span, ..query.clone() }, &company.book(), at(NOW));
        assert_eq!(report(span).expect("a report").total.measures, trends.whole.rolling.measures);
        let rows = trends.rows.iter().map(|it| it.1.rolling.measures.cost);
        assert_eq!(rows.into_iter().try_fold(NanoUsd::ZERO, NanoUsd::plus), Ok(last.rolling));
        let weeks = trends.whole.weeks.iter().map(|it| it.1);
        let all = report(Span::ALL).expect("a report");
        assert_eq!(weeks.into_iter().try_fold(NanoUsd::ZERO, NanoUsd::plus), Ok(all.total.measures.cost));
    }

    fn check(now: &str, until: Option<&str>, expected: [&str; 3]) {
        let now = at(now);
        let span = Span::parse(None, until, &berlin(), now).expect("a span");
        let query = Query { span, ..Query::total(berlin()) };
        let season = season();
        let trends = trends(&query, &season.book(), now).expect("trends");
        let Views { rolling, week, month } = trends.views;
        let show = |it: View| {
            let days = |it: (Date, Date)| format!("{} to {}", it.0, it.1);
            format!("{}: {}, {}", it.kind.name(), days(it.days), days(it.before))
        };
        assert_eq!([rolling, week, month].map(show), expected, "{now:?}");
        let span = |(first, last): (Date, Date)| {
            Span::parse(Some(&first.to_string()), Some(&last.to_string()), &berlin(), now).expect("a span")
        };
        for (view, moved) in
            [(rolling, trends.whole.rolling), (week, trends.whole.week), (month, trends.whole.month)]
        {
            let total = |days| {
                let query = Query { span: span(days), ..Query::total(berlin()) };
                report(&query, &season.book(), now).expect("a report").total.measures
            };
            assert_eq!((moved.measures, moved.change.before), (total(view.days), total(view.before).cost));
        }
    }

    #[test]
    fn whole_days_are_compared_and_where_there_is_none_those_before() {
        check(
            NOW,
            None,
            [
                "last_30_days: 2026-10-23 to 2026-11-21, 2026-09-23 to 2026-10-22",
                "this_week: 2026-11-16 to 2026-11-21, 2026-11-09 to 2026-11-14",
                "this_month: 2026-11-01 to 2026-11-21, 2026-10-01 to 2026-10-21",
            ],
        );
        // A Monday.
        check(
            "2026-11-16T08:00:00Z",
            None,
            [
                "last_30_days: 2026-10-17 to 2026-11-15, 2026-09-17 to 2026-10-16",
                "last_week: 2026-11-09 to 2026-11-15, 2026-11-02 to 2026-11-08",
                "this_month: 2026-11-01 to 2026-11-15, 2026-10-01 to 2026-10-15",
            ],
        );
        // The first of a month, and the last.
        check(
            "2026-11-01T08:00:00Z",
            None,
            [
                "last_30_days: 2026-10-02 to 2026-10-31, 2026-09-02 to 2026-10-01",
                "this_week: 2026-10-26 to 2026-10-31, 2026-10-19 to 2026-10-24",
                "last_month: 2026-10-01 to 2026-10-31, 2026-09-01 to 2026-09-30",
            ],
        );
        check(
            "2026-10-31T08:00:00Z",
            None,
            [
                "last_30_days: 2026-10-01 to 2026-10-30, 2026-09-01 to 2026-09-30",
                "this_week: 2026-10-26 to 2026-10-30, 2026-10-19 to 2026-10-23",
                "this_month: 2026-10-01 to 2026-10-30, 2026-09-01 to 2026-09-30",
            ],
        );
    }

    #[test]
    fn a_period_that_is_over_ends_with_its_last_day() {
        check(
            NOW,
            Some("2026-11-15"),
            [
                "last_30_days: 2026-10-17 to 2026-11-15, 2026-09-17 to 2026-10-16",
                "this_week: 2026-11-09 to 2026-11-15, 2026-11-02 to 2026-11-08",
                "this_month: 2026-11-01 to 2026-11-15, 2026-10-01 to 2026-10-15",
            ],
        );
    }

    #[test]
    fn all_time_is_drawn_from_the_first_call_on() {
        let season = season();
        let query = |since| Query {
            span: Span::parse(since, None, &berlin(), at(NOW)).expect("a span"),
            ..Query::total(berlin())
        };
        let of = |since| trends(&query(since), &season.book(), at(NOW)).expect("trends");
        let (usual, all) = (of(None), of(Some("all")));
        assert_eq!(usual.period.begins.map(|it| it.day).as_deref(), Some("2026-08-25"));
        assert_eq!(
            (all.period.since, all.days.first().map(|it| it.day.to_string())),
            (None, Some("2026-08-03".to_owned()))
        );
        assert_eq!((all.whole, all.views), (usual.whole, usual.views));
    }
}

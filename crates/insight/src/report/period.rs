//! The period of a report, as written in its time zone.

use domain::{QuarterHour, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::calendar;
use crate::span::Span;

/// A period with its ends as written in the report's time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPeriod {
    /// From when to when.
    pub span: Span,
    /// The first moment, as RFC 3339; `None` is the first record.
    pub since: Option<String>,
    /// The first moment after it; `None` is the last record.
    pub until: Option<String>,
    /// The first day in it; `None` where it is open.
    pub begins: Option<Edge>,
    /// The last day in it; `None` where it is open.
    pub ends: Option<Edge>,
    /// The first and the last day with calls.
    pub days: Option<(String, String)>,
    /// The time zone.
    pub timezone: String,
}

/// A day on which a period begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The day: `2026-11-01`.
    pub day: String,
    /// The time of that day at which it does, `09:30`; `None` where the whole day is in it.
    pub time: Option<String>,
}

impl ReportPeriod {
    /// Of the span, with the quarter hours of its first and its last call.
    pub(super) fn of(
        span: Span,
        zone: &TimeZone,
        calls: Option<(QuarterHour, QuarterHour)>,
        now: Timestamp,
    ) -> Self {
        let day = |it: QuarterHour| day(it.start(), zone);
        let days = calls.and_then(|(first, last)| Some((day(first)?, day(last)?)));
        Self::seen(span, zone, days, now)
    }

    /// Of the span, with the first and the last day with calls.
    pub(crate) fn of_days(span: Span, zone: &TimeZone, days: Option<(Date, Date)>, now: Timestamp) -> Self {
        Self::seen(span, zone, days.map(|it| (it.0.to_string(), it.1.to_string())), now)
    }

    fn seen(span: Span, zone: &TimeZone, days: Option<(String, String)>, now: Timestamp) -> Self {
        Self {
            span,
            since: span.since.and_then(|it| calendar::rfc3339(it, zone)),
            until: span.until.and_then(|it| calendar::rfc3339(it, zone)),
            begins: span.since.and_then(|it| Some(Edge { day: day(it, zone)?, time: time(it, zone) })),
            ends: span.until.and_then(|it| {
                let last = QuarterHour::new(it.quarter_hour().number().checked_sub(1)?);
                Some(Edge { day: day(last.start(), zone)?, time: time(it, zone) })
            }),
            days,
            timezone: calendar::zone_name(zone, now),
        }
    }
}

fn day(at: Timestamp, zone: &TimeZone) -> Option<String> {
    calendar::wall(at, zone).map(|it| it.date().to_string())
}

/// The time of the day, unless a day begins there.
fn time(at: Timestamp, zone: &TimeZone) -> Option<String> {
    let day = calendar::wall(at, zone)?.date();
    if calendar::midnight(day, zone) == Some(at) { None } else { calendar::clock(at, zone) }
}

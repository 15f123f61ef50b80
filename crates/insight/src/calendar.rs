//! Moments and days of a time zone. Nothing here knows what time it is.

use domain::{Dimension, Timestamp};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

/// The clock on the wall at that moment; `None` outside of the calendar, which
/// only a broken record can be.
pub(crate) fn wall(at: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    jiff::Timestamp::from_millisecond(at.millis()).ok().map(|it| zone.to_datetime(it))
}

/// The moment at which the clock on the wall shows this. In the hour that a
/// clock change repeats it is the first, in the hour that it skips the one after.
pub(crate) fn moment(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let at = zone.to_ambiguous_timestamp(wall).compatible().ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

/// The first moment of a day.
pub(crate) fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    moment(day.to_datetime(jiff::civil::Time::midnight()), zone)
}

/// The first day of the week, which begins on Monday.
pub(crate) fn monday(day: Date) -> Option<Date> {
    let past = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(past.days()).ok()
}

/// A day, week, month or hour of the calendar.
pub(crate) struct Bucket {
    /// Its key in reports.
    pub(crate) label: String,
    /// Its place in time, to sort by.
    pub(crate) order: i64,
}

/// The bucket of that dimension which holds the moment.
pub(crate) fn bucket(dimension: Dimension, at: Timestamp, zone: &TimeZone) -> Option<Bucket> {
    let now = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    let wall = zone.to_datetime(now);
    let day = wall.date();
    let label = match dimension {
        Dimension::Week => monday(day)?.to_string(),
        Dimension::Month => format!("{:04}-{:02}", day.year(), day.month()),
        Dimension::Hour => {
            // With its offset, so that the hour which a clock change repeats is two hours.
            let offset = offset_text(zone.to_offset(now).seconds());
            format!("{day}T{:02}:00{offset}", wall.hour())
        }
        Dimension::Developer
        | Dimension::Repo
        | Dimension::Branch
        | Dimension::PullRequest
        | Dimension::Ticket
        | Dimension::Model
        | Dimension::Provider
        | Dimension::Tool
        | Dimension::Session
        | Dimension::Task
        | Dimension::Client
        | Dimension::Project
        | Dimension::Team
        | Dimension::CostCentre
        | Dimension::Day => day.to_string(),
    };
    Some(Bucket { label, order: at.millis() })
}

/// An offset from UTC: `+01:00`.
fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The zone's name, or its offset at that moment where it has none.
pub(crate) fn zone_name(zone: &TimeZone, at: Timestamp) -> String {
    if let Some(name) = zone.iana_name() {
        return name.to_owned();
    }
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| "UTC".to_owned(), |it| offset_text(zone.to_offset(it).seconds()))
}

/// The moment as RFC 3339 with the zone's offset, to the second.
pub(crate) fn rfc3339(at: Timestamp, zone: &TimeZone) -> Option<String> {
    let now = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    let wall = zone.to_datetime(now);
    let offset = offset_text(zone.to_offset(now).seconds());
    let (day, hour, minute, second) = (wall.date(), wall.hour(), wall.minute(), wall.second());
    Some(format!("{day}T{hour:02}:{minute:02}:{second:02}{offset}"))
}

/// The time of the day as `09:30`; in an hour that a clock change repeats with the
/// offset that tells which of the two it is.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> Option<String> {
    let now = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    let wall = zone.to_datetime(now);
    let twice = zone.to_ambiguous_timestamp(wall).is_ambiguous();
    let offset = if twice { offset_text(zone.to_offset(now).seconds()) } else { String::new() };
    Some(format!("{:02}:{:02}{offset}", wall.hour(), wall.minute()))
}

/// How far a period is from the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shift {
    /// Whole months of the calendar.
    Months(i64),
    /// Whole days of the calendar, whatever their length.
    Days(i64),
    /// Exact time.
    Millis(i64),
}

impl Shift {
    /// The same moment one period earlier. A day that the earlier month lacks
    /// becomes the end of that month.
    pub(crate) fn back(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let from = wall(at, zone)?;
        match self {
            Self::Millis(length) => Some(Timestamp::from_millis(at.millis().checked_sub(length)?)),
            Self::Days(days) => moment(from.checked_sub(days.days()).ok()?, zone),
            Self::Months(months) => {
                let to = from.checked_sub(months.months()).ok()?;
                if to.day() == from.day() {
                    return moment(to, zone);
                }
                midnight(to.date().last_of_month().tomorrow().ok()?, zone)
            }
        }
    }

    /// The same moment one period later; `None` for a day that the later month lacks.
    pub(crate) fn forward(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let from = wall(at, zone)?;
        match self {
            Self::Millis(length) => Some(Timestamp::from_millis(at.millis().checked_add(length)?)),
            Self::Days(days) => moment(from.checked_add(days.days()).ok()?, zone),
            Self::Months(months) => {
                let to = from.checked_add(months.months()).ok()?;
                if to.day() == from.day() { moment(to, zone) } else { None }
            }
        }
    }
}

/// So long before that moment.
pub(crate) fn earlier(at: Timestamp, by: SignedDuration) -> Option<Timestamp> {
    let millis = i64::try_from(by.as_millis()).ok()?;
    Some(Timestamp::from_millis(at.millis().checked_sub(millis)?))
}

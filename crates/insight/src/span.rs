//! The period of a report: what `--since` and `--until` mean, and the period before.
//!
//! Sums are kept by quarter hours, so a period begins and ends on one: its
//! beginning is rounded down and its end up. Days of every time zone in use are
//! made of whole quarter hours; only periods given to the minute are affected.

use domain::{QuarterHour, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use crate::calendar::{self, Shift};

/// The most days or hours that a relative period may name.
const MAX_COUNT: i64 = 36_600;

/// What an option accepts, for error messages and help.
pub const ALLOWED: &str = "a date (2026-11-01 or 20261101), a month (2026-11), 7d, 24h, today, yesterday, \
     this-week, last-week, this-month, last-month, this-quarter, last-quarter, this-year, last-year, all (--since \
     alone), or a time such as 2026-11-01T09:30 or 2026-11-01T09:30:00Z";
/// What `--since` takes for all that there is.
const ALL_TIME: &str = "all";
/// Months of a quarter.
const QUARTER_MONTHS: i64 = 3;
/// Months of a year.
const YEAR_MONTHS: i64 = 12;

/// A stretch of time, `since` included and `until` not; open where `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first moment.
    pub since: Option<Timestamp>,
    /// The first moment after it.
    pub until: Option<Timestamp>,
    /// What it was called, where that says more than its moments.
    pub named: Named,
}

/// What the name of a period says beside its two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Named {
    /// Nothing. Without a beginning it is the usual period of whoever is asked.
    #[default]
    Moments,
    /// All that there is, whatever is usual.
    AllTime,
    /// A quarter to date: the one before it lies a quarter earlier.
    Quarter,
    /// A year to date: the one before it lies a year earlier.
    Year,
}

/// Why a period could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// The text is nothing that an option accepts.
    #[error("`{option} {text}` is not a time; give {ALLOWED}")]
    NotATime {
        /// The option.
        option: &'static str,
        /// What it was given.
        text: String,
    },
    /// It ends before it begins.
    #[error("the period is empty: --since {since} is not before --until {until}; swap them or leave one out")]
    Empty {
        /// The option's text.
        since: String,
        /// The option's text.
        until: String,
    },
}

impl Span {
    /// Open on both sides: all time, where nothing else is usual.
    pub const ALL: Self = Self::between(None, None);

    /// From one moment to another.
    #[must_use]
    pub const fn between(since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self { since, until, named: Named::Moments }
    }

    /// Whether it was named as all that there is.
    #[must_use]
    pub const fn is_all_time(&self) -> bool {
        matches!(self.named, Named::AllTime)
    }

    /// The period that the two options name. A named stretch begins at its first
    /// moment under `--since` and ends with its last under `--until`.
    ///
    /// # Errors
    /// [`SpanError`] where a text is not understood or the period is empty.
    pub fn parse(
        since: Option<&str>,
        until: Option<&str>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Self, SpanError> {
        let named = since.map_or(Named::Moments, |it| Named::of(it.trim()));
        let since = since.filter(|_| named != Named::AllTime);
        let begin = since.map(|it| stretch("--since", it, zone, now)).transpose()?;
        let end = until.map(|it| stretch("--until", it, zone, now)).transpose()?;
        if begin.as_ref().zip(end.as_ref()).is_some_and(|(from, to)| from.since >= to.until) {
            let (since, until) = (since.unwrap_or_default().to_owned(), until.unwrap_or_default().to_owned());
            return Err(SpanError::Empty { since, until });
        }
        Ok(Self {
            since: begin.map(|it| it.since.quarter_hour().start()),
            until: end.map(|it| round_up(it.until)),
            named,
        })
    }

    /// The one stretch of that name, as `last-month`.
    ///
    /// # Errors
    /// [`SpanError`] where the text is not understood.
    pub fn named(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Self, SpanError> {
        Self::parse(Some(text), None, zone, now)?;
        let it = stretch("--during", text, zone, now)?;
        let until = if relative(text).is_some() { now } else { it.until };
        Ok(Self::between(Some(it.since.quarter_hour().start()), Some(round_up(until))))
    }

    /// Whether the quarter hour lies in it.
    #[must_use]
    pub fn holds(&self, quarter: QuarterHour) -> bool {
        let start = quarter.start();
        self.since.is_none_or(|since| start >= since) && self.until.is_none_or(|until| start < until)
    }

    /// The period before this one, of the same shape: the months before whole
    /// months, the same days of the month before for a month to date (and so for a quarter
    /// and a year to date), the same weekdays for a week, days for days, and otherwise the
    /// same length of time.
    /// `None` for a period without a beginning.
    pub(crate) fn before(&self, zone: &TimeZone, now: Timestamp) -> Option<(Self, Shift)> {
        let since = self.since?;
        let until = self.until.unwrap_or_else(|| round_up(now)).max(since);
        let shift = match self.named {
            Named::Quarter => Shift::Months(QUARTER_MONTHS),
            Named::Year => Shift::Months(YEAR_MONTHS),
            Named::Moments | Named::AllTime => shape(since, until, zone)?,
        };
        // A month to date that reaches beyond the days of the earlier month ends with it.
        let end = shift.back(until, zone)?.min(since);
        Some((Self::between(Some(shift.back(since, zone)?), Some(end)), shift))
    }
}

impl Named {
    /// What the text of a beginning says.
    fn of(text: &str) -> Self {
        match text {
            ALL_TIME => Self::AllTime,
            "this-quarter" => Self::Quarter,
            "this-year" => Self::Year,
            _ => Self::Moments,
        }
    }
}

/// The end of the quarter hour that the moment is in, or the moment itself.
fn round_up(at: Timestamp) -> Timestamp {
    let floor = at.quarter_hour();
    if floor.start() == at { at } else { QuarterHour::new(floor.number().saturating_add(1)).start() }
}

fn shape(since: Timestamp, until: Timestamp, zone: &TimeZone) -> Option<Shift> {
    let length = until.millis_since(since);
    let (from, to) = (calendar::wall(since, zone)?, calendar::wall(until, zone)?);
    if calendar::midnight(from.date(), zone)? != since {
        return Some(Shift::Millis(length));
    }
    let whole_days = from.date().until(to.date()).ok()?.get_days();
    let days = i64::from(whole_days).checked_add(i64::from(calendar::midnight(to.date(), zone)? != until))?;
    if from.day() == 1 {
        let years = i64::from(to.year()).checked_sub(i64::from(from.year()))?;
        let months = i64::from(to.month()).checked_sub(i64::from(from.month()))?;
        let whole = years.checked_mul(12)?.checked_add(months)?;
        let rest = to.day() != 1 || calendar::midnight(to.date(), zone)? != until;
        return Some(Shift::Months(whole.checked_add(i64::from(rest))?.max(1)));
    }
    if calendar::monday(from.date())? == from.date() {
        let weeks = days.checked_add(6)?.checked_div(7)?.max(1);
        return Some(Shift::Days(weeks.checked_mul(7)?));
    }
    Some(Shift::Days(days.max(1)))
}

/// What a text stands for: from when to when.
struct Stretch {
    since: Timestamp,
    until: Timestamp,
}

fn stretch(option: &'static str, text: &str, zone: &TimeZone, now: Timestamp) -> Result<Stretch, SpanError> {
    understood(text.trim(), zone, now).ok_or_else(|| SpanError::NotATime { option, text: text.to_owned() })
}

/// Characters of `2026-11-01`.
const DATE_LEN: usize = 10;

fn understood(text: &str, zone: &TimeZone, now: Timestamp) -> Option<Stretch> {
    if let Some(it) = relative(text) {
        // Where `--since 7d` begins, `--until 7d` ends.
        let at = it.begin(zone, now)?;
        return Some(Stretch { since: at, until: at });
    }
    if text.len() > DATE_LEN && text.get(..DATE_LEN).is_some_and(|it| written_days(it).is_some()) {
        let stated: Option<jiff::Timestamp> = text.parse().ok();
        let at = match stated {
            Some(at) => Timestamp::from_millis(at.as_millisecond()),
            // Without an offset it is what the clock on the wall shows.
            None => calendar::moment(text.parse().ok()?, zone)?,
        };
        return Some(Stretch { since: at, until: at });
    }
    let today = calendar::wall(now, zone)?.date();
    let (first, after) = named_days(text, today).or_else(|| written_days(text))?;
    Some(Stretch { since: calendar::midnight(first, zone)?, until: calendar::midnight(after, zone)? })
}

/// The first day of a named stretch and the first day after it.
fn named_days(text: &str, today: Date) -> Option<(Date, Date)> {
    let monday = calendar::monday(today)?;
    let first = today.first_of_month();
    let past = i64::from(today.month().checked_sub(1)?).checked_rem(QUARTER_MONTHS)?;
    let quarter = first.checked_sub(past.months()).ok()?;
    let year = today.first_of_year();
    let later = |day: Date, by: jiff::Span| day.checked_add(by).ok();
    match text {
        "today" => Some((today, today.tomorrow().ok()?)),
        "yesterday" => Some((today.yesterday().ok()?, today)),
        "this-week" => Some((monday, later(monday, 7.days())?)),
        "last-week" => Some((later(monday, -7.days())?, monday)),
        "this-month" => Some((first, later(first, 1.month())?)),
        "last-month" => Some((later(first, -1.month())?, first)),
        "this-quarter" => Some((quarter, later(quarter, QUARTER_MONTHS.months())?)),
        "last-quarter" => Some((later(quarter, (-QUARTER_MONTHS).months())?, quarter)),
        "this-year" => Some((year, later(year, 1.year())?)),
        "last-year" => Some((later(year, -1.year())?, year)),
        _ => None,
    }
}

/// The day or month that a date names.
fn written_days(text: &str) -> Option<(Date, Date)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize, to: usize| number(from, to).and_then(|it| i8::try_from(it).ok());
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match shape.as_str() {
        "0000-00-00" | "00000000" => {
            let day = Date::new(number(0, 4)?, small(4, 6)?, small(6, 8)?).ok()?;
            Some((day, day.tomorrow().ok()?))
        }
        "0000-00" => {
            let first = Date::new(number(0, 4)?, small(4, 6)?, 1).ok()?;
            Some((first, first.checked_add(1.month()).ok()?))
        }
        _ => None,
    }
}

/// `7d` is today and the six days before it; `24h` is exact.
enum Relative {
    Days(i64),
    Hours(i64),
}

fn relative(text: &str) -> Option<Relative> {
    let count = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        let number = if plain { digits.parse::<i64>().ok() } else { None };
        number.filter(|it| (1..=MAX_COUNT).contains(it))
    };
    if let Some(digits) = text.strip_suffix('d') {
        return count(digits).map(Relative::Days);
    }
    text.strip_suffix('h').and_then(count).map(Relative::Hours)
}

impl Relative {
    fn begin(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        match *self {
            Self::Hours(hours) => calendar::earlier(now, SignedDuration::from_hours(hours)),
            Self::Days(days) => {
                let today = calendar::wall(now, zone)?.date();
                let first = today.checked_sub(days.checked_sub(1)?.days()).ok()?;
                calendar::midnight(first, zone)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin};

    fn show(span: Span) -> String {
        let side = |it: Option<Timestamp>| {
            it.and_then(|it| calendar::rfc3339(it, &berlin())).unwrap_or_else(|| "..".to_owned())
        };
        format!("{} {}", side(span.since), side(span.until))
    }

    fn parse(since: &str, until: &str) -> Result<Span, SpanError> {
        let given = |text| Some(text).filter(|it: &&str| !it.is_empty());
        Span::parse(given(since), given(until), &berlin(), at(NOW))
    }

    fn check(since: &str, until: &str, expected: &str) {
        let span = parse(since, until).map(show).unwrap_or_else(|it| it.to_string());
        assert_eq!(span, expected, "{since} {until}");
    }

    #[test]
    fn options_name_periods() {
        for (since, until, expected) in [
            ("", "", ".. .."),
            ("2026-11-01", "", "2026-11-01T00:00:00+01:00 .."),
            ("20261101", "2026-11-01", "2026-11-01T00:00:00+01:00 2026-11-02T00:00:00+01:00"),
            ("2026-10", "2026-10", "2026-10-01T00:00:00+02:00 2026-11-01T00:00:00+01:00"),
            ("7d", "", "2026-11-16T00:00:00+01:00 .."),
            ("1d", "", "2026-11-22T00:00:00+01:00 .."),
            ("14d", "7d", "2026-11-09T00:00:00+01:00 2026-11-16T00:00:00+01:00"),
            ("24h", "", "2026-11-21T14:00:00+01:00 .."),
            (
                "2026-11-01T09:30",
                "2026-11-01 10:45:00",
                "2026-11-01T09:30:00+01:00 2026-11-01T10:45:00+01:00",
            ),
            ("today", "today", "2026-11-22T00:00:00+01:00 2026-11-23T00:00:00+01:00"),
            ("yesterday", "yesterday", "2026-11-21T00:00:00+01:00 2026-11-22T00:00:00+01:00"),
            ("this-week", "this-week", "2026-11-16T00:00:00+01:00 2026-11-23T00:00:00+01:00"),
            ("last-week", "last-week", "2026-11-09T00:00:00+01:00 2026-11-16T00:00:00+01:00"),
            ("this-month", "this-month", "2026-11-01T00:00:00+01:00 2026-12-01T00:00:00+01:00"),
            ("last-month", "last-month", "2026-10-01T00:00:00+02:00 2026-11-01T00:00:00+01:00"),
            ("this-quarter", "this-quarter", "2026-10-01T00:00:00+02:00 2027-01-01T00:00:00+01:00"),
            ("last-quarter", "last-quarter", "2026-07-01T00:00:00+02:00 2026-10-01T00:00:00+02:00"),
            ("this-year", "", "2026-01-01T00:00:00+01:00 .."),
            ("last-year", "last-year", "2025-01-01T00:00:00+01:00 2026-01-01T00:00:00+01:00"),
            ("all", "", ".. .."),
            ("all", "last-month", ".. 2026-11-01T00:00:00+01:00"),
            (
                "2026-11-01T09:31:10Z",
                "2026-11-01T10:31:10+01:00",
                "the period is empty: --since 2026-11-01T09:31:10Z is not before \
                 --until 2026-11-01T10:31:10+01:00; swap them or leave one out",
            ),
            (
                "2026-11-01T09:31:10Z",
                "2026-11-01T12:31:10+01:00",
                "2026-11-01T10:30:00+01:00 2026-11-01T12:45:00+01:00",
            ),
        ] {
            check(since, until, expected);
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused_with_what_is() {
        for text in [
            "tomorrow",
            "2026-13-01",
            "2026-02-30",
            "7",
            "d",
            "0d",
            "-1d",
            "99999d",
            "2026",
            "T",
            "1é",
            "all-time",
            "2026-11-01T",
            "2026-11-01T25:00",
        ] {
            check(text, "", &format!("`--since {text}` is not a time; give {ALLOWED}"));
        }
    }

    #[test]
    fn a_period_has_one_before_it() {
        for (since, until, expected) in [
            ("2026-10", "2026-10", "2026-09-01T00:00:00+02:00 2026-10-01T00:00:00+02:00"),
            ("2026-03", "2026-03", "2026-02-01T00:00:00+01:00 2026-03-01T00:00:00+01:00"),
            ("2026-01", "2026-12", "2025-01-01T00:00:00+01:00 2026-01-01T00:00:00+01:00"),
            ("this-month", "", "2026-10-01T00:00:00+02:00 2026-10-22T14:15:00+02:00"),
            ("2026-03-01", "2026-03-30", "2026-02-01T00:00:00+01:00 2026-03-01T00:00:00+01:00"),
            ("2026-03-01", "2026-03-10", "2026-02-01T00:00:00+01:00 2026-02-11T00:00:00+01:00"),
            ("this-week", "", "2026-11-09T00:00:00+01:00 2026-11-15T14:15:00+01:00"),
            ("last-week", "last-week", "2026-11-02T00:00:00+01:00 2026-11-09T00:00:00+01:00"),
            ("today", "", "2026-11-21T00:00:00+01:00 2026-11-21T14:15:00+01:00"),
            ("2026-10-24", "2026-10-25", "2026-10-22T00:00:00+02:00 2026-10-24T00:00:00+02:00"),
            ("24h", "", "2026-11-20T13:45:00+01:00 2026-11-21T14:00:00+01:00"),
            ("this-quarter", "", "2026-07-01T00:00:00+02:00 2026-08-22T14:15:00+02:00"),
            ("this-quarter", "this-quarter", "2026-07-01T00:00:00+02:00 2026-10-01T00:00:00+02:00"),
            ("last-quarter", "last-quarter", "2026-04-01T00:00:00+02:00 2026-07-01T00:00:00+02:00"),
            ("this-year", "yesterday", "2025-01-01T00:00:00+01:00 2025-11-22T00:00:00+01:00"),
            ("last-year", "last-year", "2024-01-01T00:00:00+01:00 2025-01-01T00:00:00+01:00"),
        ] {
            let span = parse(since, until).expect("a span");
            let before = span.before(&berlin(), at(NOW)).expect("a span before it").0;
            assert_eq!(show(before), expected, "{since} {until}");
        }
        assert_eq!(Span::ALL.before(&berlin(), at(NOW)), None);
    }

    #[test]
    fn all_time_is_said_and_no_end() {
        assert!(parse("all", "").is_ok_and(|it| it.is_all_time()));
        assert!(!parse("", "").expect("a span").is_all_time());
        check("", "all", &format!("`--until all` is not a time; give {ALLOWED}"));
    }

    #[test]
    fn a_named_stretch_is_whole() {
        for (text, expected) in [
            ("last-month", "2026-10-01T00:00:00+02:00 2026-11-01T00:00:00+01:00"),
            ("7d", "2026-11-16T00:00:00+01:00 2026-11-22T14:15:00+01:00"),
        ] {
            assert_eq!(show(Span::named(text, &berlin(), at(NOW)).expect("a span")), expected);
        }
    }
}

//! Calendar days: what prices, memberships and other dated facts begin and end with.

use std::fmt;

use crate::time::Timestamp;

const MILLIS_PER_DAY: i64 = 86_400_000;
const MILLIS_PER_MINUTE: i64 = 60_000;

/// A day of the calendar, as days since 1970-01-01. Whose day it is, in which time
/// zone, is for the user of it to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day in UTC that holds a moment.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.millis().div_euclid(MILLIS_PER_DAY))
    }

    /// By its number of days since 1970-01-01.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number of days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The day after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The day before it.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Its first moment in UTC.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(MILLIS_PER_DAY))
    }

    /// Read from `2026-10-07`; none where that is no day of the calendar.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut part = |width: usize| {
            let digits = parts.next()?;
            let plain = digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<i64>().ok()).flatten()
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        let read = Self(days_from_civil(year, month, day));
        ((1..=12).contains(&month) && read.civil() == (year, month, day)).then_some(read)
    }

    /// Year, month and day, by the Gregorian calendar.
    const fn civil(self) -> (i64, i64, i64) {
        // Eras of 400 years that begin on 1 March, so that a leap day ends its year.
        let shifted = self.0.saturating_add(719_468);
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let leap_days = day_of_era
            .div_euclid(1_460)
            .saturating_sub(day_of_era.div_euclid(36_524))
            .saturating_add(day_of_era.div_euclid(146_096));
        let year_of_era = day_of_era.saturating_sub(leap_days).div_euclid(365);
        let before = year_of_era
            .saturating_mul(365)
            .saturating_add(year_of_era.div_euclid(4))
            .saturating_sub(year_of_era.div_euclid(100));
        let day_of_year = day_of_era.saturating_sub(before);
        let month_from_march = day_of_year.saturating_mul(5).saturating_add(2).div_euclid(153);
        let month_start = month_from_march.saturating_mul(153).saturating_add(2).div_euclid(5);
        let day = day_of_year.saturating_sub(month_start).saturating_add(1);
        let month = month_from_march.saturating_add(2).rem_euclid(12).saturating_add(1);
        let next_year = if month <= 2 { 1 } else { 0 };
        let year = year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(next_year);
        (year, month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        f.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

/// The minute of its day in UTC that a moment is in.
#[must_use]
pub fn minute_of_day(at: Timestamp) -> u16 {
    let minute = at.millis().rem_euclid(MILLIS_PER_DAY).div_euclid(MILLIS_PER_MINUTE);
    u16::try_from(minute).unwrap_or_default()
}

const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year.saturating_sub(1) } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = month.saturating_add(9).rem_euclid(12);
    let day_of_year = month_from_march
        .saturating_mul(153)
        .saturating_add(2)
        .div_euclid(5)
        .saturating_add(day)
        .saturating_sub(1);
    let day_of_era = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era.div_euclid(4))
        .saturating_sub(year_of_era.div_euclid(100))
        .saturating_add(day_of_year);
    era.saturating_mul(146_097).saturating_add(day_of_era).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_both_ways() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2026-03-13", 20_525),
            ("2026-10-07", 20_733),
        ] {
            let day = Day::parse(text).expect(text);
            assert_eq!(day, Day(days), "{text}");
            assert_eq!(day.to_string(), text);
            assert_eq!(Day::of(day.start()), day);
        }
        for days in -200_000..200_000 {
            let day = Day(days);
            assert_eq!(Day::parse(&day.to_string()).unwrap_or(day), day);
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "20261007", "", "2026-10-07T00"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}

//! The days of the simulation: which are worked on, and how the business grows.

use anyhow::{Result, anyhow};
use domain::{Day, Timestamp};
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// Days of the year that nobody works on, by month and day.
const HOLIDAYS: [(i8, i8); 8] = [(1, 1), (5, 1), (6, 19), (8, 15), (10, 3), (12, 24), (12, 25), (12, 26)];
/// What is done on an ordinary day at the beginning and at the end, in thousandths.
const GROWTH: (u64, u64) = (820, 1_180);

/// A kind of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Monday to Friday.
    Working,
    /// Saturday and Sunday.
    Weekend,
    /// A holiday.
    Holiday,
}

/// From a first to a last day, both included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    pub(super) first: Day,
    pub(super) last: Day,
}

impl Calendar {
    /// So many months that end with a day.
    pub(super) fn months_until(last: Day, months: i64) -> Result<Self> {
        let first = moved(last, months.saturating_neg().months())?.next();
        Ok(Self { first, last })
    }

    /// All days, in order.
    pub(super) fn days(&self) -> impl Iterator<Item = Day> + use<> {
        (self.first.number()..=self.last.number()).map(Day::new)
    }

    /// How many days there are.
    pub(super) const fn length(&self) -> u64 {
        self.last.number().saturating_sub(self.first.number()).unsigned_abs().saturating_add(1)
    }

    /// The day that has so many thousandths of all days before it.
    pub(super) fn at(&self, per_mille: u64) -> Day {
        let offset = self.length().saturating_mul(per_mille) / 1_000;
        Day::new(self.first.number().saturating_add_unsigned(offset).min(self.last.number()))
    }

    /// The last day that people work on before that one, or that one.
    pub(super) fn working_day_until(&self, mut day: Day) -> Day {
        while kind(day) != Kind::Working && day > self.first {
            day = day.previous();
        }
        day
    }

    /// How much is done on an ordinary day then, in thousandths.
    pub(super) fn growth(&self, day: Day) -> u64 {
        let gone = day.number().saturating_sub(self.first.number()).max(0).unsigned_abs();
        let gain = GROWTH.1.saturating_sub(GROWTH.0).saturating_mul(gone);
        GROWTH.0.saturating_add(gain.checked_div(self.length()).unwrap_or_default())
    }

    /// The holidays, as the settings of a server name them.
    pub(super) fn holidays(&self) -> Vec<Day> {
        self.days().filter(|it| kind(*it) == Kind::Holiday).collect()
    }

    /// The days on which a month or the simulation begins.
    pub(super) fn month_starts(&self) -> Vec<Day> {
        self.days().filter(|it| *it == self.first || date(*it).is_ok_and(|it| it.day() == 1)).collect()
    }
}

/// What kind of day that is.
pub(super) fn kind(day: Day) -> Kind {
    let Ok(date) = date(day) else { return Kind::Working };
    if HOLIDAYS.contains(&(date.month(), date.day())) {
        return Kind::Holiday;
    }
    match date.weekday() {
        Weekday::Saturday | Weekday::Sunday => Kind::Weekend,
        Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday => {
            Kind::Working
        }
    }
}

/// Whether it is the last day of a working week.
pub(super) fn is_friday(day: Day) -> bool {
    date(day).is_ok_and(|it| it.weekday() == Weekday::Friday)
}

/// That minute of a day.
pub(super) const fn minute_of(day: Day, minute: i64) -> Timestamp {
    Timestamp::from_millis(day.start().millis().saturating_add(minute.saturating_mul(60_000)))
}

fn date(day: Day) -> Result<Date> {
    day.to_string().parse().map_err(|_| anyhow!("{day} is outside of the calendar"))
}

fn moved(day: Day, by: Span) -> Result<Day> {
    let date = date(day)?.checked_add(by)?;
    Day::parse(&date.to_string()).ok_or_else(|| anyhow!("{date} is outside of the calendar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(last: &str, months: i64) -> Calendar {
        Calendar::months_until(Day::parse(last).unwrap(), months).unwrap()
    }

    #[test]
    fn months_end_with_their_last_day() {
        for (last, months, first, length) in [
            ("2026-06-14", 6, "2025-12-15", 182),
            ("2026-08-31", 6, "2026-03-01", 184),
            ("2026-03-01", 1, "2026-02-02", 28),
        ] {
            let it = calendar(last, months);
            assert_eq!((it.first.to_string(), it.length()), (first.to_owned(), length), "{last}");
        }
    }

    #[test]
    fn days_have_their_kind() {
        for (day, expected) in [
            ("2026-11-20", Kind::Working),
            ("2026-11-21", Kind::Weekend),
            ("2026-12-25", Kind::Holiday),
            ("2026-10-03", Kind::Holiday),
        ] {
            assert_eq!(kind(Day::parse(day).unwrap()), expected, "{day}");
        }
        let it = calendar("2026-11-22", 1);
        assert_eq!(it.working_day_until(it.last).to_string(), "2026-11-20");
    }

    #[test]
    fn it_grows_from_the_first_to_the_last_day() {
        let it = calendar("2026-06-14", 6);
        assert_eq!((it.growth(it.first), it.at(0), it.at(1_000)), (820, it.first, it.last));
        assert_eq!(it.growth(it.last), 1_178);
        let starts: Vec<String> = it.month_starts().iter().map(ToString::to_string).collect();
        assert_eq!(starts[..3], ["2025-12-15", "2026-01-01", "2026-02-01"]);
    }
}

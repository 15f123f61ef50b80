//! The days of the organisation's time zone.

use domain::{Day, QuarterHour, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, ToSpan};

/// Days of one time zone, made of whole quarters of an hour.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    pub(crate) const fn of(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// Of the zone that somebody names, else of the one that the book keeps; of UTC in a
    /// book that keeps none.
    pub(crate) fn wanted(named: Option<TimeZone>, kept: Option<&str>) -> Self {
        Self::of(named.or_else(|| TimeZone::get(kept?).ok()).unwrap_or(TimeZone::UTC))
    }

    /// The zone's name in the store: another name means that sums by day are of other days.
    pub(crate) fn name(&self) -> String {
        self.zone.iana_name().map_or_else(|| format!("{:?}", self.zone), str::to_owned)
    }

    /// The day that a quarter of an hour begins on; outside of the calendar that of UTC.
    pub(crate) fn day(&self, quarter: QuarterHour) -> Day {
        let local = Moment::from_millisecond(quarter.start().millis())
            .ok()
            .and_then(|moment| number(self.zone.to_datetime(moment).date()));
        local.unwrap_or_else(|| Day::of(quarter.start()))
    }

    /// The first quarter of an hour that begins on a day.
    pub(crate) fn first_quarter(&self, day: Day) -> QuarterHour {
        let midnight = date(day).and_then(|date| {
            let moment = self.zone.to_ambiguous_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
            moment.compatible().ok().map(|it| Timestamp::from_millis(it.as_millisecond()))
        });
        let midnight = midnight.unwrap_or_else(|| day.start());
        let quarter = midnight.quarter_hour();
        if quarter.start() < midnight {
            QuarterHour::new(quarter.number().saturating_add(1))
        } else {
            quarter
        }
    }

    /// The first and the last day that have a moment from `from` on and before `to`;
    /// none where `to` is not later.
    pub(crate) fn days(&self, from: Timestamp, to: Timestamp) -> Option<(Day, Day)> {
        if to <= from {
            return None;
        }
        let last = Timestamp::from_millis(to.millis().saturating_sub(1));
        Some((self.day(from.quarter_hour()), self.day(last.quarter_hour())))
    }
}

fn number(date: Date) -> Option<Day> {
    let days = Date::constant(1970, 1, 1).until((jiff::Unit::Day, date)).ok()?;
    Some(Day::new(i64::from(days.get_days())))
}

fn date(day: Day) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(i32::try_from(day.number()).ok()?.days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every quarter of an hour of a year lies in the day that begins before it.
    fn check(zone: &str) {
        let calendar = Calendar::of(TimeZone::get(zone).unwrap());
        let first = Day::parse("2026-01-01").unwrap();
        let mut quarter = calendar.first_quarter(first);
        for number in first.number()..first.number() + 400 {
            let day = Day::new(number);
            assert_eq!(calendar.first_quarter(day), quarter, "{zone} {day}");
            while quarter < calendar.first_quarter(day.next()) {
                assert_eq!(calendar.day(quarter), day, "{zone}");
                quarter = QuarterHour::new(quarter.number() + 1);
            }
        }
    }

    #[test]
    fn days_are_whole_and_follow_each_other() {
        for zone in ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"] {
            check(zone);
        }
        // Where clocks change at midnight, a day begins at one.
        check("America/Havana");
        check("Africa/Cairo");
    }

    #[test]
    fn a_span_has_the_days_of_its_moments() {
        let calendar = Calendar::of(TimeZone::get("Europe/Berlin").unwrap());
        let moment = |text: &str| Timestamp::from_millis(text.parse::<Moment>().unwrap().as_millisecond());
        let days =
            |from, to| calendar.days(moment(from), moment(to)).map(|(a, b)| (a.to_string(), b.to_string()));
        let day = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(days("2026-10-01T22:00:00Z", "2026-10-02T22:00:00Z"), day("2026-10-02", "2026-10-02"));
        assert_eq!(days("2026-10-01T21:59:00Z", "2026-10-02T22:00:01Z"), day("2026-10-01", "2026-10-03"));
        assert_eq!(days("2026-10-01T22:00:00Z", "2026-10-01T22:00:00Z"), None);
    }
}

//! Periods, days and working days in the time zone of the organisation.

use std::collections::BTreeSet;

use domain::{Day, Period, Timestamp};
use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

/// A day's worth of working time, for projections. Days of a clock change count alike.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// The calendar by which budgets begin anew and are spread over working days.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Whose midnight it is.
    pub zone: TimeZone,
    /// The days of the week on which people work.
    pub working: Vec<Weekday>,
    /// Days on which they do not, whatever the day of the week.
    pub holidays: BTreeSet<Day>,
}

impl Calendar {
    /// Monday to Friday in that zone, without holidays.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        let working =
            vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        Self { zone, working, holidays: BTreeSet::new() }
    }

    /// The period that holds a moment; `None` outside of the calendar.
    #[must_use]
    pub fn window(&self, period: Period, at: Timestamp) -> Option<Window> {
        let day = self.date(at)?;
        let first = match period {
            Period::Day => day,
            Period::Week => day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()?,
            Period::Month => day.first_of_month(),
            Period::Quarter => {
                let past = i64::from(day.month()).checked_sub(1)?.checked_rem(3)?;
                day.first_of_month().checked_sub(past.months()).ok()?
            }
            Period::Ever => return Some(Window::EVER),
        };
        let next = match period {
            Period::Day => first.tomorrow(),
            Period::Week => first.checked_add(7.days()),
            Period::Month => first.checked_add(1.month()),
            Period::Quarter => first.checked_add(3.months()),
            Period::Ever => return Some(Window::EVER),
        };
        Some(Window { start: self.midnight(first)?, end: Some(self.midnight(next.ok()?)?) })
    }

    /// The day that holds a moment, seen from the window that it is in. A window for ever
    /// has no working days to count.
    pub(crate) fn today(&self, window: Window, at: Timestamp) -> Option<Today> {
        let date = self.date(at)?;
        let starts = self.midnight(date)?;
        let ends = self.midnight(date.tomorrow().ok()?)?;
        let (mut past, mut left) = (0_u32, 0_u32);
        if let Some(end) = window.end {
            let mut each = self.date(window.start)?;
            let last = self.date(Timestamp::from_millis(end.millis().checked_sub(1)?))?;
            while each <= last {
                let count = if each < date { &mut past } else { &mut left };
                *count = count.saturating_add(u32::from(self.is_working(each)));
                each = each.tomorrow().ok()?;
            }
        }
        Some(Today { starts, ends, is_working: self.is_working(date), days_past: past, days_left: left })
    }

    fn is_working(&self, date: Date) -> bool {
        let is_holiday = || Day::parse(&date.to_string()).is_some_and(|day| self.holidays.contains(&day));
        self.working.contains(&date.weekday()) && !is_holiday()
    }

    fn date(&self, at: Timestamp) -> Option<Date> {
        let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
        Some(self.zone.to_datetime(at).date())
    }

    /// The first moment of a day, also where a clock change skips midnight.
    fn midnight(&self, date: Date) -> Option<Timestamp> {
        let at = self.zone.to_ambiguous_timestamp(date.to_datetime(Time::midnight())).compatible().ok()?;
        Some(Timestamp::from_millis(at.as_millisecond()))
    }
}

/// One period of a budget in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it; none where it lasts for ever.
    pub end: Option<Timestamp>,
}

impl Window {
    /// The window of a budget without a period.
    pub const EVER: Self = Self { start: Timestamp::from_millis(0), end: None };

    /// Whether it is over.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        self.end.is_some_and(|end| end <= now)
    }
}

/// A day in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    /// Its first moment.
    pub starts: Timestamp,
    /// The first moment after it.
    pub ends: Timestamp,
    /// Whether people work on it.
    pub is_working: bool,
    /// Working days of the window before it.
    pub days_past: u32,
    /// Working days of the window from it on, itself included.
    pub days_left: u32,
}

impl Today {
    /// Working time of the window: what has passed, and all of it.
    pub(crate) fn worked_ms(self, now: Timestamp) -> (i64, i64) {
        let today = if self.is_working { now.millis_since(self.starts).clamp(0, DAY_MS) } else { 0 };
        let days = |count: u32| i64::from(count).saturating_mul(DAY_MS);
        let all = days(self.days_past).saturating_add(days(self.days_left));
        (days(self.days_past).saturating_add(today), all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect(text).as_millisecond())
    }

    fn text(at: Timestamp) -> String {
        jiff::Timestamp::from_millisecond(at.millis()).expect("in the calendar").to_string()
    }

    fn check(zone: &str, period: Period, now: &str, expected: &str) {
        let calendar = Calendar::new(TimeZone::get(zone).expect(zone));
        let window = calendar.window(period, at(now)).expect("in the calendar");
        let end = window.end.map_or_else(|| "ever".to_owned(), text);
        assert_eq!(format!("{} {end}", text(window.start)), expected, "{zone} {period:?} {now}");
        assert!(window.start <= at(now) && !window.is_over(at(now)));
    }

    #[test]
    fn periods_are_those_of_the_zone() {
        let now = "2026-03-29T12:00:00Z";
        check("Europe/Berlin", Period::Day, now, "2026-03-28T23:00:00Z 2026-03-29T22:00:00Z");
        check("Europe/Berlin", Period::Week, now, "2026-03-22T23:00:00Z 2026-03-29T22:00:00Z");
        check("Europe/Berlin", Period::Month, now, "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
        check("Europe/Berlin", Period::Quarter, now, "2025-12-31T23:00:00Z 2026-03-31T22:00:00Z");
        check("UTC", Period::Quarter, "2026-12-31T23:59:59Z", "2026-10-01T00:00:00Z 2027-01-01T00:00:00Z");
        check(
            "Asia/Tokyo",
            Period::Month,
            "2026-01-31T15:00:00Z",
            "2026-01-31T15:00:00Z 2026-02-28T15:00:00Z",
        );
        check("UTC", Period::Ever, now, "1970-01-01T00:00:00Z ever");
    }

    #[test]
    fn working_days_leave_out_weekends_and_holidays() {
        let mut calendar = Calendar::new(TimeZone::UTC);
        calendar.holidays.insert(Day::parse("2026-05-01").expect("a day"));
        let window = calendar.window(Period::Month, at("2026-05-04T00:00:00Z")).expect("a month");
        for (now, expected) in [
            ("2026-05-01T12:00:00Z", (false, 0, 20)),
            ("2026-05-04T12:00:00Z", (true, 0, 20)),
            ("2026-05-30T12:00:00Z", (false, 20, 0)),
        ] {
            let today = calendar.today(window, at(now)).expect("a day");
            assert_eq!((today.is_working, today.days_past, today.days_left), expected, "{now}");
        }
    }
}

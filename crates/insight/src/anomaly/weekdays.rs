//! Unusual days and weeks of what has weekdays: teams, repositories and everything.

use domain::Dimension;
use jiff::civil::Date;

use super::ledger::ByDay;
use super::robust::{deviation, median, narrow, share, wide};
use super::rules::{DAY_FLOOR, WEEK_FLOOR, anomaly, long, times};
use super::{Anomaly, Cause, Rule, Subject};
use crate::series::DailySeries;
use crate::text::dollars;

/// Days of a week.
const WEEK: usize = 7;
/// Weeks that a weekday is compared with.
const WEEKS: usize = 8;
/// Weeks that there must be of them.
const LEAST_WEEKS: usize = 4;
/// Days whose drift is taken into account.
const DRIFT_DAYS: usize = 14;
/// Deviations that are unusual for a day.
const DAY_DEVIATIONS: i128 = 6;
/// Deviations that are unusual for a week.
const WEEK_DEVIATIONS: i128 = 4;
/// A deviation is at least this part of what is usual, in tenths of a percent.
const LEAST_DEVIATION: i128 = 100;
/// A day or week must be this part above what is usual, in tenths of a percent.
const RISE: i128 = 500;
/// What is more than usual must be this part of what everybody spends, in tenths of a percent.
const PART_OF_WHOLE: i128 = 100;
/// The same for repositories: that somebody works on another one than usual is no news.
const PART_OF_WHOLE_REPO: i128 = 200;
/// What is unusual is more than this part of all but one of those before it, in tenths of a
/// percent: what spends in bursts has had its like before.
const RECORD: i128 = 1_200;
/// Of the working days before it something must have been spent on this part, in per cent.
const LEAST_ACTIVE_PERCENT: usize = 60;

/// A day of a filled series.
pub(super) type Day = (Date, i128);

/// What names who or what spent from one day to another.
pub(super) type Causes<'a> = dyn Fn(Date, Date) -> Vec<Cause> + 'a;

/// A subject, watched day by day.
pub(super) struct Watch {
    subject: Subject,
    /// Every day from its first, the oldest first.
    days: Vec<Day>,
    /// What each would usually come to, where enough came before it.
    expected: Vec<Option<i128>>,
    /// How far each is from that.
    residuals: Vec<i128>,
    /// The least that is worth telling of each day, by what everybody spent.
    floors: Vec<i128>,
}

impl Watch {
    /// Over its days up to the last, among what everybody spent.
    pub(super) fn of(subject: Subject, days: &ByDay, whole: Option<&ByDay>, last: Date) -> Self {
        let fill = |days: &ByDay, first| -> Vec<Day> {
            let filled = DailySeries::filled(first, last, days);
            filled.days().map(|(day, cost)| (day, wide(cost))).collect()
        };
        let first = days.keys().next().copied().unwrap_or(last);
        let days = fill(days, first);
        let expected = expected(&days);
        let residual =
            |(day, expected): (&Day, &Option<i128>)| expected.map_or(0, |it| day.1.saturating_sub(it));
        let residuals = days.iter().zip(&expected).map(residual).collect();
        let is_repo = subject.dimension == Some(Dimension::Repo);
        let part = if is_repo { PART_OF_WHOLE_REPO } else { PART_OF_WHOLE };
        let floors = match whole {
            Some(whole) => {
                let whole = fill(whole, first);
                (0..days.len()).map(|place| share(usual_day(&whole, place), part)).collect()
            }
            None => vec![0; days.len()],
        };
        Self { subject, days, expected, residuals, floors }
    }

    /// Its unusual days and weeks from that day on.
    pub(super) fn unusual(&self, first: Date, causes: &Causes<'_>) -> Vec<Anomaly> {
        let mut found = Vec::new();
        for (place, _) in self.days.iter().enumerate().filter(|it| it.1.0 >= first) {
            found.extend(self.day(place, causes));
            found.extend(self.week(place, causes));
        }
        found
    }

    fn day(&self, place: usize, causes: &Causes<'_>) -> Option<Anomaly> {
        let &(day, cost) = self.days.get(place)?;
        let usual = self.expected.get(place).copied().flatten()?;
        let excess = cost.saturating_sub(usual);
        let floor = self.floors.get(place)?;
        if excess < wide(DAY_FLOOR).max(*floor) || excess < share(usual, RISE) {
            return None;
        }
        let window = place.saturating_sub(WEEKS * WEEK)..place;
        let before = self.days.get(window.clone())?;
        let spread = deviation(self.residuals.get(window)?)?.max(share(usual, LEAST_DEVIATION));
        let is_unusual = excess >= spread.saturating_mul(DAY_DEVIATIONS)
            && is_steady(before)
            && is_record(cost, before.iter().map(|it| it.1).collect());
        let reason = format!(
            "{} spent {} on {}: {} more than such a day usually comes to ({}, give or take {}).",
            self.subject.title(),
            dollars(narrow(cost)),
            long(day),
            dollars(narrow(excess)),
            dollars(narrow(usual)),
            dollars(narrow(spread)),
        );
        is_unusual.then(|| Anomaly {
            causes: causes(day, day),
            ..anomaly(self.subject.clone(), Rule::Weekday, (day, day), (cost, usual), reason)
        })
    }

    fn week(&self, place: usize, causes: &Causes<'_>) -> Option<Anomaly> {
        let sum_to = |end: usize| {
            let days = self.days.get(end.checked_sub(WEEK - 1)?..=end)?;
            Some(days.iter().fold(0_i128, |sum, it| sum.saturating_add(it.1)))
        };
        let cost = sum_to(place)?;
        let before: Vec<i128> =
            (1..=WEEKS).map_while(|week| sum_to(place.checked_sub(week * WEEK)?)).collect();
        let weeks = before.len();
        let usual = median(before.clone()).filter(|_| weeks >= LEAST_WEEKS)?;
        let excess = cost.saturating_sub(usual);
        let floor = self.floors.get(place)?.saturating_mul(7);
        let residuals: Vec<i128> = before.iter().map(|it| it.saturating_sub(usual)).collect();
        let spread = deviation(&residuals)?.max(share(usual, LEAST_DEVIATION));
        let is_unusual = excess >= wide(WEEK_FLOOR).max(floor)
            && excess >= share(usual, RISE)
            && excess >= spread.saturating_mul(WEEK_DEVIATIONS)
            && is_record(cost, before);
        let (from, to) = (self.days.get(place.checked_sub(WEEK - 1)?)?.0, self.days.get(place)?.0);
        let reason = format!(
            "{} spent {} in the 7 days to {}: {} times the middle of the {weeks} weeks before ({}).",
            self.subject.title(),
            dollars(narrow(cost)),
            long(to),
            times(cost, usual),
            dollars(narrow(usual)),
        );
        is_unusual.then(|| Anomaly {
            causes: causes(from, to),
            ..anomaly(self.subject.clone(), Rule::Week, (from, to), (cost, usual), reason)
        })
    }
}

/// What each day would usually come to: the middle of the same weekdays before it, moved
/// by as much as the last days were off from theirs.
fn expected(all: &[Day]) -> Vec<Option<i128>> {
    let weekday = |place: usize| {
        let same = (1..=WEEKS).map_while(|week| all.get(place.checked_sub(week * WEEK)?)).map(|it| it.1);
        let same: Vec<i128> = same.collect();
        if same.len() < LEAST_WEEKS { None } else { median(same) }
    };
    let weekdays: Vec<Option<i128>> = (0..all.len()).map(weekday).collect();
    let drift = |place: usize| {
        let from = place.saturating_sub(DRIFT_DAYS);
        let last = all.iter().zip(&weekdays).skip(from).take(place.saturating_sub(from));
        median(last.filter_map(|(day, usual)| Some(day.1.saturating_sub((*usual)?))).collect()).unwrap_or(0)
    };
    let moved = |(place, it): (usize, &Option<i128>)| it.map(|it| it.saturating_add(drift(place)).max(0));
    weekdays.iter().enumerate().map(moved).collect()
}

/// What a day of the weeks before came to on average.
fn usual_day(all: &[Day], place: usize) -> i128 {
    let before = all.get(place.saturating_sub(LEAST_WEEKS * WEEK)..place).unwrap_or_default();
    let sum = before.iter().fold(0_i128, |sum, it| sum.saturating_add(it.1));
    i128::try_from(before.len()).ok().and_then(|it| sum.checked_div(it)).unwrap_or_default()
}

/// Whether something is spent on most working days: what is not has no usual day.
fn is_steady(days: &[Day]) -> bool {
    let working = days.iter().filter(|it| it.0.weekday().to_monday_zero_offset() < 5);
    let (active, all) = working.fold((0, 0), |(active, all), it| (active + usize::from(it.1 > 0), all + 1));
    active * 100 >= all * LEAST_ACTIVE_PERCENT
}

/// Whether an amount is beyond all but one of those before it, by some margin.
fn is_record(amount: i128, mut before: Vec<i128>) -> bool {
    before.sort_unstable();
    let second = before.len().checked_sub(2).and_then(|it| before.get(it)).copied().unwrap_or_default();
    amount >= share(second, RECORD)
}

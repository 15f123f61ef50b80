//! The ways to go on from a history of days: each gives as many days as are asked for.
//!
//! All of them know the week. What an organisation spends follows weekdays before
//! anything else; what is left to choose is how fast its level moves.

use super::estimate::{count, mean, median};
use super::trend::growth;

/// Days of a week.
pub(super) const WEEK: usize = 7;
/// Weeks that a profile of weekdays is made of.
const PROFILE_WEEKS: usize = 8;
/// By how much a week counts less than the one after it, where the newest counts most.
const FADING: f64 = 0.65;
/// What is left of growth a day later.
const DAMPING: f64 = 0.99;
/// The farthest that growth goes, as a logarithm.
const FARTHEST: f64 = 1.5;

/// A way to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Each weekday as the middle of the same weekday in the last eight weeks.
    WeekdayMedian,
    /// Each weekday as the mean of the same weekday in the last eight weeks.
    WeekdayMean,
    /// The same, with the newest week counting most.
    FadingWeeks,
    /// The same, growing on as far as growth is more than chance, ever more slowly.
    DampedTrend,
    /// The mean of the mean, the fading weeks and the trend.
    Blend,
}

impl Method {
    /// All of them, the simplest first.
    pub const ALL: [Self; 5] =
        [Self::WeekdayMedian, Self::WeekdayMean, Self::FadingWeeks, Self::DampedTrend, Self::Blend];

    /// What is used unless another one has done clearly better.
    pub(super) const USUAL: Self = Self::Blend;

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WeekdayMedian => "weekday_median",
            Self::WeekdayMean => "weekday_mean",
            Self::FadingWeeks => "fading_weeks",
            Self::DampedTrend => "damped_trend",
            Self::Blend => "blend",
        }
    }

    /// What it does, for people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::WeekdayMedian => "the middle of each weekday in the last 8 weeks",
            Self::WeekdayMean => "the mean of each weekday in the last 8 weeks",
            Self::FadingWeeks => "the mean of each weekday, recent weeks counting more",
            Self::DampedTrend => "recent weeks, growing on as they did, ever more slowly",
            Self::Blend => "the mean of three methods, one of which grows on",
        }
    }

    /// So many days after the history.
    pub(super) fn ahead(self, history: &[f64], days: usize) -> Vec<f64> {
        match self {
            Self::WeekdayMedian => repeated(&profile(history, |it| median(it.to_vec())), days),
            Self::WeekdayMean => repeated(&profile(history, mean), days),
            Self::FadingWeeks => repeated(&profile(history, faded), days),
            Self::DampedTrend => grown(history, days),
            Self::Blend => blend(history, days),
        }
    }
}

/// What follows the history, weekday by weekday: the first is the day after it.
fn profile(history: &[f64], of: impl Fn(&[f64]) -> Option<f64>) -> Vec<f64> {
    let slot = |place: usize| {
        // The same weekday, the newest first.
        let back = WEEK.saturating_sub(place).saturating_sub(1);
        let same: Vec<f64> =
            history.iter().rev().skip(back).step_by(WEEK).take(PROFILE_WEEKS).copied().collect();
        of(&same).unwrap_or_default()
    };
    (0..WEEK).map(slot).collect()
}

fn faded(newest_first: &[f64]) -> Option<f64> {
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for one in newest_first {
        sum += weight * one;
        weights += weight;
        weight *= FADING;
    }
    if weights > 0.0 { Some(sum / weights) } else { None }
}

fn repeated(profile: &[f64], days: usize) -> Vec<f64> {
    profile.iter().cycle().take(days).copied().collect()
}

/// Fading weeks, growing on from the middle of those that they are made of.
fn grown(history: &[f64], days: usize) -> Vec<f64> {
    let mut step = growth(history);
    let mut at = step * fading_age(history.len() / WEEK);
    let next = |day: f64| {
        at += step;
        step *= DAMPING;
        day * at.clamp(-FARTHEST, FARTHEST).exp()
    };
    repeated(&profile(history, faded), days).into_iter().map(next).collect()
}

/// How many days ago the weeks lie on average that fading ones are made of, out of so many.
fn fading_age(weeks: usize) -> f64 {
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for week in 0..weeks.clamp(1, PROFILE_WEEKS) {
        sum += weight * (count(week) + 0.5) * count(WEEK);
        weights += weight;
        weight *= FADING;
    }
    sum / weights
}

fn blend(history: &[f64], days: usize) -> Vec<f64> {
    const OF: [Method; 3] = [Method::WeekdayMean, Method::FadingWeeks, Method::DampedTrend];
    let mut sum = vec![0.0; days];
    for path in OF.map(|it| it.ahead(history, days)) {
        for (sum, one) in sum.iter_mut().zip(path) {
            *sum += one / count(OF.len());
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_go_on_as_they_were() {
        // Ten weeks of five working days that grow not at all.
        let week = [10.0, 12.0, 14.0, 12.0, 8.0, 0.0, 1.0];
        let history: Vec<f64> = week.iter().cycle().take(70).copied().collect();
        for method in Method::ALL {
            let ahead = method.ahead(&history, 9);
            for (got, expected) in ahead.iter().zip(week.iter().cycle()) {
                assert!((got - expected).abs() < 0.01, "{method:?} {ahead:?}");
            }
        }
        // In the middle of a week as well.
        let ahead = Method::WeekdayMean.ahead(&history[..67], 2);
        assert_eq!(ahead, [8.0, 0.0]);
    }

    #[test]
    fn growth_is_followed_by_the_trend_alone() {
        let history: Vec<f64> = (0..20).flat_map(|week| [f64::from(week) * 10.0 + 100.0; 7]).collect();
        let total = |method: Method| method.ahead(&history, 28).iter().sum::<f64>();
        let actual: f64 = (20..24).map(|week| (f64::from(week) * 10.0 + 100.0) * 7.0).sum();
        assert!((total(Method::DampedTrend) / actual - 1.0).abs() < 0.07, "{}", total(Method::DampedTrend));
        assert!(total(Method::Blend) < total(Method::DampedTrend));
        assert!(total(Method::WeekdayMedian) < actual * 0.85);
    }

    #[test]
    fn nothing_goes_on_as_nothing() {
        for method in Method::ALL {
            assert_eq!(method.ahead(&[0.0; 30], 3), [0.0; 3], "{method:?}");
            assert_eq!(method.ahead(&[], 2).len(), 2);
        }
    }
}

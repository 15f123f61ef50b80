//! How fast a history grows, as far as that is more than chance: the middle of the slopes
//! between all pairs of weeks, after Theil and Sen, which a few wild weeks do not turn. Weeks,
//! because days would bring the noise of weekdays along; logarithms, because what grows does
//! so by parts of itself.

use super::estimate::{count, mean, median};
use super::method::WEEK;

/// The newest weeks that are looked at.
const WEEKS: usize = 16;
/// Weeks with spending that there must be.
const LEAST_WEEKS: usize = 5;
/// The standard deviation of a normal scatter as a multiple of its median deviation.
const BY_MEDIAN: f64 = 1.4826;

/// By how much more is spent from one day to the next, as a logarithm. The less it stands out
/// of the scatter of weeks, the more of it is left out.
pub(super) fn growth(history: &[f64]) -> f64 {
    let weeks = whole_weeks(history);
    if weeks.len() < LEAST_WEEKS {
        return 0.0;
    }
    let Some(slope) = middle_slope(&weeks).filter(|it| *it != 0.0) else { return 0.0 };
    let left: Vec<f64> = weeks.iter().map(|it| slope.mul_add(-it.0, it.1)).collect();
    let level = median(left.clone()).unwrap_or_default();
    let scatter = median(left.iter().map(|it| (it - level).abs()).collect()).unwrap_or_default() * BY_MEDIAN;
    let times: Vec<f64> = weeks.iter().map(|it| it.0).collect();
    let middle = mean(&times).unwrap_or_default();
    let apart: f64 = times.iter().map(|it| (it - middle).powi(2)).sum();
    let error = scatter / apart.sqrt();
    let sure = (1.0 - (error / slope).powi(2)).max(0.0);
    slope * sure / count(WEEK)
}

/// Whole weeks that end with the history, as their numbers and the logarithms of their sums.
fn whole_weeks(history: &[f64]) -> Vec<(f64, f64)> {
    let odd = history.len() % WEEK;
    let whole = history.get(odd..).unwrap_or_default();
    let hidden = (whole.len() / WEEK).saturating_sub(WEEKS);
    let sums = whole.chunks(WEEK).skip(hidden).map(|it| it.iter().sum::<f64>()).enumerate();
    sums.filter(|it| it.1 > 0.0).map(|(week, sum)| (count(week), sum.ln())).collect()
}

/// The middle of the slopes between all pairs.
fn middle_slope(weeks: &[(f64, f64)]) -> Option<f64> {
    let pairs = weeks.iter().enumerate().flat_map(|(place, one)| {
        weeks.iter().skip(place.saturating_add(1)).map(move |other| (other.1 - one.1) / (other.0 - one.0))
    });
    median(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_seen_and_chance_is_not() {
        let of = |week: fn(usize) -> f64| growth(&(0..112).map(|day| week(day / 7)).collect::<Vec<f64>>());
        assert!(
            (of(|week| 1.05_f64.powi(i32::try_from(week).unwrap_or(0))) - 1.05_f64.ln() / 7.0).abs() < 1e-9
        );
        // One wild week turns nothing.
        assert_eq!(of(|week| if week == 15 { 900.0 } else { 10.0 }), 0.0);
        // What goes up and down does not grow.
        assert!(of(|week| if week.is_multiple_of(2) { 10.0 } else { 14.0 }).abs() < 1e-9);
        assert_eq!(growth(&[3.0; 34]), 0.0);
        assert_eq!(growth(&[0.0; 200]), 0.0);
    }
}

//! How well each method would have done: it is asked at moments of the past what was to
//! come, and what came is known.
//!
//! A moment is judged by the total of the stretch that the forecast is about, because
//! that is what people plan with; errors of days do not add up to it. The errors of the
//! chosen method make the interval: so many of ten totals came out within it.

use super::estimate::{count, mean};
use super::method::{Method, WEEK};

/// A history of fewer days than this is too short to choose a method by.
pub const ENOUGH_DAYS: usize = 28;
/// Days that a method is given at least before it is asked.
const LEAST_TRAINING: usize = 21;
/// Moments at most.
const MOMENTS: usize = 40;
/// A method must be better than a simpler one by this to be preferred.
const WORTH_IT: f64 = 0.98;
/// Tries before the coverage of intervals is counted.
const LEAST_FOR_COVERAGE: usize = 8;
/// Of a hundred totals so many come out within the interval.
pub const NOMINAL_PERCENT: usize = 80;
/// An interval of too few tries is its widest error and so much more.
const FEW_TRIES: f64 = 1.5;

/// The days that a forecast is about: after so many days, so many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) lead: usize,
    pub(super) len: usize,
}

impl Stretch {
    pub(super) const fn end(self) -> usize {
        self.lead.saturating_add(self.len)
    }

    /// The part of a path that is in it.
    pub(super) fn of<'a>(&self, path: &'a [f64]) -> &'a [f64] {
        path.get(self.lead..self.end()).unwrap_or_default()
    }
}

/// How a method did.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) method: Method,
    /// The error of totals, as a part of the totals.
    pub(super) total_error: f64,
    /// The error of days, as a part of the days.
    pub(super) wape: f64,
    /// The error of days against that of the same weekday a week before.
    pub(super) mase: f64,
    /// What came as a part of what was forecast, less one; in order of time.
    pub(super) errors: Vec<f64>,
}

/// What the past says of a forecast of a stretch.
#[derive(Debug, Clone)]
pub(super) struct Backtest {
    /// What was tried: the stretch itself, or as much of it as the history is long enough for.
    pub(super) tried: Stretch,
    /// By method, in the order of [`Method::ALL`].
    pub(super) trials: Vec<Trial>,
}

/// Tries all methods on the past; `None` where it is too short.
pub(super) fn backtest(history: &[f64], stretch: Stretch) -> Option<Backtest> {
    if history.len() < ENOUGH_DAYS || stretch.len == 0 {
        return None;
    }
    // Half of what is there to be tried on, so that there are several moments to ask.
    let longest = history.len().checked_sub(LEAST_TRAINING)?.div_ceil(2).max(WEEK);
    let tried =
        if stretch.end() <= longest { stretch } else { Stretch { lead: 0, len: longest.min(stretch.end()) } };
    let moments = moments(history.len(), tried.end());
    let naive = naive_error(history);
    let trials = Method::ALL.into_iter().filter_map(|it| trial(it, history, tried, (&moments, naive)));
    let trials: Vec<Trial> = trials.collect();
    if trials.is_empty() { None } else { Some(Backtest { tried, trials }) }
}

impl Backtest {
    /// The best method; a simpler one where the difference is small.
    pub(super) fn best(&self) -> Option<&Trial> {
        let mut all = self.trials.iter();
        let first = all.next()?;
        Some(all.fold(first, |best, it| if it.total_error < best.total_error * WORTH_IT { it } else { best }))
    }
}

/// The lengths of history at which is asked, the shortest first.
fn moments(days: usize, end: usize) -> Vec<usize> {
    let last = days.saturating_sub(end);
    let room = last.saturating_sub(LEAST_TRAINING);
    // Weekdays take turns: a step of whole weeks would only ever ask on one of them.
    let step = room.div_ceil(MOMENTS).max(1);
    let step = if step.is_multiple_of(WEEK) { step.saturating_add(1) } else { step };
    let mut all: Vec<usize> = (0..=room).step_by(step).map(|it| last.saturating_sub(it)).collect();
    all.reverse();
    all
}

fn trial(method: Method, history: &[f64], tried: Stretch, around: (&[usize], f64)) -> Option<Trial> {
    let (moments, naive) = around;
    let (mut missed, mut came, mut total_missed, mut days) = (0.0, 0.0, 0.0, 0);
    let mut errors = Vec::with_capacity(moments.len());
    for &moment in moments {
        let (known, later) = history.split_at_checked(moment)?;
        let path = method.ahead(known, tried.end());
        let (forecast, actual) = (tried.of(&path), tried.of(later));
        missed += forecast.iter().zip(actual).map(|(one, other)| (one - other).abs()).sum::<f64>();
        let (guess, total): (f64, f64) = (forecast.iter().sum(), actual.iter().sum());
        came += total;
        total_missed += (total - guess).abs();
        days += actual.len();
        if guess > 0.0 {
            errors.push(total / guess - 1.0);
        }
    }
    if came <= 0.0 || errors.is_empty() {
        return None;
    }
    let per_day = missed / count(days);
    Some(Trial {
        method,
        total_error: total_missed / came,
        wape: missed / came,
        mase: if naive > 0.0 { per_day / naive } else { 0.0 },
        errors,
    })
}

/// The mean error of saying that a day is like that of a week before.
fn naive_error(history: &[f64]) -> f64 {
    let before = history.iter();
    let errors: Vec<f64> =
        history.iter().skip(WEEK).zip(before).map(|(one, other)| (one - other).abs()).collect();
    mean(&errors).unwrap_or_default()
}

/// How far below and above a forecast totals came out, as parts of it.
pub(super) fn band(errors: &[f64]) -> (f64, f64) {
    let mut sorted = errors.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tries = sorted.len();
    // Conformal: of one more try the chance to lie beyond is what is left on each side.
    let outside = tries.saturating_add(1).saturating_mul(100 - NOMINAL_PERCENT) / 200;
    let low = match outside.checked_sub(1).and_then(|it| sorted.get(it)) {
        Some(it) => *it,
        None => sorted.first().map_or(0.0, |it| it.min(0.0) * FEW_TRIES),
    };
    let high = match tries.checked_sub(outside).filter(|_| outside > 0).and_then(|it| sorted.get(it)) {
        Some(it) => *it,
        None => sorted.last().map_or(0.0, |it| it.max(0.0) * FEW_TRIES),
    };
    (low.min(0.0), high.max(0.0))
}

/// How many of the totals came out within the intervals that the tries before them made.
pub(super) fn coverage(errors: &[f64]) -> Option<f64> {
    let later = errors.iter().enumerate().skip(LEAST_FOR_COVERAGE);
    let hits: Vec<f64> = later
        .map(|(place, error)| {
            let (low, high) = band(errors.get(..place).unwrap_or_default());
            if (low..=high).contains(error) { 1.0 } else { 0.0 }
        })
        .collect();
    mean(&hits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_week_is_forecast_without_error_and_simply() {
        let history: Vec<f64> =
            [5.0, 6.0, 7.0, 6.0, 4.0, 0.0, 0.0].iter().cycle().take(90).copied().collect();
        let test = backtest(&history, Stretch { lead: 0, len: 14 }).expect("a backtest");
        let best = test.best().expect("a method");
        assert_eq!((best.method, test.tried.len), (Method::WeekdayMedian, 14));
        assert!(best.total_error < 1e-9 && best.errors.len() > 20, "{best:?}");
    }

    #[test]
    fn what_is_longer_than_the_history_is_tried_shorter() {
        let history = vec![1.0; 61];
        let tried = |lead, len| backtest(&history, Stretch { lead, len }).map(|it| it.tried);
        assert_eq!(tried(0, 90), Some(Stretch { lead: 0, len: 20 }));
        assert_eq!(tried(6, 9), Some(Stretch { lead: 6, len: 9 }));
        assert!(backtest(&history[..27], Stretch { lead: 0, len: 9 }).is_none());
        assert!(backtest(&[0.0; 60], Stretch { lead: 0, len: 9 }).is_none());
    }

    #[test]
    fn an_interval_leaves_out_as_many_as_it_says() {
        let errors: Vec<f64> = (0..19).map(|it| f64::from(it - 9) / 100.0).collect();
        assert_eq!(band(&errors), (-0.08, 0.08));
        // Of few tries it is wider than all of them.
        assert_eq!(band(&[0.1, -0.2, 0.0]), (-0.2 * FEW_TRIES, 0.1 * FEW_TRIES));
        assert_eq!(band(&[]), (0.0, 0.0));
        assert_eq!(coverage(&errors[..8]), None);
    }
}

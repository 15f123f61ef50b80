//! How well each method would have done: it is asked at moments of the past what was to
//! come, and what came is known.
//!
//! A moment is judged by the total of a stretch, because that is what people plan with. Two
//! stretches are tried: a week, many times, and the one that the forecast is about, or as
//! much of it as the history is long enough for. What is used at a moment is chosen by the
//! tries that had ended by then, so that no error knows of what came after it.

use super::estimate::{count, mean};
use super::method::{Method, WEEK};
use super::spread::{Measured, Spread};

/// A history of fewer days than this is too short to choose a method by.
pub const ENOUGH_DAYS: usize = 28;
/// Days that a method is given at least before it is asked.
const LEAST_TRAINING: usize = 21;
/// Moments at most.
const MOMENTS: usize = 30;
/// Tries that must have ended before any of them chooses a method.
const LEAST_TO_CHOOSE: usize = 4;
/// A method must have erred by less than this part of the usual one's error to be preferred.
const WORTH_IT: f64 = 0.8;
/// Intervals that must have been made before it is told how many totals came out within them.
const LEAST_FOR_COVERAGE: usize = 8;
/// The largest error of one try, as a logarithm: beyond twenty times it is all the same.
const LARGEST_ERROR: f64 = 3.0;

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

/// What came of a method at a moment.
#[derive(Debug, Clone, Copy)]
struct Try {
    /// What came as a part of what was forecast, as a logarithm.
    error: f64,
    /// How far the total was off.
    missed: f64,
    /// How far its days were off, added up.
    missed_days: f64,
    /// What came.
    came: f64,
}

/// All methods, tried on one stretch.
#[derive(Debug, Clone)]
pub(super) struct Tries {
    stretch: Stretch,
    /// The lengths of history at which was asked, the shortest first.
    moments: Vec<usize>,
    /// By method, in the order of [`Method::ALL`], and moment.
    by_method: Vec<(Method, Vec<Try>)>,
}

/// What the past says of a forecast of a stretch.
#[derive(Debug, Clone)]
pub(super) struct Backtest {
    /// What was tried: the stretch itself, or as much of it as the history is long enough for.
    pub(super) tried: Stretch,
    /// How often.
    pub(super) tries: usize,
    /// What is used now.
    pub(super) method: Method,
    /// The error of totals, as a part of the totals.
    pub(super) total_error: f64,
    /// The error of days, as a part of the days.
    pub(super) wape: f64,
    /// The error of days against that of the same weekday a week before.
    pub(super) mase: f64,
    /// How many of the totals came out within the intervals that the tries before them made.
    pub(super) coverage: Option<f64>,
    /// The error of totals of each method, as a part of the totals.
    pub(super) methods: Vec<(Method, f64)>,
    /// How far totals may be off.
    pub(super) spread: Spread,
}

impl Tries {
    /// Tries all methods on a stretch.
    fn of(history: &[f64], stretch: Stretch) -> Self {
        let moments = moments(history.len(), stretch.end());
        let by_method = Method::ALL.into_iter().map(|method| {
            let tries = moments.iter().map(|&it| Try::of(method, history, it, stretch));
            (method, tries.collect())
        });
        Self { stretch, by_method: by_method.collect(), moments }
    }

    /// Tries all methods on weeks.
    pub(super) fn of_weeks(history: &[f64]) -> Self {
        Self::of(history, Stretch { lead: 0, len: WEEK })
    }

    /// How many had ended when the history was so long.
    fn ended(&self, days: usize) -> usize {
        self.moments.partition_point(|it| it.saturating_add(self.stretch.end()) <= days)
    }

    /// The method that the tries speak for that had ended by then.
    fn choice(&self, days: usize) -> Method {
        let ended = self.ended(days);
        let missed = |tries: &[Try]| tries.iter().take(ended).map(|it| it.missed).sum::<f64>();
        let of = |method| self.by_method.iter().find(|it| it.0 == method).map(|it| missed(&it.1));
        let Some(usual) = of(Method::USUAL).filter(|_| ended >= LEAST_TO_CHOOSE) else {
            return Method::USUAL;
        };
        let best = self.by_method.iter().map(|it| (missed(&it.1), it.0)).min_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|it| it.0 < usual * WORTH_IT).map_or(Method::USUAL, |it| it.1)
    }

    /// Each try with the method that others had chosen by then.
    fn chosen(&self, by: &Self) -> Vec<Try> {
        let pick = |(place, &moment): (usize, &usize)| {
            let method = by.choice(moment);
            self.by_method.iter().find(|it| it.0 == method)?.1.get(place).copied()
        };
        self.moments.iter().enumerate().filter_map(pick).collect()
    }

    /// How far those were off on the whole that had ended when the history was so long.
    fn measured(&self, chosen: &[Try], days: usize) -> Measured {
        let chosen = chosen.get(..self.ended(days)).unwrap_or(chosen);
        let squares: Vec<f64> = chosen.iter().map(|it| it.error.powi(2)).collect();
        let ends = self.moments.first().zip(chosen.len().checked_sub(1).and_then(|it| self.moments.get(it)));
        let days = ends.map_or(0, |(first, last)| last.saturating_sub(*first));
        Measured {
            stretch: self.stretch,
            variance: mean(&squares).unwrap_or_default(),
            // Tries that overlap say the same thing twice.
            independent: 1.0 + count(days) / count(self.stretch.len),
        }
    }
}

impl Try {
    fn of(method: Method, history: &[f64], moment: usize, stretch: Stretch) -> Self {
        let (known, later) = history.split_at_checked(moment).unwrap_or((history, &[]));
        let path = method.ahead(known, stretch.end());
        let (forecast, actual) = (stretch.of(&path), stretch.of(later));
        let (guess, came): (f64, f64) = (forecast.iter().sum(), actual.iter().sum());
        let error = match (guess > 0.0, came > 0.0) {
            (true, true) => (came / guess).ln().clamp(-LARGEST_ERROR, LARGEST_ERROR),
            (false, false) => 0.0,
            (true, false) => -LARGEST_ERROR,
            (false, true) => LARGEST_ERROR,
        };
        let missed_days = forecast.iter().zip(actual).map(|(one, other)| (one - other).abs()).sum();
        Self { error, missed: (came - guess).abs(), missed_days, came }
    }
}

/// Tries all methods on the past, and on its weeks as was done; `None` where it is too short.
pub(super) fn backtest(history: &[f64], weeks: &Tries, stretch: Stretch) -> Option<Backtest> {
    if history.len() < ENOUGH_DAYS || stretch.len == 0 {
        return None;
    }
    // Half of what is there to be tried on, so that there are several moments to ask.
    let longest = history.len().checked_sub(LEAST_TRAINING)?.div_ceil(2).max(WEEK);
    let tried =
        if stretch.end() <= longest { stretch } else { Stretch { lead: 0, len: longest.min(stretch.end()) } };
    let tries = Tries::of(history, tried);
    let chosen = tries.chosen(&tries);
    let sum = |of: fn(&Try) -> f64| chosen.iter().map(of).sum::<f64>();
    let came = sum(|it| it.came);
    if came <= 0.0 {
        return None;
    }
    let per_day = sum(|it| it.missed_days) / count(chosen.len().saturating_mul(tried.len));
    let naive = naive_error(history);
    let of_method = |(method, tries): &(Method, Vec<Try>)| {
        (*method, tries.iter().map(|it| it.missed).sum::<f64>() / came)
    };
    Some(Backtest {
        tried,
        tries: chosen.len(),
        method: tries.choice(history.len()),
        total_error: sum(|it| it.missed) / came,
        wape: sum(|it| it.missed_days) / came,
        mase: if naive > 0.0 { per_day / naive } else { 0.0 },
        coverage: coverage(weeks, &tries, &chosen),
        methods: tries.by_method.iter().map(of_method).collect(),
        spread: Spread::of(
            weeks.measured(&weeks.chosen(&tries), history.len()),
            tries.measured(&chosen, history.len()),
        ),
    })
}

/// How many of the totals came out within the intervals that the tries before them made.
fn coverage(weeks: &Tries, tries: &Tries, chosen: &[Try]) -> Option<f64> {
    let of_weeks = weeks.chosen(tries);
    let later = tries.moments.iter().zip(chosen).filter(|it| tries.ended(*it.0) >= LEAST_TO_CHOOSE);
    let is_within = |(&moment, it): (&usize, &Try)| {
        let spread = Spread::of(weeks.measured(&of_weeks, moment), tries.measured(chosen, moment));
        if it.error.abs() <= spread.reach(tries.stretch) { 1.0 } else { 0.0 }
    };
    let within: Vec<f64> = later.map(is_within).collect();
    mean(&within).filter(|_| within.len() >= LEAST_FOR_COVERAGE)
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

/// The mean error of saying that a day is like that of a week before.
fn naive_error(history: &[f64]) -> f64 {
    let before = history.iter();
    let errors: Vec<f64> =
        history.iter().skip(WEEK).zip(before).map(|(one, other)| (one - other).abs()).collect();
    mean(&errors).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(history: &[f64], stretch: Stretch) -> Option<Backtest> {
        backtest(history, &Tries::of_weeks(history), stretch)
    }

    #[test]
    fn a_steady_week_is_forecast_without_error() {
        let history: Vec<f64> =
            [5.0, 6.0, 7.0, 6.0, 4.0, 0.0, 0.0].iter().cycle().take(90).copied().collect();
        let stretch = Stretch { lead: 0, len: 14 };
        let test = tried(&history, stretch).expect("a backtest");
        assert_eq!((test.method, test.tried.len), (Method::USUAL, 14));
        assert!(test.total_error < 1e-9 && test.tries > 20, "{test:?}");
        assert!(test.spread.reach(stretch) < 1e-6, "{test:?}");
        assert_eq!(test.coverage, Some(1.0));
    }

    #[test]
    fn what_is_longer_than_the_history_is_tried_shorter() {
        let history = vec![1.0; 61];
        let tried = |lead, len| tried(&history, Stretch { lead, len }).map(|it| it.tried);
        assert_eq!(tried(0, 90), Some(Stretch { lead: 0, len: 20 }));
        assert_eq!(tried(6, 9), Some(Stretch { lead: 6, len: 9 }));
        assert!(super::tests::tried(&history[..27], Stretch { lead: 0, len: 9 }).is_none());
        assert!(super::tests::tried(&[0.0; 60], Stretch { lead: 0, len: 9 }).is_none());
    }

    #[test]
    fn no_try_is_chosen_for_by_what_came_after_it() {
        // Nothing grows, until everything does.
        let day = |it: usize| if it < 70 { 10.0 } else { 10.0 + count(it - 70) };
        let history: Vec<f64> = (0..140).map(day).collect();
        let tries = Tries::of(&history, Stretch { lead: 0, len: 14 });
        assert_eq!(tries.choice(84), Method::USUAL);
        assert_ne!(tries.choice(140), Method::USUAL);
        assert_eq!(tries.chosen(&tries).len(), tries.moments.len());
    }
}

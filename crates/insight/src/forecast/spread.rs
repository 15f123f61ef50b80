//! How far totals may be off, for stretches of any length.
//!
//! The error of a total has two parts. The chance of single days evens out over a longer
//! stretch: as a part of the total, its variance falls with the days. And the level wanders
//! away from where it was: that adds up, with the days until then. Tries of a week tell the
//! one, those of a longer stretch the other, and both together tell of stretches that are
//! longer than any that could be tried.

use super::backtest::Stretch;
use super::estimate::count;

/// Of a hundred totals so many come out within the interval.
pub const NOMINAL_PERCENT: usize = 80;
/// What nine of ten of a normal scatter are below.
const NINE_OF_TEN: f64 = 1.281_551_565_5;
/// The same of the fewest that can be measured, by degrees of freedom from one.
const OF_FEW: [f64; 3] = [3.078, 1.886, 1.638];
/// The farthest that an interval reaches, as a logarithm: two and a half times, and two fifths.
const FARTHEST: f64 = 0.916_290_731_9;
/// Of a level that wanders day by day, the mean over a stretch has one of so many parts of the
/// variance that its end has.
const PART: f64 = 3.0;

/// How far tries of a stretch were off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) stretch: Stretch,
    /// The mean square of their errors, which are logarithms.
    pub(super) variance: f64,
    /// How many there would be that share no day.
    pub(super) independent: f64,
}

/// How far totals may be off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    /// The variance of a single day, and how many tries say so.
    noise: (f64, f64),
    /// The variance that each day adds, and how many tries say so.
    drift: (f64, f64),
}

impl Spread {
    /// Of tries of a week, and of a longer stretch.
    pub(super) fn of(week: Measured, long: Measured) -> Self {
        let (week_days, long_days) = (count(week.stretch.len), count(long.stretch.len));
        if long.stretch.end() <= week.stretch.end() {
            let noise = (long.variance * long_days, long.independent);
            return Self { noise, drift: (0.0, long.independent) };
        }
        let part = week_days / long_days;
        let apart = distance(week.stretch).mul_add(-part, distance(long.stretch));
        let drift = week.variance.mul_add(-part, long.variance).max(0.0) / apart.max(1.0);
        let noise = distance(week.stretch).mul_add(-drift, week.variance).max(0.0) * week_days;
        Self { noise: (noise, week.independent), drift: (drift, long.independent) }
    }

    /// How far the total of a stretch may be off either way, as a logarithm, so that
    /// [`NOMINAL_PERCENT`] of a hundred come out within it.
    pub(super) fn reach(&self, stretch: Stretch) -> f64 {
        let noise = self.noise.0 / count(stretch.len.max(1));
        let drift = self.drift.0 * distance(stretch);
        let variance = noise + drift;
        // After Welch and Satterthwaite: what is made of little counts as little.
        let parts = noise.powi(2) / self.noise.1 + drift.powi(2) / self.drift.1;
        if parts <= 0.0 {
            return 0.0;
        }
        let freedom = variance.powi(2) / parts;
        (nine_of_ten(freedom) * (variance * (1.0 + 1.0 / freedom)).sqrt()).min(FARTHEST)
    }
}

/// Days to the middle of a stretch, as a level counts them that wanders.
fn distance(stretch: Stretch) -> f64 {
    count(stretch.lead) + count(stretch.len) / PART
}

/// What nine of ten are below of what so few say: Student's quantile, after Cornish and Fisher.
fn nine_of_ten(freedom: f64) -> f64 {
    let [one, two, three] = OF_FEW;
    if freedom < 1.5 {
        return one;
    }
    if freedom < 2.5 {
        return two;
    }
    let z = NINE_OF_TEN;
    let first = (z.powi(3) + z) / (4.0 * freedom);
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * freedom.powi(2));
    (z + first + second).min(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(lead: usize, len: usize, variance: f64, independent: f64) -> Measured {
        Measured { stretch: Stretch { lead, len }, variance, independent }
    }

    /// How far the total of so many days may be off.
    fn reach(week: f64, long: f64, len: usize) -> f64 {
        let spread = Spread::of(measured(0, 7, week, 1e6), measured(0, 28, long, 1e6));
        spread.reach(Stretch { lead: 0, len })
    }

    #[test]
    fn chance_evens_out_and_a_level_that_wanders_does_not() {
        // Four weeks of chance alone have a quarter of the variance of one.
        assert!((reach(0.04, 0.01, 112) - NINE_OF_TEN * (0.04_f64 / 16.0).sqrt()).abs() < 1e-4);
        // A level alone has four times that.
        assert!((reach(0.01, 0.04, 112) - NINE_OF_TEN * 0.4).abs() < 1e-4);
        assert!(reach(0.04, 0.02, 112) > reach(0.04, 0.01, 112));
        assert_eq!(reach(0.0, 0.0, 28), 0.0);
        assert_eq!(reach(9.0, 9.0, 900), FARTHEST);
    }

    #[test]
    fn what_few_tries_say_reaches_farther() {
        let of = |tries| {
            Spread::of(measured(0, 7, 0.01, tries), measured(0, 3, 0.01, tries))
                .reach(Stretch { lead: 0, len: 3 })
        };
        assert!(of(2.0) > of(4.0) && of(4.0) > of(40.0) && of(40.0) > 0.128);
        // The tables of Student's distribution.
        for (freedom, expected) in [(1.0, 3.078), (2.0, 1.886), (4.0, 1.533), (10.0, 1.372), (30.0, 1.310)] {
            assert!((nine_of_ten(freedom) - expected).abs() < 0.01, "{freedom}");
        }
    }
}

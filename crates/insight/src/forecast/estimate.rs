//! Where money becomes an estimate and an estimate an amount again.
//!
//! An estimate is a float, since nothing that it is made of is exact. It is rounded
//! once, to nano-USD, and is never booked, added to what was booked, or compared with it
//! to decide anything about a call.

use domain::NanoUsd;

/// The amount as a number to reckon with, in nano-USD.
#[expect(clippy::as_conversions, reason = "an estimate needs sixteen digits and not nineteen")]
pub(super) const fn number(amount: NanoUsd) -> f64 {
    amount.nano() as f64
}

/// The nearest amount; none below zero, since nobody is paid for spending.
#[expect(clippy::as_conversions, reason = "beyond its ends an amount is its end, and no number is zero")]
pub(super) fn amount(estimate: f64) -> NanoUsd {
    NanoUsd::new(estimate.round().max(0.0) as i64)
}

/// A ratio as parts of a thousand.
#[expect(clippy::as_conversions, reason = "beyond its ends it is its end, and no number is zero")]
pub(super) fn per_mille(ratio: f64) -> i64 {
    (ratio * 1_000.0).round() as i64
}

/// A count as a number.
pub(super) fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

/// The middle of the numbers; of an even count the mean of the two in the middle.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let upper = *numbers.get(numbers.len() / 2)?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *numbers.get((numbers.len() / 2).checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// Their mean.
pub(super) fn mean(numbers: &[f64]) -> Option<f64> {
    if numbers.is_empty() { None } else { Some(numbers.iter().sum::<f64>() / count(numbers.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_rounded_once_and_never_below_nothing() {
        for (estimate, nano) in [(1.5, 2), (-3.0, 0), (f64::NAN, 0), (f64::INFINITY, i64::MAX), (0.4, 0)] {
            assert_eq!(amount(estimate), NanoUsd::new(nano), "{estimate}");
        }
        assert_eq!(number(NanoUsd::new(12)), 12.0);
        assert_eq!(per_mille(0.1234), 123);
    }

    #[test]
    fn the_middle_is_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}

//! Middles and deviations of amounts, in integers: what is unusual is decided exactly.

use domain::NanoUsd;

/// The standard deviation of a normal scatter as a multiple of its median deviation, in ten-thousandths.
const BY_MEDIAN: i128 = 14_826;
/// The same of the deviation that nine of ten stay within.
const BY_NINE_OF_TEN: i128 = 6_080;

/// The middle of the amounts; of an even count the mean of the two in the middle, rounded
/// down. `None` of none.
pub(super) fn median(mut amounts: Vec<i128>) -> Option<i128> {
    amounts.sort_unstable();
    let upper = *amounts.get(amounts.len() / 2)?;
    if amounts.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *amounts.get((amounts.len() / 2).checked_sub(1)?)?;
    Some(lower.saturating_add(upper).div_euclid(2))
}

/// How far amounts usually are from their middle: the median deviation, or the one that nine
/// of ten stay within where that says more, each scaled to the standard deviation of a
/// normal scatter. What spends in bursts has a small median deviation and wide tails.
pub(super) fn deviation(residuals: &[i128]) -> Option<i128> {
    let size = |it: &i128| i128::try_from(it.unsigned_abs()).unwrap_or(i128::MAX);
    let mut sizes: Vec<i128> = residuals.iter().map(size).collect();
    sizes.sort_unstable();
    let most = *sizes.get(sizes.len().checked_mul(9)?.div_ceil(10).checked_sub(1)?)?;
    let middle = median(sizes)?;
    let by = |size: i128, factor: i128| size.saturating_mul(factor) / 10_000;
    Some(by(middle, BY_MEDIAN).max(by(most, BY_NINE_OF_TEN)))
}

/// An amount to reckon with.
pub(super) fn wide(amount: NanoUsd) -> i128 {
    i128::from(amount.nano())
}

/// The nearest amount.
pub(super) fn narrow(nano: i128) -> NanoUsd {
    let bound = if nano < 0 { i64::MIN } else { i64::MAX };
    NanoUsd::new(i64::try_from(nano).unwrap_or(bound))
}

/// So many tenths of a percent of an amount.
pub(super) fn share(amount: i128, tenths: i128) -> i128 {
    amount.saturating_mul(tenths) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_amount_moves_nothing() {
        assert_eq!(median(vec![1, 9, 5]), Some(5));
        assert_eq!(median(vec![4, 1, 1_000_000, 2]), Some(3));
        assert_eq!(median(Vec::new()), None);
        let mut residuals = vec![10, -10, 10, 9, -9, 8, 12, -11, 10, 9, 9_000_000];
        assert_eq!(deviation(&residuals), Some(14));
        residuals.extend([-500, 500]);
        assert_eq!(deviation(&residuals), Some(304));
        assert_eq!(deviation(&[]), None);
        assert_eq!(narrow(i128::MAX), NanoUsd::new(i64::MAX));
    }
}

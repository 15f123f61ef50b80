//! Figures as people read them: thousands, millions, dollars and shares.
//!
//! Everything is integer arithmetic. What is rounded here is for the eye only;
//! JSON and CSV carry the exact figures.

use domain::NanoUsd;

/// A count with separators: `1,234,567`.
pub(crate) fn thousands(count: u128) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len().saturating_add(digits.len() / 3));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count in three digits or so: `999`, `1.2k`, `45.1M`, `3.4B`.
pub(crate) fn compact(count: u64) -> String {
    const UNITS: [(u128, &str); 4] =
        [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "B"), (1_000_000_000_000, "T")];
    if count < 1_000 {
        return count.to_string();
    }
    let count = u128::from(count);
    let mut last = String::new();
    for (unit, name) in UNITS {
        let whole = round_half_up(count, unit);
        let tenths = round_half_up(count.saturating_mul(10), unit);
        last = if tenths < 1_000 {
            format!("{}.{}{name}", tenths / 10, tenths % 10)
        } else {
            format!("{}{name}", thousands(whole))
        };
        if whole < 1_000 {
            break;
        }
    }
    last
}

fn round_half_up(count: u128, unit: u128) -> u128 {
    count.saturating_add(unit / 2).checked_div(unit).unwrap_or_default()
}

/// An amount in whole cents: `$1,234.56`. What is less than a cent but not
/// nothing is never shown as nothing: `<$0.01`.
#[must_use]
pub fn dollars(amount: NanoUsd) -> String {
    const CENT: u64 = 10_000_000;
    let magnitude = amount.nano().unsigned_abs();
    let sign = if amount.nano() < 0 { "-" } else { "" };
    if magnitude == 0 {
        return "$0.00".to_owned();
    }
    if magnitude < CENT {
        return if sign.is_empty() { "<$0.01".to_owned() } else { ">-$0.01".to_owned() };
    }
    let cents = round_half_up(u128::from(magnitude), u128::from(CENT));
    format!("{sign}${}.{:02}", thousands(cents / 100), cents % 100)
}

/// A change of an amount, always with its sign: `+$1.20`, `-$3.00`.
pub(crate) fn signed_dollars(change: NanoUsd) -> String {
    let text = dollars(change);
    if change.nano() > 0 { format!("+{text}") } else { text }
}

/// A part of a whole in tenths of a percent, rounded half away from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PerMille(i64);

impl PerMille {
    /// How much `part` is of `whole`; `None` of nothing.
    #[must_use]
    pub fn of(part: i128, whole: i128) -> Option<Self> {
        let (top, bottom) = (part.unsigned_abs(), whole.unsigned_abs());
        let doubled = top.checked_mul(2_000)?.checked_add(bottom)?;
        let size = i64::try_from(doubled.checked_div(bottom.checked_mul(2)?)?).ok()?;
        Some(Self(if (part < 0) == (whole < 0) { size } else { size.checked_neg()? }))
    }

    /// How much the amount is of the other; `None` of no money.
    #[must_use]
    pub fn of_money(part: NanoUsd, whole: NanoUsd) -> Option<Self> {
        Self::of(i128::from(part.nano()), i128::from(whole.nano()))
    }

    /// So many tenths of a percent.
    pub(crate) const fn in_tenths(tenths: i64) -> Self {
        Self(tenths)
    }

    /// In tenths of a percent.
    #[must_use]
    pub const fn tenths(self) -> i64 {
        self.0
    }

    /// As a decimal percentage without its sign: `12.3`.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        format!("{sign}{}.{}", size / 10, size % 10)
    }
}

impl std::fmt::Display for PerMille {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}%", self.to_decimal()))
    }
}

/// How much `part` is of `whole`, for people: `12.3%`, `<0.1%`, and a dash of nothing.
pub(crate) fn share(part: NanoUsd, whole: NanoUsd) -> String {
    match PerMille::of_money(part, whole) {
        None => "-".to_owned(),
        Some(PerMille(0)) if part != NanoUsd::ZERO => "<0.1%".to_owned(),
        Some(it) => it.to_string(),
    }
}

/// `1 call`, `2 calls`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(u128::from(count)), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(count), text);
        }
    }

    #[test]
    fn large_counts_keep_three_digits() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1.0k"),
            (1_250, "1.3k"),
            (99_949, "99.9k"),
            (99_950, "100k"),
            (999_499, "999k"),
            (999_500, "1.0M"),
            (45_120_000, "45.1M"),
            (3_400_000_000, "3.4B"),
            (u64::MAX, "18,446,744T"),
        ] {
            assert_eq!(compact(count), text, "{count}");
        }
    }

    #[test]
    fn no_cost_but_zero_is_shown_as_zero() {
        for (nano, text) in [
            (0, "$0.00"),
            (1, "<$0.01"),
            (9_999_999, "<$0.01"),
            (10_000_000, "$0.01"),
            (14_999_999, "$0.01"),
            (15_000_000, "$0.02"),
            (1_234_567_890_000, "$1,234.57"),
            (-1, ">-$0.01"),
            (-2_500_000_000, "-$2.50"),
        ] {
            assert_eq!(dollars(NanoUsd::new(nano)), text, "{nano}");
        }
        assert_eq!(signed_dollars(NanoUsd::new(1_200_000_000)), "+$1.20");
        assert_eq!(signed_dollars(NanoUsd::new(-1_200_000_000)), "-$1.20");
    }

    #[test]
    fn shares_are_rounded_once() {
        for (part, whole, text) in [
            (1, 3, "33.3%"),
            (2, 3, "66.7%"),
            (12_345, 100_000, "12.3%"),
            (12_350, 100_000, "12.4%"),
            (-1, 8, "-12.5%"),
            (5, -10, "-50.0%"),
            (1, 1, "100.0%"),
            (20, 1, "2000.0%"),
        ] {
            assert_eq!(PerMille::of(part, whole).map(|it| it.to_string()).as_deref(), Some(text));
        }
        assert_eq!(PerMille::of(1, 0), None);
        assert_eq!(share(NanoUsd::new(1), NanoUsd::new(1_000_000)), "<0.1%");
        assert_eq!(share(NanoUsd::ZERO, NanoUsd::ZERO), "-");
    }
}

//! Money as integers: pico-USD while a price is computed, nano-USD once it is kept.
//!
//! 1 USD = 10⁹ nano-USD = 10¹² pico-USD. A call is computed exactly in pico and
//! rounded once, half to even, so a sum of calls is a sum of what was booked and
//! never drifts. Arithmetic is checked; an overflow is an error, not a wrap.

use std::fmt;
use std::str::FromStr;

/// Nano-USD in one USD.
pub const NANO_PER_USD: i64 = 1_000_000_000;
/// Pico-USD in one nano-USD.
pub const PICO_PER_NANO: i128 = 1_000;

/// A sum, product or conversion left the range that its type can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("amount out of range")]
pub struct Overflow;

/// An exact amount in pico-USD, as computed before rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PicoUsd(i128);

impl PicoUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount of so many pico-USD.
    #[must_use]
    pub const fn new(pico: i128) -> Self {
        Self(pico)
    }

    /// The amount in pico-USD.
    #[must_use]
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] outside of i128.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// So many times this amount, as in tokens × rate.
    ///
    /// # Errors
    /// [`Overflow`] outside of i128.
    pub fn times(self, count: u64) -> Result<Self, Overflow> {
        self.0.checked_mul(i128::from(count)).map(Self).ok_or(Overflow)
    }

    /// Rounds to nano-USD, half to even: the one rounding in a call's life.
    ///
    /// # Errors
    /// [`Overflow`] beyond 9.2 billion USD.
    pub fn round_half_even(self) -> Result<NanoUsd, Overflow> {
        let floor = self.0.checked_div_euclid(PICO_PER_NANO).ok_or(Overflow)?;
        let rest = self.0.checked_rem_euclid(PICO_PER_NANO).ok_or(Overflow)?;
        let odd = floor.checked_rem_euclid(2) == Some(1);
        let up = rest > 500 || (rest == 500 && odd);
        let nano = floor.checked_add(i128::from(up)).ok_or(Overflow)?;
        i64::try_from(nano).map(NanoUsd).map_err(|_| Overflow)
    }
}

/// An amount in nano-USD, as stored and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NanoUsd(i64);

impl NanoUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount of so many nano-USD.
    #[must_use]
    pub const fn new(nano: i64) -> Self {
        Self(nano)
    }

    /// The amount in nano-USD.
    #[must_use]
    pub const fn nano(self) -> i64 {
        self.0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] beyond 9.2 billion USD.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`Overflow`] beyond 9.2 billion USD.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// Rounded half up to whole cents, for people: `12.35`. Exact figures use [`fmt::Display`].
    #[must_use]
    pub fn to_cents_string(self) -> String {
        let nano = i128::from(self.0);
        let sign = if nano < 0 { "-" } else { "" };
        let cents = nano.unsigned_abs().saturating_add(5_000_000).checked_div(10_000_000).unwrap_or_default();
        let whole = cents.checked_div(100).unwrap_or_default();
        let part = cents.checked_rem(100).unwrap_or_default();
        let sign = if cents == 0 { "" } else { sign };
        format!("{sign}{whole}.{part:02}")
    }
}

/// The exact amount in USD with all nine decimals: `12.345678901`.
impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nano = self.0.unsigned_abs();
        let per_usd = NANO_PER_USD.unsigned_abs();
        let whole = nano.checked_div(per_usd).unwrap_or_default();
        let part = nano.checked_rem(per_usd).unwrap_or_default();
        write!(f, "{sign}{whole}.{part:09}")
    }
}

/// The text is not an amount in USD with at most twelve decimals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a decimal amount in USD with at most 12 decimals")]
pub struct NotAnAmount(String);

/// Reads a decimal amount in USD exactly, as `0.0000375`.
impl FromStr for PicoUsd {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotAnAmount(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && part.is_empty()) || !plain(whole) || !plain(part) || part.len() > 12 {
            return Err(refused());
        }
        let pico: i128 = format!("{whole}{part:0<12}").parse().map_err(|_| refused())?;
        Ok(Self(if negative { pico.checked_neg().ok_or_else(refused)? } else { pico }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_to_even_once() {
        for (pico, nano) in [
            (0, 0),
            (499, 0),
            (500, 0),
            (501, 1),
            (1_499, 1),
            (1_500, 2),
            (2_500, 2),
            (2_501, 3),
            (-500, 0),
            (-501, -1),
            (-1_500, -2),
            (-2_500, -2),
        ] {
            assert_eq!(PicoUsd::new(pico).round_half_even(), Ok(NanoUsd::new(nano)), "{pico} pico");
        }
    }

    #[test]
    fn shows_every_digit() {
        for (nano, exact, cents) in [
            (0, "0.000000000", "0.00"),
            (1, "0.000000001", "0.00"),
            (12_345_678_901, "12.345678901", "12.35"),
            (-1_005_000_000, "-1.005000000", "-1.01"),
            (-1, "-0.000000001", "0.00"),
            (i64::MAX, "9223372036.854775807", "9223372036.85"),
            (i64::MIN, "-9223372036.854775808", "-9223372036.85"),
        ] {
            assert_eq!(NanoUsd::new(nano).to_string(), exact);
            assert_eq!(NanoUsd::new(nano).to_cents_string(), cents);
        }
    }

    #[test]
    fn reads_decimals_exactly_and_refuses_the_rest() {
        for (text, pico) in [
            ("0", 0),
            ("3", 3_000_000_000_000),
            ("0.0000375", 37_500_000),
            ("0.000000000001", 1),
            ("-2.5", -2_500_000_000_000),
            (".5", 500_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(PicoUsd::new(pico)), "{text}");
        }
        for text in [
            "",
            ".",
            "-",
            "1e3",
            "1,5",
            " 1",
            "0.0000000000001",
            "--1",
            "+1",
            "99999999999999999999999999999999",
        ] {
            assert!(text.parse::<PicoUsd>().is_err(), "{text}");
        }
    }

    #[test]
    fn overflow_is_an_error() {
        assert_eq!(NanoUsd::new(i64::MAX).plus(NanoUsd::new(1)), Err(Overflow));
        assert_eq!(PicoUsd::new(i128::MAX).times(2), Err(Overflow));
        assert_eq!(PicoUsd::new(i128::MAX).round_half_even(), Err(Overflow));
    }
}

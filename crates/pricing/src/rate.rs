//! Rates, factors and exact amounts: integers and fractions, never floats.

use std::fmt;

use domain::money::PICO_PER_NANO;
use domain::{NanoUsd, Overflow, PicoUsd, Tokens};

/// Decimals that a rate in USD per million tokens may have: one pico-USD per token.
pub const RATE_DECIMALS: usize = 6;
/// Decimals that a factor may have.
pub const FACTOR_DECIMALS: usize = 6;

/// A price of tokens: whole pico-USD per token, which is USD per million tokens
/// with at most six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(u64);

impl Rate {
    /// Of so many pico-USD per token.
    #[must_use]
    pub const fn from_pico_per_token(pico: u64) -> Self {
        Self(pico)
    }

    /// Read exactly from USD per million tokens, as `0.125`; none where that has
    /// more decimals than a rate can hold, or is no decimal.
    #[must_use]
    pub fn from_usd_per_mtok(text: &str) -> Option<Self> {
        fixed_point(text, RATE_DECIMALS).map(Self)
    }

    /// In pico-USD per token.
    #[must_use]
    pub const fn pico_per_token(self) -> u64 {
        self.0
    }

    /// What so many tokens cost.
    ///
    /// # Errors
    /// [`Overflow`] outside of i128.
    pub fn times(self, tokens: Tokens) -> Result<PicoUsd, Overflow> {
        PicoUsd::new(i128::from(self.0)).times(tokens.count())
    }
}

/// The exact price in USD per million tokens: `0.125`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal(self.0, RATE_DECIMALS))
    }
}

/// A price of pieces, as web searches: USD per thousand with at most six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceRate(u64);

impl PieceRate {
    /// Read exactly from USD per thousand pieces, as `10`.
    #[must_use]
    pub fn from_usd_per_thousand(text: &str) -> Option<Self> {
        fixed_point(text, RATE_DECIMALS).map(Self)
    }

    /// What so many cost.
    ///
    /// # Errors
    /// [`Overflow`] outside of i128.
    pub fn times(self, count: u64) -> Result<PicoUsd, Overflow> {
        // Millionths of a USD for a thousand are nano-USD for one.
        let pico_for_one = i128::from(self.0).checked_mul(PICO_PER_NANO).ok_or(Overflow)?;
        PicoUsd::new(pico_for_one).times(count)
    }
}

/// The exact price in USD per thousand: `10`.
impl fmt::Display for PieceRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal(self.0, RATE_DECIMALS))
    }
}

/// A positive factor on a price, as an exact fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    /// No change.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// Read exactly from a decimal, as `1.1`; none where it has more than six
    /// decimals, or is no decimal.
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        let millionths = fixed_point(text, FACTOR_DECIMALS)?;
        Self::reduced(millionths, 1_000_000)
    }

    /// The product, in lowest terms.
    ///
    /// # Errors
    /// [`Overflow`] where it does not fit.
    pub fn times(self, other: Self) -> Result<Self, Overflow> {
        if self == Self::ONE || other == Self::ONE {
            return Ok(if self == Self::ONE { other } else { self });
        }
        let numerator = self.numerator.checked_mul(other.numerator).ok_or(Overflow)?;
        let denominator = self.denominator.checked_mul(other.denominator).ok_or(Overflow)?;
        Self::reduced(numerator, denominator).ok_or(Overflow)
    }

    fn reduced(numerator: u64, denominator: u64) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator, denominator);
        Some(Self {
            numerator: numerator.checked_div(divisor)?,
            denominator: denominator.checked_div(divisor)?,
        })
    }
}

/// As a decimal where it is one, else as a fraction: `1.1`, `2/3`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.numerator.checked_mul(1_000_000) {
            Some(scaled) if scaled.checked_rem(self.denominator) == Some(0) => {
                f.pad(&decimal(scaled.checked_div(self.denominator).unwrap_or_default(), FACTOR_DECIMALS))
            }
            _ => f.pad(&format!("{}/{}", self.numerator, self.denominator)),
        }
    }
}

/// An exact amount before it is rounded: a fraction of pico-USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    numerator: i128,
    denominator: i128,
}

impl Exact {
    /// No money.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// Of whole pico-USD.
    #[must_use]
    pub const fn from_pico(pico: PicoUsd) -> Self {
        Self { numerator: pico.pico(), denominator: 1 }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] outside of i128.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        if other.numerator == 0 {
            return Ok(self);
        }
        if self.denominator == other.denominator {
            let numerator = self.numerator.checked_add(other.numerator).ok_or(Overflow)?;
            return Ok(Self { numerator, ..self });
        }
        let here = self.numerator.checked_mul(other.denominator).ok_or(Overflow)?;
        let there = other.numerator.checked_mul(self.denominator).ok_or(Overflow)?;
        let denominator = self.denominator.checked_mul(other.denominator).ok_or(Overflow)?;
        Ok(Self { numerator: here.checked_add(there).ok_or(Overflow)?, denominator })
    }

    /// The product with a factor.
    ///
    /// # Errors
    /// [`Overflow`] outside of i128.
    pub fn times(self, factor: Ratio) -> Result<Self, Overflow> {
        let numerator = self.numerator.checked_mul(i128::from(factor.numerator)).ok_or(Overflow)?;
        let denominator = self.denominator.checked_mul(i128::from(factor.denominator)).ok_or(Overflow)?;
        Ok(Self { numerator, denominator })
    }

    /// Rounds to nano-USD, half to even: the one rounding in a call's life.
    ///
    /// # Errors
    /// [`Overflow`] beyond 9.2 billion USD.
    pub fn round_half_even(self) -> Result<NanoUsd, Overflow> {
        let divisor = self.denominator.checked_mul(PICO_PER_NANO).ok_or(Overflow)?;
        let floor = self.numerator.checked_div_euclid(divisor).ok_or(Overflow)?;
        let whole = floor.checked_mul(divisor).ok_or(Overflow)?;
        let rest = self.numerator.checked_sub(whole).ok_or(Overflow)?;
        let missing = divisor.checked_sub(rest).ok_or(Overflow)?;
        let odd = floor & 1 == 1;
        let up = rest > missing || (rest == missing && odd);
        let nano = floor.checked_add(i128::from(up)).ok_or(Overflow)?;
        i64::try_from(nano).map(NanoUsd::new).map_err(|_| Overflow)
    }

    /// What rounding adds: the rounded amount less this one.
    ///
    /// # Errors
    /// [`Overflow`] where the amount does not fit.
    pub fn rounding(self) -> Result<Self, Overflow> {
        let rounded =
            i128::from(self.round_half_even()?.nano()).checked_mul(PICO_PER_NANO).ok_or(Overflow)?;
        let numerator = self.numerator.checked_neg().ok_or(Overflow)?;
        Self::from_pico(PicoUsd::new(rounded)).plus(Self { numerator, ..self })
    }
}

/// The amount in pico-USD, exactly: `1250000`, `37.5`, `1000/3`.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.numerator < 0 { "-" } else { "" };
        let numerator = self.numerator.unsigned_abs();
        let denominator = self.denominator.unsigned_abs();
        let whole = numerator.checked_div(denominator).unwrap_or_default();
        let mut rest = numerator.checked_rem(denominator).unwrap_or_default();
        let mut digits = String::new();
        while rest != 0 && digits.len() < MAX_DISPLAY_DECIMALS {
            rest = rest.saturating_mul(10);
            digits.push_str(&rest.checked_div(denominator).unwrap_or_default().to_string());
            rest = rest.checked_rem(denominator).unwrap_or_default();
        }
        if rest != 0 {
            return f.pad(&format!("{sign}{numerator}/{denominator}"));
        }
        let point = if digits.is_empty() { "" } else { "." };
        f.pad(&format!("{sign}{whole}{point}{digits}"))
    }
}

/// Decimals of a pico-USD that are shown before an amount is shown as a fraction.
const MAX_DISPLAY_DECIMALS: usize = 18;

/// Reads an unsigned decimal with at most `decimals` digits behind its point, in
/// units of its last digit. Trailing zeros beyond are no digits.
pub(crate) fn fixed_point(text: &str, decimals: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > decimals || !plain(whole) || !plain(part) {
        return None;
    }
    let mut units: u64 = 0;
    let padding = std::iter::repeat_n(b'0', decimals.saturating_sub(part.len()));
    for byte in whole.bytes().chain(part.bytes()).chain(padding) {
        units = units.checked_mul(10)?.checked_add(u64::from(byte.checked_sub(b'0')?))?;
    }
    Some(units)
}

/// The decimal of so many units of its last digit, without trailing zeros.
fn decimal(units: u64, decimals: usize) -> String {
    let digits = format!("{units:0>width$}", width = decimals.saturating_add(1));
    let (whole, part) = digits.split_at(digits.len().saturating_sub(decimals));
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
    }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_shown_exactly() {
        for (text, pico, shown) in [
            ("5", 5_000_000, "5"),
            ("0.125", 125_000, "0.125"),
            ("0.003625", 3_625, "0.003625"),
            ("1.50", 1_500_000, "1.5"),
            ("0.1000000000", 100_000, "0.1"),
            ("0", 0, "0"),
        ] {
            let rate = Rate::from_usd_per_mtok(text);
            assert_eq!(rate, Some(Rate::from_pico_per_token(pico)), "{text}");
            assert_eq!(rate.map(|rate| rate.to_string()).as_deref(), Some(shown));
        }
        for text in ["", ".5", "-1", "1e3", "0.0000001", "1,5", "99999999999999999999"] {
            assert_eq!(Rate::from_usd_per_mtok(text), None, "{text}");
        }
    }

    #[test]
    fn factors_multiply_in_lowest_terms() {
        let factor = |text: &str| Ratio::from_decimal(text).expect(text);
        let both = factor("0.5").times(factor("1.1")).expect("fits");
        assert_eq!(both.to_string(), "0.55");
        assert_eq!(both, factor("0.55"));
        assert_eq!(factor("1"), Ratio::ONE);
    }

    #[test]
    fn fractions_round_half_to_even() {
        let half = Ratio::from_decimal("0.5").expect("decimal");
        for (pico, nano, rounding) in
            [(1_000, 0, "-500"), (3_000, 2, "500"), (2_999, 1, "-499.5"), (3_001, 2, "499.5"), (0, 0, "0")]
        {
            let exact = Exact::from_pico(PicoUsd::new(pico)).times(half).expect("fits");
            assert_eq!(exact.round_half_even(), Ok(NanoUsd::new(nano)), "{pico}");
            assert_eq!(exact.rounding().expect("fits").to_string(), rounding, "{pico}");
        }
    }
}

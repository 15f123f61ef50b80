//! What changed against the period before.

use domain::{Measures, NanoUsd, Overflow};

use crate::text::PerMille;

/// A change larger than this is flagged, in tenths of a percent.
pub const FLAG_ABOVE: i64 = 300;

/// The cost of one period against another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What it was.
    pub before: NanoUsd,
    /// The calls that it was.
    pub calls_before: u64,
    /// What it is more, or less.
    pub difference: NanoUsd,
    /// The same as a part of what it was.
    pub rate: Rate,
}

/// How much more or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// By so much.
    By(PerMille),
    /// There was nothing before.
    New,
    /// There is and was nothing.
    Nothing,
}

impl Change {
    /// From one sum to another.
    ///
    /// # Errors
    /// [`Overflow`] where the difference does not fit.
    pub fn between(before: &Measures, now: &Measures) -> Result<Self, Overflow> {
        let difference = now.cost.minus(before.cost)?;
        let rate = match PerMille::of_money(difference, before.cost) {
            Some(by) => Rate::By(by),
            None if now.cost == NanoUsd::ZERO => Rate::Nothing,
            None => Rate::New,
        };
        Ok(Self { before: before.cost, calls_before: before.calls, difference, rate })
    }

    /// Whether it is large enough to be looked at.
    #[must_use]
    pub const fn is_flagged(&self) -> bool {
        match self.rate {
            Rate::By(by) => by.tenths().unsigned_abs() > FLAG_ABOVE.unsigned_abs(),
            Rate::New | Rate::Nothing => false,
        }
    }

    /// For people: `+12.3%`, `new`, or a dash.
    pub(crate) fn rate_text(&self) -> String {
        match self.rate {
            Rate::By(by) if by.tenths() > 0 => format!("+{by}"),
            Rate::By(by) => by.to_string(),
            Rate::New => "new".to_owned(),
            Rate::Nothing => "-".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shares_of_what_was() {
        for (before, now, text, flagged) in [
            (100, 130, "+30.0%", false),
            (1_000, 1_301, "+30.1%", true),
            (100, 69, "-31.0%", true),
            (100, 0, "-100.0%", true),
            (0, 5, "new", false),
            (0, 0, "-", false),
            (100, 100, "0.0%", false),
        ] {
            let cost = |nano| Measures { cost: NanoUsd::new(nano), ..Measures::ZERO };
            let change = Change::between(&cost(before), &cost(now)).expect("a change");
            assert_eq!((change.rate_text().as_str(), change.is_flagged()), (text, flagged), "{before} {now}");
        }
    }
}

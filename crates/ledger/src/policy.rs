//! What the organisation decides once for all budgets.

use std::collections::BTreeMap;

use domain::NanoUsd;

use crate::calendar::Calendar;

/// What holds for all budgets. Whoever runs a ledger hands it in.
#[derive(Debug, Clone)]
pub struct Policy {
    /// When periods begin, and on which days people work.
    pub calendar: Calendar,
    /// Who may move how much, by role. A role that is not here moves nothing.
    pub transfers: BTreeMap<String, TransferLimit>,
    /// How much a gateway takes away with it.
    pub lending: Lending,
}

impl Policy {
    /// With that calendar; owners and admins move what they like, and nobody else.
    #[must_use]
    pub fn new(calendar: Calendar) -> Self {
        let free = |role: &str| (role.to_owned(), TransferLimit::default());
        let transfers = [free("owner"), free("admin")].into_iter().collect();
        Self { calendar, transfers, lending: Lending::default() }
    }
}

/// How much a role may move. What is not said is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransferLimit {
    /// At once.
    pub at_once: Option<NanoUsd>,
    /// In a period of the budgets it is moved between.
    pub in_period: Option<NanoUsd>,
    /// How often in such a period.
    pub times: Option<u32>,
}

/// How much a gateway takes away with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lending {
    /// At most so many per cent of what is left.
    pub share_percent: u16,
    /// At most what it spends in so many seconds.
    pub seconds: i64,
    /// Less than so much is not lent: then a gateway reserves here, so that the last
    /// dollars are not scattered.
    pub least: NanoUsd,
    /// How long a lease lasts, at most.
    pub max_ms: i64,
}

impl Default for Lending {
    fn default() -> Self {
        Self { share_percent: 10, seconds: 30, least: NanoUsd::new(100_000_000), max_ms: 60_000 }
    }
}

impl Lending {
    /// How much a gateway should hold of a budget that has so much left, if it spends
    /// that fast; nothing where it should reserve directly.
    #[must_use]
    pub fn slice(&self, left: NanoUsd, nano_per_second: i64) -> Option<NanoUsd> {
        let share = i128::from(left.nano()).saturating_mul(i128::from(self.share_percent));
        let share = share.checked_div(100).unwrap_or_default();
        let pace = i128::from(nano_per_second.max(0)).saturating_mul(i128::from(self.seconds.max(0)));
        let pace = pace.max(i128::from(self.least.nano()));
        let slice = i64::try_from(share.min(pace)).ok().map(NanoUsd::new)?;
        (slice >= self.least && slice > NanoUsd::ZERO).then_some(slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_a_share_or_what_is_spent_soon() {
        let lending = Lending { share_percent: 10, seconds: 30, least: NanoUsd::new(100), max_ms: 1 };
        for (left, pace, expected) in [
            (100_000, 50, Some(1_500)),
            (100_000, 0, Some(100)),
            (100_000, -5, Some(100)),
            (100_000, i64::MAX, Some(10_000)),
            (5_000, 50, Some(500)),
            (1_000, 50, Some(100)),
            (999, 50, None),
            (0, 50, None),
            (-100_000, 50, None),
        ] {
            let slice = lending.slice(NanoUsd::new(left), pace).map(NanoUsd::nano);
            assert_eq!(slice, expected, "{left} left, {pace} a second");
        }
    }
}

//! Sums of calls: what every report is made of.

use crate::call::PricedCall;
use crate::money::{NanoUsd, Overflow};
use crate::observation::OutputConfidence;
use crate::time::QuarterHour;
use crate::usage::Usage;

/// The sum of all calls of one quarter of an hour, place, service and confidence.
/// Reports read these instead of calls; both have the same total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// When.
    pub quarter: QuarterHour,
    /// Where: the store's number of a [`crate::Place`].
    pub place: u32,
    /// Which model, under which terms: the store's number of a [`crate::Service`].
    pub service: u32,
    /// How far the output counts can be trusted.
    pub output: OutputConfidence,
    /// How much.
    pub measures: Measures,
}

/// Counts and amounts that add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measures {
    /// How many calls.
    pub calls: u64,
    /// How many of them have no price.
    pub unpriced_calls: u64,
    /// What they used.
    pub usage: Usage,
    /// What the priced ones cost at list price.
    pub list: NanoUsd,
    /// What the priced ones cost under contract.
    pub cost: NanoUsd,
}

impl Measures {
    /// Nothing.
    pub const ZERO: Self =
        Self { calls: 0, unpriced_calls: 0, usage: Usage::ZERO, list: NanoUsd::ZERO, cost: NanoUsd::ZERO };

    /// The measures of one call.
    #[must_use]
    pub fn of(priced: &PricedCall) -> Self {
        let usage = priced.call.figures.usage;
        match priced.price {
            Ok(price) => Self { calls: 1, unpriced_calls: 0, usage, list: price.list, cost: price.contract },
            Err(_) => Self { calls: 1, unpriced_calls: 1, usage, list: NanoUsd::ZERO, cost: NanoUsd::ZERO },
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] where one figure leaves its range.
    pub fn plus(&self, other: &Self) -> Result<Self, Overflow> {
        Ok(Self {
            calls: self.calls.checked_add(other.calls).ok_or(Overflow)?,
            unpriced_calls: self.unpriced_calls.checked_add(other.unpriced_calls).ok_or(Overflow)?,
            usage: self.usage.plus(&other.usage)?,
            list: self.list.plus(other.list)?,
            cost: self.cost.plus(other.cost)?,
        })
    }
}

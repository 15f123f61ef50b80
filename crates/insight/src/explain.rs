//! `bursar explain`: how a figure came about, line by line.

use domain::{Attribution, Call, NanoUsd, Overflow, Timestamp, Unpriced};
use pricing::Derivation;

use crate::turns::Belonging;

/// Calls that are shown in full; a session may have thousands.
pub const CALLS_IN_FULL: usize = 20;

/// A call and the account of its cost.
#[derive(Debug, Clone)]
pub struct ExplainedCall<'a> {
    /// The call.
    pub call: &'a Call,
    /// Its account, or why it has no price.
    pub price: Result<Derivation, Unpriced>,
    /// Whom it belongs to.
    pub attribution: Attribution,
    /// Which turn of its session it is of, and of how many.
    pub turn: Option<(Belonging, u32)>,
    /// The file that its figures were read from.
    pub file: Option<&'a str>,
}

impl ExplainedCall<'_> {
    /// The cost under contract, where it has one.
    #[must_use]
    pub fn cost(&self) -> Option<NanoUsd> {
        self.price.as_ref().ok().map(cost_of)
    }

    /// The moment that it is booked to.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.call.at
    }
}

/// What a derivation ends with.
#[must_use]
pub fn cost_of(derivation: &Derivation) -> NanoUsd {
    derivation.contract.as_ref().map_or(derivation.list.rounded, |it| it.total.rounded)
}

/// What the calls cost together, and how many of them have no price.
///
/// # Errors
/// [`Overflow`] where the sum does not fit.
pub fn sum_of(calls: &[ExplainedCall<'_>]) -> Result<(NanoUsd, usize), Overflow> {
    let mut sum = NanoUsd::ZERO;
    for cost in calls.iter().filter_map(ExplainedCall::cost) {
        sum = sum.plus(cost)?;
    }
    Ok((sum, calls.iter().filter(|it| it.price.is_err()).count()))
}

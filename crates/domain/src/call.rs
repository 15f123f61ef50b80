//! A call: one request to a model provider, the atom of spend.

use std::sync::Arc;

use crate::ids::{CallKey, ModelName, Provider, RequestId};
use crate::money::NanoUsd;
use crate::observation::{Lineage, Origin, OutputConfidence, Place};
use crate::terms::{Service, Terms};
use crate::time::Timestamp;
use crate::turn::{ToolUses, TurnId};
use crate::usage::Usage;

/// All observations of one request, merged. It is counted once, whatever saw it.
///
/// It carries two witnesses: the observation whose *figures* are believed, and
/// the one that says *where* the call belongs. `metering` holds the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The provider's own id for it.
    pub key: CallKey,
    /// The provider's id of the request, where a log has it. In the company's book it
    /// stands with each observation, and not here.
    pub request: Option<RequestId>,
    /// When it was first seen: the moment it is booked to.
    pub at: Timestamp,
    /// The witness for the figures.
    pub figures: Figures,
    /// The witness for where it belongs.
    pub owner: Owner,
    /// The tools that its response called, as all observations together have them.
    pub tools: ToolUses,
}

/// What was used, as the most complete observation has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The model, as named.
    pub model: ModelName,
    /// Who serves it, where the source says so.
    pub provider: Option<Provider>,
    /// The token counts.
    pub usage: Usage,
    /// The terms that change the price.
    pub terms: Terms,
    /// How far the output count can be trusted.
    pub output: OutputConfidence,
    /// What the tool itself says it cost.
    pub reported_cost: Option<NanoUsd>,
    /// What kind of record this was.
    pub lineage: Lineage,
    /// When it was written.
    pub at: Timestamp,
    /// Where it was read.
    pub origin: Origin,
}

impl Figures {
    /// What was asked of the provider.
    #[must_use]
    pub fn service(&self) -> Service {
        Service { model: self.model.clone(), provider: self.provider.clone(), terms: self.terms }
    }
}

/// Where the call belongs, as the most original observation has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Session, folder, branch.
    pub place: Arc<Place>,
    /// The turn that it belongs to, where that is known.
    pub turn: Option<TurnId>,
    /// What kind of record this was.
    pub lineage: Lineage,
    /// When it was written.
    pub at: Timestamp,
}

/// A call with its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedCall {
    /// The call.
    pub call: Call,
    /// What it costs, or why nobody knows.
    pub price: Result<Price, Unpriced>,
}

/// What a call costs, at list and under contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price {
    /// At the provider's list price.
    pub list: NanoUsd,
    /// After contract rates; the same as `list` where there are none.
    pub contract: NanoUsd,
}

/// Why a call has no price. Its tokens are counted; its cost is unknown, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unpriced {
    /// The price book does not know the model.
    #[error("the price book has no such model")]
    UnknownModel,
    /// The price book knows the model, but no price for the day of the call.
    #[error("the price book has no price for this model on that day")]
    NoPriceThen,
    /// The call used something that the model has no rate for.
    #[error("the price book has no rate for something that this call used")]
    NoRate,
    /// The amount does not fit.
    #[error("the amount is out of range")]
    OutOfRange,
}

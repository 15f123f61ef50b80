//! What this gateway allows, whatever the budgets say: which models, how much a call, and
//! when a session counts as running away.

use domain::{NanoUsd, wildcard};

use crate::budget_desk::Claims;
use crate::estimate::Estimate;
use crate::loop_guard::LoopLimits;

/// The most patterns of models.
pub const MAX_MODELS: usize = 256;

/// What this gateway allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Patterns of the models that may be used, as `claude-*` or `openai/gpt-5*`. All may
    /// where there are none.
    pub models: Vec<String>,
    /// The most that a call may cost. A longer answer is cut to fit; a prompt that costs
    /// more by itself is refused.
    pub most_per_call: Option<NanoUsd>,
    /// When a session counts as running away.
    pub loops: LoopLimits,
}

/// A call is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Forbidden {
    /// The stable name of the reason.
    pub code: &'static str,
    /// The reason and what to do, for the person at the client.
    pub message: String,
}

impl Policy {
    /// Whether a call is allowed, by the model that it means and by the least that it can
    /// be made to cost.
    ///
    /// # Errors
    /// [`Forbidden`], with the words for the person at the client.
    pub fn judge(&self, claims: &Claims, estimate: &Estimate) -> Result<(), Forbidden> {
        self.judge_model(estimate.model.provider().as_str(), estimate.model.model().as_str())?;
        let Some(most) = self.most_per_call.filter(|most| estimate.least() > *most) else { return Ok(()) };
        let message = format!(
            "this call of {} can cost {} USD with the shortest answer, and a call may cost {most} here. Shorten the \
             conversation, or ask whoever runs this gateway for more",
            claims.model,
            estimate.least(),
        );
        Err(Forbidden { code: "call_too_dear", message })
    }

    /// Whether a model may be used: as the price book names it, or as it is asked for where
    /// the book has none of that name.
    ///
    /// # Errors
    /// [`Forbidden`], naming the models that may be used.
    pub fn judge_model(&self, provider: &str, model: &str) -> Result<(), Forbidden> {
        let full = format!("{provider}/{model}");
        let names = |pattern: &String| wildcard::matches(pattern, model) || wildcard::matches(pattern, &full);
        if self.models.is_empty() || self.models.iter().any(names) {
            return Ok(());
        }
        let allowed = self.models.join(", ");
        let message =
            format!("the model {full} is not allowed here; these are: {allowed}. Choose one of them");
        Err(Forbidden { code: "model_not_allowed", message })
    }

    /// The room for a call: what the budgets leave, and no more than a call may cost.
    #[must_use]
    pub fn room(&self, of_budgets: Option<NanoUsd>) -> Option<NanoUsd> {
        of_budgets.into_iter().chain(self.most_per_call).min()
    }
}

#[cfg(test)]
mod tests;

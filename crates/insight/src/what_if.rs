//! What the same tokens would have cost on another model.
//!
//! Every call is priced again on its own, since thresholds and days decide its
//! price. It is a comparison of prices and no forecast: another model would have
//! used other tokens.

use std::collections::HashMap;

use domain::{Cell, ModelName, NanoUsd, Overflow, Provider, Terms, Timestamp};
use pricing::{Pricer, ResolvedModel, Used};

use crate::book::Book;
use crate::cut::{CutError, Sieves};
use crate::query::Query;
use crate::text::PerMille;

/// What must be said beside every answer.
pub const CAVEAT: &str = "The same tokens at other prices; another model would have used others.";
/// The most swaps of one question.
pub const MAX_SWAPS: usize = 16;

/// One model in the place of another.
#[derive(Debug, Clone)]
pub struct Swap {
    from: ModelName,
    to: ModelName,
    /// The target where its maker serves it.
    target: ResolvedModel,
}

/// Why a swap makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// Not of the shape.
    #[error("`--what-if {0}` is not MODEL=MODEL; write it as `--what-if opus-5.5=sonnet-5.5`")]
    NotASwap(String),
    /// Not in the price book.
    #[error("the price book has no model `{0}`; `bursar prices` lists them")]
    UnknownModel(String),
    /// One model in the place of itself.
    #[error("`{0}` in the place of itself changes nothing")]
    Same(String),
    /// Two targets for one model.
    #[error("`{0}` is swapped twice; once is enough")]
    Twice(String),
    /// Too many.
    #[error("--what-if takes at most {MAX_SWAPS} swaps, not {0}")]
    TooMany(usize),
}

impl Swap {
    /// Of `opus-5.5=sonnet-5.5`, or several with commas between.
    ///
    /// # Errors
    /// [`SwapError`] where a model is not known or the text makes no sense.
    pub fn parse(text: &str, pricer: &Pricer) -> Result<Vec<Self>, SwapError> {
        let parts: Vec<&str> = text.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
        if parts.len() > MAX_SWAPS {
            return Err(SwapError::TooMany(parts.len()));
        }
        if parts.is_empty() {
            return Err(SwapError::NotASwap(text.to_owned()));
        }
        let mut swaps: Vec<Self> = Vec::with_capacity(parts.len());
        for part in parts {
            let (from, to) = part.split_once('=').ok_or_else(|| SwapError::NotASwap(part.to_owned()))?;
            let from = named(from.trim(), pricer)?.model().clone();
            let target = named(to.trim(), pricer)?;
            let to = target.model().clone();
            if from == to {
                return Err(SwapError::Same(from.to_string()));
            }
            if swaps.iter().any(|it| it.from == from) {
                return Err(SwapError::Twice(from.to_string()));
            }
            swaps.push(Self { from, to, target });
        }
        Ok(swaps)
    }

    /// The model that was used.
    #[must_use]
    pub const fn from(&self) -> &ModelName {
        &self.from
    }

    /// The model that takes its place.
    #[must_use]
    pub const fn to(&self) -> &ModelName {
        &self.to
    }
}

/// The model of that name, as it is or as people shorten it: `opus-5.5`.
fn named(text: &str, pricer: &Pricer) -> Result<ResolvedModel, SwapError> {
    let dashed = text.replace('.', "-");
    let names = [text.to_owned(), dashed.clone(), format!("claude-{text}"), format!("claude-{dashed}")];
    let found = names.iter().find_map(|it| pricer.resolve(&ModelName::new(it), None));
    found.ok_or_else(|| SwapError::UnknownModel(text.to_owned()))
}

/// A call, as far as its price needs it.
#[derive(Debug, Clone, Copy)]
pub struct WhatIfCall<'a> {
    /// The model, as named.
    pub model: &'a ModelName,
    /// Who serves it, where the source says so.
    pub provider: Option<&'a Provider>,
    /// The moment that it is booked to.
    pub at: Timestamp,
    /// The token counts.
    pub used: Used<'a>,
    /// The terms.
    pub terms: &'a Terms,
    /// What it costs under contract; `None` where it has no price.
    pub cost: Option<NanoUsd>,
}

/// The answer to one swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIf {
    /// The model that was used.
    pub from: ModelName,
    /// The model in its place.
    pub to: ModelName,
    /// Calls with both prices: what the two costs are sums of.
    pub calls: u64,
    /// Calls without one of the two prices; in neither sum.
    pub unpriced_calls: u64,
    /// What they cost.
    pub actual: NanoUsd,
    /// What they would have cost.
    pub hypothetical: NanoUsd,
}

impl WhatIf {
    /// How much more, or less, it would have been.
    ///
    /// # Errors
    /// [`Overflow`] where it does not fit.
    pub fn difference(&self) -> Result<NanoUsd, Overflow> {
        self.hypothetical.minus(self.actual)
    }

    /// The same as a part of what it was; `None` of nothing.
    #[must_use]
    pub fn rate(&self) -> Option<PerMille> {
        self.difference().ok().and_then(|it| PerMille::of_money(it, self.actual))
    }
}

/// Which cells of the book the question keeps, in the book's order: a what-if is
/// about their calls.
///
/// # Errors
/// [`CutError`] where the book contradicts itself.
pub fn kept_cells(query: &Query, book: &Book<'_>) -> Result<Vec<bool>, CutError> {
    let mut sieves = Sieves::new(query, book)?;
    let mut is_kept = |cell: &Cell| Ok(query.span.holds(cell.quarter) && sieves.keep(cell)?);
    book.cells.iter().map(&mut is_kept).collect()
}

/// Prices the calls of the swapped models again, a call at a time: feed it all
/// calls of the period, then ask for the answers.
#[derive(Debug)]
pub struct WhatIfDesk<'a> {
    pricer: &'a Pricer,
    swaps: Vec<Swap>,
    answers: Vec<WhatIf>,
    known: HashMap<(ModelName, Option<Provider>), Option<Instead>>,
}

/// Which swap a call falls under, and the model in its place.
type Instead = (usize, ResolvedModel);

impl<'a> WhatIfDesk<'a> {
    /// For those swaps.
    #[must_use]
    pub fn new(pricer: &'a Pricer, swaps: Vec<Swap>) -> Self {
        let answers = swaps.iter().map(|it| WhatIf {
            from: it.from.clone(),
            to: it.to.clone(),
            calls: 0,
            unpriced_calls: 0,
            actual: NanoUsd::ZERO,
            hypothetical: NanoUsd::ZERO,
        });
        let answers = answers.collect();
        Self { pricer, swaps, answers, known: HashMap::new() }
    }

    /// Takes a call; those of other models change nothing.
    ///
    /// # Errors
    /// [`Overflow`] where a sum does not fit.
    pub fn add(&mut self, call: &WhatIfCall<'_>) -> Result<(), Overflow> {
        let named = (call.model.clone(), call.provider.cloned());
        let (pricer, swaps) = (self.pricer, &self.swaps);
        let swap = self.known.entry(named).or_insert_with(|| instead(pricer, swaps, call));
        let Some((place, target)) = swap else { return Ok(()) };
        let Some(answer) = self.answers.get_mut(*place) else { return Ok(()) };
        match (call.cost, pricer.price(Some(target), call.at, call.used, call.terms)) {
            (Some(actual), Ok(price)) => {
                answer.calls = answer.calls.checked_add(1).ok_or(Overflow)?;
                answer.actual = answer.actual.plus(actual)?;
                answer.hypothetical = answer.hypothetical.plus(price.contract)?;
            }
            (None, _) | (_, Err(_)) => {
                answer.unpriced_calls = answer.unpriced_calls.checked_add(1).ok_or(Overflow)?;
            }
        }
        Ok(())
    }

    /// One answer for each swap, in their order.
    #[must_use]
    pub fn answers(self) -> Vec<WhatIf> {
        self.answers
    }
}

/// The swap that a call falls under. The same provider serves the other model,
/// where it has it.
fn instead(pricer: &Pricer, swaps: &[Swap], call: &WhatIfCall<'_>) -> Option<Instead> {
    let actual = pricer.resolve(call.model, call.provider)?;
    let place = swaps.iter().position(|it| it.from == *actual.model())?;
    let swap = swaps.get(place)?;
    let there = pricer.resolve(&swap.to, Some(actual.provider()));
    Some((place, there.unwrap_or_else(|| swap.target.clone())))
}

#[cfg(test)]
mod tests {
    use domain::{Tokens, Usage};

    use super::*;
    use crate::fixtures::{at, pricer};

    #[test]
    fn the_same_tokens_at_other_prices() {
        let pricer = pricer();
        let swaps = Swap::parse("opus-5.5=sonnet-5.5, haiku-5.5=opus-5.5", &pricer).expect("two swaps");
        let mut desk = WhatIfDesk::new(&pricer, swaps);
        let usage = Usage { input: Tokens::new(1_000_000), output: Tokens::new(1_000), ..Usage::ZERO };
        let when = at("2026-11-02T10:00:00Z");
        for (model, cost) in [
            ("claude-opus-5-5", Some(NanoUsd::new(4_020_000_000))),
            ("claude-opus-5-5[1m]", Some(NanoUsd::new(4_020_000_000))),
            ("claude-opus-5-5", None),
            ("claude-sonnet-5-5", Some(NanoUsd::new(2_010_000_000))),
            ("nobody-knows", None),
        ] {
            let model = ModelName::new(model);
            let terms = Terms::STANDARD;
            let call = WhatIfCall {
                model: &model,
                provider: None,
                at: when,
                used: (&usage).into(),
                terms: &terms,
                cost,
            };
            desk.add(&call).expect("a small sum");
        }
        let answers = desk.answers();
        let first = &answers[0];
        assert_eq!((first.calls, first.unpriced_calls), (2, 1));
        assert_eq!(first.actual.to_string(), "8.040000000");
        assert_eq!(first.hypothetical.to_string(), "4.020000000");
        assert_eq!(first.rate().map(|it| it.to_string()).as_deref(), Some("-50.0%"));
        assert_eq!((answers[1].calls, answers[1].rate()), (0, None));
    }

    #[test]
    fn a_swap_that_makes_no_sense_is_refused() {
        let check = |text: &str, expected: &str| {
            let refused = Swap::parse(text, &pricer()).map(|it| it.len()).map_err(|it| it.to_string());
            assert_eq!(refused, Err(expected.to_owned()));
        };
        check(
            "opus-5.5",
            "`--what-if opus-5.5` is not MODEL=MODEL; write it as `--what-if opus-5.5=sonnet-5.5`",
        );
        check("", "`--what-if ` is not MODEL=MODEL; write it as `--what-if opus-5.5=sonnet-5.5`");
        check("opus-5.5=nope", "the price book has no model `nope`; `bursar prices` lists them");
        check("opus-5.5=claude-opus-5-5", "`claude-opus-5-5` in the place of itself changes nothing");
        check("opus-5.5=sonnet-5.5,opus-5.5=haiku-5.5", "`claude-opus-5-5` is swapped twice; once is enough");
    }
}

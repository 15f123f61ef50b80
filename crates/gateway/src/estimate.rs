//! What a call can cost at most, what it will likely cost, and what it did cost.
//!
//! Nobody knows what a call costs before it ends. A hard budget therefore holds the most
//! that it can: a bound on the tokens of the prompt (`bound`), of the dearest class that
//! they can turn out to be, with every token of output that is asked for (`tariff`).
//! Both are kept tight by what is learned of earlier calls (`learned`), and an output
//! limit that is far too high is lowered to what fits ([`Estimate::fitting`]) or to what
//! a call should take of a budget that others need too ([`Estimate::modest`]).
//!
//! All of it is priced by the one pricer that prices the book, in integers.

mod bound;
mod learned;
mod outputs;
mod tariff;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use dialect::{Basis, Dialect, Operation, Reading, Request};
use domain::{ModelName, NanoUsd, Observation, Provider, Timestamp, TokenClass, Tokens, Unpriced, Usage};
use pricing::{Pricer, ResolvedModel, Used};

use bound::Input;
use learned::Learned;
use tariff::Tariff;

/// No output limit is lowered below this, nor below a thinking budget and this.
pub const FLOOR: u64 = 256;
/// Names of models that are remembered with their meaning.
const NAMES_LIMIT: usize = 2_048;
/// A call takes at most one of so many parts of what is left, where its output limit is
/// higher than any answer that is likely.
const PARTS: i64 = 64;
/// The output limit that a call may have in any case, before its model's answers are known.
const MODEST_OUTPUT: u64 = 32_000;
/// A modest limit is enough for so many of a thousand answers.
const MODEST_PERMILLE: u64 = 990;
/// What a call likely says: no more than that, in so many of a thousand.
const LIKELY_PERMILLE: u64 = 950;
/// The same before a model's answers are known.
const LIKELY_OUTPUT: u64 = 4_096;

/// Estimates calls, and learns from them. One for all calls.
#[derive(Debug)]
pub struct Estimator {
    pricer: Arc<Pricer>,
    names: RwLock<HashMap<Name, Known>>,
    /// By provider and canonical name: as many as the price book lists, at most.
    learned: Mutex<HashMap<(Provider, ModelName), Lessons>>,
}

/// A model as it is asked for, and of whom.
type Name = (Option<Provider>, ModelName);
/// What was learned of one model, under whatever name it is asked for.
type Lessons = Arc<Mutex<Learned>>;

/// A model, and what was learned of it.
#[derive(Debug, Clone)]
struct Known {
    model: ResolvedModel,
    learned: Lessons,
}

/// What a call can cost at most.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// The model that is asked for.
    pub model: ResolvedModel,
    /// The most tokens that its prompt can have.
    pub input_tokens: u64,
    /// The most tokens that its answers can have together.
    pub output_tokens: u64,
    /// The most that it can cost.
    pub amount: NanoUsd,
    /// Why it can cost more nevertheless.
    pub unbounded: Option<Unbounded>,
    tariff: Tariff,
    answers: u64,
    limits: Limits,
}

/// Output limits of one answer.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// As it is asked for, or the model's own.
    asked: u64,
    /// What is left of it at most when there is little money.
    floor: u64,
    /// What is enough for nearly all answers of the model.
    modest: u64,
    /// The request takes a lower one.
    can_be_lowered: bool,
}

/// An output limit to put into a request, and what the call can cost then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clamp {
    /// The limit of each answer.
    pub output_limit: u64,
    /// The most that the call can cost with it.
    pub amount: NanoUsd,
}

/// Why an estimate is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unbounded {
    /// Some of the prompt is elsewhere.
    #[error(
        "it refers to content that is not in it (a link, a file or an earlier response), whose length nobody knows \
         here; send the content itself"
    )]
    Unseen,
    /// The provider may call other models on behalf of this one.
    #[error("it lets the provider call other models on its behalf; leave that tool out")]
    OtherModels,
}

impl Estimate {
    /// Whether the call cannot cost more than `amount`.
    #[must_use]
    pub const fn is_bounded(&self) -> bool {
        self.unbounded.is_none()
    }

    /// Whether it is worth to ask the provider how long the prompt is: where nobody knows
    /// otherwise, and where so little is left that the safety of a bound by bytes would
    /// keep money from being spent.
    #[must_use]
    pub fn wants_count(&self, room: NanoUsd) -> bool {
        !self.is_bounded() || self.least().nano() > room.nano().checked_div(PARTS).unwrap_or_default()
    }

    /// The least that has to be held for it: its prompt, and the shortest answer that is
    /// worth asking for.
    #[must_use]
    pub fn least(&self) -> NanoUsd {
        if !self.limits.can_be_lowered {
            return self.amount;
        }
        self.price(self.limits.floor).unwrap_or(self.amount)
    }

    /// The largest output limit with which it costs no more than that. None where even the
    /// shortest answer that is worth asking for costs more, or the request takes no limit.
    #[must_use]
    pub fn fitting(&self, room: NanoUsd) -> Option<Clamp> {
        if self.amount <= room {
            return Some(Clamp { output_limit: self.limits.asked, amount: self.amount });
        }
        let least =
            self.priced(self.limits.floor).filter(|it| self.limits.can_be_lowered && it.amount <= room)?;
        let (mut best, mut too_high) = (least, self.limits.asked);
        while let Some(middle) = between(best.output_limit, too_high) {
            match self.priced(middle).filter(|it| it.amount <= room) {
                Some(clamp) => best = clamp,
                None => too_high = middle,
            }
        }
        Some(best)
    }

    /// What the call should take where others need the room too: its whole limit where
    /// that is a small part of it, and otherwise no more than such a part or than what
    /// nearly all answers of the model need, whichever is more. Clients ask for ten times
    /// what they use; with it, a few calls at once would hold a whole budget that they
    /// do not spend.
    #[must_use]
    pub fn modest(&self, room: NanoUsd) -> Option<Clamp> {
        let part = NanoUsd::new(room.nano().checked_div(PARTS).unwrap_or_default());
        let enough = self.price(self.limits.modest).unwrap_or(self.amount);
        self.fitting(part.max(enough).min(room))
    }

    fn priced(&self, output_limit: u64) -> Option<Clamp> {
        self.price(output_limit).map(|amount| Clamp { output_limit, amount })
    }

    fn price(&self, output_limit: u64) -> Option<NanoUsd> {
        self.tariff.price(output_limit.saturating_mul(self.answers)).ok()
    }
}

/// The number in the middle, if there is one between them.
fn between(low: u64, high: u64) -> Option<u64> {
    let middle = low.midpoint(high);
    (middle > low).then_some(middle)
}

impl Estimator {
    /// With these prices.
    #[must_use]
    pub fn new(pricer: Pricer) -> Self {
        Self { pricer: Arc::new(pricer), names: RwLock::default(), learned: Mutex::default() }
    }

    /// The most that a call can cost. `counted` is the provider's own count of its prompt,
    /// where it was asked.
    ///
    /// # Errors
    /// [`Unpriced`] where the price book has no price for it.
    pub fn worst_case(
        &self,
        request: &Request,
        at: Timestamp,
        counted: Option<u64>,
    ) -> Result<Estimate, Unpriced> {
        let known = self.known(&provider(request.dialect), &request.model).ok_or(Unpriced::UnknownModel)?;
        let (input, modest) = {
            let learned = held(&known.learned);
            let modest = learned.answers.quantile(MODEST_PERMILLE).unwrap_or(MODEST_OUTPUT);
            (Input::at_most(request, counted, &learned.prompts), modest)
        };
        let limits = Limits::of(request, &known.model, modest);
        let output_tokens = limits.asked.saturating_mul(request.answers);
        let tariff = Tariff::of(&self.pricer, &known.model, request, at, &input)?;
        let amount = tariff.price(output_tokens)?;
        Ok(Estimate {
            model: known.model,
            input_tokens: input.tokens,
            output_tokens,
            amount,
            unbounded: input.unbounded,
            tariff,
            answers: request.answers,
            limits,
        })
    }

    /// What a call will hardly cost more than: its prompt as such prompts usually are, and
    /// an answer that is longer than nearly all of the model's. For soft budgets, and for
    /// what is shown.
    ///
    /// # Errors
    /// [`Unpriced`] where the price book has no price for it.
    pub fn likely(&self, request: &Request, at: Timestamp) -> Result<NanoUsd, Unpriced> {
        let known = self.known(&provider(request.dialect), &request.model).ok_or(Unpriced::UnknownModel)?;
        let (input, answer) = {
            let learned = held(&known.learned);
            let answer = learned.answers.quantile(LIKELY_PERMILLE).unwrap_or(LIKELY_OUTPUT);
            (Input::likely(request, &learned.prompts), answer)
        };
        let answer = answer.min(Limits::of(request, &known.model, answer).asked);
        let tariff = Tariff::of(&self.pricer, &known.model, request, at, &input)?;
        tariff.price(answer.saturating_mul(request.answers))
    }

    /// The tokens that a prompt likely has, for a response that does not say.
    #[must_use]
    pub fn likely_input(&self, request: &Request) -> u64 {
        match self.known(&provider(request.dialect), &request.model) {
            Some(known) => Input::likely(request, &held(&known.learned).prompts).tokens,
            None => Input::likely(request, &learned::Prompts::default()).tokens,
        }
    }

    /// What a call did cost, exactly as the book prices it.
    ///
    /// # Errors
    /// [`Unpriced`] where the price book has no price for it.
    pub fn cost(&self, observation: &Observation) -> Result<NanoUsd, Unpriced> {
        let known = match &observation.provider {
            Some(provider) => self.known(provider, &observation.model),
            None => self.known_anywhere(&observation.model),
        };
        let model = known.map(|it| it.model);
        let used = Used::stated(&observation.usage, observation.output);
        self.pricer.price(model.as_ref(), observation.at, used, &observation.terms).map(|it| it.contract)
    }

    /// Learns how long prompts and answers of a model are from a call that ended.
    pub fn learn(&self, request: &Request, reading: &Reading) {
        let Some(known) = self.known(&provider(request.dialect), &request.model) else { return };
        let mut learned = held(&known.learned);
        if reading.input == Basis::Stated && bound::is_all_text(request) && reading.usage.web_searches == 0 {
            let tokens = reading.usage.prompt().unwrap_or_default();
            learned.prompts.add(bound::text_bytes(request), tokens.count());
        }
        if reading.output == Basis::Stated && reading.usage.output > Tokens::ZERO {
            let said = reading.usage.output.count().checked_div(request.answers).unwrap_or_default();
            // How long an answer would have been that was cut off, nobody knows.
            learned.answers.add(if is_cut_off(reading) { said.saturating_mul(2) } else { said });
        }
    }

    fn known(&self, provider: &Provider, model: &ModelName) -> Option<Known> {
        self.look_up((Some(provider.clone()), model.clone()))
    }

    fn known_anywhere(&self, model: &ModelName) -> Option<Known> {
        self.look_up((None, model.clone()))
    }

    fn look_up(&self, name: Name) -> Option<Known> {
        if let Some(known) = self.names.read().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Some(known.clone());
        }
        let model = self.pricer.resolve(&name.1, name.0.as_ref())?;
        let key = (model.provider().clone(), model.model().clone());
        let learned = Arc::clone(held(&self.learned).entry(key).or_default());
        let known = Known { model, learned };
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES_LIMIT {
            // Rare, and what is forgotten here is looked up again.
            names.clear();
        }
        names.insert(name, known.clone());
        Some(known)
    }
}

/// Whoever panicked while it was held: figures that were learned have no invariants to break.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Limits {
    fn of(request: &Request, model: &ResolvedModel, modest: u64) -> Self {
        let asked = request.output_limit.unwrap_or_else(|| outputs::largest(model.model()));
        let thinking = request.reasoning.budget.unwrap_or_default();
        let floor = thinking.saturating_add(FLOOR).min(asked);
        Self {
            asked,
            floor,
            modest: modest.saturating_add(thinking).clamp(floor, asked),
            can_be_lowered: request.operation != Operation::Compact,
        }
    }
}

/// Whether the answer ended because its limit was reached.
fn is_cut_off(reading: &Reading) -> bool {
    let words = ["max_tokens", "length", "max_output_tokens", "MAX_TOKENS"];
    reading.stop.as_deref().is_some_and(|stop| words.contains(&stop))
}

/// Whose prices a dialect's requests are billed at, unless the model's name says otherwise.
#[must_use]
pub fn provider(dialect: Dialect) -> Provider {
    Provider::new(match dialect {
        Dialect::Anthropic => "anthropic",
        Dialect::OpenAiChat | Dialect::OpenAiResponses => "openai",
        Dialect::Gemini => "google",
    })
}

/// A usage of so many tokens of one class.
fn usage_of(class: TokenClass, tokens: u64) -> Usage {
    let (tokens, mut usage) = (Tokens::new(tokens), Usage::ZERO);
    match class {
        TokenClass::Input => usage.input = tokens,
        TokenClass::CacheRead => usage.cache_read = tokens,
        TokenClass::CacheWrite5m => usage.cache_write_5m = tokens,
        TokenClass::CacheWrite1h => usage.cache_write_1h = tokens,
        TokenClass::Output | TokenClass::Reasoning => usage.output = tokens,
    }
    usage
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

//! What a call costs by the tokens of its answer, in the dearest way that it can turn out.
//!
//! Whether a prompt is written to a cache, read from it or neither, in which of the
//! queues that were asked for a call is served, and on which side of midnight it is
//! booked, is known when it ended. A price has no more than a few such turns, and each is
//! priced by the real pricer; the dearest counts.

use std::sync::Arc;

use dialect::{CacheLife, Request};
use domain::{NanoUsd, ServiceTier, Speed, Terms, Timestamp, TokenClass, Tokens, Unpriced, Usage};
use pricing::entry::Effect;
use pricing::{Entry, Pricer, RateCard, ResolvedModel};

use super::bound::Input;
use super::usage_of;

/// A call is booked to a moment no later than this after it was estimated.
const LATEST_MS: i64 = 3_600_000;

/// The ways in which a call can turn out.
#[derive(Debug, Clone)]
pub(super) struct Tariff {
    pricer: Arc<Pricer>,
    model: ResolvedModel,
    /// At least one.
    turns: Vec<Turn>,
}

/// One way, without the answer.
#[derive(Debug, Clone, Copy)]
struct Turn {
    at: Timestamp,
    terms: Terms,
    usage: Usage,
}

impl Tariff {
    pub(super) fn of(
        pricer: &Arc<Pricer>,
        model: &ResolvedModel,
        request: &Request,
        at: Timestamp,
        input: &Input,
    ) -> Result<Self, Unpriced> {
        let mut tariff = Self { pricer: Arc::clone(pricer), model: model.clone(), turns: Vec::new() };
        match tariff.fill(request, at, input) {
            // A search may be allowed and never made: without a price of its own it is left out.
            Err(Unpriced::NoRate) if input.web_searches > 0 => {
                tariff.fill(request, at, &Input { web_searches: 0, ..*input })?;
            }
            filled => filled?,
        }
        Ok(tariff)
    }

    /// The most that the call costs with an answer of so many tokens.
    pub(super) fn price(&self, output: u64) -> Result<NanoUsd, Unpriced> {
        let mut dearest = NanoUsd::ZERO;
        for turn in &self.turns {
            dearest = dearest.max(self.price_of(turn, output)?);
        }
        Ok(dearest)
    }

    fn fill(&mut self, request: &Request, at: Timestamp, input: &Input) -> Result<(), Unpriced> {
        self.turns.clear();
        for at in self.moments(at) {
            let is_first = self.turns.is_empty();
            for (index, terms) in terms_in_question(request.terms).into_iter().flatten().enumerate() {
                for tokens in self.lengths(at, input.tokens) {
                    match self.dearest_class(
                        request.cache,
                        Turn { at, terms, usage: Usage::ZERO },
                        tokens,
                        input,
                    ) {
                        Ok(turn) => self.turns.push(turn),
                        // What is not sold so, or not any more, is not a way in which it can turn out.
                        Err(_) if index > 0 || !is_first => {}
                        Err(unpriced) => return Err(unpriced),
                    }
                }
            }
        }
        Ok(())
    }

    /// Now, and when the call may be booked if something changes until then.
    fn moments(&self, at: Timestamp) -> impl Iterator<Item = Timestamp> + use<> {
        let later = Timestamp::from_millis(at.millis().saturating_add(LATEST_MS));
        let entry = |at| self.model.entry_at(at).map(std::ptr::from_ref);
        let (provider, name) = (self.model.provider().as_str(), self.model.model().as_str());
        let term =
            |at| self.pricer.contract().and_then(|it| it.term(provider, name, at)).map(std::ptr::from_ref);
        let changes = entry(at) != entry(later) || term(at) != term(later);
        [Some(at), changes.then_some(later)].into_iter().flatten()
    }

    /// The longest prompt, and the longest below each threshold: rates beyond one need not
    /// be the higher ones.
    fn lengths(&self, at: Timestamp, longest: u64) -> Vec<u64> {
        let mut lengths = vec![longest];
        let mut note = |thresholds: &[(Tokens, pricing::Rates)]| {
            for (threshold, _) in thresholds {
                if threshold.count() < longest && !lengths.contains(&threshold.count()) {
                    lengths.push(threshold.count());
                }
            }
        };
        for card in self.model.entry_at(at).into_iter().flat_map(cards) {
            note(&card.above);
        }
        let (provider, name) = (self.model.provider().as_str(), self.model.model().as_str());
        if let Some(term) = self.pricer.contract().and_then(|it| it.term(provider, name, at)) {
            note(&term.above);
        }
        lengths
    }

    fn dearest_class(
        &self,
        cache: Option<CacheLife>,
        turn: Turn,
        tokens: u64,
        input: &Input,
    ) -> Result<Turn, Unpriced> {
        let of_class = |class| Turn {
            usage: Usage { web_searches: input.web_searches, ..usage_of(class, tokens) },
            ..turn
        };
        let mut best = of_class(TokenClass::Input);
        let mut amount = self.price_of(&best, 0)?;
        for class in classes(cache) {
            let turn = of_class(*class);
            match self.price_of(&turn, 0) {
                Ok(price) if price > amount => (best, amount) = (turn, price),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(best)
    }

    fn price_of(&self, turn: &Turn, output: u64) -> Result<NanoUsd, Unpriced> {
        let usage = Usage { output: Tokens::new(output), ..turn.usage };
        self.pricer.price(Some(&self.model), turn.at, &usage, &turn.terms).map(|price| price.contract)
    }
}

/// What a prompt can turn out to be, besides plain input.
const fn classes(cache: Option<CacheLife>) -> &'static [TokenClass] {
    match cache {
        None => &[TokenClass::CacheRead],
        Some(CacheLife::FiveMinutes) => &[TokenClass::CacheRead, TokenClass::CacheWrite5m],
        Some(CacheLife::OneHour) => {
            &[TokenClass::CacheRead, TokenClass::CacheWrite5m, TokenClass::CacheWrite1h]
        }
    }
}

/// As asked for; and as it is served where that queue is full or that speed not to be had.
fn terms_in_question(asked: Terms) -> [Option<Terms>; 4] {
    let has_tier = asked.tier != ServiceTier::Standard;
    let has_speed = asked.speed != Speed::Standard;
    let plain_tier = Terms { tier: ServiceTier::Standard, ..asked };
    let plain_speed = Terms { speed: Speed::Standard, ..asked };
    let plain = Terms { speed: Speed::Standard, ..plain_tier };
    [
        Some(asked),
        has_tier.then_some(plain_tier),
        has_speed.then_some(plain_speed),
        (has_tier && has_speed).then_some(plain),
    ]
}

fn cards(entry: &Entry) -> impl Iterator<Item = &RateCard> {
    let own = entry.modifiers.iter().filter_map(|modifier| match &modifier.effect {
        Effect::Rates(card) => Some(card),
        Effect::Factor(_) => None,
    });
    std::iter::once(&entry.card).chain(own)
}

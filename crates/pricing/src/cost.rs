//! The one computation of a cost. [`crate::Pricer::price`] returns its result and
//! [`crate::Pricer::derive`] its account; there is no second formula.
//!
//! All of it is exact until the end: tokens × rate in pico-USD, the sum of the
//! classes × one reduced fraction for all terms of service, plus web searches by
//! the piece, which no term of service changes. List and contract are each rounded
//! once. Nothing is allocated: it runs for every call of a scan.

use domain::call::Figures;
use domain::{
    OutputConfidence, Overflow, PicoUsd, Price, Terms, Timestamp, TokenClass, Tokens, Unpriced, Usage,
};

use crate::contract::{Contract, Term};
use crate::entry::{Billed, Effect, Entry, Modifier, ModifierKind, RateCard, Rates};
use crate::price_book::ResolvedModel;
use crate::rate::{Exact, Rate, Ratio};

/// One token class of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The class.
    pub class: TokenClass,
    /// How many tokens.
    pub tokens: Tokens,
    /// The rate; none where no token asked for one.
    pub rate: Option<Rate>,
    /// Whether it is the rate for input, as the provider documents for this class.
    pub as_input: bool,
    /// Tokens × rate.
    pub amount: PicoUsd,
}

/// The lines of a call, in the order of an invoice.
pub type Lines = [Line; TokenClass::BILLED.len()];

/// The steps of one computation.
#[derive(Debug, Clone)]
pub(crate) struct Reckoning<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) prompt: Tokens,
    pub(crate) threshold: Option<Tokens>,
    pub(crate) lines: Lines,
    /// The sum of the lines.
    pub(crate) tokens: PicoUsd,
    pub(crate) modifiers: [Option<&'a Modifier>; 3],
    /// What all factors among them make.
    pub(crate) factor: Ratio,
    pub(crate) web_searches: u64,
    pub(crate) searches: PicoUsd,
    pub(crate) list: Exact,
    pub(crate) contract: Option<ContractStep<'a>>,
    pub(crate) price: Price,
}

/// What a contract makes of a list price.
#[derive(Debug, Clone)]
pub(crate) struct ContractStep<'a> {
    pub(crate) term: &'a Term,
    pub(crate) lines: Lines,
    pub(crate) searches: PicoUsd,
    pub(crate) amount: Exact,
}

/// What was used by one request, or by several where a source states only their
/// sum: then no request is known to have passed a threshold, and none is applied.
#[derive(Debug, Clone, Copy)]
pub enum Used<'a> {
    /// By one.
    ByOne(&'a Usage),
    /// By several.
    BySeveral(&'a Usage),
}

impl<'a> Used<'a> {
    /// What a source states of a call, given how far its output count can be trusted.
    #[must_use]
    pub const fn stated(usage: &'a Usage, output: OutputConfidence) -> Self {
        match output {
            OutputConfidence::Aggregate => Self::BySeveral(usage),
            OutputConfidence::Final | OutputConfidence::Interrupted | OutputConfidence::Placeholder => {
                Self::ByOne(usage)
            }
        }
    }

    const fn usage(self) -> &'a Usage {
        match self {
            Self::ByOne(usage) | Self::BySeveral(usage) => usage,
        }
    }

    /// The prompt that thresholds are compared with.
    fn prompt(self) -> Result<Tokens, Overflow> {
        match self {
            Self::ByOne(usage) => usage.prompt(),
            Self::BySeveral(_) => Ok(Tokens::ZERO),
        }
    }
}

impl<'a> From<&'a Usage> for Used<'a> {
    fn from(usage: &'a Usage) -> Self {
        Self::ByOne(usage)
    }
}

impl<'a> From<&'a Figures> for Used<'a> {
    fn from(figures: &'a Figures) -> Self {
        Self::stated(&figures.usage, figures.output)
    }
}

/// What a call costs, with every step.
pub(crate) fn reckon<'a>(
    model: &'a ResolvedModel,
    contract: Option<&'a Contract>,
    at: Timestamp,
    used: Used<'_>,
    terms: Terms,
) -> Result<Reckoning<'a>, Unpriced> {
    let usage = used.usage();
    let entry = model.entry_at(at).ok_or(Unpriced::NoPriceThen)?;
    let chosen = choose(entry, with_facts(terms, model))?;
    let prompt = used.prompt().map_err(out_of_range)?;
    let (rates, threshold) = chosen.card.for_prompt(prompt);
    let lines = bill(usage, rates)?;
    let tokens = sum(&lines)?;
    let searches = bill_searches(usage, entry)?;
    let list = total(tokens, chosen.factor, searches).map_err(out_of_range)?;
    let term = contract.and_then(|it| it.term(model.provider().as_str(), model.model().as_str(), at));
    let contract = match term {
        Some(term) => {
            let rates = if chosen.own_rates { *rates } else { term.over(rates, prompt, threshold) };
            Some(under_contract(term, usage, &rates, chosen.factor, searches)?)
        }
        None => None,
    };
    let rounded = list.round_half_even().map_err(out_of_range)?;
    let price = Price {
        list: rounded,
        contract: match &contract {
            Some(step) => step.amount.round_half_even().map_err(out_of_range)?,
            None => rounded,
        },
    };
    let Chosen { modifiers, factor, .. } = chosen;
    let web_searches = usage.web_searches;
    Ok(Reckoning {
        entry,
        prompt,
        threshold,
        lines,
        tokens,
        modifiers,
        factor,
        web_searches,
        searches,
        list,
        contract,
        price,
    })
}

/// The terms of a call, where its model's name does not say otherwise.
fn with_facts(terms: Terms, model: &ResolvedModel) -> Terms {
    let facts = model.facts();
    Terms { tier: terms.tier, speed: facts.speed.unwrap_or(terms.speed), geo: facts.geo.unwrap_or(terms.geo) }
}

/// The rates that the terms of service lead to, and the factor on them.
struct Chosen<'a> {
    card: &'a RateCard,
    /// Whether the card is a term's own, not the standard one.
    own_rates: bool,
    modifiers: [Option<&'a Modifier>; 3],
    factor: Ratio,
}

fn choose(entry: &Entry, terms: Terms) -> Result<Chosen<'_>, Unpriced> {
    let listed = |kind: Option<ModifierKind>| {
        kind.map(|kind| entry.modifier(kind).ok_or(Unpriced::NoRate)).transpose()
    };
    let [tier, speed, geo] = ModifierKind::asked_for(terms);
    let (tier, speed, geo) = (listed(tier)?, listed(speed)?, listed(geo)?);
    let modifiers = match (tier, speed) {
        (Some(tier), Some(speed)) => stack(tier, speed)?,
        (tier, speed) => [tier, speed],
    };
    let [tier, speed] = modifiers;
    let mut chosen =
        Chosen { card: &entry.card, own_rates: false, modifiers: [tier, speed, geo], factor: Ratio::ONE };
    for modifier in chosen.modifiers.into_iter().flatten() {
        match &modifier.effect {
            Effect::Factor(factor) => chosen.factor = chosen.factor.times(*factor).map_err(out_of_range)?,
            Effect::Rates(_) if chosen.own_rates => return Err(Unpriced::NoRate),
            Effect::Rates(card) => {
                chosen.card = card;
                chosen.own_rates = true;
            }
        }
    }
    Ok(chosen)
}

/// A service tier and a speed at once. No provider documents what two of them that
/// change the price make together; where one does not, or both are the same offer
/// under two names, there is no question.
fn stack<'a>(tier: &'a Modifier, speed: &'a Modifier) -> Result<[Option<&'a Modifier>; 2], Unpriced> {
    let idle = |modifier: &Modifier| modifier.effect == Effect::Factor(Ratio::ONE);
    if tier.effect == speed.effect {
        Ok([Some(tier), None])
    } else if idle(tier) || idle(speed) {
        Ok([Some(tier), Some(speed)])
    } else {
        Err(Unpriced::NoRate)
    }
}

fn bill(usage: &Usage, rates: &Rates) -> Result<Lines, Unpriced> {
    let mut lines = TokenClass::BILLED.map(|class| Line {
        class,
        tokens: usage.tokens(class),
        rate: rates.rate(class),
        as_input: rates.billed(class) == Billed::AsInput,
        amount: PicoUsd::ZERO,
    });
    for line in &mut lines {
        match line.rate {
            Some(rate) => line.amount = rate.times(line.tokens).map_err(out_of_range)?,
            None if line.tokens == Tokens::ZERO => {}
            None => return Err(Unpriced::NoRate),
        }
    }
    Ok(lines)
}

fn bill_searches(usage: &Usage, entry: &Entry) -> Result<PicoUsd, Unpriced> {
    match entry.web_searches {
        Some(rate) => rate.times(usage.web_searches).map_err(out_of_range),
        None if usage.web_searches == 0 => Ok(PicoUsd::ZERO),
        None => Err(Unpriced::NoRate),
    }
}

fn under_contract<'a>(
    term: &'a Term,
    usage: &Usage,
    rates: &Rates,
    factor: Ratio,
    list_searches: PicoUsd,
) -> Result<ContractStep<'a>, Unpriced> {
    let lines = bill(usage, rates)?;
    let searches = match term.web_searches {
        Some(rate) => rate.times(usage.web_searches).map_err(out_of_range)?,
        None => list_searches,
    };
    let amount = total(sum(&lines)?, factor, searches).and_then(|amount| amount.times(term.multiplier));
    Ok(ContractStep { term, lines, searches, amount: amount.map_err(out_of_range)? })
}

fn sum(lines: &Lines) -> Result<PicoUsd, Unpriced> {
    lines.iter().try_fold(PicoUsd::ZERO, |sum, line| sum.plus(line.amount)).map_err(out_of_range)
}

fn total(tokens: PicoUsd, factor: Ratio, searches: PicoUsd) -> Result<Exact, Overflow> {
    Exact::from_pico(tokens).times(factor)?.plus(Exact::from_pico(searches))
}

const fn out_of_range(_: Overflow) -> Unpriced {
    Unpriced::OutOfRange
}

//! The account of one cost: every step of the computation, for people.

use domain::{Day, NanoUsd, Overflow, PicoUsd, Tokens};

pub use crate::cost::{Line, Lines};

use crate::cost::{ContractStep, Reckoning};
use crate::entry::{Effect, Hours, ModifierKind};
use crate::price_book::{PriceBook, ResolvedModel};
use crate::rate::{Exact, PieceRate, Ratio};

/// How a cost came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// Who bills it.
    pub provider: String,
    /// Whose listed price that is.
    pub listed_under: String,
    /// The model's canonical name.
    pub model: String,
    /// The first day of the price that applies.
    pub from: Option<Day>,
    /// The day after its last.
    pub until: Option<Day>,
    /// The part of the day that it is for.
    pub hours: Option<Hours>,
    /// Where the price stands.
    pub source: String,
    /// The whole prompt, which thresholds are compared with.
    pub prompt: Tokens,
    /// The threshold that it passed, so that every token has a long-context rate.
    pub threshold: Option<Tokens>,
    /// Tokens × rate, class by class.
    pub lines: Lines,
    /// Their sum.
    pub tokens: PicoUsd,
    /// What the terms of service did.
    pub modifiers: Vec<AppliedModifier>,
    /// What all of their factors make together.
    pub factor: Ratio,
    /// Web searches.
    pub web_searches: u64,
    /// What they cost, by the thousand.
    pub web_search_rate: Option<PieceRate>,
    /// What they cost here.
    pub web_search_amount: PicoUsd,
    /// The list price.
    pub list: Total,
    /// What the contract makes of it.
    pub contract: Option<ContractAccount>,
    /// The digest of the prices.
    pub digest: String,
}

/// A term of service that changed the price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedModifier {
    /// The term.
    pub kind: ModifierKind,
    /// Its factor; none where it has rates of its own, which the lines then show.
    pub factor: Option<Ratio>,
    /// Where it stands.
    pub source: String,
}

/// An amount before and after its one rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// Before, in pico-USD.
    pub exact: Exact,
    /// What rounding added, in pico-USD.
    pub rounding: Exact,
    /// After.
    pub rounded: NanoUsd,
}

/// What a contract did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractAccount {
    /// What the contract is called.
    pub name: String,
    /// Where the term stands in it.
    pub note: String,
    /// The term's pattern for providers.
    pub provider: String,
    /// The term's pattern for models.
    pub model: String,
    /// Tokens × rate under the contract.
    pub lines: Lines,
    /// Web searches under the contract.
    pub web_search_amount: PicoUsd,
    /// The factor on all of it.
    pub multiplier: Ratio,
    /// The contract price.
    pub total: Total,
}

impl Total {
    fn of(exact: Exact, rounded: NanoUsd) -> Result<Self, Overflow> {
        Ok(Self { exact, rounding: exact.rounding()?, rounded })
    }
}

impl Derivation {
    /// The account of a computation.
    pub(crate) fn of(
        reckoning: &Reckoning<'_>,
        model: &ResolvedModel,
        book: &PriceBook,
        contract_name: &str,
        digest: &str,
    ) -> Result<Self, Overflow> {
        let Reckoning { entry, price, .. } = reckoning;
        let contract = match &reckoning.contract {
            Some(step) => Some(ContractAccount::of(step, contract_name, price.contract)?),
            None => None,
        };
        let modifiers = reckoning.modifiers.iter().flatten().map(|modifier| AppliedModifier {
            kind: modifier.kind,
            factor: match modifier.effect {
                Effect::Factor(factor) => Some(factor),
                Effect::Rates(_) => None,
            },
            source: book.source(&modifier.source).to_owned(),
        });
        Ok(Self {
            provider: model.provider().as_str().to_owned(),
            listed_under: model.listed_under().as_str().to_owned(),
            model: model.model().as_str().to_owned(),
            from: entry.from,
            until: entry.until,
            hours: entry.hours,
            source: book.source(&entry.source).to_owned(),
            prompt: reckoning.prompt,
            threshold: reckoning.threshold,
            lines: reckoning.lines,
            tokens: reckoning.tokens,
            modifiers: modifiers.collect(),
            factor: reckoning.factor,
            web_searches: reckoning.web_searches,
            web_search_rate: entry.web_searches,
            web_search_amount: reckoning.searches,
            list: Total::of(reckoning.list, price.list)?,
            contract,
            digest: digest.to_owned(),
        })
    }
}

impl ContractAccount {
    fn of(step: &ContractStep<'_>, name: &str, rounded: NanoUsd) -> Result<Self, Overflow> {
        let ContractStep { term, lines, searches, amount } = step;
        Ok(Self {
            name: name.to_owned(),
            note: term.note.clone(),
            provider: term.provider.clone(),
            model: term.model.clone(),
            lines: *lines,
            web_search_amount: *searches,
            multiplier: term.multiplier,
            total: Total::of(*amount, rounded)?,
        })
    }
}

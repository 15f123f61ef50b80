//! What a company negotiated with its providers: a TOML file on top of list prices.
//!
//! The first term of the file that matches provider, model and day applies, and it
//! alone: rates of its own, a multiplier, or both. What it does not say stays at
//! list price.

use domain::{Day, PicoUsd, Timestamp, Tokens, wildcard};
use serde::Deserialize;

use crate::digest;
use crate::entry::{Billed, Rates};
use crate::rate::{PieceRate, Rate, Ratio};

/// A contract file larger than this is refused.
pub const MAX_CONTRACT_BYTES: usize = 1024 * 1024;
/// A contract has no more terms than this.
pub const MAX_TERMS: usize = 1_000;

/// A contract, as read from its file.
#[derive(Debug, Clone)]
pub struct Contract {
    name: String,
    terms: Vec<Term>,
    commitments: Vec<Commitment>,
    digest: String,
}

/// One negotiated price.
#[derive(Debug, Clone)]
pub struct Term {
    /// Whom it is for: a provider's name, with `*` for any characters.
    pub provider: String,
    /// What it is for: a model's canonical name, with `*` for any characters.
    pub model: String,
    /// The first day.
    pub from: Option<Day>,
    /// The day after the last.
    pub until: Option<Day>,
    /// A factor on every amount, after rates and terms of service.
    pub multiplier: Ratio,
    /// Rates that take the place of the standard list rates of their class, for
    /// prompts up to the model's first threshold.
    pub rates: Rates,
    /// The same for prompts that are longer than so many tokens.
    pub above: Vec<(Tokens, Rates)>,
    /// The negotiated price of web searches.
    pub web_searches: Option<PieceRate>,
    /// Where it stands in the contract.
    pub note: String,
}

/// Spend that was promised. Kept and shown; it changes no rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    /// To whom.
    pub provider: String,
    /// How much.
    pub amount: PicoUsd,
    /// The first day.
    pub from: Day,
    /// The day after the last.
    pub until: Day,
    /// Where it stands in the contract.
    pub note: String,
}

/// Why a contract cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// It is larger than any contract.
    #[error("the contract file is larger than 1 MiB or has more than {MAX_TERMS} terms")]
    TooLarge,
    /// It is not TOML of the documented form.
    #[error("the contract file cannot be read: {0}")]
    Form(String),
    /// A value in it has the wrong form.
    #[error("the contract's {place}: `{field} = \"{value}\"` {problem}")]
    Value {
        /// Which term or commitment.
        place: String,
        /// The field.
        field: &'static str,
        /// What it says.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A term changes nothing.
    #[error("the contract's {0} has neither a multiplier nor a rate; say what it changes, or take it out")]
    Empty(String),
}

impl Contract {
    /// A contract from the text of its file.
    ///
    /// # Errors
    /// [`ContractError`] that names the place.
    pub fn parse(text: &str) -> Result<Self, ContractError> {
        if text.len() > MAX_CONTRACT_BYTES {
            return Err(ContractError::TooLarge);
        }
        let file: File = toml::from_str(text).map_err(|error| ContractError::Form(error.to_string()))?;
        if file.price.len() > MAX_TERMS || file.commitment.len() > MAX_TERMS {
            return Err(ContractError::TooLarge);
        }
        let numbered =
            |kind: &'static str| (1_usize..).map(move |number| format!("[[{kind}]] number {number}"));
        let terms = file.price.into_iter().zip(numbered("price")).map(|(raw, place)| raw.read(&place));
        let commitments =
            file.commitment.into_iter().zip(numbered("commitment")).map(|(raw, place)| raw.read(&place));
        Ok(Self {
            name: file.name,
            terms: terms.collect::<Result<_, _>>()?,
            commitments: commitments.collect::<Result<_, _>>()?,
            digest: digest::sha256_hex(&[text]),
        })
    }

    /// What the file calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its prices, the first that matches first.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The spend that was promised.
    #[must_use]
    pub fn commitments(&self) -> &[Commitment] {
        &self.commitments
    }

    /// The SHA-256 of the file.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The term that applies.
    #[must_use]
    pub fn term(&self, provider: &str, model: &str, at: Timestamp) -> Option<&Term> {
        self.terms.iter().find(|term| term.applies(provider, model, at))
    }
}

impl Term {
    fn applies(&self, provider: &str, model: &str, at: Timestamp) -> bool {
        let day = Day::of(at);
        self.from.is_none_or(|from| from <= day)
            && self.until.is_none_or(|until| day < until)
            && wildcard::matches(&self.provider, provider)
            && wildcard::matches(&self.model, model)
    }

    /// The list rates with this term's own in their place. For a prompt that has
    /// passed a threshold of the list, only rates that are meant for long prompts are.
    #[must_use]
    pub fn over(&self, list: &Rates, prompt: Tokens, passed: Option<Tokens>) -> Rates {
        let long = self.above.iter().rev().find(|(threshold, _)| prompt > *threshold);
        let owned = match (long, passed) {
            (Some((_, rates)), _) => rates,
            (None, None) => &self.rates,
            (None, Some(_)) => return *list,
        };
        let own = |own: Billed, list: Billed| if own == Billed::Unlisted { list } else { own };
        Rates {
            input: own(owned.input, list.input),
            cache_write_5m: own(owned.cache_write_5m, list.cache_write_5m),
            cache_write_1h: own(owned.cache_write_1h, list.cache_write_1h),
            cache_read: own(owned.cache_read, list.cache_read),
            output: own(owned.output, list.output),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    price: Vec<RawTerm>,
    #[serde(default)]
    commitment: Vec<RawCommitment>,
}

fn any() -> String {
    "*".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTerm {
    #[serde(default = "any")]
    provider: String,
    #[serde(default = "any")]
    model: String,
    from: Option<String>,
    until: Option<String>,
    multiplier: Option<String>,
    #[serde(default)]
    rates: RawRates,
    web_searches_per_1000: Option<String>,
    #[serde(default)]
    above: Vec<RawAbove>,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAbove {
    tokens: u64,
    rates: RawRates,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawRates {
    input: Option<String>,
    cache_write_5m: Option<String>,
    cache_write_1h: Option<String>,
    cache_read: Option<String>,
    output: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCommitment {
    provider: String,
    amount_usd: String,
    from: String,
    until: String,
    #[serde(default)]
    note: String,
}

impl RawTerm {
    fn read(self, place: &str) -> Result<Term, ContractError> {
        let place = Place(place);
        let multiplier =
            place.optional("multiplier", self.multiplier.as_deref(), FACTOR, Ratio::from_decimal)?;
        let web_searches = place.optional(
            "web_searches_per_1000",
            self.web_searches_per_1000.as_deref(),
            RATE,
            PieceRate::from_usd_per_thousand,
        )?;
        let rates = self.rates.read(&place)?;
        let mut above = Vec::new();
        for longer in &self.above {
            above.push((Tokens::new(longer.tokens), longer.rates.read(&place)?));
        }
        above.sort_by_key(|(threshold, _)| *threshold);
        if multiplier.is_none() && web_searches.is_none() && rates == Rates::default() && above.is_empty() {
            return Err(ContractError::Empty(place.0.to_owned()));
        }
        let from = place.optional("from", self.from.as_deref(), DAY, Day::parse)?;
        let until = place.optional("until", self.until.as_deref(), DAY, Day::parse)?;
        place.rising(from, until, self.until.as_deref())?;
        Ok(Term {
            provider: self.provider,
            model: self.model,
            from,
            until,
            multiplier: multiplier.unwrap_or(Ratio::ONE),
            rates,
            above,
            web_searches,
            note: self.note,
        })
    }
}

impl RawRates {
    fn read(&self, place: &Place<'_>) -> Result<Rates, ContractError> {
        let rate = |field, value: &Option<String>| {
            let rate = place.optional(field, value.as_deref(), RATE, Rate::from_usd_per_mtok)?;
            Ok(rate.map_or(Billed::Unlisted, Billed::At))
        };
        Ok(Rates {
            input: rate("input", &self.input)?,
            cache_write_5m: rate("cache_write_5m", &self.cache_write_5m)?,
            cache_write_1h: rate("cache_write_1h", &self.cache_write_1h)?,
            cache_read: rate("cache_read", &self.cache_read)?,
            output: rate("output", &self.output)?,
        })
    }
}

impl RawCommitment {
    fn read(self, place: &str) -> Result<Commitment, ContractError> {
        let place = Place(place);
        let amount = |text: &str| text.parse::<PicoUsd>().ok().filter(|amount| *amount > PicoUsd::ZERO);
        let from = place.value("from", &self.from, DAY, Day::parse)?;
        let until = place.value("until", &self.until, DAY, Day::parse)?;
        place.rising(Some(from), Some(until), Some(&self.until))?;
        Ok(Commitment {
            amount: place.value("amount_usd", &self.amount_usd, "is not a positive amount in USD", amount)?,
            provider: self.provider,
            from,
            until,
            note: self.note,
        })
    }
}

const DAY: &str = "is not a day, as 2026-07-01";
const RATE: &str = "is not a price in USD with at most six decimals";
const FACTOR: &str = "is not a factor with at most six decimals, as 0.85";

/// Where in the file a value stands, for the error.
struct Place<'a>(&'a str);

impl Place<'_> {
    fn value<T>(
        &self,
        field: &'static str,
        value: &str,
        problem: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ContractError> {
        let (place, refused) = (self.0.to_owned(), value.to_owned());
        read(value).ok_or(ContractError::Value { place, field, value: refused, problem })
    }

    fn optional<T>(
        &self,
        field: &'static str,
        value: Option<&str>,
        problem: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ContractError> {
        value.map(|value| self.value(field, value, problem, read)).transpose()
    }

    fn rising(&self, from: Option<Day>, until: Option<Day>, text: Option<&str>) -> Result<(), ContractError> {
        match (from, until) {
            (Some(from), Some(until)) if until <= from => Err(ContractError::Value {
                place: self.0.to_owned(),
                field: "until",
                value: text.unwrap_or_default().to_owned(),
                problem: "is not after `from`; it is the first day that the term no longer covers",
            }),
            _ => Ok(()),
        }
    }
}

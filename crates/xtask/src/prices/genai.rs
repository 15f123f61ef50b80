//! The data file of `genai-prices`: providers, models, columns of prices.
//!
//! Prices are taken as the text that stands in the file, so that no float is in
//! between.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct Provider {
    pub(super) id: String,
    pub(super) models: Vec<Model>,
}

#[derive(Deserialize)]
pub(super) struct Model {
    pub(super) id: String,
    #[serde(rename = "match")]
    pub(super) matching: Clause,
    prices: Box<RawValue>,
    #[serde(default)]
    price_variants: Vec<Variant>,
}

/// A rule by which that project matches names. Only its literal texts are taken,
/// as whole names: a prefix is not a rule here.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Clause {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Regex(#[expect(dead_code, reason = "a pattern is no name")] String),
    Or(Vec<Self>),
    And(Vec<Self>),
}

/// A price of one unit: one number, or more of them by prompt length.
pub(super) type Columns = BTreeMap<String, Column>;

#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub(super) enum Column {
    Tiered { base: Number, tiers: Vec<Tier> },
    Flat(Number),
}

#[derive(Deserialize, Clone)]
pub(super) struct Tier {
    pub(super) start: u64,
    pub(super) price: Number,
}

/// A number as its text.
#[derive(Clone)]
pub(super) struct Number(pub(super) String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        Ok(Self(number.to_string()))
    }
}

#[derive(Deserialize)]
struct Conditional {
    #[serde(default)]
    constraint: Option<Constraint>,
    prices: Columns,
}

#[derive(Deserialize, Default)]
pub(super) struct Constraint {
    start_date: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
}

#[derive(Deserialize)]
struct Variant {
    when: BTreeMap<String, String>,
    prices: Columns,
    #[serde(default)]
    constraint: Option<Constraint>,
}

/// Standard prices of a model from some day on, or for some hours of each day.
pub(super) struct Span {
    pub(super) from: Option<String>,
    pub(super) hours: Option<(String, String)>,
    pub(super) columns: Columns,
}

/// What a term of service changes, from some day on.
pub(super) struct Term {
    pub(super) kind: pricing::ModifierKind,
    pub(super) from: Option<String>,
    pub(super) columns: Columns,
}

pub(super) fn read(data: &str) -> Result<Vec<Provider>> {
    serde_json::from_str(data).context("reading the prices of genai-prices")
}

impl Model {
    pub(super) fn spans(&self) -> Result<Vec<Span>> {
        let text = self.prices.get();
        let conditionals = if text.starts_with('[') {
            serde_json::from_str::<Vec<Conditional>>(text)
        } else {
            serde_json::from_str(text).map(|prices| vec![Conditional { constraint: None, prices }])
        };
        let mut spans = Vec::new();
        for Conditional { constraint, prices } in conditionals.with_context(|| self.id.clone())? {
            let Constraint { start_date, start_time, end_time } = constraint.unwrap_or_default();
            let hours = start_time.zip(end_time);
            spans.push(Span { from: start_date, hours, columns: prices });
        }
        Ok(spans)
    }

    pub(super) fn terms(&self) -> Result<Vec<Term>> {
        use pricing::ModifierKind::{Batch, Fast, Flex, Priority};
        let mut terms = Vec::new();
        for variant in &self.price_variants {
            let when: Vec<_> =
                variant.when.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let kind = match when.as_slice() {
                [("processing", "batch")] => Batch,
                [("service_tier", "flex")] => Flex,
                [("service_tier", "priority")] => Priority,
                [("service_tier", "fast")] | [("speed", "fast")] => Fast,
                // The ordinary price again, or terms that no coding tool records.
                [("service_tier", "default") | ("route" | "search_type", _)] => continue,
                _ => bail!("{}: a price variant of a new kind: {when:?}", self.id),
            };
            let from = variant.constraint.as_ref().and_then(|constraint| constraint.start_date.clone());
            terms.push(Term { kind, from, columns: variant.prices.clone() });
        }
        Ok(terms)
    }
}

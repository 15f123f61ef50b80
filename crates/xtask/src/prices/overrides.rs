//! `overrides.toml`: what we say ourselves, each line with its source.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overrides {
    /// Sources by key.
    pub(super) sources: BTreeMap<String, String>,
    /// The providers that are kept, makers in the order in which they are asked.
    pub(super) provider: Vec<Provider>,
    /// Models that go by another name than in the data.
    #[serde(default)]
    pub(super) rename: Vec<Rename>,
    /// Names of a model that are models of their own, at the same price.
    #[serde(default)]
    pub(super) split: Vec<Split>,
    /// Further names of a model.
    #[serde(default)]
    pub(super) alias: Vec<Alias>,
    /// Models with all of their prices, in place of what the data says.
    #[serde(default)]
    pub(super) model: Vec<Model>,
    /// Terms of service of many models at once, where a price has none of that kind.
    #[serde(default)]
    pub(super) modifier: Vec<Modifier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    pub(super) id: String,
    /// Its id in the data; none where all of it stands here.
    pub(super) from: Option<String>,
    /// Which of that one's models.
    #[serde(default = "any")]
    pub(super) models: String,
    pub(super) maker: bool,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) charges: Vec<String>,
    /// Classes that are billed as input where they have no rate.
    #[serde(default)]
    pub(super) as_input: Vec<String>,
}

fn any() -> String {
    "*".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    pub(super) provider: String,
    pub(super) from: String,
    pub(super) to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alias {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) entry: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    /// Hours of each day in UTC, as `["00:30", "16:30"]`.
    pub(super) hours: Option<(String, String)>,
    pub(super) source: String,
    pub(super) rates: Rates,
    #[serde(default)]
    pub(super) above: Vec<Above>,
    pub(super) web_searches: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rates {
    pub(super) input: String,
    pub(super) cache_write_5m: Option<String>,
    pub(super) cache_write_1h: Option<String>,
    pub(super) cache_read: Option<String>,
    pub(super) output: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Above {
    pub(super) tokens: u64,
    pub(super) rates: Rates,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Modifier {
    pub(super) provider: String,
    pub(super) models: Vec<String>,
    pub(super) kind: String,
    pub(super) factor: String,
    pub(super) source: String,
}

pub(super) fn read(text: &str) -> Result<Overrides> {
    toml::from_str(text).context("reading overrides.toml")
}

//! The JSON contract. What is written here does not change its meaning; fields
//! may be added. The types are apart from the domain's so that neither can
//! change the other by accident. They describe themselves as OpenAPI schemas, for who
//! serves them.

mod explain;
mod figures;
pub(crate) mod insight;
mod prices;
mod report;
mod sessions;
mod turns;

pub use explain::{EXPLAIN_SCHEMA, ExplainError, WireExplainSum, WireExplained, explain_json, explained};
pub use insight::{
    WireAnomalies, WireAnomaly, WireEfficiency, WireForecast, WireJudgement, WireModels, WireOverview,
    WireTeams, WireTrends, insight_json,
};
pub use prices::{WirePrices, prices_json};
pub use report::{WireReport, report_json};
pub use sessions::{WireDetail, WireSessions, session_json, sessions_json};
pub use turns::{WireToolCount, WireTurn};

use std::collections::BTreeMap;

use domain::{Measures, NanoUsd, Usage};
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::{Provenance, Sources};
use crate::calendar;
use crate::text::PerMille;

/// The token counts of a sum of calls. The classes are disjoint but for
/// `reasoning`, which is a part of `output`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct WireTokens {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write_5m: u64,
    cache_write_1h: u64,
    reasoning: u64,
}

impl WireTokens {
    /// The counts of a usage.
    #[must_use]
    pub const fn of(usage: &Usage) -> Self {
        Self {
            input: usage.input.count(),
            output: usage.output.count(),
            cache_read: usage.cache_read.count(),
            cache_write_5m: usage.cache_write_5m.count(),
            cache_write_1h: usage.cache_write_1h.count(),
            reasoning: usage.reasoning.count(),
        }
    }
}

/// What every sum of calls says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireMeasures {
    calls: u64,
    tokens: WireTokens,
    web_searches: u64,
    cost_nano_usd: String,
    cost_usd: String,
    list_cost_nano_usd: String,
    list_cost_usd: String,
    unpriced_calls: u64,
}

impl WireMeasures {
    pub(crate) fn of(measures: &Measures) -> Self {
        Self {
            calls: measures.calls,
            tokens: WireTokens::of(&measures.usage),
            web_searches: measures.usage.web_searches,
            cost_nano_usd: nano(measures.cost),
            cost_usd: measures.cost.to_string(),
            list_cost_nano_usd: nano(measures.list),
            list_cost_usd: measures.list.to_string(),
            unpriced_calls: measures.unpriced_calls,
        }
    }
}

/// Calls and their cost, where no more is worth saying.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireShare {
    calls: u64,
    cost_nano_usd: String,
    cost_usd: String,
    cost_percent: Option<String>,
}

impl WireShare {
    pub(crate) fn of(part: &Measures, whole: &Measures) -> Self {
        Self {
            calls: part.calls,
            cost_nano_usd: nano(part.cost),
            cost_usd: part.cost.to_string(),
            cost_percent: PerMille::of_money(part.cost, whole.cost).map(PerMille::to_decimal),
        }
    }
}

/// What was read.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireSources {
    files: u64,
    bytes: u64,
    tools: BTreeMap<&'static str, WireToolSource>,
    unreadable_files: u64,
    problem_records: u64,
    newest: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct WireToolSource {
    files: u64,
    bytes: u64,
}

impl WireSources {
    pub(crate) fn of(sources: &Sources) -> Self {
        let tools = sources.tools.iter();
        Self {
            files: sources.files(),
            bytes: sources.bytes(),
            tools: tools
                .map(|it| (it.tool.name(), WireToolSource { files: it.files, bytes: it.bytes }))
                .collect(),
            unreadable_files: sources.unreadable_files,
            problem_records: sources.problem_records,
            newest: sources.newest.and_then(|it| calendar::rfc3339(it, &jiff::tz::TimeZone::UTC)),
        }
    }
}

/// The end of every document: what it rests on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireProvenance {
    sources: WireSources,
    price_book: String,
}

impl WireProvenance {
    pub(crate) fn of(provenance: &Provenance<'_>) -> Self {
        Self { sources: WireSources::of(provenance.sources), price_book: provenance.price_book.to_owned() }
    }
}

/// An exact amount as text, since many readers turn numbers into floats.
pub(crate) fn nano(amount: NanoUsd) -> String {
    amount.nano().to_string()
}

/// Tenths as a decimal: `12.4`.
pub(crate) fn tenths(count: u64) -> String {
    format!("{}.{}", count / 10, count % 10)
}

/// The document as text, indented, with a line feed at its end.
///
/// # Errors
/// Where a value cannot be written, which these types do not allow.
pub(crate) fn to_text<T: Serialize>(document: &T) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests;

//! `bursar.insight.*/1`: what the dashboard and everything like it shows.
//!
//! Money stands as an object of the exact amount in nano-USD and in USD, both as text;
//! shares are integers, parts of a thousand.

mod anomaly;
mod budget;
mod efficiency;
mod forecast;
mod judgement;
mod models;
mod overview;
mod teams;
mod trends;

pub use anomaly::{WireAnomalies, WireAnomaly};
pub use efficiency::WireEfficiency;
pub use forecast::WireForecast;
pub use judgement::WireJudgement;
pub use models::WireModels;
pub use overview::WireOverview;
pub use teams::WireTeams;
pub use trends::WireTrends;

use domain::{Measures, NanoUsd};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMeasures, WireProvenance, nano, to_text};
use crate::book::Provenance;
use crate::change::{Change, Rate};
use crate::report::Figures;
use crate::text::PerMille;
use crate::topic::Insight;

/// An amount.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireMoney {
    /// Exact, in nano-USD.
    cost_nano_usd: String,
    /// The same in USD, with nine decimals.
    cost_usd: String,
}

impl WireMoney {
    fn of(amount: NanoUsd) -> Self {
        Self { cost_nano_usd: nano(amount), cost_usd: amount.to_string() }
    }
}

/// A change against the period before.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireMove {
    before: WireMoney,
    before_calls: u64,
    /// How much more, or less.
    change: WireMoney,
    /// The same as a part of what it was; none where there was nothing.
    change_per_mille: Option<i64>,
    /// Whether there was nothing before.
    new: bool,
    /// Whether it is large enough to be looked at.
    flagged: bool,
}

impl WireMove {
    fn of(it: &Change) -> Self {
        let change_per_mille = match it.rate {
            Rate::By(by) => Some(by.tenths()),
            Rate::New | Rate::Nothing => None,
        };
        Self {
            before: WireMoney::of(it.before),
            before_calls: it.calls_before,
            change: WireMoney::of(it.difference),
            change_per_mille,
            new: it.rate == Rate::New,
            flagged: it.is_flagged(),
        }
    }
}

/// Calls and their cost, with how that changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireMoved {
    calls: u64,
    unpriced_calls: u64,
    #[serde(flatten)]
    cost: WireMoney,
    compare: Option<WireMove>,
}

impl WireMoved {
    fn of(it: &Figures) -> Self {
        Self::parts(&it.measures, it.change.as_ref())
    }

    fn parts(measures: &Measures, change: Option<&Change>) -> Self {
        Self {
            calls: measures.calls,
            unpriced_calls: measures.unpriced_calls,
            cost: WireMoney::of(measures.cost),
            compare: change.map(WireMove::of),
        }
    }
}

/// A day or a week, and what was spent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WirePoint {
    /// The day; of a week its Monday.
    day: String,
    #[serde(flatten)]
    cost: WireMoney,
}

impl WirePoint {
    fn of((day, cost): (Date, NanoUsd)) -> Self {
        Self { day: day.to_string(), cost: WireMoney::of(cost) }
    }
}

fn per_mille(share: Option<PerMille>) -> Option<i64> {
    share.map(PerMille::tenths)
}

/// An answer as JSON.
///
/// # Errors
/// Where a value cannot be written, which these types do not allow.
pub fn insight_json(insight: &Insight, provenance: &Provenance<'_>) -> Result<String, serde_json::Error> {
    match insight {
        Insight::Overview(it) => to_text(&WireOverview::of(it, provenance)),
        Insight::Trends(it) => to_text(&WireTrends::of(it, provenance)),
        Insight::Anomalies(it) => to_text(&WireAnomalies::of(it, provenance)),
        Insight::Forecast(it) => to_text(&WireForecast::of(it, provenance)),
        Insight::Efficiency(it) => to_text(&WireEfficiency::of(it, provenance)),
        Insight::Teams(it) => to_text(&WireTeams::of(it, provenance)),
        Insight::Models(it) => to_text(&WireModels::of(it, provenance)),
    }
}

#[cfg(test)]
pub(crate) mod tests;

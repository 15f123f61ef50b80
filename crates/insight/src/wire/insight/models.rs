//! `bursar.insight.models/1`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMoney, WireMoved, WireProvenance, per_mille};
use crate::book::Provenance;
use crate::models::{CHEAPER_CAVEAT, Cheaper, MixRow, MixWeek, Models};
use crate::text::PerMille;
use crate::wire::report::WirePeriod;

/// Models and providers of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireModels<'a> {
    /// `bursar.insight.models/1`.
    schema: &'static str,
    period: WirePeriod<'a>,
    compared_with: Option<WirePeriod<'a>>,
    total: WireMoved,
    models: Vec<WireMix<'a>>,
    providers: Vec<WireMix<'a>>,
    /// What each model cost in each week of the period.
    weeks: Vec<WireMixWeek<'a>>,
    /// What cheaper models that are used as well would have cost.
    cheaper: Vec<WireCheaper<'a>>,
    /// What must be said beside them.
    caveat: &'static str,
    #[serde(flatten)]
    provenance: WireProvenance,
}

/// A model or provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireMix<'a> {
    value: &'a str,
    #[serde(flatten)]
    figures: WireMoved,
    share_per_mille: Option<i64>,
    share_before_per_mille: Option<i64>,
}

/// A week.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireMixWeek<'a> {
    /// Its Monday.
    day: String,
    models: Vec<WireMixCost<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireMixCost<'a> {
    model: &'a str,
    #[serde(flatten)]
    cost: WireMoney,
}

/// A model in the place of a dearer one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireCheaper<'a> {
    from: &'a str,
    to: &'a str,
    calls: u64,
    actual: WireMoney,
    hypothetical: WireMoney,
    /// How much less, as a part of what it was; below zero.
    change_per_mille: Option<i64>,
}

impl<'a> WireModels<'a> {
    pub(super) fn of(it: &'a Models, provenance: &Provenance<'_>) -> Self {
        Self {
            schema: "bursar.insight.models/1",
            period: WirePeriod::of(&it.period),
            compared_with: it.before.as_ref().map(WirePeriod::of),
            total: WireMoved::of(&it.total),
            models: it.models.iter().map(WireMix::of).collect(),
            providers: it.providers.iter().map(WireMix::of).collect(),
            weeks: it.weeks.iter().map(WireMixWeek::of).collect(),
            cheaper: it.cheaper.iter().map(WireCheaper::of).collect(),
            caveat: CHEAPER_CAVEAT,
            provenance: WireProvenance::of(provenance),
        }
    }
}

impl<'a> WireMix<'a> {
    fn of(it: &'a MixRow) -> Self {
        Self {
            value: &it.value,
            figures: WireMoved::of(&it.figures),
            share_per_mille: per_mille(it.share),
            share_before_per_mille: per_mille(it.share_before),
        }
    }
}

impl<'a> WireMixWeek<'a> {
    fn of(it: &'a MixWeek) -> Self {
        let cost = |(model, cost): &'a (std::sync::Arc<str>, domain::NanoUsd)| WireMixCost {
            model,
            cost: WireMoney::of(*cost),
        };
        Self { day: it.monday.to_string(), models: it.models.iter().map(cost).collect() }
    }
}

impl<'a> WireCheaper<'a> {
    fn of(it: &'a Cheaper) -> Self {
        let change = it.hypothetical.minus(it.actual).ok();
        Self {
            from: &it.from,
            to: &it.to,
            calls: it.calls,
            actual: WireMoney::of(it.actual),
            hypothetical: WireMoney::of(it.hypothetical),
            change_per_mille: per_mille(change.and_then(|change| PerMille::of_money(change, it.actual))),
        }
    }
}

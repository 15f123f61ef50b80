//! `bursar.insight.overview/1`.

use domain::NanoUsd;
use serde::Serialize;
use utoipa::ToSchema;

use super::anomaly::WireAnomaly;
use super::budget::WireBudgetCourse;
use super::efficiency::WireDayCost;
use super::forecast::WireTarget;
use super::{WireMeasures, WireMoney, WireMove, WireMoved, WirePoint, WireProvenance, per_mille};
use crate::book::Provenance;
use crate::calendar;
use crate::overview::{Mover, Overview, unknown_share};
use crate::report::Coverage;
use crate::wire::report::{WireFilter, WirePeriod, WireUnpriced};

/// One screen: how much, who and what, why, what next.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireOverview<'a> {
    /// `bursar.insight.overview/1`.
    schema: &'static str,
    period: WirePeriod<'a>,
    compared_with: Option<WirePeriod<'a>>,
    filters: Vec<WireFilter<'a>>,
    total: WireOverviewTotal,
    /// Developers with calls.
    developers: u64,
    developer_day: Option<WireDayCost>,
    /// The mean of the last two weeks, weekends included.
    burn_per_day: WireMoney,
    /// Each day of the period.
    days: Vec<WirePoint>,
    /// `enough`, `short` or `none`: how much past there is to forecast from.
    history: &'static str,
    /// This month, this quarter and the next.
    forecast: Vec<WireTarget>,
    /// The budgets of the whole organisation.
    budgets: Vec<WireBudgetCourse>,
    /// Budgets that will not last, or hardly; those of the whole organisation as well.
    budgets_in_danger: Vec<WireBudgetCourse>,
    /// Who and what moved most, by dimension.
    movers: Vec<WireMover<'a>>,
    /// What is unusual, the newest first.
    anomalies: Vec<WireAnomaly<'a>>,
    anomalies_settled: usize,
    unattributed: Vec<WireUnattributed>,
    coverage: Option<WireSeen>,
    freshness: WireFreshness,
    /// Models with calls that have no price.
    unpriced: Vec<WireUnpriced<'a>>,
    #[serde(flatten)]
    provenance: WireProvenance,
}

/// Everything, with how that changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireOverviewTotal {
    #[serde(flatten)]
    measures: WireMeasures,
    compare: Option<WireMove>,
    /// The part whose output count may be too low.
    may_be_low: WireMoney,
}

/// Somebody or something whose spend moved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireMover<'a> {
    dimension: &'static str,
    value: &'a str,
    #[serde(flatten)]
    figures: WireMoved,
}

/// How much of the cost nobody can say this of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireUnattributed {
    dimension: &'static str,
    #[serde(flatten)]
    cost: WireMoney,
    cost_per_mille: Option<i64>,
}

/// How much was seen by more than one kind of source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireSeen {
    calls: u64,
    /// Calls that one kind of source alone saw.
    seen_once: u64,
}

/// How new the figures are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireFreshness {
    /// The quarter of an hour of the newest call.
    newest: Option<String>,
    minutes_old: Option<u64>,
}

impl<'a> WireOverview<'a> {
    pub(super) fn of(it: &'a Overview, provenance: &Provenance<'_>) -> Self {
        let whole = &it.whole;
        let total = whole.total.measures.cost;
        Self {
            schema: "bursar.insight.overview/1",
            period: WirePeriod::of(&whole.period),
            compared_with: whole.compared_with.as_ref().map(WirePeriod::of),
            filters: WireFilter::all(whole),
            total: WireOverviewTotal {
                measures: WireMeasures::of(&whole.total.measures),
                compare: whole.total.change.as_ref().map(WireMove::of),
                may_be_low: WireMoney::of(whole.total.may_be_low.cost),
            },
            developers: it.developers,
            developer_day: it.developer_day.as_ref().map(WireDayCost::of),
            burn_per_day: WireMoney::of(it.burn_per_day),
            days: it.days.days().map(WirePoint::of).collect(),
            history: it.forecast.whole.history.name(),
            forecast: it.forecast.whole.targets.iter().map(WireTarget::of).collect(),
            budgets: it.budgets.iter().map(WireBudgetCourse::of).collect(),
            budgets_in_danger: it.in_danger.iter().map(WireBudgetCourse::of).collect(),
            movers: it.movers.iter().map(WireMover::of).collect(),
            anomalies: it.anomalies.told.iter().map(WireAnomaly::of).collect(),
            anomalies_settled: it.anomalies.settled.len(),
            unattributed: it.unattributed.iter().map(|one| WireUnattributed::of(one, total)).collect(),
            coverage: it.seen.map(|it| WireSeen { calls: it.calls, seen_once: it.once }),
            freshness: WireFreshness {
                newest: it.newest.and_then(|it| calendar::rfc3339(it, &jiff::tz::TimeZone::UTC)),
                minutes_old: it.minutes_old,
            },
            unpriced: WireUnpriced::all(whole),
            provenance: WireProvenance::of(provenance),
        }
    }
}

impl<'a> WireMover<'a> {
    fn of(it: &'a Mover) -> Self {
        Self {
            dimension: it.dimension.name(),
            value: &it.value,
            figures: WireMoved::parts(&it.measures, Some(&it.change)),
        }
    }
}

impl WireUnattributed {
    fn of(it: &Coverage, total: NanoUsd) -> Self {
        Self {
            dimension: it.dimension.name(),
            cost: WireMoney::of(it.unknown_cost()),
            cost_per_mille: per_mille(unknown_share(it, total)),
        }
    }
}

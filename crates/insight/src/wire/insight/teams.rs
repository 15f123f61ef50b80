//! `bursar.insight.teams/1`.

use serde::Serialize;
use utoipa::ToSchema;

use super::budget::WireBudgetCourse;
use super::efficiency::{WireCacheWeek, WireDayCost};
use super::{WireMoney, WireMoved, WireProvenance, per_mille};
use crate::book::Provenance;
use crate::teams::{TeamRow, Teams};
use crate::wire::report::WirePeriod;

/// What teams were given and used.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireTeams<'a> {
    /// `bursar.insight.teams/1`.
    schema: &'static str,
    period: WirePeriod<'a>,
    compared_with: Option<WirePeriod<'a>>,
    total: WireMoved,
    /// The dearest first; `unknown` are calls of no team.
    rows: Vec<WireTeam<'a>>,
    #[serde(flatten)]
    provenance: WireProvenance,
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireTeam<'a> {
    team: &'a str,
    #[serde(flatten)]
    figures: WireMoved,
    share_per_mille: Option<i64>,
    /// Developers with calls.
    developers: u64,
    developer_day: Option<WireDayCost>,
    /// What it spent a day in the last two weeks, weekends included.
    burn_per_day: WireMoney,
    /// Its budgets, the shortest period first.
    budgets: Vec<WireBudgetCourse>,
    /// Its cache by week.
    cache: Vec<WireCacheWeek>,
}

impl<'a> WireTeams<'a> {
    pub(super) fn of(it: &'a Teams, provenance: &Provenance<'_>) -> Self {
        Self {
            schema: "bursar.insight.teams/1",
            period: WirePeriod::of(&it.period),
            compared_with: it.before.as_ref().map(WirePeriod::of),
            total: WireMoved::of(&it.total),
            rows: it.rows.iter().map(WireTeam::of).collect(),
            provenance: WireProvenance::of(provenance),
        }
    }
}

impl<'a> WireTeam<'a> {
    fn of(it: &'a TeamRow) -> Self {
        Self {
            team: &it.team,
            figures: WireMoved::of(&it.figures),
            share_per_mille: per_mille(it.share),
            developers: it.developers,
            developer_day: it.developer_day.as_ref().map(WireDayCost::of),
            burn_per_day: WireMoney::of(it.burn_per_day),
            budgets: it.budgets.iter().map(WireBudgetCourse::of).collect(),
            cache: it.cache.iter().map(WireCacheWeek::of).collect(),
        }
    }
}

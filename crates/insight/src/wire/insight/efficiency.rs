//! `bursar.insight.efficiency/1`.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMoney, WireMoved, WireProvenance, per_mille};
use crate::book::Provenance;
use crate::efficiency::{CacheWeek, Courses, DayCost, Efficiency, Named};
use crate::figures::{LeaderFigures, Remarkable, TopShare};
use crate::sessions::{LARGE_CONTEXT, LOOP_RUN};
use crate::wire::report::WirePeriod;
use crate::wire::tenths;

/// How well the money of a period is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireEfficiency<'a> {
    /// `bursar.insight.efficiency/1`.
    schema: &'static str,
    period: WirePeriod<'a>,
    calls: u64,
    cost: WireMoney,
    developers: u64,
    /// What a developer costs on a day with calls.
    developer_day: Option<WireDayCost>,
    /// Prompt tokens for each output token, with one decimal.
    input_tokens_per_output_token: Option<String>,
    /// The part of the prompts that was read from a cache.
    cache_hit_per_mille: Option<i64>,
    cache_weeks: Vec<WireCacheWeek>,
    cache_by_team: Vec<WireTeamCache<'a>>,
    sessions: WireSessionFigures<'a>,
    /// Those who spent most.
    top_spenders: Vec<WireTopSpenders>,
    branches: Vec<WireNamed<'a>>,
    pull_requests: Vec<WireNamed<'a>>,
    #[serde(flatten)]
    provenance: WireProvenance,
}

/// What a developer costs on a day with calls, of all such days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireDayCost {
    /// Such days.
    days: u64,
    /// Half of them cost at most this.
    median: WireMoney,
    /// Nine of ten cost at most this.
    p90: WireMoney,
}

/// A week's cache.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireCacheWeek {
    /// Its Monday.
    day: String,
    hit_per_mille: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireTeamCache<'a> {
    team: &'a str,
    weeks: Vec<WireCacheWeek>,
}

/// How sessions went; times, turns and contexts of those whose logs say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireSessionFigures<'a> {
    sessions: u64,
    median_cost: Option<WireMoney>,
    p90_cost: Option<WireMoney>,
    /// Sessions whose logs say how they went.
    told: u64,
    active_ms: u64,
    idle_ms: u64,
    median_turns: Option<u64>,
    /// The middle of turns for each active hour, with one decimal.
    median_turns_per_active_hour: Option<String>,
    median_first_context_tokens: Option<u64>,
    median_peak_context_tokens: Option<u64>,
    /// The middle of how many times what they began with contexts grew to, with one decimal.
    median_context_growth: Option<String>,
    compactions: u64,
    large_contexts: WireSome<'a>,
    likely_loops: WireSome<'a>,
}

/// Sessions that deserve a look.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireSome<'a> {
    threshold: u64,
    sessions: u64,
    #[serde(flatten)]
    cost: WireMoney,
    /// The dearest of them.
    dearest: Vec<&'a str>,
}

/// What those who spend most spend.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireTopSpenders {
    /// `one`, `tenth` or `fifth` of all developers, rounded up.
    part: &'static str,
    developers: usize,
    #[serde(flatten)]
    cost: WireMoney,
    cost_per_mille: Option<i64>,
}

/// A branch or pull request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireNamed<'a> {
    repo: Option<&'a str>,
    name: &'a str,
    #[serde(flatten)]
    figures: WireMoved,
}

impl<'a> WireEfficiency<'a> {
    pub(super) fn of(it: &'a Efficiency, provenance: &Provenance<'_>) -> Self {
        let figures = &it.figures;
        let top = [("one", figures.top_one), ("tenth", figures.top_tenth), ("fifth", it.top_fifth)];
        let team = |(team, weeks): &'a (Arc<str>, Vec<CacheWeek>)| WireTeamCache {
            team,
            weeks: weeks.iter().map(WireCacheWeek::of).collect(),
        };
        Self {
            schema: "bursar.insight.efficiency/1",
            period: WirePeriod::of(&it.period),
            calls: figures.total.calls,
            cost: WireMoney::of(figures.total.cost),
            developers: figures.developers,
            developer_day: it.developer_day.as_ref().map(WireDayCost::of),
            input_tokens_per_output_token: figures.input_to_output_tenths.map(tenths),
            cache_hit_per_mille: per_mille(figures.cache_hit),
            cache_weeks: it.cache_weeks.iter().map(WireCacheWeek::of).collect(),
            cache_by_team: it.cache_by_team.iter().map(team).collect(),
            sessions: WireSessionFigures::of(figures, &it.courses),
            top_spenders: top
                .into_iter()
                .filter_map(|(part, top)| Some(WireTopSpenders::of(part, &top?)))
                .collect(),
            branches: it.branches.iter().map(WireNamed::of).collect(),
            pull_requests: it.pull_requests.iter().map(WireNamed::of).collect(),
            provenance: WireProvenance::of(provenance),
        }
    }
}

impl WireDayCost {
    pub(super) fn of(it: &DayCost) -> Self {
        Self { days: it.days, median: WireMoney::of(it.median), p90: WireMoney::of(it.p90) }
    }
}

impl WireCacheWeek {
    pub(super) fn of(it: &CacheWeek) -> Self {
        Self { day: it.monday.to_string(), hit_per_mille: per_mille(it.hit) }
    }
}

impl<'a> WireSessionFigures<'a> {
    fn of(figures: &'a LeaderFigures, it: &Courses) -> Self {
        Self {
            sessions: figures.sessions,
            median_cost: figures.median_session.map(WireMoney::of),
            p90_cost: figures.p90_session.map(WireMoney::of),
            told: it.sessions,
            active_ms: it.active_ms,
            idle_ms: it.idle_ms,
            median_turns: it.turns,
            median_turns_per_active_hour: it.cadence_tenths.map(tenths),
            median_first_context_tokens: it.first_context,
            median_peak_context_tokens: it.peak_context,
            median_context_growth: it.growth_tenths.map(tenths),
            compactions: it.compactions,
            large_contexts: WireSome::of(&figures.large_contexts, LARGE_CONTEXT.count()),
            likely_loops: WireSome::of(&figures.likely_loops, u64::from(LOOP_RUN)),
        }
    }
}

impl<'a> WireSome<'a> {
    fn of(it: &'a Remarkable, threshold: u64) -> Self {
        Self {
            threshold,
            sessions: it.sessions,
            cost: WireMoney::of(it.cost),
            dearest: it.dearest.iter().map(|it| it.session.as_str()).collect(),
        }
    }
}

impl WireTopSpenders {
    fn of(part: &'static str, it: &TopShare) -> Self {
        Self {
            part,
            developers: it.developers,
            cost: WireMoney::of(it.cost),
            cost_per_mille: per_mille(it.share),
        }
    }
}

impl<'a> WireNamed<'a> {
    fn of(it: &'a Named) -> Self {
        Self { repo: it.repo.as_deref(), name: &it.name, figures: WireMoved::of(&it.figures) }
    }
}

//! The figures that leaders ask for and what-ifs, as parts of `bursar.report/1`.

use domain::NanoUsd;
use serde::Serialize;
use utoipa::ToSchema;

use super::{WireShare, nano, tenths};
use crate::figures::{LeaderFigures, ModelShare, Remarkable, TopShare};
use crate::sessions::{LARGE_CONTEXT, LOOP_RUN};
use crate::text::PerMille;
use crate::what_if::{CAVEAT, WhatIf};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WireLeaderFigures<'a> {
    developers: u64,
    developer_days: u64,
    cost_per_developer_day: Option<WireAmount>,
    cost_of_nobody_known: WireAmount,
    input_tokens_per_output_token: Option<String>,
    cache_hit_percent: Option<String>,
    models: Vec<WireModel<'a>>,
    top_developer: Option<WireTop>,
    top_tenth_of_developers: Option<WireTop>,
    sessions: u64,
    median_session_cost: Option<WireAmount>,
    p90_session_cost: Option<WireAmount>,
    large_contexts: WireRemarkable<'a>,
    likely_loops: WireRemarkable<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WireAmount {
    cost_nano_usd: String,
    cost_usd: String,
}

impl WireAmount {
    pub(super) fn of(amount: NanoUsd) -> Self {
        Self { cost_nano_usd: nano(amount), cost_usd: amount.to_string() }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct WireModel<'a> {
    model: &'a str,
    #[serde(flatten)]
    share: WireShare,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireTop {
    developers: usize,
    #[serde(flatten)]
    cost: WireAmount,
    cost_percent: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireRemarkable<'a> {
    threshold: u64,
    sessions: u64,
    #[serde(flatten)]
    cost: WireAmount,
    dearest: Vec<&'a str>,
}

impl<'a> WireLeaderFigures<'a> {
    pub(super) fn of(it: &'a LeaderFigures) -> Self {
        let model = |one: &'a ModelShare| WireModel {
            model: &one.model,
            share: WireShare::of(&one.measures, &it.total),
        };
        Self {
            developers: it.developers,
            developer_days: it.active_days,
            cost_per_developer_day: it.cost_per_active_day.map(WireAmount::of),
            cost_of_nobody_known: WireAmount::of(it.cost_of_nobody),
            input_tokens_per_output_token: it.input_to_output_tenths.map(tenths),
            cache_hit_percent: it.cache_hit.map(PerMille::to_decimal),
            models: it.models.iter().map(model).collect(),
            top_developer: it.top_one.as_ref().map(WireTop::of),
            top_tenth_of_developers: it.top_tenth.as_ref().map(WireTop::of),
            sessions: it.sessions,
            median_session_cost: it.median_session.map(WireAmount::of),
            p90_session_cost: it.p90_session.map(WireAmount::of),
            large_contexts: WireRemarkable::of(&it.large_contexts, LARGE_CONTEXT.count()),
            likely_loops: WireRemarkable::of(&it.likely_loops, u64::from(LOOP_RUN)),
        }
    }
}

impl WireTop {
    fn of(it: &TopShare) -> Self {
        Self {
            developers: it.developers,
            cost: WireAmount::of(it.cost),
            cost_percent: it.share.map(PerMille::to_decimal),
        }
    }
}

impl<'a> WireRemarkable<'a> {
    fn of(it: &'a Remarkable, threshold: u64) -> Self {
        Self {
            threshold,
            sessions: it.sessions,
            cost: WireAmount::of(it.cost),
            dearest: it.dearest.iter().map(|it| it.session.as_str()).collect(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WireWhatIf<'a> {
    from: &'a str,
    to: &'a str,
    calls: u64,
    unpriced_calls: u64,
    actual: WireAmount,
    hypothetical: WireAmount,
    change_nano_usd: Option<String>,
    change_usd: Option<String>,
    change_percent: Option<String>,
    caveat: &'static str,
}

impl<'a> WireWhatIf<'a> {
    pub(super) fn of(it: &'a WhatIf) -> Self {
        let difference = it.difference().ok();
        Self {
            from: it.from.as_str(),
            to: it.to.as_str(),
            calls: it.calls,
            unpriced_calls: it.unpriced_calls,
            actual: WireAmount::of(it.actual),
            hypothetical: WireAmount::of(it.hypothetical),
            change_nano_usd: difference.map(nano),
            change_usd: difference.map(|it| it.to_string()),
            change_percent: it.rate().map(PerMille::to_decimal),
            caveat: CAVEAT,
        }
    }
}

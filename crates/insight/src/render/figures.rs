//! The figures that leaders ask for, as lines under a report.

use domain::NanoUsd;

use super::value::{cost, tenths};
use crate::figures::{LeaderFigures, ModelShare, Remarkable, TopShare};
use crate::sessions::{LARGE_CONTEXT, LOOP_RUN};
use crate::table::{Terminal, Tone, fact};
use crate::text::{compact, counted, dollars, share};

/// Models that are named in the mix; the rest of them is one share.
const MODELS_SHOWN: usize = 6;

/// Columns for the names of figures.
const NAMES_WIDTH: usize = 23;

/// A line each, with its name before it.
pub(super) fn figures_text(figures: &LeaderFigures, terminal: &Terminal) -> String {
    let mut out = terminal.tint(Tone::Strong, "Figures");
    out.push('\n');
    for (name, text) in lines(figures) {
        out.push_str(&fact(name, NAMES_WIDTH, &text, terminal));
    }
    out
}

fn lines(it: &LeaderFigures) -> Vec<(&'static str, String)> {
    let none = || "-".to_owned();
    let money = |it: Option<NanoUsd>| it.map_or_else(none, dollars);
    let nobody = if it.cost_of_nobody == NanoUsd::ZERO {
        String::new()
    } else {
        format!("; {} of unknown developers left out", dollars(it.cost_of_nobody))
    };
    vec![
        (
            "per developer and day",
            format!(
                "{} ({}, {} with calls{nobody})",
                money(it.cost_per_active_day),
                counted(it.developers, "developer", "developers"),
                counted(it.active_days, "day", "days"),
            ),
        ),
        (
            "input to output",
            it.input_to_output_tenths
                .map_or_else(none, |it| format!("{} tokens in for each out", tenths(it))),
        ),
        ("cache hit", it.cache_hit.map_or_else(none, |it| format!("{it} of prompt tokens"))),
        ("models", models(it)),
        ("top spender", top(it.top_one.as_ref())),
        ("top tenth", top(it.top_tenth.as_ref())),
        (
            "cost of a session",
            format!(
                "median {}, 90th percentile {} ({})",
                money(it.median_session),
                money(it.p90_session),
                counted(it.sessions, "session", "sessions"),
            ),
        ),
        ("large contexts", {
            remarkable(&it.large_contexts, &format!("grew beyond {} tokens", compact(LARGE_CONTEXT.count())))
        }),
        ("likely loops", {
            remarkable(&it.likely_loops, &format!("failed {LOOP_RUN} or more times in a row at one step"))
        }),
    ]
}

fn models(figures: &LeaderFigures) -> String {
    let total = figures.total.cost;
    let one = |it: &ModelShare| {
        let part = if it.measures.unpriced_calls >= it.measures.calls {
            cost(&it.measures, &it.measures)
        } else {
            share(it.measures.cost, total)
        };
        format!("{} {part}", it.model)
    };
    let mut shown: Vec<String> = figures.models.iter().take(MODELS_SHOWN).map(one).collect();
    if let Some(more @ 1..) = figures.models.len().checked_sub(MODELS_SHOWN) {
        shown.push(format!("{more} more"));
    }
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}

fn top(top: Option<&TopShare>) -> String {
    let Some(top) = top else { return "-".to_owned() };
    let count = u64::try_from(top.developers).unwrap_or(u64::MAX);
    let part = top.share.map_or_else(|| "-".to_owned(), |it| it.to_string());
    format!("{}: {}, {part} of the cost", counted(count, "developer", "developers"), dollars(top.cost))
}

fn remarkable(these: &Remarkable, what: &str) -> String {
    if these.sessions == 0 {
        return format!("no session {what}");
    }
    let ids: Vec<&str> = these.dearest.iter().map(|it| it.session.as_str()).collect();
    format!(
        "{} {what}, {} together: {}",
        counted(these.sessions, "session", "sessions"),
        dollars(these.cost),
        ids.join(", ")
    )
}

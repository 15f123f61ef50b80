//! How well the money is used.

use std::collections::BTreeSet;

use domain::NanoUsd;
use jiff::civil::Date;

use super::super::value::tenths;
use super::{days, part, percent, table, title};
use crate::efficiency::{CacheWeek, Efficiency, Named, TeamCache};
use crate::figures::{Remarkable, TopShare};
use crate::table::{Field, Kind, Terminal, fact};
use crate::text::{compact, counted, dollars};

/// Columns for the names of figures.
const NAMES_WIDTH: usize = 23;
/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;
/// Weeks of the cache that are shown.
const WEEKS_SHOWN: usize = 6;
/// Columns for the figure of a week.
const WEEK_WIDTH: usize = 8;

pub(super) fn text(it: &Efficiency, terminal: &Terminal) -> String {
    let mut out = title("How well it is used", &days(&it.period), terminal);
    for (name, text) in use_of_money(it).into_iter().chain(sessions(it)).chain(spenders(it)) {
        out.push_str(&fact(name, NAMES_WIDTH, &text, terminal));
    }
    if !it.cache_by_team.is_empty() {
        out.push_str(&part("Cache hits by team and week", terminal));
        out.push_str(&hits_by_team(&it.cache_by_team, terminal));
    }
    for (what, named) in [("Dearest branches", &it.branches), ("Dearest pull requests", &it.pull_requests)] {
        if !named.is_empty() {
            out.push_str(&part(what, terminal));
            out.push_str(&dearest(named, terminal));
        }
    }
    out
}

/// Lines, each with its name before it.
type Lines = Vec<(&'static str, String)>;

fn use_of_money(it: &Efficiency) -> Lines {
    let none = || "-".to_owned();
    let figures = &it.figures;
    let day = it.developer_day.map_or_else(none, |it| {
        let days = counted(it.days, "day", "days");
        format!("median {}, 90th percentile {} ({days} with calls)", dollars(it.median), dollars(it.p90))
    });
    vec![
        (
            "cost",
            format!("{} in {}", dollars(figures.total.cost), counted(figures.total.calls, "call", "calls")),
        ),
        ("a developer's day", day),
        (
            "input to output",
            figures
                .input_to_output_tenths
                .map_or_else(none, |it| format!("{} tokens in for each out", tenths(it))),
        ),
        (
            "cache hit",
            format!("{} of prompt tokens; by week {}", percent(figures.cache_hit), hits(&it.cache_weeks)),
        ),
    ]
}

fn sessions(it: &Efficiency) -> Lines {
    let none = || "-".to_owned();
    let money = |it: Option<NanoUsd>| it.map_or_else(none, dollars);
    let count = |it: Option<u64>| it.map_or_else(none, compact);
    let hours = |ms: u64| format!("{} h", ms / HOUR_MS);
    let (figures, courses) = (&it.figures, &it.courses);
    vec![
        (
            "cost of a session",
            format!(
                "median {}, 90th percentile {} ({})",
                money(figures.median_session),
                money(figures.p90_session),
                counted(figures.sessions, "session", "sessions")
            ),
        ),
        (
            "time in sessions",
            if courses.sessions == 0 {
                "no logs that say".to_owned()
            } else {
                format!("{} active, {} idle", hours(courses.active_ms), hours(courses.idle_ms))
            },
        ),
        (
            "pace",
            format!(
                "{} turns a session, {} an active hour (medians)",
                count(courses.turns),
                courses.cadence_tenths.map_or_else(none, tenths)
            ),
        ),
        (
            "context",
            format!(
                "{} tokens at first, {} at most (medians); {}",
                count(courses.first_context),
                count(courses.peak_context),
                counted(courses.compactions, "compaction", "compactions")
            ),
        ),
    ]
}

fn spenders(it: &Efficiency) -> Lines {
    let figures = &it.figures;
    let some =
        |it: &Remarkable| format!("{}, {}", counted(it.sessions, "session", "sessions"), dollars(it.cost));
    vec![
        ("top spender", top(figures.top_one.as_ref())),
        ("top tenth", top(figures.top_tenth.as_ref())),
        ("top fifth", top(it.top_fifth.as_ref())),
        ("likely loops", some(&figures.likely_loops)),
        ("large contexts", some(&figures.large_contexts)),
    ]
}

fn top(top: Option<&TopShare>) -> String {
    let Some(top) = top else { return "-".to_owned() };
    let count = u64::try_from(top.developers).unwrap_or(u64::MAX);
    format!(
        "{}: {}, {} of the cost",
        counted(count, "developer", "developers"),
        dollars(top.cost),
        percent(top.share)
    )
}

/// The last weeks, the oldest first.
fn hits(weeks: &[CacheWeek]) -> String {
    let from = weeks.len().saturating_sub(WEEKS_SHOWN);
    let last = weeks.get(from..).unwrap_or_default().iter();
    last.map(|it| percent(it.hit)).collect::<Vec<_>>().join(" ")
}

/// Teams below each other and the last weeks side by side, by their Mondays, the oldest first.
fn hits_by_team(teams: &[TeamCache], terminal: &Terminal) -> String {
    let all: BTreeSet<Date> = teams.iter().flat_map(|it| it.1.iter().map(|week| week.monday)).collect();
    let weeks: Vec<Date> = all.iter().copied().skip(all.len().saturating_sub(WEEKS_SHOWN)).collect();
    let line = |name: &str, of: &dyn Fn(Date) -> String| {
        let cells: String = weeks.iter().map(|it| format!("{:>WEEK_WIDTH$}", of(*it))).collect();
        fact(name, NAMES_WIDTH, &cells, terminal)
    };
    let mut out = line("week of", &|monday| monday.strftime("%m-%d").to_string());
    for (team, weeks) in teams {
        let hit = |monday| percent(weeks.iter().find(|it| it.monday == monday).and_then(|it| it.hit));
        out.push_str(&line(team, &hit));
    }
    out
}

fn dearest(named: &[Named], terminal: &Terminal) -> String {
    let mut lines =
        table(&[("", Kind::Name), ("repo", Kind::Name), ("calls", Kind::Spare(1)), ("cost", Kind::Figure)]);
    for one in named {
        lines.push(vec![
            Field::new(&one.name),
            Field::new(one.repo.as_deref().unwrap_or_default()),
            Field::new(&one.figures.measures.calls.to_string()),
            Field::new(&dollars(one.figures.measures.cost)),
        ]);
    }
    lines.print(terminal).with_left_out(terminal)
}

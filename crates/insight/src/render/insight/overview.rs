//! One screen.

use super::{changed, days, part, percent, remark, table, title};
use crate::budget_line::{BudgetCourse, BudgetState};
use crate::change::Rate;
use crate::forecast::{BURN_DAYS, Horizon, LEAST_DAYS};
use crate::overview::{Overview, unknown_share};
use crate::table::{Field, Kind, Terminal, fact, printable, prose};
use crate::text::{counted, dollars, signed_dollars};

/// Columns for the names of figures.
const NAMES_WIDTH: usize = 18;
/// Anomalies that are shown.
const ANOMALIES: usize = 5;

pub(super) fn text(it: &Overview, terminal: &Terminal) -> String {
    let mut out = title("Overview", &days(&it.whole.period), terminal);
    for (name, text) in lines(it) {
        out.push_str(&fact(name, NAMES_WIDTH, &text, terminal));
    }
    out.push_str(&movers(it, terminal));
    if !it.anomalies.told.is_empty() {
        out.push_str(&part("Unusual", terminal));
        for one in it.anomalies.told.iter().take(ANOMALIES) {
            out.push_str(&prose(&printable(&one.reason), terminal));
        }
        let more = it.anomalies.told.len().saturating_sub(ANOMALIES);
        if more > 0 {
            out.push_str(&remark(&format!("{more} more: `bursar insight anomalies`."), terminal));
        }
    }
    if !it.in_danger.is_empty() {
        out.push_str(&part("Budgets in danger", terminal));
        for one in &it.in_danger {
            let scope = one.line.scope.to_string();
            out.push_str(&prose(&printable(&format!("{scope}: {}", budget(one))), terminal));
        }
    }
    out
}

fn lines(it: &Overview) -> Vec<(&'static str, String)> {
    let total = &it.whole.total;
    let before = total.change.map_or_else(String::new, |change| {
        let rate = match change.rate {
            Rate::By(_) => format!(", {}", change.rate_text()),
            Rate::New | Rate::Nothing => String::new(),
        };
        let moved = signed_dollars(change.difference);
        format!("; {} by this time of the period before ({moved}{rate})", dollars(change.before))
    });
    let mut lines = vec![("spent", format!("{}{before}", dollars(total.measures.cost)))];
    for one in &it.budgets {
        lines.push(("budget", budget(one)));
    }
    let month = it.forecast.whole.targets.iter().find(|it| it.horizon == Horizon::Month);
    lines.push((
        "forecast",
        match month.and_then(|it| Some((it.last, it.total?))) {
            Some((last, total)) => format!(
                "{} by {last}, likely {} to {}",
                dollars(total.point),
                dollars(total.low),
                dollars(total.high)
            ),
            None => format!("needs {LEAST_DAYS} days of calls"),
        },
    ));
    let burn = dollars(it.burn_per_day);
    lines.push(("burn", format!("{burn} a day, the mean of the last {BURN_DAYS} with their weekends")));
    let day = it.developer_day.map_or_else(String::new, |it| {
        format!("; a day of one costs {} (median), {} (90th percentile)", dollars(it.median), dollars(it.p90))
    });
    lines.push(("developers", format!("{} with calls{day}", it.developers)));
    let unknown = it.unattributed.iter().filter(|one| one.unknown.calls > 0);
    let unknown: Vec<String> = unknown
        .map(|one| {
            format!(
                "{} of no known {}",
                percent(unknown_share(one, total.measures.cost)),
                one.dimension.name()
            )
        })
        .collect();
    lines
        .push(("not attributed", if unknown.is_empty() { "nothing".to_owned() } else { unknown.join(", ") }));
    if let Some(seen) = it.seen {
        let twice = seen.calls.saturating_sub(seen.once);
        let calls = counted(seen.calls, "call", "calls");
        lines.push(("coverage", format!("{twice} of {calls} seen by more than one kind of source")));
    }
    lines.push((
        "newest call",
        it.minutes_old.map_or_else(
            || "none".to_owned(),
            |it| match it {
                0..=119 => format!("{it} minutes ago"),
                120..=2_879 => format!("{} hours ago", it / 60),
                _ => format!("{} days ago", it / 1_440),
            },
        ),
    ));
    if total.measures.unpriced_calls > 0 {
        lines.push(("without a price", counted(total.measures.unpriced_calls, "call", "calls")));
    }
    lines
}

fn budget(it: &BudgetCourse) -> String {
    let until = it.line.last.map_or_else(String::new, |last| format!(" until {last}"));
    let forecast = it.forecast.map_or_else(String::new, |it| format!("; {} are forecast", dollars(it)));
    let state = match it.state {
        BudgetState::Spent { on: Some(day) } => format!("; all of it spent on {day}{forecast}"),
        BudgetState::Spent { on: None } => format!("; all of it spent{forecast}"),
        BudgetState::RunsOut(day) => format!("; runs out on {day}{forecast}"),
        BudgetState::Lasts => forecast,
    };
    format!(
        "{} of {}{until} ({} used, {} of the time over){state}",
        dollars(it.line.spent),
        dollars(it.line.allocation),
        percent(it.spent),
        percent(it.elapsed),
    )
}

fn movers(it: &Overview, terminal: &Terminal) -> String {
    if it.movers.is_empty() {
        return String::new();
    }
    let mut out = part("Moved most", terminal);
    let mut lines = table(&[
        ("", Kind::Name),
        ("", Kind::Name),
        ("cost", Kind::Figure),
        ("by", Kind::Figure),
        ("change", Kind::Figure),
    ]);
    for one in &it.movers {
        lines.push(vec![
            Field::new(one.dimension.name()),
            Field::new(&one.value),
            Field::new(&dollars(one.measures.cost)),
            Field::new(&signed_dollars(one.change.difference)),
            changed(Some(&one.change)),
        ]);
    }
    out.push_str(&lines.print(terminal).with_left_out(terminal));
    out
}

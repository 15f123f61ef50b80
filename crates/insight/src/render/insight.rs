//! `bursar insight` for people: a sentence of what it is about, tables, and what must be
//! known to read them.

mod anomalies;
mod efficiency;
mod forecast;
mod models;
mod overview;
mod teams;
mod trends;

use crate::change::Change;
use crate::report::ReportPeriod;
use crate::table::{Column, Field, Kind, Table, Terminal, Tone, prose};
use crate::text::PerMille;
use crate::topic::Insight;

/// An answer as text of at most that width.
#[must_use]
pub fn insight_text(insight: &Insight, terminal: &Terminal) -> String {
    match insight {
        Insight::Overview(it) => overview::text(it, terminal),
        Insight::Trends(it) => trends::text(it, terminal),
        Insight::Anomalies(it) => anomalies::text(it, terminal),
        Insight::Forecast(it) => forecast::text(it, terminal),
        Insight::Efficiency(it) => efficiency::text(it, terminal),
        Insight::Teams(it) => teams::text(it, terminal),
        Insight::Models(it) => models::text(it, terminal),
    }
}

/// What an answer is, and of when, with an empty line under it.
fn title(what: &str, when: &str, terminal: &Terminal) -> String {
    let dot = terminal.either("\u{00b7}", "-");
    let when = terminal.tint(Tone::Quiet, &format!("{dot} {when}"));
    format!("{} {when}\n\n", terminal.tint(Tone::Strong, what))
}

/// The head of a part, with an empty line over it.
fn part(what: &str, terminal: &Terminal) -> String {
    format!("\n{}\n", terminal.tint(Tone::Strong, what))
}

/// A remark under a table.
fn remark(text: &str, terminal: &Terminal) -> String {
    let text = prose(text, terminal);
    format!("{}\n", terminal.tint(Tone::Quiet, text.trim_end()))
}

/// The days of a period: `2026-11-01 to 2026-11-22 (Europe/Berlin)`.
fn days(period: &ReportPeriod) -> String {
    let day = |edge: &Option<crate::report::Edge>, else_day: Option<&String>| {
        edge.as_ref().map(|it| it.day.clone()).or_else(|| else_day.cloned())
    };
    let seen = period.days.as_ref();
    let first = day(&period.begins, seen.map(|it| &it.0)).unwrap_or_else(|| "the first call".to_owned());
    let last = day(&period.ends, seen.map(|it| &it.1)).unwrap_or_else(|| "now".to_owned());
    format!("{first} to {last} ({})", period.timezone)
}

/// A table of those columns.
fn table(columns: &[(&'static str, Kind)]) -> Table {
    Table::new(columns.iter().map(|(head, kind)| Column { head, kind: *kind }).collect())
}

/// How something changed: `+12.3%`, `new`; loud where it is flagged.
fn changed(change: Option<&Change>) -> Field {
    match change {
        None => Field::new("-"),
        Some(it) => {
            Field::new(&it.rate_text()).toned(if it.is_flagged() { Tone::Alarm } else { Tone::Plain })
        }
    }
}

fn percent(share: Option<PerMille>) -> String {
    share.map_or_else(|| "-".to_owned(), |it| it.to_string())
}

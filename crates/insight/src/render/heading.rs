//! What stands over a table: what it is, of when, and what was left out of it.

use unicode_width::UnicodeWidthStr;

use crate::report::{Report, ReportPeriod};
use crate::table::{Terminal, Tone, printable, prose};

/// The lines over a table, with an empty one under them.
pub(super) fn heading(what: &str, report: &Report, terminal: &Terminal) -> String {
    let dash = terminal.either("\u{2013}", "-");
    let dot = terminal.either("\u{00b7}", "-");
    let mut text = terminal.tint(Tone::Strong, what);
    let when = format!("{} ({})", days(&report.period, dash), report.period.timezone);
    let one_line = what.width().saturating_add(when.width()).saturating_add(3) <= terminal.width;
    let between = if one_line { format!(" {dot} ") } else { "\n".to_owned() };
    text.push_str(&between);
    text.push_str(&terminal.tint(Tone::Quiet, &when));
    text.push('\n');
    for (dimension, patterns) in &report.filters {
        let only = format!("Only {}: {}", dimension.name(), patterns.join(", "));
        text.push_str(&terminal.tint(Tone::Quiet, prose(&printable(&only), terminal).trim_end()));
        text.push('\n');
    }
    if let Some(before) = &report.compared_with {
        let line = format!("Compared with {}", days(before, dash));
        text.push_str(&terminal.tint(Tone::Quiet, &line));
        text.push('\n');
    }
    text.push('\n');
    text
}

/// The first and the last day: those of the period, where it is open those with calls.
fn days(period: &ReportPeriod, dash: &str) -> String {
    let day = |it: &String| it.get(..10).unwrap_or_default().to_owned();
    let first = period.since.as_ref().map(day).or_else(|| period.days.as_ref().map(|it| it.0.clone()));
    let last = period.last_day.clone().or_else(|| period.days.as_ref().map(|it| it.1.clone()));
    match (first, last) {
        (Some(first), Some(last)) if first == last => first,
        (Some(first), Some(last)) => format!("{first} {dash} {last}"),
        (Some(first), None) => format!("since {first}"),
        (None, Some(last)) => format!("until {last}"),
        (None, None) => "all time".to_owned(),
    }
}

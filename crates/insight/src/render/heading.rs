//! What stands over a table: what it is, of when, and what was left out of it.

use unicode_width::UnicodeWidthStr;

use crate::report::{Edge, Report, ReportPeriod};
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

/// The first and the last day: those of the period, where it is open those with
/// calls. With the time of the day where the period begins or ends inside of one.
fn days(period: &ReportPeriod, dash: &str) -> String {
    let called = |day: &String| Edge { day: day.clone(), time: None };
    let first = period.begins.clone().or_else(|| period.days.as_ref().map(|it| called(&it.0)));
    let last = period.ends.clone().or_else(|| period.days.as_ref().map(|it| called(&it.1)));
    match (first, last) {
        (Some(first), Some(last)) if first.day == last.day => match (first.time, last.time) {
            (None, None) => first.day,
            (None, Some(to)) => format!("{} until {to}", first.day),
            (Some(from), None) => format!("{} from {from}", first.day),
            (Some(from), Some(to)) => format!("{} {from} {dash} {to}", first.day),
        },
        (Some(first), Some(last)) => format!("{} {dash} {}", moment(&first), moment(&last)),
        (Some(first), None) => format!("since {}", moment(&first)),
        (None, Some(last)) => format!("until {}", moment(&last)),
        (None, None) => "all time".to_owned(),
    }
}

fn moment(edge: &Edge) -> String {
    edge.time.as_ref().map_or_else(|| edge.day.clone(), |time| format!("{} {time}", edge.day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin, company};
    use crate::query::Query;
    use crate::report::report;
    use crate::span::Span;

    fn period(since: Option<&str>, until: Option<&str>) -> ReportPeriod {
        let span = Span::parse(since, until, &berlin(), at(NOW)).expect("a span");
        let query = Query { span, ..Query::total(berlin()) };
        report(&query, &company().book(), at(NOW)).expect("a report").period
    }

    #[test]
    fn a_period_shows_times_where_it_begins_or_ends_inside_a_day() {
        for (since, until, expected) in [
            (None, None, "2026-10-05 - 2026-11-21"),
            (Some("2026-11-02"), Some("2026-11-02"), "2026-11-02"),
            (Some("2026-11-02"), Some("2026-11-08"), "2026-11-02 - 2026-11-08"),
            (Some("2026-11-02T09:30"), Some("2026-11-02T12:00"), "2026-11-02 09:30 - 12:00"),
            (Some("2026-11-02T09:30"), Some("2026-11-03T12:00"), "2026-11-02 09:30 - 2026-11-03 12:00"),
            (Some("2026-11-02T09:30"), Some("2026-11-03T00:00"), "2026-11-02 from 09:30"),
            (Some("2026-11-02T09:30"), Some("2026-11-03"), "2026-11-02 09:30 - 2026-11-03"),
            (Some("2026-11-02"), Some("2026-11-02T12:00"), "2026-11-02 until 12:00"),
            (Some("2026-11-02"), Some("2026-11-03T00:10"), "2026-11-02 - 2026-11-03 00:15"),
            (Some("3h"), None, "since 2026-11-22 11:00"),
            (Some("48h"), None, "2026-11-20 14:00 - 2026-11-21"),
            (None, Some("24h"), "2026-10-05 - 2026-11-21 14:15"),
            (Some("2020-01-01T10:00Z"), Some("2020-01-01T22:30Z"), "2020-01-01 11:00 - 23:30"),
            // The hour that the end of summer time repeats.
            (
                Some("2026-10-25T02:00+02:00"),
                Some("2026-10-25T02:00+01:00"),
                "2026-10-25 02:00+02:00 - 02:00+01:00",
            ),
        ] {
            assert_eq!(days(&period(since, until), "-"), expected, "{since:?} {until:?}");
        }
    }
}

//! Reports as CSV (RFC 4180): one header, the figures of the JSON, exact.

mod insight;

pub use insight::insight_csv;

use domain::{NanoUsd, TokenClass};
use jiff::tz::TimeZone;

use crate::calendar;
use crate::change::Rate;
use crate::report::{Figures, Report};
use crate::sessions::{SessionRow, Sessions, cache_hit};
use crate::text::PerMille;

/// The token classes in the order of the columns.
const CLASSES: [TokenClass; 6] = [
    TokenClass::Input,
    TokenClass::Output,
    TokenClass::CacheRead,
    TokenClass::CacheWrite5m,
    TokenClass::CacheWrite1h,
    TokenClass::Reasoning,
];

/// The report's rows and rest. It holds no total, so that summing a column gives it.
#[must_use]
pub fn report_csv(report: &Report) -> String {
    let mut out = String::new();
    let mut head: Vec<String> = report.dimensions.iter().map(|it| it.name().to_owned()).collect();
    head.extend(figure_names());
    if report.compared_with.is_some() {
        let names = ["before_calls", "before_cost_nano_usd", "before_cost_usd", "change_nano_usd"];
        head.extend(names.map(str::to_owned));
        head.extend(["change_usd", "change_percent"].map(str::to_owned));
    }
    push_line(&mut out, &head);
    for row in &report.rows {
        let key = row.key.iter().map(|it| safe(&it.value)).collect();
        push_line(&mut out, &with_figures(key, &row.figures));
    }
    if let Some(rest) = &report.rest {
        let first = format!("({} more)", rest.rows);
        let key = report.dimensions.iter().enumerate();
        let key = key.map(|(place, _)| if place == 0 { first.clone() } else { String::new() }).collect();
        push_line(&mut out, &with_figures(key, &rest.figures));
    }
    out
}

/// What a session's columns are called, before those of its figures.
const SESSION_COLUMNS: [&str; 18] = [
    "tool",
    "session",
    "developer",
    "repo",
    "branch",
    "model",
    "first_at",
    "last_at",
    "length_ms",
    "active_ms",
    "turns",
    "tool_calls",
    "failed_steps",
    "longest_failing_run",
    "compactions",
    "first_context_tokens",
    "peak_context_tokens",
    "cache_hit_percent",
];

/// The sessions, and the rest as one line. It holds no total either. Times carry
/// the zone's offset.
#[must_use]
pub fn sessions_csv(sessions: &Sessions, zone: &TimeZone) -> String {
    let mut out = String::new();
    let head: Vec<String> = SESSION_COLUMNS.iter().map(|it| (*it).to_owned()).chain(figure_names()).collect();
    push_line(&mut out, &head);
    for row in &sessions.rows {
        push_line(&mut out, &with_figures(session_fields(row, zone), &row.figures));
    }
    if let Some(rest) = &sessions.rest {
        let mut fields = vec![String::new(), format!("({} more)", rest.rows)];
        fields.resize(SESSION_COLUMNS.len(), String::new());
        push_line(&mut out, &with_figures(fields, &rest.figures));
    }
    out
}

fn session_fields(row: &SessionRow, zone: &TimeZone) -> Vec<String> {
    let mut fields = vec![row.tool.name().to_owned(), safe(row.session.as_str())];
    fields.extend([&row.developer, &row.repo, &row.branch, &row.model].map(|it| safe(&it.value)));
    match &row.course {
        None => fields.resize(SESSION_COLUMNS.len().saturating_sub(1), String::new()),
        Some(it) => {
            fields
                .extend([it.first_at, it.last_at].map(|at| calendar::rfc3339(at, zone).unwrap_or_default()));
            let counts = [it.length_ms(), it.busy_ms(), it.turns, it.tool_calls, it.failed_steps];
            fields.extend(counts.map(|it| it.to_string()));
            fields.push(it.longest_failing_run.to_string());
            let counts = [it.compactions, it.first_context.count(), it.peak_context.count()];
            fields.extend(counts.map(|it| it.to_string()));
        }
    }
    fields.push(cache_hit(&row.figures.measures).map(PerMille::to_decimal).unwrap_or_default());
    fields
}

/// What the columns of every row's figures are called.
fn figure_names() -> Vec<String> {
    let mut names = vec!["calls".to_owned()];
    names.extend(CLASSES.iter().map(|it| format!("{}_tokens", it.name())));
    let rest = [
        "web_searches",
        "cost_nano_usd",
        "cost_usd",
        "list_cost_nano_usd",
        "list_cost_usd",
        "unpriced_calls",
        "output_may_be_low_calls",
    ];
    names.extend(rest.map(str::to_owned));
    names
}

fn with_figures(mut fields: Vec<String>, figures: &Figures) -> Vec<String> {
    let measures = &figures.measures;
    let money = |it: NanoUsd| [it.nano().to_string(), it.to_string()];
    fields.push(measures.calls.to_string());
    fields.extend(CLASSES.iter().map(|&it| measures.usage.tokens(it).to_string()));
    fields.push(measures.usage.web_searches.to_string());
    fields.extend(money(measures.cost));
    fields.extend(money(measures.list));
    fields.push(measures.unpriced_calls.to_string());
    fields.push(figures.may_be_low.calls.to_string());
    if let Some(change) = &figures.change {
        fields.push(change.calls_before.to_string());
        fields.extend(money(change.before));
        fields.extend(money(change.difference));
        fields.push(match change.rate {
            Rate::By(by) => by.to_decimal(),
            Rate::New => "new".to_owned(),
            Rate::Nothing => String::new(),
        });
    }
    fields
}

/// A text that no spreadsheet takes for a formula: someone else chose the name of
/// a branch, and `=HYPERLINK(…)` is a fine one.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// One record. Fields are quoted where RFC 4180 asks for it.
pub(crate) fn push_line(out: &mut String, fields: &[String]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use domain::Dimension;

    use super::*;
    use crate::fixtures::{NOW, at, berlin, company, tallies};
    use crate::query::Query;
    use crate::report::report;

    #[test]
    fn fields_are_quoted_and_formulas_are_texts() {
        for (field, written) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-x", "'-x"),
            ("@cmd", "'@cmd"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            let mut out = String::new();
            push_line(&mut out, &[safe(field)]);
            assert_eq!(out, format!("{written}\r\n"));
        }
    }

    #[test]
    fn the_report_is_one_table() {
        let company = company();
        let query = Query {
            group_by: vec![Dimension::Repo, Dimension::Model],
            top: Some(3),
            ..Query::total(berlin())
        };
        let report = report(&query, &company.book(), at(NOW)).expect("a report");
        insta::assert_snapshot!(report_csv(&report).replace("\r\n", "\n"));
    }

    #[test]
    fn so_are_the_sessions() {
        let company = company();
        let query = Query { top: Some(3), ..Query::total(berlin()) };
        let mut sessions =
            crate::sessions::sessions(&query, &company.book(), &tallies(), at(NOW)).expect("sessions");
        sessions.rows[1].course = None;
        let text = sessions_csv(&sessions, &berlin());
        let columns: Vec<usize> = text.lines().map(|it| it.matches(',').count()).collect();
        assert!(columns.iter().all(|it| *it == columns[0]), "{columns:?}");
        insta::assert_snapshot!(text.replace("\r\n", "\n"));
    }
}

//! `bursar report` as a table.

use domain::{Dimension, Measures};

use super::figures::figures_text;
use super::heading::heading;
use super::notes::{notes, print_notes};
use super::value::{cost, shared_host, without_host};
use super::what_if::what_if_text;
use crate::asides::Asides;
use crate::book::{Provenance, UNKNOWN};
use crate::report::{Figures, Report};
use crate::table::{Column, Field, Kind, Table, Terminal, Tone, prose};
use crate::text::{compact, dollars, share, signed_dollars, thousands};

/// The report as text of at most that width, with what was asked beside it.
#[must_use]
pub fn report_text(
    report: &Report,
    asides: &Asides,
    provenance: &Provenance<'_>,
    terminal: &Terminal,
) -> String {
    let mut out = heading(&title(report), report, terminal);
    if report.total.measures.calls == 0 && report.rows.is_empty() {
        out.push_str(&prose("No calls in this period.", terminal));
    } else {
        out.push_str(&body(report, terminal));
    }
    if let Some(figures) = &asides.figures {
        out.push('\n');
        out.push_str(&figures_text(figures, terminal));
    }
    out.push_str(&what_if_text(&asides.what_if, terminal));
    out.push_str(&print_notes(&notes(report, provenance.sources), terminal));
    out
}

fn title(report: &Report) -> String {
    let by: Vec<&str> = report.dimensions.iter().map(|it| it.name()).collect();
    match by.split_last() {
        None => "Spend".to_owned(),
        Some((last, [])) => format!("Spend by {last}"),
        Some((last, others)) => format!("Spend by {} and {last}", others.join(", ")),
    }
}

fn columns(report: &Report) -> Vec<Column> {
    let mut columns: Vec<Column> =
        report.dimensions.iter().map(|it| Column { head: it.name(), kind: Kind::Name }).collect();
    if columns.is_empty() {
        columns.push(Column { head: "", kind: Kind::Name });
    }
    let spare = |head, order| Column { head, kind: Kind::Spare(order) };
    columns.extend([spare("calls", 1), spare("input", 4), spare("cache write", 5), spare("cache read", 5)]);
    columns.push(spare("output", 4));
    if report.compared_with.is_some() {
        columns.push(spare("before", 2));
    }
    columns.push(Column { head: "cost", kind: Kind::Figure });
    if report.compared_with.is_some() {
        columns.push(spare("change", 3));
        columns.push(Column { head: "", kind: Kind::Figure });
    } else {
        columns.push(spare("share", 2));
    }
    columns
}

fn body(report: &Report, terminal: &Terminal) -> String {
    let mut table = Table::new(columns(report));
    let total = &report.total.measures;
    let names = report.dimensions.len().max(1);
    let hosts: Vec<Option<&str>> =
        (0..names).map(|place| shared_host(report.rows.iter().filter_map(|it| it.key.get(place)))).collect();
    for row in &report.rows {
        let mut fields: Vec<Field> = row
            .key
            .iter()
            .zip(&report.dimensions)
            .zip(&hosts)
            .map(|((it, &of), host)| name(of, without_host(&it.value, *host)))
            .collect();
        if fields.is_empty() {
            fields.push(Field::new("everything"));
        }
        push_figures(&mut fields, &row.figures, total, Tone::Plain);
        table.push(fields);
    }
    let summary = |label: &str, figures: &Figures, tone| {
        let mut fields = vec![Field::new(label).toned(tone)];
        fields.resize(names, Field::new(""));
        push_figures(&mut fields, figures, total, tone);
        fields
    };
    if let Some(rest) = &report.rest {
        table.push(summary(&format!("{} more", rest.rows), &rest.figures, Tone::Quiet));
    }
    if !report.dimensions.is_empty() {
        table.rule();
        table.push(summary("total", &report.total, Tone::Strong));
    }
    table.print(terminal).with_left_out(terminal)
}

/// A value in its column.
fn name(dimension: Dimension, value: &str) -> Field {
    let hour = dimension == Dimension::Hour;
    let text = if hour { value.replace('T', " ") } else { value.to_owned() };
    let field = Field::new(&text);
    if value == UNKNOWN { field.toned(Tone::Quiet) } else { field }
}

fn push_figures(fields: &mut Vec<Field>, figures: &Figures, total: &Measures, tone: Tone) {
    let it = &figures.measures;
    let written = it.usage.cache_write_5m.count().saturating_add(it.usage.cache_write_1h.count());
    let mut push = |text: String| fields.push(Field::new(&text).toned(tone));
    push(thousands(u128::from(it.calls)));
    push(compact(it.usage.input.count()));
    push(compact(written));
    push(compact(it.usage.cache_read.count()));
    push(compact(it.usage.output.count()));
    let Some(change) = &figures.change else {
        push(cost(it, total));
        push(share(it.cost, total.cost));
        return;
    };
    push(dollars(change.before));
    push(cost(it, total));
    push(signed_dollars(change.difference));
    let tone = if change.is_flagged() { Tone::Alarm } else { tone };
    let mark = if change.is_flagged() { "!" } else { " " };
    fields.push(Field::new(&format!("{}{mark}", change.rate_text())).toned(tone));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin, company, sources, tallies};
    use crate::query::{Filter, Query};
    use crate::report::report;
    use crate::span::Span;
    use crate::table::{Charset, Color};

    fn printed(query: &Query, terminal: &Terminal) -> String {
        let company = company();
        let report = report(query, &company.book(), at(NOW)).expect("a report");
        let sources = sources();
        let text = report_text(
            &report,
            &Asides::default(),
            &Provenance { sources: &sources, price_book: "" },
            terminal,
        );
        if terminal.color == Color::Off {
            for line in text.lines() {
                assert!(unicode_width::UnicodeWidthStr::width(line) <= terminal.width, "{line}");
            }
        }
        text
    }

    fn by(dimensions: &[Dimension]) -> Query {
        Query { group_by: dimensions.to_vec(), ..Query::total(berlin()) }
    }

    fn comparison() -> Query {
        let span = Span::parse(Some("this-month"), None, &berlin(), at(NOW)).expect("a span");
        Query { compare: true, span, ..by(&[Dimension::Repo, Dimension::Developer]) }
    }

    #[test]
    fn at_several_widths() {
        let cut = by(&[Dimension::Repo, Dimension::Branch, Dimension::Model]);
        for width in [60, 80, 120] {
            insta::assert_snapshot!(format!("cut-{width}"), printed(&cut, &Terminal::plain(width)));
            insta::assert_snapshot!(
                format!("compared-{width}"),
                printed(&comparison(), &Terminal::plain(width))
            );
        }
    }

    #[test]
    fn figures_and_what_ifs_stand_under_the_table() {
        let company = company();
        let query = by(&[Dimension::Model]);
        let report = report(&query, &company.book(), at(NOW)).expect("a report");
        let figures = crate::figures::figures(&query, &company.book(), &tallies(), at(NOW));
        let what_if = |to: &str, calls, unpriced_calls, cost| crate::what_if::WhatIf {
            from: "claude-opus-5-5".into(),
            to: to.into(),
            calls,
            unpriced_calls,
            actual: domain::NanoUsd::new(cost),
            hypothetical: domain::NanoUsd::new(cost / 2),
        };
        let asides = Asides {
            figures: Some(figures.expect("figures")),
            what_if: vec![
                what_if("claude-sonnet-5-5", 1_847, 12, 320_114_000_000),
                what_if("other", 0, 0, 0),
            ],
        };
        let sources = sources();
        let text = report_text(
            &report,
            &asides,
            &Provenance { sources: &sources, price_book: "" },
            &Terminal::plain(80),
        );
        insta::assert_snapshot!("figures", text);
    }

    #[test]
    fn in_colour_and_in_ascii() {
        let colour = Terminal { width: 80, color: Color::On, charset: Charset::Unicode };
        let text = printed(&comparison(), &colour).replace('\u{1b}', "ESC");
        insta::assert_snapshot!("compared-colour", text);
        let ascii = Terminal { width: 80, color: Color::Off, charset: Charset::Ascii };
        insta::assert_snapshot!("compared-ascii", printed(&comparison(), &ascii));
    }

    #[test]
    fn the_shapes_of_a_question() {
        let plain = Terminal::plain(100);
        insta::assert_snapshot!("total", printed(&by(&[]), &plain));
        let daily = Query { period: Some(crate::query::Period::Daily), top: Some(4), ..by(&[]) };
        insta::assert_snapshot!("daily-top", printed(&daily, &plain));
        let mistyped = Filter::parse(Dimension::Repo, &["billing"]).expect("a filter");
        insta::assert_snapshot!(
            "mistyped",
            printed(&Query { filters: vec![mistyped], ..by(&[Dimension::Repo]) }, &plain)
        );
    }
}

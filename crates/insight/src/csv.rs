//! Reports as CSV (RFC 4180): one header, the figures of the JSON, exact.

use domain::{NanoUsd, TokenClass};

use crate::change::Rate;
use crate::report::{Figures, Report};

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
    head.push("calls".to_owned());
    head.extend(CLASSES.iter().map(|it| format!("{}_tokens", it.name())));
    for name in ["web_searches", "cost_nano_usd", "cost_usd", "list_cost_nano_usd", "list_cost_usd"] {
        head.push(name.to_owned());
    }
    head.extend(["unpriced_calls", "output_may_be_low_calls"].map(str::to_owned));
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
    use crate::fixtures::{NOW, at, berlin, company};
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
}

//! The documents, and that the page about them shows what is written.

use std::collections::BTreeSet;

use domain::Dimension;
use serde_json::Value;

use super::{explain_json, report_json, session_json, sessions_json};
use crate::asides::Asides;
use crate::book::Provenance;
use crate::explain::ExplainedCall;
use crate::fixtures::{
    NOW, at, berlin, branch_and_repo, calls, company, links, pricer, sources, tallies, told_calls,
};
use crate::query::{Filter, Query};
use crate::report::report;
use crate::session_detail::{SessionNotes, session};
use crate::sessions::sessions;
use crate::span::Span;
use crate::turns::{Belonging, TurnCall};
use crate::what_if::WhatIf;

/// The page about the documents.
const PAGE: &str = include_str!("../../../../docs/report-json.md");

fn report_document() -> String {
    let company = company();
    let span = Span::parse(Some("this-month"), None, &berlin(), at(NOW)).expect("a span");
    let query = Query {
        group_by: vec![Dimension::Repo, Dimension::Model],
        filters: vec![Filter::parse(Dimension::Developer, &["b*", "!eve*"]).expect("a filter")],
        span,
        compare: true,
        top: Some(1),
        ..Query::total(berlin())
    };
    let report = report(&query, &company.book(), at(NOW)).expect("a report");
    let figures = crate::figures::figures(&query, &company.book(), &tallies(), at(NOW));
    let what_if = vec![WhatIf {
        from: "claude-opus-5-5".into(),
        to: "claude-sonnet-5-5".into(),
        calls: 512,
        unpriced_calls: 0,
        actual: domain::NanoUsd::new(90_015_220_080),
        hypothetical: domain::NanoUsd::new(45_007_610_040),
    }];
    let asides = Asides { figures: Some(figures.expect("figures")), what_if };
    report_json(&report, &asides, &Provenance { sources: &sources(), price_book: "a8c67c550665" })
        .expect("a document")
}

fn sessions_document() -> String {
    let query = Query { top: Some(1), ..Query::total(berlin()) };
    let sessions = sessions(&query, &company().book(), &tallies(), at(NOW)).expect("sessions");
    let provenance = Provenance { sources: &sources(), price_book: "a8c67c550665" };
    sessions_json(&sessions, &provenance, &berlin()).expect("a document")
}

fn session_document() -> String {
    let (tallies, links) = (tallies(), links());
    let calls = told_calls();
    let calls: Vec<_> = calls.iter().map(TurnCall::of).collect();
    let notes = SessionNotes { tallies: &tallies, pull_requests: &links, calls: &calls };
    let detail =
        session(&"5f0e6c1a".into(), &company().book(), &notes, &berlin(), at(NOW)).expect("a session");
    let provenance = Provenance { sources: &sources(), price_book: "a8c67c550665" };
    session_json(&detail, &provenance, &berlin()).expect("a document")
}

fn explain_document() -> String {
    let (pricer, calls) = (pricer(), calls());
    let explained = calls.iter().map(|call| {
        let figures = &call.figures;
        let model = pricer.resolve(&figures.model, figures.provider.as_ref());
        let price = pricer.derive(model.as_ref(), call.at, &figures.usage, &figures.terms);
        let turn = Some((Belonging { turn: Some(3), by_moment: false }, 7));
        let file = Some("5f0e6c1a.jsonl");
        ExplainedCall { call, price, attribution: branch_and_repo(), turn, file }
    });
    explain_json(&explained.collect::<Vec<_>>(), &berlin()).expect("a document")
}

#[test]
fn the_documents() {
    insta::assert_snapshot!("report", report_document());
    insta::assert_snapshot!("sessions", sessions_document());
    insta::assert_snapshot!("session", session_document());
    insta::assert_snapshot!("explain", explain_document());
}

/// The names of all fields in it, with those that they are in: `rows[].key.repo`.
pub(super) fn fields(value: &Value, at: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{at}.{name}");
                fields(member, &path, out);
                out.insert(path);
            }
        }
        Value::Array(members) => {
            for member in members {
                fields(member, &format!("{at}[]"), out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_page_shows_every_field_and_no_other() {
    let of = |text: &str| {
        let mut all = BTreeSet::new();
        fields(&serde_json::from_str(text).expect("JSON"), "", &mut all);
        all
    };
    let shown: Vec<BTreeSet<String>> = PAGE
        .split("```json\n")
        .skip(1)
        .map(|it| of(it.split("```").next().expect("an end of the block")))
        .collect();
    let written = [report_document(), sessions_document(), session_document(), explain_document()];
    let written: Vec<BTreeSet<String>> = written.iter().map(|it| of(it)).collect();
    for (shown, written) in shown.iter().zip(&written) {
        assert_eq!(shown.symmetric_difference(written).collect::<Vec<_>>(), Vec::<&String>::new());
    }
    assert_eq!(shown.len(), written.len());
}

//! The documents, and that the page about them shows what is written.

use std::collections::BTreeSet;

use domain::{Dimension, NanoUsd, Period, Scope, ScopeKind};
use serde_json::Value;

use super::insight_json;
use crate::anomaly::{Individuals, Judgement, Verdict};
use crate::book::Provenance;
use crate::budget_line::BudgetLine;
use crate::fixtures::{NOW, at, berlin, pricer, season, sources, tallies};
use crate::forecast::Plan;
use crate::overview::{Beside, SeenTwice};
use crate::query::Query;
use crate::topic::{Insight, Known, Topic, insight};
use crate::wire::tests::fields;

/// The page about the documents.
const PAGE: &str = include_str!("../../../../../docs/insight.md");

pub(crate) fn budgets() -> Vec<BudgetLine> {
    let line = |scope: Scope, allocation: i64, spent: i64| BudgetLine {
        teams: if scope.kind() == ScopeKind::Team { vec![scope.name().into()] } else { Vec::new() },
        scope,
        period: Period::Month,
        first: Some("2026-11-01".parse().expect("a day")),
        last: Some("2026-11-30".parse().expect("a day")),
        allocation: NanoUsd::new(allocation),
        spent: NanoUsd::new(spent),
        left: NanoUsd::new(allocation - spent),
        is_hard: true,
    };
    let dollars = 1_000_000_000;
    vec![
        line(Scope::organisation(), 900 * dollars, 640 * dollars),
        line(Scope::new(ScopeKind::Team, "web").expect("a scope"), 420 * dollars, 390 * dollars),
    ]
}

/// The answer to a question about the season.
pub(crate) fn answer(topic: Topic, by: &[Dimension]) -> Insight {
    let (season, pricer, tallies, budgets) = (season(), pricer(), tallies(), budgets());
    let query = Query { group_by: by.to_vec(), ..Query::total(berlin()) };
    let found = crate::anomaly::anomalies(&query, &season.book(), &[], Individuals::Shown, at(NOW));
    let found = found.expect("anomalies");
    let said = ("ada@acme.example".to_owned(), at(NOW));
    let judged = found.told.iter().take(1);
    let judgements: Vec<Judgement> = judged
        .map(|it| Judgement::of(it, Verdict::Unexpected, Some("a loop".to_owned()), said.clone()))
        .collect();
    let beside = Beside {
        budgets: &budgets,
        judgements: &judgements,
        individuals: Individuals::Shown,
        seen: Some(SeenTwice { calls: 400, once: 120 }),
        newest: Some(at("2026-11-20T11:00:00Z")),
    };
    let plan = Plan::parse(&["2026-12-01:6"], &["2027-01-01:*opus*:-20%"]).expect("a plan");
    let known = Known { beside, tallies: &tallies, pricer: &pricer, plan: &plan };
    insight(topic, &query, &season.book(), &known, at(NOW)).expect("an answer")
}

fn document(topic: Topic) -> String {
    let is_cut = matches!(topic, Topic::Trends | Topic::Forecast);
    let by = if is_cut { vec![Dimension::Team] } else { Vec::new() };
    let provenance = Provenance { sources: &sources(), price_book: "a8c67c550665" };
    insight_json(&answer(topic, &by), &provenance).expect("a document")
}

#[test]
fn the_documents() {
    for topic in [Topic::Anomalies, Topic::Teams] {
        insta::assert_snapshot!(topic.name(), document(topic));
    }
}

#[test]
fn the_page_shows_every_field_and_no_other() {
    let of = |text: &str| {
        let mut all = BTreeSet::new();
        fields(&serde_json::from_str::<Value>(text).expect("JSON"), "", &mut all);
        all
    };
    let mut shown = PAGE.split("```json\n").skip(1).map(|it| of(it.split("```").next().expect("an end")));
    for topic in Topic::ALL {
        let shown = shown.next().unwrap_or_else(|| panic!("the page lacks {}", topic.name()));
        let written = of(&document(topic));
        assert_eq!(shown.symmetric_difference(&written).collect::<Vec<_>>(), Vec::<&String>::new());
    }
    assert_eq!(shown.next(), None);
}

#[test]
fn the_texts_and_rows() {
    for topic in Topic::ALL {
        let by = if topic == Topic::Trends { vec![Dimension::Team] } else { Vec::new() };
        let answer = answer(topic, &by);
        let text = crate::render::insight_text(&answer, &crate::table::Terminal::plain(100));
        insta::assert_snapshot!(format!("{}_text", topic.name()), text);
        let rows = crate::csv::insight_csv(&answer).replace("\r\n", "\n");
        let columns: Vec<usize> = rows.lines().map(|it| it.split(',').count()).collect();
        assert!(topic == Topic::Anomalies || columns.iter().all(|it| *it == columns[0]), "{rows}");
    }
}

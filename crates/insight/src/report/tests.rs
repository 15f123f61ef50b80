//! Reports of a small company, and random ones against a naive sum.

#![expect(clippy::as_conversions, reason = "indexes into a test's own books")]

use domain::{Attributed, Branch, Evidence, Tool};

use super::*;
use crate::book::UNKNOWN;
use crate::calendar;
use crate::fixtures::{NOW, OwnedBook, Seeded, at, berlin, company, random, random_query};
use crate::query::{Filter, Period as Cuts};
use crate::span::Span;

fn query(group_by: &[Dimension]) -> Query {
    Query { group_by: group_by.to_vec(), ..Query::total(berlin()) }
}

fn span(since: &str, until: Option<&str>) -> Span {
    Span::parse(Some(since), until, &berlin(), at(NOW)).expect("a span")
}

fn filter(dimension: Dimension, patterns: &[&str]) -> Vec<Filter> {
    vec![Filter::parse(dimension, patterns).expect("a filter")]
}

/// One line a row: its key, calls and exact cost.
fn check(query: &Query, expected: &[&str]) {
    let company = company();
    let report = report(query, &company.book(), at(NOW)).expect("a report");
    let line = |key: &str, it: &Figures| {
        let change = it.change.map(|it| format!(" {}", it.rate_text())).unwrap_or_default();
        format!("{key} {} {}{change}", it.measures.calls, it.measures.cost)
    };
    let mut lines: Vec<String> = Vec::new();
    for row in &report.rows {
        let key: Vec<&str> = row.key.iter().map(|it| &*it.value).collect();
        lines.push(line(&key.join(" "), &row.figures));
    }
    lines.extend(report.rest.map(|it| line(&format!("{} more", it.rows), &it.figures)));
    lines.push(line("total", &report.total));
    assert_eq!(lines, expected);
}

#[test]
fn the_dearest_row_comes_first() {
    check(
        &query(&[Dimension::Repo]),
        &[
            "github.com/acme/checkout-service 2330 251.403387260",
            "github.com/acme/billing 789 102.235651080",
            "github.com/acme/infrastructure-and-deployment-tools 369 38.978354500",
            "unknown 61 3.001450125",
            "total 3549 395.618842965",
        ],
    );
    check(&query(&[]), &[" 3549 395.618842965", "total 3549 395.618842965"]);
}

#[test]
fn time_comes_in_its_order_and_in_the_time_zone() {
    let november = Query { span: span("2026-11-02", Some("2026-11-10")), ..query(&[]) };
    check(
        &Query { period: Some(Cuts::Daily), ..november.clone() },
        &[
            "2026-11-02 802 148.233019455",
            "2026-11-03 730 16.414627230",
            "2026-11-09 355 18.440900275",
            "2026-11-10 512 90.015220080",
            "total 2399 273.103767040",
        ],
    );
    check(
        &Query { period: Some(Cuts::Weekly), ..november.clone() },
        &["2026-11-02 1532 164.647646685", "2026-11-09 867 108.456120355", "total 2399 273.103767040"],
    );
    check(
        &Query { period: Some(Cuts::Weekly), group_by: vec![Dimension::Day], ..november.clone() },
        &[
            "2026-11-02 2026-11-02 802 148.233019455",
            "2026-11-02 2026-11-03 730 16.414627230",
            "2026-11-09 2026-11-09 355 18.440900275",
            "2026-11-09 2026-11-10 512 90.015220080",
            "total 2399 273.103767040",
        ],
    );
    check(
        &Query { group_by: vec![Dimension::Hour], span: span("2026-11-02", Some("2026-11-02")), ..november },
        &["2026-11-02T10:00+01:00 802 148.233019455", "total 802 148.233019455"],
    );
}

#[test]
fn what_top_leaves_out_is_one_row() {
    check(
        &Query { top: Some(1), ..query(&[Dimension::Developer]) },
        &["ana@acme.example 2330 251.403387260", "2 more 1219 144.215455705", "total 3549 395.618842965"],
    );
    check(
        &Query { top: Some(1), ..query(&[Dimension::Day]) },
        &["2026-11-02 802 148.233019455", "12 more 2747 247.385823510", "total 3549 395.618842965"],
    );
}

#[test]
fn a_period_is_compared_with_the_one_before() {
    check(
        &Query { compare: true, span: span("this-month", None), ..query(&[Dimension::Developer]) },
        &[
            "ana@acme.example 1920 189.499269010 +206.1%",
            "ben@acme.example 590 93.016670205 +661.2%",
            "chen@acme.example 209 9.873234000 -55.1%",
            "total 2719 292.389173215 +204.2%",
        ],
    );
    check(
        &Query { compare: true, span: span("2026-11", Some("2026-11")), ..query(&[Dimension::Week]) },
        &[
            "2026-11-02 1532 164.647646685 +166.0%",
            "2026-11-09 1072 118.326233955 +868.3%",
            "2026-11-16 115 9.415292575 -57.2%",
            "2026-11-30 0 0.000000000 -100.0%",
            "total 2719 292.389173215 +183.2%",
        ],
    );
}

#[test]
fn filters_choose_by_pattern() {
    check(
        &Query { filters: filter(Dimension::Repo, &["*/billing", UNKNOWN]), ..query(&[Dimension::Model]) },
        &[
            "claude-opus-5-5 512 90.015220080",
            "claude-sonnet-5-5 321 15.221881125",
            "house-coder-2 17 0.000000000",
            "total 850 105.237101205",
        ],
    );
    let company = company();
    let mistyped = Query { filters: filter(Dimension::Repo, &["billing"]), ..query(&[]) };
    let report = report(&mistyped, &company.book(), at(NOW)).expect("a report");
    assert_eq!(report.idle_patterns[0].there_are[0].as_ref(), "github.com/acme/billing");
}

#[test]
fn comparing_needs_a_beginning() {
    let company = company();
    let refused = report(&Query { compare: true, ..query(&[]) }, &company.book(), at(NOW));
    assert_eq!(refused, Err(ReportError::Query(QueryError::NothingToCompare)));
}

#[test]
fn an_overflow_is_an_error_and_not_a_figure() {
    let mut company = company();
    company.cells[4].measures.cost = NanoUsd::new(i64::MAX);
    let refused = report(&query(&[Dimension::Repo]), &company.book(), at(NOW));
    assert_eq!(refused, Err(ReportError::Overflow(Overflow)));
}

#[test]
fn a_time_outside_of_the_calendar_is_unknown() {
    let mut company = company();
    company.cells.truncate(1);
    company.cells[0].quarter = QuarterHour::new(i64::MAX);
    let report = report(&query(&[Dimension::Day]), &company.book(), at(NOW)).expect("a report");
    assert_eq!(report.rows[0].key[0].value.as_ref(), UNKNOWN);
    assert_eq!(report.total.measures.calls, 410);
}

#[test]
fn evidence_is_told_by_how_sure_it_is() {
    let mut company = company();
    company.places[1].attribution.branch =
        Some(Attributed { value: Branch::new("main"), evidence: Evidence::HomeFolder });
    let report = report(&query(&[Dimension::Repo, Dimension::Branch]), &company.book(), at(NOW));
    let report = report.expect("a report");
    let repo = report.attribution[0];
    assert_eq!(repo.unknown_cost(), NanoUsd::new(3_001_450_125));
    assert_eq!(repo.known[0].cost.plus(repo.unknown.cost), Ok(report.total.measures.cost));
    let main = report.rows.iter().find(|it| it.key[1].value.as_ref() == "main").expect("a row");
    assert_eq!(
        (main.key[0].confidence, main.key[1].confidence),
        (Some(Confidence::Exact), Some(Confidence::Low))
    );
}

/// The sum over the cells that a naive reading of the question keeps.
fn naive(query: &Query, owned: &OwnedBook) -> Measures {
    let zone = berlin();
    let mut sum = Measures::ZERO;
    for cell in &owned.cells {
        let value = |dimension: Dimension| -> String {
            let place = &owned.places[cell.place as usize];
            let service = &owned.services[cell.service as usize];
            if dimension.is_time() {
                return calendar::bucket(dimension, cell.quarter.start(), &zone).expect("a time").label;
            }
            if dimension == Dimension::Model {
                return service.model.to_string();
            }
            if dimension == Dimension::Provider {
                return service.provider.to_string();
            }
            place.answer(dimension).map_or(UNKNOWN, |it| it.0).to_owned()
        };
        if query.span.holds(cell.quarter) && query.filters.iter().all(|it| it.keeps(&value(it.dimension))) {
            sum = sum.plus(&cell.measures).expect("a small sum");
        }
    }
    sum
}

#[test]
fn rows_and_rest_always_add_up_to_the_total() {
    for seed in 0..500 {
        let mut seeded = Seeded::new(seed);
        let owned = random(&mut seeded);
        for _ in 0..4 {
            let query = random_query(&mut seeded);
            let report = report(&query, &owned.book(), at(NOW)).expect("a report");
            let parts =
                report.rows.iter().map(|it| &it.figures).chain(report.rest.iter().map(|it| &it.figures));
            let mut sum = Figures::default();
            let mut before = NanoUsd::ZERO;
            for part in parts {
                sum.measures = sum.measures.plus(&part.measures).expect("a sum");
                sum.may_be_low = sum.may_be_low.plus(&part.may_be_low).expect("a sum");
                before = before.plus(part.change.map_or(NanoUsd::ZERO, |it| it.before)).expect("a sum");
            }
            let told = format!("seed {seed}: {query:?}");
            assert_eq!(sum.measures, report.total.measures, "{told}");
            assert_eq!(sum.may_be_low, report.total.may_be_low, "{told}");
            assert_eq!(before, report.total.change.map_or(NanoUsd::ZERO, |it| it.before), "{told}");
            assert_eq!(naive(&query, &owned), report.total.measures, "{told}");
            let earlier =
                report.compared_with.map(|it| naive(&Query { span: it.span, ..query.clone() }, &owned).cost);
            assert_eq!(earlier.unwrap_or_default(), before, "{told}");
            assert!(query.top.is_none_or(|top| report.rows.len() <= top), "{told}");
        }
    }
}

#[test]
fn every_tool_has_a_name_in_keys() {
    let mut company = company();
    company.places[0].place.tool = Tool::Codex;
    let report = report(&query(&[Dimension::Tool]), &company.book(), at(NOW)).expect("a report");
    assert_eq!(
        report.rows.iter().map(|it| it.key[0].value.to_string()).collect::<Vec<_>>(),
        ["claude-code", "codex"]
    );
}

//! What is told of the season, before and after somebody said something of it.

use super::*;
use crate::fixtures::{NOW, at, berlin, season};

fn asked(judgements: &[Judgement], individuals: Individuals) -> Anomalies {
    anomalies(&Query::total(berlin()), &season().book(), judgements, individuals, at(NOW)).expect("anomalies")
}

fn said(verdict: Verdict, change: impl Fn(&mut Judgement)) -> Judgement {
    let told = asked(&[], Individuals::Shown).told;
    let one = told.first().expect("an anomaly");
    let mut said = Judgement::of(one, verdict, None, ("ada".to_owned(), at(NOW)));
    change(&mut said);
    said
}

fn check(judgements: &[Judgement], expected: (usize, usize)) {
    let it = asked(judgements, Individuals::Shown);
    assert_eq!((it.told.len(), it.settled.len()), expected, "{it:#?}");
}

#[test]
fn what_was_expected_is_settled_and_so_is_the_like_of_it() {
    check(&[], (1, 0));
    check(&[said(Verdict::Expected, |_| {})], (0, 1));
    check(&[said(Verdict::Unexpected, |_| {})], (1, 0));
    let another = |it: &mut Judgement| it.id = "another".to_owned();
    let of_october = |it: &mut Judgement| {
        another(it);
        it.day = "2026-10-12".parse().expect("a day");
    };
    check(&[said(Verdict::Expected, of_october)], (0, 1));
    // Not what was long ago, smaller, of somebody else, or said of one like it to be unexpected.
    let long_ago = |it: &mut Judgement| {
        another(it);
        it.day = "2026-08-12".parse().expect("a day");
    };
    check(&[said(Verdict::Expected, long_ago)], (1, 0));
    let smaller = |it: &mut Judgement| {
        of_october(it);
        it.cost = NanoUsd::new(it.cost.nano() / 2);
    };
    check(&[said(Verdict::Expected, smaller)], (1, 0));
    let of_ben = |it: &mut Judgement| {
        of_october(it);
        it.subject.value = "ben@acme.example".into();
    };
    check(&[said(Verdict::Expected, of_ben)], (1, 0));
    // What was said of itself goes before what was said of the like.
    check(&[said(Verdict::Expected, of_october), said(Verdict::Unexpected, |_| {})], (1, 0));
}

#[test]
fn who_sees_no_individuals_reads_of_none() {
    let text = format!("{:?}", asked(&[], Individuals::Hidden));
    assert!(!text.contains("acme.example"), "{text}");
}

#[test]
fn an_anomaly_has_one_name_whenever_it_is_asked() {
    let of = |since: &str| {
        let span = Span::parse(Some(since), None, &berlin(), at(NOW)).expect("a span");
        let query = Query { span, ..Query::total(berlin()) };
        let found = anomalies(&query, &season().book(), &[], Individuals::Shown, at(NOW)).expect("anomalies");
        found.told.iter().map(|it| it.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("10d"), of("60d"));
}

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

/// Something unusual of a Monday, so many dollars more than usual, with what it came from.
fn of_monday(dimension: Dimension, name: &str, excess: i64, causes: &[(&str, i64)]) -> Anomaly {
    let day: Date = "2026-11-16".parse().expect("a day");
    let dollars = |it: i64| it * 1_000_000_000;
    let subject = |dimension, name: &str| Subject::of(dimension, &Arc::from(name));
    let amounts = (i128::from(dollars(excess + 10)), i128::from(dollars(10)));
    let found = rules::anomaly(subject(dimension, name), Rule::Weekday, (day, day), amounts, String::new());
    let cause = |(person, cost): &(&str, i64)| Cause {
        subject: subject(Dimension::Developer, person),
        cost: NanoUsd::new(dollars(*cost)),
    };
    Anomaly { causes: causes.iter().map(cause).collect(), ..found }
}

fn check_told(found: Vec<Anomaly>, expected: &[&str]) {
    let (told, _) = telling::told(found, &[]);
    let seen = |it: &Anomaly| it.seen_in.iter().map(Subject::title).collect::<Vec<_>>().join(", ");
    let mut lines: Vec<String> =
        told.iter().map(|it| format!("{}: {}", it.subject.title(), seen(it))).collect();
    lines.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn what_people_did_together_is_told_of_them_and_not_of_their_team_again() {
    let person = |name: &str| of_monday(Dimension::Developer, name, 30, &[]);
    let everybody = [("ada", 40), ("ben", 40), ("cyd", 38), ("dan", 36), ("eve", 35)];
    let team = of_monday(Dimension::Team, "web", 110, &everybody);
    // Who comes fourth or fifth is part of it as well.
    check_told(vec![person("dan"), person("eve"), team.clone()], &["dan: team web", "eve: team web"]);
    check_told(vec![person("dan"), team], &["dan: ", "team web: "]);
}

#[test]
fn what_somebody_spent_elsewhere_explains_nothing_here() {
    let person = of_monday(Dimension::Developer, "ada", 90, &[]);
    let repo = of_monday(Dimension::Repo, "shop", 100, &[("ben", 80), ("cyd", 25), ("ada", 5)]);
    check_told(vec![person, repo], &["ada: ", "repo shop: "]);
}

#[test]
fn a_team_and_its_repository_are_one_event_where_nobody_is_named() {
    let people = [("ada", 60), ("ben", 55)];
    let found = vec![
        of_monday(Dimension::Team, "web", 100, &people),
        of_monday(Dimension::Repo, "shop", 95, &people),
    ];
    check_told(found, &["team web: repo shop"]);
}

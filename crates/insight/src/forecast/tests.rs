//! Forecasts of made-up histories, at a known moment.

use domain::Timestamp;
use jiff::ToSpan;

use super::*;
use crate::fixtures::{NOW, OwnedBook, at, berlin, season};
use crate::query::Filter;

/// The season as if it had begun so many days before [`NOW`].
fn asked(days: i64) -> Forecast {
    let all = season();
    let since = at(NOW).millis() - days * 86_400_000;
    let cells: Vec<_> =
        all.cells.iter().filter(|it| it.quarter.start() >= Timestamp::from_millis(since)).copied().collect();
    let book = Book { cells: &cells, ..all.book() };
    let query = Query { group_by: vec![Dimension::Team], ..Query::total(berlin()) };
    forecast(&query, &book, &Plan::default(), at(NOW)).expect("a forecast")
}

fn check(days: i64, expected: &str) {
    let it = asked(days).whole;
    let targets = it.targets.iter().map(|it| {
        let method = it.method.map_or("no method", Method::name);
        let is_tried = if it.errors.is_some() { "tried" } else { "not tried" };
        let is_within = it.total.is_none_or(|it| it.low <= it.point && it.point <= it.high);
        assert!(is_within && it.total.is_none_or(|total| total.low >= it.spent), "{it:?}");
        format!("{} {method} {is_tried}", it.horizon.name())
    });
    let targets: Vec<String> = targets.collect();
    assert_eq!(format!("{} days, {}: {}", it.history_days, it.history.name(), targets.join(", ")), expected);
}

#[test]
fn a_short_past_is_said_and_a_shorter_one_gives_none() {
    check(
        10,
        "9 days, none: month no method not tried, quarter no method not tried, next_quarter no method not tried",
    );
    check(
        20,
        "19 days, short: month weekday_mean not tried, quarter weekday_mean not tried, \
         next_quarter weekday_mean not tried",
    );
    check(100, "97 days, enough: month blend tried, quarter blend tried, next_quarter blend tried");
}

#[test]
fn the_path_to_the_end_of_the_month_is_the_forecast() {
    let it = asked(112).whole;
    let month = it.targets.first().expect("a month");
    let ahead = it.path.iter().filter(|it| it.0 <= month.last).map(|it| it.1);
    let ahead = ahead.into_iter().try_fold(month.spent, NanoUsd::plus).expect("a sum");
    let total = month.total.expect("a total").point;
    // Nothing is spent of today, and each day is rounded by itself.
    let off = ahead.nano().abs_diff(total.nano());
    assert!(off <= 30, "{ahead} {total}");
    assert_eq!(it.path.last().map(|it| it.0), it.targets.get(1).map(|it| it.last));
}

#[test]
fn the_course_of_a_period_ends_with_its_total() {
    let it = asked(112);
    for target in &it.whole.targets {
        let days: Vec<Date> = target.course.iter().map(|it| it.0).collect();
        if target.horizon == Horizon::NextQuarter {
            assert_eq!(days, []);
            continue;
        }
        assert_eq!((days.first(), days.last()), (Some(&it.today), Some(&target.last)));
        assert_eq!(target.course.last().map(|it| it.1), target.total);
        for (one, next) in target.course.iter().zip(target.course.iter().skip(1)) {
            let ends = |it: &Estimate| [it.low, it.point, it.high];
            assert!(ends(&one.1).is_sorted() && one.1.low >= target.spent, "{one:?}");
            assert!(ends(&one.1).iter().zip(ends(&next.1)).all(|it| *it.0 <= it.1), "{one:?} {next:?}");
        }
    }
}

#[test]
fn teams_are_forecast_each_by_itself() {
    let it = asked(112);
    let teams: Vec<&str> = it.rows.iter().map(|it| &*it.0).collect();
    assert_eq!((teams, it.developers), (vec!["web", "platform"], 4));
}

#[test]
fn more_developers_cost_more_from_their_day_on() {
    let season = season();
    let total = |plan: &[&str]| {
        let plan = Plan::parse(plan, &[]).expect("a plan");
        let made = forecast(&Query::total(berlin()), &season.book(), &plan, at(NOW)).expect("a forecast");
        made.whole.targets.iter().map(|it| it.total.expect("a total").point.nano()).collect::<Vec<_>>()
    };
    let (plain, more) = (total(&[]), total(&["2027-01-01:8"]));
    assert_eq!(plain.get(..2), more.get(..2));
    let (one, other) = (plain.last().copied().unwrap_or_default(), more.last().copied().unwrap_or_default());
    assert!((other - one * 2).abs() < 1_000, "{one} {other}");
}

/// What the next quarter will have come to, by value, `whole` included; in nano-USD.
fn next_quarters(by: Dimension, team: Option<&str>, plan: &Plan, owned: &OwnedBook) -> BTreeMap<String, i64> {
    let filters = team.map(|it| Filter::parse(Dimension::Team, &[it]).expect("a filter"));
    let query =
        Query { group_by: vec![by], filters: filters.into_iter().collect(), ..Query::total(berlin()) };
    let made = forecast(&query, &owned.book(), plan, at(NOW)).expect("a forecast");
    let total = |it: &Outlook| it.targets.last().and_then(|it| it.total).expect("a total").point.nano();
    let rows = made.rows.iter().map(|(value, it)| (value.to_string(), total(it)));
    rows.chain([("whole".to_owned(), total(&made.whole))]).collect()
}

/// Checks by which part of what it would have been each forecast is another one, in tenths of
/// a percent.
fn check_plan(by: Dimension, team: Option<&str>, (people, prices): (&[&str], &[&str]), expected: &str) {
    let plan = Plan::parse(people, prices).expect("a plan");
    let mut owned = season();
    // What platform uses is sonnet alone.
    let of_web =
        |it: &crate::PlaceFacts| it.attribution.team.as_ref().is_some_and(|it| it.value.as_str() == "web");
    let web: Vec<bool> = owned.places.iter().map(of_web).collect();
    owned.cells.retain(|it| it.service == 1 || web[usize::try_from(it.place).expect("a place")]);
    let plain = next_quarters(by, team, &Plan::default(), &owned);
    let planned = next_quarters(by, team, &plan, &owned);
    let parts = planned
        .iter()
        .map(|(value, it)| format!("{value} {}", (it * 1_000 + plain[value] / 2) / plain[value]));
    assert_eq!(parts.collect::<Vec<_>>().join(", "), expected);
}

#[test]
fn a_headcount_is_that_of_the_organisation_whatever_is_asked() {
    let doubled = (&["2027-01-01:8"][..], &[][..]);
    check_plan(Dimension::Team, None, doubled, "platform 2000, web 2000, whole 2000");
    check_plan(Dimension::Team, Some("web"), doubled, "web 2000, whole 2000");
    // Who sees but a part of the book is told how many there are.
    let plan = Plan { developers: Some(16), ..Plan::parse(&["2027-01-01:8"], &[]).expect("a plan") };
    let (owned, none) = (season(), Plan::default());
    let of = |plan| next_quarters(Dimension::Team, Some("web"), plan, &owned)["whole"];
    assert!((of(&plan) * 2 - of(&none)).abs() < 1_000);
}

#[test]
fn a_price_changes_what_uses_the_model() {
    let halved = (&[][..], &["2027-01-01:*opus*:-50%"][..]);
    check_plan(Dimension::Model, None, halved, "claude-opus-5-5 500, claude-sonnet-5-5 1000, whole 680");
    check_plan(Dimension::Team, None, halved, "platform 1000, web 625, whole 680");
    check_plan(Dimension::Team, Some("web"), halved, "web 625, whole 625");
    check_plan(Dimension::Team, Some("platform"), halved, "platform 1000, whole 1000");
}

#[test]
fn rows_that_are_left_out_are_counted() {
    let query = Query { group_by: vec![Dimension::Team], top: Some(1), ..Query::total(berlin()) };
    let made = forecast(&query, &season().book(), &Plan::default(), at(NOW)).expect("a forecast");
    assert_eq!((made.rows.len(), made.left_out), (1, 1));
}

#[test]
fn an_error_is_that_of_what_is_still_to_come() {
    let check = |point: i64, ahead: i64, error: i64, expected: Option<i64>| {
        let total = Estimate { point: NanoUsd::new(point), low: NanoUsd::ZERO, high: NanoUsd::new(point) };
        let errors = Errors {
            tried_days: 1,
            tries: 30,
            total: crate::PerMille::in_tenths(error),
            wape: crate::PerMille::in_tenths(error),
            mase: 900,
            coverage: None,
            methods: Vec::new(),
        };
        let day = "2026-11-30".parse().expect("a day");
        let target = Target {
            horizon: Horizon::Month,
            first: day,
            last: day,
            spent: NanoUsd::ZERO,
            ahead: NanoUsd::new(ahead),
            total: Some(total),
            course: vec![],
            method: None,
            errors: Some(errors),
        };
        assert_eq!(target.expected_error().map(crate::PerMille::tenths), expected);
    };
    check(1_450, 70, 476, Some(23));
    check(1_450, 1_450, 476, Some(476));
    check(1_450, 0, 476, Some(0));
    check(0, 0, 476, None);
}

#[test]
fn on_its_last_day_a_month_is_not_over() {
    let first: Date = "2026-08-01".parse().expect("a day");
    let today: Date = "2026-11-30".parse().expect("a day");
    // More was spent today already than such a day usually comes to.
    let cost = |(day, place): (Date, i64)| {
        (day, NanoUsd::new(if day == today { 900 } else { 100 + place * 37 % 90 }))
    };
    let costs = first.series(1.day()).take_while(|it| *it <= today).zip(0..).map(cost).collect();
    let it = outlook::look(&DailySeries::filled(first, today, &costs), today, &|_| 1.0).expect("an outlook");
    let month = it.targets.first().expect("a month");
    let total = month.total.expect("a total");
    assert_eq!((month.ahead, total.point), (NanoUsd::new(900), month.spent));
    assert!(
        total.high > total.point && month.expected_error().is_some_and(|it| it.tenths() > 0),
        "{month:?}"
    );
    assert_eq!(month.course, [(today, total)]);
}

//! Forecasts of made-up histories, at a known moment.

use domain::Timestamp;

use super::*;
use crate::fixtures::{NOW, at, berlin, season};

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

//! One screen: how much, who and what, why, what next.

use std::cmp::Reverse;
use std::sync::Arc;

use domain::{Dimension, Measures, NanoUsd, ScopeKind, Timestamp};

use crate::anomaly::{Anomalies, Individuals, Judgement, anomalies};
use crate::book::{Book, UNKNOWN};
use crate::budget_line::{BudgetCourse, BudgetLine};
use crate::change::Change;
use crate::efficiency::{DayCost, developer_day};
use crate::forecast::{Ahead, Forecast, Plan, forecast};
use crate::models::of_a_period;
use crate::query::Query;
use crate::report::{Coverage, Report, ReportError, report};
use crate::series::{DailySeries, days, today};
use crate::text::PerMille;

/// Milliseconds of a minute.
const MINUTE_MILLIS: i64 = 60_000;
/// Movers of each dimension.
const MOVERS: usize = 3;
/// Dimensions in which somebody may have moved; those of individuals last.
const MOVED_BY: [Dimension; 4] = [Dimension::Team, Dimension::Repo, Dimension::Model, Dimension::Developer];
/// Dimensions of which is told how much nobody can say.
const ATTRIBUTED_BY: [Dimension; 3] = [Dimension::Developer, Dimension::Team, Dimension::Repo];

/// What is known beside the book.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// Budgets that the asker sees.
    pub budgets: &'a [BudgetLine],
    /// What people said of anomalies.
    pub judgements: &'a [Judgement],
    /// Whether people are told apart.
    pub individuals: Individuals,
    /// How much was seen by more than one kind of source, where that is known.
    pub seen: Option<SeenTwice>,
    /// When the newest call was made.
    pub newest: Option<Timestamp>,
}

/// How much of the calls more than one kind of source saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenTwice {
    /// Calls of the period.
    pub calls: u64,
    /// Those that one kind of source alone saw.
    pub once: u64,
}

/// One screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The period, uncut, against the one before.
    pub whole: Report,
    /// Developers with calls.
    pub developers: u64,
    /// What one costs on a day with calls.
    pub developer_day: Option<DayCost>,
    /// What is spent a day of late, weekends included.
    pub burn_per_day: NanoUsd,
    /// Each day of the period.
    pub days: DailySeries,
    /// Month, quarter and the quarter after it.
    pub forecast: Forecast,
    /// The budgets of the whole organisation.
    pub budgets: Vec<BudgetCourse>,
    /// Budgets that will not last, or hardly; those of the whole organisation as well.
    pub in_danger: Vec<BudgetCourse>,
    /// Who and what moved most, by dimension: the largest changes first.
    pub movers: Vec<Mover>,
    /// What was unusual in the period.
    pub anomalies: Anomalies,
    /// How much of the cost nobody can say this of.
    pub unattributed: Vec<Coverage>,
    /// How much more than one kind of source saw.
    pub seen: Option<SeenTwice>,
    /// When the newest call was made.
    pub newest: Option<Timestamp>,
    /// Minutes since then.
    pub minutes_old: Option<u64>,
}

/// Somebody or something whose spend moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mover {
    /// Of which dimension.
    pub dimension: Dimension,
    /// Who or what.
    pub value: Arc<str>,
    /// What was spent.
    pub measures: Measures,
    /// How that changed.
    pub change: Change,
}

/// One screen about a question, this month's unless it names a period.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn overview(
    query: &Query,
    book: &Book<'_>,
    beside: &Beside<'_>,
    now: Timestamp,
) -> Result<Overview, ReportError> {
    let asked = of_a_period(query, now)?;
    let forecast = forecast(&Query { group_by: Vec::new(), ..query.clone() }, book, &Plan::default(), now)?;
    let anomalies = anomalies(&asked, book, beside.judgements, beside.individuals, now)?;
    let courses = courses(beside.budgets, query, book, now)?;
    let near = book.cells_of(&asked, now);
    let book = &Book { cells: &near, ..*book };
    let whole = report(&asked, book, now)?;
    let of_all = |it: &&BudgetCourse| it.line.scope.kind() == ScopeKind::Organisation;
    let budgets = courses.iter().filter(of_all).cloned().collect();
    let mut movers = Vec::new();
    let mut unattributed = Vec::new();
    let mut developers = 0;
    for dimension in MOVED_BY {
        let cut = report(&Query { group_by: vec![dimension], ..asked.clone() }, book, now)?;
        if dimension == Dimension::Developer {
            let known = cut.rows.iter().filter(|it| it.figures.measures.calls > 0);
            let known = known.filter(|it| it.key.first().is_some_and(|it| &*it.value != UNKNOWN)).count();
            developers = u64::try_from(known).unwrap_or(u64::MAX);
        }
        if dimension != Dimension::Developer || beside.individuals == Individuals::Shown {
            movers.extend(moved(dimension, &cut));
        }
        unattributed.extend(cut.attribution.into_iter().filter(|it| ATTRIBUTED_BY.contains(&it.dimension)));
    }
    let first =
        asked.span.since.and_then(|it| crate::calendar::wall(it, &asked.timezone)).map(|it| it.date());
    let last = today(&asked, now)?;
    let amounts = days(&asked, None, book)?.whole;
    let first = first.or_else(|| amounts.keys().next().copied()).unwrap_or(last);
    let minutes = |it: Timestamp| u64::try_from(now.millis_since(it) / MINUTE_MILLIS).unwrap_or(0);
    Ok(Overview {
        developers,
        developer_day: developer_day(&asked, book, now)?,
        burn_per_day: forecast.whole.burn_per_day(forecast.today)?,
        days: DailySeries::filled(first, last, &amounts),
        budgets,
        in_danger: courses.into_iter().filter(BudgetCourse::is_in_danger).collect(),
        movers,
        anomalies,
        unattributed,
        seen: beside.seen,
        newest: beside.newest,
        minutes_old: beside.newest.map(minutes),
        whole,
        forecast,
    })
}

/// How the budgets are doing now: those of everything and of teams by the course of their own
/// days, whatever the question keeps.
fn courses(
    budgets: &[BudgetLine],
    query: &Query,
    book: &Book<'_>,
    now: Timestamp,
) -> Result<Vec<BudgetCourse>, ReportError> {
    let ahead = Ahead::of(budgets, &query.timezone, book, now)?;
    let mut all: Vec<BudgetCourse> =
        budgets.iter().map(|it| BudgetCourse::of(it, ahead.today, ahead.days_of(&it.scope))).collect();
    all.sort_by_key(|it| (Reverse(it.spent), it.line.scope.clone()));
    Ok(all)
}

/// The largest changes of a report's rows, up or down.
fn moved(dimension: Dimension, report: &Report) -> Vec<Mover> {
    let mover = |row: &crate::report::Row| {
        Some(Mover {
            dimension,
            value: Arc::clone(&row.key.first()?.value),
            measures: row.figures.measures,
            change: row.figures.change?,
        })
    };
    let mut all: Vec<Mover> = report.rows.iter().filter_map(mover).collect();
    all.retain(|it| it.change.difference != NanoUsd::ZERO && &*it.value != UNKNOWN);
    all.sort_by_key(|it| (Reverse(it.change.difference.nano().unsigned_abs()), Arc::clone(&it.value)));
    all.truncate(MOVERS);
    all
}

/// How much of the cost nobody can say this of.
#[must_use]
pub fn unknown_share(coverage: &Coverage, total: NanoUsd) -> Option<PerMille> {
    PerMille::of_money(coverage.unknown_cost(), total)
}

#[cfg(test)]
mod tests {
    use domain::{Period, Scope};

    use super::*;
    use crate::budget_line::BudgetState;
    use crate::fixtures::{NOW, at, berlin, season};
    use crate::query::Filter;
    use crate::span::Span;

    /// A budget of this month, of which the book's own spend is gone.
    fn line(scope: Scope, allocation: i64) -> BudgetLine {
        let team = scope.kind() == ScopeKind::Team;
        let filters = if team { vec![filter(scope.name())] } else { Vec::new() };
        let teams = if team { vec![Arc::from(scope.name())] } else { Vec::new() };
        let span = Span::parse(Some("this-month"), None, &berlin(), at(NOW)).expect("a span");
        let query = Query { span, filters, ..Query::total(berlin()) };
        let spent = report(&query, &season().book(), at(NOW)).expect("a report").total.measures.cost;
        let allocation = NanoUsd::new(allocation * 1_000_000_000);
        BudgetLine {
            scope,
            teams,
            period: Period::Month,
            first: Some("2026-11-01".parse().expect("a day")),
            last: Some("2026-11-30".parse().expect("a day")),
            allocation,
            spent,
            left: allocation.minus(spent).expect("a small amount"),
            is_hard: true,
        }
    }

    fn filter(team: &str) -> Filter {
        Filter::parse(Dimension::Team, &[team]).expect("a filter")
    }

    fn asked(query: &Query, budgets: &[BudgetLine]) -> Overview {
        let beside =
            Beside { budgets, judgements: &[], individuals: Individuals::Shown, seen: None, newest: None };
        overview(query, &season().book(), &beside, at(NOW)).expect("an overview")
    }

    #[test]
    fn budgets_are_in_danger_before_they_are_spent() {
        let team = |name| Scope::new(ScopeKind::Team, name).expect("a scope");
        let budgets = [
            line(Scope::organisation(), 800),
            line(team("web"), 380),
            line(team("platform"), 900),
            line(team("gone"), 9),
        ];
        let whole = asked(&Query::total(berlin()), &budgets);
        let told = |it: &Overview| {
            let one = |it: &BudgetCourse| format!("{} {}", it.line.scope, it.state.to_text());
            it.in_danger.iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(told(&whole), ["team/web spent on 2026-11-20", "org 2026-11-26"]);
        assert_eq!(
            whole.budgets.iter().map(|it| it.state).collect::<Vec<_>>(),
            [BudgetState::RunsOut("2026-11-26".parse().expect("a day"))]
        );
        let teams =
            crate::teams::teams(&Query::total(berlin()), &season().book(), &budgets, at(NOW)).expect("teams");
        let of_web = teams.rows.iter().find(|it| &*it.team == "web").expect("a team");
        assert_eq!(of_web.budgets.first(), whole.in_danger.first());
        // A budget is about its own days, whatever is asked.
        let of_platform = Query { filters: vec![filter("platform")], ..Query::total(berlin()) };
        assert_eq!(told(&asked(&of_platform, &budgets)), told(&whole));
        let before = Span::parse(Some("last-month"), Some("last-month"), &berlin(), at(NOW)).expect("a span");
        assert_eq!(told(&asked(&Query { span: before, ..Query::total(berlin()) }, &budgets)), told(&whole));
    }

    #[test]
    fn a_team_above_others_spends_what_they_do() {
        let all = line(Scope::organisation(), 800);
        let parts = ["engineering", "web", "platform"].map(Arc::from).to_vec();
        let scope = Scope::new(ScopeKind::Team, "engineering").expect("a scope");
        let engineering = BudgetLine { scope, teams: parts, ..all };
        let told = asked(&Query::total(berlin()), &[all, engineering]).in_danger;
        assert_eq!(told.len(), 2);
        assert_eq!((told[0].state, told[0].forecast), (told[1].state, told[1].forecast));
    }

    #[test]
    fn what_moved_did_so_as_the_report_says() {
        let mut season = season();
        // Later on the same day of the month before: a report up to now does not compare with it.
        let one = *season.cells.first().expect("a cell");
        season.cells.push(domain::Cell { quarter: at("2026-10-22T18:00:00Z").quarter_hour(), ..one });
        let beside = Beside {
            budgets: &[],
            judgements: &[],
            individuals: Individuals::Shown,
            seen: None,
            newest: None,
        };
        let made = overview(&Query::total(berlin()), &season.book(), &beside, at(NOW)).expect("an overview");
        let span = Span::parse(Some("this-month"), None, &berlin(), at(NOW)).expect("a span");
        let query = Query { span, compare: true, group_by: vec![Dimension::Team], ..Query::total(berlin()) };
        let compared = report(&query, &season.book(), at(NOW)).expect("a report");
        assert_eq!(made.whole.total, compared.total);
        for mover in made.movers.iter().filter(|it| it.dimension == Dimension::Team) {
            let row = compared.rows.iter().find(|it| it.key[0].value == mover.value).expect("a row");
            assert_eq!((Some(mover.change), mover.measures), (row.figures.change, row.figures.measures));
        }
    }

    #[test]
    fn all_time_is_compared_with_nothing() {
        let span = Span::parse(Some("all"), None, &berlin(), at(NOW)).expect("a span");
        let made = asked(&Query { span, ..Query::total(berlin()) }, &[]);
        let all = report(&Query::total(berlin()), &season().book(), at(NOW)).expect("a report");
        assert_eq!(
            (made.whole.total.measures, made.whole.period.days),
            (all.total.measures, all.period.days)
        );
        assert_eq!((made.whole.compared_with, made.movers), (None, Vec::new()));
        assert_eq!(made.days.first, "2026-08-03".parse().expect("a day"));
        assert_eq!(made.anomalies.first, made.days.first);
    }
}

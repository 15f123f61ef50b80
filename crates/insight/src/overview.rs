//! One screen: how much, who and what, why, what next.

use std::cmp::Reverse;
use std::sync::Arc;

use domain::{Dimension, Measures, NanoUsd, ScopeKind, Timestamp};
use jiff::civil::Date;

use crate::anomaly::{Anomalies, Individuals, Judgement, anomalies};
use crate::book::{Book, UNKNOWN};
use crate::budget_line::{BudgetCourse, BudgetLine};
use crate::change::Change;
use crate::efficiency::{DayCost, developer_day};
use crate::forecast::{Forecast, Plan, forecast};
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
    /// Other budgets that will not last, or hardly.
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
    let near = book.cells_of(&asked, now);
    let book = &Book { cells: &near, ..*book };
    let whole = report(&asked, book, now)?;
    let courses = courses(beside.budgets, &forecast);
    let (budgets, others): (Vec<_>, Vec<_>) =
        courses.into_iter().partition(|it| it.line.scope.kind() == ScopeKind::Organisation);
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
        in_danger: others.into_iter().filter(BudgetCourse::is_in_danger).collect(),
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

/// How the budgets are doing; only that of everything has a forecast here.
fn courses(budgets: &[BudgetLine], forecast: &Forecast) -> Vec<BudgetCourse> {
    let so_far = forecast.whole.past.costs.last().copied().unwrap_or_default();
    let course = |it: &BudgetLine| {
        let is_whole = it.scope.kind() == ScopeKind::Organisation;
        let path: &[(Date, NanoUsd)] = if is_whole { &forecast.whole.path } else { &[] };
        BudgetCourse::of(it, forecast.today, path, so_far)
    };
    let mut all: Vec<BudgetCourse> = budgets.iter().map(course).collect();
    all.sort_by_key(|it| (Reverse(it.spent), it.line.scope.clone()));
    all
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

//! What each team was given and what it used: allocation against consumption, how fast it
//! burns, the day on which its budget runs out, and what a developer of it costs a day.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Dimension, NanoUsd, ScopeKind, Timestamp};

use crate::book::{Book, UNKNOWN};
use crate::budget_line::{BudgetCourse, BudgetLine};
use crate::efficiency::{CacheWeek, DayCost, cache_by_team};
use crate::forecast::{Forecast, Plan, forecast};
use crate::models::of_a_period;
use crate::query::Query;
use crate::report::{Figures, ReportError, ReportPeriod, report};
use crate::series::today;
use crate::text::PerMille;

/// The teams of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teams {
    /// The period.
    pub period: ReportPeriod,
    /// The period before.
    pub before: Option<ReportPeriod>,
    /// Teams, the dearest first; [`UNKNOWN`] are calls of no team.
    pub rows: Vec<TeamRow>,
    /// Everything.
    pub total: Figures,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRow {
    /// Which.
    pub team: Arc<str>,
    /// What it used, and how that changed.
    pub figures: Figures,
    /// Its part of everything.
    pub share: Option<PerMille>,
    /// Developers with calls.
    pub developers: u64,
    /// What one of them costs on a day with calls.
    pub developer_day: Option<DayCost>,
    /// What it spent a day in the last two weeks, weekends included.
    pub burn_per_day: NanoUsd,
    /// Its budgets, the shortest period first.
    pub budgets: Vec<BudgetCourse>,
    /// Its cache by week.
    pub cache: Vec<CacheWeek>,
}

/// The teams of a question, this month's unless it names a period.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn teams(
    query: &Query,
    book: &Book<'_>,
    budgets: &[BudgetLine],
    now: Timestamp,
) -> Result<Teams, ReportError> {
    let asked = of_a_period(query, now)?;
    let whole = report(&Query { group_by: vec![Dimension::Team], ..asked.clone() }, book, now)?;
    let ahead = Query { group_by: vec![Dimension::Team], top: Some(usize::MAX), ..query.clone() };
    let ahead = forecast(&ahead, book, &Plan::default(), now)?;
    let mut people = people(&asked, book, now)?;
    let mut cache: HashMap<Arc<str>, Vec<CacheWeek>> =
        cache_by_team(&asked, book, now)?.into_iter().collect();
    let mut rows = Vec::with_capacity(whole.rows.len());
    for row in &whole.rows {
        let Some(team) = row.key.first().map(|it| Arc::clone(&it.value)) else { continue };
        let (developers, days) = people.remove(&team).unwrap_or_default();
        rows.push(TeamRow {
            share: PerMille::of_money(row.figures.measures.cost, whole.total.measures.cost),
            developers,
            developer_day: DayCost::of(days),
            burn_per_day: match ahead.rows.iter().find(|it| it.0 == team) {
                Some((_, outlook)) => outlook.burn_per_day(ahead.today)?,
                None => NanoUsd::ZERO,
            },
            budgets: courses(budgets, &ahead, &team, today(query, now)?),
            cache: cache.remove(&team).unwrap_or_default(),
            figures: row.figures,
            team,
        });
    }
    Ok(Teams { period: whole.period, before: whole.compared_with, rows, total: whole.total })
}

/// How many there are, and what each of their days with calls cost.
type People = (u64, Vec<NanoUsd>);

/// The developers of each team, and what they cost on days with calls.
fn people(asked: &Query, book: &Book<'_>, now: Timestamp) -> Result<HashMap<Arc<str>, People>, ReportError> {
    let by = vec![Dimension::Team, Dimension::Developer, Dimension::Day];
    let days = report(&Query { group_by: by, compare: false, ..asked.clone() }, book, now)?;
    let mut known: HashMap<Arc<str>, HashMap<Arc<str>, Vec<NanoUsd>>> = HashMap::new();
    for row in days.rows {
        let mut key = row.key.into_iter().map(|it| it.value);
        let (Some(team), Some(developer)) = (key.next(), key.next()) else { continue };
        if &*developer != UNKNOWN {
            known.entry(team).or_default().entry(developer).or_default().push(row.figures.measures.cost);
        }
    }
    let flat = |(team, people): (Arc<str>, HashMap<Arc<str>, Vec<NanoUsd>>)| {
        let count = u64::try_from(people.len()).unwrap_or(u64::MAX);
        (team, (count, people.into_values().flatten().collect()))
    };
    Ok(known.into_iter().map(flat).collect())
}

fn courses(
    budgets: &[BudgetLine],
    ahead: &Forecast,
    team: &Arc<str>,
    today: jiff::civil::Date,
) -> Vec<BudgetCourse> {
    let outlook = ahead.rows.iter().find(|it| it.0 == *team).map(|it| &it.1);
    let path = outlook.map(|it| it.path.as_slice()).unwrap_or_default();
    let so_far = outlook.and_then(|it| it.past.costs.last()).copied().unwrap_or_default();
    let own = budgets.iter().filter(|it| it.scope.kind() == ScopeKind::Team && it.scope.name() == &**team);
    let mut own: Vec<BudgetCourse> = own.map(|it| BudgetCourse::of(it, today, path, so_far)).collect();
    own.sort_by_key(|it| it.line.period);
    own
}

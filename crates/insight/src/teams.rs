//! What each team was given and what it used: allocation against consumption, how fast it
//! burns, the day on which its budget runs out, and what a developer of it costs a day.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{Dimension, NanoUsd, ScopeKind, Timestamp};

use crate::book::Book;
use crate::budget_line::{BudgetCourse, BudgetLine};
use crate::calendar;
use crate::efficiency::{CacheWeek, DayCost, cache_by_team, developer_days};
use crate::forecast::{Ahead, BURN_DAYS};
use crate::models::of_a_period;
use crate::query::Query;
use crate::report::{Figures, ReportError, ReportPeriod, report};
use crate::series::{shifted, today};
use crate::span::Span;
use crate::stretches::stretches;
use crate::text::PerMille;

/// The teams of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teams {
    /// The period.
    pub period: ReportPeriod,
    /// The period before.
    pub before: Option<ReportPeriod>,
    /// Teams, the dearest first; [`UNKNOWN`](crate::UNKNOWN) are calls of no team.
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
    let ahead = Ahead::of(budgets, &query.timezone, book, now)?;
    let burn = burn(query, book, now)?;
    let mut people = people(&asked, book, now)?;
    let mut cache: HashMap<Arc<str>, Vec<CacheWeek>> =
        cache_by_team(&asked, book, now)?.into_iter().collect();
    let mut rows = Vec::with_capacity(whole.rows.len());
    for row in &whole.rows {
        let Some(team) = row.key.first().map(|it| Arc::clone(&it.value)) else { continue };
        let People { developers, costs } = people.remove(&team).unwrap_or_default();
        rows.push(TeamRow {
            share: PerMille::of_money(row.figures.measures.cost, whole.total.measures.cost),
            developers: u64::try_from(developers.len()).unwrap_or(u64::MAX),
            developer_day: DayCost::of(costs),
            burn_per_day: burn.get(&team).copied().unwrap_or_default(),
            budgets: courses(budgets, &ahead, &team),
            cache: cache.remove(&team).unwrap_or_default(),
            figures: row.figures,
            team,
        });
    }
    Ok(Teams { period: whole.period, before: whole.compared_with, rows, total: whole.total })
}

/// What each team spent a day in the last [`BURN_DAYS`] whole days, weekends included.
fn burn(query: &Query, book: &Book<'_>, now: Timestamp) -> Result<HashMap<Arc<str>, NanoUsd>, ReportError> {
    let today = today(query, now)?;
    let midnight = |day| calendar::midnight(day, &query.timezone);
    let span = Span::between(midnight(shifted(today, -BURN_DAYS)?), midnight(today));
    let spent = stretches(query, Some(Dimension::Team), &[span], book)?.by_value.into_iter();
    let a_day = |cost: NanoUsd| NanoUsd::new(cost.nano().checked_div(BURN_DAYS).unwrap_or_default());
    Ok(spent.map(|(team, [sum])| (team, a_day(sum.cost))).collect())
}

/// Developers of a team, and what each of their days with calls cost.
#[derive(Default)]
struct People {
    developers: HashSet<Arc<str>>,
    costs: Vec<NanoUsd>,
}

/// The developers of each team.
fn people(asked: &Query, book: &Book<'_>, now: Timestamp) -> Result<HashMap<Arc<str>, People>, ReportError> {
    let mut known: HashMap<Arc<str>, People> = HashMap::new();
    for day in developer_days(asked, Some(Dimension::Team), book, now)? {
        let Some(team) = day.of else { continue };
        let of_team = known.entry(team).or_default();
        of_team.developers.insert(day.developer);
        of_team.costs.extend(day.cost);
    }
    Ok(known)
}

/// A team's budgets, the shortest period first.
fn courses(budgets: &[BudgetLine], ahead: &Ahead, team: &Arc<str>) -> Vec<BudgetCourse> {
    let own = budgets.iter().filter(|it| it.scope.kind() == ScopeKind::Team && it.scope.name() == &**team);
    let course = |it| BudgetCourse::of(it, ahead.today, ahead.days_of(&it.scope));
    let mut own: Vec<BudgetCourse> = own.map(course).collect();
    own.sort_by_key(|it| it.line.period);
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::efficiency::developer_day;
    use crate::fixtures::{NOW, at, berlin, season};

    #[test]
    fn a_day_without_a_price_is_no_day_of_nothing() {
        let mut season = season();
        let own = season
            .places
            .iter()
            .map(|it| it.attribution.team.as_ref().is_some_and(|it| it.value.as_str() == "web"));
        let own: Vec<bool> = own.collect();
        // Half of web's days have calls that nobody knows the price of.
        let is_odd = |place: u32| own[usize::try_from(place).expect("a place")] && place.is_multiple_of(3);
        for cell in season.cells.iter_mut().filter(|it| is_odd(it.place)) {
            cell.measures.unpriced_calls = cell.measures.calls;
            cell.measures.cost = NanoUsd::ZERO;
        }
        let query = Query::total(berlin());
        let teams = teams(&query, &season.book(), &[], at(NOW)).expect("teams");
        let web = teams.rows.iter().find(|it| &*it.team == "web").expect("a team");
        let filter = crate::query::Filter::parse(Dimension::Team, &["web"]).expect("a filter");
        let query = of_a_period(&Query { filters: vec![filter], ..query }, at(NOW)).expect("a question");
        let alone = developer_day(&query, &season.book(), at(NOW)).expect("a day");
        assert_eq!(web.developer_day, alone);
        assert!(alone.is_some_and(|it| it.median > NanoUsd::ZERO), "{alone:?}");
    }
}

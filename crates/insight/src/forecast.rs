//! What will have been spent by the end of the month, of the quarter, and in the quarter
//! after it, with how far such forecasts were off in the past.
//!
//! Reading order: `estimate` (amounts and numbers), `method` and `trend` (ways to go on),
//! `backtest` (which one is best here, and how good that is), `spread` (how far totals may be
//! off), [`plan`] (what will be different from the past), `outlook` (one series, forecast).
//!
//! Here alone are floats: an estimate is no money (`docs/decisions/0010`). What goes out
//! of here has been rounded once, to nano-USD.

#![expect(
    clippy::float_arithmetic,
    reason = "estimates are reckoned in floats, and rounded once on the way out"
)]

mod backtest;
mod estimate;
mod method;
mod outlook;
pub mod plan;
mod spread;
mod trend;

pub use backtest::ENOUGH_DAYS;
pub use method::Method;
pub use outlook::{BURN_DAYS, Errors, Estimate, History, Horizon, LEAST_DAYS, Outlook, Target};
pub use plan::{Plan, PlanError};
pub use spread::NOMINAL_PERCENT;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Dimension, NanoUsd, Scope, ScopeKind, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::book::{Book, UNKNOWN};
use crate::budget_line::{BudgetDays, BudgetLine};
use crate::calendar;
use crate::daily::daily;
use crate::query::Query;
use crate::report::{ReportError, ReportPeriod};
use crate::series::{DailySeries, days, shifted, today};
use crate::span::Span;
use crate::stretches::stretches;

/// Days of the past that are looked at: a year and a week.
pub const HISTORY_DAYS: i64 = 371;
/// Days that say who is there and which models are used.
const RECENT_DAYS: i64 = 28;
/// Series that are forecast beside the whole, unless asked otherwise.
const ROWS: usize = 20;

/// The answer to a question about the future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// The days of the past that it goes on from.
    pub period: ReportPeriod,
    /// The day that it is made on; the last whole day is the one before it.
    pub today: Date,
    /// The time zone of its days.
    pub timezone: String,
    /// What it is cut by.
    pub by: Option<Dimension>,
    /// All of it.
    pub whole: Outlook,
    /// By value, those that spent most in the last four weeks first. Each is a forecast of
    /// its own: together they are not exactly the whole.
    pub rows: Vec<(Arc<str>, Outlook)>,
    /// Rows that are left out.
    pub left_out: usize,
    /// Developers of the organisation with calls in the last four weeks.
    pub developers: u64,
    /// What was said to become different.
    pub plan: Plan,
}

/// The question that a forecast reads the past with.
#[must_use]
pub fn history_query(query: &Query, now: Timestamp) -> Query {
    let since = today(query, now)
        .and_then(|it| shifted(it, -HISTORY_DAYS))
        .ok()
        .and_then(|it| calendar::midnight(it, &query.timezone));
    Query {
        span: Span::between(since, query.span.until),
        group_by: query.group_by.iter().take(1).copied().filter(|it| !it.is_time()).collect(),
        period: None,
        compare: false,
        ..query.clone()
    }
}

/// Since when it is looked at who is there, and which models are used.
#[must_use]
pub fn recent_since(query: &Query, now: Timestamp) -> Option<Timestamp> {
    let since = today(query, now).and_then(|it| shifted(it, -RECENT_DAYS)).ok()?;
    calendar::midnight(since, &query.timezone)
}

/// Forecasts what the question keeps, and each value of what it is cut by first.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn forecast(
    query: &Query,
    book: &Book<'_>,
    plan: &Plan,
    now: Timestamp,
) -> Result<Forecast, ReportError> {
    let query = history_query(query, now);
    let today = today(&query, now)?;
    let by = query.group_by.first().copied();
    let days = days(&query, by, book)?;
    let recent = Recent::of(&query, plan, book, now)?;
    let look = |amounts: &BTreeMap<Date, NanoUsd>, models: &[ModelCost]| {
        let first = amounts.keys().next().copied().unwrap_or(today);
        let factors = plan.factors(today, recent.developers, models);
        outlook::look(&DailySeries::filled(first, today, amounts), today, &factors)
    };
    let since = shifted(today, -RECENT_DAYS)?;
    let recently = |days: &BTreeMap<Date, NanoUsd>| {
        days.range(since..).map(|it| *it.1).try_fold(NanoUsd::ZERO, NanoUsd::plus)
    };
    let mut values = Vec::with_capacity(days.by_value.len());
    for (value, amounts) in &days.by_value {
        values.push((Reverse(recently(amounts)?), value, amounts));
    }
    values.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let shown = query.top.unwrap_or(ROWS);
    let left_out = values.len().saturating_sub(shown);
    let rows = values.into_iter().take(shown);
    let mut seen = days.whole.keys().copied();
    let seen = seen.next().map(|it| (it, seen.next_back().unwrap_or(it)));
    Ok(Forecast {
        period: ReportPeriod::of_days(query.span, &query.timezone, seen, now),
        today,
        timezone: calendar::zone_name(&query.timezone, now),
        by,
        whole: look(&days.whole, &recent.models)?,
        rows: rows
            .map(|(_, value, amounts)| Ok((Arc::clone(value), look(amounts, &recent.models_of(by, value))?)))
            .collect::<Result<_, ReportError>>()?,
        left_out,
        developers: recent.developers,
        plan: plan.clone(),
    })
}

/// The days behind and before whatever budgets are about: of everything, and of teams.
#[derive(Debug, Clone)]
pub(crate) struct Ahead {
    /// The day that it is made on.
    pub(crate) today: Date,
    whole: Option<Outlook>,
    teams: BTreeMap<String, Outlook>,
}

impl Ahead {
    /// The question whose sums it is made of: all days, whatever else is asked.
    #[must_use]
    pub(crate) fn query(timezone: &TimeZone, now: Timestamp) -> Query {
        history_query(&Query { group_by: vec![Dimension::Team], ..Query::total(timezone.clone()) }, now)
    }

    /// As far as some budgets are about it.
    pub(crate) fn of(
        budgets: &[BudgetLine],
        timezone: &TimeZone,
        book: &Book<'_>,
        now: Timestamp,
    ) -> Result<Self, ReportError> {
        let query = Self::query(timezone, now);
        let today = today(&query, now)?;
        let mut ahead = Self { today, whole: None, teams: BTreeMap::new() };
        if budgets.is_empty() {
            return Ok(ahead);
        }
        let days = days(&query, Some(Dimension::Team), book)?;
        let look = |amounts: &BTreeMap<Date, NanoUsd>| {
            let first = amounts.keys().next().copied().unwrap_or(today);
            outlook::look_ahead(&DailySeries::filled(first, today, amounts), today)
        };
        for line in budgets {
            let (kind, name) = (line.scope.kind(), line.scope.name());
            if kind == ScopeKind::Organisation && ahead.whole.is_none() {
                ahead.whole = Some(look(&days.whole)?);
            } else if kind == ScopeKind::Team && !ahead.teams.contains_key(name) {
                ahead.teams.insert(name.to_owned(), look(&days.of_values(&line.teams)?)?);
            }
        }
        Ok(ahead)
    }

    /// The days of a budget's scope.
    pub(crate) fn days_of(&self, scope: &Scope) -> Option<BudgetDays<'_>> {
        let is_of_all = scope.kind() == ScopeKind::Organisation;
        let of_team = || self.teams.get(scope.name()).filter(|_| scope.kind() == ScopeKind::Team);
        let outlook = self.whole.as_ref().filter(|_| is_of_all).or_else(of_team);
        outlook.map(|it| {
            let is_cut = it.history_days >= it.past.costs.len();
            BudgetDays { past: &it.past, since: is_cut.then_some(it.past.first), path: &it.path }
        })
    }
}

/// A model, and what was spent on it.
type ModelCost = (Arc<str>, NanoUsd);

/// Who was there in the last weeks, and which models were used.
struct Recent {
    /// Of the organisation, whatever the question keeps: a headcount is planned for all of it.
    developers: u64,
    /// By what the question keeps.
    models: Vec<ModelCost>,
    /// By each value of what it is cut by.
    models_of: BTreeMap<Arc<str>, Vec<ModelCost>>,
}

impl Recent {
    fn of(query: &Query, plan: &Plan, book: &Book<'_>, now: Timestamp) -> Result<Self, ReportError> {
        let since = recent_since(query, now);
        let recent = Query { span: Span::between(since, query.span.until), top: None, ..query.clone() };
        let near = book.cells_of(&recent, now);
        let book = &Book { cells: &near, ..*book };
        let all = Query { filters: Vec::new(), ..recent.clone() };
        let known = stretches(&all, Some(Dimension::Developer), &[all.span], book)?.by_value;
        let known = known.iter().filter(|it| &**it.0 != UNKNOWN && it.1.iter().any(|it| it.calls > 0));
        let developers = u64::try_from(known.count()).unwrap_or(u64::MAX);
        let mut found = Self {
            developers: plan.developers.unwrap_or(developers),
            models: Vec::new(),
            models_of: BTreeMap::new(),
        };
        if !plan.prices.is_empty() {
            found.mix(&recent, book)?;
        }
        Ok(found)
    }

    /// Takes in which models were used, by whom or what.
    fn mix(&mut self, recent: &Query, book: &Book<'_>) -> Result<(), ReportError> {
        let mut whole: BTreeMap<Arc<str>, NanoUsd> = BTreeMap::new();
        let mut add = |model: &Arc<str>, cost| {
            let sum = whole.entry(Arc::clone(model)).or_default();
            *sum = sum.plus(cost)?;
            Ok::<_, ReportError>(())
        };
        match recent.group_by.first().copied() {
            None | Some(Dimension::Model) => {
                for (_, [model], cost) in daily(recent, [Dimension::Model], book)? {
                    add(&model, cost)?;
                }
            }
            Some(by) => {
                for (_, [value, model], cost) in daily(recent, [by, Dimension::Model], book)? {
                    add(&model, cost)?;
                    self.models_of.entry(value).or_default().push((model, cost));
                }
            }
        }
        self.models = whole.into_iter().collect();
        Ok(())
    }

    /// The models of one value; those of all where it used none of late. A model is its own.
    fn models_of(&self, by: Option<Dimension>, value: &Arc<str>) -> Cow<'_, [ModelCost]> {
        if by == Some(Dimension::Model) {
            return Cow::Owned(vec![(Arc::clone(value), NanoUsd::new(1))]);
        }
        let own = self.models_of.get(value).filter(|it| it.iter().any(|it| it.1 > NanoUsd::ZERO));
        Cow::Borrowed(own.unwrap_or(&self.models))
    }
}

#[cfg(test)]
mod tests;

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

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Dimension, NanoUsd, Timestamp};
use jiff::civil::Date;

use crate::book::{Book, UNKNOWN};
use crate::calendar;
use crate::query::Query;
use crate::report::{ReportError, report};
use crate::series::{DailySeries, days, shifted, today};
use crate::span::Span;

/// Days of the past that are looked at: a year and a week.
pub const HISTORY_DAYS: i64 = 371;
/// Days that say who is there and which models are used.
const RECENT_DAYS: i64 = 28;
/// Series that are forecast beside the whole, unless asked otherwise.
const ROWS: usize = 20;

/// The answer to a question about the future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
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
    /// Developers with calls in the last four weeks.
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
        span: Span { since, until: query.span.until },
        group_by: query.group_by.iter().take(1).copied().filter(|it| !it.is_time()).collect(),
        period: None,
        compare: false,
        ..query.clone()
    }
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
    let recent = Recent::of(&query, book, now)?;
    let factors = plan.factors(today, recent.developers, &recent.models);
    let look = |amounts: &BTreeMap<Date, NanoUsd>| {
        let first = amounts.keys().next().copied().unwrap_or(today);
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
    let rows = values.into_iter().take(query.top.unwrap_or(ROWS));
    Ok(Forecast {
        today,
        timezone: calendar::zone_name(&query.timezone, now),
        by,
        whole: look(&days.whole)?,
        rows: rows
            .map(|(_, value, amounts)| Ok((Arc::clone(value), look(amounts)?)))
            .collect::<Result<_, ReportError>>()?,
        developers: recent.developers,
        plan: plan.clone(),
    })
}

/// Who was there in the last weeks, and which models were used.
struct Recent {
    developers: u64,
    models: Vec<(Arc<str>, NanoUsd)>,
}

impl Recent {
    fn of(query: &Query, book: &Book<'_>, now: Timestamp) -> Result<Self, ReportError> {
        let since = shifted(today(query, now)?, -RECENT_DAYS)?;
        let since = calendar::midnight(since, &query.timezone);
        let recent = Query { span: Span { since, until: query.span.until }, top: None, ..query.clone() };
        let near = book.cells_of(&recent, now);
        let book = &Book { cells: &near, ..*book };
        let by = |it: Dimension| {
            let query = Query { group_by: vec![it], ..recent.clone() };
            Ok::<_, ReportError>(report(&query, book, now)?.rows)
        };
        let known = by(Dimension::Developer)?;
        let known = known.iter().filter_map(|it| it.key.first()).filter(|it| &*it.value != UNKNOWN);
        let models = by(Dimension::Model)?.into_iter();
        let models =
            models.filter_map(|it| Some((it.key.into_iter().next()?.value, it.figures.measures.cost)));
        Ok(Self { developers: u64::try_from(known.count()).unwrap_or(u64::MAX), models: models.collect() })
    }
}

#[cfg(test)]
mod tests;

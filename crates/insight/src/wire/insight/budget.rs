//! How a budget is doing, in overview and teams.

use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMoney, per_mille};
use crate::budget_line::BudgetCourse;

/// How a budget is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireBudgetCourse {
    /// `org`, `team/web` …
    scope: String,
    /// `day`, `week`, `month`, `quarter` or `none`.
    period: &'static str,
    first_day: Option<String>,
    last_day: Option<String>,
    /// Whether spending stops where it ends.
    hard: bool,
    allocation: WireMoney,
    spent: WireMoney,
    left: WireMoney,
    spent_per_mille: Option<i64>,
    elapsed_per_mille: Option<i64>,
    /// `lasts`; `runs_out` on a day before it ends; or all of it is `spent`.
    state: &'static str,
    /// The day on which nothing will be left, of one that runs out.
    runs_out: Option<String>,
    /// The day on which the last of it was spent, of one that is, where that is known.
    spent_on: Option<String>,
    /// What will have been spent when it ends, where that is forecast.
    forecast: Option<WireMoney>,
    in_danger: bool,
}

impl WireBudgetCourse {
    pub(super) fn of(it: &BudgetCourse) -> Self {
        Self {
            scope: it.line.scope.to_string(),
            period: it.line.period.name(),
            first_day: it.line.first.map(|it| it.to_string()),
            last_day: it.line.last.map(|it| it.to_string()),
            hard: it.line.is_hard,
            allocation: WireMoney::of(it.line.allocation),
            spent: WireMoney::of(it.line.spent),
            left: WireMoney::of(it.line.left),
            spent_per_mille: per_mille(it.spent),
            elapsed_per_mille: per_mille(it.elapsed),
            state: it.state.name(),
            runs_out: it.state.runs_out().map(|it| it.to_string()),
            spent_on: it.state.spent_on().map(|it| it.to_string()),
            forecast: it.forecast.map(WireMoney::of),
            in_danger: it.is_in_danger(),
        }
    }
}

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
    /// The day on which nothing will be left, if that is before it ends.
    runs_out: Option<String>,
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
            runs_out: it.runs_out.map(|it| it.to_string()),
            forecast: it.forecast.map(WireMoney::of),
            in_danger: it.is_in_danger(),
        }
    }
}

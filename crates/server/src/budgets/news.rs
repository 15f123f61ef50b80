//! What happens to budgets, as live events: for whoever sees the budget that it is about.

use ledger::{BudgetKey, Event};
use serde::Serialize;
use store::BudgetNews;

use super::sight::{BudgetSight, Seen};
use super::terms::mark_text;
use crate::api::moment;
use crate::failure::Failure;

/// The name of an event, and its data.
pub(crate) type Told = (&'static str, String);

/// Somebody changed a budget, or stopped something.
#[derive(Serialize)]
struct Changed<'a> {
    at: String,
    /// What was commanded, in words; for those alone who see all budgets.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
}

/// Something that a budget came to.
#[derive(Default, Serialize)]
struct Came {
    at: String,
    scope: String,
    period: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation_nano_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spent_nano_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast_nano_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_nano_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// What somebody hears of news: `threshold`, `overrun`, `too_late`, and `budget` where somebody
/// changed something.
pub(crate) fn told(news: &BudgetNews, sight: &BudgetSight) -> Result<Vec<Told>, Failure> {
    let at = moment(news.at);
    let mut told = Vec::new();
    if news.events.is_empty() {
        let sees_all = *sight == BudgetSight::Everything { individuals: true };
        let changed = Changed { at, command: sees_all.then_some(news.command.as_str()) };
        return Ok(vec![("budget", serde_json::to_string(&changed)?)]);
    }
    for event in &news.events {
        let (name, budget, came) = of(event);
        if sight.sees(&budget.scope) == Seen::Figures {
            let (scope, period) = (budget.scope.to_string(), budget.period.name());
            let came = Came { at: at.clone(), scope, period, ..came };
            told.push((name, serde_json::to_string(&came)?));
        }
    }
    Ok(told)
}

fn of(event: &Event) -> (&'static str, &BudgetKey, Came) {
    match event {
        Event::Threshold { budget, mark, action, allocation, spent, forecast, .. } => {
            let came = Came {
                threshold: Some(mark_text(*mark)),
                action: Some(action.name()),
                allocation_nano_usd: Some(allocation.nano().to_string()),
                spent_nano_usd: Some(spent.nano().to_string()),
                forecast_nano_usd: forecast.map(|it| it.nano().to_string()),
                ..Came::default()
            };
            ("threshold", budget, came)
        }
        Event::Overrun { held, amount, cause } => ("overrun", &held.budget, late(*amount, cause)),
        Event::TooLate { held, amount, cause } => ("too_late", &held.budget, late(*amount, cause)),
    }
}

fn late(amount: domain::NanoUsd, cause: &str) -> Came {
    Came {
        amount_nano_usd: Some(amount.nano().to_string()),
        cause: Some(cause.to_owned()),
        ..Came::default()
    }
}

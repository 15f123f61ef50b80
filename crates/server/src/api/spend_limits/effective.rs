//! The limit of each member: their own, or what everybody gets.

use std::collections::BTreeSet;

use axum::extract::{Query, State};
use domain::{Developer, Dimension, NanoUsd, Period, Scope, ScopeKind};
use http::HeaderMap;
use ledger::BudgetKey;
use serde_json::{Value, json};
use store::Standing;

use super::answer::{Answer, ask};
use super::{administrator, id_of, period_name, period_named, scope_wire};
use crate::api::{Pairs, bad};
use crate::budgets::amount::cents;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::sight::Sight;
use crate::register;

/// Rows of a page, unless asked otherwise.
const ROWS: usize = 20;
/// Rows of a page, at most.
const MOST_ROWS: usize = 1_000;

/// What is asked for.
struct Asked {
    users: BTreeSet<String>,
    period: Period,
    limit: usize,
    after: Option<String>,
}

impl Asked {
    fn of(pairs: &[(String, String)]) -> Result<Self, Failure> {
        let mut asked = Self { users: BTreeSet::new(), period: Period::Month, limit: ROWS, after: None };
        for (name, value) in pairs {
            match name.as_str() {
                "user_ids[]" | "user_ids" => {
                    asked.users.insert(value.to_lowercase());
                }
                "period[]" | "period" => {
                    let wrong = || bad(name, "give daily, weekly or monthly");
                    asked.period = period_named(value).ok_or_else(wrong)?;
                }
                "limit" => {
                    let limit = value.parse().ok().filter(|it| (1..=MOST_ROWS).contains(it));
                    asked.limit =
                        limit.ok_or_else(|| bad("limit", &format!("give a number from 1 to {MOST_ROWS}")))?;
                }
                "page" => asked.after = Some(value.clone()),
                // The contract is another's, and may grow.
                _ => {}
            }
        }
        Ok(asked)
    }
}

pub(super) async fn list(State(desk): State<Desk>, headers: HeaderMap, Query(pairs): Pairs) -> Answer {
    ask(async {
        administrator(&desk, &headers).await?;
        let asked = Asked::of(&pairs)?;
        let around = desk.register().current().await?;
        let standing = desk.store().budgets().standing().await?;
        let of_directory = around.directory.entries().developers.keys().map(|it| it.as_str().to_lowercase());
        let is_person = |it: &Scope| it.kind() == ScopeKind::Developer && !it.is_each();
        let of_budgets = standing.budgets.iter().map(|it| &it.key.scope).filter(|it| is_person(it));
        let users: BTreeSet<String> = of_directory.chain(of_budgets.map(|it| it.name().to_owned())).collect();
        let is_asked = |it: &&String| {
            (asked.users.is_empty() || asked.users.contains(*it))
                && asked.after.as_deref().is_none_or(|after| it.as_str() > after)
        };
        let users: Vec<&String> = users.iter().filter(is_asked).take(asked.limit.saturating_add(1)).collect();
        let shown = users.get(..asked.limit).unwrap_or(&users);
        let next = shown.last().filter(|_| users.len() > shown.len());
        let spent = spent(&desk, &around, &standing, asked.period).await?;
        let rows: Result<Vec<Value>, Failure> = shown
            .iter()
            .map(|user| {
                let of_user = |it: &&(String, NanoUsd)| it.0 == **user;
                let spent = spent.iter().find(of_user).map_or(NanoUsd::ZERO, |it| it.1);
                summary(&standing, &around, (user, asked.period), spent)
            })
            .collect();
        Ok(json!({ "data": rows?, "next_page": next }))
    })
    .await
}

/// What the book says that everybody spent in the period, by identity.
pub(super) async fn spent(
    desk: &Desk,
    around: &register::Standing,
    standing: &Standing,
    period: Period,
) -> Result<Vec<(String, NanoUsd)>, Failure> {
    let now = desk.now();
    let window = standing.policy.calendar.window(period, now).ok_or(domain::Overflow)?;
    let who = (&Sight::Everything, &around.directory_at());
    let costs = desk.figures().costs(Some(Dimension::Developer), Some(window.start), who, now).await?;
    Ok(costs.into_iter().map(|(name, it)| (name.to_lowercase(), it.cost)).collect())
}

/// A member as the API has one.
pub(super) fn member(around: &register::Standing, user: &str) -> Value {
    let entry = around.directory.entries().developers.get(&Developer::new(user));
    let name = entry.and_then(|it| it.name.clone());
    json!({ "type": "user_actor", "user_id": user, "name": name, "email_address": user, "deleted": false })
}

/// The limit of one member, where it comes from, and what is spent of it.
pub(super) fn summary(
    standing: &Standing,
    around: &register::Standing,
    (user, period): (&str, Period),
    spent: NanoUsd,
) -> Result<Value, Failure> {
    let scope = Scope::new(ScopeKind::Developer, user).map_err(|it| Failure::Body(it.to_string()))?;
    let agreed = |scope: Scope| {
        let key = BudgetKey::new(scope, period);
        let budget = standing.budgets.iter().find(|it| it.key == key)?;
        Some((budget, budget.terms.as_deref()?))
    };
    let own = agreed(scope.clone());
    let source = if own.is_some() { json!({ "type": "user" }) } else { json!({ "type": "organization" }) };
    let limit = own.or_else(|| agreed(scope.each()?));
    Ok(json!({
        "scope": scope_wire(&scope),
        "actor": member(around, user),
        "amount": limit.map(|it| cents(it.1.amount)),
        "currency": "USD",
        "period": period_name(period),
        "source": source,
        "spend_limit_id": limit.map(|it| id_of(&it.0.key)),
        "period_to_date_spend": cents(spent),
    }))
}

//! The spend limits of Anthropic's Admin API over the same budgets, for tools that speak it.
//!
//! A limit of a user is the hard budget of a developer, one of the organisation is what each
//! developer gets (`developer/*`): there, too, it is a cap for every member and no pool. A
//! team's budget is shared, which no limit of a group is, so groups are refused. Amounts are
//! cents. Users are known by the developer's identity.

mod answer;
mod effective;
mod increase;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use domain::{Period, Scope, ScopeKind};
use http::HeaderMap;
use ledger::command::{Remove, Set};
use ledger::{Budget, BudgetKey, Command, IdempotencyKey, Order, Terms};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::answer::{Answer, ask};
use super::budgets::order::actor;
use crate::access::{self, Caller, Right};
use crate::budgets::amount::{cents, of_cents};
use crate::budgets::spent;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::traffic;

/// How ids of limits begin.
const PREFIX: &str = "spl_";
/// Letters of an id.
const ID_LETTERS: usize = 22;
/// Letters of the key of a command.
const KEY_LETTERS: usize = 12;
/// Where the key of an administrator stands.
const API_KEY: &str = "x-api-key";
/// What the audit log says of why.
const REASON: &str = "by the spend limits API";

/// All addresses. They are not in the description of the API: it is another's contract.
pub(super) fn router() -> Router<Desk> {
    Router::new()
        .route("/v1/organizations/spend_limits", get(list).post(set))
        .route("/v1/organizations/spend_limits/effective", get(effective::list))
        .route("/v1/organizations/spend_limits/{id}", get(show).delete(remove))
        .route("/v1/organizations/spend_limit_increase_requests", get(increase::list))
        .route("/v1/organizations/spend_limit_increase_requests/{id}", get(increase::show))
        .route("/v1/organizations/spend_limit_increase_requests/{id}/approve", post(increase::approve))
        .route("/v1/organizations/spend_limit_increase_requests/{id}/deny", post(increase::deny))
}

/// The administrator who asks, by `x-api-key` or as everywhere.
async fn administrator(desk: &Desk, headers: &HeaderMap) -> Result<Caller, Failure> {
    let caller = match headers.get(API_KEY).and_then(|it| it.to_str().ok()) {
        Some(key) => desk.caller_of(key.trim()).await?,
        None => desk.caller(headers).await?,
    };
    caller.must(Right::SetBudgets)?;
    Ok(caller)
}

const PERIODS: [(&str, Period); 3] =
    [("daily", Period::Day), ("weekly", Period::Week), ("monthly", Period::Month)];

/// What the API calls a period.
fn period_name(period: Period) -> Option<&'static str> {
    PERIODS.iter().find(|it| it.1 == period).map(|it| it.0)
}

fn period_named(name: &str) -> Option<Period> {
    PERIODS.iter().find(|it| it.0 == name).map(|it| it.1)
}

/// What the API calls a scope, where it has limits of such.
fn scope_wire(scope: &Scope) -> Option<Value> {
    if scope.kind() != ScopeKind::Developer {
        return None;
    }
    let user = || json!({ "type": "user", "user_id": scope.name() });
    Some(if scope.is_each() { json!({ "type": "organization" }) } else { user() })
}

/// The id of a limit: of what it is about, and always the same.
fn id_of(key: &BudgetKey) -> String {
    let digest = Sha256::digest(format!("{} {}", key.scope, key.period.name()).as_bytes());
    format!("{PREFIX}{}", access::letters(&digest, ID_LETTERS))
}

/// A budget as a limit, where it is one.
fn limit(budget: &Budget) -> Option<Value> {
    let terms = budget.terms.as_ref()?;
    Some(json!({
        "type": "spend_limit",
        "id": id_of(&budget.key),
        "scope": scope_wire(&budget.key.scope)?,
        "amount": cents(terms.amount),
        "currency": "USD",
        "period": period_name(budget.key.period)?,
        // The ledger keeps what is agreed; when it was is in the audit log.
        "created_at": Value::Null,
        "updated_at": Value::Null,
    }))
}

async fn list(State(desk): State<Desk>, headers: HeaderMap) -> Answer {
    ask(async {
        administrator(&desk, &headers).await?;
        let budgets = desk.store().budgets().standing().await?.budgets;
        let limits: Vec<Value> = budgets.iter().filter_map(limit).collect();
        Ok(json!({ "data": limits, "next_page": Value::Null }))
    })
    .await
}

async fn show(State(desk): State<Desk>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    ask(async {
        administrator(&desk, &headers).await?;
        let budget = found(&desk, &id).await?;
        limit(&budget).ok_or_else(|| unknown(&id))
    })
    .await
}

fn unknown(id: &str) -> Failure {
    Failure::NotFound { what: "spend limit", id: id.to_owned() }
}

async fn found(desk: &Desk, id: &str) -> Result<Budget, Failure> {
    let budgets = desk.store().budgets().standing().await?.budgets;
    let found = budgets.into_iter().find(|it| it.terms.is_some() && id_of(&it.key) == id);
    found.filter(|it| limit(it).is_some()).ok_or_else(|| unknown(id))
}

/// A limit that shall be. Fields that are not known here are let be.
#[derive(Deserialize)]
struct Wanted {
    scope: WantedScope,
    amount: Option<String>,
    period: Option<String>,
}

#[derive(Deserialize)]
struct WantedScope {
    r#type: String,
    user_id: Option<String>,
}

impl Wanted {
    fn key(&self) -> Result<BudgetKey, Failure> {
        let name = self.period.as_deref().unwrap_or("monthly");
        let period = period_named(name).ok_or_else(|| {
            Failure::Body(format!("`period` is daily, weekly or monthly, and not `{name}`"))
        })?;
        let name = match (self.scope.r#type.as_str(), self.scope.user_id.as_deref()) {
            ("organization", _) => "*",
            ("user", Some(user)) if user.trim() != "*" => user,
            ("user", _) => {
                return Err(Failure::Body("`scope.user_id` is missing: an e-mail address".to_owned()));
            }
            ("rbac_group", _) => {
                let why = "a limit of a group is one for each member, and the budget of a team is shared: \
                           `bursar budget set team/NAME` sets that";
                return Err(Failure::Body(why.to_owned()));
            }
            (other, _) => {
                return Err(Failure::Body(format!(
                    "`scope.type` is user or organization, and not `{other}`"
                )));
            }
        };
        let scope = Scope::new(ScopeKind::Developer, name).map_err(|it| Failure::Body(it.to_string()))?;
        Ok(BudgetKey::new(scope, period))
    }
}

fn order(caller: &Caller) -> Order {
    let key = IdempotencyKey::new(&access::random_id(KEY_LETTERS));
    Order { key, by: actor(caller), reason: REASON.to_owned() }
}

async fn body<T: serde::de::DeserializeOwned>(
    desk: &Desk,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Failure> {
    let body = traffic::body(desk, headers, body).await?;
    serde_json::from_slice(&body).map_err(|it| Failure::Body(it.to_string()))
}

async fn set(State(desk): State<Desk>, headers: HeaderMap, sent: Body) -> Answer {
    ask(async {
        let caller = administrator(&desk, &headers).await?;
        let wanted: Wanted = body(&desk, &headers, sent).await?;
        let key = wanted.key()?;
        let Some(amount) = &wanted.amount else {
            return end(&desk, &caller, key).await;
        };
        let amount = of_cents(amount).ok_or_else(|| {
            Failure::Body(format!("`amount` is a number of cents as text, and not `{amount}`"))
        })?;
        let around = desk.register().current().await?;
        let _turn = desk.bookings().hold(&desk).await?;
        let standing = desk.store().budgets().standing().await?;
        let known = standing.budgets.iter().find(|it| it.key == key);
        let agreed = known.and_then(|it| it.terms.as_deref());
        let spent_before = match agreed {
            Some(_) => domain::NanoUsd::ZERO,
            None => spent::in_period(&desk, &around, &key, &standing.policy.calendar).await?,
        };
        // What else is agreed stays so.
        let terms = agreed.map_or_else(|| Terms::hard(amount), |it| Terms { amount, ..it.clone() });
        let parent = known.and_then(|it| it.parent.clone());
        let id = id_of(&key);
        let set = Set { order: order(&caller), budget: key, terms, parent, spent_before };
        desk.decide(Command::Set(set)).await?;
        limit(&found(&desk, &id).await?).ok_or_else(|| unknown(&id))
    })
    .await
}

/// No limit any more; what is inherited holds.
async fn end(desk: &Desk, caller: &Caller, key: BudgetKey) -> Result<Value, Failure> {
    let (id, scope, period) = (id_of(&key), scope_wire(&key.scope), period_name(key.period));
    if found(desk, &id).await.is_ok() {
        desk.decide(Command::Remove(Remove { order: order(caller), budget: key })).await?;
    }
    Ok(json!({
        "type": "spend_limit", "id": id, "scope": scope, "amount": Value::Null, "currency": "USD", "period": period,
        "created_at": Value::Null, "updated_at": Value::Null,
    }))
}

async fn remove(State(desk): State<Desk>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    ask(async {
        let caller = administrator(&desk, &headers).await?;
        let budget = found(&desk, &id).await?;
        desk.decide(Command::Remove(Remove { order: order(&caller), budget: budget.key })).await?;
        Ok(json!({ "type": "spend_limit_deleted", "id": id }))
    })
    .await
}

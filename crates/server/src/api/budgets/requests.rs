//! Requests for more, and their answers.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use domain::Scope;
use http::{HeaderMap, StatusCode};
use ledger::command::{Approve, Ask, Deny};
use ledger::{BudgetKey, Command, Refusal, Request, RequestId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{period, read, scope};
use super::order::{actor, order};
use super::seen;
use crate::access::{Caller, Right, Role};
use crate::api::{Given, Pairs, bad, moment};
use crate::budgets::amount::given;
use crate::budgets::sight::{BudgetSight, Seen};
use crate::desk::Desk;
use crate::failure::Failure;

/// How a request stands.
const STATES: [&str; 3] = ["open", "approved", "denied"];

/// More that somebody asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedMore {
    scope: String,
    /// day, week, month, quarter or none
    period: String,
    /// How much more, in this period.
    amount_usd: Option<String>,
    amount_nano_usd: Option<String>,
    /// Why. It must not be empty.
    #[serde(default)]
    reason: String,
}

/// How much is granted, and of what.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Granted {
    /// All that was asked for, where no amount is given.
    amount_usd: Option<String>,
    amount_nano_usd: Option<String>,
    /// The budget that it is taken from. Where it is missing it is new money, for that budget
    /// alone: the ceilings above it stay.
    from: Option<String>,
    /// What is said to it.
    reason: String,
}

/// Why a request is denied.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Denied {
    reason: String,
}

/// A request for more.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireRequest {
    id: String,
    /// open, approved or denied
    state: &'static str,
    scope: String,
    period: &'static str,
    amount_nano_usd: String,
    amount_usd: String,
    asked_at: String,
    asked_by: String,
    reason: String,
    answered_at: Option<String>,
    answered_by: Option<String>,
    granted_nano_usd: Option<String>,
    granted_usd: Option<String>,
    /// What was said to it.
    note: Option<String>,
}

/// A page of requests, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Requests {
    requests: Vec<WireRequest>,
    /// Give it as `cursor` for the next page; none at the end.
    next: Option<String>,
}

impl WireRequest {
    fn of(it: &Request) -> Self {
        let granted = it.answer.as_ref().and_then(|it| it.granted);
        Self {
            id: it.id.to_string(),
            state: state(it),
            scope: it.budget.scope.to_string(),
            period: it.budget.period.name(),
            amount_nano_usd: it.amount.nano().to_string(),
            amount_usd: it.amount.to_string(),
            asked_at: moment(it.at),
            asked_by: it.by.name.clone(),
            reason: it.reason.clone(),
            answered_at: it.answer.as_ref().map(|it| moment(it.at)),
            answered_by: it.answer.as_ref().map(|it| it.by.name.clone()),
            granted_nano_usd: granted.map(|it| it.nano().to_string()),
            granted_usd: granted.map(|it| it.to_string()),
            note: it.answer.as_ref().map(|it| it.note.clone()).filter(|it| !it.is_empty()),
        }
    }
}

fn state(request: &Request) -> &'static str {
    match &request.answer {
        None => "open",
        Some(answer) if answer.granted.is_some() => "approved",
        Some(_) => "denied",
    }
}

/// Whether the token shows a request: the own ones, and those of budgets seen in full.
fn shows(sight: &BudgetSight, caller: &Caller, request: &Request) -> bool {
    request.by.name == actor(caller).name || sight.sees(&request.budget.scope) == Seen::Figures
}

/// Requests for more that the token sees, the newest first. Answered ones are kept for a week
#[utoipa::path(get, operation_id = "listBudgetRequests", path = "/api/v1/budget-requests", tag = "budgets",
    params(("state" = Option<String>, Query, description = "open, approved or denied"),
           ("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = Requests)))]
pub(crate) async fn requests(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Requests>, Failure> {
    let (sight, _) = seen(&desk, &caller).await?;
    let given = Given::only(&pairs, &["state", "limit", "cursor"])?;
    let limit = given.limit(&desk)?;
    let wanted = given.text("state");
    if wanted.is_some_and(|it| !STATES.contains(&it)) {
        return Err(bad("state", "give open, approved or denied"));
    }
    let mut all = desk.store().budgets().standing().await?.requests;
    all.retain(|it| shows(&sight, &caller, it) && wanted.is_none_or(|wanted| wanted == state(it)));
    all.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    if let Some(cursor) = given.text("cursor") {
        let at = all.iter().position(|it| it.id.as_str() == cursor);
        let at = at.ok_or_else(|| bad("cursor", "that request is gone; begin with the first page"))?;
        all = all.split_off(at.saturating_add(1));
    }
    let is_more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| is_more).map(|it| it.id.to_string());
    Ok(Json(Requests { requests: all.iter().map(WireRequest::of).collect(), next }))
}

/// Asks for more, in this period
#[utoipa::path(post, operation_id = "askForBudget", path = "/api/v1/budget-requests", tag = "budgets",
    request_body = WantedMore,
    params(("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 201, body = WireRequest)))]
pub(crate) async fn ask(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<WireRequest>), Failure> {
    let (sight, _) = seen(&desk, &caller).await?;
    let wanted: WantedMore = read(&desk, &headers, body).await?;
    let budget = BudgetKey::new(scope("scope", &wanted.scope)?, period(&wanted.period)?);
    if !sight.may_ask(&budget.scope) {
        return Err(Failure::NotFound { what: "budget", id: budget.scope.to_string() });
    }
    let amount = given("amount", wanted.amount_usd.as_deref(), wanted.amount_nano_usd.as_deref())?;
    let order = order(&caller, &headers, &wanted.reason)?;
    let id: RequestId = order.key.clone();
    desk.decide(Command::Ask(Ask { order, budget, amount })).await?;
    Ok((StatusCode::CREATED, Json(WireRequest::of(&found(&desk, &id).await?))))
}

/// Grants a request, whole or in part
#[utoipa::path(post, operation_id = "approveBudgetRequest", path = "/api/v1/budget-requests/{id}/approve", tag = "budgets",
    request_body = Granted,
    params(("id" = String, Path, description = "the id of the request"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = WireRequest)))]
pub(crate) async fn approve(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<WireRequest>, Failure> {
    let request = answerable(&desk, &caller, &id).await?;
    let wanted: Granted = read(&desk, &headers, body).await?;
    let from = wanted.from.as_deref().map(|it| scope("from", it)).transpose()?;
    may_grant(&desk, &caller, from.as_ref()).await?;
    let amount = match (&wanted.amount_usd, &wanted.amount_nano_usd) {
        (None, None) => request.amount,
        (usd, nano) => given("amount", usd.as_deref(), nano.as_deref())?,
    };
    let order = order(&caller, &headers, &wanted.reason)?;
    desk.decide(Command::Approve(Approve { order, request: request.id.clone(), amount, from })).await?;
    Ok(Json(WireRequest::of(&found(&desk, &request.id).await?)))
}

/// Denies a request
#[utoipa::path(post, operation_id = "denyBudgetRequest", path = "/api/v1/budget-requests/{id}/deny", tag = "budgets",
    request_body = Denied,
    params(("id" = String, Path, description = "the id of the request"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = WireRequest)))]
pub(crate) async fn deny(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<WireRequest>, Failure> {
    let request = answerable(&desk, &caller, &id).await?;
    // Who may not grant has nothing to deny.
    if !desk.store().budgets().standing().await?.policy.transfers.contains_key(caller.role().name()) {
        let Caller { token, .. } = &caller;
        let (who, role) = (actor(&caller).name, token.role.name().to_owned());
        return Err(Failure::Budget(Box::new(Refusal::NotAllowed { who, role })));
    }
    let wanted: Denied = read(&desk, &headers, body).await?;
    let order = order(&caller, &headers, &wanted.reason)?;
    desk.decide(Command::Deny(Deny { order, request: request.id.clone() })).await?;
    Ok(Json(WireRequest::of(&found(&desk, &request.id).await?)))
}

/// A lead grants what their teams have; new money comes from above.
async fn may_grant(desk: &Desk, caller: &Caller, from: Option<&Scope>) -> Result<(), Failure> {
    let (sight, _) = seen(desk, caller).await?;
    match from {
        Some(from) => sight.must_hold(from),
        None if caller.role() == Role::Lead => Err(Failure::Body(
            "`from` is missing: a lead grants money of a budget of their teams; new money is granted by finance, \
             an admin or an owner"
                .to_owned(),
        )),
        None => Ok(()),
    }
}

/// The request of that id, where the token may answer it.
async fn answerable(desk: &Desk, caller: &Caller, id: &str) -> Result<Request, Failure> {
    caller.must(Right::MoveBudgets)?;
    let (sight, _) = seen(desk, caller).await?;
    let request = found(desk, &RequestId::new(id)).await?;
    if sight.sees(&request.budget.scope) == Seen::Figures {
        return Ok(request);
    }
    Err(Failure::Budget(Box::new(Refusal::NoRequest(RequestId::new(id)))))
}

async fn found(desk: &Desk, id: &RequestId) -> Result<Request, Failure> {
    let all = desk.store().budgets().standing().await?.requests;
    let found = all.into_iter().find(|it| it.id == *id);
    found.ok_or_else(|| Failure::Budget(Box::new(Refusal::NoRequest(id.clone()))))
}

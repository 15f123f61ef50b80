//! Freezes and kills: of any scope, whether it has a budget or not.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use http::HeaderMap;
use ledger::command::Halt;
use ledger::{Command, HaltKind, Order};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{read, scope};
use super::order::order;
use super::seen;
use crate::access::{Caller, Right};
use crate::api::{Given, Pairs};
use crate::budgets::sight::{BudgetSight, Seen};
use crate::budgets::tree::WireStop;
use crate::desk::Desk;
use crate::failure::Failure;

/// What shall be stopped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedStop {
    /// `org`, `team/NAME`, `developer/E-MAIL`, `repo/ID`, `session/ID`, `model/NAME` ...
    scope: String,
    /// Why: it is shown to whoever is stopped. It must not be empty.
    #[serde(default)]
    reason: String,
}

/// Something that is stopped, or was until now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stopped {
    scope: String,
    /// Nothing new is granted, and nothing is moved; calls that run may end.
    frozen: Option<WireStop>,
    /// Calls that run are cut off as well.
    killed: Option<WireStop>,
}

/// Everything that is stopped, by scope.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stops {
    stops: Vec<Stopped>,
}

/// What of all that is stopped the token sees
#[utoipa::path(get, operation_id = "listStops", path = "/api/v1/stops", tag = "budgets", responses((status = 200, body = Stops)))]
pub(crate) async fn stops(State(desk): State<Desk>, caller: Caller) -> Result<Json<Stops>, Failure> {
    let (sight, _) = seen(&desk, &caller).await?;
    let mut stops: Vec<_> = desk.store().budgets().stops().await?.accounts;
    stops.retain(|it| sight.sees(&it.scope) != Seen::Nothing);
    stops.sort_by(|a, b| a.scope.cmp(&b.scope).reverse());
    let stopped = |it: &ledger::Account| Stopped {
        scope: it.scope.to_string(),
        frozen: it.frozen.as_ref().map(WireStop::of),
        killed: it.killed.as_ref().map(WireStop::of),
    };
    Ok(Json(Stops { stops: stops.iter().map(stopped).collect() }))
}

/// Freezes a scope: nothing new is granted, and nothing is moved; calls that run may end
#[utoipa::path(post, operation_id = "freeze", path = "/api/v1/freezes", tag = "budgets", request_body = WantedStop,
    params(("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = Stopped)))]
pub(crate) async fn freeze(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Stopped>, Failure> {
    stop(&desk, &caller, (&headers, body), HaltKind::Freeze).await
}

/// Kills a scope: nothing new is granted, and calls that run are cut off, on every gateway
#[utoipa::path(post, operation_id = "kill", path = "/api/v1/kills", tag = "budgets", request_body = WantedStop,
    params(("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = Stopped)))]
pub(crate) async fn kill(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Stopped>, Failure> {
    stop(&desk, &caller, (&headers, body), HaltKind::Kill).await
}

/// Lifts a freeze
#[utoipa::path(delete, operation_id = "unfreeze", path = "/api/v1/freezes/{scope}", tag = "budgets",
    params(("scope" = String, Path, description = "the scope, percent-encoded"),
           ("reason" = Option<String>, Query, description = "why, for the audit log"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = Stopped)))]
pub(crate) async fn unfreeze(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Json<Stopped>, Failure> {
    caller.must(Right::SetBudgets)?;
    let reason = Given::only(&pairs, &["reason"])?.text("reason").unwrap_or_default();
    let order = order(&caller, &headers, reason)?;
    lifted(&desk, &caller, (&name, order), HaltKind::Freeze).await
}

/// Lifts a kill
#[utoipa::path(delete, operation_id = "unkill", path = "/api/v1/kills/{scope}", tag = "budgets",
    params(("scope" = String, Path, description = "the scope, percent-encoded"),
           ("reason" = Option<String>, Query, description = "why, for the audit log"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = Stopped)))]
pub(crate) async fn unkill(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Json<Stopped>, Failure> {
    caller.must(Right::SetBudgets)?;
    let reason = Given::only(&pairs, &["reason"])?.text("reason").unwrap_or_default();
    let order = order(&caller, &headers, reason)?;
    lifted(&desk, &caller, (&name, order), HaltKind::Kill).await
}

async fn stop(
    desk: &Desk,
    caller: &Caller,
    (headers, body): (&HeaderMap, Body),
    kind: HaltKind,
) -> Result<Json<Stopped>, Failure> {
    caller.must(Right::SetBudgets)?;
    let wanted: WantedStop = read(desk, headers, body).await?;
    let halt =
        Halt { order: order(caller, headers, &wanted.reason)?, scope: scope("scope", &wanted.scope)?, kind };
    let scope = halt.scope.clone();
    desk.decide(Command::Halt(halt)).await?;
    told(desk, &seen(desk, caller).await?.0, &scope).await
}

async fn lifted(
    desk: &Desk,
    caller: &Caller,
    (name, order): (&str, Order),
    kind: HaltKind,
) -> Result<Json<Stopped>, Failure> {
    let scope = scope("scope", name)?;
    desk.decide(Command::Lift(Halt { order, scope: scope.clone(), kind })).await?;
    told(desk, &seen(desk, caller).await?.0, &scope).await
}

async fn told(desk: &Desk, sight: &BudgetSight, scope: &domain::Scope) -> Result<Json<Stopped>, Failure> {
    let stops = desk.store().budgets().stops().await?.accounts;
    let account = stops.iter().find(|it| it.scope == *scope && sight.sees(scope) != Seen::Nothing);
    Ok(Json(Stopped {
        scope: scope.to_string(),
        frozen: account.and_then(|it| it.frozen.as_ref()).map(WireStop::of),
        killed: account.and_then(|it| it.killed.as_ref()).map(WireStop::of),
    }))
}

//! Freezes and kills: of any scope, whether it has a budget or not.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use domain::{Scope, ScopeKind, SessionId};
use http::HeaderMap;
use ledger::command::Halt;
use ledger::{Command, HaltKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{read, scope};
use super::order::{actor, order};
use super::seen;
use crate::access::{Caller, Right};
use crate::api::{Given, Pair, Pairs};
use crate::budgets::reach::{StopReach, Stopping};
use crate::budgets::sight::{BudgetSight, Seen};
use crate::budgets::tree::WireStop;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register;

/// The reason of a rehearsal that gives none.
const REHEARSED: &str = "(a rehearsal)";

/// What shall be stopped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedStop {
    /// `org`, `team/NAME`, `developer/E-MAIL`, `repo/ID`, `session/ID`, `model/NAME` ...
    scope: String,
    /// Why: it is shown to whoever is stopped. It must not be empty, but in a rehearsal.
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

/// What became of a scope, or would.
#[derive(Serialize, ToSchema)]
pub(crate) struct StopChange {
    #[serde(flatten)]
    stopped: Stopped,
    /// Whether it was done.
    applied: bool,
    /// What it would hit, or let go on. None where it was done.
    reach: Option<StopReach>,
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
    params(("dry_run" = Option<bool>, Query, description = "only say what it would hit"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = StopChange)))]
pub(crate) async fn freeze(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<StopChange>, Failure> {
    stop(&desk, &caller, &pairs, (&headers, body), HaltKind::Freeze).await
}

/// Kills a scope: nothing new is granted, and calls that run are cut off, on every gateway. Leads may kill
/// their teams, people and sessions
#[utoipa::path(post, operation_id = "kill", path = "/api/v1/kills", tag = "budgets", request_body = WantedStop,
    params(("dry_run" = Option<bool>, Query, description = "only say what it would hit"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = StopChange)))]
pub(crate) async fn kill(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<StopChange>, Failure> {
    stop(&desk, &caller, &pairs, (&headers, body), HaltKind::Kill).await
}

/// Lifts a freeze
#[utoipa::path(delete, operation_id = "unfreeze", path = "/api/v1/freezes/{scope}", tag = "budgets",
    params(("scope" = String, Path, description = "the scope, percent-encoded"),
           ("reason" = Option<String>, Query, description = "why, for the audit log"),
           ("dry_run" = Option<bool>, Query, description = "only say what would go on"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = StopChange)))]
pub(crate) async fn unfreeze(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Json<StopChange>, Failure> {
    lift(&desk, &caller, (&name, &pairs, &headers), HaltKind::Freeze).await
}

/// Lifts a kill. Leads may lift what they killed themselves
#[utoipa::path(delete, operation_id = "unkill", path = "/api/v1/kills/{scope}", tag = "budgets",
    params(("scope" = String, Path, description = "the scope, percent-encoded"),
           ("reason" = Option<String>, Query, description = "why, for the audit log"),
           ("dry_run" = Option<bool>, Query, description = "only say what would go on"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = StopChange)))]
pub(crate) async fn unkill(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Json<StopChange>, Failure> {
    lift(&desk, &caller, (&name, &pairs, &headers), HaltKind::Kill).await
}

async fn stop(
    desk: &Desk,
    caller: &Caller,
    pairs: &[Pair],
    (headers, body): (&HeaderMap, Body),
    kind: HaltKind,
) -> Result<Json<StopChange>, Failure> {
    caller.must(right(kind))?;
    let dry_run = Given::only(pairs, &["dry_run"])?.flag("dry_run")?;
    let wanted: WantedStop = read(desk, headers, body).await?;
    // Whoever only looks may have no reason yet.
    let is_unsaid = dry_run && wanted.reason.trim().is_empty();
    let order = order(caller, headers, if is_unsaid { REHEARSED } else { &wanted.reason })?;
    let halt = Halt { order, scope: scope("scope", &wanted.scope)?, kind };
    let seen = seen(desk, caller).await?;
    must_reach(desk, caller, &seen, &halt.scope).await?;
    done(desk, caller, &seen, (Act::Halt(halt), dry_run)).await
}

async fn lift(
    desk: &Desk,
    caller: &Caller,
    (name, pairs, headers): (&str, &[Pair], &HeaderMap),
    kind: HaltKind,
) -> Result<Json<StopChange>, Failure> {
    caller.must(right(kind))?;
    let given = Given::only(pairs, &["reason", "dry_run"])?;
    let order = order(caller, headers, given.text("reason").unwrap_or_default())?;
    let halt = Halt { order, scope: scope("scope", name)?, kind };
    let seen = seen(desk, caller).await?;
    must_reach(desk, caller, &seen, &halt.scope).await?;
    if !caller.role().may(Right::SetBudgets) {
        // What somebody else stopped, they had a reason for.
        let stops = desk.store().budgets().stops().await?.accounts;
        let stop = stops.iter().find(|it| it.scope == halt.scope).and_then(|it| it.killed.as_ref());
        if stop.is_some_and(|it| it.by != actor(caller).name) {
            caller.must(Right::SetBudgets)?;
        }
    }
    done(desk, caller, &seen, (Act::Lift(halt), given.flag("dry_run")?)).await
}

/// What it takes to do that, of something.
const fn right(kind: HaltKind) -> Right {
    match kind {
        HaltKind::Freeze => Right::SetBudgets,
        HaltKind::Kill => Right::Kill,
    }
}

/// Refuses a scope that is not theirs to who may not stop everything: leads stop their teams,
/// the people of these, and sessions in which nobody else made a call.
async fn must_reach(
    desk: &Desk,
    caller: &Caller,
    (sight, standing): &(BudgetSight, Arc<register::Standing>),
    scope: &Scope,
) -> Result<(), Failure> {
    if caller.role().may(Right::SetBudgets) {
        return Ok(());
    }
    let is_theirs = match scope.kind() {
        ScopeKind::Team | ScopeKind::Developer => !scope.is_each() && sight.sees(scope) == Seen::Figures,
        ScopeKind::Session => {
            let calls = desk.store().calls_of_session(SessionId::new(scope.name())).await?;
            let all = calls.len();
            let view = caller.view(&standing.settings)?;
            let theirs = desk.figures().placed(calls, &view.sight, &standing.directory_at()).await?;
            all > 0 && theirs.len() == all
        }
        ScopeKind::Organisation
        | ScopeKind::Client
        | ScopeKind::Project
        | ScopeKind::Repo
        | ScopeKind::Provider
        | ScopeKind::Model
        | ScopeKind::Task
        | ScopeKind::Tag => false,
    };
    if is_theirs { Ok(()) } else { caller.must(Right::SetBudgets) }
}

/// Something to be done to a scope.
enum Act {
    /// It is stopped.
    Halt(Halt),
    /// It may go on.
    Lift(Halt),
}

/// Does it, or says what it would hit.
async fn done(
    desk: &Desk,
    caller: &Caller,
    (sight, around): &(BudgetSight, Arc<register::Standing>),
    (act, dry_run): (Act, bool),
) -> Result<Json<StopChange>, Failure> {
    let (Act::Halt(halt) | Act::Lift(halt)) = &act;
    let (scope, kind) = (halt.scope.clone(), halt.kind);
    let of = |accounts: &[ledger::Account]| accounts.iter().find(|it| it.scope == scope).cloned();
    let is_lifted = matches!(act, Act::Lift(_));
    let command = match act {
        Act::Halt(halt) => Command::Halt(halt),
        Act::Lift(halt) => Command::Lift(halt),
    };
    if !dry_run {
        desk.decide(command).await?;
        let account = of(&desk.store().budgets().stops().await?.accounts);
        let stopped = stopped(&scope, account.as_ref(), sight);
        return Ok(Json(StopChange { stopped, applied: true, reach: None }));
    }
    let before = desk.store().budgets().standing().await?;
    let after = crate::budgets::rehearse(&before, &command, desk.now())?;
    let stop = of(&before.accounts).and_then(|it| match kind {
        HaltKind::Freeze => it.frozen,
        HaltKind::Kill => it.killed,
    });
    let stopping =
        if is_lifted { Stopping::Lift(stop.as_ref().map(WireStop::of)) } else { Stopping::Halt(kind) };
    let view = caller.view(&around.settings)?;
    let reach = StopReach::of(desk, (around, &view.sight), (&before, &scope), stopping).await?;
    let stopped = stopped(&scope, of(&after.accounts).as_ref(), sight);
    Ok(Json(StopChange { stopped, applied: false, reach: Some(reach) }))
}

/// What stops a scope, as far as it is seen.
fn stopped(scope: &Scope, account: Option<&ledger::Account>, sight: &BudgetSight) -> Stopped {
    // Who may kill a session sees it, although budgets of sessions are nobody's but everybody's.
    let is_seen = sight.sees(scope) != Seen::Nothing || scope.kind() == ScopeKind::Session;
    let account = account.filter(|_| is_seen);
    Stopped {
        scope: scope.to_string(),
        frozen: account.and_then(|it| it.frozen.as_ref()).map(WireStop::of),
        killed: account.and_then(|it| it.killed.as_ref()).map(WireStop::of),
    }
}

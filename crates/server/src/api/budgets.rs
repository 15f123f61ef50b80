//! Budgets: how they stand, and what people agree on. Commands are done once under their
//! `Idempotency-Key`, and refused with the ledger's own codes.

mod body;
pub(super) mod order;
pub(super) mod requests;
pub(super) mod room;
pub(super) mod stops;
pub(super) mod transfers;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use domain::{Period, Scope, ScopeKind};
use http::HeaderMap;
use ledger::command::{Allocate, Remove, Set};
use ledger::{BudgetKey, Command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::body::{period, read, scope};
use self::order::{Wish, order};
use super::{Given, Pairs, bad};
use crate::access::{Caller, Right};
use crate::budgets::amount::given;
use crate::budgets::sight::BudgetSight;
use crate::budgets::spent;
use crate::budgets::terms::WantedTerms;
use crate::budgets::tree::{Tree, WireBudget};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register;

/// What separates the scope of a cursor from its period.
const CURSOR_SIGN: char = ' ';

/// A page of budgets: the widest scopes first, what hangs below a budget right behind it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Budgets {
    budgets: Vec<WireBudget>,
    /// Give it as `cursor` for the next page; none at the end.
    next: Option<String>,
}

/// A budget that shall be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WantedBudget {
    /// `org`, `team/NAME`, `developer/E-MAIL`, `repo/ID` ...; `*` in place of the name for each
    scope: String,
    /// day, week, month, quarter or none
    period: String,
    /// The scope above it in the tree, whose budget has the same period.
    parent: Option<String>,
    /// Why, for the audit log.
    #[serde(default)]
    reason: String,
    #[serde(flatten)]
    terms: WantedTerms,
}

/// Another amount of a budget.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedAmount {
    /// day, week, month, quarter or none
    period: String,
    amount_usd: Option<String>,
    amount_nano_usd: Option<String>,
    /// Why, for the audit log.
    #[serde(default)]
    reason: String,
}

/// What was changed, or would be: the budgets before and after.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetChange {
    /// Whether it was done.
    applied: bool,
    before: Vec<WireBudget>,
    after: Vec<WireBudget>,
}

/// What somebody sees of budgets now.
async fn seen(desk: &Desk, caller: &Caller) -> Result<(BudgetSight, Arc<register::Standing>), Failure> {
    let standing = desk.register().current().await?;
    let day = desk.today();
    Ok((BudgetSight::of(caller, &standing, day)?, standing))
}

/// All budgets that the token sees, as they stand. What single sessions have spent under `session/*`
/// is listed where `kind=session` or the session's scope is asked for
#[utoipa::path(get, operation_id = "listBudgets", path = "/api/v1/budgets", tag = "budgets",
    params(("scope" = Option<String>, Query, description = "of this scope alone"),
           ("kind" = Option<String>, Query, description = "of scopes of this kind alone: org, team, developer ..."),
           ("period" = Option<String>, Query, description = "of this period alone: day, week, month, quarter or none"),
           ("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = Budgets)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Budgets>, Failure> {
    let (sight, _) = seen(&desk, &caller).await?;
    let given = Given::only(&pairs, &["scope", "kind", "period", "limit", "cursor"])?;
    let limit = given.limit(&desk)?;
    let named: Option<Scope> = given
        .text("scope")
        .map(|it| it.parse().map_err(|error: domain::NotAScope| bad("scope", &error.to_string())))
        .transpose()?;
    let kind = given
        .text("kind")
        .map(|it| ScopeKind::from_name(it).ok_or_else(|| bad("kind", "there is no such kind of scope")));
    let kind = kind.transpose()?;
    let of = given.text("period").map(|it| {
        Period::from_name(it).ok_or_else(|| bad("period", "give day, week, month, quarter or none"))
    });
    let of = of.transpose()?;
    let keep = |key: &BudgetKey| {
        let is_named = named.as_ref().is_none_or(|it| *it == key.scope);
        let is_quiet = key.scope.kind() == ScopeKind::Session && !key.scope.is_each();
        let is_asked = match kind {
            Some(kind) => kind == key.scope.kind(),
            None => named.is_some() || !is_quiet,
        };
        is_named && is_asked && of.is_none_or(|it| it == key.period)
    };
    let standing = desk.store().budgets().standing().await?;
    let all = Tree::new(&standing, desk.now()).wires(&sight, keep);
    page(all, given.text("cursor"), limit).map(Json)
}

/// The rows behind a cursor.
fn page(all: Vec<WireBudget>, cursor: Option<&str>, limit: usize) -> Result<Budgets, Failure> {
    let mut rest = all;
    if let Some(cursor) = cursor {
        let at = rest.iter().position(|it| mark(it) == cursor);
        let at = at.ok_or_else(|| bad("cursor", "that budget is gone; begin with the first page"))?;
        rest = rest.split_off(at.saturating_add(1));
    }
    let is_more = rest.len() > limit;
    rest.truncate(limit);
    let next = rest.last().filter(|_| is_more).map(mark);
    Ok(Budgets { budgets: rest, next })
}

fn mark(budget: &WireBudget) -> String {
    format!("{}{CURSOR_SIGN}{}", budget.scope(), budget.period())
}

/// Agrees on a budget, or agrees anew. What is left out has its default. A budget that is new counts
/// what the book says was spent in the period so far
#[utoipa::path(put, operation_id = "setBudget", path = "/api/v1/budgets", tag = "budgets", request_body = WantedBudget,
    params(("dry_run" = Option<bool>, Query, description = "only say what would change"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = BudgetChange)))]
pub(crate) async fn set(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<BudgetChange>, Failure> {
    caller.must(Right::SetBudgets)?;
    let dry_run = Given::only(&pairs, &["dry_run"])?.flag("dry_run")?;
    let wanted: WantedBudget = read(&desk, &headers, body).await?;
    let key = BudgetKey::new(scope("scope", &wanted.scope)?, period(&wanted.period)?);
    let parent = wanted.parent.as_deref().map(|it| scope("parent", it)).transpose()?;
    let terms = wanted.terms.terms()?;
    let (sight, around) = seen(&desk, &caller).await?;
    let order = order(&caller, &headers, &wanted.reason)?;
    // Nothing is booked between the look at the book and the change.
    let _turn = desk.bookings().hold(&desk).await?;
    let standing = desk.store().budgets().standing().await?;
    let is_counted = standing.budgets.iter().any(|it| it.key == key && it.terms.is_some());
    let spent_before = if is_counted {
        domain::NanoUsd::ZERO
    } else {
        spent::in_period(&desk, &around, &key, &standing.policy.calendar).await?
    };
    let keys: Vec<BudgetKey> =
        parent.iter().map(|it| BudgetKey::new(it.clone(), key.period)).chain([key.clone()]).collect();
    let command = Command::Set(Set { order, budget: key, terms, parent, spent_before });
    changed(&desk, Wish { command, keys, dry_run, sight, standing: Some(standing) }).await
}

/// Changes the amount of a budget, from this period on, and nothing else of it
#[utoipa::path(post, operation_id = "allocateBudget", path = "/api/v1/budgets/{scope}/allocate", tag = "budgets",
    request_body = WantedAmount,
    params(("scope" = String, Path, description = "its scope, percent-encoded"),
           ("dry_run" = Option<bool>, Query, description = "only say what would change"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = BudgetChange)))]
pub(crate) async fn allocate(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    Query(pairs): Pairs,
    request: axum::extract::Request,
) -> Result<Json<BudgetChange>, Failure> {
    caller.must(Right::SetBudgets)?;
    let dry_run = Given::only(&pairs, &["dry_run"])?.flag("dry_run")?;
    let (parts, body) = request.into_parts();
    let wanted: WantedAmount = read(&desk, &parts.headers, body).await?;
    let budget = BudgetKey::new(scope("scope", &name)?, period(&wanted.period)?);
    let amount = given("amount", wanted.amount_usd.as_deref(), wanted.amount_nano_usd.as_deref())?;
    let (sight, _) = seen(&desk, &caller).await?;
    let order = order(&caller, &parts.headers, &wanted.reason)?;
    let keys = vec![budget.clone()];
    let command = Command::Allocate(Allocate { order, budget, amount });
    changed(&desk, Wish { command, keys, dry_run, sight, standing: None }).await
}

/// Ends a budget. What was spent stays known
#[utoipa::path(delete, operation_id = "removeBudget", path = "/api/v1/budgets/{scope}", tag = "budgets",
    params(("scope" = String, Path, description = "its scope, percent-encoded"),
           ("period" = String, Query, description = "day, week, month, quarter or none"),
           ("reason" = Option<String>, Query, description = "why, for the audit log"),
           ("dry_run" = Option<bool>, Query, description = "only say what would change"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = BudgetChange)))]
pub(crate) async fn remove(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Json<BudgetChange>, Failure> {
    caller.must(Right::SetBudgets)?;
    let given = Given::only(&pairs, &["period", "reason", "dry_run"])?;
    let budget = BudgetKey::new(scope("scope", &name)?, period(given.text("period").unwrap_or_default())?);
    let (sight, _) = seen(&desk, &caller).await?;
    let order = order(&caller, &headers, given.text("reason").unwrap_or_default())?;
    let keys = vec![budget.clone()];
    let command = Command::Remove(Remove { order, budget });
    changed(&desk, Wish { command, keys, dry_run: given.flag("dry_run")?, sight, standing: None }).await
}

/// Does what is wished, or says what it would come to.
async fn changed(desk: &Desk, wish: Wish) -> Result<Json<BudgetChange>, Failure> {
    let Wish { command, keys, dry_run, sight, standing } = wish;
    let before = match standing {
        Some(standing) => standing,
        None => desk.store().budgets().standing().await?,
    };
    let now = desk.now();
    let after = if dry_run {
        crate::budgets::rehearse(&before, &command, now)?
    } else {
        desk.decide(command).await?;
        desk.store().budgets().standing().await?
    };
    let of = |standing: &store::Standing| {
        let tree = Tree::new(standing, now);
        keys.iter().filter_map(|key| tree.one(key, &sight)).collect()
    };
    Ok(Json(BudgetChange { applied: !dry_run, before: of(&before), after: of(&after) }))
}

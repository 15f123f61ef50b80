//! Budget moved between nodes of the tree, at once.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use http::HeaderMap;
use ledger::command::Transfer;
use ledger::{BudgetKey, Command};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{period, read, scope};
use super::order::{Wish, order};
use super::{BudgetChange, changed, seen};
use crate::access::{Caller, Right};
use crate::api::{Given, Pairs};
use crate::budgets::amount::given;
use crate::desk::Desk;
use crate::failure::Failure;

/// Money to be moved, this period alone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedTransfer {
    /// The scope that it is taken from.
    from: String,
    /// The scope that it is given to.
    to: String,
    /// Between budgets of which period: day, week, month, quarter or none
    period: String,
    amount_usd: Option<String>,
    amount_nano_usd: Option<String>,
    /// Why. It must not be empty.
    #[serde(default)]
    reason: String,
}

/// Moves what is left of this period from one budget to another. How much a role may move is in the
/// settings. With `dry_run` what was moved before is not looked at
#[utoipa::path(post, operation_id = "transferBudget", path = "/api/v1/transfers", tag = "budgets",
    request_body = WantedTransfer,
    params(("dry_run" = Option<bool>, Query, description = "only say what would change"),
           ("idempotency-key" = Option<String>, Header, description = "asking twice under it is asking once")),
    responses((status = 200, body = BudgetChange)))]
pub(crate) async fn transfer(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<BudgetChange>, Failure> {
    caller.must(Right::MoveBudgets)?;
    let dry_run = Given::only(&pairs, &["dry_run"])?.flag("dry_run")?;
    let wanted: WantedTransfer = read(&desk, &headers, body).await?;
    let (from, to) = (scope("from", &wanted.from)?, scope("to", &wanted.to)?);
    let (sight, _) = seen(&desk, &caller).await?;
    sight.must_hold(&from)?;
    sight.must_hold(&to)?;
    let period = period(&wanted.period)?;
    let amount = given("amount", wanted.amount_usd.as_deref(), wanted.amount_nano_usd.as_deref())?;
    let order = order(&caller, &headers, &wanted.reason)?;
    let keys = [&from, &to].map(|it| BudgetKey::new(it.clone(), period)).to_vec();
    let command = Command::Transfer(Transfer { order, from, to, period, amount });
    changed(&desk, Wish { command, keys, dry_run, sight, standing: None }).await
}

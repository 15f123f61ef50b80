//! How much whoever asks may spend now.

use axum::Json;
use axum::extract::State;
use domain::{Scope, ScopeKind};
use ledger::{Action, Subject};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, Right};
use crate::api::moment;
use crate::budgets::tree::{WireStop, limit_name, more_at};
use crate::desk::Desk;
use crate::failure::Failure;

/// How things stand for a call of a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Room {
    /// Whose room: none where the token is nobody's own, and the organisation's is told.
    developer: Option<String>,
    /// The most that would be granted; none where nothing forbids anything.
    available_nano_usd: Option<String>,
    available_usd: Option<String>,
    /// The budget that forbids more.
    scope: Option<String>,
    period: Option<&'static str>,
    /// allocation, threshold, forecast or pace
    limit: Option<&'static str>,
    /// When there is more.
    more_at: Option<String>,
    /// What is frozen, and why.
    frozen: Option<WireStop>,
    /// What is killed, and why.
    killed: Option<WireStop>,
    /// What thresholds that are reached do to calls: notify, downgrade, clamp ...
    actions: Vec<WireAction>,
}

/// What a threshold that is reached does.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireAction {
    scope: String,
    period: &'static str,
    action: &'static str,
}

/// How much the holder of the token may spend now: by their own budgets, those of their teams and of the
/// organisation. Those of repositories, models and sessions may leave less
#[utoipa::path(get, operation_id = "budgetRoom", path = "/api/v1/room", tag = "budgets", responses((status = 200, body = Room)))]
pub(crate) async fn room(State(desk): State<Desk>, caller: Caller) -> Result<Json<Room>, Failure> {
    caller.must(Right::ReadBudgets)?;
    let standing = desk.register().current().await?;
    let (now, directory) = (desk.now(), &standing.directory);
    let day = desk.today();
    let developer = caller.developer().map(|it| directory.developer_of(it.as_str()).unwrap_or(it));
    let mut scopes: Vec<Scope> = Vec::new();
    if let Some(developer) = developer {
        scopes.extend(Scope::new(ScopeKind::Developer, developer.as_str()));
        let teams = directory.team_of(developer, day).map(|it| directory.lineage(it, day));
        let teams = teams.unwrap_or_default().into_iter();
        scopes.extend(teams.filter_map(|it| Scope::new(ScopeKind::Team, it.as_str()).ok()));
    }
    let subject = Subject::new(scopes).unwrap_or_else(|_| Subject::unknown());
    let outlook = desk.store().budgets().outlook(subject, now).await?.map_err(Failure::Budget)?;
    let available = outlook.available();
    let resets = outlook.binding.as_ref().and_then(|it| it.resets);
    let action = |(key, action): &(ledger::BudgetKey, Action)| WireAction {
        scope: key.scope.to_string(),
        period: key.period.name(),
        action: action.name(),
    };
    Ok(Json(Room {
        developer: developer.map(ToString::to_string),
        available_nano_usd: available.map(|it| it.nano().to_string()),
        available_usd: available.map(|it| it.to_string()),
        scope: outlook.room.as_ref().map(|it| it.0.scope.to_string()),
        period: outlook.room.as_ref().map(|it| it.0.period.name()),
        limit: outlook.room.as_ref().map(|it| limit_name(it.1.limit)),
        more_at: outlook.room.as_ref().and_then(|it| more_at(it.1.limit, resets)).map(moment),
        frozen: outlook.frozen.as_ref().map(|it| WireStop::of(&it.1)),
        killed: outlook.killed.as_ref().map(|it| WireStop::of(&it.1)),
        actions: outlook.actions.iter().map(action).collect(),
    }))
}

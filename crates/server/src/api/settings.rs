//! What the organisation has set.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use http::HeaderMap;
use store::Act;

use super::{Given, Pairs};
use crate::access::{Caller, Right};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register::{ORGANISATION, SETTING, Settings, change};
use crate::traffic;

/// The settings
#[utoipa::path(get, operation_id = "showSettings", path = "/api/v1/settings", tag = "organisation", responses((status = 200, body = Settings)))]
pub(crate) async fn show(State(desk): State<Desk>, caller: Caller) -> Result<Json<Settings>, Failure> {
    caller.must(Right::Settings)?;
    Ok(Json(desk.register().fresh().await?.settings.clone()))
}

/// Writes the settings. What is left out is set back
#[utoipa::path(put, operation_id = "putSettings", path = "/api/v1/settings", tag = "organisation", request_body = Settings,
    params(("reason" = Option<String>, Query, description = "why, for the audit log")),
    responses((status = 200, body = Settings)))]
pub(crate) async fn put(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Settings>, Failure> {
    caller.must(Right::Settings)?;
    let reason = Given::only(&pairs, &["reason"])?.text("reason").map(str::to_owned);
    let body = traffic::body(&desk, &headers, body).await?;
    let settings: Settings = serde_json::from_slice(&body).map_err(|it| Failure::Body(it.to_string()))?;
    let policy = settings.budgets.policy(desk.figures().zone())?;
    let act = Act {
        at: desk.now(),
        actor: caller.actor(),
        action: "settings.put".to_owned(),
        reason,
        changes: vec![change(SETTING, ORGANISATION, Some(&settings))?],
        expected: None,
    };
    desk.register().act(act).await?;
    desk.store().budgets().follow(policy);
    Ok(Json(settings))
}

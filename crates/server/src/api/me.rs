//! Who one is to the server.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::access::{Caller, Right};
use crate::desk::Desk;
use crate::failure::Failure;

/// The token that asked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// The public part of the token.
    token: String,
    role: &'static str,
    developer: Option<String>,
    /// The teams that it is limited to, those below included; none for no limit.
    teams: Vec<String>,
    expires_at: Option<String>,
    /// What it may do, by the names of rights: `read_figures`, `move_budgets`, `set_budgets` ...
    rights: Vec<&'static str>,
    /// Whether it sees developers and sessions apart.
    sees_individuals: bool,
    /// The organisation's time zone: whose days are summed up.
    timezone: Option<String>,
    /// The name of the book that is kept here, which it gave itself when it was made.
    book: String,
}

/// Who the token says that one is
#[utoipa::path(get, operation_id = "me", path = "/api/v1/me", tag = "access", responses((status = 200, body = Me)))]
pub(crate) async fn me(State(desk): State<Desk>, caller: Caller) -> Result<Json<Me>, Failure> {
    let settings = &desk.register().current().await?.settings;
    // Who reads no figures sees nobody in them.
    let sees_individuals = caller.view(settings).is_ok_and(|it| it.individuals);
    let Caller { public, token, .. } = caller;
    let rights = Right::ALL.into_iter().filter(|it| token.role.may(*it));
    Ok(Json(Me {
        token: public,
        role: token.role.name(),
        rights: rights.map(Right::name).collect(),
        sees_individuals,
        timezone: desk.figures().zone().iana_name().map(str::to_owned),
        developer: token.developer.map(|it| it.as_str().to_owned()),
        teams: token.teams.iter().map(|it| it.as_str().to_owned()).collect(),
        expires_at: token.expires_at.map(moment),
        book: desk.store().id().to_owned(),
    }))
}

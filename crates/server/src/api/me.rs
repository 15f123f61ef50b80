//! Who one is to the server.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::access::Caller;
use crate::desk::Desk;

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
    /// The name of the book that is kept here, which it gave itself when it was made.
    book: String,
}

/// Who the token says that one is
#[utoipa::path(get, operation_id = "me", path = "/api/v1/me", tag = "access", responses((status = 200, body = Me)))]
pub(crate) async fn me(State(desk): State<Desk>, caller: Caller) -> Json<Me> {
    let Caller { public, token, .. } = caller;
    Json(Me {
        token: public,
        role: token.role.name(),
        developer: token.developer.map(|it| it.as_str().to_owned()),
        teams: token.teams.iter().map(|it| it.as_str().to_owned()).collect(),
        expires_at: token.expires_at.map(moment),
        book: desk.store().id().to_owned(),
    })
}

//! Who one is to the server.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::access::Caller;

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
}

/// Who the token says that one is
#[utoipa::path(get, operation_id = "me", path = "/api/v1/me", tag = "access", responses((status = 200, body = Me)))]
pub(crate) async fn me(caller: Caller) -> Json<Me> {
    let Caller { public, token } = caller;
    Json(Me {
        token: public,
        role: token.role.name(),
        developer: token.developer.map(|it| it.as_str().to_owned()),
        teams: token.teams.iter().map(|it| it.as_str().to_owned()).collect(),
        expires_at: token.expires_at.map(moment),
    })
}

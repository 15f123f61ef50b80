//! Tags: what a person says of a session by hand.

use std::collections::BTreeMap;

use attribution::TagKey;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use domain::SourceKind;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use store::{Delivery, SessionTag};
use utoipa::ToSchema;

use super::deliveries;
use super::figures::{asked, session_named};
use crate::access::{Caller, Right};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::traffic;

/// The longest value, in bytes.
const MAX_VALUE_BYTES: usize = 1_024;

/// What is said of a session, by key: task, client, project, ticket, repo, developer or pr.
/// An empty value takes back what was said.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct WireTags {
    tags: BTreeMap<String, String>,
}

/// Says of a session whom or what it was for. It beats everything that follows from its records
#[utoipa::path(post, operation_id = "tagSession", path = "/api/v1/sessions/{id}/tags", tag = "reporting",
    request_body = WireTags,
    params(("id" = String, Path, description = "its id, or the beginning of it")),
    responses((status = 200, description = "what was said", body = WireTags)))]
pub(crate) async fn tag(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<WireTags>, Failure> {
    caller.must(Right::Deliver)?;
    let body = traffic::body(&desk, &headers, body).await?;
    let said: WireTags = serde_json::from_slice(&body).map_err(|it| Failure::Body(it.to_string()))?;
    for (key, value) in &said.tags {
        if TagKey::from_name(key).is_none() {
            let all = TagKey::ALL.map(TagKey::name).join(", ");
            return Err(Failure::Body(format!("there is no tag `{key}`; there are {all}")));
        }
        if value.len() > MAX_VALUE_BYTES || value.chars().any(char::is_control) {
            return Err(Failure::Body(format!(
                "the value of `{key}` must be a text of one line of at most {MAX_VALUE_BYTES} bytes"
            )));
        }
    }
    let (asked, view) = asked(&desk, &caller, &[]).await?;
    view.must_show_individuals("sessions")?;
    let session = session_named(&desk, &asked, &id).await?;
    let at = desk.now();
    let tag = |(key, value): (&String, &String)| SessionTag {
        session: session.clone(),
        key: key.clone(),
        value: value.trim().to_owned(),
        at,
    };
    let delivery = Delivery { tags: said.tags.iter().map(tag).collect(), ..Delivery::new(at) };
    deliveries::check(&desk, &caller, &delivery).await?;
    desk.accept(SourceKind::Log, delivery).await?;
    Ok(Json(said))
}

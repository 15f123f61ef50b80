//! What somebody says of something unusual.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::HeaderMap;
use insight::anomaly::{Judgement, Verdict};
use insight::wire::WireJudgement;
use serde::{Deserialize, Serialize};
use store::Act;
use utoipa::ToSchema;

use crate::access::{Caller, Right};
use crate::api::figures::asked;
use crate::api::moment;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register::{VERDICT, change};
use crate::traffic;

/// The days in which an anomaly is looked for.
const LOOKED_FOR: &str = "92d";
/// The longest note, in bytes.
const MAX_NOTE_BYTES: usize = 1_000;

/// What is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedVerdict {
    /// expected or unexpected
    verdict: String,
    /// Why.
    #[serde(default)]
    note: Option<String>,
}

/// What was said.
#[derive(Serialize, ToSchema)]
pub(crate) struct GivenVerdict {
    id: String,
    /// expected or unexpected
    verdict: &'static str,
    note: Option<String>,
    by: String,
    at: String,
}

/// Says whether something unusual was to be expected. What was is not told again, nor the like of it
/// for a while
#[utoipa::path(post, operation_id = "judgeAnomaly", path = "/api/v1/anomalies/{id}/verdict", tag = "insight",
    request_body = WantedVerdict,
    params(("id" = String, Path, description = "the anomaly's id")),
    responses((status = 200, body = GivenVerdict)))]
pub(crate) async fn judge(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<GivenVerdict>, Failure> {
    caller.must(Right::JudgeAnomalies)?;
    let body = traffic::body(&desk, &headers, body).await?;
    let wanted: WantedVerdict = serde_json::from_slice(&body).map_err(|it| Failure::Body(it.to_string()))?;
    let verdict = Verdict::from_name(&wanted.verdict).ok_or_else(|| {
        Failure::Body(format!("`verdict` is `{}`: give expected or unexpected", wanted.verdict))
    })?;
    let note = wanted.note.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    if note.as_ref().is_some_and(|it| it.len() > MAX_NOTE_BYTES || it.chars().any(char::is_control)) {
        return Err(Failure::Body(format!(
            "`note` must be a text of one line of at most {MAX_NOTE_BYTES} bytes"
        )));
    }
    let since = [("since".to_owned(), LOOKED_FOR.to_owned())];
    let (asked, view) = asked(&desk, &caller, &since).await?;
    let unusual = desk.figures().unusual(asked, view.individuals()).await?;
    // Whether an anomaly is unknown or out of sight is not told.
    let found = unusual.told.iter().find(|it| it.id == id);
    let found = found.ok_or_else(|| Failure::NotFound { what: "anomaly", id: id.clone() })?;
    let said = Judgement::of(found, verdict, note, (caller.actor(), desk.now()));
    let act = Act {
        at: said.at,
        actor: caller.actor(),
        action: "anomaly.verdict".to_owned(),
        reason: said.note.clone(),
        changes: vec![change(VERDICT, &said.id, Some(&WireJudgement::of(&said)))?],
        expected: None,
    };
    desk.register().act(act).await?;
    Ok(Json(GivenVerdict {
        id: said.id,
        verdict: said.verdict.name(),
        note: said.note,
        by: said.by,
        at: moment(said.at),
    }))
}

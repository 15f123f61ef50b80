//! The audit log: who changed what, when and why, with what stood there before.

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use serde_json::Value;
use store::AuditRow;
use utoipa::ToSchema;

use super::{Given, Pairs, moment};
use crate::access::{Caller, Right};
use crate::desk::Desk;
use crate::failure::Failure;

/// What of a token is nobody's to see.
const SECRET: &str = "secret_sha256";

/// A page of the log, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Audit {
    rows: Vec<WireAct>,
    /// Give it as `cursor` for the next page; none at the end.
    next: Option<String>,
}

/// One change.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireAct {
    /// Counts up from 1 without a gap.
    seq: u64,
    /// The version of the books that it made.
    version: u64,
    at: String,
    actor: String,
    action: String,
    kind: String,
    id: String,
    reason: Option<String>,
    /// What stood there; none where there was nothing.
    before: Option<Value>,
    /// What stands there now; none where it was struck out.
    after: Option<Value>,
    /// When the row came here out of a backup; none where it was written here.
    restored_at: Option<String>,
}

impl WireAct {
    fn of(row: AuditRow) -> Self {
        Self {
            seq: row.seq,
            version: row.version,
            at: moment(row.at),
            actor: row.actor,
            action: row.action,
            kind: row.kind,
            id: row.id,
            reason: row.reason,
            before: row.before.as_deref().map(shown),
            after: row.after.as_deref().map(shown),
            restored_at: row.restored_at.map(moment),
        }
    }
}

fn shown(body: &str) -> Value {
    let mut value: Value = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
    if let Some(object) = value.as_object_mut() {
        object.remove(SECRET);
    }
    value
}

/// The audit log, the newest first
#[utoipa::path(get, operation_id = "listAudit", path = "/api/v1/audit", tag = "access",
    params(("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = Audit)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Audit>, Failure> {
    caller.must(Right::Audit)?;
    let given = Given::only(&pairs, &["limit", "cursor"])?;
    let limit = given.limit(&desk)?;
    let rows = desk.register().books().audit(given.number("cursor")?, limit).await?;
    let is_full = rows.len() >= limit;
    let next = rows.last().filter(|it| is_full && it.seq > 1).map(|it| it.seq.to_string());
    Ok(Json(Audit { rows: rows.into_iter().map(WireAct::of).collect(), next }))
}

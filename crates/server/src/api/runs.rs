//! What a run of a coding client came to: `bursar run` gives each an id, and the gateway
//! notes it on the sessions of its calls.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, Query, State};
use domain::{NanoUsd, SessionId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Given, Pairs, bad};
use crate::access::Caller;
use crate::desk::Desk;
use crate::failure::Failure;

/// The tag under which a session knows its run.
pub(crate) const RUN: &str = "run";

/// What a run came to so far.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Run {
    id: String,
    sessions: usize,
    calls: u64,
    /// How many of them have no price.
    unpriced_calls: u64,
    cost_nano_usd: String,
    cost_usd: String,
}

/// What the calls of a run cost: those of its sessions since it began
#[utoipa::path(get, operation_id = "showRun", path = "/api/v1/runs/{id}", tag = "figures",
    params(("id" = String, Path, description = "the id of the run"),
           ("since_ms" = Option<i64>, Query, description = "when it began, in milliseconds since 1970-01-01 UTC")),
    responses((status = 200, body = Run)))]
pub(crate) async fn run(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Result<Json<Run>, Failure> {
    let standing = desk.register().current().await?;
    let view = caller.view(&standing.settings)?;
    view.must_show_individuals("runs")?;
    let since = Given::only(&pairs, &["since_ms"])?.number::<i64>("since_ms")?.map(Timestamp::from_millis);
    if since.is_some_and(|it| it > desk.now()) {
        return Err(bad("since_ms", "it is in the future; set the clock of the machine that runs it"));
    }
    let tags = desk.store().tags().await?;
    let tagged = tags.iter().filter(|it| it.key == RUN && it.value == id);
    // Where a client names no session, the run is one.
    let sessions: BTreeSet<&str> = tagged.map(|it| it.session.as_str()).chain([id.as_str()]).collect();
    let mut run = Run { id: id.clone(), ..Run::default() };
    let mut cost = NanoUsd::ZERO;
    for session in sessions {
        let mut calls = desk.store().calls_of_session(SessionId::new(session)).await?;
        calls.retain(|it| since.is_none_or(|since| it.at >= since));
        let placed = desk.figures().placed(calls, &view.sight, &standing.directory_at()).await?;
        run.sessions = run.sessions.saturating_add(usize::from(!placed.is_empty()));
        for it in &placed {
            run.calls = run.calls.saturating_add(1);
            match &it.call.price {
                Ok(price) => cost = cost.plus(price.contract)?,
                Err(_) => run.unpriced_calls = run.unpriced_calls.saturating_add(1),
            }
        }
    }
    run.cost_nano_usd = cost.nano().to_string();
    run.cost_usd = cost.to_string();
    Ok(Json(run))
}

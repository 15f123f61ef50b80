//! Calls: a page at a time, or one with everything that was said of it.

mod explained;
mod wire;

use axum::Json;
use axum::extract::{Path, Query, State};
use domain::Dimension;
use insight::{Filter, Format, ServiceFacts, UNKNOWN};
use metering::CallId;
use serde::Serialize;
use store::{BookedCall, CallQuery};
use utoipa::ToSchema;

pub(super) use self::wire::WireCall;
use super::figures::asked;
use super::{Given, Pairs, bad, page_and_rest};
use crate::access::Caller;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::calls::Placed;
use crate::figures::{Asked, Written};

/// Calls that are looked at for one page; it may have less rows than asked for, and go on.
const LOOKED_AT: usize = 20_000;
/// Calls that one text may name, before it must say more.
const CANDIDATES: usize = 11;
/// Calls that one text may name whoever may see them.
const MOST_NAMED: usize = 1_000;

/// A page of calls, in the order of time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Calls {
    calls: Vec<WireCall>,
    /// Give it as `cursor` for the next page, of which there may be one even if this is
    /// empty; none at the end.
    next: Option<String>,
}

/// Single calls in the order of time. The filters are those of a report
#[utoipa::path(get, operation_id = "listCalls", path = "/api/v1/calls", tag = "figures",
    params(("since" = Option<String>, Query, description = "from when"),
           ("until" = Option<String>, Query, description = "until when, included"),
           ("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = Calls)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Calls>, Failure> {
    let (of_a_page, rest) = page_and_rest(pairs);
    let given = Given::page(&of_a_page)?;
    let limit = given.limit(&desk)?;
    let cursor = given.text("cursor");
    let mut after = cursor
        .map(|it| CallId::parse(it).ok_or_else(|| bad("cursor", "give `next` of the page before")))
        .transpose()?;
    let (asked, view) = asked(&desk, &caller, &rest).await?;
    view.must_show_individuals("calls")?;
    let mut calls = Vec::new();
    let mut looked_at = 0_usize;
    loop {
        let span = asked.parameters.query.span;
        let query = CallQuery { after, from: span.since, to: span.until, keep: None, limit };
        let page = desk.store().calls(query).await?;
        looked_at = looked_at.saturating_add(page.calls.len());
        let placed = desk.figures().placed(page.calls, &asked.sight, &asked.directory).await?;
        for it in placed.into_iter().filter(|it| is_kept(&desk, it, &asked.parameters.query.filters)) {
            if calls.len() == limit {
                return Ok(Json(Calls { calls: wires(&calls), next: last(&calls) }));
            }
            calls.push(it);
        }
        after = page.next;
        if after.is_none() || looked_at >= LOOKED_AT {
            let next = after.map(|it| it.to_string());
            return Ok(Json(Calls { calls: wires(&calls), next }));
        }
    }
}

fn wires(calls: &[Placed]) -> Vec<WireCall> {
    calls.iter().map(|it| WireCall::of(it, true)).collect()
}

fn last(calls: &[Placed]) -> Option<String> {
    calls.last().map(|it| it.call.id.to_string())
}

/// Whether the filters keep a call.
fn is_kept(desk: &Desk, placed: &Placed, filters: &[Filter]) -> bool {
    let place = &placed.call.whereabouts.place;
    let service = || ServiceFacts::of(&placed.call.service, desk.prices());
    let answers = placed.attribution.answers();
    filters.iter().all(|filter| {
        if filter.dimension == Dimension::Tool {
            filter.keeps(place.tool.name())
        } else if filter.dimension == Dimension::Session {
            filter.keeps(place.session.as_str())
        } else if filter.dimension == Dimension::Model {
            filter.keeps(&service().model)
        } else if filter.dimension == Dimension::Provider {
            filter.keeps(service().provider.as_str())
        } else {
            let answer = answers.iter().find(|it| it.0 == filter.dimension).and_then(|it| it.1);
            filter.keeps(answer.map_or(UNKNOWN, |it| it.0))
        }
    })
}

/// One call with its account and everything that was said of it, by its key, the provider's id of the
/// request, its id in the book or the beginning of that; or all calls of a session, by its id
#[utoipa::path(get, operation_id = "explainCall", path = "/api/v1/calls/{id}", tag = "figures",
    params(("id" = String, Path, description = "what names it"),
           ("timezone" = Option<String>, Query, description = "whose hours"),
           ("format" = Option<String>, Query, description = "json or table")),
    responses((status = 200, description = "bursar.explain/1 with observations, or text",
               content((explained::Explanation<'static> = "application/json"), (String = "text/plain")))))]
pub(crate) async fn one(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Result<Written, Failure> {
    let (asked, view) = asked(&desk, &caller, &pairs).await?;
    view.must_show_individuals("calls")?;
    if asked.parameters.format == Format::Csv {
        return Err(bad("format", "give json or table"));
    }
    let calls = named(&desk, &asked, &id).await?;
    explained::written(&desk, &asked, &calls).await
}

/// The call that a text names, or the calls of the session that it names.
async fn named(desk: &Desk, asked: &Asked, id: &str) -> Result<Vec<Placed>, Failure> {
    let found = desk.store().named(id, MOST_NAMED).await?;
    let mut calls = desk.figures().placed(found, &asked.sight, &asked.directory).await?;
    calls.truncate(CANDIDATES);
    let is_whole = |it: &BookedCall| it.key.as_str() == id || it.id.to_string() == id;
    if calls.iter().any(|it| is_whole(&it.call)) {
        calls.retain(|it| is_whole(&it.call));
    }
    if calls.len() > 1 {
        let names: Vec<&str> = calls.iter().map(|it| it.call.key.as_str()).collect();
        let problem = format!("it names several: {}; give more of it", names.join(", "));
        return Err(Failure::Parameter { name: "id".to_owned(), problem });
    }
    if calls.is_empty() {
        let mut sessions = desk.figures().sessions_named(asked, id, CANDIDATES).await?;
        if sessions.len() > 1 {
            return Err(bad("id", "several sessions begin with it; give more of it"));
        }
        let session =
            sessions.pop().ok_or_else(|| Failure::NotFound { what: "call or session", id: id.to_owned() })?;
        let found = desk.store().calls_of_session(session).await?;
        calls = desk.figures().placed(found, &asked.sight, &asked.directory).await?;
    }
    if calls.is_empty() {
        return Err(Failure::NotFound { what: "call or session", id: id.to_owned() });
    }
    Ok(calls)
}

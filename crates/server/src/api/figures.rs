//! Reports, sessions and coverage: the same questions and the same answers as on one
//! machine, for as much of the book as the token shows.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use domain::{Dimension, SessionId, SourceKind};
use http::header::CONTENT_TYPE;
use insight::{Format, Parameters, SessionError, SessionMark, wire};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Given, Pairs, page_and_rest};
use crate::access::{Caller, View};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::coverage::Covered;
use crate::figures::{Asked, DirectoryAt, FiguresError, SessionPage, Written};
use crate::register::Standing;

pub(super) fn bad_cursor() -> Failure {
    super::bad("cursor", "give `next` of the page before")
}

/// What coverage may be told by.
const COVERAGE_BY: [Dimension; 3] = [Dimension::Day, Dimension::Developer, Dimension::Session];

/// Sessions that one text may name, to know that it must say more.
const CANDIDATES: usize = 2;

impl Standing {
    /// The directory for whoever computes figures.
    pub(crate) fn directory_at(&self) -> DirectoryAt {
        DirectoryAt { version: self.directory_since, directory: Arc::clone(&self.directory) }
    }
}

/// A question, and what the asker sees.
pub(super) async fn asked(
    desk: &Desk,
    caller: &Caller,
    pairs: &[(String, String)],
) -> Result<(Asked, View), Failure> {
    let standing = desk.register().current().await?;
    let view = caller.view(&standing.settings)?;
    let now = desk.now();
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let parameters = Parameters::parse(pairs, desk.figures().zone(), now)?;
    let query = &parameters.query;
    view.allows(query.group_by.iter().copied().chain(query.filters.iter().map(|it| it.dimension)))?;
    let directory = standing.directory_at();
    Ok((Asked { parameters, sight: view.sight.clone(), directory, now }, view))
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        let kind = match self.format {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Table => "text/plain; charset=utf-8",
        };
        ([(CONTENT_TYPE, kind)], self.text).into_response()
    }
}

/// What was spent, cut by whatever is asked for. Besides those listed there is a filter for each
/// dimension, by its name
#[utoipa::path(get, operation_id = "report", path = "/api/v1/report", tag = "figures",
    params(("by" = Option<String>, Query, description = "one to three dimensions, separated by commas"),
           ("every" = Option<String>, Query, description = "daily, weekly or monthly"),
           ("since" = Option<String>, Query, description = "from when: a date, 7d, this-month, last-quarter ..."),
           ("until" = Option<String>, Query, description = "until when, included"),
           ("timezone" = Option<String>, Query, description = "whose days; the organisation's by default"),
           ("compare" = Option<bool>, Query, description = "with the period before"),
           ("top" = Option<usize>, Query, description = "only so many rows, the rest as one"),
           ("figures" = Option<bool>, Query, description = "the figures that leaders ask for"),
           ("what_if" = Option<String>, Query, description = "other models: opus-5.5=sonnet-5.5"),
           ("format" = Option<String>, Query, description = "json, csv or table")),
    responses((status = 200, description = "bursar.report/1, rows, or a table",
               content((wire::WireReport<'static> = "application/json"), (String = "text/csv"), (String = "text/plain")))))]
pub(crate) async fn report(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Written, Failure> {
    let (asked, view) = asked(&desk, &caller, &pairs).await?;
    if asked.parameters.figures {
        // They count developers and name sessions.
        view.must_show_individuals("figures")?;
    }
    Ok(desk.figures().report(asked).await?)
}

/// The sessions, the dearest first, a page at a time or the first with the rest as one. The other parameters
/// are those of a report
#[utoipa::path(get, operation_id = "listSessions", path = "/api/v1/sessions", tag = "figures",
    params(("since" = Option<String>, Query, description = "from when"),
           ("until" = Option<String>, Query, description = "until when, included"),
           ("top" = Option<usize>, Query, description = "only so many, the rest as one; no pages then"),
           ("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before"),
           ("format" = Option<String>, Query, description = "json, csv or table")),
    responses((status = 200, description = "bursar.sessions/1, rows, or a table",
               content((wire::WireSessions<'static> = "application/json"), (String = "text/csv"), (String = "text/plain")))))]
pub(crate) async fn sessions(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Written, Failure> {
    let (of_a_page, rest) = page_and_rest(pairs);
    let given = Given::page(&of_a_page)?;
    let (asked, view) = asked(&desk, &caller, &rest).await?;
    view.must_show_individuals("sessions")?;
    // Rows alone and tables have no place to say that there are more: they are pages on demand.
    let is_whole = asked.parameters.query.top.is_some() || asked.parameters.format != Format::Json;
    let page = match (asked.parameters.query.top, of_a_page.is_empty()) {
        (_, true) if is_whole => None,
        (Some(_), _) => {
            return Err(super::bad("top", "give it without limit and cursor, or these alone"));
        }
        (None, _) => {
            let after = given.text("cursor").map(|it| SessionMark::parse(it).ok_or_else(bad_cursor));
            Some(SessionPage { after: after.transpose()?, limit: given.limit(&desk)? })
        }
    };
    Ok(desk.figures().sessions(asked, page).await?)
}

/// The session that a text names, of those that the asker sees.
pub(super) async fn session_named(desk: &Desk, asked: &Asked, id: &str) -> Result<SessionId, Failure> {
    let mut named = desk.figures().sessions_named(asked, id, CANDIDATES).await?;
    match (named.pop(), named.is_empty()) {
        (Some(session), true) => Ok(session),
        (Some(_), false) => Err(super::bad("id", "several sessions begin with it; give more of it")),
        (None, _) => Err(Failure::NotFound { what: "session", id: id.to_owned() }),
    }
}

/// One session from within
#[utoipa::path(get, operation_id = "showSession", path = "/api/v1/sessions/{id}", tag = "figures",
    params(("id" = String, Path, description = "its id, or the beginning of it"),
           ("timezone" = Option<String>, Query, description = "whose hours"),
           ("format" = Option<String>, Query, description = "json or table")),
    responses((status = 200, description = "bursar.session/1, or a table",
               content((wire::WireDetail<'static> = "application/json"), (String = "text/plain")))))]
pub(crate) async fn session(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Result<Written, Failure> {
    let (asked, view) = asked(&desk, &caller, &pairs).await?;
    view.must_show_individuals("sessions")?;
    let session = session_named(&desk, &asked, &id).await?;
    let answer = desk.figures().session(asked, session).await;
    // Whether a session is unknown or somebody else's is not told.
    let is_unknown = |it: &FiguresError| matches!(it, FiguresError::Session(SessionError::NoCalls(_)));
    answer.map_err(
        |error| {
            if is_unknown(&error) { Failure::NotFound { what: "session", id } } else { error.into() }
        },
    )
}

/// Which kinds of source saw how much of the spend.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireCoverage {
    /// What the rows are of.
    by: &'static str,
    rows: Vec<WireCovered>,
    /// Of all rows of all pages.
    total: WireCovered,
    /// Give it as `cursor` for the next page; none at the end.
    next: Option<String>,
}

/// One row of coverage.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireCovered {
    /// The day, developer or session; none for the total.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    calls: u64,
    cost_nano_usd: String,
    /// Calls that one kind of source alone saw.
    seen_once: u64,
    /// By kind of source, those that saw some.
    sources: Vec<WireSeenBy>,
}

/// What one kind of source saw.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireSeenBy {
    source: &'static str,
    calls: u64,
    cost_nano_usd: String,
}

impl WireCovered {
    fn of(key: Option<String>, it: &Covered) -> Self {
        let sources = SourceKind::ALL.into_iter().zip(&it.by_kind).filter(|it| it.1.calls > 0);
        Self {
            key,
            calls: it.calls,
            cost_nano_usd: it.cost.nano().to_string(),
            seen_once: it.seen_once,
            sources: sources
                .map(|(kind, by)| WireSeenBy {
                    source: kind.name(),
                    calls: by.calls,
                    cost_nano_usd: by.cost.nano().to_string(),
                })
                .collect(),
        }
    }
}

/// How complete the book is: by day, developer or session. The other parameters are those of a report
#[utoipa::path(get, operation_id = "coverage", path = "/api/v1/coverage", tag = "figures",
    params(("by" = Option<String>, Query, description = "day, developer or session; day by default"),
           ("since" = Option<String>, Query, description = "from when"),
           ("until" = Option<String>, Query, description = "until when, included"),
           ("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = WireCoverage)))]
pub(crate) async fn coverage(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<WireCoverage>, Failure> {
    let (of_a_page, rest) = page_and_rest(pairs);
    let given = Given::page(&of_a_page)?;
    let (limit, after) = (given.limit(&desk)?, given.text("cursor"));
    let (asked, _) = asked(&desk, &caller, &rest).await?;
    let by = match asked.parameters.query.group_by.as_slice() {
        [] => Dimension::Day,
        [by] if COVERAGE_BY.contains(by) => *by,
        _ => return Err(super::bad("by", "give one of day, developer, session")),
    };
    let coverage = desk.figures().coverage(asked, by).await?;
    let behind = coverage.rows.iter().filter(|it| after.is_none_or(|after| it.0.as_str() > after));
    let mut rows = behind.map(|(key, it)| WireCovered::of(Some(key.clone()), it));
    let page: Vec<WireCovered> = rows.by_ref().take(limit).collect();
    let next = rows.next().and_then(|_| page.last()?.key.clone());
    let total = WireCovered::of(None, &coverage.total);
    Ok(Json(WireCoverage { by: by.name(), rows: page, total, next }))
}

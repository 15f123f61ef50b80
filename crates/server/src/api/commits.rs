//! Commits that hooks and telemetry tell of, each once.

use axum::Json;
use axum::extract::{Query, State};
use domain::{Attributed, Tool};
use serde::Serialize;
use utoipa::ToSchema;

use super::figures::{asked, bad_cursor};
use super::{Given, Pairs, page_and_rest};
use crate::access::Caller;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::commits::Commit;

/// A page of commits.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireCommits {
    rows: Vec<WireCommit>,
    /// Give it as `cursor` for the next page; none at the end.
    next: Option<String>,
}

/// A commit that a coding tool made.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireCommit {
    /// In the organisation's time zone.
    day: String,
    /// Its hash, or the beginning of it where nobody knows more.
    commit: String,
    session: String,
    tool: Option<&'static str>,
    repo: Option<String>,
    branch: Option<String>,
    /// Only where individuals are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    developer: Option<String>,
    team: Option<String>,
}

/// Commits of a period that hooks and telemetry name, with session, repository and branch
#[utoipa::path(get, operation_id = "listCommits", path = "/api/v1/commits", tag = "figures",
    params(("since" = Option<String>, Query, description = "from when"),
           ("until" = Option<String>, Query, description = "until when, included"),
           ("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = WireCommits)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<WireCommits>, Failure> {
    let (of_a_page, period) = page_and_rest(pairs);
    let given = Given::page(&of_a_page)?;
    Given::only(&period, &["since", "until"])?;
    let after: Option<(String, String, String)> =
        given.text("cursor").map(serde_json::from_str).transpose().map_err(|_| bad_cursor())?;
    let (asked, view) = asked(&desk, &caller, &period).await?;
    let limit = given.limit(&desk)?;
    let commits = desk.figures().commits(&asked).await?;
    let mark = |it: &Commit| (it.day.to_string(), it.session.to_string(), it.hash.to_string());
    let mut behind =
        commits.iter().filter(|it| after.as_ref().is_none_or(|after| mark(it) > *after)).peekable();
    let page: Vec<&Commit> = behind.by_ref().take(limit).collect();
    let last = page.last().filter(|_| behind.peek().is_some());
    let next = last.map(|it| serde_json::to_string(&mark(it))).transpose()?;
    let rows = page.into_iter().map(|it| WireCommit::of(it, view.individuals)).collect();
    Ok(Json(WireCommits { rows, next }))
}

impl WireCommit {
    fn of(it: &Commit, individuals: bool) -> Self {
        fn text<T: ToString>(it: Option<&Attributed<T>>) -> Option<String> {
            it.map(|it| it.value.to_string())
        }
        let whose = &it.attribution;
        Self {
            day: it.day.to_string(),
            commit: it.hash.to_string(),
            session: it.session.to_string(),
            tool: it.tool.map(Tool::name),
            repo: text(whose.repo.as_ref()),
            branch: text(whose.branch.as_ref()),
            developer: text(whose.developer.as_ref().filter(|_| individuals)),
            team: text(whose.team.as_ref()),
        }
    }
}

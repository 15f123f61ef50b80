//! What happened beside calls: time at work, commits, pull requests, lines, decisions
//! about tools.

use axum::Json;
use axum::extract::{Query, State};
use domain::ActivityKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::figures::{asked, bad_cursor};
use super::{Given, Pairs, page_and_rest};
use crate::access::Caller;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::activities::ActivityKey;

/// A page of what happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireActivities {
    rows: Vec<WireActivity>,
    /// Give it as `cursor` for the next page; none at the end.
    next: Option<String>,
}

/// What happened on a day, of one kind, to whom.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireActivity {
    /// In the organisation's time zone.
    day: String,
    /// Only where individuals are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    developer: Option<String>,
    team: Option<String>,
    /// What, with its unit where it is none of pieces: `commit`, `active_user_ms` ...
    kind: &'static str,
    amount: u64,
}

/// Where a page ends.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Mark(String, Option<String>, Option<String>, usize);

impl Mark {
    fn of(key: &ActivityKey, individuals: bool) -> Self {
        let developer = key.developer.as_ref().filter(|_| individuals).map(ToString::to_string);
        let kind = ActivityKind::ALL.iter().position(|it| *it == key.kind).unwrap_or_default();
        Self(key.day.to_string(), key.team.as_ref().map(ToString::to_string), developer, kind)
    }
}

/// What happened beside calls, by day, team, developer and kind. A commit that several sources tell of is one
#[utoipa::path(get, operation_id = "listActivities", path = "/api/v1/activities", tag = "figures",
    params(("since" = Option<String>, Query, description = "from when"),
           ("until" = Option<String>, Query, description = "until when, included"),
           ("kind" = Option<String>, Query, description = "of one kind alone: commit, active_user_ms ..."),
           ("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = WireActivities)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<WireActivities>, Failure> {
    let (of_a_page, rest) = page_and_rest(pairs);
    let (kinds, period): (Vec<_>, Vec<_>) = rest.into_iter().partition(|it| it.0 == "kind");
    let (given, kind) = (Given::page(&of_a_page)?, Given::only(&kinds, &["kind"])?.text("kind"));
    Given::only(&period, &["since", "until"])?;
    let after: Option<Mark> =
        given.text("cursor").map(serde_json::from_str).transpose().map_err(|_| bad_cursor())?;
    let kind = kind.map(|name| ActivityKind::from_name(name).ok_or_else(bad_kind)).transpose()?;
    let (asked, view) = asked(&desk, &caller, &period).await?;
    let mut rows: std::collections::BTreeMap<Mark, u64> = std::collections::BTreeMap::new();
    for (key, amount) in desk.figures().activities(&asked).await? {
        if kind.is_none_or(|it| it == key.kind) {
            let sum = rows.entry(Mark::of(&key, view.individuals)).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
    let limit = given.limit(&desk)?;
    let mut behind =
        rows.into_iter().filter(|it| after.as_ref().is_none_or(|after| it.0 > *after)).peekable();
    let (mut page, mut last) = (Vec::new(), None);
    while page.len() < limit
        && let Some((mark, amount)) = behind.next()
    {
        page.push(WireActivity::of(&mark, amount));
        last = Some(mark);
    }
    let next = behind.peek().and(last).map(|it| serde_json::to_string(&it)).transpose()?;
    Ok(Json(WireActivities { rows: page, next }))
}

impl WireActivity {
    fn of(Mark(day, team, developer, kind): &Mark, amount: u64) -> Self {
        let kind = ActivityKind::ALL.get(*kind).map_or("", |it| it.name());
        Self { day: day.clone(), developer: developer.clone(), team: team.clone(), kind, amount }
    }
}

fn bad_kind() -> Failure {
    super::bad("kind", &format!("give one of {}", ActivityKind::ALL.map(ActivityKind::name).join(", ")))
}

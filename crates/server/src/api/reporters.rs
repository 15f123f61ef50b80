//! Who reports, by which source, and since when it has been silent.

use axum::Json;
use axum::extract::{Query, State};
use domain::{Developer, Witness};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Given, Pairs, bad, moment};
use crate::access::Caller;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::sight::Sight;

/// A reporter that was heard from, and is not any more, is silent after this long.
const SILENT_AFTER_MS: i64 = 3 * 24 * 60 * 60 * 1_000;

/// A page of everybody who ever reported.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reporters {
    reporters: Vec<WireReporter>,
    /// Give it as `cursor` for the next page; none at the end.
    next: Option<String>,
}

/// One reporter.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireReporter {
    reporter: String,
    /// gateway, log, otlp, hook or vendor
    source: &'static str,
    /// Whose credential it uses.
    developer: Option<String>,
    /// Whom it names itself.
    claimed: Option<String>,
    /// The developer's team today.
    team: Option<String>,
    first_at: String,
    last_at: String,
    /// Whether it has not been heard from for three days.
    silent: bool,
    observations: u64,
    activities: u64,
}

/// Where a page ends: a reporter, by all that tells it from others.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Mark(String, String, Option<String>, Option<String>);

impl Mark {
    fn of(it: &Witness) -> Self {
        let named = |it: Option<&Developer>| it.map(ToString::to_string);
        let (reporter, source) = (it.reporter.to_string(), it.source.name().to_owned());
        Self(reporter, source, named(it.developer.as_ref()), named(it.claimed.as_ref()))
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|_| bad("cursor", "give `next` of the page before"))
    }
}

/// Who reports, and who has fallen silent
#[utoipa::path(get, operation_id = "listReporters", path = "/api/v1/reporters", tag = "reporting",
    params(("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = Reporters)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Reporters>, Failure> {
    let given = Given::page(&pairs)?;
    let (limit, after) = (given.limit(&desk)?, given.text("cursor").map(Mark::parse).transpose()?);
    let standing = desk.register().current().await?;
    let view = caller.view(&standing.settings)?;
    view.must_show_individuals("reporters")?;
    let now = desk.now();
    let today = desk.figures().day_of(now);
    let directory = &standing.directory;
    let mut all = desk.store().reporters().await?;
    all.sort_by(|a, b| Mark::of(&a.witness).cmp(&Mark::of(&b.witness)));
    let mut page = Reporters { reporters: Vec::new(), next: None };
    let mut last = None;
    for it in all {
        let mark = Mark::of(&it.witness);
        if after.as_ref().is_some_and(|after| mark <= *after) {
            continue;
        }
        let named = it.witness.developer.as_ref().or(it.witness.claimed.as_ref());
        let developer = named.map(|it| directory.developer_of(it.as_str()).unwrap_or(it));
        let team = developer.zip(today).and_then(|(developer, today)| directory.team_of(developer, today));
        let is_in_sight = match &view.sight {
            Sight::Everything => true,
            Sight::Nothing => false,
            Sight::Own(own) => developer == Some(directory.developer_of(own.as_str()).unwrap_or(own)),
            Sight::Teams(teams) => {
                team.zip(today).is_some_and(|(team, today)| directory.is_within(team, teams, today))
            }
        };
        if !is_in_sight {
            continue;
        }
        if page.reporters.len() == limit {
            page.next = last.as_ref().map(serde_json::to_string).transpose()?;
            break;
        }
        last = Some(mark);
        page.reporters.push(WireReporter {
            reporter: it.witness.reporter.to_string(),
            source: it.witness.source.name(),
            developer: it.witness.developer.as_ref().map(ToString::to_string),
            claimed: it.witness.claimed.as_ref().map(ToString::to_string),
            team: team.map(ToString::to_string),
            first_at: moment(it.first_at),
            last_at: moment(it.last_at),
            silent: now.millis_since(it.last_at) > SILENT_AFTER_MS,
            observations: it.observations,
            activities: it.activities,
        });
    }
    Ok(Json(page))
}

//! The organisation's directory: read, changed entry by entry, or laid down as a whole
//! with a look at the differences first.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use domain::Directory;
use domain::directory::{Difference, Entries, EntryKind, FieldChange, Missing, Plan, plan};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use store::{Act, Change, StoreError};
use utoipa::ToSchema;

use super::{Given, Pairs};
use crate::access::{Caller, Right};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::org::{WireDirectory, WireEntry, from_toml, normal, to_toml};
use crate::register::{Decision, Standing, change};
use crate::traffic;

/// The media type of the organisation's file.
const TOML: &str = "application/toml";

/// The directory and the version of the books that it was read at.
#[derive(Serialize, ToSchema)]
pub(crate) struct Shown {
    version: u64,
    #[serde(flatten)]
    directory: WireDirectory,
}

/// What was changed, or would be.
#[derive(Serialize, ToSchema)]
pub(crate) struct Applied {
    /// The version of the books, after the change where one was made.
    version: u64,
    /// Whether it was done.
    applied: bool,
    differences: Vec<WireDifference>,
    /// Entries that stay although the new directory does not name them.
    kept: Vec<Kept>,
}

/// One entry that changes.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireDifference {
    kind: &'static str,
    id: String,
    /// added, changed or removed
    change: &'static str,
    fields: Vec<WireField>,
    /// The same for people.
    text: String,
}

/// One field that changes.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireField {
    field: &'static str,
    before: String,
    after: String,
}

/// An entry that stays.
#[derive(Serialize, ToSchema)]
pub(crate) struct Kept {
    kind: &'static str,
    id: String,
}

impl WireDifference {
    fn of(it: &Difference) -> Self {
        let change = match (&it.before, &it.after) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(_), Some(_)) => "changed",
        };
        let field = |FieldChange { field, before, after }| WireField { field, before, after };
        Self {
            kind: it.kind.name(),
            id: it.id.clone(),
            change,
            fields: it.fields().into_iter().map(field).collect(),
            text: it.to_string(),
        }
    }
}

/// The whole directory
#[utoipa::path(get, operation_id = "showOrganisation", path = "/api/v1/org", tag = "organisation", responses((status = 200, body = Shown)))]
pub(crate) async fn show(State(desk): State<Desk>, caller: Caller) -> Result<Json<Shown>, Failure> {
    caller.must(Right::ReadDirectory)?;
    let standing = desk.register().fresh().await?;
    let directory = WireDirectory::of(standing.directory.entries());
    Ok(Json(Shown { version: standing.version, directory }))
}

/// The whole directory as a file for `bursar org apply`
#[utoipa::path(get, operation_id = "organisationFile", path = "/api/v1/org/file", tag = "organisation",
    responses((status = 200, body = String, content_type = "application/toml")))]
pub(crate) async fn file(State(desk): State<Desk>, caller: Caller) -> Result<Response, Failure> {
    caller.must(Right::ReadDirectory)?;
    let standing = desk.register().fresh().await?;
    let text = to_toml(standing.directory.entries())?;
    Ok(([(CONTENT_TYPE, TOML)], text).into_response())
}

/// Lays down the whole directory, as JSON or as the TOML of a file
#[utoipa::path(put, operation_id = "applyOrganisation", path = "/api/v1/org", tag = "organisation",
    request_body(content((WireDirectory = "application/json"), (String = "application/toml"))),
    params(("dry_run" = Option<bool>, Query, description = "only say what would change"),
           ("prune" = Option<bool>, Query, description = "strike out entries that it does not name"),
           ("version" = Option<u64>, Query, description = "refuse unless the books are at this version"),
           ("reason" = Option<String>, Query, description = "why, for the audit log")),
    responses((status = 200, body = Applied)))]
pub(crate) async fn apply(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Applied>, Failure> {
    caller.must(Right::WriteDirectory)?;
    let given = Given::only(&pairs, &["dry_run", "prune", "version", "reason"])?;
    let missing = if given.flag("prune")? { Missing::Remove } else { Missing::Keep };
    let body = traffic::body(&desk, &headers, body).await?;
    let wanted = read(&headers, &body)?;
    let dry_run = given.flag("dry_run")?;
    let expected = given.number("version")?;
    let deed = Deed { action: "org.apply", reason: given.text("reason"), expected };
    let decision = |standing: &Standing| {
        let plan = plan(standing.directory.entries(), &wanted, missing);
        Directory::new(plan.applied(standing.directory.entries())).map_err(Failure::Directory)?;
        if dry_run || plan.differences.is_empty() {
            return Ok(Decision::Nothing(plan));
        }
        let act = deed.act(&desk, &caller, standing, &plan)?;
        Ok(Decision::Act(act, plan))
    };
    let (plan, version) = desk.register().decide(decision).await?;
    let differences = plan.differences.iter().map(WireDifference::of).collect();
    let kept = plan.kept.iter().map(|(kind, id)| Kept { kind: kind.name(), id: id.clone() }).collect();
    Ok(Json(Applied { version, applied: !dry_run, differences, kept }))
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Entries, Failure> {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if kind.starts_with(TOML) {
        let text = std::str::from_utf8(body).map_err(|_| Failure::Body("it is not UTF-8".to_owned()))?;
        return from_toml(text);
    }
    let directory: WireDirectory =
        serde_json::from_slice(body).map_err(|error| Failure::Body(error.to_string()))?;
    directory.entries()
}

/// How a change stands in the audit log.
struct Deed<'a> {
    action: &'static str,
    reason: Option<&'a str>,
    expected: Option<u64>,
}

impl Deed<'_> {
    /// What writes a plan into books that stand so.
    fn act(&self, desk: &Desk, caller: &Caller, standing: &Standing, plan: &Plan) -> Result<Act, Failure> {
        if let Some(expected) = self.expected.filter(|it| *it != standing.version) {
            return Err(StoreError::Stale { expected, found: standing.version }.into());
        }
        let one = |it: &Difference| -> Result<Change, Failure> {
            let after = it.after.as_ref().map(|entry| WireEntry::of(&it.id, entry));
            change(it.kind.name(), &it.id, after.as_ref())
        };
        Ok(Act {
            at: desk.now(),
            actor: caller.actor(),
            action: self.action.to_owned(),
            reason: self.reason.map(str::to_owned),
            changes: plan.differences.iter().map(one).collect::<Result<_, _>>()?,
            expected: None,
        })
    }
}

fn kind_of(name: &str) -> Result<EntryKind, Failure> {
    EntryKind::from_name(name).ok_or_else(|| {
        let all = EntryKind::ALL.map(EntryKind::name).join(", ");
        Failure::Parameter {
            name: "kind".to_owned(),
            problem: format!("there is no such kind; there are {all}"),
        }
    })
}

/// One entry
#[utoipa::path(get, operation_id = "showEntry", path = "/api/v1/org/{kind}/{id}", tag = "organisation",
    params(("kind" = String, Path, description = "team, developer, repo, project, client or cost_centre"),
           ("id" = String, Path, description = "its id, percent-encoded")),
    responses((status = 200, body = WireEntry)))]
pub(crate) async fn entry(
    State(desk): State<Desk>,
    caller: Caller,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Json<WireEntry>, Failure> {
    caller.must(Right::ReadDirectory)?;
    let kind = kind_of(&kind)?;
    let id = normal(kind, &id);
    let standing = desk.register().fresh().await?;
    let entry = standing.directory.entries().entry(kind, &id);
    let entry = entry.ok_or_else(|| Failure::NotFound { what: kind.words(), id: id.clone() })?;
    Ok(Json(WireEntry::of(&id, &entry)))
}

/// Writes one entry in the place of the one that was there
#[utoipa::path(put, operation_id = "putEntry", path = "/api/v1/org/{kind}/{id}", tag = "organisation", request_body = WireEntry,
    params(("kind" = String, Path, description = "team, developer, repo, project, client or cost_centre"),
           ("id" = String, Path, description = "its id, percent-encoded"),
           ("version" = Option<u64>, Query, description = "refuse unless the books are at this version"),
           ("reason" = Option<String>, Query, description = "why, for the audit log")),
    responses((status = 200, body = Applied)))]
pub(crate) async fn put(
    State(desk): State<Desk>,
    caller: Caller,
    Path((kind, id)): Path<(String, String)>,
    Query(pairs): Pairs,
    request: axum::extract::Request,
) -> Result<Json<Applied>, Failure> {
    caller.must(Right::WriteDirectory)?;
    let kind = kind_of(&kind)?;
    let id = normal(kind, &id);
    let (parts, body) = request.into_parts();
    let body = traffic::body(&desk, &parts.headers, body).await?;
    let text = std::str::from_utf8(&body).map_err(|_| Failure::Body("it is not UTF-8".to_owned()))?;
    let wire = WireEntry::from_json(kind, text)?;
    if !wire.id().is_empty() && normal(kind, wire.id()) != id {
        let why = format!("its id is `{}`, and that of the address `{id}`", wire.id());
        return Err(Failure::Body(why));
    }
    let entry = wire.entry()?;
    let wanted = |entries: &mut Entries| {
        entries.put(&id, entry.clone());
        Ok(())
    };
    changed(&desk, &caller, &pairs, "org.put", wanted).await
}

/// Strikes one entry out
#[utoipa::path(delete, operation_id = "removeEntry", path = "/api/v1/org/{kind}/{id}", tag = "organisation",
    params(("kind" = String, Path, description = "team, developer, repo, project, client or cost_centre"),
           ("id" = String, Path, description = "its id, percent-encoded"),
           ("version" = Option<u64>, Query, description = "refuse unless the books are at this version"),
           ("reason" = Option<String>, Query, description = "why, for the audit log")),
    responses((status = 200, body = Applied)))]
pub(crate) async fn remove(
    State(desk): State<Desk>,
    caller: Caller,
    Path((kind, id)): Path<(String, String)>,
    Query(pairs): Pairs,
) -> Result<Json<Applied>, Failure> {
    caller.must(Right::WriteDirectory)?;
    let kind = kind_of(&kind)?;
    let id = normal(kind, &id);
    let wanted = |entries: &mut Entries| {
        if entries.entry(kind, &id).is_none() {
            return Err(Failure::NotFound { what: kind.words(), id: id.clone() });
        }
        entries.remove(kind, &id);
        Ok(())
    };
    changed(&desk, &caller, &pairs, "org.remove", wanted).await
}

/// Changes the directory as it stands.
async fn changed(
    desk: &Desk,
    caller: &Caller,
    pairs: &[(String, String)],
    action: &'static str,
    how: impl Fn(&mut Entries) -> Result<(), Failure>,
) -> Result<Json<Applied>, Failure> {
    let given = Given::only(pairs, &["version", "reason"])?;
    let deed = Deed { action, reason: given.text("reason"), expected: given.number("version")? };
    let decision = |standing: &Standing| {
        let mut wanted = standing.directory.entries().clone();
        how(&mut wanted)?;
        let plan = plan(standing.directory.entries(), &wanted, Missing::Remove);
        Directory::new(wanted).map_err(Failure::Directory)?;
        if plan.differences.is_empty() {
            return Ok(Decision::Nothing(plan));
        }
        let act = deed.act(desk, caller, standing, &plan)?;
        Ok(Decision::Act(act, plan))
    };
    let (plan, version) = desk.register().decide(decision).await?;
    let differences = plan.differences.iter().map(WireDifference::of).collect();
    Ok(Json(Applied { version, applied: true, differences, kept: Vec::new() }))
}

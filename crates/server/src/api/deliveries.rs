//! What collectors send: read as a whole, booked to whoever the token says, and
//! answered after the durable write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use domain::{Developer, ReporterId, SessionId, SourceKind, Timestamp, Witness};
use http::HeaderMap;
use ingest::delivery;
use serde::Serialize;
use store::{Delivery, FolderReport, SessionTag, TallyReport};
use utoipa::ToSchema;

use crate::access::{Caller, Right};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::traffic;

/// How far the clock of a machine may be ahead of this one's: calls a little in the
/// future are shown, and no others are taken.
pub(crate) const AHEAD_MILLIS: i64 = 2 * 24 * 60 * 60 * 1_000;
/// Bodies up to this many bytes are read where they arrive; longer ones on a thread that
/// may take its time.
const READ_IN_PLACE_BYTES: usize = 64 * 1_024;

/// What became of the observations of a delivery: the three add up to how many it had.
#[derive(Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// Those that made a call which was not known.
    new: u64,
    /// Those that joined a call which was known.
    corrected: u64,
    /// Those that were in the book already.
    known: u64,
    /// The name of the book: whoever reported to another one reports everything anew.
    book: String,
}

/// Takes a delivery, `bursar.delivery/1`, plain or gzip; answers when it is durable
#[utoipa::path(post, operation_id = "deliver", path = "/api/v1/deliveries", tag = "reporting",
    request_body(content = serde_json::Value, description = "docs/delivery.md lists every field"),
    responses((status = 200, body = Receipt)))]
pub(crate) async fn deliver(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipt>, Failure> {
    caller.must(Right::Deliver)?;
    let body = traffic::body(&desk, &headers, body).await?;
    let (developer, at) = (caller.developer().cloned(), desk.now());
    let read = move || delivery::Delivery::parse(&body).map(|it| booked(it, developer.as_ref(), at));
    let delivery = if headers.get(http::header::CONTENT_LENGTH).is_some_and(is_short) {
        read()?
    } else {
        tokio::task::spawn_blocking(read).await.map_err(|_| Failure::Stopping)??
    };
    check(&desk, &caller, &delivery).await?;
    let accepted = desk.accept(SourceKind::Log, delivery).await?;
    Ok(Json(Receipt {
        new: accepted.new,
        corrected: accepted.corrected,
        known: accepted.known,
        book: desk.store().id().to_owned(),
    }))
}

/// Refuses what nobody could have seen yet, and what is said of somebody else's sessions:
/// tags and pull requests decide whom calls belong to, and a session is known by its id
/// alone. The collector keeps what is refused, and says so.
pub(super) async fn check(desk: &Desk, caller: &Caller, delivery: &Delivery) -> Result<(), Failure> {
    let latest = delivery.received_at.millis().saturating_add(AHEAD_MILLIS);
    if let Some(early) = delivery.observed.iter().find(|it| it.call.at.millis() > latest) {
        return Err(Failure::FromTheFuture(early.key().clone()));
    }
    let Some(own) = caller.developer() else { return Ok(()) };
    let links = delivery.pull_requests.iter().map(|it| &it.session);
    let tallies = delivery.tallies.iter().map(|it| &it.tally.session);
    let sessions: BTreeSet<&SessionId> =
        delivery.tags.iter().map(|it| &it.session).chain(links).chain(tallies).collect();
    if sessions.is_empty() {
        return Ok(());
    }
    let standing = desk.register().current().await?;
    let whole = |it: &Developer| standing.directory.developer_of(it.as_str()).unwrap_or(it).clone();
    let own = whole(own);
    let mut owners: BTreeMap<SessionId, BTreeSet<Developer>> = BTreeMap::new();
    for it in desk.store().whereabouts_of(sessions.into_iter().cloned().collect()).await? {
        if let Some(developer) = &it.developer {
            owners.entry(it.place.session.clone()).or_default().insert(whole(developer));
        }
    }
    match owners.into_iter().find(|(_, owners)| !owners.contains(&own)) {
        Some((session, _)) => Err(Failure::OthersSession(session)),
        None => Ok(()),
    }
}

fn is_short(length: &http::HeaderValue) -> bool {
    let bytes = length.to_str().ok().and_then(|it| it.parse::<usize>().ok());
    bytes.is_some_and(|it| it <= READ_IN_PLACE_BYTES)
}

/// A delivery as the book takes it: who it is from follows from the credential.
pub(crate) fn booked(mut from: delivery::Delivery, developer: Option<&Developer>, at: Timestamp) -> Delivery {
    // A reporter names itself; within what one credential reports that is enough.
    let whose = developer.map_or("shared", Developer::as_str);
    from.reporter = ReporterId::new(&format!("{whose}/{}", from.reporter));
    let mut witnesses: BTreeMap<SourceKind, Arc<Witness>> = BTreeMap::new();
    for kind in [SourceKind::Log, SourceKind::Hook] {
        witnesses.insert(kind, from.witness(kind, developer));
    }
    let log = from.witness(SourceKind::Log, developer);
    let mut booked = Delivery::new(at);
    booked.witness = Some(Arc::clone(&log));
    booked.observed = from.calls.into_iter().map(|it| it.observed(&log)).collect();
    let activity = |it: delivery::ReportedActivity| {
        let witness = Arc::clone(witnesses.get(&it.source).unwrap_or(&log));
        it.activity(&witness)
    };
    booked.activities = from.activities.into_iter().map(activity).collect();
    let reporter = &from.reporter;
    let folder = |it: delivery::FolderReport| FolderReport {
        folder: it.folder,
        looked_up_at: it.at,
        facts: it.facts.to_string(),
        reporter: reporter.clone(),
    };
    booked.folders = from.folders.into_iter().map(folder).collect();
    booked.pull_requests = from.pull_requests;
    let tally = |tally| TallyReport { reporter: reporter.clone(), tally };
    booked.tallies = from.sessions.into_iter().map(tally).collect();
    let tag = |it: delivery::SessionTag| SessionTag {
        session: it.session,
        key: it.key.to_string(),
        value: it.value.to_string(),
        // Nobody says the last word in advance.
        at: it.at.min(at),
    };
    booked.tags = from.tags.into_iter().map(tag).collect();
    booked
}

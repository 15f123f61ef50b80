//! What was metered, on its way into the book.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{Developer, Naming, Observed, SessionId, SourceKind, Timestamp, Witness};
use gateway::Metered;
use metering::single;
use store::{Delivery, SessionTag};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::incoming::Incoming;
use super::spool::Spool;
use super::subjects::tagged;
use crate::api::runs::RUN;
use crate::desk::Desk;
use crate::failure::Failure;

/// Calls that share a transaction, at most.
const TOGETHER: usize = 512;
/// How long the first of them waits for others.
const GATHER: Duration = Duration::from_millis(50);
/// How long the book may take.
const ACCEPT_TIME: Duration = Duration::from_secs(30);
/// The pause after a failure; twice as long each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Tags that were told already, and are not told again.
const REMEMBERED: usize = 20_000;

/// Puts calls into the book, until it is told that no more come. What cannot be put there
/// now waits in the folder, for the next process if need be.
pub(super) async fn record(desk: Desk, mut metered: Incoming<Metered>, mut spool: Spool) {
    let mut told = HashMap::new();
    let mut batch = Vec::new();
    let mut pause = FIRST_PAUSE;
    // What a process before left goes first.
    let mut late = (!spool.is_empty()).then(Instant::now);
    loop {
        let at = late;
        tokio::select! {
            is_more = metered.next_into(&mut batch, TOGETHER) => {
                if !is_more {
                    break;
                }
                gather(&mut metered, &mut batch).await;
                let (mut delivery, said) = delivery(batch.drain(..), desk.now(), &mut told);
                delivery.tags = of_own_sessions(&desk, said).await;
                if !put(&desk, &mut spool, delivery, late.is_some()).await && late.is_none() {
                    late = Instant::now().checked_add(pause);
                }
            }
            () = async { sleep_until(at.unwrap_or_else(Instant::now)).await }, if at.is_some() => {
                if catch_up(&desk, &mut spool).await {
                    (late, pause) = (None, FIRST_PAUSE);
                } else {
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                    late = Instant::now().checked_add(pause);
                }
            }
        }
    }
    if late.is_some() && !catch_up(&desk, &mut spool).await {
        tracing::warn!("calls wait to be put into the book; the next start does that");
    }
}

/// Waits a moment for calls that end together.
async fn gather(metered: &mut Incoming<Metered>, batch: &mut Vec<Metered>) {
    if batch.len() < TOGETHER {
        sleep(GATHER).await;
    }
    while batch.len() < TOGETHER
        && let Some(next) = metered.at_once()
    {
        batch.push(next);
    }
}

/// Puts a delivery into the book, by way of the spool. False where it is still there.
async fn put(desk: &Desk, spool: &mut Spool, delivery: Delivery, is_late: bool) -> bool {
    let path = match spool.put(&delivery) {
        Ok(path) => path,
        Err(error) => {
            tracing::error!(%error, "calls are not written down on their way into the book: mend the folder");
            return insist(desk, delivery).await;
        }
    };
    // Others wait before it.
    !is_late && taken(desk, spool, &path, delivery).await
}

/// Tries to put into the book what waits. Whether nothing does any more.
async fn catch_up(desk: &Desk, spool: &mut Spool) -> bool {
    let waiting = match spool.waiting() {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::error!(%error, "calls that wait for the book cannot be read");
            return false;
        }
    };
    for path in waiting {
        match Spool::read(&path, desk.now()) {
            Ok(Some(delivery)) => {
                if !taken(desk, spool, &path, delivery).await {
                    return false;
                }
            }
            Ok(None) => {}
            Err(error) => spool.refuse(&path, &error),
        }
    }
    spool.is_through();
    true
}

/// Whether the book needs to hear no more of it.
async fn taken(desk: &Desk, spool: &mut Spool, path: &Path, delivery: Delivery) -> bool {
    match timeout(ACCEPT_TIME, desk.accept(SourceKind::Gateway, delivery)).await {
        Ok(Ok(_)) => spool.done(path),
        Ok(Err(failure)) if failure.code().0.is_client_error() => spool.refuse(path, &failure),
        Ok(Err(failure)) => {
            tracing::warn!(code = failure.code().1, %failure, "calls wait to be put into the book");
            return false;
        }
        Err(_) => {
            tracing::warn!("calls wait to be put into the book: it does not answer");
            return false;
        }
    }
    true
}

/// Puts into the book what is nowhere else. It has been taken when this returns, or never will be.
async fn insist(desk: &Desk, delivery: Delivery) -> bool {
    let mut pause = FIRST_PAUSE;
    while let Err(failure) = desk.accept(SourceKind::Gateway, delivery.clone()).await {
        let (status, code) = failure.code();
        if status.is_client_error() {
            tracing::error!(code, %failure, calls = delivery.observed.len(), "calls that the book does not take");
            break;
        }
        tracing::warn!(code, %failure, "calls wait to be put into the book");
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
    true
}

fn delivery(
    metered: impl Iterator<Item = Metered>,
    now: Timestamp,
    told: &mut HashMap<(SessionId, &'static str), String>,
) -> (Delivery, Vec<Said>) {
    let (mut delivery, mut said) = (Delivery::new(now), Vec::new());
    for it in metered {
        let witness = Arc::new(Witness {
            source: SourceKind::Gateway,
            reporter: it.identity.reporter.clone(),
            developer: it.identity.developer.clone(),
            claimed: None,
        });
        let run = it.claims.tags.get(RUN).map(|run| (RUN, run.as_str()));
        for (key, value) in tagged(&it.claims).map(|(key, value)| (key.name(), value)).chain(run) {
            let Some(session) = &it.claims.session else { continue };
            if told.len() >= REMEMBERED {
                told.clear();
            }
            let before = told.insert((session.clone(), key), value.to_owned());
            if before.is_none_or(|before| before != value) {
                let (session, key, value) = (session.clone(), key.to_owned(), value.to_owned());
                let tag = SessionTag { session, key, value, at: now };
                said.push(Said { by: it.identity.developer.clone(), tag });
            }
        }
        let naming = if it.is_named_by_provider { Naming::Provider } else { Naming::Derived };
        delivery.observed.extend(it.observations.into_iter().map(|observation| Observed {
            witness: Arc::clone(&witness),
            naming,
            request: observation.request.clone(),
            call: single(observation),
        }));
    }
    (delivery, said)
}

/// What somebody says of a session.
struct Said {
    by: Option<Developer>,
    tag: SessionTag,
}

/// Leaves out what is said of somebody else's session: it would move their calls.
async fn of_own_sessions(desk: &Desk, said: Vec<Said>) -> Vec<SessionTag> {
    if said.is_empty() {
        return Vec::new();
    }
    let sessions: HashSet<SessionId> = said.iter().map(|it| it.tag.session.clone()).collect();
    let asked = async {
        let standing = desk.register().current_or_last().await?;
        let there = desk.store().whereabouts_of(sessions.into_iter().collect()).await?;
        Ok::<_, Failure>((standing, there))
    };
    let (standing, there) = match asked.await {
        Ok(found) => found,
        Err(failure) => {
            tracing::warn!(%failure, "what is said of sessions is left out");
            return Vec::new();
        }
    };
    let whole = |it: &Developer| standing.directory.developer_of(it.as_str()).unwrap_or(it).clone();
    let is_own = |it: &Said| {
        let Some(own) = it.by.as_ref().map(whole) else { return true };
        let owners = there.iter().filter(|at| at.place.session == it.tag.session);
        owners.filter_map(|at| at.developer.as_ref()).all(|owner| whole(owner) == own)
    };
    said.into_iter().filter(is_own).map(|it| it.tag).collect()
}

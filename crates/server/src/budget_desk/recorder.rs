//! What was metered, on its way into the book.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{Developer, Naming, Observed, SessionId, SourceKind, Timestamp, Witness};
use gateway::Metered;
use metering::single;
use store::{Delivery, SessionTag};
use tokio::time::sleep;

use super::incoming::Incoming;
use super::subjects::tagged;
use crate::api::runs::RUN;
use crate::desk::Desk;
use crate::failure::Failure;

/// Calls that share a transaction, at most.
const TOGETHER: usize = 512;
/// How long the first of them waits for others.
const GATHER: Duration = Duration::from_millis(50);
/// The pause after a failure; twice as long each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Tags that were told already, and are not told again.
const REMEMBERED: usize = 20_000;

/// Puts calls into the book, until it is told that no more come.
pub(super) async fn record(desk: Desk, mut metered: Incoming<Metered>) {
    let mut told = HashMap::new();
    let mut batch = Vec::new();
    while metered.next_into(&mut batch, TOGETHER).await {
        if batch.len() < TOGETHER {
            sleep(GATHER).await;
            while batch.len() < TOGETHER
                && let Some(next) = metered.at_once()
            {
                batch.push(next);
            }
        }
        let (mut delivery, said) = delivery(batch.drain(..), desk.now(), &mut told);
        delivery.tags = of_own_sessions(&desk, said).await;
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
    }
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

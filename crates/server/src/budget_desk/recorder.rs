//! What was metered, on its way into the book.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{Naming, Observed, SessionId, SourceKind, Timestamp, Witness};
use gateway::Metered;
use metering::single;
use store::{Delivery, SessionTag};
use tokio::time::sleep;

use super::incoming::Incoming;
use super::subjects::tagged;
use crate::api::runs::RUN;
use crate::desk::Desk;

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
    let mut told = HashSet::new();
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
        let delivery = delivery(batch.drain(..), desk.now(), &mut told);
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
    told: &mut HashSet<(SessionId, &'static str, String)>,
) -> Delivery {
    let mut delivery = Delivery::new(now);
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
            if told.insert((session.clone(), key, value.to_owned())) {
                let (session, key, value) = (session.clone(), key.to_owned(), value.to_owned());
                delivery.tags.push(SessionTag { session, key, value, at: now });
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
    delivery
}

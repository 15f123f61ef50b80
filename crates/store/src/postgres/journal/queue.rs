//! Deliveries that wait to be stored: one task of this process takes all that wait and
//! stores them in one transaction, so that many reporters share one wait for the disk,
//! for the network and for the other servers.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::accept::{Hearing, Outcome, perform};
use super::{Shared, TURN};
use crate::delivery::{Accepted, Delivery};
use crate::error::StoreError;
use crate::postgres::attempts::{Attempts, passes};

/// Deliveries that may wait; who comes later waits for a place in the queue.
const WAITING: usize = 1_024;
/// Deliveries that share a transaction.
const TOGETHER: usize = 256;
/// Things in deliveries that share a transaction, unless one alone has more.
const THINGS_TOGETHER: usize = 2_048;

/// Where deliveries are handed in. The task ends with it, when all that waits is stored.
pub(super) struct Queue(mpsc::Sender<Waiting>);

/// A delivery, and who waits for what becomes of it.
struct Waiting {
    delivery: Delivery,
    tell: oneshot::Sender<Result<Accepted, StoreError>>,
}

impl Queue {
    /// Starts the task.
    pub(super) fn begin(shared: Arc<Shared>) -> Self {
        let (entrance, waiting) = mpsc::channel(WAITING);
        drop(tokio::spawn(serve(shared, waiting)));
        Self(entrance)
    }

    /// Stores a delivery; returns when it is durable.
    pub(super) async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        let (tell, told) = oneshot::channel();
        self.0.send(Waiting { delivery, tell }).await.map_err(|_| StoreError::Closed)?;
        told.await.map_err(|_| StoreError::Closed)?
    }
}

async fn serve(shared: Arc<Shared>, mut queue: mpsc::Receiver<Waiting>) {
    let mut ahead = None;
    loop {
        let first = match ahead.take() {
            Some(first) => Some(first),
            None => queue.recv().await,
        };
        let Some(first) = first else { return };
        let mut things = first.delivery.len();
        let mut group = vec![first];
        while group.len() < TOGETHER
            && let Ok(next) = queue.try_recv()
        {
            things = things.saturating_add(next.delivery.len());
            if things > THINGS_TOGETHER {
                ahead = Some(next);
                break;
            }
            group.push(next);
        }
        store(&shared, group).await;
    }
}

/// Stores deliveries together; where that fails for what is in them, each alone.
async fn store(shared: &Shared, group: Vec<Waiting>) {
    let (deliveries, tell): (Vec<_>, Vec<_>) = group.into_iter().map(|it| (it.delivery, it.tell)).unzip();
    let alone = deliveries.len() == 1;
    match attempts(shared, &deliveries).await {
        Ok(accepted) => {
            for (tell, accepted) in tell.into_iter().zip(accepted) {
                // Whoever asked may have gone away; what was stored stays.
                drop(tell.send(Ok(accepted)));
            }
        }
        Err(failure) if alone || passes(&failure) => {
            let why = failure.to_string();
            let mut failure = Some(failure);
            for tell in tell {
                let failure = failure.take().unwrap_or_else(|| StoreError::NotWritten(why.clone()));
                drop(tell.send(Err(failure)));
            }
        }
        Err(_) => {
            for (delivery, tell) in deliveries.iter().zip(tell) {
                let outcome = attempts(shared, std::slice::from_ref(delivery)).await;
                let accepted = outcome.map(|all| all.first().copied().unwrap_or_default());
                drop(tell.send(accepted));
            }
        }
    }
}

async fn attempts(shared: &Shared, deliveries: &[Delivery]) -> Result<Vec<Accepted>, StoreError> {
    let outcome: Result<Outcome, StoreError> =
        super::writing!(shared, |it| perform(it, shared, deliveries, Hearing::Noted).await);
    let Outcome { accepted, news, written: (whereabouts, services) } = outcome?;
    shared.values.remember(whereabouts);
    shared.values.remember(services);
    if !news.new.is_empty() || !news.corrected.is_empty() {
        // Nobody may be watching.
        drop(shared.news.send(Arc::new(news)));
    }
    Ok(accepted)
}

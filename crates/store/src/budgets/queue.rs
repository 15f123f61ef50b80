//! Commands that wait: one task takes all that do and has them decided in one round, so
//! that many callers share one wait for the disk, for the network and for other servers.

use std::sync::Arc;

use domain::Timestamp;
use ledger::Command;
use tokio::sync::{mpsc, oneshot};

use super::round::{Asked, Verdict};
use super::{BudgetNews, Shared, minutes};
use crate::error::StoreError;

/// Commands that may wait; who comes later waits for a place in the queue.
const WAITING: usize = 4_096;
/// Commands that share a round.
const TOGETHER: usize = 512;

/// Where commands are handed in. The task ends with the last of it, when all that waits is
/// answered.
#[derive(Clone)]
pub(super) struct Queue(mpsc::Sender<Waiting>);

/// Something to do, and who waits for what becomes of it.
enum Waiting {
    Command(Box<Asked>, oneshot::Sender<Result<Verdict, StoreError>>),
    Sweep(Timestamp, oneshot::Sender<Result<u64, StoreError>>),
}

/// Commands of one round, with those who wait.
#[derive(Default)]
struct Group {
    asked: Vec<Asked>,
    tell: Vec<oneshot::Sender<Result<Verdict, StoreError>>>,
}

impl Queue {
    /// Starts the task.
    pub(super) fn begin(shared: Arc<Shared>) -> Self {
        let (entrance, waiting) = mpsc::channel(WAITING);
        drop(tokio::spawn(serve(shared, waiting)));
        Self(entrance)
    }

    /// Has a command decided; returns when what it changed is durable.
    pub(super) async fn command(&self, command: Command, now: Timestamp) -> Result<Verdict, StoreError> {
        let (tell, told) = oneshot::channel();
        self.hand_in(Waiting::Command(Box::new(Asked { command, now }), tell)).await?;
        told.await.map_err(|_| StoreError::Closed)?
    }

    /// Forgets some of what may be forgotten; returns how many rows.
    pub(super) async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let (tell, told) = oneshot::channel();
        self.hand_in(Waiting::Sweep(now, tell)).await?;
        told.await.map_err(|_| StoreError::Closed)?
    }

    async fn hand_in(&self, waiting: Waiting) -> Result<(), StoreError> {
        self.0.send(waiting).await.map_err(|_| StoreError::Closed)
    }
}

async fn serve(shared: Arc<Shared>, mut queue: mpsc::Receiver<Waiting>) {
    while let Some(first) = queue.recv().await {
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(waiting) = next {
            match waiting {
                Waiting::Command(asked, tell) => {
                    group.asked.push(*asked);
                    group.tell.push(tell);
                }
                Waiting::Sweep(now, tell) => {
                    // Whoever asked may have gone away; what was done stays, here and below.
                    drop(tell.send(shared.sweep(now).await));
                }
            }
            next = if group.asked.len() < TOGETHER { queue.try_recv().ok() } else { None };
        }
        if !group.asked.is_empty() {
            group.decide(&shared).await;
        }
    }
}

impl Group {
    /// Decides all of them in one round; where that fails for what is in it, each alone.
    async fn decide(self, shared: &Shared) {
        let asked: Arc<[Asked]> = self.asked.into();
        match shared.round(&asked).await {
            Ok(verdicts) => {
                for ((asked, verdict), tell) in asked.iter().zip(verdicts).zip(self.tell) {
                    answer(shared, asked, verdict, tell);
                }
            }
            Err(failure) if asked.len() == 1 || failure.passes() => {
                let why = failure.to_string();
                let mut failure = Some(failure);
                for tell in self.tell {
                    let failure = failure.take().unwrap_or_else(|| StoreError::NotWritten(why.clone()));
                    drop(tell.send(Err(failure)));
                }
            }
            Err(_) => {
                for (asked, tell) in asked.iter().zip(self.tell) {
                    let verdicts = shared.round(&[asked.clone()].into()).await;
                    match verdicts.map(|all| all.into_iter().next()) {
                        Ok(Some(verdict)) => answer(shared, asked, verdict, tell),
                        Ok(None) => drop(tell.send(Err(StoreError::Closed))),
                        Err(failure) => drop(tell.send(Err(failure))),
                    }
                }
            }
        }
    }
}

/// Tells whoever asked, and whoever watches.
fn answer(
    shared: &Shared,
    asked: &Asked,
    verdict: Verdict,
    tell: oneshot::Sender<Result<Verdict, StoreError>>,
) {
    if let Ok(decided) = &verdict
        && (!decided.events.is_empty() || minutes::order_of(&asked.command).is_some())
    {
        let (at, command) = (asked.now, asked.command.to_string());
        // Nobody may be watching.
        drop(shared.news.send(Arc::new(BudgetNews { at, command, events: decided.events.clone() })));
    }
    drop(tell.send(Ok(verdict)));
}

//! The copy of the journal, out and in. Files are read and written on threads of their
//! own; a few parts wait between them and the database.

use std::io::{Read, Write};

use deadpool_postgres::Transaction;
use domain::Timestamp;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::accept::{self, Hearing};
use super::values::{Heard, hear};
use super::{Shared, activities, observations, surroundings};
use crate::copy::{self, Thing};
use crate::delivery::Delivery;
use crate::error::StoreError;
use crate::plan::ids;

/// Rows that are read together.
const ROWS_AT_ONCE: i64 = 4_096;
/// Things that are stored together.
const THINGS_AT_ONCE: usize = 4_096;
/// Parts that wait.
const WAITING: usize = 4;

/// Writes everything that was reported.
pub(super) async fn export(
    transaction: &Transaction<'_>,
    shared: &Shared,
    to: Box<dyn Write + Send>,
) -> Result<u64, StoreError> {
    let (parts, mut waiting) = mpsc::channel::<Vec<Thing>>(WAITING);
    let writing = spawn_blocking(move || {
        let mut copy = copy::Writing::begin(to)?;
        while let Some(part) = waiting.blocking_recv() {
            for thing in &part {
                copy.thing(thing)?;
            }
        }
        copy.end()
    });
    let read = read_all(transaction, shared, &parts).await;
    drop(parts);
    let written = writing.await.map_err(|_| StoreError::Closed)?;
    // Why the file could not be written says more than that nobody takes parts.
    written.and_then(|lines| read.map(|()| lines))
}

async fn read_all(
    transaction: &Transaction<'_>,
    shared: &Shared,
    parts: &mpsc::Sender<Vec<Thing>>,
) -> Result<(), StoreError> {
    let values = &shared.values;
    let mut behind = 0;
    loop {
        let part = observations::behind(transaction, values, behind, ROWS_AT_ONCE).await?;
        let Some((last, _)) = part.last() else { break };
        behind = *last;
        hand_over(parts, part.into_iter().map(|(_, it)| Thing::Observation(it))).await?;
    }
    let mut identity: Vec<u8> = Vec::new();
    loop {
        let part = activities::behind(transaction, values, &identity, ROWS_AT_ONCE).await?;
        let Some(last) = part.last() else { break };
        identity = last.identity.to_vec();
        hand_over(parts, part.into_iter().map(Thing::Activity)).await?;
    }
    let links = surroundings::pull_requests_as_named(transaction).await?;
    hand_over(parts, surroundings::folders(transaction).await?.into_iter().map(Thing::Folder)).await?;
    hand_over(parts, links.into_iter().map(Thing::PullRequest)).await?;
    hand_over(parts, surroundings::tags(transaction, true).await?.into_iter().map(Thing::Tag)).await?;
    hand_over(parts, surroundings::tallies(transaction).await?.into_iter().map(Thing::Tally)).await?;
    hand_over(parts, activities::reporters(transaction).await?.into_iter().map(Thing::Reporter)).await
}

async fn hand_over(
    parts: &mpsc::Sender<Vec<Thing>>,
    things: impl Iterator<Item = Thing>,
) -> Result<(), StoreError> {
    parts.send(things.collect()).await.map_err(|_| StoreError::Closed)
}

/// A copy that is being read.
pub(super) struct Copy(copy::Reading<Box<dyn Read + Send>>);

impl Copy {
    pub(super) async fn begin(from: Box<dyn Read + Send>) -> Result<Self, StoreError> {
        let begin = spawn_blocking(move || copy::Reading::begin(from).map(Self));
        begin.await.map_err(|_| StoreError::Closed)?
    }

    /// The next things; none at the end.
    pub(super) async fn next(mut self) -> Result<(Vec<Thing>, Self), StoreError> {
        let read = spawn_blocking(move || {
            let mut things = Vec::new();
            while things.len() < THINGS_AT_ONCE
                && let Some(thing) = self.0.next()?
            {
                things.push(thing);
            }
            Ok((things, self))
        });
        read.await.map_err(|_| StoreError::Closed)?
    }

    /// How many lines were read.
    pub(super) const fn lines(&self) -> u64 {
        self.0.lines()
    }
}

/// Things that were read, as they are stored: what arrived together is one delivery.
pub(super) struct Things {
    deliveries: Vec<Delivery>,
    heard: Vec<(i64, std::sync::Arc<domain::Witness>, Heard)>,
}

impl Things {
    pub(super) fn of(things: Vec<Thing>) -> Self {
        let mut rest = Delivery::new(Timestamp::default());
        let mut all = Self { deliveries: Vec::new(), heard: Vec::new() };
        for thing in things {
            match thing {
                Thing::Observation(it) => {
                    let last = all.deliveries.last_mut().filter(|last| last.received_at == it.received_at);
                    match last {
                        Some(last) => last.observed.push(it.observed),
                        None => {
                            let mut delivery = Delivery::new(it.received_at);
                            delivery.observed.push(it.observed);
                            all.deliveries.push(delivery);
                        }
                    }
                }
                Thing::Activity(it) => rest.activities.push(it),
                Thing::Folder(it) => rest.folders.push(it),
                Thing::PullRequest(it) => rest.pull_requests.push(it),
                Thing::Tally(it) => rest.tallies.push(it),
                Thing::Tag(it) => rest.tags.push(it),
                Thing::Reporter(it) => {
                    let (first_at, last_at) = (it.first_at.millis(), it.last_at.millis());
                    let heard = Heard { first_at, last_at, observations: 0, activities: 0 };
                    all.heard.push((ids::witness(&it.witness), it.witness, heard));
                }
            }
        }
        all.deliveries.push(rest);
        all
    }

    /// Stores them.
    pub(super) async fn store(
        &self,
        transaction: &Transaction<'_>,
        shared: &Shared,
    ) -> Result<(), StoreError> {
        accept::perform(transaction, shared, &self.deliveries, Hearing::ToldApart).await?;
        hear(transaction, &self.heard).await
    }
}

//! Deliveries go in, in one transaction.
//!
//! What waits together is done together: one search, one plan and one statement for
//! each kind of row, however many reporters sent it. What became of each delivery is
//! told apart afterwards.

use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::Transaction;
use domain::{Observed, PrLink, Service, SessionId, Timestamp, Whereabouts, Witness};

use super::booking::Booking;
use super::values::{Heard, Known, hear};
use super::{Shared, activities, observations, surroundings};
use crate::delivery::{Accepted, Delivery, SessionTag};
use crate::error::StoreError;
use crate::plan::ids::{self, Ids};
use crate::plan::rows::ObservationRow;
use crate::plan::{Plan, Search};
use crate::reading::News;

/// Whether who sent a delivery is noted as heard from when it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    Noted,
    /// That is told apart, as in the copy of a book.
    ToldApart,
}

/// What came of some deliveries.
pub(super) struct Outcome {
    /// Of each delivery.
    pub(super) accepted: Vec<Accepted>,
    pub(super) news: News,
    /// Known to be in the database as soon as the transaction is committed.
    pub(super) written: (Known<Whereabouts>, Known<Service>),
}

/// Stores deliveries. The caller ends the transaction.
pub(super) async fn perform(
    transaction: &Transaction<'_>,
    shared: &Shared,
    deliveries: &[Delivery],
    hearing: Hearing,
) -> Result<Outcome, StoreError> {
    let mut heard = Witnesses::of(deliveries, hearing);
    let mut booking = Booking::begin(transaction, shared).await?;
    store_surroundings(transaction, &mut booking, deliveries).await?;
    let all: Vec<_> = deliveries.iter().flat_map(|it| &it.activities).collect();
    for witness in activities::store(transaction, &all, &shared.calendar).await? {
        heard.add(witness, 0, 1);
    }
    let mut search = Search::from(deliveries.iter().flat_map(|it| &it.observed));
    observations::finish(&mut search, transaction, &shared.values).await?;
    let delivered: Vec<Observed> = deliveries.iter().flat_map(|it| &it.observed).cloned().collect();
    let known = search.into_observed();
    let plan = Plan::of(&known, delivered);
    let origins = origins(deliveries, &plan.fresh);
    store_fresh(transaction, &mut booking, (deliveries, &origins), &plan.fresh).await?;
    for observed in &plan.fresh {
        heard.add(ids::witness(&observed.witness), 1, 0);
    }
    booking.go(&plan.gone).await?;
    let accepted = accepted(deliveries, &origins, &plan, known.len());
    let news = come(&mut booking, &plan).await?;
    let written = booking.finish().await?;
    heard.store(transaction).await?;
    Ok(Outcome { accepted, news, written })
}

/// The number of the delivery that each of the new observations came with. They are in
/// the order in which they were delivered, each where it first stood.
fn origins(deliveries: &[Delivery], fresh: &[Observed]) -> Vec<usize> {
    let mut delivered = deliveries
        .iter()
        .enumerate()
        .flat_map(|(number, delivery)| delivery.observed.iter().map(move |it| (number, it)));
    fresh
        .iter()
        .filter_map(|new| delivered.find(|(_, observed)| *observed == new))
        .map(|(number, _)| number)
        .collect()
}

async fn store_fresh(
    transaction: &Transaction<'_>,
    booking: &mut Booking<'_>,
    (deliveries, origins): (&[Delivery], &[usize]),
    fresh: &[Observed],
) -> Result<(), StoreError> {
    let (mut whereabouts, mut services) = (Known::new(), Known::new());
    let (mut rows, mut ids) = (Vec::with_capacity(fresh.len()), Ids::default());
    for (observed, origin) in fresh.iter().zip(origins) {
        let received_at = deliveries.get(*origin).map_or_else(Timestamp::default, |it| it.received_at);
        let row = ObservationRow::of(observed, received_at, &mut ids)?;
        whereabouts.entry(row.whereabouts).or_insert_with(|| Arc::new(observed.whereabouts()));
        services.entry(row.service).or_insert_with(|| Arc::new(observed.call.figures.service()));
        rows.push(row);
    }
    booking.name(whereabouts, services).await?;
    observations::store(transaction, &rows).await
}

/// Puts the calls of a plan into the book.
async fn come(booking: &mut Booking<'_>, plan: &Plan) -> Result<News, StoreError> {
    let calls: Vec<_> = plan.come.iter().map(|it| &it.call).collect();
    let rows = booking.come(&calls).await?;
    let mut news = News::default();
    for (coming, row) in plan.come.iter().zip(rows) {
        let whereabouts = Arc::new(coming.call.whereabouts.clone());
        let service = Arc::new(coming.call.call.figures.service());
        let list = if coming.corrected { &mut news.corrected } else { &mut news.new };
        list.push(row.booked(&whereabouts, &service)?);
    }
    Ok(news)
}

/// What became of each delivery: a call that was not known is told to the delivery that
/// spoke of it first.
fn accepted(deliveries: &[Delivery], origins: &[usize], plan: &Plan, known: usize) -> Vec<Accepted> {
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let mut accepted: Vec<_> = deliveries
        .iter()
        .map(|delivery| Accepted { known: count(delivery.observed.len()), ..Accepted::default() })
        .collect();
    for origin in origins {
        if let Some(of) = accepted.get_mut(*origin) {
            of.known = of.known.saturating_sub(1);
            of.corrected = of.corrected.saturating_add(1);
        }
    }
    for coming in plan.come.iter().filter(|it| !it.corrected) {
        let first = coming.call.members.first().and_then(|member| member.checked_sub(known));
        let origin = first.and_then(|first| origins.get(first));
        if let Some(of) = origin.and_then(|origin| accepted.get_mut(*origin)) {
            of.corrected = of.corrected.saturating_sub(1);
            of.new = of.new.saturating_add(1);
        }
    }
    accepted
}

async fn store_surroundings(
    transaction: &Transaction<'_>,
    booking: &mut Booking<'_>,
    deliveries: &[Delivery],
) -> Result<(), StoreError> {
    let folders: Vec<_> = deliveries.iter().flat_map(|it| &it.folders).collect();
    let links: Vec<_> = deliveries.iter().flat_map(|it| &it.pull_requests).collect();
    let tags: Vec<_> = deliveries.iter().flat_map(|it| &it.tags).collect();
    let tallies: Vec<_> = deliveries.iter().flat_map(|it| &it.tallies).collect();
    surroundings::store_tallies(transaction, &tallies).await?;
    let mut changed = surroundings::store_folders(transaction, &folders).await?;
    let sessions = sessions(&links, &tags);
    if !sessions.is_empty() {
        let before = surroundings::said(transaction, &sessions).await?;
        changed |= surroundings::store_pull_requests(transaction, &links).await?;
        changed |= surroundings::store_tags(transaction, &tags).await?;
        booking.resettle(&before).await?;
    }
    if changed {
        surroundings::raise_version(transaction).await?;
    }
    Ok(())
}

/// The sessions that something is said of, each once.
fn sessions<'a>(links: &[&'a PrLink], tags: &[&'a SessionTag]) -> Vec<&'a str> {
    let links = links.iter().map(|it| &it.session);
    let tags = tags.iter().map(|it| &it.session);
    let mut sessions: Vec<_> = links.chain(tags).map(SessionId::as_str).collect();
    sessions.sort_unstable();
    sessions.dedup();
    sessions
}

/// Who is heard from.
struct Witnesses(HashMap<i64, (Arc<Witness>, Heard)>);

impl Witnesses {
    fn of(deliveries: &[Delivery], hearing: Hearing) -> Self {
        let mut all = Self(HashMap::new());
        for delivery in deliveries {
            let at = match hearing {
                Hearing::Noted => (delivery.received_at.millis(), delivery.received_at.millis()),
                Hearing::ToldApart => (i64::MAX, i64::MIN),
            };
            let observed = delivery.observed.iter().map(|it| &it.witness);
            let activities = delivery.activities.iter().map(|it| &it.witness);
            let mut last: Option<&Arc<Witness>> = None;
            for witness in delivery.witness.iter().chain(observed).chain(activities) {
                // Most of a delivery is of one witness, told by one and the same value.
                if last.is_none_or(|last| !Arc::ptr_eq(last, witness)) {
                    all.hear(witness, at);
                }
                last = Some(witness);
            }
        }
        all
    }

    fn hear(&mut self, witness: &Arc<Witness>, (first_at, last_at): (i64, i64)) {
        let silent = Heard { first_at, last_at, observations: 0, activities: 0 };
        let entry = self.0.entry(ids::witness(witness)).or_insert_with(|| (Arc::clone(witness), silent));
        entry.1.first_at = entry.1.first_at.min(first_at);
        entry.1.last_at = entry.1.last_at.max(last_at);
    }

    fn add(&mut self, witness: i64, observations: i64, activities: i64) {
        if let Some((_, heard)) = self.0.get_mut(&witness) {
            heard.observations = heard.observations.saturating_add(observations);
            heard.activities = heard.activities.saturating_add(activities);
        }
    }

    async fn store(self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let mut rows: Vec<_> =
            self.0.into_iter().map(|(id, (witness, heard))| (id, witness, heard)).collect();
        rows.sort_unstable_by_key(|(id, _, _)| *id);
        hear(transaction, &rows).await
    }
}

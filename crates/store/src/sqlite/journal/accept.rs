//! A delivery goes in, in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Timestamp, Witness};
use rusqlite::Connection;

use super::booking::{Booking, Writing, shared};
use super::values::{Heard, hear};
use super::{activities, observations, surroundings};
use crate::delivery::{Accepted, Delivery};
use crate::error::StoreError;
use crate::plan::ids::Ids;
use crate::plan::rows::ObservationRow;
use crate::plan::{Plan, Search};
use crate::reading::News;

/// Whether who sent a delivery is noted as heard from when it arrived.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    Noted,
    /// That is told apart, as in the copy of a book.
    ToldApart,
}

/// Stores a delivery. The caller ends the transaction.
pub(super) fn perform(
    connection: &Connection,
    writing: &mut Writing,
    delivery: &Delivery,
    hearing: Hearing,
) -> Result<(Accepted, News), StoreError> {
    let mut heard = Witnesses::of(delivery, hearing);
    let mut booking = Booking::begin(connection, writing)?;
    store_surroundings(connection, &mut booking, delivery)?;
    for activity in &delivery.activities {
        if activities::store(connection, activity, &booking.writing().calendar)? {
            heard.of_witness(&activity.witness).activities += 1;
        }
    }
    let received_at = delivery.received_at;
    let mut search = Search::from(&delivery.observed);
    observations::finish(&mut search, connection, &mut booking.writing().values)?;
    let plan = Plan::of(&search.into_observed(), delivery.observed.clone());
    let (mut rows, mut ids) = (Vec::with_capacity(plan.fresh.len()), Ids::default());
    for observed in &plan.fresh {
        let row = ObservationRow::of(observed, received_at, &mut ids)?;
        let (whereabouts, service) = (observed.whereabouts(), observed.call.figures.service());
        booking.name((row.whereabouts, &whereabouts), (row.service, &service))?;
        rows.push(row);
        heard.of_witness(&observed.witness).observations += 1;
    }
    observations::store(connection, &rows)?;
    let mut news = News::default();
    for gone in &plan.gone {
        booking.go(gone)?;
    }
    for coming in &plan.come {
        let row = booking.come(&coming.call)?;
        let service = Arc::new(coming.call.call.figures.service());
        let list = if coming.corrected { &mut news.corrected } else { &mut news.new };
        list.push(row.booked(&shared(&coming.call), &service)?);
    }
    booking.finish()?;
    heard.store(connection)?;
    Ok((plan.accepted, news))
}

fn store_surroundings(
    connection: &Connection,
    booking: &mut Booking<'_>,
    delivery: &Delivery,
) -> Result<(), StoreError> {
    let mut changed = false;
    for folder in &delivery.folders {
        changed |= surroundings::store_folder(connection, folder)?;
    }
    for link in &delivery.pull_requests {
        changed |= booking.say(&link.session, |it| surroundings::store_pull_request(it, link))?;
    }
    for tag in &delivery.tags {
        changed |= booking.say(&tag.session, |it| surroundings::store_tag(it, tag))?;
    }
    for tally in &delivery.tallies {
        surroundings::store_tally(connection, tally)?;
    }
    if changed {
        surroundings::raise_version(connection)?;
    }
    Ok(())
}

/// Who is heard from in a delivery.
struct Witnesses {
    heard: HashMap<Arc<Witness>, Heard>,
    at: Option<(Timestamp, Timestamp)>,
}

impl Witnesses {
    fn of(delivery: &Delivery, hearing: Hearing) -> Self {
        let at = delivery.received_at;
        let at = (hearing == Hearing::Noted).then_some((at, at));
        let mut all = Self { heard: HashMap::new(), at };
        let observed = delivery.observed.iter().map(|it| &it.witness);
        let activities = delivery.activities.iter().map(|it| &it.witness);
        for witness in delivery.witness.iter().chain(observed).chain(activities) {
            all.of_witness(witness);
        }
        all
    }

    fn of_witness(&mut self, witness: &Arc<Witness>) -> &mut Heard {
        let at = self.at;
        self.heard.entry(Arc::clone(witness)).or_insert_with(|| Heard { at, ..Heard::default() })
    }

    fn store(self, connection: &Connection) -> Result<(), StoreError> {
        self.heard.iter().try_for_each(|(witness, heard)| hear(connection, witness, *heard))
    }
}

//! Sums of the store laid out for `insight`: each with whom it belongs to, those that
//! the asker may not see left out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{Cell, OutputConfidence, QuarterHour, Seen, Service, Timestamp, Whereabouts};
use insight::{PlaceFacts, ServiceFacts, Sources};
use pricing::Pricer;
use store::{BookedCall, Cells, DayCells, Names};

use super::sight::Sight;
use super::surroundings::{Inquiry, Surroundings};

/// The sums of one question.
pub(super) struct Layout {
    /// The sums. `place` is a position in the places of [`Layout::with_places`].
    pub(super) cells: Vec<Cell>,
    /// Which kinds of source saw each.
    pub(super) seen: Vec<Seen>,
    /// By [`Cell::service`].
    pub(super) services: Vec<ServiceFacts>,
    pub(super) sources: Sources,
    surroundings: Arc<Surroundings>,
    /// The places of the sums and no other, for whoever may not see all that there are.
    own_places: Option<Vec<PlaceFacts>>,
    /// The numbers of [`Names`] that the cells had, of place and service.
    numbers: Vec<(u32, u32)>,
    names: Arc<Names>,
}

/// What a call and the sum that it is part of have alike.
pub(super) type Key = (QuarterHour, Arc<Whereabouts>, Arc<Service>, OutputConfidence);

/// The key of the sum that a call is part of.
pub(super) fn key_of(call: &BookedCall) -> Key {
    (call.at.quarter_hour(), Arc::clone(&call.whereabouts), Arc::clone(&call.service), call.output)
}

pub(super) fn lay_out(
    cells: &Cells,
    surroundings: &Arc<Surroundings>,
    sight: &Sight,
    pricer: &Pricer,
) -> Layout {
    let room = cells.days.iter().map(|it| it.cells.len()).sum();
    let mut laid = Layout {
        cells: Vec::with_capacity(room),
        seen: Vec::with_capacity(room),
        services: cells.names.services().iter().map(|it| ServiceFacts::of(it, pricer)).collect(),
        sources: Sources::default(),
        surroundings: Arc::clone(surroundings),
        own_places: None,
        numbers: Vec::with_capacity(room),
        names: Arc::clone(&cells.names),
    };
    surroundings.ask(|inquiry| {
        for day in &cells.days {
            laid.take(day, surroundings, inquiry, sight);
        }
    });
    if *sight != Sight::Everything {
        laid.forget_others();
    }
    laid.sources.newest = laid.newest();
    laid
}

impl Layout {
    fn take(
        &mut self,
        day: &DayCells,
        surroundings: &Surroundings,
        inquiry: &mut Inquiry<'_>,
        sight: &Sight,
    ) {
        let names = Arc::clone(&self.names);
        // Whether somebody may see a place is asked once a day.
        let mut in_sight: HashMap<u32, bool> = HashMap::new();
        for (cell, seen) in day.cells.iter().zip(&day.seen) {
            let Some(there) = usize::try_from(cell.place).ok().and_then(|it| names.whereabouts().get(it))
            else {
                continue;
            };
            let position = inquiry.position(cell.place, there, day.day, cell.quarter);
            let is_in_sight = *sight == Sight::Everything
                || *in_sight.entry(position).or_insert_with(|| {
                    let facts = inquiry.facts(position);
                    facts.is_some_and(|it| sight.sees(it, surroundings.directory(), day.day))
                });
            if is_in_sight {
                self.cells.push(Cell { place: position, ..*cell });
                self.seen.push(*seen);
                self.numbers.push((cell.place, cell.service));
            }
        }
    }

    /// Leaves out places and services that no sum is of: what there is besides is not for
    /// the asker to know, not even as a hint.
    fn forget_others(&mut self) {
        let (mut places, mut services) = (Vec::new(), Vec::new());
        let (mut new_place, mut new_service) = (HashMap::new(), HashMap::new());
        let answers = self.surroundings.answers();
        self.cells.retain_mut(|cell| {
            let place = renumbered(cell.place, answers.places(), &mut new_place, &mut places);
            let service = renumbered(cell.service, &self.services, &mut new_service, &mut services);
            place.zip(service).is_some_and(|(place, service)| {
                (cell.place, cell.service) = (place, service);
                true
            })
        });
        drop(answers);
        self.own_places = Some(places);
        self.services = services;
    }

    /// Lets somebody look at the places that the cells are of.
    pub(super) fn with_places<T>(&self, look: impl FnOnce(&[PlaceFacts]) -> T) -> T {
        match &self.own_places {
            Some(own) => look(own),
            None => look(self.surroundings.answers().places()),
        }
    }

    /// The newest quarter of an hour that has a sum.
    fn newest(&self) -> Option<Timestamp> {
        self.cells.iter().map(|it| it.quarter).max().map(QuarterHour::start)
    }

    /// The keys of the sums that are kept.
    pub(super) fn kept_keys(&self, kept: &[bool]) -> HashSet<Key> {
        let kept = self.cells.iter().zip(&self.numbers).zip(kept).filter(|it| *it.1).map(|it| it.0);
        let key = |(cell, (place, service)): (&Cell, &(u32, u32))| {
            let whereabouts = self.names.whereabouts().get(usize::try_from(*place).ok()?)?;
            let service = self.names.services().get(usize::try_from(*service).ok()?)?;
            Some((cell.quarter, Arc::clone(whereabouts), Arc::clone(service), cell.output))
        };
        kept.filter_map(key).collect()
    }
}

/// The new number of what stands at an old one; it is taken over when it is first met.
fn renumbered<T: Clone>(
    old: u32,
    all: &[T],
    known: &mut HashMap<u32, u32>,
    taken: &mut Vec<T>,
) -> Option<u32> {
    if let Some(&new) = known.get(&old) {
        return Some(new);
    }
    let value = all.get(usize::try_from(old).ok()?)?;
    let new = u32::try_from(taken.len()).ok()?;
    taken.push(value.clone());
    known.insert(old, new);
    Some(new)
}

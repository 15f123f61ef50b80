//! Sums of the store laid out for `insight`: each with whom it belongs to, those that
//! the asker may not see left out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{Cell, OutputConfidence, QuarterHour, Seen, Service, Whereabouts};
use insight::{ServiceFacts, Sources};
use pricing::Pricer;
use store::{BookedCall, Cells, DayCells, Names};

use super::sight::Sight;
use super::surroundings::{Inquiry, Surroundings};

/// The sums of one question.
pub(super) struct Layout {
    /// The sums. `place` is a position in [`Answers::places`][super::surroundings::Answers::places].
    pub(super) cells: Vec<Cell>,
    /// Which kinds of source saw each.
    pub(super) seen: Vec<Seen>,
    /// By [`Cell::service`].
    pub(super) services: Vec<ServiceFacts>,
    pub(super) sources: Sources,
    /// What the positions are of.
    pub(super) surroundings: Arc<Surroundings>,
    /// The numbers of [`Names`] that the cells had.
    numbers: Vec<u32>,
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
    sources: Sources,
    pricer: &Pricer,
) -> Layout {
    let room = cells.days.iter().map(|it| it.cells.len()).sum();
    let mut laid = Layout {
        cells: Vec::with_capacity(room),
        seen: Vec::with_capacity(room),
        services: cells.names.services().iter().map(|it| ServiceFacts::of(it, pricer)).collect(),
        sources,
        surroundings: Arc::clone(surroundings),
        numbers: Vec::with_capacity(room),
        names: Arc::clone(&cells.names),
    };
    surroundings.ask(|inquiry| {
        for day in &cells.days {
            laid.take(day, surroundings, inquiry, sight);
        }
    });
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
                self.numbers.push(cell.place);
            }
        }
    }

    /// The keys of the sums that are kept.
    pub(super) fn kept_keys(&self, kept: &[bool]) -> HashSet<Key> {
        let kept = self.cells.iter().zip(&self.numbers).zip(kept).filter(|it| *it.1).map(|it| it.0);
        let key = |(cell, number): (&Cell, &u32)| {
            let whereabouts = self.names.whereabouts().get(usize::try_from(*number).ok()?)?;
            let service = self.names.services().get(usize::try_from(cell.service).ok()?)?;
            Some((cell.quarter, Arc::clone(whereabouts), Arc::clone(service), cell.output))
        };
        kept.filter_map(key).collect()
    }
}

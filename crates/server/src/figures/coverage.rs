//! How complete the book is: which kinds of source saw how much of the spend.

use std::collections::BTreeMap;

use domain::{Dimension, Measures, NanoUsd, Overflow, Seen, SourceKind};
use insight::{PlaceFacts, UNKNOWN};
use jiff::tz::TimeZone;

use super::layout::Layout;

/// Coverage of everything that was asked for, and of its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// The parts, by their values.
    pub rows: BTreeMap<String, Covered>,
    /// All of them.
    pub total: Covered,
}

/// What was spent, and how much of it each kind of source saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Covered {
    /// Calls.
    pub calls: u64,
    /// What they cost.
    pub cost: NanoUsd,
    /// The kinds that saw some of it.
    pub seen: Seen,
    /// By kind, in the order of [`SourceKind::ALL`].
    pub by_kind: [CoveredBy; 5],
    /// Calls that one kind of source alone saw.
    pub seen_once: u64,
}

/// What one kind of source saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CoveredBy {
    /// Calls.
    pub calls: u64,
    /// What they cost.
    pub cost: NanoUsd,
}

impl Covered {
    fn add(&mut self, measures: &Measures, seen: Seen) -> Result<(), Overflow> {
        self.calls = self.calls.checked_add(measures.calls).ok_or(Overflow)?;
        self.cost = self.cost.plus(measures.cost)?;
        self.seen = self.seen.and(seen);
        if seen.kinds().count() == 1 {
            self.seen_once = self.seen_once.checked_add(measures.calls).ok_or(Overflow)?;
        }
        for (kind, by) in SourceKind::ALL.into_iter().zip(&mut self.by_kind) {
            if seen.has(kind) {
                by.calls = by.calls.checked_add(measures.calls).ok_or(Overflow)?;
                by.cost = by.cost.plus(measures.cost)?;
            }
        }
        Ok(())
    }
}

/// The coverage of what is kept, by one dimension: session, developer or day.
pub(super) fn of(
    by: Dimension,
    laid: &Layout,
    kept: &[bool],
    places: &[PlaceFacts],
    zone: &TimeZone,
) -> Result<Coverage, Overflow> {
    let mut coverage = Coverage::default();
    let cells = laid.cells.iter().zip(&laid.seen).zip(kept).filter(|it| *it.1).map(|it| it.0);
    for (cell, seen) in cells {
        let facts = usize::try_from(cell.place).ok().and_then(|it| places.get(it));
        let value = match (by, facts) {
            (Dimension::Day, _) => day(cell.quarter.start().millis(), zone),
            (Dimension::Session, Some(facts)) => facts.place.session.as_str().to_owned(),
            (_, Some(facts)) => {
                let developer = facts.attribution.developer.as_ref();
                developer.map_or_else(|| UNKNOWN.to_owned(), |it| it.value.as_str().to_owned())
            }
            (_, None) => UNKNOWN.to_owned(),
        };
        coverage.rows.entry(value).or_default().add(&cell.measures, *seen)?;
        coverage.total.add(&cell.measures, *seen)?;
    }
    Ok(coverage)
}

fn day(millis: i64, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| UNKNOWN.to_owned(), |it| it.to_zoned(zone.clone()).date().to_string())
}

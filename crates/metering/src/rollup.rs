//! Changes of the sums that reports read.
//!
//! A call that is new adds to one cell; a call that was corrected by a later
//! observation leaves the cell it stood in and enters another, or the same with
//! other figures. Both are signed changes, so sums can be kept without reading
//! anything again.

use std::collections::HashMap;
use std::hash::Hash;

use domain::{Measures, OutputConfidence, Overflow, QuarterHour};

/// Which cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// The quarter of an hour.
    pub quarter: QuarterHour,
    /// The number of the place.
    pub place: u32,
    /// The number of the service.
    pub service: u32,
    /// How far the output counts can be trusted.
    pub output: OutputConfidence,
}

/// By how much a cell changes: the figures of [`Measures`] in the order of
/// [`Change::FIELDS`], each with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change([i64; Self::FIELDS.len()]);

impl Change {
    /// The names of the figures.
    pub const FIELDS: [&'static str; 11] = [
        "calls",
        "unpriced_calls",
        "input",
        "output",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "reasoning",
        "web_searches",
        "list_nano_usd",
        "cost_nano_usd",
    ];

    /// The figures, in the order of [`Change::FIELDS`].
    #[must_use]
    pub const fn figures(&self) -> &[i64; Self::FIELDS.len()] {
        &self.0
    }

    /// By those figures.
    #[must_use]
    pub const fn new(figures: [i64; Self::FIELDS.len()]) -> Self {
        Self(figures)
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.iter().all(|figure| *figure == 0)
    }

    /// What one more of these measures changes.
    ///
    /// # Errors
    /// [`Overflow`] where a figure does not fit.
    pub fn from_measures(measures: &Measures) -> Result<Self, Overflow> {
        let whole = |count: u64| i64::try_from(count).map_err(|_| Overflow);
        let usage = &measures.usage;
        Ok(Self([
            whole(measures.calls)?,
            whole(measures.unpriced_calls)?,
            whole(usage.input.count())?,
            whole(usage.output.count())?,
            whole(usage.cache_read.count())?,
            whole(usage.cache_write_5m.count())?,
            whole(usage.cache_write_1h.count())?,
            whole(usage.reasoning.count())?,
            whole(usage.web_searches)?,
            measures.list.nano(),
            measures.cost.nano(),
        ]))
    }

    fn plus(&mut self, other: &Self) -> Result<(), Overflow> {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.checked_add(theirs).ok_or(Overflow)?;
        }
        Ok(())
    }

    fn minus(&mut self, other: &Self) -> Result<(), Overflow> {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.checked_sub(theirs).ok_or(Overflow)?;
        }
        Ok(())
    }
}

/// The changes of many cells.
#[derive(Debug)]
pub struct Changes<K = CellKey>(HashMap<K, Change>);

impl<K> Default for Changes<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Ord + Hash> Changes<K> {
    /// A call with these measures enters the cell.
    ///
    /// # Errors
    /// [`Overflow`] where a figure does not fit.
    pub fn enter(&mut self, cell: K, measures: &Measures) -> Result<(), Overflow> {
        self.0.entry(cell).or_default().plus(&Change::from_measures(measures)?)
    }

    /// A call with these measures leaves the cell.
    ///
    /// # Errors
    /// [`Overflow`] where a figure does not fit.
    pub fn leave(&mut self, cell: K, measures: &Measures) -> Result<(), Overflow> {
        self.0.entry(cell).or_default().minus(&Change::from_measures(measures)?)
    }

    /// All of `change` happens to the cell besides.
    ///
    /// # Errors
    /// [`Overflow`] where a figure does not fit.
    pub fn add(&mut self, cell: K, change: &Change) -> Result<(), Overflow> {
        self.0.entry(cell).or_default().plus(change)
    }

    /// The opposite of `change` happens to the cell besides.
    ///
    /// # Errors
    /// [`Overflow`] where a figure does not fit.
    pub fn take_back(&mut self, cell: K, change: &Change) -> Result<(), Overflow> {
        self.0.entry(cell).or_default().minus(change)
    }

    /// Takes out what is left of them, in the order of their cells.
    pub fn take(&mut self) -> Vec<(K, Change)> {
        let mut all: Vec<_> = self.0.drain().filter(|(_, change)| !change.is_none()).collect();
        all.sort_unstable_by_key(|(cell, _)| *cell);
        all
    }
}

#[cfg(test)]
mod tests {
    use domain::{NanoUsd, Tokens, Usage};

    use super::*;

    fn cell(place: u32) -> CellKey {
        CellKey { quarter: QuarterHour::new(1), place, service: 0, output: OutputConfidence::Final }
    }

    fn one(output: u64, nano: i64) -> Measures {
        Measures {
            calls: 1,
            unpriced_calls: 0,
            usage: Usage { output: Tokens::new(output), ..Usage::ZERO },
            list: NanoUsd::new(nano),
            cost: NanoUsd::new(nano),
        }
    }

    #[test]
    fn a_corrected_call_moves_from_cell_to_cell() {
        let mut changes = Changes::default();
        changes.enter(cell(1), &one(5, 50)).unwrap();
        changes.leave(cell(1), &one(5, 50)).unwrap();
        changes.enter(cell(2), &one(9, 90)).unwrap();
        let taken = changes.take();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].0, cell(2));
        assert_eq!(taken[0].1.figures(), &[1, 0, 0, 9, 0, 0, 0, 0, 0, 90, 90]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut changes = Changes::default();
        assert_eq!(changes.enter(cell(1), &one(u64::MAX, 0)), Err(Overflow));
    }
}

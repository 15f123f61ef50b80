//! Sums that were read before, by day: most days never change again.
//!
//! Each day has a stamp that another one replaces whenever its sums change, in the same
//! transaction. A day that is asked for again is read again only if its stamp is another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Cell, Day, Measures, NanoUsd, QuarterHour, Seen, Service, Whereabouts};

use crate::calendar::Calendar;
use crate::error::StoreError;
use crate::plan::SumKey;
use crate::plan::rows::{code, seen, usage};
use crate::reading::{DayCells, Grain, Names};

/// Sums that are remembered, at about 130 bytes each; those of the days that nobody
/// asked for the longest time go first.
const MOST_CELLS: usize = 1_500_000;

/// A sum as an engine reads it: its key and figures in the order of their columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SumRow {
    pub(crate) key: SumKey,
    pub(crate) figures: [i64; 11],
}

/// What is remembered by one process.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    names: Arc<Names>,
    whereabouts: HashMap<i64, u32>,
    services: HashMap<i64, u32>,
    days: HashMap<(Grain, Day), Remembered>,
    cells: usize,
    asked: u64,
}

struct Remembered {
    stamp: i64,
    asked: u64,
    cells: Arc<DayCells>,
}

impl Memory {
    /// The sums of a day, if they are still those of that stamp.
    pub(crate) fn recall(&self, grain: Grain, day: Day, stamp: i64) -> Option<Arc<DayCells>> {
        let mut inner = self.inner();
        inner.asked = inner.asked.saturating_add(1);
        let asked = inner.asked;
        let kept = inner.days.get_mut(&(grain, day)).filter(|kept| kept.stamp == stamp)?;
        kept.asked = asked;
        Some(Arc::clone(&kept.cells))
    }

    /// The ids of whereabouts and services in these sums that have no number yet.
    pub(crate) fn unknown(&self, rows: &[SumRow]) -> (Vec<i64>, Vec<i64>) {
        let inner = self.inner();
        let missing = |known: &HashMap<i64, u32>, id: fn(&SumKey) -> i64| {
            let mut ids: Vec<i64> =
                rows.iter().map(|row| id(&row.key)).filter(|id| !known.contains_key(id)).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        (missing(&inner.whereabouts, |key| key.whereabouts), missing(&inner.services, |key| key.service))
    }

    /// Gives numbers to whereabouts and services.
    pub(crate) fn learn(
        &self,
        whereabouts: Vec<(i64, Arc<Whereabouts>)>,
        services: Vec<(i64, Arc<Service>)>,
    ) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let inner = &mut *inner;
        // Whoever reads has a copy of what was known when it began.
        let names = Arc::make_mut(&mut inner.names);
        number(&mut names.whereabouts, &mut inner.whereabouts, whereabouts)?;
        number(&mut names.services, &mut inner.services, services)
    }

    /// Remembers the sums of a day. All ids in them have a number.
    pub(crate) fn keep(
        &self,
        calendar: &Calendar,
        day: (Grain, Day, i64),
        rows: &[SumRow],
    ) -> Result<Arc<DayCells>, StoreError> {
        let (grain, day, stamp) = day;
        let first = calendar.first_quarter(day);
        let whole_day = match grain {
            Grain::Session => without_quarters(rows)?,
            Grain::Quarter | Grain::Day => Vec::new(),
        };
        let rows = if grain == Grain::Session { &*whole_day } else { rows };
        let mut inner = self.inner();
        let mut cells =
            DayCells { day, cells: Vec::with_capacity(rows.len()), seen: Vec::with_capacity(rows.len()) };
        for row in rows {
            let quarter = match grain {
                Grain::Quarter => QuarterHour::new(row.key.period),
                Grain::Session | Grain::Day => first,
            };
            cells.cells.push(inner.cell(quarter, row)?);
            cells.seen.push(seen_by(row)?);
        }
        let cells = Arc::new(cells);
        inner.remember((grain, day), stamp, &cells);
        Ok(cells)
    }

    /// What all numbers stand for.
    pub(crate) fn names(&self) -> Arc<Names> {
        Arc::clone(&self.inner().names)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn cell(&self, quarter: QuarterHour, row: &SumRow) -> Result<Cell, StoreError> {
        let numbered = |known: &HashMap<i64, u32>, id: i64, what: &'static str| {
            known.get(&id).copied().ok_or_else(|| StoreError::Unknown { what, value: id.to_string() })
        };
        let [calls, unpriced, input, output, read, five, hour, reasoning, searches, list, cost] = row.figures;
        let count = |column: i64| {
            u64::try_from(column)
                .map_err(|_| StoreError::Unknown { what: "a count", value: column.to_string() })
        };
        Ok(Cell {
            quarter,
            place: numbered(&self.whereabouts, row.key.whereabouts, "the whereabouts of a sum")?,
            service: numbered(&self.services, row.key.service, "the service of a sum")?,
            output: code(row.key.confidence)?,
            measures: Measures {
                calls: count(calls)?,
                unpriced_calls: count(unpriced)?,
                usage: usage(&[input, output, read, five, hour, reasoning, searches])?,
                list: NanoUsd::new(list),
                cost: NanoUsd::new(cost),
            },
        })
    }

    fn remember(&mut self, key: (Grain, Day), stamp: i64, cells: &Arc<DayCells>) {
        self.asked = self.asked.saturating_add(1);
        let remembered = Remembered { stamp, asked: self.asked, cells: Arc::clone(cells) };
        if let Some(before) = self.days.insert(key, remembered) {
            self.cells = self.cells.saturating_sub(before.cells.cells.len());
        }
        self.cells = self.cells.saturating_add(cells.cells.len());
        if self.cells > MOST_CELLS {
            self.forget();
        }
    }

    /// Forgets what nobody asked for the longest, down to three quarters of the limit.
    fn forget(&mut self) {
        let mut oldest: Vec<(u64, (Grain, Day))> =
            self.days.iter().map(|(key, kept)| (kept.asked, *key)).collect();
        oldest.sort_unstable();
        for (_, key) in oldest {
            if self.cells <= MOST_CELLS / 4 * 3 {
                break;
            }
            if let Some(gone) = self.days.remove(&key) {
                self.cells = self.cells.saturating_sub(gone.cells.cells.len());
            }
        }
    }
}

/// Sums by quarter of an hour added up, whenever in the day they are of.
fn without_quarters(rows: &[SumRow]) -> Result<Vec<SumRow>, StoreError> {
    let mut sums: HashMap<SumKey, [i64; 11]> = HashMap::new();
    for row in rows {
        let sum = sums.entry(SumKey { period: 0, ..row.key }).or_default();
        for (sum, figure) in sum.iter_mut().zip(row.figures) {
            *sum = sum.checked_add(figure).ok_or(domain::Overflow)?;
        }
    }
    Ok(sums.into_iter().map(|(key, figures)| SumRow { key, figures }).collect())
}

fn seen_by(row: &SumRow) -> Result<Seen, StoreError> {
    seen(row.key.seen)
}

fn number<T>(
    all: &mut Vec<Arc<T>>,
    numbers: &mut HashMap<i64, u32>,
    new: Vec<(i64, Arc<T>)>,
) -> Result<(), StoreError> {
    for (id, value) in new {
        if let std::collections::hash_map::Entry::Vacant(place) = numbers.entry(id) {
            place.insert(u32::try_from(all.len()).map_err(|_| domain::Overflow)?);
            all.push(value);
        }
    }
    Ok(())
}

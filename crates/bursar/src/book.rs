//! The journal's sums with everything that is known about their places and
//! services: what reports read.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use attribution::{Known, attribute};
use domain::{Cell, Place, QuarterHour, Service, Tool};
use ingest::Problem;
use insight::{Book, PlaceFacts, Provenance, Query, ServiceFacts, Sources, ToolSource, kept_cells};
use metering::CellKey;
use pricing::Pricer;
use store::Journal;

use crate::knowledge::Knowledge;
use crate::opened::Opened;

/// Everything that a report reads, and owns.
pub(crate) struct OwnedBook {
    cells: Vec<Cell>,
    places: Vec<PlaceFacts>,
    services: Vec<ServiceFacts>,
    sources: Sources,
    price_book: String,
    /// The journal's keys of the cells, in their order.
    keys: Vec<CellKey>,
}

impl OwnedBook {
    /// All sums of the journal, attributed.
    pub(crate) fn of(opened: &mut Opened) -> Result<Self> {
        let cells = opened.journal.cells(&mut opened.meter)?;
        let sources =
            sources(&opened.journal, &opened.scanned.unreadable.iter().map(|it| it.0.clone()).collect())?;
        let knowledge = Knowledge::gather(opened)?;
        let pricer = opened.meter.pricer();
        let price_book = pricer.digest().to_owned();
        let (places, services) = opened.journal.interned()?;
        let key = |cell: &Cell| CellKey {
            quarter: cell.quarter,
            place: cell.place,
            service: cell.service,
            output: cell.output,
        };
        let mut book = Self {
            keys: cells.iter().map(key).collect(),
            cells,
            places: Vec::with_capacity(places.len()),
            services: Vec::with_capacity(services.len()),
            sources,
            price_book,
        };
        book.attribute(places, &knowledge.known(&opened.rules))?;
        book.resolve(services, pricer)?;
        book.sources.newest = book.cells.last().map(|cell| cell.quarter.start());
        Ok(book)
    }

    /// For `insight`.
    pub(crate) fn book(&self) -> Book<'_> {
        Book { cells: &self.cells, places: &self.places, services: &self.services }
    }

    pub(crate) fn provenance(&self) -> Provenance<'_> {
        Provenance { sources: &self.sources, price_book: &self.price_book }
    }

    /// The journal's keys of the cells that a question keeps.
    pub(crate) fn kept(&self, query: &Query) -> Result<HashSet<CellKey>> {
        let kept = kept_cells(query, &self.book())?;
        Ok(self.keys.iter().zip(kept).filter(|(_, kept)| *kept).map(|(key, _)| *key).collect())
    }

    /// Attributes every cell's place: once, or, where its branch had several pull
    /// requests, at every quarter of an hour.
    fn attribute(&mut self, places: &[Arc<Place>], known: &Known<'_>) -> Result<()> {
        let mut positions: HashMap<(u32, Option<QuarterHour>), u32> = HashMap::new();
        for cell in &mut self.cells {
            let place = numbered(places, cell.place)?;
            let at = known.pull_requests.depend_on_time(place).then_some(cell.quarter);
            let position = *positions.entry((cell.place, at)).or_insert_with(|| {
                let attribution = attribute(place, cell.quarter, known);
                self.places.push(PlaceFacts { place: Place::clone(place), attribution });
                u32::try_from(self.places.len().saturating_sub(1)).unwrap_or(u32::MAX)
            });
            cell.place = position;
        }
        Ok(())
    }

    fn resolve(&mut self, services: &[Arc<Service>], pricer: &Pricer) -> Result<()> {
        let mut positions: HashMap<u32, u32> = HashMap::new();
        for cell in &mut self.cells {
            let service = numbered(services, cell.service)?;
            cell.service = *positions.entry(cell.service).or_insert_with(|| {
                self.services.push(ServiceFacts::of(service, pricer));
                u32::try_from(self.services.len().saturating_sub(1)).unwrap_or(u32::MAX)
            });
        }
        Ok(())
    }
}

/// What the journal gave a number, which counts from 1.
fn numbered<T>(all: &[T], number: u32) -> Result<&T> {
    let place = usize::try_from(number).ok().and_then(|it| it.checked_sub(1));
    place
        .and_then(|it| all.get(it))
        .ok_or_else(|| anyhow!("the store is damaged: it sums calls of the unknown number {number}"))
}

/// What was read, by tool, and what could not be.
pub(crate) fn sources(journal: &Journal, unreadable: &HashSet<PathBuf>) -> Result<Sources> {
    let mut sources = Sources::default();
    let known = journal.sources_by_tool()?;
    for tool in Tool::ALL {
        let of_tool = known.iter().filter(|it| it.0 == tool);
        sources.tools.extend(of_tool.map(|&(tool, files, bytes)| ToolSource { tool, files, bytes }));
    }
    let mut files: HashSet<PathBuf> = unreadable.clone();
    for (path, kind, count, _) in journal.problems()? {
        if kind == Problem::Unreadable.name() {
            files.insert(path);
        } else {
            sources.problem_records = sources.problem_records.saturating_add(count);
        }
    }
    sources.unreadable_files = u64::try_from(files.len()).unwrap_or(u64::MAX);
    Ok(sources)
}

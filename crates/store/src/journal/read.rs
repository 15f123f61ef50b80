//! What reports and explanations read.

use std::path::PathBuf;
use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Branch, Call, CallKey, Cell, Measures, NanoUsd, Origin, Place, PrLink, Price, PricedCall, QuarterHour,
    RequestId, Service, SessionId, SessionTally, Tool, TurnId, Unpriced, Usage,
};
use metering::{CellKey, Meter};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Journal;
use super::code::Code as _;
use super::columns::Columns;
use super::interned::Interned;
use super::sources::{TALLY_COLUMNS, path_from, tally};
use super::tools;
use crate::error::StoreError;

/// A call and the file that its figures were read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRow {
    /// The call, priced.
    pub priced: PricedCall,
    /// The file.
    pub file: Option<PathBuf>,
}

/// Places and services in the order of their numbers, which count from 1.
pub type Interning<'a> = (&'a [Arc<Place>], &'a [Arc<Service>]);

/// How often the store is priced again before a quarrel about prices is given up.
const REPRICINGS: usize = 5;
/// Calls that are priced again in one transaction.
const REPRICED_AT_ONCE: usize = 8_192;

const CALL_COLUMNS: &str =
    "key, request, at, place, service, confidence, input, output, cache_read, cache_write_5m,
    cache_write_1h, reasoning, web_searches, reported_nano, figures_lineage, figures_at, source, offset,
    owner_lineage, owner_at, list_nano, cost_nano, unpriced, turn, tools";

impl Journal {
    /// All sums, in the order of time, priced by `meter`. Where the store was priced
    /// with something else, its calls are priced again first.
    ///
    /// # Errors
    /// [`StoreError::PricesInDispute`], and where the database fails.
    pub fn cells(&mut self, meter: &mut Meter) -> Result<Vec<Cell>, StoreError> {
        for _ in 0..REPRICINGS {
            let moment = self.connection.unchecked_transaction()?;
            if super::write::is_priced_with(&moment, meter.pricer().digest())? {
                return all_cells(&moment);
            }
            moment.finish()?;
            self.reprice(meter)?;
        }
        Err(StoreError::PricesInDispute)
    }

    /// What all calls since a quarter of an hour cost, and how many have no price.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn spent_since(&self, from: QuarterHour) -> Result<(NanoUsd, u64), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(cost_nano), 0), coalesce(sum(unpriced_calls), 0) FROM cell WHERE quarter >= ?1",
        )?;
        let mut rows = statement.query([from.number()])?;
        rows.next()?.map_or(Ok((NanoUsd::ZERO, 0)), spent)
    }

    /// What a session cost, how many of its calls have no price, and where its last
    /// call was made; nothing where it has none.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn spent_in_session(
        &mut self,
        session: &SessionId,
    ) -> Result<Option<(NanoUsd, u64, Arc<Place>)>, StoreError> {
        self.interned.refresh(&self.connection)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(cost_nano), 0), count(unpriced), place, max(at)
             FROM call WHERE place IN (SELECT id FROM place WHERE session = ?1) HAVING count(*) > 0",
        )?;
        let mut rows = statement.query([session.as_str()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (cost, unpriced) = spent(row)?;
        Ok(self.interned.places.value(row.get(2)?).map(|place| (cost, unpriced, Arc::clone(place))))
    }

    /// All places and services.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn interned(&mut self) -> Result<Interning<'_>, StoreError> {
        self.interned.refresh(&self.connection)?;
        Ok((self.interned.places.all(), self.interned.services.all()))
    }

    /// All sessions, each put together from the files that know of it: counts of
    /// steps are added up; turns, active time and the like are those of the file
    /// that knows most, as subagents work beside their session, not after it.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn sessions(&self) -> Result<Vec<SessionTally>, StoreError> {
        let sql = format!("SELECT {TALLY_COLUMNS} FROM tally ORDER BY tool, session, first_at, source");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut sessions: Vec<SessionTally> = Vec::new();
        while let Some(row) = rows.next()? {
            let part = tally(row)?;
            match sessions.last_mut() {
                Some(last) if last.tool == part.tool && last.session == part.session => last.join(&part),
                _ => sessions.push(part),
            }
        }
        Ok(sessions)
    }

    /// All pull requests.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn pull_requests(&self) -> Result<Vec<PrLink>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT tool, session, url, number, branch, first_at, last_at FROM pull_request
             ORDER BY session, first_at, url, branch",
        )?;
        let mut rows = statement.query([])?;
        let mut links = Vec::new();
        while let Some(row) = rows.next()? {
            links.push(pull_request(row)?);
        }
        Ok(links)
    }

    /// One call by its key.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn call(&mut self, key: &str) -> Result<Option<CallRow>, StoreError> {
        self.interned.refresh(&self.connection)?;
        let Some(priced) = call(&self.connection, &self.interned, key)? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached("SELECT path FROM source WHERE id = ?1")?;
        let path = statement.query_row([priced.call.figures.origin.file], |row| row.get(0)).optional()?;
        Ok(Some(CallRow { priced, file: path.map(path_from) }))
    }

    /// The keys and sessions that begin with a text: for a user who typed a part.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn names_beginning(&self, text: &str, limit: u32) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let end = format!("{text}\u{10FFFF}");
        let find = |sql: &str| -> Result<Vec<String>, StoreError> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![text, end, limit], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let calls = find("SELECT key FROM call WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3")?;
        let sessions = find(
            "SELECT DISTINCT session FROM place WHERE session >= ?1 AND session < ?2 ORDER BY session LIMIT ?3",
        )?;
        Ok((calls, sessions))
    }

    /// All calls of a session, in the order of time.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn calls_of_session(&mut self, session: &SessionId) -> Result<Vec<PricedCall>, StoreError> {
        self.interned.refresh(&self.connection)?;
        let sql = format!(
            "SELECT {CALL_COLUMNS} FROM call WHERE place IN (SELECT id FROM place WHERE session = ?1) ORDER BY at, key"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([session.as_str()])?;
        let mut calls = Vec::new();
        while let Some(row) = rows.next()? {
            calls.push(priced_call(row, &self.interned)?);
        }
        Ok(calls)
    }

    /// Hands every call to `each`, with the cell that it is summed in, in no order.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn for_each_call(&mut self, each: &mut dyn FnMut(CellKey, PricedCall)) -> Result<(), StoreError> {
        self.interned.refresh(&self.connection)?;
        let mut statement = self.connection.prepare_cached(&format!("SELECT {CALL_COLUMNS} FROM call"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let priced = priced_call(row, &self.interned)?;
            let (quarter, output) = (priced.call.at.quarter_hour(), priced.call.figures.output);
            each(CellKey { quarter, place: row.get(3)?, service: row.get(4)?, output }, priced);
        }
        Ok(())
    }
}

/// One call by its key.
pub(super) fn call(
    connection: &Connection,
    interned: &Interned,
    key: &str,
) -> Result<Option<PricedCall>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {CALL_COLUMNS} FROM call WHERE key = ?1"))?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(|row| priced_call(row, interned)).transpose()
}

/// Some calls that were priced with something else, in the order of their keys
/// behind one.
pub(super) fn calls_with_other_prices(
    connection: &Connection,
    interned: &Interned,
    prices: i64,
    behind: &str,
) -> Result<Vec<PricedCall>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {CALL_COLUMNS} FROM call WHERE prices <> ?1 AND key > ?2 ORDER BY key LIMIT {REPRICED_AT_ONCE}"
    ))?;
    let mut rows = statement.query(params![prices, behind])?;
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        calls.push(priced_call(row, interned)?);
    }
    Ok(calls)
}

pub(super) fn pull_request(row: &Row<'_>) -> Result<PrLink, StoreError> {
    let mut columns = Columns::of(row);
    Ok(PrLink {
        tool: columns.named("tool", Tool::from_name)?,
        session: columns.text(SessionId::new)?,
        url: columns.text(|text| Arc::from(text))?,
        number: columns.count()?,
        branch: Some(columns.text(Branch::new)?).filter(|branch| !branch.as_str().is_empty()),
        first_at: columns.moment()?,
        last_at: columns.moment()?,
    })
}

fn priced_call(row: &Row<'_>, interned: &Interned) -> Result<PricedCall, StoreError> {
    let mut columns = Columns::of(row);
    let key = columns.text(CallKey::new)?;
    let request = columns.maybe_text(RequestId::new)?;
    let at = columns.moment()?;
    let place: u32 = columns.value()?;
    let missing = |what| StoreError::Unknown { what, value: format!("the number of call {key}") };
    let place = interned.places.value(place).ok_or_else(|| missing("a place"))?;
    let service: u32 = columns.value()?;
    let service = interned.services.value(service).ok_or_else(|| missing("a service"))?;
    let output = columns.code()?;
    let usage = usage(&mut columns)?;
    let figures = Figures {
        model: service.model.clone(),
        provider: service.provider.clone(),
        usage,
        terms: service.terms,
        output,
        reported_cost: columns.value::<Option<i64>>()?.map(NanoUsd::new),
        lineage: columns.code()?,
        at: columns.moment()?,
        origin: Origin { file: columns.value()?, offset: columns.bits()? },
    };
    let (lineage, owned_at) = (columns.code()?, columns.moment()?);
    let amounts = (columns.value::<Option<i64>>()?, columns.value::<Option<i64>>()?);
    let unpriced: Option<i64> = columns.value()?;
    let price = match amounts {
        (Some(list), Some(cost)) => Ok(Price { list: NanoUsd::new(list), contract: NanoUsd::new(cost) }),
        _ => Err(Unpriced::from_code(unpriced.unwrap_or(-1))?),
    };
    let turn = columns.value::<Option<i64>>()?.map(|it| TurnId::new(it.cast_unsigned()));
    let tools = columns.maybe_text(|text| tools::of_text(Some(text)))?.transpose()?.unwrap_or_default();
    let owner = Owner { place: Arc::clone(place), turn, lineage, at: owned_at };
    Ok(PricedCall { call: Call { key, request, at, figures, owner, tools }, price })
}

fn spent(row: &Row<'_>) -> Result<(NanoUsd, u64), StoreError> {
    let mut columns = Columns::of(row);
    Ok((NanoUsd::new(columns.value()?), columns.count()?))
}

fn all_cells(connection: &Connection) -> Result<Vec<Cell>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT quarter, place, service, confidence, calls, unpriced_calls, input, output, cache_read,
                cache_write_5m, cache_write_1h, reasoning, web_searches, list_nano, cost_nano
         FROM cell",
    )?;
    let mut rows = statement.query([])?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        cells.push(cell(row)?);
    }
    Ok(cells)
}

fn cell(row: &Row<'_>) -> Result<Cell, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Cell {
        quarter: QuarterHour::new(columns.value()?),
        place: columns.value()?,
        service: columns.value()?,
        output: columns.code()?,
        measures: Measures {
            calls: columns.count()?,
            unpriced_calls: columns.count()?,
            usage: usage(&mut columns)?,
            list: NanoUsd::new(columns.value()?),
            cost: NanoUsd::new(columns.value()?),
        },
    })
}

fn usage(columns: &mut Columns<'_>) -> Result<Usage, StoreError> {
    Ok(Usage {
        input: columns.tokens()?,
        output: columns.tokens()?,
        cache_read: columns.tokens()?,
        cache_write_5m: columns.tokens()?,
        cache_write_1h: columns.tokens()?,
        reasoning: columns.tokens()?,
        web_searches: columns.count()?,
    })
}

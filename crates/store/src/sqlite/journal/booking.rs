//! One transaction on calls: calls enter and leave, and the sums go with them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{PricedCall, Service, SessionId, Whereabouts};
use metering::{Assembled, Meter};
use rusqlite::Connection;

use super::values::{Values, store_service, store_whereabouts};
use super::{calls, sums, surroundings};
use crate::calendar::Calendar;
use crate::error::StoreError;
use crate::plan::ids::Ids;
use crate::plan::rows::{CallRow, to_price};
use crate::plan::site::Said;
use crate::plan::{Stand, Sums};

/// What the thread that writes keeps from one transaction to the next. None of it is
/// wrong after a transaction that did not happen.
pub(super) struct Writing {
    pub(super) meter: Meter,
    pub(super) calendar: Calendar,
    pub(super) values: Values,
}

/// Calls that enter and leave in one transaction.
pub(super) struct Booking<'a> {
    connection: &'a Connection,
    writing: &'a mut Writing,
    prices: i64,
    sums: Sums,
    said: HashMap<SessionId, Said>,
    stands: HashMap<i64, Stand>,
    /// Calls that entered, to be written together.
    rows: Vec<CallRow>,
    /// Ids of whereabouts and services that this transaction made sure of.
    named: HashSet<i64>,
    ids: Ids,
}

impl<'a> Booking<'a> {
    pub(super) fn begin(connection: &'a Connection, writing: &'a mut Writing) -> Result<Self, StoreError> {
        let prices = prices_number(connection, writing.meter.pricer().digest())?;
        let (said, stands, named) = (HashMap::new(), HashMap::new(), HashSet::new());
        let (sums, rows) = (Sums::default(), Vec::new());
        Ok(Self { connection, writing, prices, sums, said, stands, rows, named, ids: Ids::default() })
    }

    /// Writes whereabouts and a service that a row of this transaction names.
    pub(super) fn name(
        &mut self,
        whereabouts: (i64, &Whereabouts),
        service: (i64, &Service),
    ) -> Result<(), StoreError> {
        if self.named.insert(whereabouts.0) {
            store_whereabouts(self.connection, whereabouts.0, whereabouts.1)?;
        }
        if self.named.insert(service.0) {
            store_service(self.connection, service.0, service.1)?;
        }
        Ok(())
    }

    pub(super) const fn writing(&mut self) -> &mut Writing {
        self.writing
    }

    /// The number of the prices in force.
    pub(super) const fn prices(&self) -> i64 {
        self.prices
    }

    /// Prices a call and puts it into the book.
    pub(super) fn come(&mut self, it: &Assembled) -> Result<CallRow, StoreError> {
        let priced = self.writing.meter.price(it.call.clone());
        let row = CallRow::of(it, &priced, self.prices, &mut self.ids)?;
        let service = it.call.figures.service();
        self.name((row.whereabouts, &it.whereabouts), (row.service, &service))?;
        self.settle(&row, &it.whereabouts, true)?;
        self.rows.push(row.clone());
        Ok(row)
    }

    /// Takes a call out of the book. One that is not there is none to take out: a check
    /// tells of it.
    pub(super) fn go(&mut self, it: &Assembled) -> Result<(), StoreError> {
        let Some(row) = calls::row(self.connection, &it.id)? else { return Ok(()) };
        calls::delete(self.connection, &it.id)?;
        let whereabouts = self.writing.values.whereabouts(self.connection, row.whereabouts)?;
        self.settle(&row, &whereabouts, false)
    }

    /// Prices a call again.
    pub(super) fn reprice(&mut self, row: CallRow) -> Result<(), StoreError> {
        let whereabouts = self.writing.values.whereabouts(self.connection, row.whereabouts)?;
        let service = self.writing.values.service(self.connection, row.service)?;
        self.settle(&row, &whereabouts, false)?;
        let priced = self.writing.meter.price(to_price(&row, &whereabouts, &service)?);
        let row = repriced(row, &priced, self.prices);
        self.settle(&row, &whereabouts, true)?;
        self.rows.push(row);
        Ok(())
    }

    /// Sums up a call that is in the book already.
    pub(super) fn sum(&mut self, row: &CallRow) -> Result<(), StoreError> {
        let whereabouts = self.writing.values.whereabouts(self.connection, row.whereabouts)?;
        self.settle(row, &whereabouts, true)
    }

    /// Something is said of a session: its calls may move to other sites.
    pub(super) fn say(
        &mut self,
        session: &SessionId,
        write: impl FnOnce(&Connection) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let before = surroundings::said(self.connection, session)?;
        let changed = write(self.connection)?;
        let after = surroundings::said(self.connection, session)?;
        if before == after {
            return Ok(changed);
        }
        self.said.remove(session);
        for id in calls::whereabouts_of(self.connection, session.as_str())? {
            self.stands.remove(&id);
            let whereabouts = self.writing.values.whereabouts(self.connection, id)?;
            let (from, to) = (Stand::of(&whereabouts, before), Stand::of(&whereabouts, after));
            if from.id() != to.id() {
                for row in calls::of_whereabouts(self.connection, id)? {
                    self.sums.resettle(&row, (&from, &to), &self.writing.calendar)?;
                }
            }
        }
        Ok(changed)
    }

    /// Writes the calls, and what all of it changed in the sums.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        calls::store(self.connection, &self.rows)?;
        sums::apply(self.connection, &self.sums.finish(&self.writing.calendar))
    }

    fn settle(&mut self, row: &CallRow, whereabouts: &Whereabouts, enters: bool) -> Result<(), StoreError> {
        let said = match self.said.get(&whereabouts.place.session) {
            Some(said) => *said,
            None => {
                let session = whereabouts.place.session.clone();
                let said = surroundings::said(self.connection, &session)?;
                self.said.insert(session, said);
                said
            }
        };
        let stand = self.stands.entry(row.whereabouts).or_insert_with(|| Stand::of(whereabouts, said));
        if enters {
            self.sums.enter(row, stand, &self.writing.calendar)
        } else {
            self.sums.leave(row, stand, &self.writing.calendar)
        }
    }
}

fn repriced(row: CallRow, priced: &PricedCall, prices: i64) -> CallRow {
    use crate::journal::code::Code as _;
    let price = priced.price.as_ref();
    CallRow {
        prices,
        list: price.ok().map(|it| it.list.nano()),
        cost: price.ok().map(|it| it.contract.nano()),
        unpriced: price.err().map(|reason| reason.code()),
        ..row
    }
}

/// The number of a price book and contract.
fn prices_number(connection: &Connection, digest: &str) -> Result<i64, StoreError> {
    use rusqlite::OptionalExtension as _;
    let mut known = connection.prepare_cached("SELECT id FROM prices WHERE digest = ?1")?;
    if let Some(id) = known.query_row([digest], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    connection.prepare_cached("INSERT INTO prices (digest) VALUES (?1)")?.execute([digest])?;
    Ok(known.query_row([digest], |row| row.get(0))?)
}

/// Whether some calls were priced with other prices.
pub(super) fn has_other_prices(connection: &Connection, digest: &str) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM prices WHERE digest <> ?1)")?;
    Ok(statement.query_row([digest], |row| row.get(0))?)
}

/// Whereabouts as news carry them.
pub(super) fn shared(it: &Assembled) -> Arc<Whereabouts> {
    Arc::new(it.whereabouts.clone())
}

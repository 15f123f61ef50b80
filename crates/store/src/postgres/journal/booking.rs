//! One transaction on calls: calls enter and leave, and the sums go with them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use deadpool_postgres::Transaction;
use domain::{Call, PricedCall, Service, SessionId, Whereabouts};
use metering::{Assembled, CallId};

use super::Shared;
use super::values::{self, Known, store_services, store_whereabouts};
use super::{calls, sums, surroundings};
use crate::error::StoreError;
use crate::plan::ids::Ids;
use crate::plan::rows::{CallRow, to_price};
use crate::plan::site::Said;
use crate::plan::{Stand, Sums};

/// Calls that enter and leave in one transaction.
pub(super) struct Booking<'a> {
    transaction: &'a Transaction<'a>,
    shared: &'a Shared,
    prices: i64,
    sums: Sums,
    said: HashMap<SessionId, Said>,
    stands: HashMap<i64, Stand>,
    /// Written by this transaction, so known to be there once it is committed.
    whereabouts: Known<Whereabouts>,
    services: Known<Service>,
}

impl<'a> Booking<'a> {
    pub(super) async fn begin(
        transaction: &'a Transaction<'a>,
        shared: &'a Shared,
    ) -> Result<Self, StoreError> {
        let prices = prices_number(transaction, &shared.digest).await?;
        let (said, stands) = (HashMap::new(), HashMap::new());
        let (whereabouts, services) = (Known::new(), Known::new());
        Ok(Self { transaction, shared, prices, sums: Sums::default(), said, stands, whereabouts, services })
    }

    /// The number of the prices in force.
    pub(super) const fn prices(&self) -> i64 {
        self.prices
    }

    /// Writes whereabouts and services that rows of this transaction name.
    pub(super) async fn name(
        &mut self,
        whereabouts: Known<Whereabouts>,
        services: Known<Service>,
    ) -> Result<(), StoreError> {
        let new = |id: &i64| !self.whereabouts.contains_key(id);
        let mut fresh = self.shared.values.unknown(&whereabouts);
        fresh.retain(|(id, _)| new(id));
        store_whereabouts(self.transaction, &fresh).await?;
        self.whereabouts.extend(whereabouts);
        let new = |id: &i64| !self.services.contains_key(id);
        let mut fresh = self.shared.values.unknown(&services);
        fresh.retain(|(id, _)| new(id));
        store_services(self.transaction, &fresh).await?;
        self.services.extend(services);
        Ok(())
    }

    /// Prices calls and puts them into the book.
    pub(super) async fn come(&mut self, calls: &[&Assembled]) -> Result<Vec<CallRow>, StoreError> {
        let priced = self.price(calls.iter().map(|it| it.call.clone()).collect());
        let (mut whereabouts, mut services) = (Known::new(), Known::new());
        let (mut rows, mut ids) = (Vec::with_capacity(calls.len()), Ids::default());
        for (it, priced) in calls.iter().zip(&priced) {
            let row = CallRow::of(it, priced, self.prices, &mut ids)?;
            whereabouts.entry(row.whereabouts).or_insert_with(|| Arc::new(it.whereabouts.clone()));
            services.entry(row.service).or_insert_with(|| Arc::new(it.call.figures.service()));
            rows.push(row);
        }
        self.name(whereabouts.clone(), services).await?;
        calls::store(self.transaction, &rows).await?;
        self.settle(&rows, &whereabouts, true).await?;
        Ok(rows)
    }

    /// Takes calls out of the book. One that is not there is none to take out: a check
    /// tells of it.
    pub(super) async fn go(&mut self, calls: &[Assembled]) -> Result<(), StoreError> {
        if calls.is_empty() {
            return Ok(());
        }
        let ids: Vec<CallId> = calls.iter().map(|it| it.id).collect();
        let rows = calls::rows(self.transaction, &ids).await?;
        calls::delete(self.transaction, &ids).await?;
        let whereabouts = self.whereabouts_of(&rows).await?;
        self.settle(&rows, &whereabouts, false).await
    }

    /// Prices calls again.
    pub(super) async fn reprice(&mut self, rows: Vec<CallRow>) -> Result<(), StoreError> {
        let whereabouts = self.whereabouts_of(&rows).await?;
        let ids = rows.iter().map(|row| row.service);
        let services = self.shared.values.load::<Service>(self.transaction, ids).await?;
        self.settle(&rows, &whereabouts, false).await?;
        let calls = rows.iter().map(|row| {
            to_price(row, values::of(&whereabouts, row.whereabouts)?, values::of(&services, row.service)?)
        });
        let priced = self.price(calls.collect::<Result<_, StoreError>>()?);
        let ids: Vec<CallId> = rows.iter().map(|row| row.id).collect();
        let rows: Vec<_> =
            rows.into_iter().zip(&priced).map(|(row, priced)| repriced(row, priced, self.prices)).collect();
        calls::delete(self.transaction, &ids).await?;
        calls::store(self.transaction, &rows).await?;
        self.settle(&rows, &whereabouts, true).await
    }

    /// Sums up calls that are in the book already.
    pub(super) async fn sum(&mut self, rows: &[CallRow]) -> Result<(), StoreError> {
        let whereabouts = self.whereabouts_of(rows).await?;
        self.settle(rows, &whereabouts, true).await
    }

    /// What is said of some sessions has changed from `before`: their calls may move to
    /// other sites.
    pub(super) async fn resettle(&mut self, before: &HashMap<SessionId, Said>) -> Result<(), StoreError> {
        let sessions: Vec<&str> = before.keys().map(SessionId::as_str).collect();
        let mut after = surroundings::said(self.transaction, &sessions).await?;
        after.retain(|session, said| before.get(session) != Some(said));
        if after.is_empty() {
            return Ok(());
        }
        let sessions: Vec<&str> = after.keys().map(SessionId::as_str).collect();
        let rows = calls::of_sessions(self.transaction, &sessions).await?;
        let whereabouts = self.whereabouts_of(&rows).await?;
        let mut stands: HashMap<i64, (Stand, Stand)> = HashMap::new();
        for (id, it) in &whereabouts {
            let said =
                |all: &HashMap<SessionId, Said>| all.get(&it.place.session).copied().unwrap_or_default();
            stands.insert(*id, (Stand::of(it, said(before)), Stand::of(it, said(&after))));
        }
        for row in &rows {
            if let Some((from, to)) = stands.get(&row.whereabouts)
                && from.id() != to.id()
            {
                self.sums.resettle(row, (from, to), &self.shared.calendar)?;
            }
        }
        Ok(())
    }

    /// Writes what all of it changed in the sums. Returns what is known to be in the
    /// database as soon as the transaction is committed.
    pub(super) async fn finish(mut self) -> Result<(Known<Whereabouts>, Known<Service>), StoreError> {
        let changes = self.sums.finish(&self.shared.calendar);
        sums::apply(self.transaction, &self.shared.values, &changes).await?;
        self.whereabouts.extend(changes.sites);
        Ok((self.whereabouts, self.services))
    }

    async fn whereabouts_of(&self, rows: &[CallRow]) -> Result<Known<Whereabouts>, StoreError> {
        self.shared.values.load(self.transaction, rows.iter().map(|row| row.whereabouts)).await
    }

    fn price(&self, calls: Vec<Call>) -> Vec<PricedCall> {
        let mut meter = self.shared.meter.lock().unwrap_or_else(PoisonError::into_inner);
        calls.into_iter().map(|call| meter.price(call)).collect()
    }

    async fn settle(
        &mut self,
        rows: &[CallRow],
        whereabouts: &Known<Whereabouts>,
        enter: bool,
    ) -> Result<(), StoreError> {
        let sessions = whereabouts.values().map(|it| &it.place.session);
        let mut unknown: Vec<&str> =
            sessions.filter(|session| !self.said.contains_key(session)).map(SessionId::as_str).collect();
        unknown.sort_unstable();
        unknown.dedup();
        self.said.extend(surroundings::said(self.transaction, &unknown).await?);
        for row in rows {
            let it = values::of(whereabouts, row.whereabouts)?;
            let said = self.said.get(&it.place.session).copied().unwrap_or_default();
            let stand = self.stands.entry(row.whereabouts).or_insert_with(|| Stand::of(it, said));
            if enter {
                self.sums.enter(row, stand, &self.shared.calendar)?;
            } else {
                self.sums.leave(row, stand, &self.shared.calendar)?;
            }
        }
        Ok(())
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
async fn prices_number(transaction: &Transaction<'_>, digest: &str) -> Result<i64, StoreError> {
    let known = transaction.prepare_cached("SELECT id FROM journal.prices WHERE digest = $1").await?;
    if let Some(row) = transaction.query_opt(&known, &[&digest]).await? {
        return Ok(row.try_get(0)?);
    }
    let add = transaction
        .prepare_cached(
            "INSERT INTO journal.prices (id, digest)
             SELECT coalesce(max(id), 0) + 1, $1 FROM journal.prices RETURNING id",
        )
        .await?;
    Ok(transaction.query_one(&add, &[&digest]).await?.try_get(0)?)
}

/// Whether some calls were priced with other prices.
pub(super) async fn has_other_prices(
    transaction: &Transaction<'_>,
    digest: &str,
) -> Result<bool, StoreError> {
    let statement =
        transaction.prepare_cached("SELECT EXISTS (SELECT 1 FROM journal.prices WHERE digest <> $1)").await?;
    Ok(transaction.query_one(&statement, &[&digest]).await?.try_get(0)?)
}

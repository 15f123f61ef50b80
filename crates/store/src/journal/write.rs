//! Calls go in: joined with what is known, priced, and summed, in one transaction.

use domain::{Call, Measures, PrLink, Price, PricedCall};
use metering::{CellKey, Changes, Meter, join};
use rusqlite::{Connection, TransactionBehavior, params};

use super::Journal;
use super::code::Code;
use super::columns::signed;
use super::interned::Interned;
use super::outbox::{About, Outbox};
use super::read;
use super::sources::{SourceReading, store_reading};
use super::tools;
use crate::error::StoreError;

/// What one transaction stores.
#[derive(Debug, Default)]
pub struct Batch {
    /// Calls, each as far as this batch knows it.
    pub calls: Vec<Call>,
    /// Pull requests.
    pub pull_requests: Vec<PrLink>,
    /// Files that were read to their end. Their calls are in this batch or in an earlier one.
    pub readings: Vec<SourceReading>,
}

/// What a transaction changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Calls that were not known.
    pub new_calls: u64,
    /// Calls of which more is known now.
    pub corrected_calls: u64,
}

impl Journal {
    /// Stores a batch: all of it or, on an error, nothing.
    ///
    /// # Errors
    /// Where the database fails or a figure does not fit.
    pub fn write(&mut self, meter: &mut Meter, batch: &Batch) -> Result<Written, StoreError> {
        let outcome = self.write_in_transaction(meter, batch);
        if outcome.is_err() {
            // Numbers that were given in a transaction that did not happen.
            self.interned = Interned::default();
        }
        outcome
    }

    fn write_in_transaction(&mut self, meter: &mut Meter, batch: &Batch) -> Result<Written, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.interned.refresh(&transaction)?;
        let prices = prices_number(&transaction, meter.pricer().digest())?;
        let mut writer = Writer::new(&transaction, &mut self.interned, meter, prices);
        let outbox = Outbox::of(&transaction)?;
        let mut written = Written::default();
        for call in &batch.calls {
            if writer.call(call, &mut written)? {
                outbox.put(About::Call, &[call.key.as_str()])?;
            }
        }
        writer.sums()?;
        for link in &batch.pull_requests {
            store_pull_request(&transaction, link)?;
            outbox.put(About::PullRequest, &[link.session.as_str(), &link.url])?;
        }
        for reading in &batch.readings {
            store_reading(&transaction, outbox, reading)?;
        }
        transaction.commit()?;
        Ok(written)
    }

    /// Prices all calls that were priced with something else than `meter` has, and
    /// brings the sums up to date, a part at a time. Returns how many.
    ///
    /// # Errors
    /// Where the database fails or a figure does not fit.
    pub fn reprice(&mut self, meter: &mut Meter) -> Result<u64, StoreError> {
        if is_priced_with(&self.connection, meter.pricer().digest())? {
            return Ok(0);
        }
        let mut behind = String::new();
        let mut repriced = 0_u64;
        loop {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            self.interned.refresh(&transaction)?;
            let prices = prices_number(&transaction, meter.pricer().digest())?;
            let stale = read::calls_with_other_prices(&transaction, &self.interned, prices, &behind)?;
            let Some(last) = stale.last() else {
                transaction.execute("DELETE FROM prices WHERE id NOT IN (SELECT prices FROM call)", [])?;
                transaction.commit()?;
                return Ok(repriced);
            };
            behind = last.call.key.as_str().to_owned();
            let mut writer = Writer::new(&transaction, &mut self.interned, meter, prices);
            for known in &stale {
                let priced = writer.meter.price(known.call.clone());
                writer.store(Some(known), &priced)?;
            }
            writer.sums()?;
            transaction.commit()?;
            repriced = repriced.saturating_add(u64::try_from(stale.len()).unwrap_or(u64::MAX));
        }
    }
}

struct Writer<'a> {
    connection: &'a Connection,
    interned: &'a mut Interned,
    meter: &'a mut Meter,
    prices: i64,
    changes: Changes,
}

impl<'a> Writer<'a> {
    fn new(
        connection: &'a Connection,
        interned: &'a mut Interned,
        meter: &'a mut Meter,
        prices: i64,
    ) -> Self {
        Self { connection, interned, meter, prices, changes: Changes::default() }
    }

    /// Stores a call, joined with what is known of it; whether that changed anything.
    fn call(&mut self, call: &Call, written: &mut Written) -> Result<bool, StoreError> {
        let known = read::call(self.connection, self.interned, call.key.as_str())?;
        let joined = match &known {
            Some(known) => join(known.call.clone(), call.clone()),
            None => call.clone(),
        };
        match &known {
            Some(known) if known.call == joined => return Ok(false),
            Some(_) => written.corrected_calls = written.corrected_calls.saturating_add(1),
            None => written.new_calls = written.new_calls.saturating_add(1),
        }
        let priced = self.meter.price(joined);
        self.store(known.as_ref(), &priced)?;
        Ok(true)
    }

    /// Stores a call in place of what was known of it, and moves it in the sums.
    fn store(&mut self, known: Option<&PricedCall>, priced: &PricedCall) -> Result<(), StoreError> {
        if let Some(known) = known {
            let (cell, _, _) = self.cell(known)?;
            self.changes.leave(cell, &Measures::of(known))?;
        }
        let (cell, place, service) = self.cell(priced)?;
        self.changes.enter(cell, &Measures::of(priced))?;
        self.upsert(priced, place, service)
    }

    fn cell(&mut self, priced: &PricedCall) -> Result<(CellKey, u32, u32), StoreError> {
        let call = &priced.call;
        let place = self.interned.place(self.connection, &call.owner.place)?;
        let service = self.interned.service(self.connection, call.figures.service())?;
        let cell = CellKey { quarter: call.at.quarter_hour(), place, service, output: call.figures.output };
        Ok((cell, place, service))
    }

    fn upsert(&self, priced: &PricedCall, place: u32, service: u32) -> Result<(), StoreError> {
        let call = &priced.call;
        let figures = &call.figures;
        let usage = &figures.usage;
        let amount = |pick: fn(&Price) -> i64| priced.price.as_ref().ok().map(pick);
        let mut statement = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO call VALUES
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
              ?24, ?25, ?26)",
        )?;
        statement.execute(params![
            call.key.as_str(),
            call.request.as_ref().map(domain::RequestId::as_str),
            call.at.millis(),
            place,
            service,
            figures.output.code(),
            signed(usage.input.count())?,
            signed(usage.output.count())?,
            signed(usage.cache_read.count())?,
            signed(usage.cache_write_5m.count())?,
            signed(usage.cache_write_1h.count())?,
            signed(usage.reasoning.count())?,
            signed(usage.web_searches)?,
            figures.reported_cost.map(domain::NanoUsd::nano),
            figures.lineage.code(),
            figures.at.millis(),
            figures.origin.file,
            figures.origin.offset.cast_signed(),
            call.owner.lineage.code(),
            call.owner.at.millis(),
            self.prices,
            amount(|price| price.list.nano()),
            amount(|price| price.contract.nano()),
            priced.price.as_ref().err().map(|reason| reason.code()),
            call.owner.turn.map(|turn| turn.fingerprint().cast_signed()),
            tools::to_text(&call.tools),
        ])?;
        Ok(())
    }

    /// Applies the changes of the sums.
    fn sums(&mut self) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO cell VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (quarter, place, service, confidence) DO UPDATE SET
                calls = calls + excluded.calls,
                unpriced_calls = unpriced_calls + excluded.unpriced_calls,
                input = input + excluded.input,
                output = output + excluded.output,
                cache_read = cache_read + excluded.cache_read,
                cache_write_5m = cache_write_5m + excluded.cache_write_5m,
                cache_write_1h = cache_write_1h + excluded.cache_write_1h,
                reasoning = reasoning + excluded.reasoning,
                web_searches = web_searches + excluded.web_searches,
                list_nano = list_nano + excluded.list_nano,
                cost_nano = cost_nano + excluded.cost_nano",
        )?;
        let mut emptied = self.connection.prepare_cached(
            "DELETE FROM cell WHERE quarter = ?1 AND place = ?2 AND service = ?3 AND confidence = ?4 AND calls = 0",
        )?;
        for (cell, change) in self.changes.take() {
            let [calls, unpriced, input, output, read, five, hour, reasoning, searches, list, cost] =
                *change.figures();
            let (quarter, confidence) = (cell.quarter.number(), cell.output.code());
            statement.execute(params![
                quarter,
                cell.place,
                cell.service,
                confidence,
                calls,
                unpriced,
                input,
                output,
                read,
                five,
                hour,
                reasoning,
                searches,
                list,
                cost
            ])?;
            if calls < 0 {
                emptied.execute(params![quarter, cell.place, cell.service, confidence])?;
            }
        }
        Ok(())
    }
}

/// Whether all calls are priced with that and nothing else. Nothing is priced with
/// nothing.
pub(super) fn is_priced_with(connection: &Connection, digest: &str) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT digest FROM prices")?;
    let digests = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(digests.iter().all(|known| known == digest))
}

/// The number of a price book and contract.
fn prices_number(connection: &Connection, digest: &str) -> Result<i64, StoreError> {
    connection
        .prepare_cached("INSERT INTO prices (digest) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([digest])?;
    let mut statement = connection.prepare_cached("SELECT id FROM prices WHERE digest = ?1")?;
    Ok(statement.query_row([digest], |row| row.get(0))?)
}

fn store_pull_request(connection: &Connection, link: &PrLink) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO pull_request (session, url, branch, branch_at, tool, number, first_at, last_at)
         VALUES (?1, ?2, ?3, ?6, ?4, ?5, ?6, ?7)
         ON CONFLICT (session, url) DO UPDATE SET
            branch = CASE WHEN (branch = '', branch_at) > (excluded.branch = '', excluded.branch_at)
                     THEN excluded.branch ELSE branch END,
            branch_at = CASE WHEN (branch = '', branch_at) > (excluded.branch = '', excluded.branch_at)
                     THEN excluded.branch_at ELSE branch_at END,
            first_at = min(first_at, excluded.first_at),
            last_at = max(last_at, excluded.last_at)",
    )?;
    statement.execute(params![
        link.session.as_str(),
        &*link.url,
        link.branch.as_ref().map_or("", domain::Branch::as_str),
        link.tool.name(),
        signed(link.number)?,
        link.first_at.millis(),
        link.last_at.millis(),
    ])?;
    Ok(())
}

//! Observations: written once, never changed.

use domain::{CallKey, RequestId};
use metering::assemble::TOLERANCE_MILLIS;
use rusqlite::{Connection, Row, Statement, params};

use super::values::Values;
use crate::error::StoreError;
use crate::journal::columns::Columns;
use crate::plan::rows::ObservationRow;
use crate::plan::{Ask, Search};
use crate::reading::Evidence;

/// The slots of the index of counts, as the statements have it. What is looked for lies in
/// three of them.
const SLOT_MILLIS: i64 = 5_000;
const _: () = assert!(TOLERANCE_MILLIS <= SLOT_MILLIS, "two tolerances reach over more than three slots");

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT number, key, naming, request, key_hash, request_hash, tokens_hash, at, received_at,
                witness, whereabouts, service, confidence, input, output, cache_read, cache_write_5m,
                cache_write_1h, reasoning, web_searches, reported_nano, figures_lineage, figures_at,
                owner_lineage, owner_at, file, offset, turn, tools FROM observation ",
            $rest
        )
    };
}

/// Writes some.
pub(super) fn store(connection: &Connection, rows: &[ObservationRow]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO observation
            (key, naming, request, key_hash, request_hash, tokens_hash, at, received_at, witness,
             whereabouts, service, confidence, input, output, cache_read, cache_write_5m, cache_write_1h,
             reasoning, web_searches, reported_nano, figures_lineage, figures_at, owner_lineage, owner_at,
             file, offset, turn, tools)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                 ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)",
    )?;
    rows.iter().try_for_each(|row| insert(&mut statement, row))
}

fn insert(statement: &mut Statement<'_>, row: &ObservationRow) -> Result<(), StoreError> {
    let [input, output, read, five, hour, reasoning, searches] = row.counts;
    statement.execute(params![
        row.key.as_str(),
        row.naming,
        row.request.as_ref().map(RequestId::as_str),
        row.key_hash,
        row.request_hash,
        row.tokens_hash,
        row.at,
        row.received_at,
        row.witness,
        row.whereabouts,
        row.service,
        row.confidence,
        input,
        output,
        read,
        five,
        hour,
        reasoning,
        searches,
        row.reported,
        row.figures_lineage,
        row.figures_at,
        row.owner_lineage,
        row.owner_at,
        row.file,
        row.offset,
        row.turn,
        row.tools,
    ])?;
    Ok(())
}

/// Goes on with a search until it ends.
pub(super) fn finish(
    search: &mut Search,
    connection: &Connection,
    values: &mut Values,
) -> Result<(), StoreError> {
    let mut by_key = connection.prepare_cached(select!("WHERE key_hash = ?1"))?;
    let mut by_request = connection.prepare_cached(select!("WHERE request_hash = ?1"))?;
    let mut by_tokens = connection.prepare_cached(select!(
        "WHERE at / 5000 IN (?4, ?4 + 1, ?4 + 2) AND tokens_hash = ?1 AND at BETWEEN ?2 AND ?3"
    ))?;
    loop {
        let asks = search.next();
        if asks.is_empty() {
            return Ok(());
        }
        for ask in asks {
            let mut rows = match ask {
                Ask::Key(hash) => by_key.query([hash])?,
                Ask::Request(hash) => by_request.query([hash])?,
                Ask::Tokens(hash, (from, to), _) => {
                    by_tokens.query([hash, from, to, from.div_euclid(SLOT_MILLIS)])?
                }
            };
            while let Some(row) = rows.next()? {
                // A session may count the same again and again: of its own kind nothing is read.
                if let Ask::Tokens(_, _, kind) = ask
                    && values.witness(connection, row.get("witness")?)?.source == kind
                {
                    continue;
                }
                let (number, row) = observation(row)?;
                if !search.has(number) {
                    search.found(number, evidence(row, connection, values)?)?;
                }
            }
        }
    }
}

/// Some of them behind a number, in the order of their numbers.
pub(super) fn behind(
    connection: &Connection,
    values: &mut Values,
    number: i64,
    limit: i64,
) -> Result<Vec<(i64, Evidence)>, StoreError> {
    let mut statement = connection.prepare_cached(select!("WHERE number > ?1 ORDER BY number LIMIT ?2"))?;
    let mut rows = statement.query([number, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, row) = observation(row)?;
        found.push((number, evidence(row, connection, values)?));
    }
    Ok(found)
}

/// What a row says.
fn evidence(
    row: ObservationRow,
    connection: &Connection,
    values: &mut Values,
) -> Result<Evidence, StoreError> {
    let witness = values.witness(connection, row.witness)?;
    let whereabouts = values.whereabouts(connection, row.whereabouts)?;
    let service = values.service(connection, row.service)?;
    row.evidence(&witness, &whereabouts, &service)
}

fn observation(row: &Row<'_>) -> Result<(i64, ObservationRow), StoreError> {
    let mut columns = Columns::of(row);
    let number = columns.value()?;
    let row = ObservationRow {
        key: columns.text(CallKey::new)?,
        naming: columns.value()?,
        request: columns.maybe_text(RequestId::new)?,
        key_hash: columns.value()?,
        request_hash: columns.value()?,
        tokens_hash: columns.value()?,
        at: columns.value()?,
        received_at: columns.value()?,
        witness: columns.value()?,
        whereabouts: columns.value()?,
        service: columns.value()?,
        confidence: columns.value()?,
        counts: counts(&mut columns)?,
        reported: columns.value()?,
        figures_lineage: columns.value()?,
        figures_at: columns.value()?,
        owner_lineage: columns.value()?,
        owner_at: columns.value()?,
        file: columns.value()?,
        offset: columns.value()?,
        turn: columns.value()?,
        tools: columns.value()?,
    };
    Ok((number, row))
}

/// Token counts in the order of their columns.
pub(super) fn counts(columns: &mut Columns<'_>) -> Result<[i64; 7], StoreError> {
    let mut counts = [0; 7];
    for count in &mut counts {
        *count = columns.value()?;
    }
    Ok(counts)
}

//! Observations: written once, never changed.

use deadpool_postgres::Transaction;
use domain::{CallKey, RequestId, Service, Whereabouts, Witness};
use tokio_postgres::Row;

use super::values::{self, Values};
use crate::error::StoreError;
use crate::plan::rows::ObservationRow;
use crate::plan::{Ask, Search};
use crate::postgres::columns::{Columns, column};
use crate::reading::Evidence;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT number, key, naming, request, key_hash, request_hash, tokens_hash, observation.at,
                received_at, witness, whereabouts, service, confidence, input, output, cache_read,
                cache_write_5m, cache_write_1h, reasoning, web_searches, reported_nano, figures_lineage,
                figures_at, owner_lineage, owner_at, file, file_offset FROM ",
            $rest
        )
    };
}

/// Writes some, under the numbers behind the last one.
pub(super) async fn store(transaction: &Transaction<'_>, rows: &[ObservationRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = transaction
        .prepare_cached(
            "INSERT INTO journal.observation
                (number, key, naming, request, key_hash, request_hash, tokens_hash, at, received_at, witness,
                 whereabouts, service, confidence, input, output, cache_read, cache_write_5m, cache_write_1h,
                 reasoning, web_searches, reported_nano, figures_lineage, figures_at, owner_lineage, owner_at,
                 file, file_offset)
             SELECT last.number + ordinality, key, naming, request, key_hash, request_hash, tokens_hash, at,
                 received_at, witness, whereabouts, service, confidence, input, output, cache_read,
                 cache_write_5m, cache_write_1h, reasoning, web_searches, reported_nano, figures_lineage,
                 figures_at, owner_lineage, owner_at, file, file_offset
             FROM (SELECT coalesce(max(number), 0) AS number FROM journal.observation) AS last,
                 unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
                     $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[],
                     $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[],
                     $25::bigint[], $26::bigint[])
                 WITH ORDINALITY
                 AS new (key, naming, request, key_hash, request_hash, tokens_hash, at, received_at, witness,
                     whereabouts, service, confidence, input, output, cache_read, cache_write_5m,
                     cache_write_1h, reasoning, web_searches, reported_nano, figures_lineage, figures_at,
                     owner_lineage, owner_at, file, file_offset, ordinality)",
        )
        .await?;
    let [input, output, read, five, hour, reasoning, searches] = counts(rows, |row| &row.counts);
    transaction
        .execute(
            &statement,
            &[
                &column(rows, |row| row.key.as_str()),
                &column(rows, |row| row.naming),
                &column(rows, |row| row.request.as_ref().map(RequestId::as_str)),
                &column(rows, |row| row.key_hash),
                &column(rows, |row| row.request_hash),
                &column(rows, |row| row.tokens_hash),
                &column(rows, |row| row.at),
                &column(rows, |row| row.received_at),
                &column(rows, |row| row.witness),
                &column(rows, |row| row.whereabouts),
                &column(rows, |row| row.service),
                &column(rows, |row| row.confidence),
                &input,
                &output,
                &read,
                &five,
                &hour,
                &reasoning,
                &searches,
                &column(rows, |row| row.reported),
                &column(rows, |row| row.figures_lineage),
                &column(rows, |row| row.figures_at),
                &column(rows, |row| row.owner_lineage),
                &column(rows, |row| row.owner_at),
                &column(rows, |row| row.file),
                &column(rows, |row| row.offset),
            ],
        )
        .await?;
    Ok(())
}

/// Goes on with a search until it ends.
pub(super) async fn finish(
    search: &mut Search,
    transaction: &Transaction<'_>,
    values: &Values,
) -> Result<(), StoreError> {
    loop {
        let asks = search.next();
        if asks.is_empty() {
            return Ok(());
        }
        let mut found = Vec::new();
        for row in ask(transaction, &asks).await? {
            let (number, row) = observation(&row)?;
            if !search.has(number) {
                found.push((number, row));
            }
        }
        for (number, evidence) in evidence(found, transaction, values).await? {
            search.found(number, evidence)?;
        }
    }
}

/// Rows that are asked for; one that is meant in several ways comes several times.
async fn ask(transaction: &Transaction<'_>, asks: &[Ask]) -> Result<Vec<Row>, StoreError> {
    let (mut keys, mut requests) = (Vec::new(), Vec::new());
    let (mut tokens, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
    for ask in asks {
        match *ask {
            Ask::Key(hash) => keys.push(hash),
            Ask::Request(hash) => requests.push(hash),
            Ask::Tokens(hash, first, last) => {
                tokens.push(hash);
                from.push(first);
                to.push(last);
            }
        }
    }
    let mut rows = Vec::new();
    if !keys.is_empty() {
        let sql = select!("journal.observation WHERE key_hash = ANY ($1)");
        rows.extend(transaction.query(&transaction.prepare_cached(sql).await?, &[&keys]).await?);
    }
    if !requests.is_empty() {
        let sql = select!("journal.observation WHERE request_hash = ANY ($1)");
        rows.extend(transaction.query(&transaction.prepare_cached(sql).await?, &[&requests]).await?);
    }
    if !tokens.is_empty() {
        let sql = select!(
            "unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS asked (hash, first, last)
             JOIN journal.observation
                 ON tokens_hash = asked.hash AND observation.at BETWEEN asked.first AND asked.last"
        );
        rows.extend(
            transaction.query(&transaction.prepare_cached(sql).await?, &[&tokens, &from, &to]).await?,
        );
    }
    Ok(rows)
}

/// Some of them behind a number, in the order of their numbers.
pub(super) async fn behind(
    transaction: &Transaction<'_>,
    values: &Values,
    number: i64,
    limit: i64,
) -> Result<Vec<(i64, Evidence)>, StoreError> {
    let sql = select!("journal.observation WHERE number > $1 ORDER BY number LIMIT $2");
    let rows = transaction.query(&transaction.prepare_cached(sql).await?, &[&number, &limit]).await?;
    let rows = rows.iter().map(observation).collect::<Result<_, _>>()?;
    evidence(rows, transaction, values).await
}

/// What rows say.
async fn evidence(
    rows: Vec<(i64, ObservationRow)>,
    transaction: &Transaction<'_>,
    values: &Values,
) -> Result<Vec<(i64, Evidence)>, StoreError> {
    let witnesses = values.load::<Witness>(transaction, rows.iter().map(|(_, row)| row.witness)).await?;
    let whereabouts =
        values.load::<Whereabouts>(transaction, rows.iter().map(|(_, row)| row.whereabouts)).await?;
    let services = values.load::<Service>(transaction, rows.iter().map(|(_, row)| row.service)).await?;
    let said = rows.into_iter().map(|(number, row)| {
        let witness = values::of(&witnesses, row.witness)?;
        let whereabouts = values::of(&whereabouts, row.whereabouts)?;
        let service = values::of(&services, row.service)?;
        Ok((number, row.evidence(witness, whereabouts, service)?))
    });
    said.collect()
}

fn observation(row: &Row) -> Result<(i64, ObservationRow), StoreError> {
    let mut columns = Columns::of(row);
    let number = columns.value()?;
    let row = ObservationRow {
        key: columns.text(CallKey::new)?,
        naming: columns.small()?,
        request: columns.maybe_text(RequestId::new)?,
        key_hash: columns.value()?,
        request_hash: columns.value()?,
        tokens_hash: columns.value()?,
        at: columns.value()?,
        received_at: columns.value()?,
        witness: columns.value()?,
        whereabouts: columns.value()?,
        service: columns.value()?,
        confidence: columns.small()?,
        counts: columns.numbers()?,
        reported: columns.value()?,
        figures_lineage: columns.small()?,
        figures_at: columns.value()?,
        owner_lineage: columns.small()?,
        owner_at: columns.value()?,
        file: columns.value()?,
        offset: columns.value()?,
    };
    Ok((number, row))
}

/// Token counts of many rows, each count as one column.
pub(super) fn counts<R, const N: usize>(rows: &[R], pick: impl Fn(&R) -> &[i64; N]) -> [Vec<i64>; N] {
    let mut columns = [const { Vec::new() }; N];
    for row in rows {
        for (column, count) in columns.iter_mut().zip(pick(row)) {
            column.push(*count);
        }
    }
    columns
}

//! Observations: written once, never changed.

use std::pin::pin;

use deadpool_postgres::Transaction;
use domain::{CallKey, RequestId, Service, Whereabouts, Witness};
use tokio_postgres::Row;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::values::{self, Values};
use crate::error::StoreError;
use crate::journal::code::Code as _;
use crate::plan::rows::ObservationRow;
use crate::plan::{Ask, Search};
use crate::postgres::columns::{Columns, column, small, types};
use crate::reading::Evidence;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT number, key, naming, request, key_hash, request_hash, tokens_hash, observation.at,
                received_at, witness, whereabouts, service, confidence, input, output, cache_read,
                cache_write_5m, cache_write_1h, reasoning, web_searches, reported_nano, figures_lineage,
                figures_at, owner_lineage, owner_at, file, file_offset, turn, tools FROM ",
            $rest
        )
    };
}

/// The columns in the order in which rows are copied: numbers, small numbers, texts.
const COPY: &str = "COPY journal.observation
        (number, key_hash, request_hash, tokens_hash, at, received_at, witness, whereabouts, service, input,
         output, cache_read, cache_write_5m, cache_write_1h, reasoning, web_searches, reported_nano,
         figures_at, owner_at, file, file_offset, turn, naming, confidence, figures_lineage, owner_lineage,
         key, request, tools)
     FROM STDIN (FORMAT binary)";

/// Writes some, under the numbers behind the last one.
pub(super) async fn store(transaction: &Transaction<'_>, rows: &[ObservationRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let last = transaction.prepare_cached("SELECT coalesce(max(number), 0) FROM journal.observation").await?;
    let last: i64 = transaction.query_one(&last, &[]).await?.try_get(0)?;
    let copy = transaction.prepare_cached(COPY).await?;
    let types = types([(Type::INT8, 22), (Type::INT2, 4), (Type::TEXT, 3)]);
    let mut rows_in = pin!(BinaryCopyInWriter::new(transaction.copy_in(&copy).await?, &types));
    for (number, row) in (last.saturating_add(1)..).zip(rows) {
        let [input, output, read, five, hour, reasoning, searches] = &row.counts;
        let (key, request) = (row.key.as_str(), row.request.as_ref().map(RequestId::as_str));
        let (naming, confidence) = (small(row.naming)?, small(row.confidence)?);
        let (figures_lineage, owner_lineage) = (small(row.figures_lineage)?, small(row.owner_lineage)?);
        rows_in
            .as_mut()
            .write(&[
                &number,
                &row.key_hash,
                &row.request_hash,
                &row.tokens_hash,
                &row.at,
                &row.received_at,
                &row.witness,
                &row.whereabouts,
                &row.service,
                input,
                output,
                read,
                five,
                hour,
                reasoning,
                searches,
                &row.reported,
                &row.figures_at,
                &row.owner_at,
                &row.file,
                &row.offset,
                &row.turn,
                &naming,
                &confidence,
                &figures_lineage,
                &owner_lineage,
                &key,
                &request,
                &row.tools,
            ])
            .await?;
    }
    rows_in.finish().await?;
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

/// Rows that are asked for; one that is meant by several names comes several times.
async fn ask(transaction: &Transaction<'_>, asks: &[Ask]) -> Result<Vec<Row>, StoreError> {
    let (mut keys, mut requests, mut spans) = (Vec::new(), Vec::new(), Vec::new());
    for ask in asks {
        match *ask {
            Ask::Key(hash) => keys.push(hash),
            Ask::Request(hash) => requests.push(hash),
            Ask::Tokens(hash, span, kind) => spans.push(((hash, kind.code()), span)),
        }
    }
    let spans = apart(spans);
    let (tokens, kinds) = (column(&spans, |it| it.0.0), column(&spans, |it| it.0.1));
    let (from, to) = (column(&spans, |it| it.1.0), column(&spans, |it| it.1.1));
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
            "unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS asked (hash, first, last, kind)
             JOIN journal.observation
                 ON tokens_hash = asked.hash AND observation.at BETWEEN asked.first AND asked.last
             WHERE (SELECT source FROM journal.witness WHERE id = observation.witness) <> asked.kind"
        );
        rows.extend(
            transaction
                .query(&transaction.prepare_cached(sql).await?, &[&tokens, &from, &to, &kinds])
                .await?,
        );
    }
    Ok(rows)
}

/// A span of time, of a hash of counts and the kind of source that asks.
type Asked = ((i64, i64), (i64, i64));

/// Spans of time, those of the same that touch made one: what lies in several comes once.
fn apart(mut spans: Vec<Asked>) -> Vec<Asked> {
    spans.sort_unstable();
    let mut apart: Vec<Asked> = Vec::with_capacity(spans.len());
    for (of, (first, last)) in spans {
        match apart.last_mut() {
            Some((before, span)) if *before == of && first <= span.1 => span.1 = span.1.max(last),
            _ => apart.push((of, (first, last))),
        }
    }
    apart
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
        turn: columns.value()?,
        tools: columns.value()?,
    };
    Ok((number, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_touch_become_one() {
        let (one, other, third) = ((1, 0), (1, 1), (2, 0));
        let spans = vec![(third, (0, 9)), (one, (5, 15)), (one, (0, 10)), (one, (16, 20)), (one, (20, 21))];
        assert_eq!(apart(spans), [(one, (0, 15)), (one, (16, 21)), (third, (0, 9))]);
        let spans = vec![(one, (0, 10)), (other, (5, 15))];
        assert_eq!(apart(spans.clone()), spans);
        assert_eq!(apart(Vec::new()), []);
    }
}

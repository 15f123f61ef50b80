//! Calls, by id, by session, and in pages.

use std::pin::pin;
use std::sync::Arc;

use deadpool_postgres::Transaction;
use domain::{CallKey, Service, Whereabouts};
use metering::CallId;
use tokio_postgres::Row;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::observations;
use super::values::{self, Values};
use crate::error::StoreError;
use crate::plan::Search;
use crate::plan::rows::CallRow;
use crate::postgres::columns::{Columns, column, small, types};
use crate::reading::{BookedCall, CallPage, CallQuery, Evidence, Explained};

/// Calls that one page looks at before it gives what it has.
const LOOKED_AT: usize = 200_000;
/// The most calls that are read at once while a page is looked for: at first as many as
/// the page holds, then twice as many each time.
const STEP: i64 = 4_096;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, key, at, whereabouts, service, confidence, seen, matching, input, output, cache_read,
                cache_write_5m, cache_write_1h, reasoning, web_searches, reported_nano, prices, list_nano,
                cost_nano, unpriced, turn, tools FROM journal.call ",
            $rest
        )
    };
}

/// Those of the ids that there are.
pub(super) async fn rows(transaction: &Transaction<'_>, ids: &[CallId]) -> Result<Vec<CallRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = column(ids, |id| id.bytes().as_slice());
    query(transaction, select!("WHERE id = ANY ($1)"), &[&ids]).await
}

/// The columns in the order in which rows are copied: the id, numbers, small numbers, texts.
const COPY: &str = "COPY journal.call
        (id, at, whereabouts, service, input, output, cache_read, cache_write_5m, cache_write_1h, reasoning,
         web_searches, reported_nano, prices, list_nano, cost_nano, turn, confidence, seen, matching, unpriced,
         key, tools)
     FROM STDIN (FORMAT binary)";

/// Writes calls, none of which is there.
pub(super) async fn store(transaction: &Transaction<'_>, rows: &[CallRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let copy = transaction.prepare_cached(COPY).await?;
    let types = types([(Type::BYTEA, 1), (Type::INT8, 15), (Type::INT2, 4), (Type::TEXT, 2)]);
    let mut rows_in = pin!(BinaryCopyInWriter::new(transaction.copy_in(&copy).await?, &types));
    for row in rows {
        let [input, output, read, five, hour, reasoning, searches] = &row.counts;
        let (id, key) = (row.id.bytes().as_slice(), row.key.as_str());
        let (confidence, seen, matching) = (small(row.confidence)?, small(row.seen)?, small(row.matching)?);
        let unpriced = row.unpriced.map(small).transpose()?;
        rows_in
            .as_mut()
            .write(&[
                &id,
                &row.at,
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
                &row.prices,
                &row.list,
                &row.cost,
                &row.turn,
                &confidence,
                &seen,
                &matching,
                &unpriced,
                &key,
                &row.tools,
            ])
            .await?;
    }
    rows_in.finish().await?;
    Ok(())
}

/// Deletes calls.
pub(super) async fn delete(transaction: &Transaction<'_>, ids: &[CallId]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let statement = transaction.prepare_cached("DELETE FROM journal.call WHERE id = ANY ($1)").await?;
    transaction.execute(&statement, &[&column(ids, |id| id.bytes().as_slice())]).await?;
    Ok(())
}

/// Calls behind an id, in the order of ids.
pub(super) async fn behind(
    transaction: &Transaction<'_>,
    id: Option<CallId>,
    limit: i64,
) -> Result<Vec<CallRow>, StoreError> {
    let after = id.as_ref().map_or(&[][..], |id| id.bytes());
    query(transaction, select!("WHERE id > $1 ORDER BY id LIMIT $2"), &[&after, &limit]).await
}

/// Calls that were priced with other prices, behind an id and in the order of ids.
pub(super) async fn with_other_prices(
    transaction: &Transaction<'_>,
    prices: i64,
    id: Option<CallId>,
    limit: i64,
) -> Result<Vec<CallRow>, StoreError> {
    let after = id.as_ref().map_or(&[][..], |id| id.bytes());
    let sql = select!("WHERE id > $1 AND prices <> $2 ORDER BY id LIMIT $3");
    query(transaction, sql, &[&after, &prices, &limit]).await
}

/// All calls of sessions.
pub(super) async fn of_sessions(
    transaction: &Transaction<'_>,
    sessions: &[&str],
) -> Result<Vec<CallRow>, StoreError> {
    let sql = select!(
        "WHERE whereabouts IN (SELECT whereabouts.id FROM journal.whereabouts WHERE session = ANY ($1))"
    );
    query(transaction, sql, &[&sessions]).await
}

/// A page of calls.
pub(super) async fn page(
    transaction: &Transaction<'_>,
    values: &Values,
    asked: &CallQuery,
) -> Result<CallPage, StoreError> {
    let limit = asked.limit.clamp(1, CallQuery::MOST);
    let mut after = asked.from.map(CallId::first_at).filter(|first| asked.after.is_none_or(|it| it < *first));
    let mut inclusive = after.is_some();
    after = after.or(asked.after);
    let end = asked.to.map(CallId::first_at);
    let mut page = CallPage::default();
    let mut looked_at = 0_usize;
    let mut step = i64::try_from(limit).unwrap_or(STEP).min(STEP);
    loop {
        let rows = some(transaction, after, inclusive, step).await?;
        inclusive = false;
        let last = rows.len() < usize::try_from(step).unwrap_or(usize::MAX);
        step = step.saturating_mul(2).min(STEP);
        for (row, call) in booked(rows, transaction, values).await? {
            if end.is_some_and(|end| row >= end) {
                return Ok(page);
            }
            after = Some(row);
            looked_at = looked_at.saturating_add(1);
            if asked.from.is_some_and(|from| call.at < from) {
                continue;
            }
            if asked.keep.as_ref().is_none_or(|keep| keep(&call)) {
                page.calls.push(call);
            }
            if page.calls.len() >= limit || looked_at >= LOOKED_AT {
                page.next = Some(row);
                return Ok(page);
            }
        }
        if last {
            return Ok(page);
        }
    }
}

async fn some(
    transaction: &Transaction<'_>,
    after: Option<CallId>,
    inclusive: bool,
    step: i64,
) -> Result<Vec<CallRow>, StoreError> {
    if !inclusive {
        return behind(transaction, after, step).await;
    }
    let from = after.as_ref().map_or(&[][..], |id| id.bytes());
    query(transaction, select!("WHERE id >= $1 ORDER BY id LIMIT $2"), &[&from, &step]).await
}

/// All calls of a session, in the order of their ids.
pub(super) async fn of_session(
    transaction: &Transaction<'_>,
    values: &Values,
    session: &str,
) -> Result<Vec<BookedCall>, StoreError> {
    let rows = of_sessions(transaction, &[session]).await?;
    let mut calls: Vec<_> =
        booked(rows, transaction, values).await?.into_iter().map(|(_, call)| call).collect();
    calls.sort_unstable_by_key(|it| it.id);
    Ok(calls)
}

/// All whereabouts of some sessions, sites included.
pub(super) async fn whereabouts_of(
    transaction: &Transaction<'_>,
    values: &Values,
    sessions: &[&str],
) -> Result<Vec<Arc<Whereabouts>>, StoreError> {
    let statement = transaction
        .prepare_cached("SELECT whereabouts.id FROM journal.whereabouts WHERE session = ANY ($1)")
        .await?;
    let rows = transaction.query(&statement, &[&sessions]).await?;
    let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    let known = values.load::<Whereabouts>(transaction, ids.into_iter()).await?;
    Ok(known.into_values().collect())
}

/// The calls that a text names.
pub(super) async fn named(
    transaction: &Transaction<'_>,
    values: &Values,
    text: &str,
    limit: usize,
) -> Result<Vec<BookedCall>, StoreError> {
    let mut search = Search::by_text(text);
    observations::finish(&mut search, transaction, values).await?;
    let observed = search.into_observed();
    let is_meant = |member: &usize| {
        observed.get(*member).is_some_and(|it| {
            it.key().as_str() == text || it.request.as_ref().is_some_and(|request| request.as_str() == text)
        })
    };
    let meant = metering::assemble(&observed).into_iter().filter(|call| call.members.iter().any(is_meant));
    let ids: Vec<_> = meant.map(|call| call.id).collect();
    let mut found = rows(transaction, &ids).await?;
    if found.is_empty()
        && !text.is_empty()
        && let Some((first, last)) = CallId::range(text)
    {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = select!("WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3");
        let (first, last) = (first.bytes().as_slice(), last.bytes().as_slice());
        found = query(transaction, sql, &[&first, &last, &limit]).await?;
    }
    found.sort_unstable_by_key(|row| row.id);
    found.truncate(limit);
    Ok(booked(found, transaction, values).await?.into_iter().map(|(_, call)| call).collect())
}

/// A call with its observations.
pub(super) async fn explain(
    transaction: &Transaction<'_>,
    values: &Values,
    id: CallId,
) -> Result<Option<Explained>, StoreError> {
    let found = rows(transaction, &[id]).await?;
    let Some((_, call)) = booked(found, transaction, values).await?.into_iter().next() else {
        return Ok(None);
    };
    let mut search = Search::by_text(call.key.as_str());
    observations::finish(&mut search, transaction, values).await?;
    let found = search.into_found();
    let observed: Vec<_> = found.iter().map(|it| &it.observed).collect();
    let members = metering::assemble(&observed).into_iter().find(|it| it.id == id).map(|it| it.members);
    let members = members.unwrap_or_default();
    let mut evidence: Vec<Evidence> =
        members.iter().filter_map(|member| found.get(*member)).cloned().collect();
    evidence.sort_by_key(|it| (it.observed.call.at, it.observed.witness.source, it.received_at));
    Ok(Some(Explained { call, evidence }))
}

/// The moments of the first and the last call.
pub(super) async fn span(transaction: &Transaction<'_>) -> Result<Option<(i64, i64)>, StoreError> {
    let statement = transaction
        .prepare_cached(
            "SELECT (SELECT at FROM journal.call ORDER BY id LIMIT 1),
                    (SELECT at FROM journal.call ORDER BY id DESC LIMIT 1)",
        )
        .await?;
    let row = transaction.query_one(&statement, &[]).await?;
    let (first, last): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    Ok(first.zip(last))
}

/// Calls with what their ids stand for.
pub(super) async fn booked(
    rows: Vec<CallRow>,
    transaction: &Transaction<'_>,
    values: &Values,
) -> Result<Vec<(CallId, BookedCall)>, StoreError> {
    let whereabouts = values.load::<Whereabouts>(transaction, rows.iter().map(|row| row.whereabouts)).await?;
    let services = values.load::<Service>(transaction, rows.iter().map(|row| row.service)).await?;
    let book = |row: CallRow| {
        let whereabouts: &Arc<Whereabouts> = values::of(&whereabouts, row.whereabouts)?;
        let service: &Arc<Service> = values::of(&services, row.service)?;
        Ok((row.id, row.booked(whereabouts, service)?))
    };
    rows.into_iter().map(book).collect()
}

async fn query(
    transaction: &Transaction<'_>,
    sql: &'static str,
    with: &[&(dyn ToSql + Sync)],
) -> Result<Vec<CallRow>, StoreError> {
    let statement = transaction.prepare_cached(sql).await?;
    transaction.query(&statement, with).await?.iter().map(call).collect()
}

fn call(row: &Row) -> Result<CallRow, StoreError> {
    let mut columns = Columns::of(row);
    let id: &[u8] = columns.value()?;
    let id = <[u8; 16]>::try_from(id).map_err(|_| StoreError::Unknown {
        what: "the id of a call",
        value: format!("{} bytes", id.len()),
    })?;
    Ok(CallRow {
        id: CallId::from_bytes(id),
        key: columns.text(CallKey::new)?,
        at: columns.value()?,
        whereabouts: columns.value()?,
        service: columns.value()?,
        confidence: columns.small()?,
        seen: columns.small()?,
        matching: columns.small()?,
        counts: columns.numbers()?,
        reported: columns.value()?,
        prices: columns.value()?,
        list: columns.value()?,
        cost: columns.value()?,
        unpriced: columns.value::<Option<i16>>()?.map(i64::from),
        turn: columns.value()?,
        tools: columns.value()?,
    })
}

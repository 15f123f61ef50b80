//! Calls, by id, by session, and in pages.

use std::sync::Arc;

use domain::{CallKey, SessionId, Whereabouts};
use metering::CallId;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::observations::{self, counts};
use super::values::Values;
use crate::error::StoreError;
use crate::journal::columns::Columns;
use crate::plan::Search;
use crate::plan::rows::CallRow;
use crate::reading::{BookedCall, CallPage, CallQuery, Evidence, Explained};

/// Calls that one page looks at before it gives what it has.
const LOOKED_AT: usize = 200_000;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, key, at, whereabouts, service, confidence, seen, matching, input, output, cache_read,
                cache_write_5m, cache_write_1h, reasoning, web_searches, reported_nano, prices, list_nano,
                cost_nano, unpriced, turn, tools FROM call ",
            $rest
        )
    };
}

/// One call.
pub(super) fn row(connection: &Connection, id: &CallId) -> Result<Option<CallRow>, StoreError> {
    let mut statement = connection.prepare_cached(select!("WHERE id = ?1"))?;
    let mut rows = statement.query([id.bytes().as_slice()])?;
    rows.next()?.map(call).transpose()
}

/// Writes calls, each in place of one with its id.
pub(super) fn store(connection: &Connection, rows: &[CallRow]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO call
            (id, key, at, whereabouts, service, confidence, seen, matching, input, output, cache_read,
             cache_write_5m, cache_write_1h, reasoning, web_searches, reported_nano, prices, list_nano,
             cost_nano, unpriced, turn, tools)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                 ?21, ?22)",
    )?;
    rows.iter().try_for_each(|row| insert(&mut statement, row))
}

fn insert(statement: &mut Statement<'_>, row: &CallRow) -> Result<(), StoreError> {
    let [input, output, read, five, hour, reasoning, searches] = row.counts;
    statement.execute(params![
        row.id.bytes().as_slice(),
        row.key.as_str(),
        row.at,
        row.whereabouts,
        row.service,
        row.confidence,
        row.seen,
        row.matching,
        input,
        output,
        read,
        five,
        hour,
        reasoning,
        searches,
        row.reported,
        row.prices,
        row.list,
        row.cost,
        row.unpriced,
        row.turn,
        row.tools,
    ])?;
    Ok(())
}

/// Deletes a call.
pub(super) fn delete(connection: &Connection, id: &CallId) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM call WHERE id = ?1")?.execute([id.bytes().as_slice()])?;
    Ok(())
}

/// Calls behind an id, in the order of ids.
pub(super) fn behind(
    connection: &Connection,
    id: Option<CallId>,
    limit: i64,
) -> Result<Vec<CallRow>, StoreError> {
    let mut statement = connection.prepare_cached(select!("WHERE id > ?1 ORDER BY id LIMIT ?2"))?;
    let after = id.map_or_else(Vec::new, |id| id.bytes().to_vec());
    collect(statement.query(params![after, limit])?)
}

/// Calls that were priced with other prices, behind an id and in the order of ids.
pub(super) fn with_other_prices(
    connection: &Connection,
    prices: i64,
    id: Option<CallId>,
    limit: i64,
) -> Result<Vec<CallRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(select!("WHERE id > ?1 AND prices <> ?2 ORDER BY id LIMIT ?3"))?;
    let after = id.map_or_else(Vec::new, |id| id.bytes().to_vec());
    collect(statement.query(params![after, prices, limit])?)
}

/// All calls of some whereabouts.
pub(super) fn of_whereabouts(connection: &Connection, whereabouts: i64) -> Result<Vec<CallRow>, StoreError> {
    let mut statement = connection.prepare_cached(select!("WHERE whereabouts = ?1"))?;
    collect(statement.query([whereabouts])?)
}

/// A page of calls.
pub(super) fn page(connection: &Connection, query: &CallQuery) -> Result<CallPage, StoreError> {
    let limit = query.limit.clamp(1, CallQuery::MOST);
    let mut statement = connection.prepare_cached(select!("WHERE id > ?1 ORDER BY id"))?;
    let from = query.from.map(|at| CallId::first_at(at).bytes().to_vec());
    let after = query.after.map(|id| id.bytes().to_vec());
    let end = query.to.map(CallId::first_at);
    let mut rows = statement.query([from.max(after).unwrap_or_default()])?;
    let mut values = Values::default();
    let mut page = CallPage::default();
    let mut looked_at = 0_usize;
    while let Some(row) = rows.next()? {
        let row = call(row)?;
        if end.is_some_and(|end| row.id >= end) {
            return Ok(page);
        }
        if query.from.is_some_and(|from| row.at < from.millis()) {
            continue;
        }
        let (id, booked) = (row.id, booked(row, connection, &mut values)?);
        if query.keep.as_ref().is_none_or(|keep| keep(&booked)) {
            page.calls.push(booked);
        }
        looked_at = looked_at.saturating_add(1);
        if page.calls.len() >= limit || looked_at >= LOOKED_AT {
            page.next = Some(id);
            return Ok(page);
        }
    }
    Ok(page)
}

/// All calls of a session, in the order of their ids.
pub(super) fn of_session(connection: &Connection, session: &str) -> Result<Vec<BookedCall>, StoreError> {
    let mut values = Values::default();
    let mut calls = Vec::new();
    for whereabouts in whereabouts_of(connection, session)? {
        for row in of_whereabouts(connection, whereabouts)? {
            calls.push(booked(row, connection, &mut values)?);
        }
    }
    calls.sort_unstable_by_key(|it| it.id);
    Ok(calls)
}

/// The ids of all whereabouts of a session, sites included.
pub(super) fn whereabouts_of(connection: &Connection, session: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM whereabouts WHERE session = ?1")?;
    let ids = statement.query_map([session], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// All whereabouts of some sessions, sites included.
pub(super) fn whereabouts_of_sessions(
    connection: &Connection,
    sessions: &[SessionId],
) -> Result<Vec<Arc<Whereabouts>>, StoreError> {
    let mut values = Values::default();
    let mut all = Vec::new();
    for session in sessions {
        for id in whereabouts_of(connection, session.as_str())? {
            all.push(values.whereabouts(connection, id)?);
        }
    }
    Ok(all)
}

/// The calls that a text names.
pub(super) fn named(
    connection: &Connection,
    text: &str,
    limit: usize,
) -> Result<Vec<BookedCall>, StoreError> {
    let mut values = Values::default();
    let mut search = Search::by_text(text);
    observations::finish(&mut search, connection, &mut values)?;
    let mut calls = Vec::new();
    let observed = search.into_observed();
    for call in metering::assemble(&observed) {
        let is_meant = call.members.iter().filter_map(|member| observed.get(*member)).any(|it| {
            it.key().as_str() == text || it.request.as_ref().is_some_and(|request| request.as_str() == text)
        });
        if is_meant && let Some(row) = row(connection, &call.id)? {
            calls.push(booked(row, connection, &mut values)?);
        }
    }
    if calls.is_empty()
        && !text.is_empty()
        && let Some((first, last)) = CallId::range(text)
    {
        let mut statement =
            connection.prepare_cached(select!("WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3"))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows =
            collect(statement.query(params![first.bytes().as_slice(), last.bytes().as_slice(), limit])?)?;
        for row in rows {
            calls.push(booked(row, connection, &mut values)?);
        }
    }
    calls.truncate(limit);
    Ok(calls)
}

/// A call with its observations.
pub(super) fn explain(connection: &Connection, id: &CallId) -> Result<Option<Explained>, StoreError> {
    let Some(row) = row(connection, id)? else { return Ok(None) };
    let mut values = Values::default();
    let mut search = Search::by_text(row.key.as_str());
    observations::finish(&mut search, connection, &mut values)?;
    let found = search.into_found();
    let observed: Vec<_> = found.iter().map(|it| &it.observed).collect();
    let members = metering::assemble(&observed).into_iter().find(|it| it.id == *id).map(|it| it.members);
    let members = members.unwrap_or_default();
    let mut evidence: Vec<Evidence> =
        members.iter().filter_map(|member| found.get(*member)).cloned().collect();
    evidence.sort_by_key(|it| (it.observed.call.at, it.observed.witness.source, it.received_at));
    Ok(Some(Explained { call: booked(row, connection, &mut values)?, evidence }))
}

/// The moments of the first and the last call.
pub(super) fn span(connection: &Connection) -> Result<Option<(i64, i64)>, StoreError> {
    let at = |sql: &str| -> Result<Option<i64>, StoreError> {
        Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
    };
    let first = at("SELECT at FROM call ORDER BY id LIMIT 1")?;
    let last = at("SELECT at FROM call ORDER BY id DESC LIMIT 1")?;
    Ok(first.zip(last))
}

pub(super) fn booked(
    row: CallRow,
    connection: &Connection,
    values: &mut Values,
) -> Result<BookedCall, StoreError> {
    let whereabouts = values.whereabouts(connection, row.whereabouts)?;
    let service = values.service(connection, row.service)?;
    row.booked(&whereabouts, &service)
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<CallRow>, StoreError> {
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        calls.push(call(row)?);
    }
    Ok(calls)
}

pub(super) fn call(row: &Row<'_>) -> Result<CallRow, StoreError> {
    let mut columns = Columns::of(row);
    let id: [u8; 16] = columns.value()?;
    Ok(CallRow {
        id: CallId::from_bytes(id),
        key: columns.text(CallKey::new)?,
        at: columns.value()?,
        whereabouts: columns.value()?,
        service: columns.value()?,
        confidence: columns.value()?,
        seen: columns.value()?,
        matching: columns.value()?,
        counts: counts(&mut columns)?,
        reported: columns.value()?,
        prices: columns.value()?,
        list: columns.value()?,
        cost: columns.value()?,
        unpriced: columns.value()?,
        turn: columns.value()?,
        tools: columns.value()?,
    })
}

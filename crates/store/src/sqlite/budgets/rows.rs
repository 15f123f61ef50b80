//! The statements on rows of the ledger.

use domain::Timestamp;
use ledger::Row;
use rusqlite::{Connection, params};

use crate::budgets::TIDIED_AT_ONCE;
use crate::budgets::code::{self, Kept};
use crate::budgets::round::Sheet;
use crate::error::StoreError;

/// The text that is another one after each change.
pub(super) fn stamp(connection: &Connection) -> Result<String, StoreError> {
    let mut statement = connection.prepare_cached("SELECT stamp FROM ledger_stamp")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Makes it another one.
pub(super) fn restamp(connection: &Connection) -> Result<String, StoreError> {
    let mut statement =
        connection.prepare_cached("UPDATE ledger_stamp SET stamp = hex(randomblob(16)) RETURNING stamp")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT kind, body FROM ledger")?;
    read(&mut statement.query([])?)
}

pub(super) fn of_kind(connection: &Connection, kind: &str) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT kind, body FROM ledger WHERE kind = ?1")?;
    read(&mut statement.query([kind])?)
}

/// Periods that nothing can change any more.
pub(super) fn closed(connection: &Connection) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 'past', body FROM ledger_past")?;
    read(&mut statement.query([])?)
}

/// Periods that are over: those of a scope that are closed, and all of the others.
pub(super) fn pasts(connection: &Connection, scope: &str) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT 'past', body FROM ledger_past WHERE scope = ?1
         UNION ALL
         SELECT kind, body FROM ledger WHERE kind = 'past'",
    )?;
    read(&mut statement.query([scope])?)
}

/// Rows of which something is to be done, the longest overdue first.
pub(super) fn due(connection: &Connection, now: Timestamp) -> Result<Vec<Row>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT kind, body FROM ledger WHERE due < ?1 ORDER BY due LIMIT ?2")?;
    let limit = i64::try_from(TIDIED_AT_ONCE).unwrap_or(i64::MAX);
    read(&mut statement.query(params![now.millis(), limit])?)
}

fn read(rows: &mut rusqlite::Rows<'_>) -> Result<Vec<Row>, StoreError> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, body) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        all.push(code::row(&kind, &body)?);
    }
    Ok(all)
}

pub(super) fn write(connection: &Connection, sheet: &Sheet) -> Result<(), StoreError> {
    put(connection, &sheet.puts)?;
    let mut take_away = connection.prepare_cached("DELETE FROM ledger WHERE kind = ?1 AND key = ?2")?;
    for name in &sheet.gone {
        take_away.execute(params![name.kind, name.key])?;
    }
    Ok(())
}

pub(super) fn put(connection: &Connection, kept: &[Kept]) -> Result<(), StoreError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO ledger (kind, key, due, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, key) DO UPDATE SET due = excluded.due, body = excluded.body",
    )?;
    for Kept { name, due, body, .. } in kept {
        put.execute(params![name.kind, name.key, due, body])?;
    }
    Ok(())
}

/// Keeps periods that the ledger forgets.
pub(super) fn close<'r>(
    connection: &Connection,
    rows: impl IntoIterator<Item = &'r Row>,
) -> Result<(), StoreError> {
    let mut keep = connection.prepare_cached(
        "INSERT OR REPLACE INTO ledger_past (scope, period, start, body) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for row in rows {
        if let Row::Past(past) = row {
            let (scope, period) = (past.key.scope.to_string(), past.key.period.name());
            let start = past.counter.window.start.millis();
            keep.execute(params![scope, period, start, Kept::of(row)?.body])?;
        }
    }
    Ok(())
}

/// Whether there is nothing in the ledger.
pub(super) fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM ledger)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

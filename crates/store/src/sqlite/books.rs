//! The books in a SQLite file.

use std::path::Path;

use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::file;
use super::readers::Readers;
use super::writer::Writer;
use crate::books::{Act, AuditRow, Change, Entry, count, signed};
use crate::error::StoreError;

const FILE: &str = "books.db";
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/sqlite/books/0001_ground.sql")];

/// The books in a file; [`crate::Books`] says what each of its methods does.
#[derive(Clone)]
pub(crate) struct Books {
    writer: Writer,
    readers: Readers,
}

impl Books {
    /// Opens the books of a folder, or makes them.
    ///
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let file = file::within(folder, FILE, &MIGRATIONS);
        Ok(Self { writer: Writer::start(&file)?, readers: Readers::of(file) })
    }

    /// Does something to the books, whole or not at all; returns the new version when
    /// it is on the disk.
    ///
    pub(crate) async fn act(&self, act: Act) -> Result<u64, StoreError> {
        self.writer.run(move |connection| perform(connection, &act)).await
    }

    /// All entries of a kind, by id.
    ///
    pub(crate) async fn entries(&self, kind: &str) -> Result<Vec<Entry>, StoreError> {
        let kind = kind.to_owned();
        self.readers.run(move |connection| entries(connection, &kind)).await
    }

    /// What is in force under a kind and id.
    ///
    pub(crate) async fn entry(&self, kind: &str, id: &str) -> Result<Option<Entry>, StoreError> {
        let change = Change { kind: kind.to_owned(), id: id.to_owned(), after: None };
        self.readers
            .run(move |connection| {
                let body = body(connection, &change)?;
                let Change { kind, id, .. } = change;
                Ok(body.map(|body| Entry { kind, id, body }))
            })
            .await
    }

    /// How many acts there were.
    ///
    pub(crate) async fn version(&self) -> Result<u64, StoreError> {
        self.readers.run(version).await
    }

    /// The newest rows of the audit log before that number, the newest first; at most
    /// [`MAX_AUDIT_ROWS`] of them.
    ///
    pub(crate) async fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        self.readers.run(move |connection| audit(connection, before, limit)).await
    }
}

fn perform(connection: &Connection, act: &Act) -> Result<u64, StoreError> {
    let found = version(connection)?;
    if let Some(expected) = act.expected
        && expected != found
    {
        return Err(StoreError::Stale { expected, found });
    }
    let version = found.checked_add(1).ok_or(domain::Overflow)?;
    connection.prepare_cached("UPDATE version SET number = ?1")?.execute([signed(version)?])?;
    for change in &act.changes {
        let before = body(connection, change)?;
        write(connection, change)?;
        log(connection, act, version, Some((change, before)))?;
    }
    if act.changes.is_empty() {
        log(connection, act, version, None)?;
    }
    Ok(version)
}

fn write(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    match &change.after {
        Some(body) => connection
            .prepare_cached(
                "INSERT INTO entry (kind, id, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![change.kind, change.id, body])?,
        None => connection
            .prepare_cached("DELETE FROM entry WHERE kind = ?1 AND id = ?2")?
            .execute(params![change.kind, change.id])?,
    };
    Ok(())
}

/// Adds a row to the audit log, of a change and of what stood there before.
fn log(
    connection: &Connection,
    act: &Act,
    version: u64,
    change: Option<(&Change, Option<String>)>,
) -> Result<(), StoreError> {
    let (change, before) = change.unzip();
    let mut statement = connection.prepare_cached(
        "INSERT INTO audit (seq, version, at, actor, action, kind, id, before, after, reason)
         SELECT ifnull(max(seq), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM audit",
    )?;
    statement.execute(params![
        signed(version)?,
        act.at.millis(),
        act.actor,
        act.action,
        change.map_or("", |change| change.kind.as_str()),
        change.map_or("", |change| change.id.as_str()),
        before.flatten(),
        change.and_then(|change| change.after.as_deref()),
        act.reason,
    ])?;
    Ok(())
}

fn entries(connection: &Connection, kind: &str) -> Result<Vec<Entry>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT kind, id, body FROM entry WHERE kind = ?1 ORDER BY id")?;
    let rows = statement
        .query_map([kind], |row| Ok(Entry { kind: row.get(0)?, id: row.get(1)?, body: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn body(connection: &Connection, of: &Change) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT body FROM entry WHERE kind = ?1 AND id = ?2")?;
    Ok(statement.query_row(params![of.kind, of.id], |row| row.get(0)).optional()?)
}

fn version(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT number FROM version")?;
    count(statement.query_row([], |row| row.get(0))?)
}

fn audit(connection: &Connection, before: Option<u64>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, version, at, actor, action, kind, id, before, after, reason FROM audit
         WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query([before, limit])?;
    let mut log = Vec::new();
    while let Some(row) = rows.next()? {
        log.push(audit_row(row)?);
    }
    Ok(log)
}

fn audit_row(row: &Row<'_>) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        seq: count(row.get(0)?)?,
        version: count(row.get(1)?)?,
        at: Timestamp::from_millis(row.get(2)?),
        actor: row.get(3)?,
        action: row.get(4)?,
        kind: row.get(5)?,
        id: row.get(6)?,
        before: row.get(7)?,
        after: row.get(8)?,
        reason: row.get(9)?,
    })
}

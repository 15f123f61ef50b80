//! The books in a SQLite file.

use std::collections::HashMap;
use std::path::Path;

use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::file;
use super::readers::Readers;
use super::writer::Writer;
use crate::books::{Act, AuditRow, Change, Deed, Entry, Restored, Standing, count, signed};
use crate::error::StoreError;

const FILE: &str = "books.db";
const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/sqlite/books/0001_ground.sql"),
    include_str!("../../migrations/sqlite/books/0002_restored.sql"),
    include_str!("../../migrations/sqlite/books/0003_ledger.sql"),
];

/// Pages of four KiB in the write-ahead log before they go into the file.
const LOG_PAGES: i64 = 1_000;

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
        let file = file::within(folder, FILE, &MIGRATIONS, LOG_PAGES);
        Ok(Self { writer: Writer::start(&file)?, readers: Readers::of(file) })
    }

    /// Who writes the file, and who reads it.
    pub(super) fn hands(&self) -> (Writer, Readers) {
        (self.writer.clone(), self.readers.clone())
    }

    /// Does something to the books, whole or not at all; returns the new version when
    /// it is on the disk.
    ///
    pub(crate) async fn act(&self, act: Act) -> Result<u64, StoreError> {
        let deed = move |connection: &Connection| act.perform(standing(connection, &act.changes)?);
        self.perform(deed).await
    }

    /// Lays down what a backup holds, whole or not at all; returns the new version.
    ///
    pub(crate) async fn restore(&self, restored: Restored) -> Result<u64, StoreError> {
        let deed =
            move |connection: &Connection| restored.perform(standing(connection, &restored.act.changes)?);
        self.perform(deed).await
    }

    async fn perform(
        &self,
        deed: impl Fn(&Connection) -> Result<Deed, StoreError> + Send + 'static,
    ) -> Result<u64, StoreError> {
        self.writer
            .run(move |connection| {
                let deed = deed(connection)?;
                write(connection, &deed)?;
                Ok(deed.version)
            })
            .await
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
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.readers
            .run(move |connection| {
                let body = body(connection, &kind, &id)?;
                Ok(body.map(|body| Entry { kind, id, body }))
            })
            .await
    }

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

/// What the changes are going to change.
pub(super) fn standing(connection: &Connection, changes: &[Change]) -> Result<Standing, StoreError> {
    let mut bodies = HashMap::new();
    for Change { kind, id, .. } in changes {
        if let Some(body) = body(connection, kind, id)? {
            bodies.insert((kind.clone(), id.clone()), body);
        }
    }
    let last_seq = connection
        .prepare_cached("SELECT ifnull(max(seq), 0) FROM audit")?
        .query_row([], |row| row.get(0))?;
    Ok(Standing { version: version(connection)?, last_seq: count(last_seq)?, bodies })
}

pub(super) fn write(connection: &Connection, deed: &Deed) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE version SET number = ?1")?.execute([signed(deed.version)?])?;
    let mut put = connection.prepare_cached(
        "INSERT INTO entry (kind, id, body) VALUES (?1, ?2, ?3)
         ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
    )?;
    let mut take_away = connection.prepare_cached("DELETE FROM entry WHERE kind = ?1 AND id = ?2")?;
    for ((kind, id), body) in &deed.bodies {
        match body {
            Some(body) => put.execute([kind, id, body])?,
            None => take_away.execute([kind, id])?,
        };
    }
    let mut log = connection.prepare_cached(
        "INSERT INTO audit (seq, version, at, actor, action, kind, id, before, after, reason, restored_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for row in &deed.rows {
        log.execute(params![
            signed(row.seq)?,
            signed(row.version)?,
            row.at.millis(),
            row.actor,
            row.action,
            row.kind,
            row.id,
            row.before,
            row.after,
            row.reason,
            row.restored_at.map(Timestamp::millis),
        ])?;
    }
    Ok(())
}

fn entries(connection: &Connection, kind: &str) -> Result<Vec<Entry>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT kind, id, body FROM entry WHERE kind = ?1 ORDER BY id")?;
    let rows = statement
        .query_map([kind], |row| Ok(Entry { kind: row.get(0)?, id: row.get(1)?, body: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn body(connection: &Connection, kind: &str, id: &str) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT body FROM entry WHERE kind = ?1 AND id = ?2")?;
    Ok(statement.query_row([kind, id], |row| row.get(0)).optional()?)
}

fn version(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT number FROM version")?;
    count(statement.query_row([], |row| row.get(0))?)
}

fn audit(connection: &Connection, before: Option<u64>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, version, at, actor, action, kind, id, before, after, reason, restored_at
         FROM audit
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
        restored_at: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_millis),
    })
}

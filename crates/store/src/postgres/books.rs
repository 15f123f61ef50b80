//! The books in PostgreSQL.

use std::collections::HashMap;

use deadpool_postgres::Transaction;
use domain::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::attempts::{Attempts, is_broken};
use super::pool::Pool;
use super::schema::{Schema, schema};
use crate::books::{Act, AuditRow, Change, Deed, Entry, Restored, Standing, count, signed};
use crate::error::StoreError;

const SCHEMA: Schema = schema!(
    "books",
    &[
        include_str!("../../migrations/postgres/books/0001_ground.sql"),
        include_str!("../../migrations/postgres/books/0002_restored.sql"),
        include_str!("../../migrations/postgres/books/0003_ledger.sql"),
    ]
);
/// Rows that one statement writes: a message to the database has an end.
const ROWS_AT_ONCE: usize = 1_000;

/// The books in a database; [`crate::Books`] says what each of its methods does.
#[derive(Clone)]
pub(crate) struct Books {
    pool: Pool,
}

impl Books {
    pub(crate) async fn open(pool: Pool) -> Result<Self, StoreError> {
        SCHEMA.migrate(&pool).await?;
        Ok(Self { pool })
    }

    /// The connections to it.
    pub(super) fn pool(&self) -> Pool {
        self.pool.clone()
    }

    pub(crate) async fn act(&self, act: Act) -> Result<u64, StoreError> {
        self.perform(&act.changes, |standing| act.perform(standing)).await
    }

    pub(crate) async fn restore(&self, restored: Restored) -> Result<u64, StoreError> {
        self.perform(&restored.act.changes, |standing| restored.perform(standing)).await
    }

    async fn perform(
        &self,
        changes: &[Change],
        deed: impl Fn(Standing) -> Result<Deed, StoreError>,
    ) -> Result<u64, StoreError> {
        let mut attempts = Attempts::begin();
        loop {
            match self.attempt(changes, &deed).await {
                Err(failure) if attempts.again(&failure).await => (),
                outcome => return outcome,
            }
        }
    }

    pub(crate) async fn entries(&self, kind: &str) -> Result<Vec<Entry>, StoreError> {
        const SQL: &str = "SELECT kind, id, body FROM books.entry WHERE kind = $1 ORDER BY id";
        let rows = self.query(SQL, &[&kind]).await?;
        rows.iter().map(entry).collect()
    }

    pub(crate) async fn entry(&self, kind: &str, id: &str) -> Result<Option<Entry>, StoreError> {
        const SQL: &str = "SELECT kind, id, body FROM books.entry WHERE kind = $1 AND id = $2";
        let rows = self.query(SQL, &[&kind, &id]).await?;
        rows.first().map(entry).transpose()
    }

    pub(crate) async fn version(&self) -> Result<u64, StoreError> {
        let rows = self.query("SELECT number FROM books.version", &[]).await?;
        rows.first().map_or(Ok(0), |row| count(row.try_get(0)?))
    }

    pub(crate) async fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        const SQL: &str =
            "SELECT seq, version, at, actor, action, kind, id, before, after, reason, restored_at
             FROM books.audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
        let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.query(SQL, &[&before, &limit]).await?;
        rows.iter().map(audit_row).collect()
    }

    async fn query(&self, sql: &'static str, with: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let mut attempts = Attempts::begin();
        loop {
            match self.pool.query(sql, with).await {
                Err(failure) if attempts.again(&failure).await => (),
                outcome => return outcome,
            }
        }
    }

    async fn attempt(
        &self,
        changes: &[Change],
        deed: impl Fn(Standing) -> Result<Deed, StoreError>,
    ) -> Result<u64, StoreError> {
        let mut client = self.pool.take().await?;
        let transaction = client.transaction().await?;
        let deed = deed(standing(&transaction, changes).await?)?;
        write(&transaction, &deed).await?;
        // A connection that breaks before this leaves nothing behind; one that breaks
        // here may have been obeyed first, and doing an act twice is not doing it once.
        transaction.commit().await.map_err(|error| {
            if is_broken(&error) { StoreError::Uncertain } else { StoreError::Postgres(error) }
        })?;
        Ok(deed.version)
    }
}

/// What the changes are going to change, and that nobody else changes it meanwhile.
pub(super) async fn standing(
    transaction: &Transaction<'_>,
    changes: &[Change],
) -> Result<Standing, StoreError> {
    let lock = transaction.prepare_cached("SELECT number FROM books.version FOR UPDATE").await?;
    let version = count(transaction.query_one(&lock, &[]).await?.try_get(0)?)?;
    let last = transaction.prepare_cached("SELECT coalesce(max(seq), 0) FROM books.audit").await?;
    let last_seq = count(transaction.query_one(&last, &[]).await?.try_get(0)?)?;
    let kinds: Vec<_> = changes.iter().map(|change| change.kind.as_str()).collect();
    let ids: Vec<_> = changes.iter().map(|change| change.id.as_str()).collect();
    let bodies = transaction
        .prepare_cached(
            "SELECT DISTINCT entry.kind, entry.id, entry.body
             FROM unnest($1::text[], $2::text[]) AS asked (kind, id)
             JOIN books.entry ON entry.kind = asked.kind AND entry.id = asked.id",
        )
        .await?;
    let rows = transaction.query(&bodies, &[&kinds, &ids]).await?;
    let bodies = rows.iter().map(|row| {
        let Entry { kind, id, body } = entry(row)?;
        Ok(((kind, id), body))
    });
    Ok(Standing { version, last_seq, bodies: bodies.collect::<Result<HashMap<_, _>, StoreError>>()? })
}

pub(super) async fn write(transaction: &Transaction<'_>, deed: &Deed) -> Result<(), StoreError> {
    let raise = transaction.prepare_cached("UPDATE books.version SET number = $1").await?;
    transaction.execute(&raise, &[&signed(deed.version)?]).await?;
    let kept: Vec<_> =
        deed.bodies.iter().filter_map(|((kind, id), body)| Some((kind, id, body.as_ref()?))).collect();
    for kept in kept.chunks(ROWS_AT_ONCE) {
        put(transaction, kept).await?;
    }
    take_away(transaction, deed).await?;
    for rows in deed.rows.chunks(ROWS_AT_ONCE) {
        log(transaction, rows).await?;
    }
    Ok(())
}

async fn log(transaction: &Transaction<'_>, rows: &[AuditRow]) -> Result<(), StoreError> {
    let log = transaction
        .prepare_cached(
            "INSERT INTO books.audit
                 (seq, version, at, actor, action, kind, id, before, after, reason, restored_at)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
                                  $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                                  $11::bigint[])",
        )
        .await?;
    let seqs = rows.iter().map(|row| signed(row.seq)).collect::<Result<Vec<_>, _>>()?;
    let versions = rows.iter().map(|row| signed(row.version)).collect::<Result<Vec<_>, _>>()?;
    let ats: Vec<_> = rows.iter().map(|row| row.at.millis()).collect();
    let actors: Vec<_> = rows.iter().map(|row| row.actor.as_str()).collect();
    let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    let kinds: Vec<_> = rows.iter().map(|row| row.kind.as_str()).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
    let befores: Vec<_> = rows.iter().map(|row| row.before.as_deref()).collect();
    let afters: Vec<_> = rows.iter().map(|row| row.after.as_deref()).collect();
    let reasons: Vec<_> = rows.iter().map(|row| row.reason.as_deref()).collect();
    let restored: Vec<_> = rows.iter().map(|row| row.restored_at.map(Timestamp::millis)).collect();
    let columns: [&(dyn ToSql + Sync); 11] =
        [&seqs, &versions, &ats, &actors, &actions, &kinds, &ids, &befores, &afters, &reasons, &restored];
    transaction.execute(&log, &columns).await?;
    Ok(())
}

async fn put(transaction: &Transaction<'_>, kept: &[(&String, &String, &String)]) -> Result<(), StoreError> {
    let put = transaction
        .prepare_cached(
            "INSERT INTO books.entry (kind, id, body)
             SELECT kind, id, body FROM unnest($1::text[], $2::text[], $3::text[]) AS row (kind, id, body)
             ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
        )
        .await?;
    let kinds: Vec<_> = kept.iter().map(|it| it.0).collect();
    let ids: Vec<_> = kept.iter().map(|it| it.1).collect();
    let bodies: Vec<_> = kept.iter().map(|it| it.2).collect();
    transaction.execute(&put, &[&kinds, &ids, &bodies]).await?;
    Ok(())
}

async fn take_away(transaction: &Transaction<'_>, deed: &Deed) -> Result<(), StoreError> {
    let take_away = transaction
        .prepare_cached(
            "DELETE FROM books.entry USING unnest($1::text[], $2::text[]) AS gone (kind, id)
             WHERE entry.kind = gone.kind AND entry.id = gone.id",
        )
        .await?;
    let gone = || deed.bodies.iter().filter(|(_, body)| body.is_none());
    let kinds: Vec<_> = gone().map(|((kind, _), _)| kind).collect();
    let ids: Vec<_> = gone().map(|((_, id), _)| id).collect();
    transaction.execute(&take_away, &[&kinds, &ids]).await?;
    Ok(())
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry { kind: row.try_get(0)?, id: row.try_get(1)?, body: row.try_get(2)? })
}

fn audit_row(row: &Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        seq: count(row.try_get(0)?)?,
        version: count(row.try_get(1)?)?,
        at: Timestamp::from_millis(row.try_get(2)?),
        actor: row.try_get(3)?,
        action: row.try_get(4)?,
        kind: row.try_get(5)?,
        id: row.try_get(6)?,
        before: row.try_get(7)?,
        after: row.try_get(8)?,
        reason: row.try_get(9)?,
        restored_at: row.try_get::<_, Option<i64>>(10)?.map(Timestamp::from_millis),
    })
}

//! The statements on rows of the ledger.

use deadpool_postgres::Transaction;
use domain::{Scope, Timestamp};
use ledger::{Key, Row};
use tokio_postgres::types::ToSql;

use crate::budgets::TIDIED_AT_ONCE;
use crate::budgets::code::{self, Kept, Place};
use crate::budgets::round::Sheet;
use crate::error::StoreError;
use crate::postgres::attempts::Attempts;
use crate::postgres::pool::Pool;

const LOAD: &str = "SELECT ledger.kind, ledger.body
     FROM unnest($1::text[], $2::text[]) AS asked (kind, key)
     JOIN books.ledger ON ledger.kind = asked.kind AND ledger.key = asked.key
     UNION ALL
     SELECT kind, body FROM books.ledger WHERE scope = ANY ($3::text[])";
const OF_KINDS: &str = "SELECT kind, body FROM books.ledger WHERE kind = ANY ($1::text[])";
const DUE: &str = "SELECT kind, body FROM books.ledger WHERE due < $1 ORDER BY due LIMIT $2";
/// Rows that one statement writes: a message to the database has an end.
const ROWS_AT_ONCE: usize = 1_000;

/// Where keys are kept, as the statement takes them.
struct Places {
    kinds: Vec<&'static str>,
    keys: Vec<String>,
    scopes: Vec<String>,
}

impl Places {
    fn of(keys: &[Key]) -> Self {
        let mut places = Self { kinds: Vec::new(), keys: Vec::new(), scopes: Vec::new() };
        for key in keys {
            match Place::of(key) {
                Place::Scope(scope) => places.scopes.push(scope),
                Place::Row(name) => {
                    places.kinds.push(name.kind);
                    places.keys.push(name.key);
                }
            }
        }
        places
    }
}

/// Everything that is stored under those keys.
pub(super) async fn load_within(
    transaction: &Transaction<'_>,
    keys: &[Key],
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let Places { kinds, keys, scopes } = Places::of(keys);
    let load = transaction.prepare_cached(LOAD).await?;
    Ok(transaction.query(&load, &[&kinds, &keys, &scopes]).await?)
}

/// The same, in a moment of its own.
pub(super) async fn load(pool: &Pool, keys: &[Key]) -> Result<Vec<Row>, StoreError> {
    let Places { kinds, keys, scopes } = Places::of(keys);
    query(pool, LOAD, &[&kinds, &keys, &scopes]).await
}

pub(super) async fn of_kinds(pool: &Pool, kinds: &[&str]) -> Result<Vec<Row>, StoreError> {
    query(pool, OF_KINDS, &[&kinds]).await
}

/// Periods that nothing can change any more.
pub(super) async fn closed(pool: &Pool) -> Result<Vec<Row>, StoreError> {
    query(pool, "SELECT 'past', body FROM books.ledger_past", &[]).await
}

/// Whether there is nothing in the ledger.
pub(super) async fn is_empty(transaction: &Transaction<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT NOT EXISTS (SELECT 1 FROM books.ledger)";
    Ok(transaction.query_one(SQL, &[]).await?.try_get(0)?)
}

/// Periods that are over: those of a scope that are closed, and all of the others.
pub(super) async fn pasts(pool: &Pool, scope: &Scope) -> Result<Vec<Row>, StoreError> {
    const SQL: &str = "SELECT 'past', body FROM books.ledger_past WHERE scope = $1
         UNION ALL
         SELECT kind, body FROM books.ledger WHERE kind = 'past'";
    query(pool, SQL, &[&scope.to_string()]).await
}

/// Rows of which something is to be done, the longest overdue first.
pub(super) async fn due(pool: &Pool, now: Timestamp) -> Result<Vec<Row>, StoreError> {
    query(pool, DUE, &[&now.millis(), &limit()]).await
}

/// The same, as this transaction sees it.
pub(super) async fn due_within(
    transaction: &Transaction<'_>,
    now: Timestamp,
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let due = transaction.prepare_cached(DUE).await?;
    Ok(transaction.query(&due, &[&now.millis(), &limit()]).await?)
}

fn limit() -> i64 {
    i64::try_from(TIDIED_AT_ONCE).unwrap_or(i64::MAX)
}

async fn query(pool: &Pool, sql: &'static str, with: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
    let mut attempts = Attempts::begin();
    loop {
        match pool.query(sql, with).await {
            Err(failure) if attempts.again(&failure).await => (),
            outcome => return read(&outcome?),
        }
    }
}

/// The rows that such rows keep.
pub(super) fn read(rows: &[tokio_postgres::Row]) -> Result<Vec<Row>, StoreError> {
    rows.iter().map(|row| code::row(row.try_get(0)?, row.try_get(1)?)).collect()
}

pub(super) async fn write(transaction: &Transaction<'_>, sheet: &Sheet) -> Result<(), StoreError> {
    for kept in sheet.puts.chunks(ROWS_AT_ONCE) {
        put(transaction, kept).await?;
    }
    if sheet.gone.is_empty() {
        return Ok(());
    }
    let take_away = transaction
        .prepare_cached(
            "DELETE FROM books.ledger USING unnest($1::text[], $2::text[]) AS gone (kind, key)
             WHERE ledger.kind = gone.kind AND ledger.key = gone.key",
        )
        .await?;
    let kinds: Vec<_> = sheet.gone.iter().map(|it| it.kind).collect();
    let keys: Vec<_> = sheet.gone.iter().map(|it| &it.key).collect();
    transaction.execute(&take_away, &[&kinds, &keys]).await?;
    Ok(())
}

async fn put(transaction: &Transaction<'_>, kept: &[Kept]) -> Result<(), StoreError> {
    let put = transaction
        .prepare_cached(
            "INSERT INTO books.ledger (kind, key, scope, due, body)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
             ON CONFLICT (kind, key) DO UPDATE SET due = excluded.due, body = excluded.body",
        )
        .await?;
    let kinds: Vec<_> = kept.iter().map(|it| it.name.kind).collect();
    let keys: Vec<_> = kept.iter().map(|it| &it.name.key).collect();
    let scopes: Vec<_> = kept.iter().map(|it| it.scope.as_deref()).collect();
    let due: Vec<_> = kept.iter().map(|it| it.due).collect();
    let bodies: Vec<_> = kept.iter().map(|it| &it.body).collect();
    transaction.execute(&put, &[&kinds, &keys, &scopes, &due, &bodies]).await?;
    Ok(())
}

/// Keeps periods that the ledger forgets.
pub(super) async fn close<'r>(
    transaction: &Transaction<'_>,
    rows: impl IntoIterator<Item = &'r Row>,
) -> Result<(), StoreError> {
    let (mut scopes, mut periods, mut starts, mut bodies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        if let Row::Past(past) = row {
            scopes.push(past.key.scope.to_string());
            periods.push(past.key.period.name());
            starts.push(past.counter.window.start.millis());
            bodies.push(Kept::of(row)?.body);
        }
    }
    if bodies.is_empty() {
        return Ok(());
    }
    let keep = transaction
        .prepare_cached(
            "INSERT INTO books.ledger_past (scope, period, start, body)
             SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
             ON CONFLICT (scope, period, start) DO UPDATE SET body = excluded.body",
        )
        .await?;
    transaction.execute(&keep, &[&scopes, &periods, &starts, &bodies]).await?;
    Ok(())
}

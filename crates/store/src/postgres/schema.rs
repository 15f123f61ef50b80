//! The schemas in the database, and how they are brought up to date.

use deadpool_postgres::Transaction;

use super::attempts::Attempts;
use super::pool::Pool;
use crate::error::StoreError;

/// The number by which servers that start side by side take turns in here.
const TURN: i64 = 0x6275_7273_6172;

/// One schema of the database, and the migrations that made it, oldest first. One that
/// was released is never changed.
pub(super) struct Schema {
    /// What makes it, with the table that tells its version.
    pub(super) begin: &'static str,
    /// Asks for the version.
    pub(super) version: &'static str,
    /// Notes the version.
    pub(super) note: &'static str,
    /// The migrations.
    pub(super) migrations: &'static [&'static str],
}

/// The statements of a [`Schema`] of that name.
macro_rules! schema {
    ($name:literal, $migrations:expr) => {
        $crate::postgres::schema::Schema {
            begin: concat!(
                "CREATE SCHEMA IF NOT EXISTS ",
                $name,
                ";
                 CREATE TABLE IF NOT EXISTS ",
                $name,
                ".schema_version (number INTEGER NOT NULL);"
            ),
            version: concat!("SELECT max(number) FROM ", $name, ".schema_version"),
            note: concat!("INSERT INTO ", $name, ".schema_version (number) VALUES ($1)"),
            migrations: $migrations,
        }
    };
}
pub(super) use schema;

impl Schema {
    /// Brings it up to date, or makes it, in one transaction.
    pub(super) async fn migrate(&self, pool: &Pool) -> Result<(), StoreError> {
        let mut attempts = Attempts::begin();
        loop {
            match self.attempt(pool).await {
                Err(failure) if attempts.again(&failure).await => (),
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&self, pool: &Pool) -> Result<(), StoreError> {
        let mut client = pool.take().await?;
        let transaction = client.transaction().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&TURN]).await?;
        transaction.batch_execute(self.begin).await?;
        self.apply(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn apply(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let known = u32::try_from(self.migrations.len()).unwrap_or(u32::MAX);
        let found: Option<i32> = transaction.query_one(self.version, &[]).await?.try_get(0)?;
        let found = found.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        for (number, migration) in (1_i32..).zip(self.migrations) {
            if u32::try_from(number).is_ok_and(|number| number > found) {
                transaction.batch_execute(migration).await?;
                transaction.execute(self.note, &[&number]).await?;
            }
        }
        Ok(())
    }
}

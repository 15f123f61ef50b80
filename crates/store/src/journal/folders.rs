//! What git said of working folders, and what people said of sessions.

use domain::Timestamp;
use rusqlite::params;

use super::Journal;
use super::outbox::{About, Outbox};
use crate::error::StoreError;

/// What git said of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRow {
    /// The folder.
    pub path: String,
    /// When git was asked.
    pub looked_up_at: Timestamp,
    /// What it said, as text of the attribution crate.
    pub facts: String,
}

/// What somebody said of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The session.
    pub session: String,
    /// What it is about: `task`, `client` …
    pub key: String,
    /// What was said; empty where it was taken back.
    pub value: String,
    /// When.
    pub at: Timestamp,
}

impl Journal {
    /// All folders that git was asked about.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn folders(&self) -> Result<Vec<FolderRow>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT path, looked_up_at, facts FROM folder")?;
        let rows = statement.query_map([], |row| {
            let looked_up_at = Timestamp::from_millis(row.get(1)?);
            Ok(FolderRow { path: row.get(0)?, looked_up_at, facts: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps what git said of folders, in place of what it said before.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn store_folders(&mut self, folders: &[FolderRow]) -> Result<(), StoreError> {
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let outbox = Outbox::of(&transaction)?;
            let mut statement = transaction.prepare_cached(
                "INSERT OR REPLACE INTO folder (path, looked_up_at, facts) VALUES (?1, ?2, ?3)",
            )?;
            for folder in folders {
                statement.execute(params![folder.path, folder.looked_up_at.millis(), folder.facts])?;
                outbox.put(About::Folder, &[&folder.path])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// All that was said of sessions.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn tags(&self) -> Result<Vec<Tag>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT session, key, value, at FROM tag WHERE value <> ''")?;
        let rows = statement.query_map([], |row| {
            let at = Timestamp::from_millis(row.get(3)?);
            Ok(Tag { session: row.get(0)?, key: row.get(1)?, value: row.get(2)?, at })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Says something of a session, or takes it back where the value is empty.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn set_tag(&mut self, tag: &Tag) -> Result<(), StoreError> {
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO tag (session, key, value, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (session, key) DO UPDATE SET value = excluded.value, at = excluded.at",
            params![tag.session, tag.key, tag.value, tag.at.millis()],
        )?;
        Outbox::of(&transaction)?.put(About::Tag, &[&tag.session, &tag.key])?;
        Ok(transaction.commit()?)
    }
}

//! What git said of working folders, and what people said of sessions.

use domain::Timestamp;
use rusqlite::params;

use super::Journal;
use crate::error::StoreError;

/// What git said of a folder. Who says it is kept by name: `domain` knows the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRow {
    /// The folder.
    pub path: String,
    /// When git was asked.
    pub looked_up_at: Timestamp,
    /// The repository, and the evidence for it.
    pub repo: Option<(String, String)>,
    /// The developer, and the evidence for it.
    pub developer: Option<(String, String)>,
}

/// What somebody said of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The session.
    pub session: String,
    /// What it is about: `task`, `client` …
    pub key: String,
    /// What was said.
    pub value: String,
}

impl Journal {
    /// All folders that git was asked about.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn folders(&self) -> Result<Vec<FolderRow>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT * FROM folder")?;
        let rows = statement.query_map([], |row| {
            let pair = |value: &str, evidence: &str| {
                Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(value)?.zip(row.get(evidence)?))
            };
            Ok(FolderRow {
                path: row.get("path")?,
                looked_up_at: Timestamp::from_millis(row.get("looked_up_at")?),
                repo: pair("repo", "repo_evidence")?,
                developer: pair("developer", "developer_evidence")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps what git said of folders. What was known and is not any more, because
    /// the folder is gone, stays known.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn store_folders(&mut self, folders: &[FolderRow]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO folder (path, looked_up_at, repo, repo_evidence, developer, developer_evidence)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (path) DO UPDATE SET
                    looked_up_at = excluded.looked_up_at,
                    repo = coalesce(excluded.repo, repo),
                    repo_evidence = coalesce(excluded.repo_evidence, repo_evidence),
                    developer = coalesce(excluded.developer, developer),
                    developer_evidence = coalesce(excluded.developer_evidence, developer_evidence)",
            )?;
            for folder in folders {
                let (repo, repo_evidence) = folder.repo.clone().unzip();
                let (developer, developer_evidence) = folder.developer.clone().unzip();
                statement.execute(params![
                    folder.path,
                    folder.looked_up_at.millis(),
                    repo,
                    repo_evidence,
                    developer,
                    developer_evidence
                ])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// All that was said of sessions.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn tags(&self) -> Result<Vec<Tag>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT session, key, value FROM tag")?;
        let rows = statement
            .query_map([], |row| Ok(Tag { session: row.get(0)?, key: row.get(1)?, value: row.get(2)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Says something of a session, or takes it back where the value is empty.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn set_tag(&mut self, tag: &Tag) -> Result<(), StoreError> {
        if tag.value.is_empty() {
            self.connection.execute("DELETE FROM tag WHERE session = ?1 AND key = ?2", [&tag.session, &tag.key])?;
        } else {
            self.connection.execute(
                "INSERT INTO tag (session, key, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (session, key) DO UPDATE SET value = excluded.value",
                [&tag.session, &tag.key, &tag.value],
            )?;
        }
        Ok(())
    }
}

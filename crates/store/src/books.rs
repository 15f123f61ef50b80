//! The books: entries that people decide on, and the log of who decided what.
//!
//! An entry is a kind, an id and a body of JSON that the store does not look into:
//! teams, tokens and settings are all kept alike. Entries change by [`Act`]s alone.
//! An act is done whole or not at all, raises the version of the books by one, and
//! leaves an [`AuditRow`] for each of its changes, which nothing ever alters. A backup is
//! laid down by one act as well, and its log goes before that act where there is no other.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use domain::{Overflow, Timestamp};

use crate::error::{Answer, StoreError};
use crate::{budgets, postgres, sqlite};

/// Changes that one act may make: enough to lay down the directory of a company.
pub const MAX_CHANGES: usize = 50_000;
/// Bytes of a kind or an action.
pub const MAX_WORD_BYTES: usize = 64;
/// Bytes of an id, an actor or a reason.
pub const MAX_LINE_BYTES: usize = 1_024;
/// Bytes of a body.
pub const MAX_BODY_BYTES: usize = 256 * 1_024;
/// Rows of the audit log that are read at once.
pub const MAX_AUDIT_ROWS: usize = 1_000;

/// The books of a company. A clone is another handle to the same.
#[derive(Clone)]
pub struct Books(Engine);

#[derive(Clone)]
enum Engine {
    Sqlite(sqlite::Books),
    Postgres(postgres::Books),
}

impl Books {
    /// Opens the books in a folder, or makes them there.
    ///
    /// # Errors
    /// [`StoreError::Open`] and [`StoreError::Newer`].
    pub fn sqlite(folder: &Path) -> Result<Self, StoreError> {
        sqlite::Books::open(folder).map(Engine::Sqlite).map(Self)
    }

    /// Opens the books in a PostgreSQL database, or makes them there.
    ///
    /// # Errors
    /// [`StoreError::Address`], [`StoreError::Unreachable`] and [`StoreError::Newer`].
    pub fn postgres(url: &str) -> Answer<'_, Self> {
        Box::pin(async { Self::pooled(postgres::Pool::to(url)?).await })
    }

    /// Opens the books where these connections lead.
    pub(crate) async fn pooled(pool: postgres::Pool) -> Result<Self, StoreError> {
        postgres::Books::open(pool).await.map(Engine::Postgres).map(Self)
    }

    /// What keeps the budgets that stand in them.
    pub(crate) fn ledger(&self) -> budgets::Engine {
        match &self.0 {
            Engine::Sqlite(books) => budgets::Engine::Sqlite(sqlite::Budgets::of(books)),
            Engine::Postgres(books) => budgets::Engine::Postgres(postgres::Budgets::of(books)),
        }
    }

    /// Does something to the books, whole or not at all; returns the new version when
    /// it is durable.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where they changed since the version that was expected;
    /// [`StoreError::TooLarge`] and [`StoreError::NulCharacter`];
    /// [`StoreError::Uncertain`] where nobody knows whether it was done.
    pub fn act(&self, act: Act) -> Answer<'_, u64> {
        Box::pin(async {
            act.check()?;
            match &self.0 {
                Engine::Sqlite(books) => books.act(act).await,
                Engine::Postgres(books) => books.act(act).await,
            }
        })
    }

    /// Lays down what a backup holds, whole or not at all; returns the new version when it
    /// is durable.
    ///
    /// # Errors
    /// [`StoreError::LogExists`] where there is a log already and the backup has one;
    /// [`StoreError::LogBroken`] where that is none; and those of [`Books::act`].
    pub fn restore(&self, restored: Restored) -> Answer<'_, u64> {
        Box::pin(async {
            restored.check()?;
            match &self.0 {
                Engine::Sqlite(books) => books.restore(restored).await,
                Engine::Postgres(books) => books.restore(restored).await,
            }
        })
    }

    /// All entries of a kind, by the bytes of their ids.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn entries<'a>(&'a self, kind: &'a str) -> Answer<'a, Vec<Entry>> {
        match &self.0 {
            Engine::Sqlite(books) => Box::pin(books.entries(kind)),
            Engine::Postgres(books) => Box::pin(books.entries(kind)),
        }
    }

    /// What is in force under a kind and id.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn entry<'a>(&'a self, kind: &'a str, id: &'a str) -> Answer<'a, Option<Entry>> {
        match &self.0 {
            Engine::Sqlite(books) => Box::pin(books.entry(kind, id)),
            Engine::Postgres(books) => Box::pin(books.entry(kind, id)),
        }
    }

    /// How many acts there were: whoever remembers entries looks whether it changed.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn version(&self) -> Answer<'_, u64> {
        match &self.0 {
            Engine::Sqlite(books) => Box::pin(books.version()),
            Engine::Postgres(books) => Box::pin(books.version()),
        }
    }

    /// The newest rows of the audit log before that number, the newest first; at most
    /// [`MAX_AUDIT_ROWS`] of them.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn audit(&self, before: Option<u64>, limit: usize) -> Answer<'_, Vec<AuditRow>> {
        let limit = limit.min(MAX_AUDIT_ROWS);
        match &self.0 {
            Engine::Sqlite(books) => Box::pin(books.audit(before, limit)),
            Engine::Postgres(books) => Box::pin(books.audit(before, limit)),
        }
    }
}

/// What is in force under a kind and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// What kind of thing: `team`, `token`, `setting` …
    pub kind: String,
    /// Which one.
    pub id: String,
    /// JSON of whoever keeps entries of that kind.
    pub body: String,
}

/// What shall be in force under a kind and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What kind of thing.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// Its new body; `None` takes the entry away.
    pub after: Option<String>,
}

/// Something that somebody does to the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Who: a developer, or the public part of a token.
    pub actor: String,
    /// What it is called: `token.create`, `org.apply` …
    pub action: String,
    /// Why, where they said so.
    pub reason: Option<String>,
    /// What changes, one after another. There may be none: then the act is logged.
    pub changes: Vec<Change>,
    /// The version that the actor looked at; the act is refused if the books have
    /// changed since. `None` acts on whatever stands there.
    pub expected: Option<u64>,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number; they count up from 1 without a gap.
    pub seq: u64,
    /// The version that the act made. Rows of one act share it.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What it is called.
    pub action: String,
    /// What kind of thing was changed; empty where the act changed nothing.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// The body that stood there; `None` where there was none.
    pub before: Option<String>,
    /// The body that stands there now; `None` where it was taken away.
    pub after: Option<String>,
    /// Why, where they said so.
    pub reason: Option<String>,
    /// When the row was taken out of a backup; `None` where it was written here.
    pub restored_at: Option<Timestamp>,
}

/// What a backup lays down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The entries. There may be any number of them.
    pub act: Act,
    /// The log of the backup, the oldest first, from 1 on; or nothing, where it shall not
    /// be laid down.
    pub log: Vec<AuditRow>,
}

impl Restored {
    /// Refuses what no store can keep, and what is no log.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.act.check_texts()?;
        let mut version = 1;
        for (seq, row) in (1_u64..).zip(&self.log) {
            if row.seq != seq || row.version < version {
                return Err(StoreError::LogBroken { seq });
            }
            version = row.version;
            row.check_texts()?;
        }
        Ok(())
    }

    /// What it makes of what stands there.
    pub(crate) fn perform(&self, mut standing: Standing) -> Result<Deed, StoreError> {
        let Some(last) = self.log.last() else { return self.act.perform(standing) };
        if standing.last_seq != 0 || standing.version != 0 {
            return Err(StoreError::LogExists);
        }
        standing.last_seq = last.seq;
        standing.version = last.version;
        let mut deed = Act { expected: None, ..self.act.clone() }.perform(standing)?;
        let restored_at = Some(self.act.at);
        let log = self.log.iter().map(|row| AuditRow { restored_at, ..row.clone() });
        deed.rows.splice(0..0, log);
        Ok(deed)
    }
}

impl AuditRow {
    pub(crate) fn check_texts(&self) -> Result<(), StoreError> {
        text("an actor", &self.actor, MAX_LINE_BYTES)?;
        text("an action", &self.action, MAX_WORD_BYTES)?;
        text("a reason", self.reason.as_deref().unwrap_or_default(), MAX_LINE_BYTES)?;
        text("the kind of an entry", &self.kind, MAX_WORD_BYTES)?;
        text("the id of an entry", &self.id, MAX_LINE_BYTES)?;
        text("the body of an entry", self.before.as_deref().unwrap_or_default(), MAX_BODY_BYTES)?;
        text("the body of an entry", self.after.as_deref().unwrap_or_default(), MAX_BODY_BYTES)
    }
}

impl Act {
    /// Refuses what no store can keep, so that all of them refuse the same.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        within("an act's changes", self.changes.len(), MAX_CHANGES)?;
        self.check_texts()
    }

    fn check_texts(&self) -> Result<(), StoreError> {
        text("an actor", &self.actor, MAX_LINE_BYTES)?;
        text("an action", &self.action, MAX_WORD_BYTES)?;
        text("a reason", self.reason.as_deref().unwrap_or_default(), MAX_LINE_BYTES)?;
        for change in &self.changes {
            text("the kind of an entry", &change.kind, MAX_WORD_BYTES)?;
            text("the id of an entry", &change.id, MAX_LINE_BYTES)?;
            text("the body of an entry", change.after.as_deref().unwrap_or_default(), MAX_BODY_BYTES)?;
        }
        Ok(())
    }
}

/// What stands in the books before an act.
pub(crate) struct Standing {
    pub(crate) version: u64,
    pub(crate) last_seq: u64,
    /// By kind and id; only those that the act changes matter.
    pub(crate) bodies: HashMap<(String, String), String>,
}

/// What an act writes.
pub(crate) struct Deed {
    pub(crate) version: u64,
    pub(crate) rows: Vec<AuditRow>,
    /// By kind and id, what stands there in the end.
    pub(crate) bodies: BTreeMap<(String, String), Option<String>>,
}

impl Act {
    /// What it makes of what stands there.
    pub(crate) fn perform(&self, mut standing: Standing) -> Result<Deed, StoreError> {
        let found = standing.version;
        if let Some(expected) = self.expected
            && expected != found
        {
            return Err(StoreError::Stale { expected, found });
        }
        let version = found.checked_add(1).ok_or(Overflow)?;
        let mut deed = Deed { version, rows: Vec::new(), bodies: BTreeMap::new() };
        let nothing = Change { kind: String::new(), id: String::new(), after: None };
        let changes = if self.changes.is_empty() { &[nothing] } else { self.changes.as_slice() };
        for change in changes {
            let key = (change.kind.clone(), change.id.clone());
            let before = deed.bodies.get(&key).cloned().unwrap_or_else(|| standing.bodies.remove(&key));
            let seq = standing.last_seq.checked_add(1).ok_or(Overflow)?;
            standing.last_seq = seq;
            deed.rows.push(self.row(seq, version, change, before));
            if !self.changes.is_empty() {
                deed.bodies.insert(key, change.after.clone());
            }
        }
        Ok(deed)
    }

    fn row(&self, seq: u64, version: u64, change: &Change, before: Option<String>) -> AuditRow {
        AuditRow {
            seq,
            version,
            at: self.at,
            actor: self.actor.clone(),
            action: self.action.clone(),
            kind: change.kind.clone(),
            id: change.id.clone(),
            before,
            after: change.after.clone(),
            reason: self.reason.clone(),
            restored_at: None,
        }
    }
}

pub(crate) fn within(what: &'static str, size: usize, limit: usize) -> Result<(), StoreError> {
    if size > limit { Err(StoreError::TooLarge { what, size, limit }) } else { Ok(()) }
}

pub(crate) fn text(what: &'static str, value: &str, limit: usize) -> Result<(), StoreError> {
    within(what, value.len(), limit)?;
    // PostgreSQL keeps every character but this one.
    if value.contains('\0') { Err(StoreError::NulCharacter { what }) } else { Ok(()) }
}

/// A count, as a column keeps it.
pub(crate) fn signed(count: u64) -> Result<i64, Overflow> {
    i64::try_from(count).map_err(|_| Overflow)
}

/// A count, as a column kept it.
pub(crate) fn count(column: i64) -> Result<u64, StoreError> {
    u64::try_from(column).map_err(|_| StoreError::Unknown { what: "a count", value: column.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Act)) -> String {
        let changes = vec![Change { kind: "team".into(), id: "web".into(), after: Some("{}".into()) }];
        let (actor, action) = ("ada@example.com".into(), "org.apply".into());
        let mut act = Act { at: Timestamp::default(), actor, action, reason: None, changes, expected: None };
        change(&mut act);
        act.check().map_or_else(|error| error.to_string(), |()| "fine".into())
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        assert_eq!(check(|_| ()), "fine");
        assert_eq!(
            check(|act| act.action = "a".repeat(65)),
            "an action is too large: 65, at most 64 are allowed"
        );
        assert_eq!(
            check(|act| act.changes[0].after = Some("a".repeat(300_000))),
            "the body of an entry is too large: 300000, at most 262144 are allowed"
        );
        assert_eq!(
            check(|act| act.changes[0].id = "a\0b".into()),
            "the id of an entry holds the character U+0000, which cannot be stored: leave it out"
        );
    }
}

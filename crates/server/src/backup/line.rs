//! The lines of the books in a backup: the format, apart from what the store keeps.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AuditRow, Entry};

use super::Kept;

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    Entry {
        kind: String,
        id: String,
        body: String,
    },
    Audit(AuditLine),
    /// A row of the ledger of budgets.
    Ledger {
        kind: String,
        body: String,
    },
    /// The last one.
    End(End),
}

/// How many lines stand before the last.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct End {
    entries: usize,
    audit: usize,
    /// None in backups of before there were budgets.
    #[serde(default)]
    ledger: usize,
}

impl End {
    pub(super) const fn of(kept: &Kept) -> Self {
        Self { entries: kept.entries.len(), audit: kept.log.len(), ledger: kept.ledger.len() }
    }
}

/// A row of the audit log.
#[derive(Serialize, Deserialize)]
pub(super) struct AuditLine {
    seq: u64,
    version: u64,
    at_ms: i64,
    actor: String,
    action: String,
    kind: String,
    id: String,
    before: Option<String>,
    after: Option<String>,
    reason: Option<String>,
}

impl Line {
    pub(super) fn of_entry(entry: Entry) -> Self {
        Self::Entry { kind: entry.kind, id: entry.id, body: entry.body }
    }

    pub(super) fn of_row(row: AuditRow) -> Self {
        Self::Audit(AuditLine {
            seq: row.seq,
            version: row.version,
            at_ms: row.at.millis(),
            actor: row.actor,
            action: row.action,
            kind: row.kind,
            id: row.id,
            before: row.before,
            after: row.after,
            reason: row.reason,
        })
    }
}

impl AuditLine {
    pub(super) fn row(self) -> AuditRow {
        AuditRow {
            seq: self.seq,
            version: self.version,
            at: Timestamp::from_millis(self.at_ms),
            actor: self.actor,
            action: self.action,
            kind: self.kind,
            id: self.id,
            before: self.before,
            after: self.after,
            reason: self.reason,
            // It is said anew of every row that is restored.
            restored_at: None,
        }
    }
}

//! The copy of everything that a company's database holds, in one file.
//!
//! A line of text names the format and the length of the first part; then follow two
//! parts in gzip: the books (tokens, directory, settings, audit log) as JSON lines, and
//! the book, as the store writes it. Both come from any engine and go to any.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};

use domain::Timestamp;
use domain::directory::EntryKind;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use store::{Act, AuditRow, Books, Change, Entry, Store, StoreError};

use crate::register::{SETTING, TOKEN};

/// The format, as the first line names it.
const FORMAT: &str = "bursar.backup/1";
/// The longest first line.
const HEAD_BYTES: u64 = 64;
/// Bytes of the books, unpacked, at most.
const BOOKS_BYTES: u64 = 1_024 * 1_024 * 1_024;
/// Rows of the audit log that are read at once.
const AUDIT_ROWS: usize = 1_000;
/// Entries that one act of a restore writes.
const ENTRIES_AT_ONCE: usize = 10_000;

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Tokens, entries of the directory, settings.
    pub entries: u64,
    /// Lines of the book.
    pub lines: u64,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It is no backup, or a damaged one.
    #[error("this is no backup of bursar, or a damaged one ({0}); give a file that `bursar backup` wrote")]
    NoBackup(String),
    /// There is something where it should be restored.
    #[error(
        "the database is not empty: it has {0}; restore into a new one, or give --into-existing to lay the \
         backup over it"
    )]
    NotEmpty(String),
    /// The file cannot be read or written.
    #[error("the backup cannot be read or written")]
    File(#[from] std::io::Error),
    /// The books cannot be written as JSON.
    #[error("the books cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Entry { kind: String, id: String, body: String },
    Audit(AuditLine),
}

#[derive(Serialize, Deserialize)]
struct AuditLine {
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

impl AuditLine {
    fn of(row: AuditRow) -> Self {
        Self {
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
        }
    }
}

/// The kinds of entries that the books have.
fn kinds() -> impl Iterator<Item = &'static str> {
    [TOKEN, SETTING].into_iter().chain(EntryKind::ALL.into_iter().map(EntryKind::name))
}

/// Writes a copy of everything, while others go on using it.
///
/// # Errors
/// [`BackupError`] where the store or the writer fails.
pub fn backup(store: &Store, to: Box<dyn Write + Send>) -> BoxFuture<'_, Result<Copied, BackupError>> {
    Box::pin(copy_out(store, to))
}

async fn copy_out(store: &Store, mut to: Box<dyn Write + Send>) -> Result<Copied, BackupError> {
    let mut books = GzEncoder::new(Vec::new(), Compression::default());
    let mut entries = 0_u64;
    for kind in kinds() {
        for Entry { kind, id, body } in store.books().entries(kind).await? {
            write_line(&mut books, &Line::Entry { kind, id, body })?;
            entries = entries.saturating_add(1);
        }
    }
    let mut before = None;
    loop {
        let rows = store.books().audit(before, AUDIT_ROWS).await?;
        before = rows.last().map(|it| it.seq);
        if rows.is_empty() {
            break;
        }
        for row in rows {
            write_line(&mut books, &Line::Audit(AuditLine::of(row)))?;
        }
    }
    let books = books.finish()?;
    writeln!(to, "{FORMAT} {}", books.len())?;
    to.write_all(&books)?;
    let lines = store.export(to).await?;
    Ok(Copied { entries, lines })
}

fn write_line(to: &mut impl Write, line: &Line) -> Result<(), BackupError> {
    serde_json::to_writer(&mut *to, line)?;
    Ok(to.write_all(b"\n")?)
}

/// What of a database is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    /// Nothing must be.
    Empty,
    /// The backup is laid over it.
    Existing,
}

/// Takes in what [`backup`] wrote. The audit log of the copy stays in the copy: what is
/// restored is one act of the log here.
///
/// # Errors
/// [`BackupError`]; what was restored before the failure stays, and restoring again is
/// harmless.
pub fn restore(
    store: &Store,
    from: File,
    onto: Onto,
    at: Timestamp,
) -> BoxFuture<'_, Result<Copied, BackupError>> {
    Box::pin(copy_in(store, from, onto, at))
}

async fn copy_in(store: &Store, mut from: File, onto: Onto, at: Timestamp) -> Result<Copied, BackupError> {
    if onto == Onto::Empty {
        must_be_empty(store).await?;
    }
    let mut head = String::new();
    BufReader::new((&mut from).take(HEAD_BYTES)).read_line(&mut head).map_err(no_backup)?;
    let length = head.trim_end().strip_prefix(FORMAT).and_then(|it| it.trim().parse::<u64>().ok());
    let length = length.ok_or_else(|| BackupError::NoBackup("its first line is of another format".into()))?;
    let begin = u64::try_from(head.len()).unwrap_or(u64::MAX);
    from.seek(SeekFrom::Start(begin))?;
    let books = BufReader::new(MultiGzDecoder::new((&mut from).take(length)).take(BOOKS_BYTES));
    let mut changes = Vec::new();
    for line in books.lines() {
        let line: Line = serde_json::from_str(&line.map_err(no_backup)?).map_err(no_backup)?;
        if let Line::Entry { kind, id, body } = line {
            changes.push(Change { kind, id, after: Some(body) });
        }
    }
    let entries = u64::try_from(changes.len()).unwrap_or(u64::MAX);
    write(store.books(), changes, at).await?;
    from.seek(SeekFrom::Start(begin.saturating_add(length)))?;
    let lines = store.import(Box::new(from)).await?;
    Ok(Copied { entries, lines })
}

async fn write(books: &Books, changes: Vec<Change>, at: Timestamp) -> Result<(), BackupError> {
    for changes in changes.chunks(ENTRIES_AT_ONCE) {
        let act = Act {
            at,
            actor: "bursar restore".to_owned(),
            action: "backup.restore".to_owned(),
            reason: None,
            changes: changes.to_vec(),
            expected: None,
        };
        books.act(act).await?;
    }
    Ok(())
}

async fn must_be_empty(store: &Store) -> Result<(), BackupError> {
    for kind in kinds() {
        if !store.books().entries(kind).await?.is_empty() {
            return Err(BackupError::NotEmpty(format!("entries of the kind `{kind}`")));
        }
    }
    if store.span().await?.is_some() {
        return Err(BackupError::NotEmpty("calls".to_owned()));
    }
    Ok(())
}

fn no_backup(error: impl std::fmt::Display) -> BackupError {
    BackupError::NoBackup(error.to_string())
}

//! The copy of everything that a company's database holds, in one file.
//!
//! A line of text names the format and the length of the first part; then follow two
//! parts in gzip: the books (tokens, directory, settings, audit log, budgets) as JSON lines,
//! and the book, as the store writes it. Both come from any engine and go to any, and both end
//! with a line that says how many there are.
//!
//! A restore reads all of it before it writes any of it. Then comes the book, then the
//! budgets, where there are none, and last, in one act, tokens, directory, settings and the
//! audit log. Broken off in between, it
//! leaves a book that nobody has a token for and that no server starts on
//! (`is_half_restored`); restoring again goes on from there.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};

use domain::Timestamp;
use domain::directory::EntryKind;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use futures_util::future::BoxFuture;
use store::{Act, AuditRow, Change, Entry, LedgerRow, Restored, Store, StoreError, Verified};

use self::line::{End, Line};
use crate::register::{SETTING, TOKEN, VERDICT};

mod line;

/// The format, as the first line names it.
const FORMAT: &str = "bursar.backup/3";
/// The format before it, which has no budgets.
const BUDGETLESS_FORMAT: &str = "bursar.backup/2";
/// The format before that, whose parts end where their bytes do.
const ENDLESS_FORMAT: &str = "bursar.backup/1";
/// The longest first line.
const HEAD_BYTES: u64 = 64;
/// Bytes of the books, unpacked, at most.
const BOOKS_BYTES: u64 = 1_024 * 1_024 * 1_024;
/// Rows of the audit log that are read at once.
const AUDIT_ROWS: usize = 1_000;
/// How often the books are read again because somebody changed them meanwhile.
const READINGS: usize = 20;

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
    /// A restore of something else broke off here.
    #[error(
        "the database holds {found} observations and the backup {expected}: the restore of another backup \
         broke off here; give a new database"
    )]
    OfAnother {
        /// How many there are.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
    /// The books never stood still.
    #[error("the books were changed whenever they were read; try again when there is less to do")]
    Restless,
    /// The work was given up.
    #[error("the copy was given up before its end")]
    GivenUp,
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

/// The kinds of entries that the books have.
fn kinds() -> impl Iterator<Item = &'static str> {
    [TOKEN, SETTING, VERDICT].into_iter().chain(EntryKind::ALL.into_iter().map(EntryKind::name))
}

/// Writes a copy of everything, while others go on using it.
///
/// # Errors
/// [`BackupError`] where the store or the writer fails.
pub fn backup(store: &Store, to: Box<dyn Write + Send>) -> BoxFuture<'_, Result<Copied, BackupError>> {
    Box::pin(copy_out(store, to))
}

async fn copy_out(store: &Store, mut to: Box<dyn Write + Send>) -> Result<Copied, BackupError> {
    let books = Kept::of(store).await?;
    let entries = u64::try_from(books.entries.len()).unwrap_or(u64::MAX);
    let packed = books.packed()?;
    writeln!(to, "{FORMAT} {}", packed.len())?;
    to.write_all(&packed)?;
    let lines = store.export(to).await?;
    Ok(Copied { entries, lines })
}

/// What the books of a backup hold.
#[derive(Default)]
struct Kept {
    entries: Vec<Entry>,
    /// The oldest first.
    log: Vec<AuditRow>,
    /// Budgets, with what was spent of them.
    ledger: Vec<LedgerRow>,
}

impl Kept {
    /// What stands in the books, all of it at one version.
    async fn of(store: &Store) -> Result<Self, BackupError> {
        let books = store.books();
        for _ in 0..READINGS {
            let version = books.version().await?;
            let mut kept = Self::default();
            for kind in kinds() {
                kept.entries.extend(books.entries(kind).await?);
            }
            let mut before = None;
            loop {
                let rows = books.audit(before, AUDIT_ROWS).await?;
                before = rows.last().map(|it| it.seq);
                if rows.is_empty() {
                    break;
                }
                kept.log.extend(rows);
            }
            kept.log.reverse();
            kept.ledger = store.budgets().export().await?;
            if books.version().await? == version {
                return Ok(kept);
            }
        }
        Err(BackupError::Restless)
    }

    /// As lines, in gzip.
    fn packed(self) -> Result<Vec<u8>, BackupError> {
        let end = Line::End(End::of(&self));
        let entries = self.entries.into_iter().map(Line::of_entry);
        let log = self.log.into_iter().map(Line::of_row);
        let ledger = self.ledger.into_iter().map(|LedgerRow { kind, body }| Line::Ledger { kind, body });
        let mut to = GzEncoder::new(Vec::new(), Compression::default());
        for line in entries.chain(log).chain(ledger).chain([end]) {
            serde_json::to_writer(&mut to, &line)?;
            to.write_all(b"\n")?;
        }
        Ok(to.finish()?)
    }

    /// Out of such lines. Those of the format before may have no end.
    fn unpacked(from: impl Read, may_be_endless: bool) -> Result<Self, BackupError> {
        let mut kept = Self::default();
        let mut end = None;
        for line in BufReader::new(MultiGzDecoder::new(from).take(BOOKS_BYTES)).lines() {
            if end.is_some() {
                return Err(no_backup("something stands behind the end of the books"));
            }
            match serde_json::from_str(&line.map_err(no_backup)?).map_err(no_backup)? {
                Line::Entry { kind, id, body } => kept.entries.push(Entry { kind, id, body }),
                Line::Audit(row) => kept.log.push(row.row()),
                Line::Ledger { kind, body } => kept.ledger.push(LedgerRow { kind, body }),
                Line::End(it) => end = Some(it),
            }
        }
        kept.log.sort_by_key(|it| it.seq);
        match end {
            Some(end) if end == End::of(&kept) => Ok(kept),
            None if may_be_endless => Ok(kept),
            Some(_) => Err(no_backup("the books have lines too many or too few")),
            None => Err(no_backup("the end of the books is missing")),
        }
    }
}

/// What of a database is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    /// Nothing must be, unless the restore of the same backup broke off.
    Empty,
    /// The backup is laid over it, without its audit log.
    Existing,
}

/// Takes in what [`backup`] wrote, after all of it was read and found whole.
///
/// # Errors
/// [`BackupError`]. What was restored before the failure stays; nobody has a token for it,
/// and restoring again is harmless.
pub fn restore(
    store: &Store,
    from: File,
    onto: Onto,
    at: Timestamp,
) -> BoxFuture<'_, Result<Copied, BackupError>> {
    Box::pin(copy_in(store, from, onto, at))
}

async fn copy_in(store: &Store, from: File, onto: Onto, at: Timestamp) -> Result<Copied, BackupError> {
    if onto == Onto::Empty {
        must_be_empty(store).await?;
    }
    let read = tokio::task::spawn_blocking(move || Whole::read(from)).await;
    let Whole { mut kept, book, verified } = read.map_err(|_| BackupError::GivenUp)??;
    let lines = store.import(Box::new(book)).await?;
    if onto == Onto::Empty {
        let reporters = store.reporters().await?;
        let found = reporters.iter().fold(0_u64, |sum, it| sum.saturating_add(it.observations));
        if found != verified.observations {
            return Err(BackupError::OfAnother { found, expected: verified.observations });
        }
    }
    // Budgets that are there already stay as they are: calls may run under them.
    store.budgets().import(std::mem::take(&mut kept.ledger)).await?;
    let entries = u64::try_from(kept.entries.len()).unwrap_or(u64::MAX);
    store.books().restore(laid_down(kept, onto, at)).await?;
    Ok(Copied { entries, lines })
}

/// A backup that was read to its end.
struct Whole {
    kept: Kept,
    /// At the beginning of the book.
    book: File,
    verified: Verified,
}

impl Whole {
    fn read(mut from: File) -> Result<Self, BackupError> {
        let mut head = String::new();
        BufReader::new((&mut from).take(HEAD_BYTES)).read_line(&mut head).map_err(no_backup)?;
        let (format, length) = head.trim_end().split_once(' ').unwrap_or_default();
        let length = length
            .parse::<u64>()
            .ok()
            .filter(|_| [FORMAT, BUDGETLESS_FORMAT, ENDLESS_FORMAT].contains(&format));
        let length = length.ok_or_else(|| no_backup("its first line is of another format"))?;
        let begin = u64::try_from(head.len()).unwrap_or(u64::MAX);
        from.seek(SeekFrom::Start(begin))?;
        let kept = Kept::unpacked((&mut from).take(length), format == ENDLESS_FORMAT)?;
        let book = begin.saturating_add(length);
        from.seek(SeekFrom::Start(book))?;
        let verified = store::verify(&mut from)?;
        from.seek(SeekFrom::Start(book))?;
        Ok(Self { kept, book: from, verified })
    }
}

fn laid_down(kept: Kept, onto: Onto, at: Timestamp) -> Restored {
    let changes =
        kept.entries.into_iter().map(|Entry { kind, id, body }| Change { kind, id, after: Some(body) });
    let act = Act {
        at,
        actor: "bursar restore".to_owned(),
        action: "backup.restore".to_owned(),
        reason: None,
        changes: changes.collect(),
        // An empty database has seen no act: one that has by now is in use.
        expected: (onto == Onto::Empty).then_some(0),
    };
    Restored { act, log: if onto == Onto::Empty { kept.log } else { Vec::new() } }
}

async fn must_be_empty(store: &Store) -> Result<(), BackupError> {
    for kind in kinds() {
        if !store.books().entries(kind).await?.is_empty() {
            return Err(BackupError::NotEmpty(format!("entries of the kind `{kind}`")));
        }
    }
    if store.books().version().await? > 0 {
        return Err(BackupError::NotEmpty("an audit log".to_owned()));
    }
    Ok(())
}

/// Whether a restore broke off here: a server makes a token before it takes a call, so
/// calls without a single act come from nowhere else.
pub(crate) async fn is_half_restored(store: &Store) -> Result<bool, StoreError> {
    Ok(store.books().version().await? == 0 && store.span().await?.is_some())
}

fn no_backup(error: impl std::fmt::Display) -> BackupError {
    BackupError::NoBackup(error.to_string())
}

#[cfg(test)]
mod tests;

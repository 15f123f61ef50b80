//! The log files, and how far each was read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use domain::{Progress, SessionId, SessionTally, Shape, SourceFile, Stamp, Tool};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Journal;
use super::columns::{Columns, signed};
use super::outbox::{About, Outbox};
use crate::error::StoreError;

/// A file that the journal knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSource {
    /// Its number.
    pub id: u32,
    /// The file.
    pub file: SourceFile,
    /// How far it was read.
    pub progress: Progress,
}

/// What reading a file gave, to be stored with the calls that it led to.
#[derive(Debug, Clone)]
pub struct SourceReading {
    /// The file's number.
    pub source: u32,
    /// How far it had been read when this reading began.
    pub before: Progress,
    /// How far it is read now.
    pub after: Progress,
    /// What the file says of its sessions, in all.
    pub tallies: Vec<SessionTally>,
    /// What could not be read of it, in all.
    pub problems: Vec<Met>,
}

/// Something that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// What kind of problem.
    pub kind: &'static str,
    /// How often.
    pub count: u64,
    /// The byte where the first begins.
    pub first_offset: u64,
}

pub(super) const TALLY_COLUMNS: &str = "tool, session, first_at, last_at, turns, active_ms, tool_calls,
    failed_steps, longest_failing_run, compactions, first_context, peak_context";

impl Journal {
    /// All files that were ever read. What their readers must know to go on is left
    /// out of their progress: [`Self::state_of`] has it.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn sources(&self) -> Result<Vec<KnownSource>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, tool, shape, path, device, inode, size, modified_ns, offset, head, tail FROM source",
        )?;
        let mut rows = statement.query([])?;
        let mut sources = Vec::new();
        while let Some(row) = rows.next()? {
            sources.push(known_source(row)?);
        }
        Ok(sources)
    }

    /// How many files of each tool were ever read, and how many bytes are in them.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn sources_by_tool(&self) -> Result<Vec<(Tool, u64, u64)>, StoreError> {
        // Summed here: SQLite would sort all files by their tool first.
        let mut statement = self.connection.prepare_cached("SELECT tool, size FROM source")?;
        let mut rows = statement.query([])?;
        let mut tools: Vec<(Tool, u64, u64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let mut columns = Columns::of(row);
            let (tool, size) = (columns.named("tool", Tool::from_name)?, columns.count()?);
            match tools.iter_mut().find(|it| it.0 == tool) {
                Some((_, files, bytes)) => {
                    *files = files.saturating_add(1);
                    *bytes = bytes.saturating_add(size);
                }
                None => tools.push((tool, 1, size)),
            }
        }
        Ok(tools)
    }

    /// What the reader of a file must know to go on.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn state_of(&self, source: u32) -> Result<String, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT state FROM reader WHERE source = ?1")?;
        Ok(statement.query_row([source], |row| row.get(0)).optional()?.unwrap_or_default())
    }

    /// Gives numbers to files that have none yet.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn register(&mut self, files: &[SourceFile]) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO source (tool, shape, path, device, inode, size, modified_ns, offset, head, tail)
                 VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING",
            )?;
            for file in files {
                statement.execute(params![file.tool.name(), file.shape.name(), path_bytes(&file.path)])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// What a file said of its sessions so far.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn tallies_of(&self, source: u32) -> Result<Vec<SessionTally>, StoreError> {
        let sql = format!("SELECT {TALLY_COLUMNS} FROM tally WHERE source = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([source])?;
        let mut tallies = Vec::new();
        while let Some(row) = rows.next()? {
            tallies.push(tally(row)?);
        }
        Ok(tallies)
    }

    /// What could not be read of a file so far: the kind of problem, how often, and
    /// the byte where the first begins.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn problems_of(&self, source: u32) -> Result<Vec<(String, u64, u64)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT kind, count, first_offset FROM problem WHERE source = ?1")?;
        let mut rows = statement.query([source])?;
        let mut problems = Vec::new();
        while let Some(row) = rows.next()? {
            let mut columns = Columns::of(row);
            problems.push((columns.value()?, columns.count()?, columns.count()?));
        }
        Ok(problems)
    }

    /// What could not be read, by file: its path, the kind of problem, how often,
    /// and the byte where the first begins.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn problems(&self) -> Result<Vec<(PathBuf, String, u64, u64)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT path, kind, count, first_offset FROM problem JOIN source ON source.id = problem.source
             ORDER BY path, kind",
        )?;
        let mut rows = statement.query([])?;
        let mut problems = Vec::new();
        while let Some(row) = rows.next()? {
            let mut columns = Columns::of(row);
            let path = path_from(columns.value()?);
            problems.push((path, columns.value()?, columns.count()?, columns.count()?));
        }
        Ok(problems)
    }
}

/// Stores a reading, unless another process read the file meanwhile: then its
/// reading stands, and this one's calls have been joined to it anyway.
pub(super) fn store_reading(
    connection: &Connection,
    outbox: Outbox<'_>,
    reading: &SourceReading,
) -> Result<bool, StoreError> {
    let (before, after) = (&reading.before, &reading.after);
    let mut statement = connection.prepare_cached(
        "UPDATE source SET device = ?2, inode = ?3, size = ?4, modified_ns = ?5, offset = ?6, head = ?7, tail = ?8
         WHERE id = ?1 AND size = ?9 AND modified_ns = ?10 AND offset = ?11",
    )?;
    let changed = statement.execute(params![
        reading.source,
        after.stamp.device.cast_signed(),
        after.stamp.inode.cast_signed(),
        after.stamp.size.cast_signed(),
        after.stamp.modified_ns,
        after.offset.cast_signed(),
        after.head.cast_signed(),
        after.tail.cast_signed(),
        before.stamp.size.cast_signed(),
        before.stamp.modified_ns,
        before.offset.cast_signed(),
    ])?;
    if changed == 0 {
        return Ok(false);
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO reader (source, state) VALUES (?1, ?2)")?
        .execute(params![reading.source, after.state])?;
    connection.prepare_cached("DELETE FROM tally WHERE source = ?1")?.execute([reading.source])?;
    for tally in &reading.tallies {
        store_tally(connection, reading.source, tally)?;
        outbox.put(About::Session, &[tally.tool.name(), tally.session.as_str()])?;
    }
    connection.prepare_cached("DELETE FROM problem WHERE source = ?1")?.execute([reading.source])?;
    let mut statement = connection
        .prepare_cached("INSERT INTO problem (source, kind, count, first_offset) VALUES (?1, ?2, ?3, ?4)")?;
    for met in &reading.problems {
        statement.execute(params![
            reading.source,
            met.kind,
            signed(met.count)?,
            signed(met.first_offset)?
        ])?;
    }
    Ok(true)
}

fn store_tally(connection: &Connection, source: u32, tally: &SessionTally) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO tally (source, session, tool, first_at, last_at, turns, active_ms, tool_calls, failed_steps,
                longest_failing_run, compactions, first_context, peak_context)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    statement.execute(params![
        source,
        tally.session.as_str(),
        tally.tool.name(),
        tally.first_at.millis(),
        tally.last_at.millis(),
        tally.turns,
        signed(tally.active_ms)?,
        tally.tool_calls,
        tally.failed_steps,
        tally.longest_failing_run,
        tally.compactions,
        signed(tally.first_context.count())?,
        signed(tally.peak_context.count())?,
    ])?;
    Ok(())
}

pub(super) fn tally(row: &Row<'_>) -> Result<SessionTally, StoreError> {
    let mut columns = Columns::of(row);
    Ok(SessionTally {
        tool: columns.named("tool", Tool::from_name)?,
        session: columns.text(SessionId::new)?,
        first_at: columns.moment()?,
        last_at: columns.moment()?,
        turns: columns.value()?,
        active_ms: columns.count()?,
        tool_calls: columns.value()?,
        failed_steps: columns.value()?,
        longest_failing_run: columns.value()?,
        compactions: columns.value()?,
        first_context: columns.tokens()?,
        peak_context: columns.tokens()?,
    })
}

fn known_source(row: &Row<'_>) -> Result<KnownSource, StoreError> {
    let mut columns = Columns::of(row);
    let id = columns.value()?;
    let file = SourceFile {
        tool: columns.named("tool", Tool::from_name)?,
        shape: columns.named("shape", Shape::from_name)?,
        path: path_from(columns.value()?),
    };
    let stamp = Stamp {
        device: columns.bits()?,
        inode: columns.bits()?,
        size: columns.bits()?,
        modified_ns: columns.value()?,
    };
    let progress = Progress {
        stamp,
        offset: columns.bits()?,
        head: columns.bits()?,
        tail: columns.bits()?,
        state: String::new(),
    };
    Ok(KnownSource { id, file, progress })
}

#[cfg(unix)]
fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(unix)]
pub(super) fn path_from(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

#[cfg(not(unix))]
pub(super) fn path_from(bytes: Vec<u8>) -> PathBuf {
    OsString::from(String::from_utf8_lossy(&bytes).into_owned()).into()
}

//! `session-store.db`: a row a request, in `assistant_usage_events`.
//!
//! Rows are only added, and numbered in order. Columns came with the versions, so
//! those that may be missing are read as empty.

use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::{
    Branch, CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, SessionId,
    Terms, Thread, Timestamp, Tool,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use super::events::{Spent, repository_address};
use crate::database::Database;
use crate::harvest::{Harvest, Problem};
use crate::json::COUNT_LIMIT;
use crate::moment;

const TABLE: &str = "assistant_usage_events";

/// Columns of a request, in the order in which they are read; the first four must be there.
const COLUMNS: [&str; 11] = [
    "id",
    "session_id",
    "created_at",
    "model",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "parent_tool_call_id",
    "agent_id",
];
const NEEDED: usize = 4;

/// Columns of the session that a request belongs to, read behind those.
const SESSION_COLUMNS: [&str; 4] = ["cwd", "branch", "repository", "host_type"];

/// How far the database was read.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// The last row.
    row: i64,
}

/// Reads what is new, and returns the state to go on from.
///
/// # Errors
/// Where it cannot be opened, read, or is of an unknown layout.
pub fn read(
    path: &Path,
    state: Option<&str>,
    harvest: &mut Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> io::Result<String> {
    let mut state: State = state.and_then(|state| serde_json::from_str(state).ok()).unwrap_or_default();
    let database = Database::open(path)?;
    if let Some(query) = query(&database)? {
        state.row =
            requests(&database.connection, &query, state.row, harvest, between).map_err(io::Error::other)?;
    }
    database.finish()?;
    Ok(serde_json::to_string(&state).unwrap_or_default())
}

/// The query for new rows; none where this version has no such table yet.
fn query(database: &Database) -> io::Result<Option<String>> {
    let mut columns = Vec::new();
    for (place, column) in COLUMNS.into_iter().enumerate() {
        if database.has(TABLE, column)? {
            columns.push(format!("e.{column}"));
        } else if place < NEEDED {
            return Ok(None);
        } else {
            columns.push("NULL".to_owned());
        }
    }
    for column in SESSION_COLUMNS {
        let has = database.has("sessions", column)?;
        columns.push(if has { format!("s.{column}") } else { "NULL".to_owned() });
    }
    let join =
        if database.has("sessions", "id")? { " LEFT JOIN sessions s ON s.id = e.session_id" } else { "" };
    let columns = columns.join(", ");
    Ok(Some(format!("SELECT {columns} FROM {TABLE} e{join} WHERE e.id > ?1 ORDER BY e.id")))
}

/// Counts the rows behind `last`, and returns the last one there is.
fn requests(
    connection: &Connection,
    query: &str,
    mut last: i64,
    harvest: &mut Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([last])?;
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        match request(row, last) {
            Some(call) if call.usage.is_zero() => {}
            Some(call) => harvest.observations.push(call),
            None => harvest.problems.count(Problem::Incomplete, u64::try_from(last).unwrap_or_default()),
        }
        between(harvest);
    }
    Ok(last)
}

/// One request; nothing if it lacks what counting needs.
fn request(row: &Row<'_>, id: i64) -> Option<Observation> {
    let session = text(row, 1)?;
    let spent = Spent {
        input: count(row, 4)?,
        output: count(row, 5)?,
        cache_read: count(row, 6)?,
        cache_write: count(row, 7)?,
        reasoning: count(row, 8)?,
    };
    let is_subagent = text(row, 9).or_else(|| text(row, 10)).is_some();
    let repository = text(row, 13);
    let host_type = text(row, 14);
    let remote = repository.and_then(|name| repository_address(&name, None, host_type.as_deref()));
    let place = Place {
        tool: Tool::CopilotCli,
        session: SessionId::new(&session),
        thread: if is_subagent { Thread::Subagent } else { Thread::Main },
        folder: text(row, 11).as_deref().map(Folder::new),
        branch: text(row, 12).as_deref().map(Branch::new),
        remote: remote.map(Arc::from),
        command: None,
        skill: None,
    };
    Some(Observation {
        key: CallKey::new(&format!("copilot-cli:{session}:row:{id}")),
        at: time(&text(row, 2)?)?,
        model: ModelName::new(&text(row, 3)?),
        provider: None,
        usage: spent.usage(),
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        lineage: Lineage::Own,
        place: Arc::new(place),
        reported_cost: None,
        origin: Origin { file: 0, offset: u64::try_from(id).unwrap_or_default() },
    })
}

fn text(row: &Row<'_>, column: usize) -> Option<String> {
    let value = row.get_ref(column).ok()?.as_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// A count; none is nothing used, and one that is no whole number, or beyond all
/// bounds, is no answer.
fn count(row: &Row<'_>, column: usize) -> Option<u64> {
    let count = match row.get_ref(column).ok()? {
        ValueRef::Null => 0,
        ValueRef::Integer(count) => u64::try_from(count).ok()?,
        ValueRef::Real(count) => count.to_string().parse().ok()?,
        ValueRef::Text(_) | ValueRef::Blob(_) => return None,
    };
    (count <= COUNT_LIMIT).then_some(count)
}

/// `2026-01-01 00:00:00`, in UTC, or RFC 3339.
fn time(text: &str) -> Option<Timestamp> {
    moment::parse(text).or_else(|| moment::parse(&format!("{}Z", text.trim().replacen(' ', "T", 1))))
}

/// Whether the database has a request of the session from before that moment. One
/// that cannot be asked knows nothing.
pub(super) fn knows(path: &Path, session: &str, before: Timestamp) -> bool {
    let first = || -> Option<String> {
        let database = Database::open(path).ok()?;
        let sql = format!("SELECT min(created_at) FROM {TABLE} WHERE session_id = ?1");
        database.connection.query_row(&sql, [session], |row| row.get(0)).ok()?
    };
    first().and_then(|first| time(&first)).is_some_and(|first| first <= before)
}

//! `session-store.db`: a row a request, in `assistant_usage_events`.
//!
//! Rows are only added, and numbered in order. Columns came with the versions, so
//! those that may be missing are read as empty. Where the row that was read last is
//! not there any more, the database was made anew: all of it is read again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{
    Branch, CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, SessionId,
    Terms, Thread, Timestamp, Tool, ToolUses,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use super::events::{Spent, repository_address};
use crate::database::Database;
use crate::harvest::{Harvest, Problem, Problems};
use crate::json::COUNT_LIMIT;
use crate::moment;

const TABLE: &str = "assistant_usage_events";

/// Columns of a request that must be there, in the order in which they are read.
const NEEDED: [&str; 4] = ["id", "session_id", "created_at", "model"];

/// Columns that are read behind those, if they are there.
const OTHERS: [&str; 7] = [
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "parent_tool_call_id",
    "agent_id",
];

/// Columns of the session that a request belongs to, read behind those.
const SESSION_COLUMNS: [&str; 4] = ["cwd", "branch", "repository", "host_type"];

/// How far the database was read.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// The last row.
    row: i64,
    /// What tells that row from another of its number.
    mark: Option<String>,
}

impl State {
    /// The state behind that row.
    fn behind(row: i64, connection: &Connection) -> rusqlite::Result<Self> {
        let sql = format!("SELECT session_id || ' ' || created_at FROM {TABLE} WHERE id = ?1");
        let mark = connection.query_row(&sql, [row], |row| row.get(0)).optional()?;
        Ok(Self { row, mark: mark.flatten() })
    }
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
    if has_requests(&database)? {
        let query = query(&database)?;
        state = changes(&database.connection, &query, state, harvest, between).map_err(io::Error::other)?;
    }
    database.finish()?;
    Ok(serde_json::to_string(&state).unwrap_or_default())
}

/// Whether there are requests: early versions have no such table.
fn has_requests(database: &Database) -> io::Result<bool> {
    let mut missing = Vec::new();
    for column in NEEDED {
        if !database.has(TABLE, column)? {
            missing.push(column);
        }
    }
    match missing.first() {
        None => Ok(true),
        Some(_) if missing.len() == NEEDED.len() => Ok(false),
        Some(column) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("this version of Copilot CLI keeps no `{column}` in `{TABLE}`; it cannot be read yet"),
        )),
    }
}

/// Counts what is new since `state`, or everything if the database is another.
fn changes(
    connection: &Connection,
    query: &str,
    mut state: State,
    harvest: &mut Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> rusqlite::Result<State> {
    if State::behind(state.row, connection)? != state {
        harvest.problems = Problems::default();
        state = State::default();
    }
    let last = requests(connection, query, state.row, harvest, between)?;
    State::behind(last, connection)
}

/// The query for new rows.
fn query(database: &Database) -> io::Result<String> {
    let mut columns: Vec<_> = NEEDED.iter().map(|column| format!("e.{column}")).collect();
    for column in OTHERS {
        let has = database.has(TABLE, column)?;
        columns.push(if has { format!("e.{column}") } else { "NULL".to_owned() });
    }
    for column in SESSION_COLUMNS {
        let has = database.has("sessions", column)?;
        columns.push(if has { format!("s.{column}") } else { "NULL".to_owned() });
    }
    let join =
        if database.has("sessions", "id")? { " LEFT JOIN sessions s ON s.id = e.session_id" } else { "" };
    let columns = columns.join(", ");
    Ok(format!("SELECT {columns} FROM {TABLE} e{join} WHERE e.id > ?1 ORDER BY e.id"))
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
        request: None,
        at: time(&text(row, 2)?)?,
        model: ModelName::new(&text(row, 3)?),
        provider: None,
        usage: spent.usage(),
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        lineage: Lineage::Own,
        place: Arc::new(place),
        // Requests are told apart from what was said and done.
        turn: None,
        tools: ToolUses::NONE,
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

/// The database, as a witness of what events tell as well.
pub(super) struct Store {
    path: PathBuf,
    /// When the first request was made.
    since: Timestamp,
}

impl Store {
    /// The database at that place; none where there is none, or where it has no
    /// request yet.
    ///
    /// # Errors
    /// Where it cannot be opened, read, or is of an unknown layout.
    pub(super) fn beside(path: &Path) -> io::Result<Option<Self>> {
        if !path.try_exists()? {
            return Ok(None);
        }
        let database = Database::open(path)?;
        let since = if has_requests(&database)? {
            first_request(&database.connection).map_err(io::Error::other)?
        } else {
            None
        };
        database.finish()?;
        Ok(since.map(|since| Self { path: path.to_owned(), since }))
    }

    /// Whether requests of that moment are in it.
    pub(super) fn covers(&self, at: Timestamp) -> bool {
        self.since <= at
    }

    /// Whether it has a request of the session. If it cannot be asked, the reading of
    /// the database itself will tell.
    pub(super) fn knows(&self, session: &str) -> bool {
        let ask = || -> io::Result<bool> {
            let database = Database::open(&self.path)?;
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {TABLE} WHERE session_id = ?1)");
            database.connection.query_row(&sql, [session], |row| row.get(0)).map_err(io::Error::other)
        };
        ask().unwrap_or(true)
    }
}

/// When the first request was made that states a time.
fn first_request(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let mut statement = connection.prepare(&format!("SELECT created_at FROM {TABLE} ORDER BY id"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(at) = text(row, 0).and_then(|text| time(&text)) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

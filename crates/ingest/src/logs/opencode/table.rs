//! The database: sessions, messages and their parts, each a row with JSON in it.
//!
//! Messages that changed or were added since the last reading are counted. What a
//! session did is told by all of its rows, so it is worked out anew for every
//! conversation in which something changed.
//!
//! Where the database is not the one that was read with rows added to it (it has
//! fewer messages, was packed, or another was put in its place) all is read again.
//! That is harmless, as calls are joined by their keys.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;

use domain::{SessionId, SessionTally, Thread, Tool, ToolUse, ToolUses};
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::message::{Message, Part};
use super::{Stand, count};
use crate::database::Database;
use crate::harvest::{Harvest, Problem, Problems};
use crate::steps::Steps;

/// Sessions that start sessions: no deeper than this.
const DEPTH: usize = 16;
/// Sessions of one conversation, at most.
const SESSIONS: usize = 10_000;
/// JSON in a row that is longer than this holds a file or an image; it is skipped.
const ROW_LIMIT: i64 = 8 * 1024 * 1024;

/// How far the database was read.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// The youngest change to a message. Rows of that very moment are read again.
    updated_ms: i64,
    /// How many messages there were.
    messages: i64,
    /// The row that was added last: imported messages have old times.
    row: i64,
    /// The message in that row.
    id: Option<String>,
}

impl State {
    /// Before anything was read.
    const NOTHING: Self = Self { updated_ms: i64::MIN, messages: 0, row: i64::MIN, id: None };

    /// How the database is now.
    fn now(connection: &Connection) -> rusqlite::Result<Self> {
        let (messages, updated_ms, row): (i64, Option<i64>, Option<i64>) = connection.query_row(
            "SELECT count(*), max(time_updated), max(rowid) FROM message",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let row = row.unwrap_or_default();
        let id = message_in(connection, row)?;
        Ok(Self { updated_ms: updated_ms.unwrap_or_default(), messages, row, id })
    }

    /// Whether a database that was in this state came to the state `now` by changes
    /// and additions alone.
    fn leads_to(&self, now: &Self, connection: &Connection) -> rusqlite::Result<bool> {
        let added: i64 =
            connection
                .query_row("SELECT count(*) FROM message WHERE rowid > ?1", [self.row], |row| row.get(0))?;
        Ok(self.updated_ms <= now.updated_ms
            && self.messages <= now.messages
            && now.messages <= self.messages.saturating_add(added)
            && self.id == message_in(connection, self.row)?)
    }

    /// Whether a message was not there when this was the state, or not yet like that.
    const fn is_before(&self, row: i64, updated_ms: i64) -> bool {
        row > self.row || updated_ms >= self.updated_ms
    }
}

fn message_in(connection: &Connection, row: i64) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT id FROM message WHERE rowid = ?1", [row], |row| row.get(0)).optional()
}

/// Reads what is new, and returns the state to go on from. `between` runs after
/// every session.
///
/// # Errors
/// Where it cannot be opened, read, or is of an unknown layout.
pub fn read(
    path: &Path,
    state: Option<&str>,
    harvest: &mut Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> io::Result<String> {
    let state = state.and_then(|state| serde_json::from_str(state).ok()).unwrap_or(State::NOTHING);
    let database = Database::open(path)?;
    for (table, column) in [("message", "time_updated"), ("message", "data"), ("session", "parent_id")] {
        if !database.has(table, column)? {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("this version of opencode keeps no `{column}` in `{table}`; it cannot be read yet"),
            ));
        }
    }
    let state = changes(&database.connection, state, harvest, between).map_err(io::Error::other)?;
    database.finish()?;
    Ok(serde_json::to_string(&state).unwrap_or_default())
}

fn changes(
    connection: &Connection,
    state: State,
    harvest: &mut Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> rusqlite::Result<State> {
    // One moment of the database, however long reading takes.
    let moment = connection.unchecked_transaction()?;
    let now = State::now(&moment)?;
    let since = if state.leads_to(&now, &moment)? {
        state
    } else {
        harvest.problems = Problems::default();
        State::NOTHING
    };
    let mut roots = BTreeSet::new();
    let mut changed =
        moment.prepare("SELECT DISTINCT session_id FROM message WHERE time_updated >= ?1 OR rowid > ?2")?;
    for session in changed.query_map([since.updated_ms, since.row], |row| row.get::<_, String>(0))? {
        roots.insert(root_of(&moment, session?)?);
    }
    for root in roots {
        Conversation::new(&moment, root, &since).read(harvest)?;
        between(harvest);
    }
    Ok(now)
}

/// The session that a session was started from, in the end.
fn root_of(connection: &Connection, mut session: String) -> rusqlite::Result<String> {
    for _ in 0..DEPTH {
        let parent = connection
            .query_row("SELECT parent_id FROM session WHERE id = ?1", [&session], |row| {
                row.get::<_, Option<String>>(0)
            })
            .optional()?;
        match parent.flatten() {
            Some(parent) => session = parent,
            None => break,
        }
    }
    Ok(session)
}

/// A session and those that it started.
struct Conversation<'a> {
    connection: &'a Connection,
    root: String,
    since: &'a State,
    tally: Option<SessionTally>,
    steps: Steps,
    tool_calls: u32,
    failed_steps: u32,
    longest_run: u32,
}

/// What is known of a session's messages from their parts, by message id.
type Words = HashMap<String, Parts>;

/// What a message's parts say.
#[derive(Default)]
struct Parts {
    /// Whether some of it is the developer's; none where it has no words.
    is_own: Option<bool>,
    /// Tools that it called.
    tools: ToolUses,
}

impl<'a> Conversation<'a> {
    fn new(connection: &'a Connection, root: String, since: &'a State) -> Self {
        Self {
            connection,
            root,
            since,
            tally: None,
            steps: Steps::default(),
            tool_calls: 0,
            failed_steps: 0,
            longest_run: 0,
        }
    }

    fn read(mut self, harvest: &mut Harvest) -> rusqlite::Result<()> {
        let mut waiting = vec![self.root.clone()];
        let mut seen = HashSet::new();
        while let Some(session) = waiting.pop() {
            if seen.len() >= SESSIONS || !seen.insert(session.clone()) {
                continue;
            }
            self.session(&session, harvest)?;
            let mut children =
                self.connection.prepare_cached("SELECT id FROM session WHERE parent_id = ?1")?;
            for child in children.query_map([&session], |row| row.get(0))? {
                waiting.push(child?);
            }
        }
        let (calls, failed, run) = (self.tool_calls, self.failed_steps, self.longest_run);
        if let Some(tally) = self.tally {
            let tally =
                SessionTally { tool_calls: calls, failed_steps: failed, longest_failing_run: run, ..tally };
            let (session, at) = (tally.session.clone(), tally.first_at);
            *harvest.tallies.touch(Tool::Opencode, &session, at) = tally;
        }
        Ok(())
    }

    fn session(&mut self, session: &str, harvest: &mut Harvest) -> rusqlite::Result<()> {
        let words = self.parts(session)?;
        let root = self.root.clone();
        let folder: Option<String> = self
            .connection
            .query_row("SELECT directory FROM session WHERE id = ?1", [session], |row| row.get(0))
            .optional()?
            .flatten();
        let mut messages = self.connection.prepare_cached(
            "SELECT rowid, id, time_updated, CASE WHEN length(data) <= ?2 THEN data END FROM message
             WHERE session_id = ?1 ORDER BY time_created, id",
        )?;
        let mut rows = messages.query((session, ROW_LIMIT))?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            let offset = u64::try_from(number).unwrap_or_default();
            let id: String = row.get(1)?;
            let is_new = self.since.is_before(number, row.get(2)?);
            let data = row.get_ref(3)?.as_str().ok();
            let Some(message) = data.and_then(|data| serde_json::from_str::<Message>(data).ok()) else {
                if is_new {
                    let problem = if data.is_some() { Problem::Malformed } else { Problem::TooLong };
                    harvest.problems.count(problem, offset);
                }
                continue;
            };
            let thread = if session == root { Thread::Main } else { Thread::Subagent };
            let tools = words.get(&id).map(|it| it.tools.clone()).unwrap_or_default();
            let stand = Stand { id: &id, session: &root, thread, folder: folder.as_deref(), tools, offset };
            if is_new {
                count(&message, &stand, harvest);
            }
            self.deed(&message, &stand, &words);
        }
        Ok(())
    }

    /// What a message says the conversation did.
    fn deed(&mut self, message: &Message, stand: &Stand<'_>, words: &Words) {
        let Some(at) = message.created() else { return };
        if message.is_copy(stand.id) {
            return;
        }
        let session = SessionId::new(stand.session);
        let tally = self.tally.get_or_insert_with(|| SessionTally::new(Tool::Opencode, session, at));
        tally.touch(at);
        let is_main = stand.thread == Thread::Main;
        if message.role.is("user") {
            // A message of which nothing is the developer's was made by opencode.
            let own = words.get(stand.id).and_then(|it| it.is_own).unwrap_or(true);
            tally.turns = tally.turns.saturating_add(u32::from(is_main && own));
            return;
        }
        tally.compactions = tally.compactions.saturating_add(u32::from(message.summary.0));
        let usage = message.tokens.0.as_ref().and_then(|counts| super::usage(counts, None));
        if let Some(prompt) = usage.and_then(|usage| usage.prompt().ok())
            && is_main
            && prompt.count() > 0
        {
            tally.context(prompt);
        }
    }

    /// Reads the tool calls of a session, and finds out which messages hold words of
    /// the developer.
    fn parts(&mut self, session: &str) -> rusqlite::Result<Words> {
        let mut words = Words::new();
        let mut parts = self.connection.prepare_cached(
            "SELECT message_id, data FROM part
             WHERE session_id = ?1 AND length(data) <= ?2 ORDER BY time_created, id",
        )?;
        let mut rows = parts.query((session, ROW_LIMIT))?;
        while let Some(row) = rows.next()? {
            let Ok(data) = row.get_ref(1)?.as_str() else { continue };
            let Ok(part) = serde_json::from_str::<Part>(data) else { continue };
            match part.kind.get() {
                Some("tool") => {
                    let used = self.tool(&part);
                    let tools = &mut words.entry(row.get(0)?).or_default().tools;
                    used.into_iter().for_each(|it| tools.add(it));
                }
                Some("text" | "file") => {
                    let own = words.entry(row.get(0)?).or_default().is_own.get_or_insert(false);
                    *own |= !part.synthetic.0;
                }
                Some(_) | None => {}
            }
        }
        Ok(words)
    }

    fn tool(&mut self, part: &Part) -> Option<ToolUse> {
        let state = part.state.0.as_ref()?;
        let id = part.call_id.get().unwrap_or_default();
        self.tool_calls = self.tool_calls.saturating_add(1);
        let used = self.steps.begin(id, part.tool.get().unwrap_or_default(), state.arguments());
        if state.status.is("error") {
            self.failed_steps = self.failed_steps.saturating_add(1);
            self.longest_run = self.longest_run.max(self.steps.fail(id));
        } else if state.status.is("completed") {
            self.steps.succeed(id);
        }
        Some(used)
    }
}

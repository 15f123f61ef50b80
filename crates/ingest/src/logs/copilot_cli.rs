//! GitHub Copilot CLI: `session-state/<id>/events.jsonl`, and `session-store.db`.
//!
//! The database (in newer versions) has a row a request. The events hold no input
//! counts but in `session.shutdown`, a sum a model over all requests: one
//! aggregate observation, keyed `copilot-cli:<session>:<event>:<model>`.
//!
//! Rows are the better witness, and from its first row on the database has every
//! request: a shutdown counts only if it is from before that row. This does not
//! depend on when which of the two is read, so that nothing is counted twice. A
//! later shutdown of a session that the database does not know (an older version
//! wrote it) is a problem. A database that cannot be asked makes the events
//! unreadable for now: the next reading asks again.
//!
//! What a shutdown sums up changed: first the requests since the session was
//! started or resumed, later all since it began. The answers tell, as each names its
//! output: if the shutdown's output is nearer to that of all answers than to that
//! of the answers since the last shutdown, and no count went down, it goes on from
//! the last one, which is taken out.
//!
//! A session that ends without a shutdown leaves nothing to count. It is a problem
//! from its first answer on, until a shutdown or the database settles it.
//!
//! Copilot bills premium requests, not tokens, and does not say who serves a model:
//! the provider stays open, and prices are those of the model's maker.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::{
    Branch, CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, SessionId,
    SessionTally, Shape, Terms, Thread, Timestamp, Tool, ToolUses,
};
use serde::{Deserialize, Serialize};

use self::events::{Context, Data, Event, Spent};
use self::store::Store;
use crate::folders::entries;
use crate::harvest::{Decoded, Decoder, Harvest, Problem, Record};
use crate::source::{Found, Roots};
use crate::steps::Steps;
use crate::{json, moment};

mod events;
mod store;
#[cfg(test)]
mod tests;

pub use self::store::read;

/// The database, in Copilot's folder.
const STORE: &str = "session-store.db";
/// The events, in a session's folder.
const EVENTS: &str = "events.jsonl";

/// Finds events and the database.
pub(crate) fn find(roots: &Roots, found: &mut Found) {
    for root in &roots.copilot {
        for session in entries(&root.join("session-state"), found) {
            let events = session.path().join(EVENTS);
            if session.is_folder && events.is_file() {
                found.file(Tool::CopilotCli, Shape::Lines, &events);
            } else if session.name().is_some_and(|name| name.ends_with(".jsonl")) {
                found.file(Tool::CopilotCli, Shape::Lines, &session.path());
            }
        }
        let store = root.join(STORE);
        if store.is_file() {
            found.file(Tool::CopilotCli, Shape::Database, &store);
        }
    }
}

/// A reader of one session's events.
///
/// # Errors
/// Where there is a database that cannot be asked from when on it has all requests.
pub fn decoder(path: &Path, state: Option<&str>) -> io::Result<Box<dyn Decoder + Send>> {
    let state = state.and_then(|state| serde_json::from_str(state).ok());
    let mut state: State = state.unwrap_or_default();
    let in_folder = path.file_name().is_some_and(|name| name == EVENTS);
    let named = if in_folder { path.parent().and_then(Path::file_name) } else { path.file_stem() };
    if state.session.is_empty() {
        named.and_then(|name| name.to_str()).unwrap_or_default().clone_into(&mut state.session);
    }
    let above = path.ancestors().nth(if in_folder { 3 } else { 2 });
    let store = above.map(|root| Store::beside(&root.join(STORE))).transpose()?.flatten();
    Ok(Box::new(Session { state, store, place: None }))
}

/// What is known after some events.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    session: String,
    folder: Option<String>,
    branch: Option<String>,
    remote: Option<String>,
    /// What the last shutdown summed up, by model.
    spent: BTreeMap<String, Spent>,
    /// The output of all answers before the last shutdown, and since.
    output_before: u64,
    output_since: u64,
    /// Whether answers were met that nothing has summed up yet.
    open: bool,
    steps: Steps,
}

/// One session.
struct Session {
    state: State,
    /// The database, if it has requests.
    store: Option<Store>,
    place: Option<Arc<Place>>,
}

impl Decoder for Session {
    fn decode(&mut self, record: Record<'_>, harvest: &mut Harvest) -> Decoded {
        let text = record.text();
        let record = Record { bytes: text.as_bytes(), ..record };
        let Some(event): Option<Event<'_>> = json::parse(record) else { return Decoded::Unreadable };
        let at = event.timestamp.get().and_then(moment::parse);
        let data: Data<'_> = json::part(event.data).unwrap_or_default();
        match event.kind.get() {
            Some("session.start" | "session.resume") => self.begin(&data),
            Some("session.context_changed") => {
                // Its data is itself the context.
                if let Some(context) = json::part(event.data) {
                    self.context(&context);
                }
            }
            Some("session.shutdown") => {
                let id = event.id.get();
                self.shutdown(at.zip(id), &data, record.offset, harvest);
            }
            Some("assistant.message") => self.answer(at, &data, record.offset, harvest),
            Some(_) | None => {}
        }
        if let Some(at) = at {
            self.deed(event.kind.get().unwrap_or_default(), &data, at, harvest);
        }
        Decoded::Read
    }

    fn state(&self) -> String {
        serde_json::to_string(&self.state).unwrap_or_default()
    }
}

impl Session {
    fn begin(&mut self, data: &Data<'_>) {
        if let Some(session) = data.session_id.get() {
            session.clone_into(&mut self.state.session);
            self.place = None;
        }
        if let Some(context) = &data.context.0 {
            self.context(context);
        }
    }

    fn context(&mut self, context: &Context) {
        self.state.folder = context.cwd.get().map(str::to_owned);
        self.state.branch = context.branch.get().map(str::to_owned);
        self.state.remote = context.remote();
        self.place = None;
    }

    /// An answer: all that it says of usage is its output.
    fn answer(&mut self, at: Option<Timestamp>, data: &Data<'_>, offset: u64, harvest: &mut Harvest) {
        let output = data.output_tokens.tokens().count();
        self.state.output_since = self.state.output_since.saturating_add(output);
        let has_row = self.store.as_ref().is_some_and(|store| at.is_none_or(|at| store.covers(at)));
        if !self.state.open && !has_row {
            self.state.open = true;
            harvest.problems.count(Problem::Incomplete, offset);
        }
    }

    fn deed(&mut self, kind: &str, data: &Data<'_>, at: Timestamp, harvest: &mut Harvest) {
        let id = data.tool_call_id.get().unwrap_or_default();
        let session = self.place().session.clone();
        let tally: &mut SessionTally = harvest.tallies.touch(Tool::CopilotCli, &session, at);
        match kind {
            // A push to go on has no words of the developer.
            "user.message" if data.content.get().is_some() => tally.turns = tally.turns.saturating_add(1),
            "tool.execution_start" => {
                tally.tool_calls = tally.tool_calls.saturating_add(1);
                let arguments = data.arguments.map_or("", |raw| raw.get()).as_bytes();
                self.state.steps.begin(id, data.tool_name.get().unwrap_or_default(), arguments);
            }
            "tool.execution_complete" if data.success.0 => self.state.steps.succeed(id),
            "tool.execution_complete" => {
                tally.failed_steps = tally.failed_steps.saturating_add(1);
                tally.longest_failing_run = tally.longest_failing_run.max(self.state.steps.fail(id));
            }
            "session.compaction_complete" if data.success.0 => {
                tally.compactions = tally.compactions.saturating_add(1);
            }
            _ => {}
        }
    }

    fn shutdown(
        &mut self,
        event: Option<(Timestamp, &str)>,
        data: &Data<'_>,
        offset: u64,
        harvest: &mut Harvest,
    ) {
        if std::mem::take(&mut self.state.open) {
            harvest.problems.settle(Problem::Incomplete);
        }
        let Some(spent) = data.spent() else {
            harvest.problems.count(Problem::Incomplete, offset);
            return;
        };
        let goes_on = self.goes_on(&spent);
        let before = std::mem::replace(&mut self.state.spent, spent.clone());
        self.state.output_before = self.state.output_before.saturating_add(self.state.output_since);
        self.state.output_since = 0;
        if spent.values().all(|spent| spent.is_zero()) {
            return;
        }
        let Some((at, id)) = event else {
            harvest.problems.count(Problem::Incomplete, offset);
            return;
        };
        if let Some(store) = self.store.as_ref().filter(|store| store.covers(at)) {
            if !store.knows(&self.state.session) {
                harvest.problems.count(Problem::Incomplete, offset);
            }
            return;
        }
        for (model, spent) in spent {
            let known = before.get(&model).filter(|_| goes_on);
            let usage = known.map_or(spent, |known| spent.since(*known)).usage();
            if usage.is_zero() {
                continue;
            }
            harvest.observations.push(Observation {
                key: CallKey::new(&format!("copilot-cli:{}:{id}:{model}", self.state.session)),
                request: None,
                at,
                model: ModelName::new(&model),
                provider: None,
                usage,
                terms: Terms::STANDARD,
                output: OutputConfidence::Aggregate,
                lineage: Lineage::Own,
                place: self.place(),
                // Requests are told apart from what was said and done.
                turn: None,
                tools: ToolUses::NONE,
                reported_cost: None,
                origin: Origin { file: 0, offset },
            });
        }
    }

    /// Whether a shutdown's sums contain those of the one before.
    fn goes_on(&self, spent: &BTreeMap<String, Spent>) -> bool {
        let before = &self.state.spent;
        let shrank = before
            .iter()
            .any(|(model, before)| spent.get(model).is_none_or(|now| now.is_less_in_any(*before)));
        if before.is_empty() || shrank {
            return false;
        }
        let told = spent.values().fold(0_u64, |sum, spent| sum.saturating_add(spent.output));
        let all = self.state.output_before.saturating_add(self.state.output_since);
        told.abs_diff(all) < told.abs_diff(self.state.output_since)
    }

    fn place(&mut self) -> Arc<Place> {
        if let Some(place) = &self.place {
            return Arc::clone(place);
        }
        let place = Arc::new(Place {
            tool: Tool::CopilotCli,
            session: SessionId::new(&self.state.session),
            thread: Thread::Main,
            folder: self.state.folder.as_deref().map(Folder::new),
            branch: self.state.branch.as_deref().map(Branch::new),
            remote: self.state.remote.as_deref().map(Arc::from),
            command: None,
            skill: None,
        });
        self.place = Some(Arc::clone(&place));
        place
    }
}

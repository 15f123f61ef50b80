//! Codex: `sessions/YYYY/MM/DD/rollout-*.jsonl` and `archived_sessions/`.
//!
//! A rollout tells usage in up to two ways, and newer ones in both:
//!
//! - `token_usage_record` (from 2026): one a response, with the provider's own
//!   `response_id`, which is the key. A copy in another thread's file keeps the
//!   id, so it is the same call wherever it stands.
//! - `event_msg` of type `token_count`: the thread's running total and the last
//!   response's usage, without an id. Reports are repeated with the same total (at
//!   the start of a turn, on resume, when rate limits change), so a call is a
//!   report whose total differs from the one before. Its key is
//!   `codex:<thread>:<total>`, the four totals: the same in a copied, moved or
//!   archived file, and different for each call, as every call adds to them.
//!
//! A record is written before the report of the same response, so each record
//! excuses the next report that would count. A copied record excuses none: its
//! report is copied with it.
//!
//! Forks and subagents begin with a copy of their parent's lines; `history` holds
//! the rule that tells them. A copied report is left out: the parent's file holds
//! the call. If that file is gone, its calls are gone with it.
//!
//! The branch and the remote are those of the folder that the session began in;
//! they are left out once the session works elsewhere.

use std::path::Path;
use std::sync::Arc;

use domain::{
    Branch, CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, Provider,
    SessionId, SessionTally, Shape, Terms, Thread, Timestamp, Tool, ToolUse, ToolUses, TurnId,
};
use serde::{Deserialize, Serialize};

use self::history::History;
use self::records::{CountInfo, Event, Line, Meta, ResponseItem, Totals, TurnContext, UsageRecord};
use self::turn::Turn;
use crate::folders::walk;
use crate::harvest::{Decoded, Decoder, Harvest, Problem, Record};
use crate::source::{Found, Roots};
use crate::steps::Steps;
use crate::{fingerprint, json, moment, remote};

mod history;
mod outcome;
mod records;
#[cfg(test)]
mod tests;
mod turn;

/// Folders below `sessions`: year, month, day.
const DEPTH: usize = 3;

/// Who serves the model where the session does not say.
const DEFAULT_PROVIDER: &str = "openai";

/// Finds the rollouts. Those that Codex has compressed are reported, not read.
pub(crate) fn find(roots: &Roots, found: &mut Found) {
    for root in &roots.codex {
        for folder in ["sessions", "archived_sessions"] {
            walk(&root.join(folder), DEPTH, found, &mut rollout);
        }
    }
}

fn rollout(path: &Path, name: &str, found: &mut Found) {
    if !name.starts_with("rollout-") {
        return;
    }
    if name.ends_with(".jsonl") {
        found.file(Tool::Codex, Shape::Lines, path);
    } else if name.ends_with(".jsonl.zst") && !path.with_extension("").exists() {
        let error = std::io::Error::new(
            std::io::ErrorKind::Unsupported,
            "compressed by Codex; decompress it beside itself with `zstd -d` to have it counted",
        );
        found.unreadable.push((path.to_owned(), error));
    }
}

/// A reader of one rollout.
#[must_use]
pub fn decoder(path: &Path, state: Option<&str>) -> Box<dyn Decoder + Send> {
    let state = state.and_then(|state| serde_json::from_str(state).ok());
    let mut state: State = state.unwrap_or_default();
    if state.thread.is_empty() {
        state.thread = thread_of(path);
    }
    Box::new(Rollout { state, place: None })
}

/// The thread in a file name: `rollout-<time>-<uuid>.jsonl`.
fn thread_of(path: &Path) -> String {
    const UUID_LENGTH: usize = 36;
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let from = name.len().saturating_sub(UUID_LENGTH);
    name.get(from..).unwrap_or(name).to_owned()
}

/// What is known after some lines.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// The file's own thread.
    thread: String,
    /// The conversation that it belongs to.
    session: String,
    is_subagent: bool,
    /// Whether the file's own `session_meta` was read.
    has_meta: bool,
    provider: Option<String>,
    model: Option<String>,
    folder: Option<String>,
    /// The folder that branch and remote are of.
    git_folder: Option<String>,
    branch: Option<String>,
    remote: Option<String>,
    history: History,
    /// The running total that was reported last.
    total: Option<Totals>,
    /// Records whose report has not come yet.
    excused: u32,
    /// Whether a turn has begun whose prompt has not come yet.
    prompt_due: bool,
    turn: Turn,
    steps: Steps,
}

/// One rollout.
struct Rollout {
    state: State,
    /// Shared by the calls of one place; made anew when the place changes.
    place: Option<Arc<Place>>,
}

impl Decoder for Rollout {
    fn decode(&mut self, record: Record<'_>, harvest: &mut Harvest) -> Decoded {
        let text = record.text();
        let record = Record { bytes: text.as_bytes(), ..record };
        let Some(line): Option<Line<'_>> = json::parse(record) else { return Decoded::Unreadable };
        let at = line.timestamp.get().and_then(moment::parse);
        let seen = Seen { at, offset: record.offset };
        self.state.history.line(at, line.ordinal.number());
        match line.kind.get() {
            Some("session_meta") => self.meta(json::part(line.payload)),
            Some("turn_context") => self.context(json::part(line.payload)),
            Some("event_msg") => self.event(json::part(line.payload), seen, harvest),
            Some("token_usage_record") => self.response(json::part(line.payload).as_ref(), seen, harvest),
            Some("response_item") => self.item(json::part(line.payload), seen, harvest),
            Some("compacted") => {
                if let Some(tally) = self.tally(seen, harvest) {
                    tally.compactions = tally.compactions.saturating_add(1);
                }
            }
            Some(_) | None => {}
        }
        Decoded::Read
    }

    fn state(&self) -> String {
        serde_json::to_string(&self.state).unwrap_or_default()
    }
}

/// Where and when a line stands.
#[derive(Clone, Copy)]
struct Seen {
    at: Option<Timestamp>,
    offset: u64,
}

/// One response of the model.
struct Call {
    key: CallKey,
    used: Totals,
    place: Arc<Place>,
    lineage: Lineage,
    turn: Option<TurnId>,
    tools: ToolUses,
}

impl Rollout {
    /// The first `session_meta` owns the file; others came with the parent's lines.
    fn meta(&mut self, meta: Option<Meta>) {
        let Some(meta) = meta else { return };
        let Some(id) = meta.id.get().or_else(|| meta.session_id.get()) else { return };
        let state = &mut self.state;
        if state.has_meta {
            if id != state.thread {
                state.history.foreign();
            }
            return;
        }
        state.has_meta = true;
        id.clone_into(&mut state.thread);
        state.is_subagent = meta.is_subagent();
        let parent = meta.parent().filter(|_| state.is_subagent);
        state.session = meta.session_id.get().or(parent).unwrap_or(id).to_owned();
        state.provider = meta.model_provider.get().map(str::to_owned);
        state.folder = meta.cwd.get().map(str::to_owned);
        state.git_folder.clone_from(&state.folder);
        if let Some(git) = &meta.git.0 {
            state.branch = git.branch.get().map(str::to_owned);
            state.remote =
                git.repository_url.get().map(|url| remote::without_credentials(url).as_ref().to_owned());
        }
        state.history.begin(id, meta.parent().is_some(), meta.own_lines_from());
        self.place = None;
    }

    fn context(&mut self, context: Option<TurnContext>) {
        let Some(context) = context else { return };
        self.state.history.turn(context.turn_id.get());
        self.state.turn.named(context.turn_id.get());
        if let Some(model) = context.model.get() {
            self.state.model = Some(model.to_owned());
        }
        if let Some(folder) = context.cwd.get()
            && self.state.folder.as_deref() != Some(folder)
        {
            self.state.folder = Some(folder.to_owned());
            self.place = None;
        }
    }

    fn event(&mut self, event: Option<Event>, seen: Seen, harvest: &mut Harvest) {
        let Some(event) = event else { return };
        if event.kind.is("thread_settings_applied") && event.thread_id.is(&self.state.thread) {
            self.state.history.names_own_thread();
        }
        match event.kind.get() {
            Some("token_count") => self.report(event.info.0.as_ref(), seen, harvest),
            Some("task_started" | "turn_started") => {
                self.state.history.turn(event.turn_id.get());
                self.state.turn.named(event.turn_id.get());
                self.turn_begins(true, seen, harvest);
            }
            Some("user_message") => self.turn_begins(false, seen, harvest),
            Some("item_completed") if event.item.0.is_some_and(|item| item.kind.is("UserMessage")) => {
                self.turn_begins(false, seen, harvest);
            }
            Some(_) | None => {}
        }
    }

    /// A turn is told by its start, its prompt, or both, by version. A prompt that
    /// steers a running turn is a turn of its own.
    fn turn_begins(&mut self, by_start: bool, seen: Seen, harvest: &mut Harvest) {
        if self.state.is_subagent {
            return;
        }
        let known = !by_start && self.state.prompt_due;
        self.state.prompt_due = by_start;
        self.state.turn.begins(&self.state.thread, known);
        if let Some(tally) = self.tally(seen, harvest)
            && !known
        {
            tally.turns = tally.turns.saturating_add(1);
        }
    }

    /// A running total and the last response's usage.
    fn report(&mut self, info: Option<&CountInfo>, seen: Seen, harvest: &mut Harvest) {
        let Some(info) = info else { return };
        let total = info.total_token_usage.0.map(|counts| counts.totals());
        let last = info.last_token_usage.0.map(|counts| counts.totals());
        if total == Some(None) || last == Some(None) {
            harvest.problems.count(Problem::Incomplete, seen.offset);
            return;
        }
        let (total, last) = (total.flatten(), last.flatten());
        let before = self.state.total;
        self.state.total = total.or(before);
        if self.state.history.is_copied() {
            // What was copied excuses no report of the file's own.
            self.state.excused = 0;
            return;
        }
        if total.is_some() && total == before {
            return;
        }
        let used = last.or_else(|| total?.since(before.unwrap_or_default()));
        let (Some(used), Some(mark)) = (used, total.or(last)) else {
            harvest.problems.count(Problem::Incomplete, seen.offset);
            return;
        };
        if used.is_zero() {
            return;
        }
        if let Some(excused) = self.state.excused.checked_sub(1) {
            self.state.excused = excused;
            return;
        }
        let Totals { input, cached, output, reasoning, .. } = mark;
        let key = format!("codex:{}:{input}-{cached}-{output}-{reasoning}", self.state.thread);
        let key = CallKey::new(&key);
        let tools = self.state.turn.used(&key, used, seen);
        let turn = self.turn();
        let place = self.place();
        self.call(Call { key, used, place, lineage: Lineage::Own, turn, tools }, seen, harvest);
    }

    /// The turn under way, if it is one of the developer's.
    fn turn(&self) -> Option<TurnId> {
        self.state.turn.id().filter(|_| !self.state.is_subagent)
    }

    /// One response, under the provider's id.
    fn response(&mut self, record: Option<&UsageRecord>, seen: Seen, harvest: &mut Harvest) {
        let used = record.and_then(|record| record.usage.0?.totals());
        let (Some(record), Some(used)) = (record, used) else {
            harvest.problems.count(Problem::Incomplete, seen.offset);
            return;
        };
        let Some(id) = record.response_id.get() else {
            // Without an id, the report that follows is the better witness.
            return;
        };
        let owner = record.thread_id.get().unwrap_or(&self.state.thread).to_owned();
        if record.thread_id.is(&self.state.thread) {
            self.state.history.names_own_thread();
        }
        if used.is_zero() {
            return;
        }
        let is_copied = self.state.history.is_copied();
        let is_own = owner == self.state.thread && !is_copied;
        self.state.excused = if is_copied { 0 } else { self.state.excused.saturating_add(1) };
        let key = CallKey::new(id);
        let root =
            record.root_turn_id.get().or_else(|| record.turn_id.get().filter(|_| !self.state.is_subagent));
        let turn = root.map(fingerprint::turn).or_else(|| self.turn());
        let tools = if is_copied { ToolUses::NONE } else { self.state.turn.used(&key, used, seen) };
        let (place, lineage) = if is_own {
            (self.place(), Lineage::Own)
        } else {
            let session = record.session_id.get().unwrap_or(&owner);
            let thread = if session == owner { Thread::Main } else { Thread::Subagent };
            let place = Place { session: SessionId::new(session), thread, ..self.place().as_ref().clone() };
            (Arc::new(place), Lineage::Copied)
        };
        self.call(Call { key, used, place, lineage, turn, tools }, seen, harvest);
    }

    fn call(&mut self, call: Call, seen: Seen, harvest: &mut Harvest) {
        let (usage, lineage) = (call.used.usage(), call.lineage);
        let Some(observation) = self.observation(call, seen) else {
            harvest.problems.count(Problem::Incomplete, seen.offset);
            return;
        };
        harvest.observations.push(observation);
        let is_subagent = self.state.is_subagent;
        if lineage == Lineage::Own
            && let Some(tally) = self.tally(seen, harvest)
            && !is_subagent
            && let Ok(prompt) = usage.prompt()
        {
            tally.context(prompt);
        }
    }

    /// What is said of the call; nothing where its time or model is not known.
    fn observation(&self, call: Call, seen: Seen) -> Option<Observation> {
        let (at, model) = (seen.at?, self.state.model.as_deref()?);
        let Call { key, used, place, lineage, turn, tools } = call;
        Some(Observation {
            key,
            request: None,
            at,
            model: ModelName::new(model),
            provider: Some(Provider::new(self.state.provider.as_deref().unwrap_or(DEFAULT_PROVIDER))),
            usage: used.usage(),
            terms: Terms::STANDARD,
            output: OutputConfidence::Final,
            lineage,
            place,
            turn,
            tools,
            reported_cost: None,
            origin: Origin { file: 0, offset: seen.offset },
        })
    }

    /// A tool call, or what came of it.
    fn item(&mut self, item: Option<ResponseItem<'_>>, seen: Seen, harvest: &mut Harvest) {
        let Some(item) = item else { return };
        let is_call = item.kind.get().is_some_and(|kind| kind.ends_with("_call"));
        let is_output = item.kind.get().is_some_and(|kind| kind.ends_with("_call_output"));
        if self.state.history.is_copied() {
            return;
        }
        if item.kind.is("reasoning") || item.role.is("assistant") {
            self.state.turn.speaks();
        }
        if !(is_call || is_output) {
            return;
        }
        let id = item.call_id.get().unwrap_or_default();
        if is_call {
            let name = item.name.get().or_else(|| item.kind.get()).unwrap_or_default();
            let arguments = item.arguments.or(item.input).or(item.action);
            let used = self.state.steps.begin(id, name, arguments.map_or("", |raw| raw.get()).as_bytes());
            self.called(&used, harvest);
            if let Some(tally) = self.tally(seen, harvest) {
                tally.tool_calls = tally.tool_calls.saturating_add(1);
            }
        } else if outcome::failed(item.output) {
            let run = self.state.steps.fail(id);
            if let Some(tally) = self.tally(seen, harvest) {
                tally.failed_steps = tally.failed_steps.saturating_add(1);
                tally.longest_failing_run = tally.longest_failing_run.max(run);
            }
        } else {
            self.state.steps.succeed(id);
        }
    }

    /// A tool was called: by a response that is told of once more, or by the next.
    fn called(&mut self, used: &ToolUse, harvest: &mut Harvest) {
        let Some(response) = self.state.turn.calls(used) else { return };
        let call = Call {
            key: CallKey::new(&response.key),
            used: response.used,
            place: self.place(),
            lineage: Lineage::Own,
            turn: self.turn(),
            tools: ToolUses::of([used.clone()]),
        };
        harvest.observations.extend(self.observation(call, response.seen()));
    }

    /// The session's tally, unless the line was copied or has no time.
    fn tally<'h>(&self, seen: Seen, harvest: &'h mut Harvest) -> Option<&'h mut SessionTally> {
        if self.state.history.is_copied() {
            return None;
        }
        let session = SessionId::new(self.session());
        Some(harvest.tallies.touch(Tool::Codex, &session, seen.at?))
    }

    fn session(&self) -> &str {
        if self.state.session.is_empty() { &self.state.thread } else { &self.state.session }
    }

    fn place(&mut self) -> Arc<Place> {
        if let Some(place) = &self.place {
            return Arc::clone(place);
        }
        let state = &self.state;
        let in_git_folder = match (&state.folder, &state.git_folder) {
            (Some(folder), Some(git_folder)) => Path::new(folder).starts_with(git_folder),
            _ => false,
        };
        let branch = state.branch.as_deref().filter(|_| in_git_folder);
        let remote = state.remote.as_deref().filter(|_| in_git_folder);
        let place = Arc::new(Place {
            tool: Tool::Codex,
            session: SessionId::new(self.session()),
            thread: if state.is_subagent { Thread::Subagent } else { Thread::Main },
            folder: state.folder.as_deref().map(Folder::new),
            branch: branch.map(Branch::new),
            remote: remote.map(Arc::from),
            command: None,
            skill: None,
        });
        self.place = Some(Arc::clone(&place));
        place
    }
}

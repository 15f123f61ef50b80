//! Gemini CLI: `tmp/<project>/chats/session-*.jsonl`, `.json` before 2026, and
//! `chats/<parent session>/*.jsonl` of subagents.
//!
//! A message of type `gemini` is one response. It is written again whenever
//! something of it becomes known (its tokens, its tool calls), with the same id; a
//! session that is resumed from the old format is copied into the new one. Its key
//! is `gemini-cli:<session>:<message id>`, so all of these are one call. `$rewindTo`
//! takes messages out of the conversation, not off the bill. `$set` may hold the
//! messages once more, and nothing new.
//!
//! Tokens are Google's: `input` contains `cached`; `thoughts` stand beside `output`
//! and are billed as output; `tool` counts what built-in tools put into the prompt,
//! which stands beside `input` and is billed as input.
//!
//! The log holds no folder. `tmp/<project>/.project_root` names it, and
//! `projects.json` maps folders to project names; sessions of projects that were
//! never opened by a version that writes these have none.

use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::{
    CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, Provider, SessionId,
    SessionTally, Shape, Terms, Thread, Timestamp, Tool, ToolUse, ToolUses, TurnId, Usage,
};
use serde::{Deserialize, Serialize};

use self::records::{Message, ToolCall};
use crate::folders::walk;
use crate::harvest::{Decoded, Decoder, Harvest, Problem, Record};
use crate::json::{self, any_odd};
use crate::source::{Found, Roots};
use crate::steps::Steps;
use crate::{document, fingerprint, moment};

mod records;
#[cfg(test)]
mod tests;

/// Folders below `tmp`: project, `chats`, parent session.
const DEPTH: usize = 3;

/// Tool calls of the current message that are remembered as counted.
const CALLS_LIMIT: usize = 256;

const PROVIDER: &str = "google";

/// Finds the conversations.
pub(crate) fn find(roots: &Roots, found: &mut Found) {
    for root in &roots.gemini {
        walk(&root.join("tmp"), DEPTH, found, &mut |path, name, found| {
            if Location::of(path).is_none() {
                return;
            }
            if name.ends_with(".jsonl") {
                found.file(Tool::GeminiCli, Shape::Lines, path);
            } else if name.starts_with("session-") && name.ends_with(".json") {
                found.file(Tool::GeminiCli, Shape::Document, path);
            }
        });
    }
}

/// What a conversation's path says of it.
struct Location<'a> {
    /// `tmp/<project>`.
    project: &'a Path,
    /// The session that started this subagent.
    parent: Option<&'a str>,
}

impl<'a> Location<'a> {
    fn of(path: &'a Path) -> Option<Self> {
        let is_chats = |folder: &&Path| folder.file_name().is_some_and(|name| name == "chats");
        let folder = path.parent()?;
        if is_chats(&folder) {
            return Some(Self { project: folder.parent()?, parent: None });
        }
        let chats = folder.parent().filter(is_chats)?;
        Some(Self { project: chats.parent()?, parent: folder.file_name()?.to_str() })
    }

    /// The folder that the session works in.
    fn folder(&self) -> Option<String> {
        if let Some(root) = document::small_text(&self.project.join(".project_root")) {
            return Some(root.trim().to_owned()).filter(|root| !root.is_empty());
        }
        let registry = self.project.parent()?.parent()?.join("projects.json");
        let registry: records::Projects = document::small(&registry)?;
        let name = self.project.file_name()?.to_str()?;
        registry.projects.into_iter().find(|(_, project)| project == name).map(|(folder, _)| folder)
    }
}

/// A reader of one conversation of records.
#[must_use]
pub fn decoder(path: &Path, state: Option<&str>) -> Box<dyn Decoder + Send> {
    let state = state.and_then(|state| serde_json::from_str(state).ok());
    Box::new(Conversation::new(path, state.unwrap_or_default()))
}

/// Reads a conversation that is one document.
///
/// # Errors
/// Where the file cannot be opened or read.
pub fn read(path: &Path, harvest: &mut Harvest) -> io::Result<()> {
    document::read(path, &mut Conversation::new(path, State::default()), harvest)
}

/// What is known after some records.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    session: String,
    is_subagent: bool,
    /// The slash command that began the turn.
    command: Option<String>,
    /// The message that was written last, as a fingerprint, and which of its tool
    /// calls are counted.
    message: u64,
    calls: Vec<u64>,
    /// The last prompt, as a fingerprint.
    turn: Option<u64>,
    steps: Steps,
}

/// One conversation.
struct Conversation {
    state: State,
    /// The session that started this one.
    parent: Option<String>,
    folder: Option<Folder>,
    place: Option<Arc<Place>>,
}

impl Conversation {
    fn new(path: &Path, mut state: State) -> Self {
        let location = Location::of(path);
        let parent = location.as_ref().and_then(|location| location.parent).map(str::to_owned);
        state.is_subagent |= parent.is_some();
        if state.session.is_empty() {
            // Until a record says otherwise.
            path.file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default()
                .clone_into(&mut state.session);
        }
        let folder = location.and_then(|location| location.folder()).as_deref().map(Folder::new);
        Self { state, parent, folder, place: None }
    }

    fn session(&mut self, id: &str) {
        if self.state.session != id {
            id.clone_into(&mut self.state.session);
            self.place = None;
        }
    }

    fn kind(&mut self, kind: &str) {
        self.state.is_subagent |= kind == "subagent";
    }

    fn message(&mut self, message: &Message, offset: u64, harvest: &mut Harvest) {
        let Some(id) = message.id.get() else { return };
        let at = message.timestamp.get().and_then(moment::parse);
        match message.kind.get() {
            Some("user") => self.prompt(message, at, harvest),
            Some("gemini") => {
                let tools = self.tool_calls(id, message, at, harvest);
                if let Some(counts) = &message.tokens.0 {
                    let usage = if any_odd(counts.all()) { None } else { counts.usage() };
                    match (at, message.model.get(), usage) {
                        (_, _, Some(usage)) if usage.is_zero() => {}
                        (Some(at), Some(model), Some(usage)) => {
                            let call = self.call(id, (at, model), usage, offset);
                            self.count(Observation { tools, ..call }, harvest);
                        }
                        _ => harvest.problems.count(Problem::Incomplete, offset),
                    }
                }
            }
            Some(_) | None => {}
        }
    }

    fn call(&mut self, id: &str, (at, model): (Timestamp, &str), usage: Usage, offset: u64) -> Observation {
        Observation {
            key: CallKey::new(&format!("gemini-cli:{}:{id}", self.state.session)),
            request: None,
            at,
            model: ModelName::new(model),
            provider: Some(Provider::new(PROVIDER)),
            usage,
            terms: Terms::STANDARD,
            output: OutputConfidence::Final,
            lineage: Lineage::Own,
            place: self.place(),
            turn: self.state.turn.filter(|_| !self.state.is_subagent).map(TurnId::new),
            tools: ToolUses::NONE,
            reported_cost: None,
            origin: Origin { file: 0, offset },
        }
    }

    fn count(&mut self, call: Observation, harvest: &mut Harvest) {
        let tally = self.tally(call.at, harvest);
        if call.place.thread == Thread::Main
            && let Ok(prompt) = call.usage.prompt()
        {
            tally.context(prompt);
        }
        harvest.observations.push(call);
    }

    /// A prompt by the developer begins a turn; what the tool says to itself does not.
    fn prompt(&mut self, message: &Message, at: Option<Timestamp>, harvest: &mut Harvest) {
        if message.content.is_by_the_tool() {
            return;
        }
        let command = message.display_content.command();
        if self.state.command.as_deref() != command {
            self.state.command = command.map(str::to_owned);
            self.place = None;
        }
        self.state.turn = message.id.get().map(|id| fingerprint::turn(id).fingerprint());
        let is_subagent = self.state.is_subagent;
        if let Some(at) = at {
            let tally = self.tally(at, harvest);
            tally.turns = tally.turns.saturating_add(u32::from(!is_subagent));
        }
    }

    /// Tool calls are written with their results, some in each writing of the message: those
    /// that are new in this one.
    fn tool_calls(
        &mut self,
        id: &str,
        message: &Message,
        at: Option<Timestamp>,
        harvest: &mut Harvest,
    ) -> ToolUses {
        let mut tools = ToolUses::NONE;
        let Some(at) = at else { return tools };
        let id = fingerprint::of(id.as_bytes());
        if self.state.message != id {
            self.state.message = id;
            self.state.calls.clear();
        }
        for call in &message.tool_calls.0 {
            let known = fingerprint::of(call.id.get().unwrap_or_default().as_bytes());
            if self.state.calls.contains(&known) || self.state.calls.len() >= CALLS_LIMIT {
                continue;
            }
            self.state.calls.push(known);
            tools.add(self.tool_call(call, at, harvest));
        }
        tools
    }

    fn tool_call(&mut self, call: &ToolCall, at: Timestamp, harvest: &mut Harvest) -> ToolUse {
        let id = call.id.get().unwrap_or_default();
        let used = self.state.steps.begin(id, call.name.get().unwrap_or_default(), call.arguments());
        let failed = call.status.is("error");
        let run = if failed {
            self.state.steps.fail(id)
        } else {
            self.state.steps.succeed(id);
            0
        };
        let tally = self.tally(at, harvest);
        tally.tool_calls = tally.tool_calls.saturating_add(1);
        tally.failed_steps = tally.failed_steps.saturating_add(u32::from(failed));
        tally.longest_failing_run = tally.longest_failing_run.max(run);
        used
    }

    fn tally<'h>(&mut self, at: Timestamp, harvest: &'h mut Harvest) -> &'h mut SessionTally {
        let session = self.place().session.clone();
        harvest.tallies.touch(Tool::GeminiCli, &session, at)
    }

    fn place(&mut self) -> Arc<Place> {
        if let Some(place) = &self.place {
            return Arc::clone(place);
        }
        let place = Arc::new(Place {
            tool: Tool::GeminiCli,
            session: SessionId::new(self.parent.as_deref().unwrap_or(&self.state.session)),
            thread: if self.state.is_subagent { Thread::Subagent } else { Thread::Main },
            folder: self.folder.clone(),
            branch: None,
            remote: None,
            command: self.state.command.as_deref().map(Arc::from),
            skill: None,
        });
        self.place = Some(Arc::clone(&place));
        place
    }
}

impl Decoder for Conversation {
    fn decode(&mut self, record: Record<'_>, harvest: &mut Harvest) -> Decoded {
        let text = record.text();
        let record = Record { bytes: text.as_bytes(), ..record };
        let Some(message): Option<Message> = json::parse(record) else { return Decoded::Unreadable };
        let changed = message.set.0.as_ref().and_then(|change| change.session_id.get());
        if let Some(session) = message.session_id.get().or(changed) {
            self.session(session);
        }
        if let Some(kind) = message.conversation.get() {
            self.kind(kind);
        }
        self.message(&message, record.offset, harvest);
        Decoded::Read
    }

    fn state(&self) -> String {
        serde_json::to_string(&self.state).unwrap_or_default()
    }
}

impl document::Reader for Conversation {
    type Element = Message;

    const LIST: &'static str = "messages";

    fn element(&mut self, index: u64, message: Message, harvest: &mut Harvest) {
        self.message(&message, index, harvest);
    }

    fn field(&mut self, key: &str, value: &str) {
        match key {
            "sessionId" => self.session(value),
            "kind" => self.kind(value),
            _ => {}
        }
    }
}

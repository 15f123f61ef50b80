//! Claude Code: `projects/<slug>/**/*.jsonl` in its configuration folders.
//!
//! **Key**: the message id of the provider's API (`msg_…`), alone: request ids
//! differ between replays of one message and are missing behind some endpoints.
//! One request leaves a line per content block; all carry the same input counts
//! and a growing output count, so `metering` keeps the highest.
//!
//! **Copies**: a resumed or forked session repeats the history of another
//! (`forkedFrom`), a side question repeats its parent's messages
//! (`isSidechain`), and progress records of older versions quote a subagent's
//! messages (`agent_progress`), sometimes as the only trace of them.
//!
//! **Advisors**: `usage.iterations[]` of type `advisor_message` are not in the
//! totals of `usage`; each is a call of its own, under its own model.
//!
//! **Turns**: a user's record names its prompt (`promptId`), as telemetry does (`prompt.id`), and
//! a subagent's file names that of its parent. Records of before 2026 name none: then a turn has
//! the `uuid` of the record that began it, and a subagent's calls have none.
//!
//! **Not here**: requests for titles and other side calls never reach a
//! transcript, so that even a perfect reading is a little below the invoice.

mod conversation;
mod record;
mod usage;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use domain::{
    CallKey, Lineage, ModelName, NanoUsd, Observation, Origin, PicoUsd, Place, PrLink, Provider, RequestId,
    SessionId, Thread, Timestamp, Tool, ToolUses, TurnId,
};
use memchr::memmem::{self, Finder};

use self::conversation::Conversation;
use self::record::{Iteration, Kind, Line, Message, Quoted, Text};
use crate::folders::walk;
use crate::harvest::{Decoded, Decoder, Harvest, Problem, Record};
use crate::json::read;
use crate::moment;
use crate::source::{Found, Roots, Shape};

/// Messages that Claude Code itself made up, as for an error: nothing was spent.
const SYNTHETIC_MODEL: &str = "<synthetic>";
/// Folders below `projects` are followed this deep; Claude Code uses five.
const DEPTH: usize = 12;
/// A record's kind stands this near to its beginning or its end.
const KIND_WITHIN: usize = 1_024;

/// Finds all transcripts.
pub(crate) fn find(roots: &Roots, found: &mut Found) {
    for root in &roots.claude {
        walk(&root.join("projects"), DEPTH, found, &mut |path, name, found| {
            if is_transcript(name) {
                found.file(Tool::ClaudeCode, Shape::Lines, path);
            }
        });
    }
}

/// Whether a file of that name holds a transcript. `x.jsonl.superseded-…` and
/// `x.jsonl.orphaned-…` hold what a rewrite replaced: it may be the only copy.
fn is_transcript(name: &str) -> bool {
    let set_aside = [".jsonl.superseded-", ".jsonl.orphaned-"];
    !name.starts_with('.') && (name.ends_with(".jsonl") || set_aside.iter().any(|mark| name.contains(mark)))
}

/// A reader of one transcript.
pub fn decoder(path: &Path, state: Option<&str>) -> Box<dyn Decoder + Send> {
    let in_subagent_file = path.components().any(|part| part.as_os_str() == "subagents");
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Box::new(Transcript {
        in_subagent_file,
        session: SessionId::new(&stem),
        conversation: state.and_then(|state| serde_json::from_str(state).ok()).unwrap_or_default(),
        marks: Marks::new(),
        place: None,
    })
}

struct Transcript {
    /// The file holds a subagent's records, whatever they say of themselves.
    in_subagent_file: bool,
    /// The session that the file is named after, for records that name none.
    session: SessionId,
    conversation: Conversation,
    marks: Marks,
    /// The last call's place, shared by all that follow in the same one.
    place: Option<Arc<Place>>,
}

impl Decoder for Transcript {
    fn decode(&mut self, record: Record<'_>, harvest: &mut Harvest) -> Decoded {
        if !self.marks.any_in(record.bytes, &self.conversation) {
            return Decoded::Read;
        }
        if let Some(line) = read(record.bytes) {
            self.line(&line, record.offset, harvest);
            return Decoded::Read;
        }
        if let Cow::Owned(text) = record.text()
            && let Some(line) = read(text.as_bytes())
        {
            self.line(&line, record.offset, harvest);
            return Decoded::Read;
        }
        if says_nothing(record.bytes) { Decoded::Read } else { Decoded::Unreadable }
    }

    fn state(&self) -> String {
        serde_json::to_string(&self.conversation).unwrap_or_default()
    }
}

impl Transcript {
    fn line(&mut self, line: &Line<'_>, offset: u64, harvest: &mut Harvest) {
        if let Some(branch) = &line.git_branch {
            self.conversation.enter_branch(branch.as_str());
        }
        match line.kind.as_ref().map_or("", Text::as_str) {
            "assistant" => self.assistant(line, offset, harvest),
            "user" => self.user(line, harvest),
            "progress" => self.progress(line, offset, harvest),
            "pr-link" => self.pr_link(line, offset, harvest),
            "system" if line.subtype.as_ref().is_some_and(|it| it.as_str() == "compact_boundary") => {
                if let Some(at) = self.moment(line) {
                    let tally = harvest.tallies.touch(Tool::ClaudeCode, &self.session_of(line), at);
                    tally.compactions = tally.compactions.saturating_add(1);
                }
            }
            _ => {}
        }
    }

    fn assistant(&mut self, line: &Line<'_>, offset: u64, harvest: &mut Harvest) {
        let Some(message) = &line.message else { return };
        if message.usage.is_none() || is_made_up(message) {
            return;
        }
        let Some(at) = self.moment(line) else {
            harvest.problems.count(Problem::Incomplete, offset);
            return;
        };
        let copied = line.forked_from.is_some();
        let thread = self.thread_of(line);
        let lineage = match (copied, thread) {
            (true, _) => Lineage::Copied,
            (false, Thread::Subagent) => Lineage::Sidechain,
            (false, Thread::Main) => Lineage::Own,
        };
        let session = self.session_of(line);
        let seen = Seen { line, at, lineage, place: self.place_of(line, session, thread), offset };
        let turn = self.conversation.turn();
        let request = line.request_id.as_ref();
        let observation = seen.observe(message, request, turn, harvest);
        if copied {
            harvest.observations.extend(observation);
            return;
        }
        let tally = harvest.tallies.touch(Tool::ClaudeCode, &seen.place.session, at);
        if thread == Thread::Main {
            if let Some(prompt) = observation.as_ref().and_then(|it| it.usage.prompt().ok()) {
                tally.context(prompt);
            }
            if self.conversation.call() {
                tally.turns = tally.turns.saturating_add(1);
            }
        }
        let tools = self.conversation.blocks(message, tally).tools;
        harvest.observations.extend(observation.map(|it| Observation { tools, ..it }));
    }

    fn user(&mut self, line: &Line<'_>, harvest: &mut Harvest) {
        let Some(message) = &line.message else { return };
        let named = line.prompt_id.as_ref().filter(|it| !it.as_str().is_empty());
        if line.forked_from.is_some() {
            named.inspect(|it| self.conversation.enter_turn(it.as_str()));
            return;
        }
        let Some(at) = self.moment(line) else { return };
        let aside = [line.is_meta, line.is_compact_summary, line.is_visible_in_transcript_only];
        let is_prompt = self.thread_of(line) == Thread::Main && !aside.contains(&Some(true));
        let tally = harvest.tallies.touch(Tool::ClaudeCode, &self.session_of(line), at);
        if self.conversation.blocks(message, tally).has_results {
            return;
        }
        let is_prompt = is_prompt && self.conversation.prompt(message);
        if let Some(name) = named.or_else(|| line.uuid.as_ref().filter(|_| is_prompt)) {
            self.conversation.enter_turn(name.as_str());
        }
    }

    fn progress(&mut self, line: &Line<'_>, offset: u64, harvest: &mut Harvest) {
        let quoted = line.data.as_ref().and_then(|data| data.message.as_ref());
        let Some(Quoted { timestamp, request_id, message: Some(message) }) = quoted else { return };
        let quoted_at = timestamp.as_ref().and_then(|text| moment::parse(text.as_str()));
        let Some(at) = quoted_at.or_else(|| self.moment(line)) else { return };
        if message.usage.is_some() && !is_made_up(message) {
            let session = self.session_of(line);
            let place = self.place_of(line, session, Thread::Subagent);
            let seen = Seen { line, at, lineage: Lineage::Quoted, place, offset };
            let turn = self.conversation.turn();
            let observation = seen.observe(message, request_id.as_ref(), turn, harvest);
            harvest.observations.extend(observation);
        }
    }

    fn pr_link(&mut self, line: &Line<'_>, offset: u64, harvest: &mut Harvest) {
        let (Some(url), Some(number), Some(at)) = (&line.pr_url, line.pr_number.number(), self.moment(line))
        else {
            harvest.problems.count(Problem::Incomplete, offset);
            return;
        };
        harvest.pull_requests.push(PrLink {
            tool: Tool::ClaudeCode,
            session: self.session_of(line),
            url: crate::remote::without_credentials(url.as_str()),
            number,
            branch: self.conversation.branch().map(Into::into),
            first_at: at,
            last_at: at,
        });
    }

    /// The record's time; of a record without one, the last that was seen.
    fn moment(&mut self, line: &Line<'_>) -> Option<Timestamp> {
        let at = line.timestamp.as_ref().and_then(|text| moment::parse(text.as_str()));
        self.conversation.moment(at)
    }

    fn thread_of(&self, line: &Line<'_>) -> Thread {
        if self.in_subagent_file || line.is_sidechain == Some(true) { Thread::Subagent } else { Thread::Main }
    }

    fn session_of(&self, line: &Line<'_>) -> SessionId {
        let Some(named) = &line.session_id else { return self.session.clone() };
        match &self.place {
            Some(place) if place.session.as_str() == named.as_str() => place.session.clone(),
            _ => SessionId::new(named.as_str()),
        }
    }

    /// The place of a record: the last one again, where nothing changed.
    fn place_of(&mut self, line: &Line<'_>, session: SessionId, thread: Thread) -> Arc<Place> {
        let text = |text: &Option<Text<'_>>| {
            text.as_ref().map(|text| text.0.to_string()).filter(|it| !it.is_empty())
        };
        let (command, skill) = self.conversation.activity(thread);
        if let Some(place) = &self.place {
            let same = |known: Option<&str>, new: &Option<Text<'_>>| {
                known.unwrap_or("") == new.as_ref().map_or("", Text::as_str)
            };
            if place.session == session
                && place.thread == thread
                && same(place.folder.as_ref().map(domain::Folder::as_str), &line.cwd)
                && same(place.branch.as_ref().map(domain::Branch::as_str), &line.git_branch)
                && place.command == command
                && place.skill == skill
            {
                return Arc::clone(place);
            }
        }
        let place = Arc::new(Place {
            tool: Tool::ClaudeCode,
            session,
            thread,
            folder: text(&line.cwd).map(|folder| folder.as_str().into()),
            branch: text(&line.git_branch).map(|branch| branch.as_str().into()),
            remote: None,
            command,
            skill,
        });
        self.place = Some(Arc::clone(&place));
        place
    }
}

fn is_made_up<Content>(message: &Message<'_, Content>) -> bool {
    message.model.as_ref().is_some_and(|model| model.as_str() == SYNTHETIC_MODEL)
}

/// A message that was seen in a record, ready to be written down.
struct Seen<'a> {
    line: &'a Line<'a>,
    at: Timestamp,
    lineage: Lineage,
    place: Arc<Place>,
    offset: u64,
}

impl Seen<'_> {
    /// Writes down the calls of its advisors, and returns the call itself.
    fn observe<Content>(
        &self,
        message: &Message<'_, Content>,
        request: Option<&Text<'_>>,
        turn: Option<TurnId>,
        harvest: &mut Harvest,
    ) -> Option<Observation> {
        let wire = message.usage.as_ref()?;
        let named = self.key(message, request).zip(message.model.as_ref());
        let Some(((key, model), usage)) = named.zip(usage::usage(wire)) else {
            harvest.problems.count(Problem::Incomplete, self.offset);
            return None;
        };
        let stop = message.stop_reason.as_ref().map(Text::as_str);
        let observation = Observation {
            key: CallKey::new(&key),
            request: request.map(Text::as_str).filter(|id| !id.is_empty()).map(RequestId::new),
            at: self.at,
            model: ModelName::new(model.as_str()),
            provider: provider(&key),
            usage,
            terms: usage::terms(wire),
            output: usage::output_confidence(stop, self.line.version.as_ref().map(Text::as_str)),
            lineage: self.lineage,
            place: Arc::clone(&self.place),
            turn,
            tools: ToolUses::NONE,
            reported_cost: self
                .line
                .cost_usd
                .and_then(|cost| cost.get().parse::<PicoUsd>().ok())
                .and_then(to_nano),
            origin: Origin { file: 0, offset: self.offset },
        };
        self.advisors(wire, &observation, harvest);
        Some(observation)
    }

    /// Calls of an advisor model inside this one, which the totals leave out.
    fn advisors(&self, wire: &record::Usage<'_>, main: &Observation, harvest: &mut Harvest) {
        let Some(raw) = wire.iterations.filter(|raw| raw.get().contains("advisor_message")) else { return };
        let Ok(iterations) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(raw.get()) else {
            harvest.problems.count(Problem::Incomplete, self.offset);
            return;
        };
        for (number, raw) in iterations.into_iter().enumerate() {
            let head = serde_json::from_str::<Iteration<'_>>(raw.get());
            let Ok(Iteration { kind: Some(kind), model }) = head else { continue };
            if kind.as_str() != "advisor_message" {
                continue;
            }
            let wire = serde_json::from_str::<record::Usage<'_>>(raw.get()).ok();
            let usage = wire.as_ref().and_then(usage::usage);
            let Some(((model, wire), usage)) = model.zip(wire).zip(usage) else {
                harvest.problems.count(Problem::Incomplete, self.offset);
                continue;
            };
            harvest.observations.push(Observation {
                key: CallKey::new(&format!("{}#advisor-{number}", main.key)),
                // The request is the main call's: as a name of this one it would make one of both.
                request: None,
                model: ModelName::new(model.as_str()),
                usage,
                terms: domain::Terms { geo: main.terms.geo, ..usage::terms(&wire) },
                reported_cost: None,
                ..main.clone()
            });
        }
    }

    fn key<C>(&self, message: &Message<'_, C>, request: Option<&Text<'_>>) -> Option<String> {
        let text =
            |text: Option<&Text<'_>>| text.map(|text| text.0.to_string()).filter(|text| !text.is_empty());
        text(message.id.as_ref())
            .or_else(|| text(request))
            .or_else(|| text(self.line.uuid.as_ref()).map(|uuid| format!("claude-code:{uuid}")))
    }
}

/// Who made the message, where its id tells.
fn provider(key: &str) -> Option<Provider> {
    key.starts_with("msg_bdrk_")
        .then(|| Provider::new("aws-bedrock"))
        .or_else(|| key.starts_with("msg_vrtx_").then(|| Provider::new("google-vertex")))
}

fn to_nano(pico: PicoUsd) -> Option<NanoUsd> {
    pico.round_half_even().ok()
}

/// The marks by which a record is known to count, found without reading it as
/// JSON: that is far cheaper, and most records are prompts and tool output.
struct Marks {
    usage: Finder<'static>,
    user: Finder<'static>,
    is_error: Finder<'static>,
    tool_result: Finder<'static>,
    rare: [Finder<'static>; 2],
}

impl Marks {
    fn new() -> Self {
        Self {
            usage: Finder::new("\"usage\""),
            user: Finder::new("\"user\""),
            is_error: Finder::new("\"is_error\":"),
            tool_result: Finder::new("\"tool_use_id\""),
            rare: [Finder::new("\"compact_boundary\""), Finder::new("\"pr-link\"")],
        }
    }

    /// Whether anything in the record counts. What is found soonest is looked for first.
    fn any_in(&self, bytes: &[u8], conversation: &Conversation) -> bool {
        let head = bytes.get(..KIND_WITHIN).unwrap_or(bytes);
        let tail = bytes.get(bytes.len().saturating_sub(KIND_WITHIN).max(head.len())..).unwrap_or_default();
        let near = |mark: &Finder<'_>| mark.find(head).is_some() || mark.find(tail).is_some();
        if self.usage.find(tail).is_some() {
            return true;
        }
        let is_user = near(&self.user);
        if is_user && (conversation.awaits_success() || self.tool_result.find(bytes).is_none()) {
            return true;
        }
        self.usage.find(bytes).is_some()
            || if is_user { self.any_failed(bytes) } else { self.rare.iter().any(near) }
    }

    fn any_failed(&self, bytes: &[u8]) -> bool {
        self.is_error.find_iter(bytes).any(|at| {
            let value = bytes.get(at.saturating_add(self.is_error.needle().len())..).unwrap_or_default();
            value.starts_with(b"true") || value.starts_with(b" true")
        })
    }
}

/// Whether a record is of a kind that counts nothing, however odd the rest of it is.
fn says_nothing(bytes: &[u8]) -> bool {
    let kind = read::<Kind<'_>>(bytes).and_then(|kind| kind.kind);
    kind.is_some_and(|kind| match kind.as_str() {
        "assistant" | "user" | "pr-link" => false,
        "progress" => memmem::find(bytes, b"\"agent_progress\"").is_none(),
        _ => true,
    })
}

#[cfg(test)]
mod tests;

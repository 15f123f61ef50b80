//! `ui_messages.json`: what the window shows of a task.
//!
//! What `tokensIn` covers depends on who wrote it. Cline writes what no cache
//! served, except for some providers whose count it passes on as it came. Roo and
//! Kilo write the whole prompt since the versions of November 2025; before, they
//! wrote the rest for Anthropic's protocol. Nothing in the file tells the version,
//! so the day decides; a count below its cached parts is the rest in any case.

use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::{
    CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, SessionId,
    SessionTally, Terms, Timestamp, Tool, ToolUse, ToolUses, TurnId, Usage,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::surroundings::{ModelUse, Surroundings};
use super::{Counts, Prompt, name_of, provider};
use crate::document;
use crate::fingerprint;
use crate::harvest::{Harvest, Problem};
use crate::json::{Count, Maybe, Text, Usd, When};

/// When the versions that count the whole prompt were released: 2025-11-01 and 2025-11-12, UTC.
const ROO_COUNTS_ALL_FROM: Timestamp = Timestamp::from_millis(1_761_955_200_000);
const KILO_COUNTS_ALL_FROM: Timestamp = Timestamp::from_millis(1_762_905_600_000);

/// Providers whose prompt count Cline passes on whole.
const CLINE_PASSES_ON: [&str; 9] =
    ["openai", "litellm", "doubao", "fireworks", "hicap", "lmstudio", "qwen", "xai", "zai"];

/// Reads a task.
pub(super) fn read(path: &Path, tool: Tool, harvest: &mut Harvest) -> io::Result<()> {
    let mut task = Task::new(path, tool);
    document::read(path, &mut task, harvest)?;
    task.settle(None, harvest);
    Ok(())
}

/// A message of the window.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    #[serde(default)]
    ts: When,
    #[serde(default)]
    say: Text,
    #[serde(default)]
    ask: Text,
    #[serde(default)]
    text: Text,
    #[serde(default)]
    model_info: Maybe<ModelInfo>,
    #[serde(default)]
    api_protocol: Text,
    /// Cline: what was taken out of the conversation to make room.
    #[serde(default)]
    conversation_history_deleted_range: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelInfo {
    #[serde(default)]
    model_id: Text,
    #[serde(default)]
    provider_id: Text,
}

/// The text of `api_req_started`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    tokens_in: Count,
    #[serde(default)]
    tokens_out: Count,
    #[serde(default)]
    cache_writes: Count,
    #[serde(default)]
    cache_reads: Count,
    #[serde(default)]
    cost: Usd,
    #[serde(default)]
    cancel_reason: Text,
    #[serde(default)]
    api_protocol: Text,
}

/// The text of `tool`.
#[derive(Default, Deserialize)]
struct Used {
    #[serde(default)]
    tool: Text,
}

/// What a message says was done. Its moment is all that it has of an id.
fn tool_use(message: &Message, said: &str, at: Timestamp) -> ToolUse {
    let used: Used = message.text.get().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let id = fingerprint::of(format!("{}:{said}", at.millis()).as_bytes());
    ToolUse::new(id, used.tool.get().unwrap_or(said), 0)
}

/// A request whose model is known only when the next one is seen.
struct Pending {
    at: Timestamp,
    index: u64,
    request: Request,
    stated: Option<ModelUse>,
    protocol: Option<String>,
    turn: Option<TurnId>,
    /// What was done before the next request: it is what this one called.
    tools: ToolUses,
}

struct Task {
    tool: Tool,
    id: String,
    surroundings: Surroundings,
    place: Arc<Place>,
    pending: Option<Pending>,
    begun: bool,
    /// The last range taken out, as a fingerprint.
    taken_out: Option<u64>,
    turn: Option<TurnId>,
}

impl Task {
    fn new(path: &Path, tool: Tool) -> Self {
        let id = name_of(path.parent()).to_owned();
        let surroundings = Surroundings::of(path, tool);
        let place = Arc::new(Place {
            folder: surroundings.folder.as_deref().map(Folder::new),
            ..Place::of(tool, SessionId::new(&id))
        });
        Self { tool, id, surroundings, place, pending: None, begun: false, taken_out: None, turn: None }
    }

    fn tally<'h>(&self, at: Timestamp, harvest: &'h mut Harvest) -> &'h mut SessionTally {
        harvest.tallies.touch(self.tool, &self.place.session, at)
    }

    /// What a message says the session did.
    fn deed(&mut self, message: &Message, at: Timestamp, harvest: &mut Harvest) {
        let said = message.say.get().or_else(|| message.ask.get()).unwrap_or_default();
        let begins = !self.begun && matches!(said, "task" | "text");
        self.begun |= begins;
        let taken_out = message
            .conversation_history_deleted_range
            .as_ref()
            .map(|raw| fingerprint::of(raw.get().as_bytes()));
        let made_room = taken_out.is_some() && taken_out != self.taken_out;
        self.taken_out = taken_out.or(self.taken_out);
        let is_prompt = begins || matches!(said, "user_feedback" | "user_feedback_diff");
        if is_prompt {
            self.turn = Some(fingerprint::turn(&at.millis().to_string()));
        }
        let is_tool = matches!(said, "tool" | "command" | "use_mcp_server" | "browser_action_launch");
        if let Some(pending) = self.pending.as_mut().filter(|_| is_tool) {
            pending.tools.add(tool_use(message, said, at));
        }
        let tally = self.tally(at, harvest);
        if made_room || matches!(said, "condense_context" | "sliding_window_truncation") {
            tally.compactions = tally.compactions.saturating_add(1);
        }
        tally.turns = tally.turns.saturating_add(u32::from(is_prompt));
        tally.tool_calls = tally.tool_calls.saturating_add(u32::from(is_tool && !is_prompt));
        if said == "diff_error" {
            tally.failed_steps = tally.failed_steps.saturating_add(1);
            tally.longest_failing_run = tally.longest_failing_run.max(1);
        }
    }

    /// Counts the request that waits, now that the next one has begun at `next`.
    fn settle(&mut self, next: Option<Timestamp>, harvest: &mut Harvest) {
        let Some(pending) = self.pending.take() else { return };
        let request = &pending.request;
        let counts = Counts {
            input: request.tokens_in,
            output: request.tokens_out,
            cache_writes: request.cache_writes,
            cache_reads: request.cache_reads,
        };
        let noted = || self.surroundings.model_before(next.map(Timestamp::millis));
        let used = pending.stated.clone().or_else(noted);
        if counts.is_odd() {
            harvest.problems.count(Problem::Incomplete, pending.index);
            return;
        }
        let served_by = used.as_ref().and_then(|used| used.provider.as_deref());
        let usage = counts.usage(self.covers(&pending, served_by));
        if usage.is_zero() {
            return;
        }
        let Some(used) = used else {
            harvest.problems.count(Problem::Incomplete, pending.index);
            return;
        };
        let call = self.call(pending, &used, usage);
        if let Ok(prompt) = usage.prompt() {
            self.tally(call.at, harvest).context(prompt);
        }
        harvest.observations.push(call);
    }

    fn call(&self, pending: Pending, used: &ModelUse, usage: Usage) -> Observation {
        let at = pending.at;
        let cancelled = pending.request.cancel_reason.get().is_some();
        Observation {
            key: CallKey::new(&format!("{}:{}:{}", self.tool.name(), self.id, at.millis())),
            request: None,
            at,
            model: ModelName::new(&used.model),
            provider: provider(used.provider.as_deref()),
            usage,
            terms: Terms::STANDARD,
            output: if cancelled { OutputConfidence::Interrupted } else { OutputConfidence::Final },
            lineage: Lineage::Own,
            place: Arc::clone(&self.place),
            turn: pending.turn,
            tools: pending.tools,
            reported_cost: pending.request.cost.0,
            origin: Origin { file: 0, offset: pending.index },
        }
    }

    /// What the count of input tokens covers.
    fn covers(&self, pending: &Pending, served_by: Option<&str>) -> Prompt {
        let all_from = match self.tool {
            Tool::Roo => ROO_COUNTS_ALL_FROM,
            Tool::Kilo => KILO_COUNTS_ALL_FROM,
            Tool::Cline
            | Tool::ClaudeCode
            | Tool::Codex
            | Tool::GeminiCli
            | Tool::Opencode
            | Tool::CopilotCli
            | Tool::CopilotChat
            | Tool::Cursor
            | Tool::Other => {
                let passed_on = served_by.is_some_and(|provider| CLINE_PASSES_ON.contains(&provider));
                return if passed_on { Prompt::Whole } else { Prompt::Rest };
            }
        };
        let anthropic = pending.protocol.as_deref() == Some("anthropic");
        if anthropic && pending.at < all_from { Prompt::Rest } else { Prompt::Whole }
    }
}

impl document::Reader for Task {
    type Element = Message;

    const LIST: &'static str = "messages";

    fn element(&mut self, index: u64, message: Message, harvest: &mut Harvest) {
        let is_request = message.say.is("api_req_started");
        let Some(at) = message.ts.0 else {
            if is_request {
                harvest.problems.count(Problem::Incomplete, index);
            }
            return;
        };
        self.deed(&message, at, harvest);
        if !is_request {
            return;
        }
        self.settle(Some(at), harvest);
        let Some(text) = message.text.get() else { return };
        let Ok(request) = serde_json::from_str::<Request>(text) else {
            harvest.problems.count(Problem::Malformed, index);
            return;
        };
        let stated = message.model_info.0.and_then(|info| {
            let provider = info.provider_id.get().map(str::to_owned);
            Some(ModelUse { model: info.model_id.get()?.to_owned(), provider })
        });
        let protocol = request.api_protocol.get().or_else(|| message.api_protocol.get()).map(str::to_owned);
        let (turn, tools) = (self.turn, ToolUses::NONE);
        self.pending = Some(Pending { at, index, request, stated, protocol, turn, tools });
    }

    fn field(&mut self, _: &str, _: &str) {}
}

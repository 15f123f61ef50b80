//! `<agent>.messages.json`: a session's conversation, with the counts of each answer.
//!
//! `inputTokens` covers the whole prompt, cached parts included. A file that is not
//! named like its folder is a subagent's.

use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::{
    CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, SessionId,
    SessionTally, Terms, Thread, Timestamp, Tool, ToolUse, ToolUses, TurnId,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::surroundings::Manifest;
use super::{Counts, Prompt, name_of, provider};
use crate::document;
use crate::fingerprint;
use crate::harvest::{Harvest, Problem};
use crate::json::{Count, Flag, List, Maybe, Text, Usd, When};
use crate::steps::Steps;

/// How the files end that hold messages.
pub(super) const SUFFIX: &str = ".messages.json";

/// Reads a session.
pub(super) fn read(path: &Path, harvest: &mut Harvest) -> io::Result<()> {
    document::read(path, &mut Session::new(path), harvest)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    role: Text,
    #[serde(default)]
    ts: When,
    /// Blocks; a mere text reads as none.
    #[serde(default)]
    content: List<Block>,
    #[serde(default)]
    model_info: Maybe<ModelInfo>,
    #[serde(default)]
    metrics: Maybe<Metrics>,
    #[serde(default)]
    metadata: Maybe<Metadata>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    id: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    input: Option<Box<RawValue>>,
    #[serde(default)]
    tool_use_id: Text,
    #[serde(default)]
    is_error: Flag,
}

#[derive(Deserialize)]
struct ModelInfo {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    provider: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cache_read_tokens: Count,
    #[serde(default)]
    cache_write_tokens: Count,
    #[serde(default)]
    cost: Usd,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    kind: Text,
}

struct Session {
    id: String,
    agent: String,
    manifest: Manifest,
    place: Arc<Place>,
    turn: Option<TurnId>,
    steps: Steps,
}

impl Session {
    fn new(path: &Path) -> Self {
        let folder = path.parent().unwrap_or(path);
        let id = name_of(Some(folder)).to_owned();
        let agent = name_of(Some(path)).trim_end_matches(SUFFIX).to_owned();
        let manifest = Manifest::of(folder);
        let working = manifest.cwd.get().or_else(|| manifest.workspace_root.get());
        let place = Arc::new(Place {
            thread: if agent == id { Thread::Main } else { Thread::Subagent },
            folder: working.map(Folder::new),
            ..Place::of(Tool::Cline, SessionId::new(&id))
        });
        Self { id, agent, manifest, place, turn: None, steps: Steps::default() }
    }

    fn tally<'h>(&self, at: Timestamp, harvest: &'h mut Harvest) -> &'h mut SessionTally {
        harvest.tallies.touch(Tool::Cline, &self.place.session, at)
    }

    /// What a message says the session did: the tools that it called.
    fn deed(&mut self, message: &Message, at: Timestamp, harvest: &mut Harvest) -> ToolUses {
        let kind = message.metadata.0.as_ref().and_then(|metadata| metadata.kind.get());
        let is_result = |block: &Block| block.kind.is("tool_result");
        let only_results = !message.content.0.is_empty() && message.content.0.iter().all(is_result);
        let is_prompt = message.role.is("user") && kind.is_none() && !only_results;
        let is_main = self.place.thread == Thread::Main;
        if is_prompt && is_main {
            let millis = at.millis().to_string();
            self.turn = Some(fingerprint::turn(message.id.get().unwrap_or(&millis)));
        }
        let tally = self.tally(at, harvest);
        tally.turns = tally.turns.saturating_add(u32::from(is_prompt && is_main));
        tally.compactions = tally.compactions.saturating_add(u32::from(kind == Some("compaction_summary")));
        ToolUses::of(message.content.0.iter().filter_map(|block| self.step(block, at, harvest)))
    }

    fn step(&mut self, block: &Block, at: Timestamp, harvest: &mut Harvest) -> Option<ToolUse> {
        if block.kind.is("tool_use") {
            let input = block.input.as_ref().map_or("", |raw| raw.get());
            let name = block.name.get().unwrap_or_default();
            let used = self.steps.begin(block.id.get().unwrap_or_default(), name, input.as_bytes());
            let tally = self.tally(at, harvest);
            tally.tool_calls = tally.tool_calls.saturating_add(1);
            return Some(used);
        }
        if block.kind.is("tool_result") {
            let id = block.tool_use_id.get().unwrap_or_default();
            if block.is_error.0 {
                let run = self.steps.fail(id);
                let tally = self.tally(at, harvest);
                tally.failed_steps = tally.failed_steps.saturating_add(1);
                tally.longest_failing_run = tally.longest_failing_run.max(run);
            } else {
                self.steps.succeed(id);
            }
        }
        None
    }

    fn count(&self, message: &Message, tools: ToolUses, index: u64, harvest: &mut Harvest) {
        let Some(metrics) = &message.metrics.0 else { return };
        let counts = Counts {
            input: metrics.input_tokens,
            output: metrics.output_tokens,
            cache_writes: metrics.cache_write_tokens,
            cache_reads: metrics.cache_read_tokens,
        };
        let usage = counts.usage(Prompt::Whole);
        if usage.is_zero() && !counts.is_odd() {
            return;
        }
        let info = message.model_info.0.as_ref();
        let model = info.and_then(|info| info.id.get()).or_else(|| self.manifest.model.get());
        let served_by = info.and_then(|info| info.provider.get()).or_else(|| self.manifest.provider.get());
        let (Some(id), Some(at), Some(model), false) =
            (message.id.get(), message.ts.0, model, counts.is_odd())
        else {
            harvest.problems.count(Problem::Incomplete, index);
            return;
        };
        let tally = self.tally(at, harvest);
        if self.place.thread == Thread::Main
            && let Ok(prompt) = usage.prompt()
        {
            tally.context(prompt);
        }
        harvest.observations.push(Observation {
            key: CallKey::new(&format!("cline:{}:{}:{id}", self.id, self.agent)),
            request: None,
            at,
            model: ModelName::new(model),
            provider: provider(served_by),
            usage,
            terms: Terms::STANDARD,
            output: OutputConfidence::Final,
            lineage: Lineage::Own,
            place: Arc::clone(&self.place),
            turn: self.turn,
            tools,
            reported_cost: metrics.cost.0,
            origin: Origin { file: 0, offset: index },
        });
    }
}

impl document::Reader for Session {
    type Element = Message;

    const LIST: &'static str = "messages";

    fn element(&mut self, index: u64, message: Message, harvest: &mut Harvest) {
        let tools = message.ts.0.map(|at| self.deed(&message, at, harvest)).unwrap_or_default();
        self.count(&message, tools, index, harvest);
    }

    fn field(&mut self, _: &str, _: &str) {}
}

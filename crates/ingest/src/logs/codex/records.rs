//! Lines of a rollout file, as Codex writes them.

use domain::{Tokens, Usage};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::{Count, Maybe, Text, any_odd};

/// One line. Rollouts of mid-2025 have no `type` or no `payload`, and no usage.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) timestamp: Text,
    /// The line's number in the thread, which paginated rollouts have.
    #[serde(default)]
    pub(super) ordinal: Count,
    #[serde(default, borrow)]
    pub(super) payload: Option<&'a RawValue>,
}

/// `session_meta`.
#[derive(Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) id: Text,
    /// Shared by a conversation and its subagents.
    #[serde(default)]
    pub(super) session_id: Text,
    #[serde(default)]
    pub(super) cwd: Text,
    #[serde(default)]
    pub(super) model_provider: Text,
    #[serde(default)]
    pub(super) git: Maybe<Git>,
    #[serde(default)]
    pub(super) forked_from_id: Text,
    #[serde(default)]
    pub(super) parent_thread_id: Text,
    /// A text such as `cli`, or an object that names the subagent.
    #[serde(default)]
    pub(super) source: Maybe<Source>,
    #[serde(default)]
    pub(super) thread_source: Text,
    /// The number of the first line that is not the parent's.
    #[serde(default)]
    pub(super) subagent_history_start_ordinal: Count,
    /// The file whose lines come before this one's.
    #[serde(default)]
    pub(super) history_base: Maybe<HistoryBase>,
}

#[derive(Deserialize)]
pub(super) struct Git {
    #[serde(default)]
    pub(super) branch: Text,
    #[serde(default)]
    pub(super) repository_url: Text,
}

#[derive(Deserialize)]
pub(super) struct Source {
    #[serde(default)]
    pub(super) subagent: Subagent,
}

/// Who started a subagent: an object, or the name of a built-in one.
#[derive(Default)]
pub(super) struct Subagent {
    pub(super) is_one: bool,
    pub(super) parent: Option<String>,
}

impl<'de> Deserialize<'de> for Subagent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Spawned {
            #[serde(default)]
            thread_spawn: Maybe<Spawn>,
        }
        #[derive(Deserialize)]
        struct Spawn {
            #[serde(default)]
            parent_thread_id: Text,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let spawned: Option<Spawned> = serde_json::from_str(raw.get()).ok();
        let parent = spawned.and_then(|it| it.thread_spawn.0);
        Ok(Self {
            is_one: raw.get() != "null",
            parent: parent.and_then(|spawn| spawn.parent_thread_id.get().map(str::to_owned)),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct HistoryBase {
    #[serde(default)]
    pub(super) end_ordinal_exclusive: Count,
}

impl Meta {
    /// The thread that this one's history may begin with.
    pub(super) fn parent(&self) -> Option<&str> {
        let spawner = self.source.0.as_ref().and_then(|source| source.subagent.parent.as_deref());
        spawner.or_else(|| self.parent_thread_id.get()).or_else(|| self.forked_from_id.get())
    }

    /// Whether this is a thread that another one started.
    pub(super) fn is_subagent(&self) -> bool {
        self.source.0.as_ref().is_some_and(|source| source.subagent.is_one)
            || self.thread_source.is("subagent")
            || self.thread_source.is("guardian_review")
    }

    /// The number of the first own line, where the file says so.
    pub(super) fn own_lines_from(&self) -> Option<u64> {
        let base = self.history_base.0.as_ref().and_then(|base| base.end_ordinal_exclusive.number());
        self.subagent_history_start_ordinal.number().or(base)
    }
}

/// `turn_context`.
#[derive(Deserialize)]
pub(super) struct TurnContext {
    #[serde(default)]
    pub(super) turn_id: Text,
    #[serde(default)]
    pub(super) cwd: Text,
    #[serde(default)]
    pub(super) model: Text,
}

/// `event_msg`.
#[derive(Deserialize)]
pub(super) struct Event {
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) turn_id: Text,
    #[serde(default)]
    pub(super) thread_id: Text,
    /// Of `token_count`; null where only rate limits are told.
    #[serde(default)]
    pub(super) info: Maybe<CountInfo>,
    /// Of `item_completed`.
    #[serde(default)]
    pub(super) item: Maybe<Item>,
}

#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
}

#[derive(Deserialize)]
pub(super) struct CountInfo {
    #[serde(default)]
    pub(super) total_token_usage: Maybe<Counts>,
    #[serde(default)]
    pub(super) last_token_usage: Maybe<Counts>,
}

/// `token_usage_record`: one response.
#[derive(Deserialize)]
pub(super) struct UsageRecord {
    #[serde(default)]
    pub(super) session_id: Text,
    #[serde(default)]
    pub(super) thread_id: Text,
    #[serde(default)]
    pub(super) turn_id: Text,
    /// Of a subagent: the turn of the conversation that it works for.
    #[serde(default)]
    pub(super) root_turn_id: Text,
    #[serde(default)]
    pub(super) response_id: Text,
    #[serde(default)]
    pub(super) usage: Maybe<Counts>,
}

/// Token counts as OpenAI has them: cached ones are inside of input, reasoning is
/// inside of output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Counts {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    cached_input_tokens: Count,
    #[serde(default)]
    cache_write_input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    reasoning_output_tokens: Count,
}

/// The same, known to be whole numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) input: u64,
    pub(super) cached: u64,
    pub(super) written: u64,
    pub(super) output: u64,
    pub(super) reasoning: u64,
}

impl Counts {
    /// The counts, or nothing if one of them is no whole number.
    pub(super) fn totals(&self) -> Option<Totals> {
        let odd = any_odd([
            self.input_tokens,
            self.cached_input_tokens,
            self.cache_write_input_tokens,
            self.output_tokens,
            self.reasoning_output_tokens,
        ]);
        let whole = |count: Count| count.tokens().count();
        (!odd).then(|| Totals {
            input: whole(self.input_tokens),
            cached: whole(self.cached_input_tokens),
            written: whole(self.cache_write_input_tokens),
            output: whole(self.output_tokens),
            reasoning: whole(self.reasoning_output_tokens),
        })
    }
}

impl Totals {
    /// Whether nothing was sent and nothing came back: an estimate of the context,
    /// as is told after a compaction.
    pub(super) const fn is_zero(self) -> bool {
        self.input == 0 && self.output == 0
    }

    /// What was added since `before`, or nothing where a count went down.
    pub(super) fn since(self, before: Self) -> Option<Self> {
        Some(Self {
            input: self.input.checked_sub(before.input)?,
            cached: self.cached.checked_sub(before.cached)?,
            written: self.written.checked_sub(before.written)?,
            output: self.output.checked_sub(before.output)?,
            reasoning: self.reasoning.checked_sub(before.reasoning)?,
        })
    }

    /// Split into disjoint classes. A part that is larger than its whole counts
    /// as the whole.
    pub(super) fn usage(self) -> Usage {
        let cached = self.cached.min(self.input);
        let written = self.written.min(self.input.saturating_sub(cached));
        let fresh = self.input.saturating_sub(cached).saturating_sub(written);
        Usage {
            input: Tokens::new(fresh),
            output: Tokens::new(self.output),
            cache_read: Tokens::new(cached),
            cache_write_5m: Tokens::new(written),
            reasoning: Tokens::new(self.reasoning.min(self.output)),
            ..Usage::ZERO
        }
    }
}

/// `response_item`: what the model said, called, or was given back.
#[derive(Deserialize)]
pub(super) struct ResponseItem<'a> {
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) role: Text,
    #[serde(default)]
    pub(super) call_id: Text,
    #[serde(default)]
    pub(super) name: Text,
    #[serde(default, borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) action: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) output: Option<&'a RawValue>,
}

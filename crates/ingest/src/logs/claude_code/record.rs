//! Records of a Claude Code transcript, as they are written.
//!
//! Only what counting needs is named; everything else is skipped without being
//! looked at, so that a new field or an odd one elsewhere never loses a record.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::json::{Count, Maybe, Raw};

/// Text of a record, borrowed where it has no escapes.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// One record.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) subtype: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) uuid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) session_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cwd: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) git_branch: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) request_id: Option<Text<'a>>,
    /// The prompt that a record of the user is or answers, from 2026 on.
    #[serde(borrow)]
    pub(super) prompt_id: Option<Text<'a>>,
    pub(super) is_sidechain: Option<bool>,
    pub(super) is_meta: Option<bool>,
    pub(super) is_compact_summary: Option<bool>,
    pub(super) is_visible_in_transcript_only: Option<bool>,
    pub(super) forked_from: Option<IgnoredAny>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a, Raw<'a>>>,
    #[serde(borrow)]
    pub(super) data: Option<Data<'a>>,
    #[serde(borrow, rename = "costUSD")]
    pub(super) cost_usd: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) pr_number: Count,
    #[serde(borrow)]
    pub(super) pr_url: Option<Text<'a>>,
}

/// The payload of a progress record.
#[derive(Debug, Deserialize)]
pub(super) struct Data<'a> {
    /// In `agent_progress`: the subagent's own record, quoted.
    #[serde(borrow)]
    pub(super) message: Option<Quoted<'a>>,
}

/// A record quoted in another.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quoted<'a> {
    #[serde(borrow)]
    pub(super) timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) request_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a, IgnoredAny>>,
}

/// A message of the provider's API, with its content or without.
#[derive(Debug, Deserialize)]
pub(super) struct Message<'a, Content> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) usage: Option<Usage<'a>>,
    pub(super) content: Option<Content>,
}

/// `message.usage`. `cache_creation_input_tokens` is the total of both lifetimes.
#[derive(Debug, Deserialize)]
pub(super) struct Usage<'a> {
    #[serde(default)]
    pub(super) input_tokens: Count,
    #[serde(default)]
    pub(super) output_tokens: Count,
    #[serde(default)]
    pub(super) cache_creation_input_tokens: Count,
    #[serde(default)]
    pub(super) cache_read_input_tokens: Count,
    #[serde(default)]
    pub(super) cache_creation: Maybe<CacheCreation>,
    #[serde(default)]
    pub(super) server_tool_use: Maybe<ServerToolUse>,
    #[serde(borrow)]
    pub(super) service_tier: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) speed: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) inference_geo: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) iterations: Option<&'a RawValue>,
}

/// Cache writes by lifetime.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(super) struct CacheCreation {
    #[serde(default)]
    pub(super) ephemeral_5m_input_tokens: Count,
    #[serde(default)]
    pub(super) ephemeral_1h_input_tokens: Count,
}

/// Tools that the provider runs and bills.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(super) struct ServerToolUse {
    #[serde(default)]
    pub(super) web_search_requests: Count,
}

/// What a record is, where nothing else of it can be read.
#[derive(Debug, Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
}

/// One step of a request that the provider took in several; its [`Usage`] stands
/// in the same object.
#[derive(Debug, Deserialize)]
pub(super) struct Iteration<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Text<'a>>,
}

/// A block of a message's content.
#[derive(Debug, Deserialize)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) tool_use_id: Option<Text<'a>>,
    pub(super) is_error: Option<bool>,
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
}

//! Records of a conversation, as Gemini CLI writes them.

use std::collections::BTreeMap;

use domain::{Tokens, Usage};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::json::{Count, List, Maybe, Text};

/// What the tool says to the model in the developer's name when an answer broke off.
const GO_ON: &str = "System: Please continue.";

/// A message, the conversation's header, or a change of the header: the fields do
/// not overlap.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) timestamp: Text,
    #[serde(default)]
    pub(super) model: Text,
    #[serde(default)]
    pub(super) tokens: Maybe<Counts>,
    #[serde(default)]
    pub(super) tool_calls: List<ToolCall>,
    #[serde(default)]
    pub(super) content: Content,
    /// What the developer typed, where `content` is what became of it.
    #[serde(default)]
    pub(super) display_content: Content,

    /// Of the header.
    #[serde(default)]
    pub(super) session_id: Text,
    /// Of the header: `main` or `subagent`.
    #[serde(default, rename = "kind")]
    pub(super) conversation: Text,
    #[serde(default, rename = "$set")]
    pub(super) set: Maybe<Change>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    #[serde(default)]
    pub(super) session_id: Text,
}

/// Token counts as Google has them.
#[derive(Deserialize)]
pub(super) struct Counts {
    #[serde(default)]
    input: Count,
    #[serde(default)]
    output: Count,
    #[serde(default)]
    cached: Count,
    #[serde(default)]
    thoughts: Count,
    #[serde(default)]
    tool: Count,
}

impl Counts {
    pub(super) const fn all(&self) -> [Count; 5] {
        [self.input, self.output, self.cached, self.thoughts, self.tool]
    }

    /// Split into disjoint classes; nothing if a sum is beyond all bounds.
    pub(super) fn usage(&self) -> Option<Usage> {
        let cached = self.cached.tokens().min(self.input.tokens());
        let fresh: Tokens = self.input.tokens().less(cached);
        Some(Usage {
            input: fresh.plus(self.tool.tokens()).ok()?,
            output: self.output.tokens().plus(self.thoughts.tokens()).ok()?,
            cache_read: cached,
            reasoning: self.thoughts.tokens(),
            ..Usage::ZERO
        })
    }
}

#[derive(Deserialize)]
pub(super) struct ToolCall {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    pub(super) name: Text,
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    args: Option<Box<RawValue>>,
}

impl ToolCall {
    /// The arguments as they stand.
    pub(super) fn arguments(&self) -> &[u8] {
        self.args.as_ref().map_or(&[], |raw| raw.get().as_bytes())
    }
}

/// What was said: a text, a part, or parts. Looked at, never kept.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<Maybe<Part>>),
    Part(Part),
    Other(IgnoredAny),
    #[default]
    Nothing,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    #[serde(default)]
    text: Text,
    #[serde(default)]
    function_response: Option<IgnoredAny>,
}

impl Content {
    fn parts(&self) -> impl Iterator<Item = &Part> {
        let (one, many) = match self {
            Self::Part(part) => (Some(part), [].as_slice()),
            Self::Parts(parts) => (None, parts.as_slice()),
            Self::Text(_) | Self::Other(_) | Self::Nothing => (None, [].as_slice()),
        };
        one.into_iter().chain(many.iter().filter_map(|part| part.0.as_ref()))
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Part(_) | Self::Parts(_) | Self::Other(_) | Self::Nothing => {
                self.parts().find_map(|part| part.text.get())
            }
        }
    }

    /// Whether the tool wrote this, not the developer: results, or a push to go on.
    pub(super) fn is_by_the_tool(&self) -> bool {
        let has_parts = self.parts().next().is_some();
        let only_results = has_parts && self.parts().all(|part| part.function_response.is_some());
        only_results || self.text().is_some_and(|text| text.trim() == GO_ON)
    }

    /// The slash command that this is, without its slash.
    pub(super) fn command(&self) -> Option<&str> {
        let word = self.text()?.strip_prefix('/')?.split_whitespace().next()?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
        (!word.is_empty() && word.bytes().all(plain)).then_some(word)
    }
}

/// `projects.json`: folders, and the names that their projects go by.
#[derive(Deserialize)]
pub(super) struct Projects {
    #[serde(default)]
    pub(super) projects: BTreeMap<String, String>,
}

//! Which turn a rollout is in, and which response called a tool.
//!
//! Newer versions name their turns, in `turn_context` and where one begins; a prompt that
//! steers a running turn is part of it. Where none is named, a turn begins with its prompt and
//! is known by the thread and a number. A subagent's own turns are none of the developer's:
//! its calls are of the turn that its usage records name as the root.
//!
//! What a response says and calls is written before its usage by newer versions, and after it
//! by those of 2025. So a call of a tool is the next response's, unless the last usage came
//! while nothing had been said since the one before.

use domain::{CallKey, ToolUse, ToolUses, TurnId};
use serde::{Deserialize, Serialize};

use super::Seen;
use super::records::Totals;
use crate::fingerprint;

/// What is known of the turn that is under way.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Turn {
    /// Its fingerprint.
    id: Option<u64>,
    /// Whether the rollout names its turns.
    is_named: bool,
    /// Turns that began without a name.
    nameless: u32,
    /// Whether the model has said something since the last usage.
    spoke: bool,
    /// Tools that it called since: id, name, and how often the step had failed.
    uses: Vec<(u64, String, u32)>,
    /// The response whose usage came before what it said.
    ahead: Option<Response>,
}

/// A response whose usage was counted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Response {
    pub(super) key: String,
    pub(super) used: Totals,
    at: Option<i64>,
    offset: u64,
}

impl Response {
    /// Where its usage stands.
    pub(super) fn seen(&self) -> Seen {
        Seen { at: self.at.map(domain::Timestamp::from_millis), offset: self.offset }
    }
}

impl Turn {
    /// The turn, where it is known.
    pub(super) fn id(&self) -> Option<TurnId> {
        self.id.map(TurnId::new)
    }

    /// A line names the turn.
    pub(super) fn named(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.is_named = true;
            self.id = Some(fingerprint::turn(name).fingerprint());
        }
    }

    /// A turn begins. `goes_on` says that its beginning was told before.
    pub(super) fn begins(&mut self, thread: &str, goes_on: bool) {
        (self.spoke, self.ahead) = (false, None);
        self.uses.clear();
        if !self.is_named && !goes_on {
            self.nameless = self.nameless.saturating_add(1);
            let name = format!("{thread}:{}", self.nameless);
            self.id = Some(fingerprint::turn(&name).fingerprint());
        }
    }

    /// The model said something.
    pub(super) fn speaks(&mut self) {
        self.spoke |= self.ahead.is_none();
    }

    /// It called a tool: of the response that is returned, or of the one whose usage comes next.
    pub(super) fn calls(&mut self, used: &ToolUse) -> Option<Response> {
        self.speaks();
        if self.ahead.is_none() && self.uses.len() < ToolUses::MOST {
            self.uses.push((used.id(), used.name().to_owned(), used.retry()));
        }
        self.ahead.clone()
    }

    /// The usage of a response is told: the tools that it called.
    pub(super) fn used(&mut self, key: &CallKey, used: Totals, seen: Seen) -> ToolUses {
        let Seen { at, offset } = seen;
        let at = at.map(domain::Timestamp::millis);
        let response = || Response { key: key.as_str().to_owned(), used, at, offset };
        self.ahead = (!self.spoke).then(response);
        self.spoke = false;
        let uses = std::mem::take(&mut self.uses);
        ToolUses::of(uses.into_iter().map(|(id, name, retry)| ToolUse::new(id, &name, retry)))
    }
}

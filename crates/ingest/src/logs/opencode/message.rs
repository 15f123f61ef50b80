//! Messages and their parts, as opencode writes them.

use domain::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{Count, Flag, Maybe, Text, Usd, When};

/// An id that is younger than this against its message's creation is a copy's.
const COPY_AFTER_MS: u64 = 10_000;

/// Ids hold the milliseconds modulo this: about two years.
const ID_CLOCK: u64 = 1 << 36;

/// A message. The database holds `id` and `sessionID` in columns instead.
#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default, rename = "sessionID")]
    pub(super) session_id: Text,
    /// Of an answer: the message that it answers.
    #[serde(default, rename = "parentID")]
    pub(super) parent_id: Text,
    #[serde(default)]
    pub(super) role: Text,
    #[serde(default, rename = "modelID")]
    pub(super) model_id: Text,
    #[serde(default, rename = "providerID")]
    pub(super) provider_id: Text,
    #[serde(default)]
    pub(super) path: Maybe<Folders>,
    #[serde(default)]
    pub(super) cost: Usd,
    #[serde(default)]
    pub(super) tokens: Maybe<Counts>,
    /// Of an answer: that it sums up the conversation, to make room.
    #[serde(default)]
    pub(super) summary: Flag,
    #[serde(default)]
    time: Maybe<Times>,
    #[serde(default)]
    error: Maybe<Fault>,
}

#[derive(Deserialize)]
pub(super) struct Folders {
    #[serde(default)]
    pub(super) cwd: Text,
}

#[derive(Deserialize)]
struct Times {
    #[serde(default)]
    created: When,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    name: Text,
}

/// Token counts as opencode has them.
#[derive(Deserialize)]
pub(super) struct Counts {
    #[serde(default)]
    pub(super) total: Count,
    #[serde(default)]
    pub(super) input: Count,
    #[serde(default)]
    pub(super) output: Count,
    #[serde(default)]
    pub(super) reasoning: Count,
    #[serde(default)]
    pub(super) cache: Maybe<Cache>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Cache {
    #[serde(default)]
    pub(super) read: Count,
    #[serde(default)]
    pub(super) write: Count,
}

impl Message {
    pub(super) fn created(&self) -> Option<Timestamp> {
        self.time.0.as_ref()?.created.0
    }

    pub(super) fn was_aborted(&self) -> bool {
        self.error.0.as_ref().is_some_and(|error| error.name.is("MessageAbortedError"))
    }

    /// Whether a fork copied this message: its id was made long after it was.
    pub(super) fn is_copy(&self, id: &str) -> bool {
        let created = self.created().and_then(|at| u64::try_from(at.millis()).ok());
        let (Some(created), Some(made)) = (created, id_clock(id)) else { return false };
        let younger = made.wrapping_sub(created % ID_CLOCK) % ID_CLOCK;
        (COPY_AFTER_MS..ID_CLOCK / 2).contains(&younger)
    }
}

/// The milliseconds in an id, modulo [`ID_CLOCK`]: `msg_` and 12 hexadecimal digits,
/// the last three of which are a counter.
fn id_clock(id: &str) -> Option<u64> {
    let digits = id.strip_prefix("msg_")?.get(..9)?;
    u64::from_str_radix(digits, 16).ok()
}

/// A part of a message.
#[derive(Deserialize)]
pub(super) struct Part {
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    /// That opencode wrote it, not the developer.
    #[serde(default)]
    pub(super) synthetic: Flag,
    #[serde(default)]
    pub(super) tool: Text,
    #[serde(default, rename = "callID")]
    pub(super) call_id: Text,
    #[serde(default)]
    pub(super) state: Maybe<ToolState>,
}

#[derive(Deserialize)]
pub(super) struct ToolState {
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    input: Option<Box<RawValue>>,
}

impl ToolState {
    /// The arguments as they stand.
    pub(super) fn arguments(&self) -> &[u8] {
        self.input.as_ref().map_or(&[], |raw| raw.get().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_known_by_its_young_id() {
        let created: u64 = 1_767_225_600_000;
        let message: Message =
            serde_json::from_str(&format!(r#"{{"time":{{"created":{created}}}}}"#)).unwrap();
        let id = |millis: u64| format!("msg_{:09x}001AbCdEfGhIjKlMn", millis % ID_CLOCK);
        for (made, is_copy) in [
            (created, false),
            (created + 9_999, false),
            (created - 5_000, false),
            (created + 10_000, true),
            (created + 90 * 86_400_000, true),
        ] {
            assert_eq!(message.is_copy(&id(made)), is_copy, "{made}");
        }
        for id in ["msg_1", "msg-abc", "", "msg_zzzzzzzzz", "msg_ééééé"] {
            assert!(!message.is_copy(id), "{id}");
        }
    }
}

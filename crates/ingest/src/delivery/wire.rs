//! The fields of a delivery, as they are written. Whatever is added here leaves
//! developers' machines: add it to `docs/delivery.md` as well.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A text, borrowed where it has no escapes.
pub(super) type Text<'a> = Cow<'a, str>;

/// The delivery, as it is written.
#[derive(Debug, Serialize)]
pub(super) struct Delivery<'a> {
    pub(super) format: Text<'a>,
    pub(super) reporter: Text<'a>,
    pub(super) bursar: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) developer: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) places: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) sessions: Vec<Session<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) pull_requests: Vec<PullRequest<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) folders: Vec<Folder<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<Tag<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) activities: Vec<Activity<'a>>,
}

/// The same as it is read: each record by itself, so that an error can name it.
#[derive(Debug, Deserialize)]
pub(super) struct Parts<'a> {
    #[serde(borrow, default)]
    pub(super) format: Text<'a>,
    #[serde(borrow, default)]
    pub(super) reporter: Text<'a>,
    #[serde(borrow, default)]
    pub(super) bursar: Text<'a>,
    #[serde(borrow)]
    pub(super) developer: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) places: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) calls: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) sessions: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) pull_requests: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) folders: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) tags: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) activities: Vec<&'a RawValue>,
}

/// Where calls were made.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Place<'a> {
    #[serde(borrow)]
    pub(super) tool: Text<'a>,
    #[serde(borrow)]
    pub(super) session: Text<'a>,
    #[serde(borrow)]
    pub(super) thread: Text<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) folder: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) remote: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) skill: Option<Text<'a>>,
}

/// A call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call<'a> {
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    #[serde(borrow)]
    pub(super) naming: Text<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<Text<'a>>,
    /// The place, by its number in the delivery, from 0.
    pub(super) place: usize,
    pub(super) at_ms: i64,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) service_tier: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) speed: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) inference_geo: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) input: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) output: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) cache_read: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) cache_write_5m: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) cache_write_1h: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) reasoning: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) web_searches: u64,
    #[serde(borrow)]
    pub(super) output_confidence: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reported_nano_usd: Option<i64>,
    #[serde(borrow)]
    pub(super) figures_lineage: Text<'a>,
    pub(super) figures_at_ms: i64,
    #[serde(borrow)]
    pub(super) owner_lineage: Text<'a>,
    pub(super) owner_at_ms: i64,
    /// 16 hexadecimal digits.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) turn: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<ToolUse<'a>>,
}

/// A tool that the response of a call called.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ToolUse<'a> {
    /// 16 hexadecimal digits.
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) retry: u32,
}

/// What a session did.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Session<'a> {
    #[serde(borrow)]
    pub(super) tool: Text<'a>,
    #[serde(borrow)]
    pub(super) session: Text<'a>,
    pub(super) first_at_ms: i64,
    pub(super) last_at_ms: i64,
    pub(super) turns: u32,
    pub(super) active_ms: u64,
    pub(super) tool_calls: u32,
    pub(super) failed_steps: u32,
    pub(super) longest_failing_run: u32,
    pub(super) compactions: u32,
    pub(super) first_context: u64,
    pub(super) peak_context: u64,
}

/// A pull request that a session opened or named.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PullRequest<'a> {
    #[serde(borrow)]
    pub(super) tool: Text<'a>,
    #[serde(borrow)]
    pub(super) session: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
    pub(super) number: u64,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<Text<'a>>,
    pub(super) first_at_ms: i64,
    pub(super) last_at_ms: i64,
}

/// What is known of a folder.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Folder<'a> {
    #[serde(borrow)]
    pub(super) folder: Text<'a>,
    pub(super) at_ms: i64,
    #[serde(borrow)]
    pub(super) facts: Text<'a>,
}

/// What somebody said of a session.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tag<'a> {
    #[serde(borrow)]
    pub(super) session: Text<'a>,
    pub(super) at_ms: i64,
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

/// Something that happened beside calls.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Activity<'a> {
    /// 32 hexadecimal digits.
    #[serde(borrow)]
    pub(super) identity: Text<'a>,
    #[serde(borrow)]
    pub(super) source: Text<'a>,
    pub(super) at_ms: i64,
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    pub(super) amount: u64,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) tool: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) folder: Option<Text<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<Text<'a>>,
}

fn is_zero<T: Default + PartialEq>(count: &T) -> bool {
    *count == T::default()
}

/// The names of enumerations that nothing else writes down in words.
pub(super) mod names {
    use domain::{Lineage, Naming, Thread};

    pub(in crate::delivery) const fn lineage(lineage: Lineage) -> &'static str {
        match lineage {
            Lineage::Own => "own",
            Lineage::Sidechain => "sidechain",
            Lineage::Copied => "copied",
            Lineage::Quoted => "quoted",
        }
    }

    pub(in crate::delivery) fn lineage_of(name: &str) -> Option<Lineage> {
        let all = [Lineage::Own, Lineage::Sidechain, Lineage::Copied, Lineage::Quoted];
        all.into_iter().find(|it| lineage(*it) == name)
    }

    pub(in crate::delivery) const fn thread(thread: Thread) -> &'static str {
        match thread {
            Thread::Main => "main",
            Thread::Subagent => "subagent",
        }
    }

    pub(in crate::delivery) fn thread_of(name: &str) -> Option<Thread> {
        [Thread::Main, Thread::Subagent].into_iter().find(|it| thread(*it) == name)
    }

    pub(in crate::delivery) const fn naming(naming: Naming) -> &'static str {
        match naming {
            Naming::Provider => "provider",
            Naming::Derived => "derived",
        }
    }

    pub(in crate::delivery) fn naming_of(name: &str) -> Option<Naming> {
        [Naming::Provider, Naming::Derived].into_iter().find(|it| naming(*it) == name)
    }
}

//! Events of a session, as Copilot CLI writes them.

use std::collections::BTreeMap;

use domain::{Tokens, Usage};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::{self, Count, Flag, Maybe, Text, any_odd};
use crate::remote;

/// The host of repositories that are named without one.
const DEFAULT_HOST: &str = "github.com";

#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    pub(super) timestamp: Text,
    #[serde(default, borrow)]
    pub(super) data: Option<&'a RawValue>,
}

/// The data of all kinds of event that are read: their fields do not overlap.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data<'a> {
    #[serde(default)]
    pub(super) session_id: Text,
    #[serde(default)]
    pub(super) context: Maybe<Context>,
    #[serde(default)]
    pub(super) content: Text,
    #[serde(default)]
    pub(super) output_tokens: Count,
    #[serde(default)]
    pub(super) tool_call_id: Text,
    #[serde(default)]
    pub(super) tool_name: Text,
    #[serde(default, borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) success: Flag,
    #[serde(default, borrow)]
    model_metrics: Option<&'a RawValue>,
}

impl Data<'_> {
    /// What a shutdown says was used, by model; nothing if it cannot be read.
    pub(super) fn spent(&self) -> Option<BTreeMap<String, Spent>> {
        let metrics: BTreeMap<String, Maybe<Metric>> = json::part(self.model_metrics)?;
        let spent = metrics.into_iter().map(|(model, metric)| {
            let counts = metric.0.and_then(|metric| metric.usage.0)?;
            Some((model, counts.spent()?))
        });
        spent.collect()
    }
}

/// Where a session works.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context {
    #[serde(default)]
    pub(super) cwd: Text,
    #[serde(default)]
    pub(super) branch: Text,
    /// `owner/name`.
    #[serde(default)]
    repository: Text,
    #[serde(default)]
    repository_host: Text,
    #[serde(default)]
    host_type: Text,
}

impl Context {
    /// The repository's address. A host that is not GitHub must be named.
    pub(super) fn remote(&self) -> Option<String> {
        repository_address(self.repository.get()?, self.repository_host.get(), self.host_type.get())
    }
}

/// The address of a repository that is named `owner/name` or by an address.
pub(super) fn repository_address(name: &str, host: Option<&str>, host_type: Option<&str>) -> Option<String> {
    if name.contains("://") || name.contains('@') {
        return Some(remote::without_credentials(name).as_ref().to_owned());
    }
    let on_github = host_type.is_none_or(|kind| kind == "github");
    let host = host.or_else(|| on_github.then_some(DEFAULT_HOST))?;
    Some(format!("https://{host}/{name}"))
}

#[derive(Deserialize)]
struct Metric {
    #[serde(default)]
    usage: Maybe<Counts>,
}

/// Token counts: cached ones are inside of input, reasoning is inside of output.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cache_read_tokens: Count,
    #[serde(default)]
    cache_write_tokens: Count,
    #[serde(default)]
    reasoning_tokens: Count,
}

impl Counts {
    fn spent(&self) -> Option<Spent> {
        let counts = [
            self.input_tokens,
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.reasoning_tokens,
        ];
        let [input, output, cache_read, cache_write, reasoning] = counts.map(|count| count.tokens().count());
        (!any_odd(counts)).then_some(Spent { input, output, cache_read, cache_write, reasoning })
    }
}

/// What requests to one model used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spent {
    /// The whole prompts.
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
    pub(super) reasoning: u64,
}

impl Spent {
    pub(super) fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    pub(super) const fn is_less_in_any(self, other: Self) -> bool {
        self.input < other.input
            || self.output < other.output
            || self.cache_read < other.cache_read
            || self.cache_write < other.cache_write
            || self.reasoning < other.reasoning
    }

    pub(super) const fn since(self, before: Self) -> Self {
        Self {
            input: self.input.saturating_sub(before.input),
            output: self.output.saturating_sub(before.output),
            cache_read: self.cache_read.saturating_sub(before.cache_read),
            cache_write: self.cache_write.saturating_sub(before.cache_write),
            reasoning: self.reasoning.saturating_sub(before.reasoning),
        }
    }

    /// Split into disjoint classes. A part that is larger than its whole counts as
    /// the whole.
    pub(super) fn usage(self) -> Usage {
        let read = self.cache_read.min(self.input);
        let written = self.cache_write.min(self.input.saturating_sub(read));
        Usage {
            input: Tokens::new(self.input.saturating_sub(read).saturating_sub(written)),
            output: Tokens::new(self.output),
            cache_read: Tokens::new(read),
            cache_write_5m: Tokens::new(written),
            reasoning: Tokens::new(self.reasoning.min(self.output)),
            ..Usage::ZERO
        }
    }
}

//! Claude Code: events `claude_code.*`, spans `claude_code.llm_request`.
//!
//! An `api_request` is one call, with the provider's request id. Its span says the
//! same, but for the lifetimes of what was written to the cache: it is a second-hand
//! record, so that the event is believed wherever both are there.
//!
//! The number of an event (`event.sequence`) starts anew with every process of a
//! session, so it identifies nothing by itself. A tool's use is known by
//! `tool_use_id`, a prompt by `message.uuid`.
//!
//! `subagent_completed` sums up nothing (its total is that of the last request), and
//! `api_retries_exhausted` repeats an `api_error`: neither is counted.

use std::borrow::Cow;

use domain::{
    ActivityKind, InferenceGeo, Lineage, Provider, ServiceTier, Speed, Terms, Thread, Tokens, Usage,
};
use serde::Deserialize;

use super::attributes::{Facts, is_name};
use super::metrics::nanos_of;
use super::reading::{CallId, Deed, Event, EventKind, Reading, Told};
use super::telemetry::Rejection;
use crate::fingerprint;
use crate::json::{Text, any_odd};

pub(super) const PREFIX: &str = "claude_code.";
const SCOPE: &str = "com.anthropic.claude_code";
const SERVICE: &str = "claude-code";

/// What the tool calls the providers, and what we do.
const PROVIDERS: [(&str, &str); 4] = [
    ("firstparty", "anthropic"),
    ("bedrock", "aws-bedrock"),
    ("vertex", "google-vertex"),
    ("foundry", "azure"),
];

/// Whether this is a record of Claude Code.
pub(super) fn wrote(scope: &str, name: &str, facts: &Facts<'_, '_>) -> bool {
    scope.starts_with(SCOPE)
        || name.starts_with(PREFIX)
        || facts.name("service.name").is_some_and(|service| service.starts_with(SERVICE))
}

/// An event.
pub(super) fn event(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    match event.name {
        "api_request" => call(reading, event),
        "api_error" => {
            let request = facts.name("request_id");
            let id = request.map(|id| format!("{id}/{}", facts.name("attempt").unwrap_or_default()));
            let status = facts.name("status_code").filter(|status| is_status(status));
            let deed = Deed { id: id.as_deref(), subject: status.as_deref(), branch: None };
            reading.deed(event, ActivityKind::ApiError, deed);
        }
        "user_prompt" => {
            let id = facts.any_name(&["message.uuid", "prompt.id"]);
            reading.deed(event, ActivityKind::Prompt, Deed { id: id.as_deref(), ..Deed::default() });
        }
        "tool_decision" => {
            let (id, tool) = (facts.name("tool_use_id"), facts.name("tool_name"));
            let deed = Deed { id: id.as_deref(), subject: tool.as_deref(), branch: None };
            match facts.name("decision").as_deref() {
                Some("accept") => reading.deed(event, ActivityKind::ToolAccepted, deed),
                Some("reject") => reading.deed(event, ActivityKind::ToolRejected, deed),
                Some(_) | None => reading.ignore(),
            }
        }
        "tool_result" => tool_result(reading, event),
        _ => reading.ignore(),
    }
}

/// A span.
pub(super) fn span(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let named = event.facts.any_name(&["request_id", "gen_ai.response.id"]).is_some();
    if event.name == "claude_code.llm_request" && named {
        call(reading, event);
    } else {
        reading.ignore();
    }
}

fn call(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    let Some(model) = facts.name("model") else { return reading.reject(Rejection::NoModel) };
    let Some(usage) = usage(facts) else { return reading.reject(Rejection::OddCount) };
    if usage.is_zero() {
        return reading.ignore();
    }
    let speed = facts.name("speed").and_then(|speed| Speed::from_name(&speed)).unwrap_or_default();
    // What the spans call a response's id is the request's.
    let id = facts.any_name(&["request_id", "gen_ai.response.id"]);
    let told = Told {
        model: model.into_owned(),
        provider: provider(facts),
        usage,
        terms: Terms { tier: ServiceTier::Standard, speed, geo: InferenceGeo::Global },
        reported_cost: reported_cost(facts),
        thread: thread(facts),
        turn: facts.name("prompt.id").map(|name| fingerprint::turn(&name)),
        id: id.map_or(CallId::None, |id| CallId::Request(id.into_owned())),
        lineage: match event.kind {
            EventKind::Log => Lineage::Own,
            EventKind::Span => Lineage::Quoted,
        },
    };
    reading.call(event, told);
}

/// Counts as Anthropic has them: input stands beside what the cache gave and took.
/// What was written beyond the known lifetimes was written for five minutes.
fn usage(facts: &Facts<'_, '_>) -> Option<Usage> {
    let [input, output, read, written, five, hour] = [
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_creation_tokens",
        "cache_creation_5m_tokens",
        "cache_creation_1h_tokens",
    ]
    .map(|key| facts.count(key));
    if any_odd([input, output, read, written, five, hour]) {
        return None;
    }
    let (hour, five) = (hour.number().unwrap_or_default(), five.number().unwrap_or_default());
    let beyond = written.number().unwrap_or_default().saturating_sub(hour.saturating_add(five));
    Some(Usage {
        input: input.tokens(),
        output: output.tokens(),
        cache_read: read.tokens(),
        cache_write_5m: Tokens::new(five.saturating_add(beyond)),
        cache_write_1h: Tokens::new(hour),
        ..Usage::ZERO
    })
}

/// Who served it, unless the address was changed: then nobody here knows.
fn provider(facts: &Facts<'_, '_>) -> Option<Provider> {
    if facts.is("anthropic.custom_base_url", "true") {
        return None;
    }
    let named = facts.name("anthropic.provider")?.to_lowercase();
    PROVIDERS.iter().find(|(theirs, _)| *theirs == named).map(|(_, ours)| Provider::new(ours))
}

/// The tool's own estimate, which newer versions leave out at times.
fn reported_cost(facts: &Facts<'_, '_>) -> Option<domain::NanoUsd> {
    const NANO_PER_MICRO: u64 = 1_000;
    let micros =
        facts.count("cost_usd_micros").number().and_then(|micros| micros.checked_mul(NANO_PER_MICRO));
    let nanos = micros.or_else(|| nanos_of(&facts.value("cost_usd")))?;
    i64::try_from(nanos).ok().map(domain::NanoUsd::new)
}

/// Subagents and side questions are told apart as the transcript does.
fn thread(facts: &Facts<'_, '_>) -> Thread {
    let source = facts.any_name(&["query_source", "query_source_safe"]).unwrap_or(Cow::Borrowed(""));
    let aside = ["agent", "subagent", "side_question", "hook_agent"].contains(&source.as_ref());
    if aside || source.starts_with("agent:") || facts.name("agent_id").is_some() {
        Thread::Subagent
    } else {
        Thread::Main
    }
}

/// What became of a tool's use: a failure, a commit, or nothing that is counted.
fn tool_result(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    let failed = facts.is("success", "false");
    if failed {
        let (id, tool) = (facts.name("tool_use_id"), facts.name("tool_name"));
        let deed = Deed { id: id.as_deref(), subject: tool.as_deref(), branch: None };
        reading.deed(event, ActivityKind::ToolFailed, deed);
    }
    match commit(facts) {
        Some(Commit { hash, branch }) => {
            let branch = branch.as_deref();
            let deed = Deed { id: Some(&hash), subject: Some(&hash), branch };
            reading.deed(event, ActivityKind::Commit, deed);
        }
        None if !failed => reading.ignore(),
        None => {}
    }
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    git_commit_id: Text,
    #[serde(default)]
    git_branch: Text,
}

struct Commit {
    hash: String,
    branch: Option<String>,
}

/// The commit that a tool's use made. Its parameters hold the command as well, which
/// is passed over.
fn commit(facts: &Facts<'_, '_>) -> Option<Commit> {
    let parameters = facts.value("tool_parameters").text();
    let parameters = parameters.and_then(|text| serde_json::from_str::<Parameters>(&text).ok())?;
    let hash = parameters.git_commit_id.get().map(str::to_lowercase).filter(|hash| is_hash(hash))?;
    let branch = facts.name("vcs.ref.head.name").map(Cow::into_owned);
    let stated = || parameters.git_branch.get().filter(|it| is_name(it)).map(str::to_owned);
    Some(Commit { hash, branch: branch.or_else(stated) })
}

/// Whether this is the hash of a git object.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether this is the status of an HTTP response, and not a text about one.
pub(super) fn is_status(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

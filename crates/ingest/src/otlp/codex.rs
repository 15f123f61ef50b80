//! Codex: events `codex.*`.
//!
//! Records have no time but that of their observation, numbers are texts, and nothing
//! names a request or a response. Of the two `codex.sse_event` that say
//! `response.completed`, one has counts: that is the call. `input_token_count`
//! contains `cached_token_count`, and `tool_token_count` is the total of all.

use domain::{ActivityKind, Lineage, Provider, Terms, Thread, Tokens, Usage};

use super::attributes::Facts;
use super::claude_code::is_status;
use super::reading::{CallId, Deed, Event, Reading, Told};
use super::telemetry::Rejection;
use crate::json::{Count, any_odd};

pub(super) const PREFIX: &str = "codex.";

/// Who serves the model: no record of a call says otherwise.
const PROVIDER: &str = "openai";

/// An event.
pub(super) fn event(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    match event.name {
        "sse_event" | "websocket_event" => call(reading, event),
        "conversation_starts" => {
            reading.deed(event, ActivityKind::SessionStart, Deed { id: Some(""), ..Deed::default() });
        }
        "user_prompt" => reading.deed(event, ActivityKind::Prompt, Deed::default()),
        "api_request" => {
            let status = facts.any_name(&["http.response.status_code", "status"]);
            let status = status.filter(|status| is_status(status));
            if status.as_ref().is_some_and(|status| !status.starts_with('2')) {
                reading.deed(
                    event,
                    ActivityKind::ApiError,
                    Deed { subject: status.as_deref(), ..Deed::default() },
                );
            } else {
                reading.ignore();
            }
        }
        "tool_decision" => {
            let (id, tool) = (facts.name("call_id"), facts.name("tool_name"));
            let deed = Deed { id: id.as_deref(), subject: tool.as_deref(), branch: None };
            let decision = facts.name("decision").unwrap_or_default().to_lowercase();
            if decision.starts_with("approved") {
                reading.deed(event, ActivityKind::ToolAccepted, deed);
            } else {
                reading.deed(event, ActivityKind::ToolRejected, deed);
            }
        }
        "tool_result" if facts.is("success", "false") => {
            let (id, tool) = (facts.name("call_id"), facts.name("tool_name"));
            let deed = Deed { id: id.as_deref(), subject: tool.as_deref(), branch: None };
            reading.deed(event, ActivityKind::ToolFailed, deed);
        }
        _ => reading.ignore(),
    }
}

fn call(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    let completed = facts.is("event.kind", "response.completed");
    if !completed || facts.count("input_token_count") == Count::Absent {
        return reading.ignore();
    }
    let Some(model) = facts.any_name(&["model", "slug"]) else { return reading.reject(Rejection::NoModel) };
    let Some(usage) = usage(facts) else { return reading.reject(Rejection::OddCount) };
    if usage.is_zero() {
        return reading.ignore();
    }
    let told = Told {
        model: model.into_owned(),
        provider: Some(Provider::new(PROVIDER)),
        usage,
        terms: Terms::STANDARD,
        reported_cost: None,
        thread: Thread::Main,
        turn: None,
        id: CallId::None,
        lineage: Lineage::Own,
    };
    reading.call(event, told);
}

/// Counts as OpenAI has them, split into disjoint classes as those of the log are.
fn usage(facts: &Facts<'_, '_>) -> Option<Usage> {
    let [input, output, cached, written, reasoning] = [
        "input_token_count",
        "output_token_count",
        "cached_token_count",
        "cache_write_token_count",
        "reasoning_token_count",
    ]
    .map(|key| facts.count(key));
    if any_odd([input, output, cached, written, reasoning]) {
        return None;
    }
    let read = cached.tokens().min(input.tokens());
    let written = written.tokens().min(input.tokens().less(read));
    Some(Usage {
        input: input.tokens().less(read).less(written),
        output: output.tokens(),
        cache_read: read,
        cache_write_5m: written,
        cache_write_1h: Tokens::ZERO,
        reasoning: reasoning.tokens().min(output.tokens()),
        web_searches: 0,
    })
}

//! Gemini CLI: events `gemini_cli.*`.
//!
//! `api_response` is one call. The event of the GenAI conventions that is sent beside it
//! tells of the same call with less, and is left out; so are that convention's metrics.
//!
//! Tokens are Google's: input contains what the cache gave; thoughts stand beside output
//! and are billed as output; what built-in tools put into the prompt stands beside input.
//!
//! Prompts are logged unless the user turned that off: they are not looked at here.

use domain::{ActivityKind, Lineage, Provider, Terms, Thread, Usage};

use super::attributes::Facts;
use super::claude_code::is_status;
use super::reading::{CallId, Deed, Event, Reading, Told};
use super::telemetry::Rejection;
use crate::json::any_odd;

pub(super) const PREFIX: &str = "gemini_cli.";
pub(super) const SERVICE: &str = "gemini-cli";

const PROVIDER: &str = "google";

/// An event.
pub(super) fn event(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    match event.name {
        "api_response" => call(reading, event),
        "api_error" => {
            let status = facts.name("status_code").filter(|status| is_status(status));
            reading.deed(
                event,
                ActivityKind::ApiError,
                Deed { subject: status.as_deref(), ..Deed::default() },
            );
        }
        "user_prompt" => {
            let id = facts.name("prompt_id");
            reading.deed(event, ActivityKind::Prompt, Deed { id: id.as_deref(), ..Deed::default() });
        }
        "tool_call" => tool_call(reading, event),
        _ => reading.ignore(),
    }
}

fn call(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    let Some(model) = facts.name("model") else { return reading.reject(Rejection::NoModel) };
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

fn usage(facts: &Facts<'_, '_>) -> Option<Usage> {
    let [input, output, cached, thoughts, tool] = [
        "input_token_count",
        "output_token_count",
        "cached_content_token_count",
        "thoughts_token_count",
        "tool_token_count",
    ]
    .map(|key| facts.count(key));
    if any_odd([input, output, cached, thoughts, tool]) {
        return None;
    }
    let read = cached.tokens().min(input.tokens());
    Some(Usage {
        input: input.tokens().less(read).plus(tool.tokens()).ok()?,
        output: output.tokens().plus(thoughts.tokens()).ok()?,
        cache_read: read,
        reasoning: thoughts.tokens(),
        ..Usage::ZERO
    })
}

/// A tool's use, in one event: what was decided, and what came of it.
fn tool_call(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    let tool = facts.name("function_name");
    let deed = || Deed { subject: tool.as_deref(), ..Deed::default() };
    let decision = match facts.name("decision").as_deref() {
        Some("accept" | "auto_accept" | "modify") => Some(ActivityKind::ToolAccepted),
        Some("reject") => Some(ActivityKind::ToolRejected),
        Some(_) | None => None,
    };
    let failed = facts.is("success", "false") && decision != Some(ActivityKind::ToolRejected);
    if let Some(decision) = decision {
        reading.deed(event, decision, deed());
    }
    if failed {
        reading.deed(event, ActivityKind::ToolFailed, deed());
    }
    if decision.is_none() && !failed {
        reading.ignore();
    }
}

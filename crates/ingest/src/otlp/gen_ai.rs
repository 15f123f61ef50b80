//! The GenAI conventions: Copilot, and whatever else follows them.
//!
//! A call is told by the event `gen_ai.client.inference.operation.details`, by a span, or
//! by both, under the provider's id of the response. A span without that id is left out:
//! nothing tells whether its event was sent as well. So are spans of agents and
//! workflows, which add up the calls below them.
//!
//! Names changed with the versions; both spellings are read. Input contains what the
//! cache gave and took; where it is smaller than those, it plainly does not.

use domain::{InferenceGeo, Lineage, Provider, ServiceTier, Speed, Terms, Thread, Tokens, Tool, Usage};

use super::attributes::Facts;
use super::gemini_cli;
use super::reading::{CallId, Event, EventKind, Reading, Told};
use super::telemetry::Rejection;
use crate::json::{Count, any_odd};

pub(super) const PREFIX: &str = "gen_ai.";

const INPUT: [&str; 2] = ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"];
const OUTPUT: [&str; 2] = ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"];
const CACHE_READ: [&str; 3] = [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cached_tokens",
];
const CACHE_WRITE: [&str; 2] =
    ["gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens"];
const REASONING: [&str; 2] = ["gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"];

/// Operations that are one request to a provider.
const REQUESTS: [&str; 4] = ["chat", "text_completion", "generate_content", "embeddings"];

/// What the conventions call the providers, and what we do. Others have one name.
const PROVIDERS: [(&str, &str); 11] = [
    ("aws.bedrock", "aws-bedrock"),
    ("az.ai.inference", "azure"),
    ("az.ai.openai", "azure"),
    ("azure.ai.inference", "azure"),
    ("azure.ai.openai", "azure"),
    ("gcp.gemini", "google"),
    ("gcp.gen_ai", "google"),
    ("gcp.vertex_ai", "google-vertex"),
    ("mistral_ai", "mistral"),
    ("moonshot_ai", "moonshotai"),
    ("x_ai", "x-ai"),
];

/// The program that follows the conventions.
pub(super) fn tool(facts: &Facts<'_, '_>) -> Tool {
    match facts.name("service.name").as_deref() {
        Some("copilot-chat") => Tool::CopilotChat,
        Some("github-copilot") => Tool::CopilotCli,
        Some(gemini_cli::SERVICE) => Tool::GeminiCli,
        Some(service) if service.starts_with("codex") => Tool::Codex,
        Some(_) | None => Tool::Other,
    }
}

/// An event.
pub(super) fn event(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    if event.name == "client.inference.operation.details" {
        call(reading, event);
    } else {
        reading.ignore();
    }
}

/// A span.
pub(super) fn span(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    if event.facts.name("gen_ai.response.id").is_some() {
        call(reading, event);
    } else {
        reading.ignore();
    }
}

fn call(reading: &mut Reading<'_>, event: &Event<'_, '_>) {
    let facts = &event.facts;
    let operation = facts.name("gen_ai.operation.name");
    let is_request = operation.is_none_or(|operation| REQUESTS.contains(&operation.as_ref()));
    let counts = [facts.any_count(&INPUT), facts.any_count(&OUTPUT)];
    // Gemini CLI tells of the same call in an event of its own.
    if !is_request || counts == [Count::Absent; 2] || event.tool == Tool::GeminiCli {
        return reading.ignore();
    }
    let Some(model) = facts.any_name(&["gen_ai.response.model", "gen_ai.request.model"]) else {
        return reading.reject(Rejection::NoModel);
    };
    let Some(usage) = usage(facts) else { return reading.reject(Rejection::OddCount) };
    if usage.is_zero() {
        return reading.ignore();
    }
    let id = facts.name("gen_ai.response.id");
    let told = Told {
        model: model.into_owned(),
        provider: provider(event),
        usage,
        terms: Terms { tier: tier(facts), speed: Speed::Standard, geo: InferenceGeo::Global },
        reported_cost: None,
        thread: Thread::Main,
        turn: None,
        id: id.map_or(CallId::None, |id| CallId::Response(id.into_owned())),
        lineage: match event.kind {
            EventKind::Log => Lineage::Own,
            EventKind::Span => Lineage::Quoted,
        },
    };
    reading.call(event, told);
}

fn usage(facts: &Facts<'_, '_>) -> Option<Usage> {
    let input = facts.any_count(&INPUT);
    let output = facts.any_count(&OUTPUT);
    let read = facts.any_count(&CACHE_READ);
    let written = facts.any_count(&CACHE_WRITE);
    let reasoning = facts.any_count(&REASONING);
    if any_odd([input, output, read, written, reasoning]) {
        return None;
    }
    let cached = read.tokens().plus(written.tokens()).ok()?;
    let (input, output) = (input.tokens(), output.tokens());
    Some(Usage {
        input: if input >= cached { input.less(cached) } else { input },
        output,
        cache_read: read.tokens(),
        cache_write_5m: written.tokens(),
        cache_write_1h: Tokens::ZERO,
        reasoning: reasoning.tokens().min(output),
        web_searches: 0,
    })
}

/// Who served it. Copilot names the maker of the model, but serves it itself: its
/// logs say nothing, and neither do we.
fn provider(event: &Event<'_, '_>) -> Option<Provider> {
    if matches!(event.tool, Tool::CopilotChat | Tool::CopilotCli) {
        return None;
    }
    let named = event.facts.any_name(&["gen_ai.provider.name", "gen_ai.system"])?.to_lowercase();
    let ours = PROVIDERS.iter().find(|(theirs, _)| *theirs == named).map(|(_, ours)| *ours);
    Some(Provider::new(ours.unwrap_or(&named)))
}

fn tier(facts: &Facts<'_, '_>) -> ServiceTier {
    let named = facts.any_name(&["openai.response.service_tier", "gen_ai.openai.response.service_tier"]);
    named.and_then(|tier| ServiceTier::from_name(&tier)).unwrap_or_default()
}

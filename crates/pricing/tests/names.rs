//! Model names as they occur, and what they mean.

use domain::{InferenceGeo, ModelName, Provider, Speed};

use crate::support::pricer;

/// What a name means: provider, model, and what else it says.
#[track_caller]
fn check(name: &str, provider: Option<&str>, expected: &str) {
    let provider = provider.map(Provider::new);
    let found = pricer().resolve(&ModelName::new(name), provider.as_ref());
    let told = found.map_or_else(
        || "unknown".to_owned(),
        |model| {
            let facts = model.facts();
            let listed = match model.listed_under() {
                listed if listed == model.provider() => String::new(),
                listed => format!(" at {listed}'s price"),
            };
            let geo = match facts.geo {
                Some(InferenceGeo::Regional) => " in a region",
                Some(InferenceGeo::Global) => " anywhere",
                Some(InferenceGeo::Us) | None => "",
            };
            let speed = if facts.speed == Some(Speed::Fast) { " fast" } else { "" };
            let long = if facts.long_context { " long" } else { "" };
            format!("{}/{}{listed}{geo}{speed}{long}", model.provider(), model.model())
        },
    );
    assert_eq!(told, expected, "{name}");
}

#[test]
fn anthropic_writes_them() {
    check("claude-opus-5-5", None, "anthropic/claude-opus-5-5");
    check("claude-haiku-4-5-20251001", None, "anthropic/claude-haiku-4-5");
    check("claude-sonnet-4-20250514", None, "anthropic/claude-sonnet-4");
    check("claude-3-5-haiku-latest", None, "anthropic/claude-3-5-haiku");
    check("claude-3-7-sonnet-20250219", None, "anthropic/claude-3-7-sonnet");
    check("claude-opus-5-latest", None, "anthropic/claude-opus-5");
    check("claude-opus-4-8[1m]", None, "anthropic/claude-opus-4-8 long");
    check(" Claude-Opus-4-8 ", None, "anthropic/claude-opus-4-8");
}

#[test]
fn people_and_tools_write_them() {
    check("opus-5.5", None, "anthropic/claude-opus-5-5");
    check("sonnet-5.5", None, "anthropic/claude-sonnet-5-5");
    check("haiku-4-5", None, "anthropic/claude-haiku-4-5");
    check("claude-sonnet-4.6", None, "anthropic/claude-sonnet-4-6");
    check("claude-4.5-haiku", None, "anthropic/claude-haiku-4-5");
    check("claude-4-8-opus-20260528", None, "anthropic/claude-opus-4-8");
    check("claude-sonnet-3.5", None, "anthropic/claude-3-5-sonnet");
    check("claude-sonnet-4-5-thinking", None, "anthropic/claude-sonnet-4-5");
    check("claude-opus-4-6-fast", None, "anthropic/claude-opus-4-6 fast");
    check("fast/claude-opus-5", None, "anthropic/claude-opus-5 fast");
    check("claude-sonnet-5-5-fast", None, "unknown");
    check("claude-sonnet-4.6", Some("github-copilot"), "github-copilot/claude-sonnet-4.6");
    check("claude-opus-5.5", Some("copilot"), "github-copilot/claude-opus-5.5");
}

#[test]
fn clouds_write_them() {
    check("us.anthropic.claude-opus-4-8-v1:0", None, "aws-bedrock/claude-opus-4-8 in a region");
    check("global.anthropic.claude-opus-5", None, "aws-bedrock/claude-opus-5 anywhere");
    check("anthropic.claude-3-5-sonnet-20241022-v2:0", None, "aws-bedrock/claude-3-5-sonnet in a region");
    check("us.anthropic.claude-opus-4-8-v1:0[1m]", None, "aws-bedrock/claude-opus-4-8 in a region long");
    check("us.anthropic.claude-opus-4-8-v1:0", Some("anthropic"), "aws-bedrock/claude-opus-4-8 in a region");
    check("claude-opus-4-8", Some("amazon-bedrock"), "aws-bedrock/claude-opus-4-8");
    check("eu.amazon.nova-pro-v1:0", None, "aws-bedrock/amazon.nova-pro in a region");
    check("amazon.nova-pro-v1:0", Some("bedrock"), "aws-bedrock/amazon.nova-pro");
    check("us.openai.gpt-6-sol", None, "aws-bedrock/gpt-6-sol in a region");
    check("bedrock/us-east-1/anthropic.claude-opus-5", None, "aws-bedrock/claude-opus-5 in a region");
    check("bedrock/converse/us.anthropic.claude-opus-5", None, "aws-bedrock/claude-opus-5 in a region");
    check(
        "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-4-6",
        None,
        "aws-bedrock/claude-sonnet-4-6 in a region",
    );
    check(
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-8-v1:0",
        None,
        "aws-bedrock/claude-opus-4-8 in a region",
    );
    check("arn:aws:bedrock:us-east-1:1:application-inference-profile/xyz", None, "unknown");
    check("claude-opus-4-5@20251101", None, "google-vertex/claude-opus-4-5");
    check("claude-opus-4-5@20251101", Some("anthropic"), "google-vertex/claude-opus-4-5");
    check("claude-sonnet-5@default", None, "google-vertex/claude-sonnet-5 at anthropic's price");
    check("publishers/anthropic/models/claude-haiku-4-5@20251001", None, "google-vertex/claude-haiku-4-5");
    check(
        "projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-7",
        None,
        "google-vertex/claude-opus-4-7 in a region",
    );
    check(
        "projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro",
        None,
        "google-vertex/gemini-2.5-pro at google's price",
    );
    check("azure/gpt-6-sol", None, "azure/gpt-6-sol at openai's price");
    check("claude-opus-5-5", Some("azure_ai"), "azure/claude-opus-5-5 at anthropic's price");
}

#[test]
fn gateways_write_them() {
    check("anthropic/claude-opus-5-5", None, "anthropic/claude-opus-5-5");
    check("openai/gpt-5-codex", None, "openai/gpt-5-codex");
    check("litellm_proxy/claude-opus-5-5", None, "anthropic/claude-opus-5-5");
    check("vertex_ai/claude-opus-4-8@default", None, "google-vertex/claude-opus-4-8");
    check("openrouter/anthropic/claude-opus-4.8", None, "openrouter/anthropic/claude-opus-4.8");
    check("anthropic/claude-opus-4.8", Some("openrouter"), "openrouter/anthropic/claude-opus-4.8");
    check("openrouter/anthropic/claude-opus-4-8", None, "openrouter/claude-opus-4-8 at anthropic's price");
    check("anthropic/claude-opus-5-5", Some("openai"), "anthropic/claude-opus-5-5");
    check("claude-opus-5-5", Some("the-company-gateway"), "anthropic/claude-opus-5-5");
    check("groq/claude-opus-5-5", None, "unknown");
}

#[test]
fn openai_and_google_write_them() {
    check("gpt-5-codex", None, "openai/gpt-5-codex");
    check("gpt-5.1-codex-max", None, "openai/gpt-5.1-codex-max");
    check("gpt-5-1-codex", None, "openai/gpt-5.1-codex");
    check("gpt-5.5-2026-04-23", None, "openai/gpt-5.5");
    check("gpt-6.1-terra-2026-10-26", None, "openai/gpt-6.1-terra");
    check("o3-2025-04-16", None, "openai/o3");
    check("models/gemini-2.5-pro", None, "google/gemini-2.5-pro");
    check("gemini-2.5-pro-preview-06-05", None, "google/gemini-2.5-pro");
    check("gemini-2.5-flash-preview-09-2025", None, "google/gemini-2.5-flash");
    check("gemini/gemini-3.8-flash", None, "google/gemini-3.8-flash");
    check("composer-2.5", None, "cursor/composer-2.5");
    check("grok-4.7", None, "x-ai/grok-4.7");
    check("grok-4.7", Some("cursor"), "cursor/grok-4.7");
}

#[test]
fn what_looks_like_a_model_is_not_one() {
    for name in [
        "claude-unknown-9-20270101",
        "claude-opus-6",
        "claude-opus-4-9",
        "claude-opus-55",
        "claude-opus-5-5-pro",
        "claude-opus-5-5-2026",
        "claude-opus-4-8-v1:0:0",
        "claude-opus",
        "claude",
        "opus",
        "opusplan",
        "sonnet",
        "haiku",
        "aide-gpt-5",
        "gpt-5x",
        "gpt-7",
        "my-claude-opus-5-5",
        "us-gov.anthropic.claude-opus-4-8-v1:0",
        "",
        "/",
        "@",
        "-",
        ".",
        "[1m]",
        "a b",
        "<synthetic>",
        "claude-opus-5-5\n",
        "é",
    ] {
        let expected = if name.trim() == "claude-opus-5-5" { "anthropic/claude-opus-5-5" } else { "unknown" };
        check(name, None, expected);
    }
    check(&"x/".repeat(1_000), None, "unknown");
    check(&"claude-".repeat(10_000), None, "unknown");
}

#[test]
fn no_text_breaks_the_reader() {
    let (pricer, mut random) = (pricer(), fastrand::Rng::with_seed(7));
    let pieces = [
        "claude",
        "-",
        ".",
        "/",
        "@",
        "opus",
        "5",
        "20261007",
        "v1:0",
        "us",
        "é",
        "[1m]",
        "arn:",
        ":bedrock:",
    ];
    for _ in 0..20_000 {
        let name: String = (0..random.usize(0..8)).filter_map(|_| random.choice(pieces)).collect();
        if let Some(model) = pricer.resolve(&ModelName::new(&name), None) {
            assert!(!model.entries().is_empty(), "{name}");
        }
    }
}

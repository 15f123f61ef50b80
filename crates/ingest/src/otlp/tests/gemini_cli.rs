//! What Gemini CLI exports.

use serde_json::{Value, json};

use super::{Signal, check, logs, text_of, with};

fn of(name: &str, more: Value) -> Value {
    with(json!({"event.name": name, "session.id": "g"}), more)
}

#[test]
fn a_response_is_told_twice_and_counted_once() {
    let request = logs(
        "gemini-cli",
        "gemini-cli",
        &[
            of(
                "gemini_cli.api_response",
                json!({
                    "model": "gemini-3-pro", "input_token_count": 1000, "output_token_count": 20,
                    "cached_content_token_count": 600, "thoughts_token_count": 30, "tool_token_count": 5,
                    "total_token_count": 1055, "prompt_id": "p", "user.email": "dana@acme.example",
                }),
            ),
            of(
                "gen_ai.client.inference.operation.details",
                json!({
                    "gen_ai.request.model": "gemini-3-pro", "gen_ai.usage.input_tokens": 1000,
                    "gen_ai.usage.output_tokens": 20, "gen_ai.input.messages": "a secret",
                }),
            ),
        ],
    );
    let text = text_of(Signal::Logs, &request);
    let (_, rest) = text.split_at("Derived otlp:".len() + 32);
    assert_eq!(
        rest,
        " -1.000 google/gemini-3-pro input=405 read=600 output=50 reasoning=30 Own @ gemini-cli g \
         by dana@acme.example?\nignored 1\n"
    );
}

#[test]
fn what_happened_beside_calls() {
    check(
        Signal::Logs,
        &logs(
            "gemini-cli",
            "gemini-cli",
            &[
                of("gemini_cli.user_prompt", json!({"prompt": "a secret", "prompt_id": "p"})),
                of("gemini_cli.api_error", json!({"status_code": 503, "error": "a secret"})),
                of(
                    "gemini_cli.tool_call",
                    json!({"function_name": "edit", "decision": "auto_accept", "success": true}),
                ),
                of(
                    "gemini_cli.tool_call",
                    json!({"function_name": "shell", "decision": "reject", "success": false}),
                ),
                of(
                    "gemini_cli.tool_call",
                    json!({"function_name": "grep", "success": false, "error": "a secret"}),
                ),
                of("gemini_cli.tool_call", json!({"function_name": "read", "success": true})),
                of("gemini_cli.config", json!({})),
            ],
        ),
        "prompt 1 -1.000 @ gemini-cli g\n\
         api_error 1 503 -1.000 @ gemini-cli g\n\
         tool_accepted 1 edit -1.000 @ gemini-cli g\n\
         tool_rejected 1 shell -1.000 @ gemini-cli g\n\
         tool_failed 1 grep -1.000 @ gemini-cli g\n\
         ignored 2\n",
    );
}

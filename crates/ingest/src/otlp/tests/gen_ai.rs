//! What follows the GenAI conventions.

use serde_json::{Value, json};

use super::{Signal, check, logs, spans, with};

const DETAILS: &str = "gen_ai.client.inference.operation.details";

fn chat(more: Value) -> Value {
    with(
        json!({
            "event.name": DETAILS, "gen_ai.operation.name": "chat", "gen_ai.conversation.id": "k",
            "session.id": "window", "gen_ai.response.id": "resp_1", "gen_ai.response.model": "gpt-5.2",
            "gen_ai.request.model": "gpt-5", "gen_ai.provider.name": "openai",
        }),
        more,
    )
}

#[test]
fn both_spellings_are_read() {
    let new = json!({
        "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.cache_read.input_tokens": 600, "gen_ai.usage.cache_creation.input_tokens": 100,
        "gen_ai.usage.reasoning.output_tokens": 20, "openai.response.service_tier": "flex",
    });
    let old = json!({
        "gen_ai.system": "openai", "gen_ai.provider.name": null,
        "gen_ai.usage.prompt_tokens": 1000, "gen_ai.usage.completion_tokens": 50,
        "gen_ai.usage.cache_read_input_tokens": 600, "gen_ai.usage.cache_creation_input_tokens": 100,
        "gen_ai.usage.reasoning_tokens": 20, "gen_ai.openai.response.service_tier": "flex",
    });
    check(
        Signal::Logs,
        &logs("app", "x", &[chat(new), chat(old)]),
        &"Provider resp_1 -1.000 openai/gpt-5.2 input=300 write5m=100 read=600 output=50 reasoning=20 flex Own @ other k\n"
            .repeat(2),
    );
}

#[test]
fn input_that_is_smaller_than_the_cached_part_stands_beside_it() {
    check(
        Signal::Logs,
        &logs(
            "app",
            "x",
            &[chat(json!({
                "gen_ai.provider.name": "aws.bedrock", "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.output_tokens": 50, "gen_ai.usage.cache_read.input_tokens": 600,
            }))],
        ),
        "Provider resp_1 -1.000 aws-bedrock/gpt-5.2 input=10 read=600 output=50 Own @ other k\n",
    );
}

#[test]
fn the_programs_are_told_apart_by_their_service() {
    let usage = json!({"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 2});
    for (service, shown) in [
        ("copilot-chat", "?/gpt-5.2 input=1 output=2 Own @ copilot-chat k"),
        ("github-copilot", "?/gpt-5.2 input=1 output=2 Own @ copilot-cli k"),
        ("shop-assistant", "openai/gpt-5.2 input=1 output=2 Own @ other k"),
    ] {
        check(
            Signal::Logs,
            &logs(service, "x", &[chat(usage.clone())]),
            &format!("Provider resp_1 -1.000 {shown}\n"),
        );
    }
}

#[test]
fn a_span_is_a_call_if_it_names_the_response_and_adds_up_no_others() {
    let of = |more: Value| {
        let counts = json!({"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5});
        with(with(chat(json!({})), counts), more)
    };
    check(
        Signal::Traces,
        &spans(
            "copilot-chat",
            "copilot-chat",
            &[
                ("chat gpt-5", of(json!({}))),
                ("invoke_agent", of(json!({"gen_ai.operation.name": "invoke_agent"}))),
                ("execute_tool read", of(json!({"gen_ai.operation.name": "execute_tool"}))),
                ("chat gpt-5", of(json!({"gen_ai.response.id": null}))),
            ],
        ),
        "Provider resp_1 -1.000 ?/gpt-5.2 input=10 output=5 Quoted @ copilot-chat k\nignored 3\n",
    );
}

#[test]
fn the_events_name_may_stand_in_its_own_field() {
    let mut request = logs("app", "x", &[chat(json!({"event.name": null, "gen_ai.usage.output_tokens": 2}))]);
    request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["eventName"] = json!(DETAILS);
    check(Signal::Logs, &request, "Provider resp_1 -1.000 openai/gpt-5.2 output=2 Own @ other k\n");
}

#[test]
fn records_of_other_programs_are_ignored() {
    check(
        Signal::Logs,
        &logs(
            "nginx",
            "access",
            &[json!({"http.status": 200}), chat(json!({"event.name": "gen_ai.user.message"}))],
        ),
        "ignored 2\n",
    );
}

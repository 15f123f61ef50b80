//! Calls under budgets: refused in each dialect, made smaller, sent to cheaper models,
//! and never beyond a ceiling.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::{ModelName, NanoUsd};
use gateway::Policy;
use insta::assert_snapshot;
use ledger::command::HaltKind;
use ledger::{Action, Downgrade, Mark, Terms, Threshold};

use crate::desk::usd;
use crate::provider::{Seen, Step, json, nothing_there};
use crate::world::{CHAT, GEMINI, GEMINI_STREAM, MESSAGES, RESPONSES, World};

const ASKED: &str =
    r#"{"model":"claude-haiku-4-5","max_tokens":20000,"messages":[{"role":"user","content":"hi"}]}"#;

/// A message that used so much.
fn message(input: u64, output: u64) -> String {
    format!(
        r#"{{"id":"msg_1","model":"claude-haiku-4-5","stop_reason":"end_turn","usage":{{"input_tokens":{input},"output_tokens":{output}}}}}"#
    )
}

#[tokio::test]
async fn each_dialect_is_told_no_in_its_own_words() {
    let world = World::new().await;
    world.desk.set("org", Terms::hard(usd("0.0001")));
    let chat = r#"{"model":"gpt-5","messages":[]}"#;
    let responses = r#"{"model":"gpt-5","input":"hi","stream":true}"#;
    let mut told = String::new();
    for (path, body) in [
        (MESSAGES, ASKED),
        (CHAT, chat),
        (RESPONSES, responses),
        (RESPONSES, r#"{"model":"gpt-5","input":"hi"}"#),
        (GEMINI, r#"{"contents":[]}"#),
        (GEMINI_STREAM, r#"{"contents":[]}"#),
    ] {
        let reply = world.call(path, body).await;
        let id = reply.header("request-id").or_else(|| reply.header("x-request-id")).unwrap();
        write!(told, "> {path}\n{}\n\n", reply.told().replace(id, "(id)")).unwrap();
    }
    assert_snapshot!(told);
    assert!(world.provider.seen().is_empty());
    assert_eq!(world.ended(), "");
}

#[tokio::test]
async fn what_is_stopped_is_not_sent() {
    let world = World::new().await;
    world.desk.halt("developer/eve@example.com", HaltKind::Freeze);
    world.desk.halt("developer/dana@example.com", HaltKind::Kill);
    let eve = [("x-api-key", "bsr_eve_secret")];
    let frozen = world.post(MESSAGES, &eve, ASKED).await;
    let killed = world.call(MESSAGES, ASKED).await;
    assert_eq!((frozen.status, frozen.header("x-bursar-refusal")), (429, Some("budget_frozen")));
    assert_eq!((killed.status, killed.header("x-bursar-refusal")), (429, Some("killed")));
    let text = "Bursar: developer/dana@example.com is stopped by ann@example.com: we are testing. Ask \
                ann@example.com, or run: bursar unkill 'developer/dana@example.com'";
    assert!(killed.text().contains(text), "{}", killed.text());
    assert!(world.provider.seen().is_empty());
}

#[tokio::test]
async fn what_nobody_can_bound_is_refused_under_a_hard_budget_alone() {
    let world = World::new().await;
    let cases = [
        ("/v1/embeddings", r#"{"model":"x","input":"y"}"#, "unmetered"),
        (MESSAGES, r#"{"model":"no-such-model","max_tokens":9}"#, "model_unpriced"),
        (RESPONSES, r#"{"model":"gpt-5","input":"hi","previous_response_id":"resp_1"}"#, "cost_unbounded"),
        (RESPONSES, r#"{"model":"gpt-5","input":"hi","background":true}"#, "cost_unbounded"),
    ];
    world.provider.says(json("{}"));
    for (path, body, _) in cases {
        assert_eq!(world.call(path, body).await.status, 200, "{path} {body}");
    }
    world.desk.set("org", Terms::hard(usd("100")));
    for (path, body, code) in cases {
        let reply = world.call(path, body).await;
        assert_eq!(reply.header("x-bursar-refusal"), Some(code), "{path} {body}");
    }
    assert_eq!(world.provider.seen().len(), cases.len());
}

#[tokio::test]
async fn an_answer_is_cut_to_what_is_left() {
    let world = World::new().await;
    world.desk.set("org", Terms::hard(usd("0.01")));
    world.provider.says(json(&message(10, 100)));
    let reply = world.call(MESSAGES, ASKED).await;
    assert_eq!(reply.status, 200);
    let limit: u64 = reply.header("x-bursar-output-limit").unwrap().parse().unwrap();
    assert!((256..2_000).contains(&limit), "{limit}");
    let expected = ASKED.replace("20000", &limit.to_string());
    assert_eq!(world.provider.last().text(), expected);
    assert_eq!(world.desk.counts("org"), (usd("0.00051"), NanoUsd::ZERO));
    assert_eq!(
        world.ended(),
        "settled 0.000510000\nmsg_1 claude-haiku-4-5 in 10 cached 0 written 0 out 100 final"
    );
}

#[tokio::test]
async fn a_call_may_cost_so_much_and_no_more() {
    let most_per_call = Some(usd("0.005"));
    let world = World::with(|it| it.policy = Policy { most_per_call, ..Policy::default() }).await;
    world.provider.says(json(&message(10, 100)));
    let reply = world.call(MESSAGES, ASKED).await;
    let limit: u64 = reply.header("x-bursar-output-limit").unwrap().parse().unwrap();
    assert!((256..1_000).contains(&limit), "{limit}");
    let long = format!(r#"{{"model":"claude-haiku-4-5","max_tokens":9,"x":"{}"}}"#, "y".repeat(100_000));
    let reply = world.call(MESSAGES, &long).await;
    assert_eq!((reply.status, reply.header("x-bursar-refusal")), (429, Some("call_too_dear")));
}

#[tokio::test]
async fn a_model_that_is_not_allowed_is_refused() {
    let models = vec!["claude-haiku-*".to_owned()];
    let world = World::with(|it| it.policy = Policy { models, ..Policy::default() }).await;
    world.provider.says(json(&message(10, 100)));
    assert_eq!(world.call(MESSAGES, ASKED).await.status, 200);
    for model in ["claude-opus-5-5", "no-such-model"] {
        let reply = world.call(MESSAGES, &ASKED.replace("claude-haiku-4-5", model)).await;
        assert_eq!(reply.header("x-bursar-refusal"), Some("model_not_allowed"), "{model}");
    }
}

#[tokio::test]
async fn a_threshold_sends_calls_to_a_cheaper_model() {
    let world = World::new().await;
    let line = |from: &str, to: &str| Downgrade { from: from.to_owned(), to: ModelName::new(to) };
    let map = vec![line("claude-opus-*", "claude-haiku-4-5"), line("gemini-2.5-pro", "gemini-2.5-flash")];
    let action = Action::Downgrade(map);
    let threshold = Threshold { mark: Mark::Percent(1), action };
    world.desk.set("org", Terms { thresholds: vec![threshold], ..Terms::hard(usd("1")) });
    let asked = ASKED.replace("haiku-4-5", "opus-5-5").replace("20000", "100");
    world.provider.says(json(&message(10_000, 10)));
    // As it was asked for: nothing is spent yet.
    let reply = world.call(MESSAGES, &asked).await;
    assert_eq!((reply.header("x-bursar-model"), world.provider.last().text()), (None, asked.clone()));
    // One per cent is.
    let reply = world.call(MESSAGES, &asked).await;
    assert_eq!(reply.header("x-bursar-model"), Some("claude-haiku-4-5"));
    let expected = asked.replace("claude-opus-5-5", "claude-haiku-4-5");
    assert_eq!(world.provider.last().text(), expected);
    let reply = world.call(GEMINI, r#"{"contents":[]}"#).await;
    assert_eq!(reply.header("x-bursar-model"), Some("gemini-2.5-flash"));
    let seen = world.provider.last();
    assert_eq!(seen.line, "POST /v1beta/models/gemini-2.5-flash:generateContent");
    let models: Vec<String> = world.desk.recorded().iter().map(|it| it.claims.model.clone()).collect();
    assert_eq!(models, ["claude-opus-5-5", "claude-haiku-4-5", "gemini-2.5-flash"]);
}

#[tokio::test]
async fn a_threshold_makes_calls_small_enough_for_a_soft_budget() {
    let world = World::new().await;
    let threshold = Threshold { mark: Mark::Percent(50), action: Action::Clamp };
    world.desk.set("org", Terms { thresholds: vec![threshold], ..Terms::soft(usd("0.05")) });
    world.provider.says(json(&message(30_000, 0)));
    let limits = [None, Some("3984"), Some("256")];
    for (limit, spent) in limits.into_iter().zip(["0.03", "0.06", "0.09"]) {
        let reply = world.call(MESSAGES, ASKED).await;
        assert_eq!((reply.status, reply.header("x-bursar-output-limit")), (200, limit));
        assert_eq!(world.desk.counts("org").0, usd(spent));
    }
}

#[tokio::test]
async fn claude_code_is_told_how_much_of_the_budget_is_used() {
    let world = World::new().await;
    world.desk.set("org", Terms::hard(usd("0.1")));
    let theirs = [
        ("anthropic-ratelimit-unified-status", "allowed"),
        ("anthropic-ratelimit-requests-remaining", "7"),
        ("content-type", "application/json"),
    ];
    world.provider.says(crate::provider::whole("200 OK", &theirs, message(78_000, 0).as_bytes()));
    world.call(MESSAGES, ASKED).await;
    world.provider.says(crate::provider::whole("200 OK", &theirs, message(1, 1).as_bytes()));
    let reply = world.call(MESSAGES, ASKED).await;
    let name = |it: &str| reply.header(&format!("anthropic-ratelimit-{it}")).map(str::to_owned);
    assert_eq!(name("unified-status").as_deref(), Some("allowed_warning"));
    assert_eq!(name("unified-overage-utilization").as_deref(), Some("0.78"));
    assert_eq!(name("requests-remaining"), None);
    // What the provider says of a failure of its own stays.
    world.provider.says(crate::provider::whole("429 Slow", &theirs, b"{}"));
    let reply = world.call(MESSAGES, ASKED).await;
    assert_eq!(reply.header("anthropic-ratelimit-requests-remaining"), Some("7"));
}

/// A provider that bills all of what it is asked for, and never more than was held.
fn greedy(seen: &Seen) -> Vec<Step> {
    if seen.counts() {
        return nothing_there();
    }
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    let limit = body["max_tokens"].as_u64().unwrap();
    json(&message(u64::try_from(seen.body.len()).unwrap() / 8, limit))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_at_once_never_pass_a_cap_worth_a_hundred() {
    let world = Arc::new(World::new().await);
    world.provider.answers(greedy);
    let asked = ASKED.replace("20000", "1000");
    // What one call can cost at most: a hundred of them fit.
    world.call(MESSAGES, &asked).await;
    let one = world.desk.recorded().len();
    assert_eq!(one, 1);
    let cap = usd("0.55");
    world.desk.set("org", Terms::hard(cap));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let (world, asked) = (Arc::clone(&world), asked.clone());
        calls.spawn(async move { world.call(MESSAGES, &asked).await });
    }
    let mut granted = 0;
    let mut refused = 0;
    while let Some(reply) = calls.join_next().await {
        let reply = reply.unwrap();
        match reply.status {
            200 => granted += 1,
            429 => refused += 1,
            other => panic!("{other}: {}", reply.text()),
        }
        let (spent, reserved) = world.desk.counts("org");
        assert!(spent.plus(reserved).unwrap() <= cap, "{spent} and {reserved}");
    }
    let (spent, reserved) = world.desk.counts("org");
    assert_eq!(
        (granted + refused, reserved, world.desk.overrun("org")),
        (1_000, NanoUsd::ZERO, NanoUsd::ZERO)
    );
    assert!(granted >= 90, "{granted}");
    assert!(spent <= cap && spent.nano() * 100 >= cap.nano() * 95, "{spent}");
    assert_eq!(world.desk.open(), 0);
}

#[tokio::test]
async fn the_provider_counts_the_prompt_where_little_is_left() {
    let world = World::new().await;
    world.provider.answers(|seen: &Seen| {
        if seen.counts() { json(r#"{"input_tokens":40}"#) } else { json(&message(40, 10)) }
    });
    // By its bytes the prompt could cost more than there is.
    let text = "the same word again and again ".repeat(100);
    let body = format!(
        r#"{{"model":"claude-haiku-4-5","max_tokens":500,"stream":false,"metadata":{{"a":1}},"system":"s","messages":[{{"role":"user","content":"{text}"}}]}}"#
    );
    world.desk.set("org", Terms::hard(usd("0.003")));
    let reply =
        world.post(MESSAGES, &[("x-api-key", "bsr_dana_secret"), ("anthropic-beta", "b")], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = world.provider.all();
    let lines: Vec<&str> = seen.iter().map(|it| it.line.as_str()).collect();
    assert_eq!(lines, ["POST /v1/messages/count_tokens?beta=true", "POST /v1/messages?beta=true"]);
    let asked = format!(
        r#"{{"messages":[{{"role":"user","content":"{text}"}}],"model":"claude-haiku-4-5","system":"s"}}"#
    );
    assert_eq!(seen[0].text(), asked);
    assert_eq!((seen[0].header("x-api-key"), seen[0].header("anthropic-beta")), (Some("sk-ours"), Some("b")));
    assert_eq!(seen[1].text(), body);
}

#[tokio::test]
async fn a_provider_that_does_not_count_is_not_asked_again() {
    let world = World::new().await;
    world.provider.says(json(&message(40, 10)));
    world.desk.set("org", Terms::hard(usd("0.003")));
    for _ in 0..2 {
        assert_eq!(world.call(MESSAGES, ASKED).await.status, 200);
    }
    assert_eq!(world.provider.all().iter().filter(|it| it.counts()).count(), 1);
}

#[tokio::test]
async fn a_session_that_fails_again_and_again_is_stopped_until_a_person_speaks() {
    let world = World::new().await;
    world.provider.says(json(&message(10, 10)));
    let headers = [("x-api-key", "bsr_dana_secret"), ("x-claude-code-session-id", "5c0f")];
    let prompt = r#"{"role":"user","content":"make it work"}"#.to_owned();
    let call = r#"{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"make"}}]}"#;
    let failure = r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"make: no rule"}]}"#;
    let mut turns = vec![prompt.clone()];
    let mut told = Vec::new();
    for _ in 0..7 {
        turns.extend([call.to_owned(), failure.to_owned()]);
        let body =
            format!(r#"{{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{}]}}"#, turns.join(","));
        let reply = world.post(MESSAGES, &headers, &body).await;
        told.push(reply.header("x-bursar-refusal").unwrap_or("-").to_owned());
    }
    assert_eq!(told.join(" "), "- - - - - loop_failing loop_failing");
    turns.push(prompt);
    let body = format!(r#"{{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{}]}}"#, turns.join(","));
    assert_eq!(world.post(MESSAGES, &headers, &body).await.status, 200);
}

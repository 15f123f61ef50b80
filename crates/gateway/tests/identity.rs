//! Who calls, and with which credential a call goes on.

use gateway::{Credentials, Settings};

use crate::provider::json;
use crate::world::{MESSAGES, RESPONSES, World};

const BODY: &str = r#"{"model":"claude-haiku-4-5","max_tokens":10,"messages":[]}"#;
const MESSAGE: &str = r#"{"id":"msg_1","type":"message","model":"claude-haiku-4-5","usage":{"input_tokens":7,"output_tokens":3},"stop_reason":"end_turn"}"#;

fn passing_through(settings: &mut Settings) {
    for upstream in &mut settings.upstreams {
        upstream.credentials = Credentials::PassThrough;
    }
}

/// What the provider saw of credentials, or why it saw nothing.
async fn check(world: &World, path: &str, headers: &[(&str, &str)], expected: &str) {
    world.provider.says(json(MESSAGE));
    let before = world.provider.seen().len();
    let reply = world.post(path, headers, BODY).await;
    let said = if world.provider.seen().len() == before {
        format!("{} {}", reply.status, reply.header("x-bursar-refusal").unwrap_or("-"))
    } else {
        let seen = world.provider.last();
        let names = ["authorization", "x-api-key", "x-goog-api-key", "x-bursar-token"];
        let shown = names.iter().filter_map(|name| seen.header(name).map(|it| format!(" {name}={it}")));
        format!("{}{}", seen.line, shown.collect::<String>())
    };
    assert_eq!(said, expected, "{path} {headers:?}");
}

#[tokio::test]
async fn a_token_is_found_and_replaced_by_a_key() {
    let world = World::new().await;
    let ours = "POST /v1/messages?beta=true x-api-key=sk-ours";
    let token = "bsr_dana_secret";
    let bearer = "Bearer bsr_dana_secret";
    check(&world, MESSAGES, &[("Authorization", bearer)], ours).await;
    check(&world, MESSAGES, &[("x-api-key", token)], ours).await;
    check(&world, MESSAGES, &[("x-api-key", token), ("Authorization", bearer)], ours).await;
    check(&world, MESSAGES, &[("X-Bursar-Token", token), ("x-api-key", "sk-theirs")], ours).await;
    check(&world, "/t/bsr_dana_secret/v1/messages?beta=true", &[], ours).await;
    check(&world, "/anthropic/v1/messages?beta=true", &[("x-api-key", token)], ours).await;
    check(&world, "/u/anthropic/v1/messages?beta=true", &[("x-api-key", token)], ours).await;
    let key = "/v1/messages?key=bsr_dana_secret&beta=true";
    check(&world, key, &[], ours).await;
    check(&world, MESSAGES, &[], "403 no_token").await;
    check(&world, MESSAGES, &[("x-api-key", "bsr_mallory_secret")], "403 unknown_token").await;
    check(&world, MESSAGES, &[("x-api-key", "sk-theirs")], "403 unknown_token").await;
    check(&world, "/u/nowhere/v1/messages", &[("x-api-key", token)], "400 no_upstream").await;
    check(&world, "/openai/v1/messages", &[("x-api-key", token)], "POST /v1/messages x-api-key=sk-ours")
        .await;
}

#[tokio::test]
async fn each_dialect_gets_its_key_in_its_own_header() {
    let world = World::new().await;
    let token = [("Authorization", "Bearer bsr_dana_secret")];
    check(&world, RESPONSES, &token, "POST /v1/responses authorization=Bearer sk-ours").await;
    let gemini = "/v1beta/models/gemini-2.5-pro:generateContent?key=bsr_dana_secret";
    let seen = "POST /v1beta/models/gemini-2.5-pro:generateContent x-goog-api-key=sk-ours";
    check(&world, gemini, &[], seen).await;
}

#[tokio::test]
async fn a_subscription_passes_through() {
    let world = World::with(passing_through).await;
    let oauth = ("Authorization", "Bearer sk-ant-oat01-theirs");
    let through = "POST /v1/messages?beta=true authorization=Bearer sk-ant-oat01-theirs";
    check(&world, MESSAGES, &[oauth, ("X-Bursar-Token", "bsr_dana_secret")], through).await;
    check(&world, "/t/bsr_dana_secret/v1/messages?beta=true", &[oauth], through).await;
    check(&world, MESSAGES, &[oauth, ("x-api-key", "bsr_dana_secret")], through).await;
    check(&world, MESSAGES, &[oauth], "403 no_token").await;
    let gemini = "/t/bsr_dana_secret/v1beta/models/gemini-2.5-pro:generateContent?key=theirs&alt=json";
    let seen = "POST /v1beta/models/gemini-2.5-pro:generateContent?key=theirs&alt=json";
    check(&world, gemini, &[], seen).await;
}

#[tokio::test]
async fn keys_are_used_in_turn() {
    let world = World::with(|settings| {
        let anthropic = settings.upstreams.remove(0);
        settings.upstreams.push(anthropic.with_keys(["sk-1", "sk-2", "sk-3"]));
    })
    .await;
    world.provider.says(json(MESSAGE));
    for _ in 0..4 {
        assert_eq!(world.call(MESSAGES, BODY).await.status, 200);
    }
    let keys: Vec<String> =
        world.provider.seen().iter().map(|it| it.header("x-api-key").unwrap().to_owned()).collect();
    assert_eq!(keys, ["sk-1", "sk-2", "sk-3", "sk-1"]);
}

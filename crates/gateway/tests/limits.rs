//! What one client may take up, and requests that cannot be understood.

use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::provider::{Step, begin, chunk, end, json};
use crate::world::{MESSAGES, World};

const TOKEN: (&str, &str) = ("x-api-key", "bsr_dana_secret");

/// Status, code and message.
async fn check(world: &World, path: &str, headers: &[(&str, &str)], body: &str, expected: &str) {
    let mut headers = headers.to_vec();
    headers.push(TOKEN);
    let reply = world.post(path, &headers, body).await;
    let text: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    let said = format!(
        "{} {} {}",
        reply.status,
        reply.header("x-bursar-refusal").unwrap_or("-"),
        text["error"]["message"].as_str().unwrap_or_default()
    );
    assert_eq!(said, expected, "{path} {headers:?}");
    assert!(world.provider.seen().is_empty());
}

#[tokio::test]
async fn what_cannot_be_understood_says_what_and_where() {
    let world = World::with(|it| {
        it.limits.body_bytes = 1_000;
        it.limits.header_bytes = 2_000;
    })
    .await;
    let fine = r#"{"model":"claude-haiku-4-5","max_tokens":9}"#;
    let long = "x".repeat(1_001);
    for (headers, body, expected) in [
        (
            &[][..],
            "{\"model\":\"m\",}",
            "400 body_not_understood Bursar: the request body is not understood: expected a text at byte 13; send \
             JSON as the provider documents it",
        ),
        (&[], "{}", "400 body_not_understood Bursar: the request body has no `model`; add it"),
        (
            &[],
            long.as_str(),
            "400 body_too_long Bursar: the request body is longer than 1000 bytes; send less",
        ),
        (
            &[("content-encoding", "zstd")],
            fine,
            "400 body_compressed Bursar: the request body is compressed, so its price cannot be told; turn \
             compression of requests off in your client",
        ),
        (
            &[("x-bursar-tag", "env")],
            fine,
            "400 bad_claim Bursar: the header `x-bursar-tag` has what is no tag; write `key=value`, several by comma",
        ),
        (
            &[("x-bursar-task", "*")],
            fine,
            "400 bad_claim Bursar: `task/*` stands for many: a call is about one of them",
        ),
        (
            &[("x-long", &long), ("x-longer", &long)],
            fine,
            "400 headers_too_long Bursar: the request has more than 2000 bytes of headers; send fewer",
        ),
    ] {
        check(&world, MESSAGES, headers, body, expected).await;
    }
}

#[tokio::test]
async fn bodies_that_are_held_have_so_much_room_together() {
    let world = World::with(|it| {
        it.limits.held_bytes = 8 << 10;
        it.limits.drain_time = Duration::from_millis(50);
    })
    .await;
    let text = "x".repeat(6_000);
    let long = format!(r#"{{"model":"claude-haiku-4-5","max_tokens":9,"messages":["{text}"]}}"#);
    world.provider.says(vec![
        begin("text/event-stream", &[]),
        chunk(b"data: 1\n\n"),
        Step::Wait(Arc::default()),
    ]);
    let mut first = world.begin(MESSAGES, &long).await;
    first.read_until("data: 1").await;
    let second = world.call(MESSAGES, &long).await;
    assert_eq!((second.status, second.header("x-bursar-refusal")), (529, Some("gateway_busy")));
    drop(first);
    world.provider.says(json("{}"));
    world.until("the first has gone", |it| it.desk.open() == 0).await;
    assert_eq!(world.call(MESSAGES, &long).await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let world = World::with(|it| it.limits.body_time = Duration::from_millis(30)).await;
    let line = format!("POST {MESSAGES}");
    let chunked = [TOKEN, ("Transfer-Encoding", "chunked")];
    let reply = Client::send(world.address, &line, &chunked, b"5\r\n{\"mod").await.reply().await;
    assert_eq!((reply.status, reply.header("x-bursar-refusal")), (400, Some("body_too_slow")));
    assert_eq!(world.desk.open(), 0);
}

#[tokio::test]
async fn so_many_calls_run_at_once_and_no_more() {
    for of_upstream in [false, true] {
        let world = World::with(|it| {
            if of_upstream {
                it.upstreams[0].connections = 1;
            } else {
                it.limits.calls = 1;
            }
        })
        .await;
        let go_on = std::sync::Arc::new(tokio::sync::Notify::new());
        let mut script = vec![crate::provider::Step::Wait(std::sync::Arc::clone(&go_on))];
        script.extend(json(r#"{"usage":{"input_tokens":1,"output_tokens":1}}"#));
        world.provider.says(script);
        let body = r#"{"model":"claude-haiku-4-5","max_tokens":9}"#;
        let first = world.begin(MESSAGES, body).await;
        world.until("it is sent", |it| !it.provider.seen().is_empty()).await;
        let second = world.call(MESSAGES, body).await;
        let code = if of_upstream { "upstream_busy" } else { "gateway_busy" };
        assert_eq!((second.status, second.header("x-bursar-refusal")), (529, Some(code)));
        go_on.notify_one();
        assert_eq!(first.reply().await.status, 200);
        go_on.notify_one();
        world.until("there is room again", |it| it.desk.open() == 0).await;
        let third = world.call(MESSAGES, body).await;
        assert_eq!(third.status, 200);
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_holds_nothing_up() {
    let world = World::with(|it| {
        it.limits.reader_time = Duration::from_millis(100);
        it.limits.drain_time = Duration::from_millis(100);
    })
    .await;
    let megabyte = vec![b' '; 1 << 20];
    let mut script = vec![begin("text/event-stream", &[])];
    script.extend((0..64).map(|_| chunk(&megabyte)));
    script.push(end());
    world.provider.says(script);
    let client = world.begin(MESSAGES, r#"{"model":"claude-haiku-4-5","max_tokens":9,"stream":true}"#).await;
    world.until("it is given up", |it| it.desk.endings().len() == 1).await;
    assert_eq!(world.desk.open(), 0);
    drop(client);
}

#[tokio::test]
async fn whoever_is_refused_with_a_long_body_still_reads_why() {
    let world = World::with(|it| it.limits.body_bytes = 1 << 20).await;
    let long = "x".repeat(3 << 20);
    let fine = "x".repeat(1 << 20);
    for _ in 0..10 {
        let reply = world.post(MESSAGES, &[TOKEN], &long).await;
        assert_eq!(reply.header("x-bursar-refusal"), Some("body_too_long"));
        let reply = world.post(MESSAGES, &[("x-api-key", "bsr_mallory_x")], &fine).await;
        assert_eq!(reply.header("x-bursar-refusal"), Some("unknown_token"));
    }
    let chunked = [TOKEN, ("Transfer-Encoding", "chunked")];
    let body = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let client = world.open(&format!("POST {MESSAGES}"), &chunked, body.as_bytes()).await;
    assert_eq!(client.reply().await.header("x-bursar-refusal"), Some("body_too_long"));
}

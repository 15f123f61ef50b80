//! How calls end: as they should, cut by a kill, by the provider, by the client, by time.
//! Whatever happens, what was held ends once, and what was used stands in the book.

use std::sync::Arc;
use std::time::Duration;

use gateway::Settings;
use ledger::Terms;
use ledger::command::HaltKind;
use tokio::sync::Notify;

use crate::desk::usd;
use crate::provider::{Step, begin, chunk, end, events, json, whole};
use crate::world::{CHAT, GEMINI_STREAM, MESSAGES, RESPONSES, World};

const MESSAGE: &str = r#"{"model":"claude-haiku-4-5","max_tokens":100,"stream":true,"messages":[]}"#;
const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-haiku-4-5\",\"usage\":{\"input_tokens\":1000,\"output_tokens\":1}}}\n\n";
const DELTA: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"0123456789\"}}\n\n";
const STOP: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":50}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// A world with room for everything, of which each nano-dollar is seen.
async fn world() -> World {
    with(|_| {}).await
}

async fn with(change: impl FnOnce(&mut Settings)) -> World {
    let world = World::with(change).await;
    world.desk.set("org", Terms::hard(usd("100")));
    world
}

/// The beginning of a stream, and then the steps.
fn stream(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut script = vec![begin("text/event-stream", &[]), chunk(START.as_bytes()), chunk(DELTA.as_bytes())];
    script.extend(steps);
    script
}

#[tokio::test]
async fn a_stream_is_settled_by_its_last_counts() {
    let world = world().await;
    world.provider.says(stream([chunk(STOP.as_bytes()), end()]));
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert_eq!(reply.text(), format!("{START}{DELTA}{STOP}"));
    assert_eq!(
        world.ended(),
        "settled 0.001250000\nmsg_1 claude-haiku-4-5 in 1000 cached 0 written 0 out 50 final"
    );
}

#[tokio::test]
async fn usage_that_nobody_asked_for_is_read_and_hidden() {
    let world = world().await;
    let said = "data: {\"id\":\"c1\",\"model\":\"gpt-5\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
    let usage = "data: {\"id\":\"c1\",\"model\":\"gpt-5\",\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":7}}\n\n";
    let done = "data: [DONE]\n\n";
    world.provider.says(events(&[said, usage, done]));
    let reply = world.call(CHAT, r#"{"model":"gpt-5","stream":true,"messages":[]}"#).await;
    assert_eq!(reply.text(), format!("{said}{done}"));
    let seen = world.provider.last().text();
    assert!(seen.contains(r#""stream_options":{"include_usage":true}"#), "{seen}");

    let asks = r#"{"model":"gpt-5","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;
    let reply = world.call(CHAT, asks).await;
    assert_eq!(reply.text(), format!("{said}{usage}{done}"));
    assert_eq!(world.provider.last().text(), asks);
    assert_eq!(
        world.ended(),
        "settled 0.000195000\nsettled 0.000195000\n\
         c1 gpt-5 in 100 cached 0 written 0 out 7 final\nc1 gpt-5 in 100 cached 0 written 0 out 7 final"
    );
}

#[tokio::test]
async fn a_kill_cuts_running_streams_within_a_second() {
    let first = [
        (
            MESSAGES,
            MESSAGE,
            DELTA,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"billing_error\"",
        ),
        (
            CHAT,
            r#"{"model":"gpt-5","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#,
            "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{\"content\":\"0123456789\"}}]}\n\n",
            "data: {\"error\":{\"message\":\"Bursar: developer/dana@example.com is stopped",
        ),
        (
            RESPONSES,
            r#"{"model":"gpt-5","stream":true,"input":"hi"}"#,
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"0123456789\"}\n\n",
            "event: response.failed\n",
        ),
        (
            GEMINI_STREAM,
            r#"{"contents":[]}"#,
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"0123456789\"}]}}]}\n\n",
            "data: {\"error\":{\"code\":403",
        ),
    ];
    for (path, body, delta, words) in first {
        let world = world().await;
        let never = Arc::new(Notify::new());
        let script = vec![begin("text/event-stream", &[]), chunk(delta.as_bytes()), Step::Wait(never)];
        world.provider.says(script);
        let mut client = world.begin(path, body).await;
        client.read_until("0123456789").await;
        world.desk.halt("developer/dana@example.com", HaltKind::Kill);
        let killing = tokio::time::timeout(Duration::from_secs(1), client.reply());
        let reply = killing.await.expect("it is cut within a second");
        let rest = reply.text().strip_prefix(delta).unwrap().to_owned();
        assert!(rest.starts_with(words), "{path}: {rest}");
        assert!(rest.contains("runaway"), "{path}: {rest}");
        assert!(!reply.is_cut, "{path}");
        world.until("the provider is hung up on", |it| it.provider.hung_up() == 1).await;
        assert!(world.ended().starts_with("settled 0.000"), "{path}: {}", world.ended());
        assert!(world.ended().ends_with("out 4 interrupted"), "{path}: {}", world.ended());
        let next = world.call(path, body).await;
        assert_eq!(next.header("x-bursar-refusal"), Some("killed"), "{path}");
    }
}

#[tokio::test]
async fn a_kill_within_an_event_closes_the_connection() {
    let world = world().await;
    let half = chunk(b"event: content_block_delta\ndata: {\"type\":");
    world.provider.says(stream([half, Step::Wait(Arc::default())]));
    let mut client = world.begin(MESSAGES, MESSAGE).await;
    client.read_until("{\"type\":\r\n").await;
    world.desk.halt("org", HaltKind::Kill);
    let reply = client.reply().await;
    assert!(reply.is_cut);
    assert!(!reply.text().contains("error"), "{}", reply.text());
}

#[tokio::test]
async fn a_kill_before_the_answer_is_told_as_a_refusal() {
    let world = world().await;
    world.provider.says(vec![Step::Wait(Arc::default())]);
    let client = world.begin(MESSAGES, MESSAGE).await;
    world.until("it is sent", |it| !it.provider.seen().is_empty()).await;
    world.desk.halt("org", HaltKind::Kill);
    let reply = client.reply().await;
    assert_eq!((reply.status, reply.header("x-bursar-refusal")), (429, Some("killed")));
    // It was sent, so its prompt counts, as far as one can tell.
    assert_eq!(world.desk.open(), 0);
    assert!(world.ended().contains("(ours) claude-haiku-4-5 in "), "{}", world.ended());
    assert!(world.ended().ends_with("out 0 interrupted"), "{}", world.ended());
}

#[tokio::test]
async fn a_stream_whose_client_went_away_is_read_to_its_end() {
    let world = world().await;
    let go_on = Arc::new(Notify::new());
    let steps = [Step::Wait(Arc::clone(&go_on)), chunk(DELTA.as_bytes()), chunk(STOP.as_bytes()), end()];
    world.provider.says(stream(steps));
    let mut client = world.begin(MESSAGES, MESSAGE).await;
    client.read_until("0123456789").await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(world.desk.open(), 1);
    go_on.notify_one();
    world.until("it is settled", |it| it.desk.open() == 0).await;
    assert_eq!(
        world.ended(),
        "settled 0.001250000\nmsg_1 claude-haiku-4-5 in 1000 cached 0 written 0 out 50 final"
    );
}

#[tokio::test]
async fn an_answer_whose_client_went_away_before_it_came_is_metered() {
    let world = world().await;
    let go_on = Arc::new(Notify::new());
    let whole = r#"{"id":"msg_2","model":"claude-haiku-4-5","stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":6}}"#;
    let mut script = vec![Step::Wait(Arc::clone(&go_on))];
    script.extend(json(whole));
    world.provider.says(script);
    let client = world.begin(MESSAGES, MESSAGE).await;
    world.until("it is sent", |it| !it.provider.seen().is_empty()).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(20)).await;
    go_on.notify_one();
    world.until("it is settled", |it| it.desk.open() == 0).await;
    assert_eq!(
        world.ended(),
        "settled 0.000035000\nmsg_2 claude-haiku-4-5 in 5 cached 0 written 0 out 6 final"
    );
}

#[tokio::test]
async fn reading_on_has_bounds() {
    // Of time, of length, and of how many at once.
    let bounds: [fn(&mut Settings); 3] = [
        |it| it.limits.drain_time = Duration::from_millis(50),
        |it| it.limits.drain_bytes = 1_000,
        |it| it.limits.drains = 0,
    ];
    for bound in bounds {
        let world = with(bound).await;
        let go_on = Arc::new(Notify::new());
        let mut steps = vec![Step::Wait(Arc::clone(&go_on))];
        steps.extend((0..20).map(|_| chunk(DELTA.as_bytes())));
        steps.push(Step::Wait(Arc::default()));
        world.provider.says(stream(steps));
        let mut client = world.begin(MESSAGES, MESSAGE).await;
        client.read_until("0123456789").await;
        drop(client);
        go_on.notify_one();
        world.until("it is settled", |it| it.desk.open() == 0).await;
        world.until("the provider is hung up on", |it| it.provider.hung_up() == 1).await;
        let ended = world.ended();
        assert!(ended.contains("in 1000 ") && ended.ends_with("interrupted"), "{ended}");
    }
}

#[tokio::test]
async fn a_provider_that_breaks_off_is_metered_as_far_as_it_came() {
    let world = world().await;
    world.provider.says(stream([Step::Close]));
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert!(reply.is_cut);
    assert_eq!(reply.text(), format!("{START}{DELTA}"));
    assert_eq!(
        world.ended(),
        "settled 0.001020000\nmsg_1 claude-haiku-4-5 in 1000 cached 0 written 0 out 4 interrupted"
    );
}

#[tokio::test]
async fn a_failure_of_the_provider_goes_through_and_costs_nothing() {
    let world = world().await;
    let error =
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: too high"}}"#;
    world.provider.says(whole("400 Bad Request", &[("content-type", "application/json")], error.as_bytes()));
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert_eq!((reply.status, reply.text().as_str()), (400, error));
    world.provider.says(events(&[
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n",
    ]));
    assert_eq!(world.call(MESSAGES, MESSAGE).await.status, 200);
    assert_eq!(world.ended(), "released\nreleased");
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_costs_nothing() {
    let world = with(|settings| {
        // A port at which nobody listens.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        settings.upstreams[0].base_url = format!("http://{}", listener.local_addr().unwrap());
    })
    .await;
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert_eq!((reply.status, reply.header("x-bursar-refusal")), (529, Some("upstream_unreachable")));
    assert_eq!(world.ended(), "released");
}

#[tokio::test]
async fn a_provider_that_hangs_up_is_not_asked_again_and_its_prompt_counts() {
    let world = world().await;
    world.provider.says(vec![Step::Close]);
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert_eq!((reply.status, reply.header("x-bursar-refusal")), (529, Some("upstream_broke_off")));
    assert_eq!(world.provider.seen().len(), 1, "a call that may be paid for is not sent again");
    assert!(world.ended().ends_with("out 0 interrupted"), "{}", world.ended());
}

#[tokio::test]
async fn a_provider_that_is_slow_is_left() {
    let world = with(|it| {
        it.upstreams[0].timeouts.connect = Duration::from_millis(20);
        it.upstreams[0].timeouts.first_byte = Duration::from_millis(20);
        it.upstreams[0].timeouts.idle = Duration::from_millis(60);
    })
    .await;
    world.provider.says(vec![Step::Wait(Arc::default())]);
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert_eq!((reply.status, reply.header("x-bursar-refusal")), (529, Some("upstream_too_slow")));
    world.provider.says(stream([Step::Sleep(Duration::from_millis(5)), Step::Wait(Arc::default())]));
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert!(reply.is_cut);
    assert_eq!(reply.text(), format!("{START}{DELTA}"));
    assert_eq!(world.desk.open(), 0);
}

#[tokio::test]
async fn a_response_that_cannot_be_read_costs_what_was_held() {
    let world = world().await;
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    world.provider.says(whole("200 OK", &headers, b"\x1f\x8b..."));
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"\x1f\x8b...".as_slice()));
    assert_eq!(world.provider.last().header("accept-encoding"), Some("identity"));
    let (spent, _) = world.desk.counts("org");
    assert!(spent > usd("0.0005"), "{spent}");
}

#[tokio::test]
async fn calls_inside_of_a_call_stand_in_the_book_by_themselves() {
    let world = world().await;
    world.provider.says(json(
        r#"{"id":"msg_1","model":"claude-haiku-4-5","stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5,"iterations":[{"type":"message","input_tokens":10,"output_tokens":5},{"type":"advisor_message","model":"claude-opus-5-5","input_tokens":100,"output_tokens":20}]}}"#,
    ));
    world.call(MESSAGES, MESSAGE).await;
    assert_eq!(
        world.ended(),
        "settled 0.000835000\nmsg_1 claude-haiku-4-5 in 10 cached 0 written 0 out 5 final\n\
         msg_1#advisor-1 claude-opus-5-5 in 100 cached 0 written 0 out 20 final"
    );
}

#[tokio::test]
async fn what_is_metered_says_where_it_was_made() {
    let world = world().await;
    world.provider.says(json(
        r#"{"id":"msg_1","model":"claude-haiku-4-5","stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1,"service_tier":"standard"}}"#,
    ));
    let headers = [
        ("x-api-key", "bsr_dana_secret"),
        ("user-agent", "claude-cli/2.1.330 (external, sdk-cli)"),
        ("x-claude-code-session-id", "5c0f"),
        ("x-claude-code-agent-id", "a1"),
        ("X-Bursar-Repo", "https://dana:pw@git.example/acme/shop"),
        ("X-Bursar-Branch", "fix/ENG-1"),
        ("X-Bursar-Client", "acme"),
    ];
    let reply = world.post(MESSAGES, &headers, MESSAGE).await;
    let metered = world.desk.recorded().remove(0);
    assert!(metered.is_named_by_provider);
    assert_eq!(metered.identity.name, "dana");
    assert_eq!(metered.claims.client.as_deref(), Some("acme"));
    assert_eq!(metered.claims.provider, "anthropic");
    let seen = &metered.observations[0];
    assert_eq!(seen.request.as_ref().map(|it| it.as_str()), reply.header("request-id"));
    assert_eq!(seen.provider.as_ref().map(|it| it.as_str()), Some("anthropic"));
    insta::assert_debug_snapshot!(seen.place);
}

#[tokio::test]
async fn a_gateway_drains_before_it_stops() {
    let world = world().await;
    let go_on = Arc::new(Notify::new());
    world.provider.says(stream([Step::Wait(Arc::clone(&go_on)), chunk(STOP.as_bytes()), end()]));
    let mut client = world.begin(MESSAGES, MESSAGE).await;
    client.read_until("0123456789").await;
    let gateway = world.gateway.clone();
    let stopping = tokio::spawn(async move { gateway.drained().await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!stopping.is_finished());
    let refused = world.call(MESSAGES, MESSAGE).await;
    assert_eq!(refused.header("x-bursar-refusal"), Some("gateway_busy"));
    go_on.notify_one();
    assert_eq!(client.reply().await.text(), format!("{START}{DELTA}{STOP}"));
    stopping.await.unwrap();
    assert_eq!(world.desk.open(), 0);
}

#[tokio::test]
async fn a_call_that_its_process_does_not_wait_for_is_cut_and_counted() {
    let world = world().await;
    world.provider.says(stream([Step::Wait(Arc::default())]));
    let mut client = world.begin(MESSAGES, MESSAGE).await;
    client.read_until("0123456789").await;
    world.desk.close();
    let reply = client.reply().await;
    assert!(reply.text().contains("the gateway is stopping"), "{}", reply.text());
    world.gateway.drained().await;
    assert_eq!(world.desk.open(), 0);
    assert!(world.ended().ends_with("interrupted"), "{}", world.ended());
    // Once more is at once.
    world.gateway.drained().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_at_its_beginning_is_told_as_a_refusal() {
    let world = world().await;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    world.provider.says(vec![Step::Say(head.as_bytes().to_vec()), Step::Close]);
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert_eq!((reply.status, reply.header("x-bursar-refusal")), (529, Some("upstream_broke_off")));
    world.provider.says(whole("200 OK", &[], b""));
    let reply = world.call(MESSAGES, MESSAGE).await;
    assert_eq!((reply.status, reply.text().as_str(), reply.is_cut), (200, "", false));
    assert_eq!(world.desk.open(), 0);
}

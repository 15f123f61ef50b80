//! What exporters of OpenTelemetry send, and where it is found again.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::world::{OWNER, World, at};

/// A call of Claude Code.
fn call(request_id: &str) -> Value {
    let of = |key: &str, value: Value| json!({ "key": key, "value": value });
    let text = |value: &str| json!({ "stringValue": value });
    let written = at("2026-11-20T09:00:00Z").millis() * 1_000_000;
    let record = json!({ "timeUnixNano": written.to_string(), "attributes": [
        of("event.name", text("api_request")),
        of("session.id", text("s")),
        of("model", text("claude-sonnet-4-6")),
        of("request_id", text(request_id)),
        of("user.email", text("grace@example.com")),
        of("input_tokens", json!({ "intValue": "1000" })),
        of("output_tokens", json!({ "intValue": "100" })),
    ]});
    let scope = json!({ "scope": { "name": "com.anthropic.claude_code.events" }, "logRecords": [record] });
    json!({ "resourceLogs": [{ "resource": { "attributes": [] }, "scopeLogs": [scope] }] })
}

#[test]
fn an_event_is_a_call_however_often_it_is_sent_and_of_whose_token_it_came_with() {
    let world = World::new();
    let token = world.collector("ada@example.com");
    for _ in 0..2 {
        let answer = world.export("/v1/logs", &token, &call("req_1")).ok();
        assert_eq!(answer.text, "{}");
    }
    world.export("/v1/logs", &token, &call("req_2")).ok();
    let report = world.get("/api/v1/report?by=developer&format=csv", OWNER).ok().text;
    let whose: Vec<&str> = report.lines().skip(1).filter_map(|it| it.split(',').next()).collect();
    assert_eq!(whose, ["ada@example.com"], "{report}");
    let report = world.get("/api/v1/report", OWNER).ok().json();
    assert_eq!(report["total"]["calls"], 2, "{report}");
}

#[test]
fn who_may_not_report_is_refused() {
    let world = World::new();
    let finance = world.token(&json!({ "role": "finance" }));
    for (token, status) in [("", 401), ("bsr_nobody_000000000000", 401), (finance.as_str(), 403)] {
        assert_eq!(world.export("/v1/logs", token, &call("req_1")).status, status);
    }
    assert_eq!(world.export("/v1/logs", OWNER, &call("req_1")).status, 200);
}

/// Sends one message over a connection of HTTP/2, as gRPC clients do; the status.
async fn over_grpc(world: &World, token: &str, message: &[u8]) -> String {
    let stream = TcpStream::connect(world.otlp_grpc).await.expect("a listener");
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut client, connection) = handshake.await.expect("a connection");
    let driven = tokio::spawn(connection);
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    let request = Request::post(format!(
        "http://{}/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        world.otlp_grpc
    ));
    let request = request
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from([&[0], &length[..], message].concat()))
        .expect("a request");
    let response = client.send_request(request).await.expect("an answer");
    let in_headers = response.headers().get("grpc-status").cloned();
    let body = response.into_body().collect().await.expect("a body");
    let in_trailers = body.trailers().and_then(|it| it.get("grpc-status").cloned());
    driven.abort();
    let status = in_headers.or(in_trailers).expect("a status");
    status.to_str().expect("text").to_owned()
}

#[test]
fn grpc_answers_over_a_connection_of_its_own() {
    let world = World::new();
    let token = world.collector("ada@example.com");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread");
    runtime.block_on(async {
        assert_eq!(over_grpc(&world, &token, b"").await, "0");
        assert_eq!(over_grpc(&world, "nobody-that-is-known", b"").await, "16");
        assert_eq!(over_grpc(&world, &token, b"{}").await, "3");
    });
    let reporters = world.get("/api/v1/reporters", OWNER).ok().text;
    assert!(reporters.contains("otlp"), "whoever sent nothing that is kept was heard from: {reporters}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_are_counted_with_what_they_came_to() {
    let world = World::new();
    let token = world.collector("ada@example.com");
    world.export("/v1/logs", &token, &call("req_1")).ok();
    assert_eq!(world.export("/v1/logs", "nobody", &call("req_1")).status, 401);
    over_grpc(&world, "nobody", b"").await;
    let metrics = world.get("/metrics", "").ok().text;
    let grpc = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    for (route, status) in [("/v1/logs", 200), ("/v1/logs", 401), (grpc, 401)] {
        let expected = format!(
            "bursar_http_requests_total{{method=\"POST\",route=\"{route}\",status=\"{status}\"}} 1\n"
        );
        assert!(metrics.contains(&expected), "{expected} in {metrics}");
    }
}

//! OTLP over gRPC.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::super::{Refusal, grpc_router};
use super::{Paper, call_in_protobuf, gzip, in_pieces};

const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

fn framed(compressed: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[compressed], &length.to_be_bytes()[..], message].concat()
}

/// The answer: status and headers that matter, body, trailers.
async fn answer(paper: &Paper, path: &str, headers: &[(&str, &str)], body: Body) -> String {
    let mut request = Request::post(path).header("te", "trailers");
    let standard = [("authorization", "Bearer dana"), ("content-type", "application/grpc")];
    for (name, value) in standard {
        if headers.iter().all(|(given, _)| *given != name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let router = grpc_router(paper.receiver());
    let response = router.oneshot(request.body(body).unwrap()).await.unwrap();
    let mut parts = vec![response.status().as_u16().to_string()];
    let names =
        ["content-type", "grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-accept-encoding"];
    for name in names {
        parts.extend(response.headers().get(name).map(|value| format!("{name}={}", value.to_str().unwrap())));
    }
    let body = response.into_body().collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    parts.push(format!("{:?}", body.to_bytes()));
    for (name, value) in &trailers {
        parts.push(format!("{name}={}", value.to_str().unwrap()));
    }
    parts.join(" ")
}

const SUCCESS: &str = r#"200 content-type=application/grpc b"\0\0\0\0\0" grpc-status=0"#;

#[tokio::test]
async fn a_success_is_an_empty_message_and_a_status_behind_it() {
    let paper = Paper::default();
    let call = call_in_protobuf();
    for (headers, body) in [
        (&[][..], framed(0, &call).into()),
        (&[("content-type", "application/grpc+proto")], in_pieces(&framed(0, &call))),
        (&[("grpc-encoding", "gzip")], framed(1, &gzip(&call)).into()),
        (&[("grpc-encoding", "gzip")], framed(0, &call).into()),
        (&[("grpc-encoding", "identity")], framed(0, &call).into()),
    ] {
        assert_eq!(answer(&paper, LOGS, headers, body).await, SUCCESS);
    }
    assert_eq!(paper.stored(), ["[otlp:req_1]+0"; 5].join(" "));
}

#[tokio::test]
async fn all_three_services_answer() {
    for service in ["logs.v1.LogsService", "metrics.v1.MetricsService", "trace.v1.TraceService"] {
        let path = format!("/opentelemetry.proto.collector.{service}/Export");
        assert_eq!(answer(&Paper::default(), &path, &[], framed(0, b"").into()).await, SUCCESS);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_in_the_answer() {
    let mut call = call_in_protobuf();
    let at = call.windows(10).position(|it| it == b"event.name").unwrap();
    call[at - 1] = 0x7f;
    assert_eq!(
        answer(&Paper::default(), LOGS, &[], framed(0, &call).into()).await,
        r#"200 content-type=application/grpc b"\0\0\0\0\x17\n\x15\x08\x01\x12\x111: cannot be read" grpc-status=0"#
    );
}

#[tokio::test]
async fn refusals_stand_in_the_headers() {
    for (headers, body, status) in [
        (&[("authorization", "Bearer nobody")][..], framed(0, b""), "16"),
        (&[("authorization", "Bearer finance")], framed(0, b""), "7"),
        (&[("grpc-encoding", "zstd")], framed(1, b"x"), "12"),
        (&[("grpc-encoding", "gzip")], framed(1, b"no gzip"), "3"),
        (&[], framed(1, b"x"), "3"),
        (&[], framed(0, b"{}"), "3"),
        (&[], framed(2, b""), "3"),
        (&[], Vec::new(), "3"),
        (&[], vec![0, 0, 0, 0, 9, 1], "3"),
        (&[], [framed(0, b""), framed(0, b"")].concat(), "3"),
    ] {
        let paper = Paper::default();
        let answer = answer(&paper, LOGS, headers, body.clone().into()).await;
        let expected = format!("200 content-type=application/grpc grpc-status={status} grpc-message=");
        assert!(answer.starts_with(&expected) && answer.contains(" b\"\""), "{headers:?} {body:?}: {answer}");
        assert_eq!(paper.stored(), "");
    }
}

#[tokio::test]
async fn what_may_work_later_has_a_delay_and_the_rest_has_none() {
    let call = || Body::from(framed(0, &call_in_protobuf()));
    // In the details: `code` 14, the message, and a `RetryInfo` of one second.
    assert_eq!(
        answer(&Paper::refusing(Refusal::Busy), LOGS, &[], call()).await,
        "200 content-type=application/grpc grpc-status=14 \
         grpc-message=too much is being received: send it again in a moment grpc-status-details-bin=\
         CA4SNXRvbyBtdWNoIGlzIGJlaW5nIHJlY2VpdmVkOiBzZW5kIGl0IGFnYWluIGluIGEgbW9tZW50GjAKKHR5cGUuZ29v\
         Z2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SBAoCCAE b\"\""
    );
    assert_eq!(
        answer(&Paper::refusing(Refusal::TooLong { longest: 9 }), LOGS, &[], call()).await,
        "200 content-type=application/grpc grpc-status=8 \
         grpc-message=the body is longer than 9 bytes, unpacked: send smaller batches grpc-status-details-bin=\
         CAgSP3RoZSBib2R5IGlzIGxvbmdlciB0aGFuIDkgYnl0ZXMsIHVucGFja2VkOiBzZW5kIHNtYWxsZXIgYmF0Y2hlcw b\"\""
    );
}

#[tokio::test]
async fn other_methods_and_types_are_told_apart() {
    let paper = Paper::default();
    let other = answer(&paper, "/grpc.health.v1.Health/Check", &[], framed(0, b"").into()).await;
    assert!(other.starts_with("200 content-type=application/grpc grpc-status=12 "), "{other}");
    for kind in ["application/json", "application/grpc+json", "application/grpc-web"] {
        let other = answer(&paper, LOGS, &[("content-type", kind)], framed(0, b"").into()).await;
        assert!(other.starts_with("415 "), "{other}");
    }
}

#[tokio::test]
async fn compression_that_is_not_known_names_those_that_are() {
    let answer = answer(&Paper::default(), LOGS, &[("grpc-encoding", "zstd")], framed(1, b"x").into()).await;
    assert!(answer.contains("grpc-accept-encoding=identity,gzip"), "{answer}");
}

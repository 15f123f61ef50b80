//! OTLP over HTTP.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::super::{Refusal, http_router};
use super::{CALL, MAX_BODY_BYTES, Paper, call_in_protobuf, gzip, in_pieces};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const PROTOBUF: &[(&str, &str)] = &[("content-type", "application/x-protobuf")];

/// The answer to a request with a valid token: status, headers that matter, body.
async fn answer(paper: &Paper, path: &str, headers: &[(&str, &str)], body: Body) -> String {
    let mut request = Request::post(path);
    if headers.iter().all(|(name, _)| *name != "authorization") {
        request = request.header("authorization", "Bearer dana");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let router = http_router(paper.receiver());
    let response = router.oneshot(request.body(body).unwrap()).await.unwrap();
    let mut lines = vec![response.status().as_u16().to_string()];
    for name in ["content-type", "retry-after", "www-authenticate", "allow"] {
        lines
            .extend(response.headers().get(name).map(|value| format!("{name}: {}", value.to_str().unwrap())));
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    lines.push(body.escape_ascii().to_string());
    lines.join("\n")
}

#[tokio::test]
async fn a_success_is_answered_in_kind_and_says_nothing_of_partial_success() {
    let paper = Paper::default();
    let json = "200\ncontent-type: application/json\n{}";
    assert_eq!(answer(&paper, "/v1/logs", JSON, CALL.into()).await, json);
    let protobuf = "200\ncontent-type: application/x-protobuf\n";
    assert_eq!(answer(&paper, "/v1/logs", PROTOBUF, call_in_protobuf().into()).await, protobuf);
    assert_eq!(paper.stored(), "[otlp:req_1]+0 [otlp:req_1]+0");
    assert_eq!(paper.noted(), ["logs: 1 calls, 0 activities, 0 ignored, rejected: 0"; 2].join("\n"));
}

#[tokio::test]
async fn bodies_come_packed_and_in_pieces() {
    let paper = Paper::default();
    for (body, compression) in [
        (in_pieces(CALL.as_bytes()), "identity"),
        (in_pieces(CALL.as_bytes()), "none"),
        (gzip(CALL.as_bytes()).into(), "gzip"),
        (in_pieces(&gzip(CALL.as_bytes())), "GZIP"),
        // Packed in two members, which make one body.
        ([gzip(&CALL.as_bytes()[..50]), gzip(&CALL.as_bytes()[50..])].concat().into(), "gzip"),
    ] {
        let headers =
            [("content-type", "application/json; charset=utf-8"), ("content-encoding", compression)];
        let answer = answer(&paper, "/v1/logs", &headers, body).await;
        assert_eq!(answer, "200\ncontent-type: application/json\n{}", "{compression}");
    }
    assert_eq!(paper.stored(), ["[otlp:req_1]+0"; 5].join(" "));
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_in_the_answer_and_the_rest_stored() {
    let paper = Paper::default();
    let body = CALL.replace(r#""logRecords":["#, r#""logRecords":[7,"#);
    assert_eq!(
        answer(&paper, "/v1/logs", JSON, body.into()).await,
        "200\ncontent-type: application/json\n\
         {\\\"partialSuccess\\\":{\\\"errorMessage\\\":\\\"1: cannot be read\\\",\\\"rejectedLogRecords\\\":\\\"1\\\"}}"
    );
    let mut body = call_in_protobuf();
    let at = body.windows(10).position(|it| it == b"event.name").unwrap();
    body[at - 1] = 0x7f;
    assert_eq!(
        answer(&paper, "/v1/logs", PROTOBUF, body.into()).await,
        "200\ncontent-type: application/x-protobuf\n\\n\\x15\\x08\\x01\\x12\\x111: cannot be read"
    );
    assert_eq!(paper.stored(), "[otlp:req_1]+0 []+0 heard");
}

#[tokio::test]
async fn each_signal_names_its_own_records() {
    for (path, body, name) in [
        (
            "/v1/metrics",
            r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a"}]}]}]}"#,
            "rejectedDataPoints",
        ),
        ("/v1/traces", r#"{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}"#, "rejectedSpans"),
    ] {
        let answer = answer(&Paper::default(), path, JSON, body.into()).await;
        assert!(answer.contains(name) && answer.starts_with("200"), "{answer}");
    }
}

#[tokio::test]
async fn who_says_nothing_that_is_kept_was_heard_from() {
    let paper = Paper::default();
    answer(&paper, "/v1/traces", JSON, "{}".into()).await;
    assert_eq!(paper.stored(), "[]+0 heard");
}

#[tokio::test]
async fn bad_data_is_refused_for_good_with_a_status_in_kind() {
    let paper = Paper::default();
    assert_eq!(
        answer(&paper, "/v1/logs", JSON, "[]".into()).await,
        "400\ncontent-type: application/json\n{\\\"code\\\":3,\\\"details\\\":[],\\\"message\\\":\\\"the body is not an \
         export request in JSON: it goes wrong at byte 1\\\"}"
    );
    let in_protobuf = answer(&paper, "/v1/logs", PROTOBUF, "{}".into()).await;
    assert!(
        in_protobuf.starts_with("400\ncontent-type: application/x-protobuf\n\\x08\\x03\\x12"),
        "{in_protobuf}"
    );
    let not_gzip = [JSON[0], ("content-encoding", "gzip")];
    let answer = answer(&paper, "/v1/logs", &not_gzip, "{}".into()).await;
    assert!(answer.starts_with("400\n"), "{answer}");
    assert_eq!(paper.stored(), "");
}

#[tokio::test]
async fn types_and_compressions_that_are_not_read_are_refused() {
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/json"), ("content-encoding", "zstd")],
        &[("content-type", "application/x-protobuf"), ("content-encoding", "br")],
    ] {
        let answer = answer(&Paper::default(), "/v1/logs", headers, CALL.into()).await;
        assert!(answer.starts_with("415\n"), "{answer}");
    }
}

#[tokio::test]
async fn credentials_come_first_and_are_final() {
    let answer_to = async |token: &str| {
        // A body that is no request at all: nobody looked at it.
        let headers = [("authorization", token), ("content-type", "application/json")];
        answer(&Paper::default(), "/v1/logs", &headers, "[".into()).await
    };
    assert_eq!(
        answer_to("Bearer nobody").await,
        "401\ncontent-type: application/json\nwww-authenticate: Bearer\n\
         {\\\"code\\\":16,\\\"details\\\":[],\\\"message\\\":\\\"there is no token\\\"}"
    );
    assert_eq!(
        answer_to("Bearer finance").await,
        "403\ncontent-type: application/json\n{\\\"code\\\":7,\\\"details\\\":[],\\\"message\\\":\\\"finance may not report\\\"}"
    );
}

#[tokio::test]
async fn a_blank_of_the_credential_may_be_percent_encoded() {
    let headers = [JSON[0], ("authorization", "Bearer%20dana")];
    let answer = answer(&Paper::default(), "/v1/logs", &headers, CALL.into()).await;
    assert!(answer.starts_with("200\n"), "{answer}");
}

#[tokio::test]
async fn what_may_work_later_says_after_how_long() {
    for refusal in [Refusal::Busy, Refusal::TooSlow, Refusal::Unavailable, Refusal::Failed] {
        let paper = Paper::refusing(refusal.clone());
        let answer = answer(&paper, "/v1/logs", JSON, CALL.into()).await;
        let expected = "503\ncontent-type: application/json\nretry-after: 1\n{\\\"code\\\":14,\\\"details\\\":[\
             {\\\"@type\\\":\\\"type.googleapis.com/google.rpc.RetryInfo\\\",\\\"retryDelay\\\":\\\"1s\\\"}]";
        assert!(answer.starts_with(expected), "{answer}");
        assert_eq!(paper.noted(), format!("logs: {refusal}"));
    }
    let paper = Paper::refusing(Refusal::Unstorable("too large".to_owned()));
    assert!(answer(&paper, "/v1/logs", JSON, CALL.into()).await.starts_with("400\n"));
}

#[tokio::test]
async fn bodies_are_limited_before_and_after_they_are_unpacked() {
    let too_long = vec![b' '; MAX_BODY_BYTES + 1];
    let paper = Paper::default();
    let packed = [JSON[0], ("content-encoding", "gzip")];
    let announced = [JSON[0], ("content-length", "65537")];
    let pieces = too_long.chunks(1 << 10).map(|it| Ok::<_, std::convert::Infallible>(it.to_vec()));
    let pieces = Body::from_stream(futures_util::stream::iter(pieces.collect::<Vec<_>>()));
    for (headers, body) in
        [(&packed[..], gzip(&too_long).into()), (&announced, Body::empty()), (JSON, pieces)]
    {
        let answer = answer(&paper, "/v1/logs", headers, body).await;
        assert!(answer.starts_with("413\ncontent-type: application/json\n{\\\"code\\\":8"), "{answer}");
    }
    let just_fits = [&too_long[CALL.len() + 1..], CALL.as_bytes()].concat();
    let answer = answer(&paper, "/v1/logs", &packed, gzip(&just_fits).into()).await;
    assert!(answer.starts_with("200\n"), "{answer}");
    assert_eq!(paper.stored(), "[otlp:req_1]+0");
}

#[tokio::test]
async fn all_bodies_together_are_limited() {
    let receiver = Paper::default().receiver();
    let mut held = Vec::new();
    let refused = loop {
        let body = Body::from(vec![b' '; MAX_BODY_BYTES]);
        match receiver.bodies.read(body, 0).await {
            Ok(body) => held.push(body),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!((held.len(), refused), (4, Refusal::Busy));
    held.pop();
    let one_more = receiver.bodies.read(Body::from(vec![b' '; MAX_BODY_BYTES]), 0).await;
    assert!(one_more.is_ok(), "room that is given back is used again");
}

#[tokio::test]
async fn other_addresses_and_methods_are_told_apart() {
    let router = || http_router(Paper::default().receiver());
    let get = Request::get("/v1/logs").body(Body::empty()).unwrap();
    let response = router().oneshot(get).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "POST"));
    let elsewhere = Request::post("/v1/elsewhere").body(Body::empty()).unwrap();
    assert_eq!(router().oneshot(elsewhere).await.unwrap().status().as_u16(), 404);
}

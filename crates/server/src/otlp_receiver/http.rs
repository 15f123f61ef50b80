//! OTLP over HTTP: `POST /v1/logs`, `/v1/metrics`, `/v1/traces`.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use ingest::otlp::{Encoding, Rejected, Signal};

use super::answer;
use super::body::Compression;
use super::refusal::Refusal;
use super::{Book, Receiver};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

pub(super) fn router<B: Book>(receiver: Receiver<B>) -> Router {
    let export = |signal: Signal| {
        post(move |State(receiver): State<Receiver<B>>, request: Request| async move {
            export(&receiver, signal, request).await
        })
        .fallback(async || (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]))
    };
    Router::new()
        .route("/v1/logs", export(Signal::Logs))
        .route("/v1/metrics", export(Signal::Metrics))
        .route("/v1/traces", export(Signal::Traces))
        .with_state(receiver)
}

async fn export<B: Book>(receiver: &Receiver<B>, signal: Signal, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let encoding = encoding(&parts.headers);
    let received = receive(receiver, signal, encoding, &parts.headers, body);
    let received = receiver.in_time(signal, received).await;
    // What is of no known type is answered in the one that people read.
    let encoding = encoding.unwrap_or(Encoding::Json);
    match received {
        Ok(rejected) => answered(StatusCode::OK, encoding, answer::success(signal, encoding, &rejected)),
        Err(refusal) => refused(encoding, &refusal),
    }
}

async fn receive<B: Book>(
    receiver: &Receiver<B>,
    signal: Signal,
    encoding: Option<Encoding>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Rejected, Refusal> {
    let exporter = receiver.admit(headers).await?;
    let encoding = encoding.ok_or(Refusal::ContentType)?;
    let compression = Compression::of(headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes))?;
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    receiver.bodies.announced(announced.unwrap_or_default())?;
    let body = receiver.bodies.read(body, 0).await?.unpack(compression).await?;
    receiver.store(signal, encoding, exporter, body).await
}

/// What the body is written in, whatever follows the type itself.
fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let stated = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let stated = stated.split(';').next().unwrap_or_default().trim();
    [(PROTOBUF, Encoding::Protobuf), ("application/protobuf", Encoding::Protobuf), (JSON, Encoding::Json)]
        .into_iter()
        .find(|(name, _)| stated.eq_ignore_ascii_case(name))
        .map(|(_, encoding)| encoding)
}

fn refused(encoding: Encoding, refusal: &Refusal) -> Response {
    let mut response = answered(refusal.status(), encoding, answer::status(encoding, refusal));
    let headers = response.headers_mut();
    if let Some(after) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    if refusal.status() == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn answered(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response {
    let kind = match encoding {
        Encoding::Protobuf => PROTOBUF,
        Encoding::Json => JSON,
    };
    (status, [(CONTENT_TYPE, kind)], body).into_response()
}

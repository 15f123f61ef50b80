//! OTLP over gRPC: the method `Export` of three services.
//!
//! A message is a byte that says whether it is compressed, its length in four, and itself.
//! The answer's status stands in trailers behind it, or, where there is no message, in
//! the headers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body::Frame;
use ingest::otlp::{Encoding, Rejected, Signal};

use super::body::{Compression, Held};
use super::refusal::Refusal;
use super::{Book, Receiver, answer};
use crate::traffic::ComesTo;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// Bytes before a message.
const PREFIX_BYTES: usize = 5;

pub(super) fn router<B: Book>(receiver: Receiver<B>) -> Router {
    let export = |signal: Signal| {
        post(move |State(receiver): State<Receiver<B>>, request: Request| async move {
            export(&receiver, signal, request).await
        })
    };
    let path = |signal: Signal| match signal {
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    };
    let router = Signal::ALL
        .into_iter()
        .fold(Router::new(), |router, signal| router.route(path(signal), export(signal)));
    router.fallback(async || refused(&Refusal::Method)).with_state(receiver)
}

async fn export<B: Book>(receiver: &Receiver<B>, signal: Signal, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_grpc(&parts.headers) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let received = receive(receiver, signal, &parts.headers, body);
    match receiver.in_time(signal, received).await {
        Ok(rejected) => answered(&answer::success(signal, Encoding::Protobuf, &rejected)),
        Err(refusal) => refused(&refusal),
    }
}

/// Whether the type is that of gRPC, with messages in protobuf.
fn is_grpc(headers: &HeaderMap) -> bool {
    let stated = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let Some(rest) = stated.strip_prefix(b"application/grpc") else { return false };
    matches!(rest, [] | [b';', ..]) || rest.starts_with(b"+proto")
}

async fn receive<B: Book>(
    receiver: &Receiver<B>,
    signal: Signal,
    headers: &HeaderMap,
    body: Body,
) -> Result<Rejected, Refusal> {
    let exporter = receiver.admit(headers).await?;
    let compression = Compression::of(headers.get(ENCODING).map(HeaderValue::as_bytes))?;
    let body = receiver.bodies.read(body, PREFIX_BYTES).await?;
    let message = message(body, compression).await?;
    receiver.store(signal, Encoding::Protobuf, exporter, message).await
}

/// The one message of a body.
async fn message(body: Held, compression: Compression) -> Result<Held, Refusal> {
    let (compressed, length) = match body.bytes().as_ref() {
        [flag @ (0 | 1), a, b, c, d, ..] => (*flag == 1, u32::from_be_bytes([*a, *b, *c, *d])),
        _ => return Err(Refusal::Frame),
    };
    let follows = body.bytes().len().saturating_sub(PREFIX_BYTES);
    if usize::try_from(length) != Ok(follows) {
        return Err(Refusal::Frame);
    }
    let message = body.part(|bytes| bytes.slice(PREFIX_BYTES..));
    match (compressed, compression) {
        (false, _) => Ok(message),
        (true, Compression::Gzip) => message.unpack(Compression::Gzip).await,
        (true, Compression::Identity) => Err(Refusal::Frame),
    }
}

/// A message, and behind it that all is well.
fn answered(message: &[u8]) -> Response {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let framed = [&[0], &length.to_be_bytes()[..], message].concat();
    let mut trailers = HeaderMap::new();
    trailers.insert(STATUS, HeaderValue::from_static("0"));
    let body = Unary { message: Some(framed.into()), trailers: Some(trailers) };
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// No message: the status stands in the headers.
fn refused(refusal: &Refusal) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(ComesTo(refusal.status()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    headers.insert(STATUS, HeaderValue::from(u16::from(refusal.code().number())));
    if let Ok(message) = HeaderValue::from_str(&answer::percent_encoded(&refusal.to_string())) {
        headers.insert(MESSAGE, message);
    }
    let details = answer::base64(&answer::status(Encoding::Protobuf, refusal));
    if let Ok(details) = HeaderValue::from_str(&details) {
        headers.insert(DETAILS, details);
    }
    if *refusal == Refusal::Compression {
        headers.insert(ACCEPTED, HeaderValue::from_static("identity,gzip"));
    }
    response
}

/// A body of one message and trailers.
struct Unary {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for Unary {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let message = self.message.take().map(Frame::data);
        let frame = message.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none() && self.trailers.is_none()
    }
}

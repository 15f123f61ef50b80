//! What is around every request to the API: an id, limits, a line in the log, a count;
//! and its body, read within limits.

use std::io::Read;
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::read::MultiGzDecoder;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::{Instant, timeout};

use crate::access;
use crate::desk::Desk;
use crate::failure::{Failed, Failure};

/// The header with the id of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that a client may give its request.
const LONGEST_ID: usize = 64;
/// Letters of an id that the server makes.
const ID_LETTERS: usize = 16;
/// Addresses that are answered however busy the server is.
const ALWAYS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// What handlers say of a request for the log, and of the browser that asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said(Arc<Saying>);

#[derive(Debug, Default)]
struct Saying {
    token: OnceLock<String>,
    cookie: OnceLock<HeaderValue>,
}

impl Said {
    /// The public part of the token that it came with.
    pub(crate) fn token(&self, public: &str) {
        // Asked twice, the same is said.
        drop(self.0.token.set(public.to_owned()));
    }

    /// What the browser shall keep from now on.
    pub(crate) fn cookie(&self, value: HeaderValue) {
        drop(self.0.cookie.set(value));
    }
}

/// Lets a request through, within limits, and turns failures into answers.
pub(crate) async fn around(State(desk): State<Desk>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(request.headers());
    let said = Said::default();
    request.extensions_mut().insert(said.clone());
    let method = request.method().as_str().to_owned();
    // The template of the address, and not the address: that may hold names.
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let mut response = within_limits(&desk, request, next, &route).await;
    let failed = response.extensions_mut().remove::<Failed>();
    if let Some(Failed(failure)) = &failed {
        response = failure.answer(&id);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // Some of it is secret, all of it is only for who asked, and none stays as it is. The
    // files of the page alone say otherwise.
    let keep = response.headers_mut().entry(CACHE_CONTROL);
    keep.or_insert(HeaderValue::from_static("no-store"));
    if let Some(cookie) = said.0.cookie.get() {
        response.headers_mut().insert(SET_COOKIE, cookie.clone());
    }
    let (status, took) = (response.status().as_u16(), began.elapsed());
    desk.metrics().answered(&method, &route, status, took);
    let token = said.0.token.get().map_or("", String::as_str);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let why = failed.as_ref().map_or("", |it| it.0.code().1);
    if status >= 500 && why == "internal" {
        let error = failed.map(|it| it.0.to_string()).unwrap_or_default();
        tracing::error!(request_id = id, method, route, status, ms, token, why, error, "request");
    } else if ALWAYS.contains(&route.as_str()) {
        tracing::debug!(request_id = id, method, route, status, ms, "request");
    } else {
        tracing::info!(request_id = id, method, route, status, ms, token, why, "request");
    }
    response
}

/// What an answer comes to, where its status does not say: gRPC answers everything with 200.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ComesTo(pub(crate) StatusCode);

/// Counts a request that has limits and an answer of its own kind.
pub(crate) async fn counted(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.extensions().get::<ComesTo>().map_or_else(|| response.status(), |it| it.0);
    desk.metrics().answered(&method, &route, status.as_u16(), began.elapsed());
    response
}

async fn within_limits(desk: &Desk, request: Request, next: Next, route: &str) -> Response {
    if ALWAYS.contains(&route) {
        return next.run(request).await;
    }
    let Ok(_permit) = Arc::clone(desk.requests()).try_acquire_owned() else {
        return Failure::Busy.into_response();
    };
    let limit = desk.limits().request_time;
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::TooSlow { seconds: limit.as_secs() }.into_response(),
    }
}

/// The id that the client gave, where it is a plain one, or one of ours.
fn request_id(headers: &HeaderMap) -> String {
    let is_plain = |it: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !it.is_empty() && it.len() <= LONGEST_ID && it.bytes().all(plain)
    };
    let given = headers.get(REQUEST_ID).and_then(|it| it.to_str().ok()).filter(is_plain);
    given.map_or_else(|| access::random_id(ID_LETTERS), str::to_owned)
}

/// The body of a request, unpacked, within the limits.
pub(crate) async fn body(desk: &Desk, headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    let limits = desk.limits();
    let packed = axum::body::to_bytes(body, limits.body_bytes).await.map_err(|error| {
        // The limit is one of two reasons, and named by the text of its cause alone.
        if std::error::Error::source(&error).is_some_and(|it| it.to_string().contains("limit")) {
            Failure::BodyTooLong { limit: limits.body_bytes, unpacked: false }
        } else {
            Failure::Body("the connection broke".to_owned())
        }
    })?;
    match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(packed),
        Some(b"gzip") => unpack(&packed, limits.unpacked_bytes),
        Some(other) => Err(Failure::Encoding(String::from_utf8_lossy(other).chars().take(32).collect())),
    }
}

fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, Failure> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut unpacked)
        .map_err(|_| Failure::Body("it is said to be gzip and is not".to_owned()))?;
    if unpacked.len() > limit {
        return Err(Failure::BodyTooLong { limit, unpacked: true });
    }
    Ok(Bytes::from(unpacked))
}

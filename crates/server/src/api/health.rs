//! Whether the server lives, whether it works, and what it counts.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

use crate::desk::Desk;
use crate::failure::Failure;

/// How Prometheus's text is called.
const EXPOSITION: &str = "text/plain; version=0.0.4";

/// Whether all listeners are open. Needs no token.
#[utoipa::path(get, operation_id = "healthz", path = "/healthz", tag = "server", security(()),
    responses((status = 200, description = "They are.", body = String)))]
pub(crate) async fn healthz() -> &'static str {
    // Requests are answered only after every listener was opened.
    "ok\n"
}

/// Whether the store answers and the server is not stopping. Needs no token.
#[utoipa::path(get, operation_id = "readyz", path = "/readyz", tag = "server", security(()),
    responses((status = 200, description = "It works.", body = String),
              (status = 503, description = "It does not, or not yet, or not any more.")))]
pub(crate) async fn readyz(State(desk): State<Desk>) -> Result<&'static str, Failure> {
    if *desk.stopping().borrow() {
        return Err(Failure::Stopping);
    }
    desk.store().ping().await?;
    Ok("ok\n")
}

/// Counters of the server itself, for Prometheus. Needs no token: no figure is among them.
#[utoipa::path(get, operation_id = "metrics", path = "/metrics", tag = "server", security(()),
    responses((status = 200, description = "The counters.", body = String)))]
pub(crate) async fn metrics(State(desk): State<Desk>) -> Response {
    ([(CONTENT_TYPE, EXPOSITION)], desk.metrics().text()).into_response()
}

//! Answers and refusals in the shape of that API.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::access;
use crate::failure::Failure;

/// Letters of the id of a refusal.
const ID_LETTERS: usize = 16;

/// What a handler answers with.
pub(super) type Answer = Response;

/// The answer, or the refusal.
pub(super) async fn ask(work: impl Future<Output = Result<Value, Failure>>) -> Answer {
    match work.await {
        Ok(value) => Json(value).into_response(),
        Err(failure) => refused(&failure),
    }
}

/// A refusal: a kind that follows from the status, and our words.
fn refused(failure: &Failure) -> Response {
    let (status, code) = failure.code();
    let kind = match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::NOT_FOUND => "not_found_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        _ if status.is_client_error() => "invalid_request_error",
        _ => "api_error",
    };
    let id = format!("req_{}", access::random_id(ID_LETTERS));
    let message = if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(request_id = id, code, error = %failure, "request");
        "the server failed; its log says more under this request id".to_owned()
    } else {
        failure.to_string()
    };
    let error = json!({ "type": kind, "message": message });
    (status, Json(json!({ "type": "error", "error": error, "request_id": id }))).into_response()
}

//! What bodies say.

use axum::body::Body;
use domain::{NotAScope, Period, Scope};
use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::traffic;

/// The body of a request.
pub(super) async fn read<T: DeserializeOwned>(
    desk: &Desk,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Failure> {
    let body = traffic::body(desk, headers, body).await?;
    serde_json::from_slice(&body).map_err(|it| Failure::Body(it.to_string()))
}

/// The scope in a field.
pub(super) fn scope(field: &str, text: &str) -> Result<Scope, Failure> {
    text.parse().map_err(|error: NotAScope| Failure::Body(format!("`{field}`: {error}")))
}

/// The period in a field.
pub(super) fn period(text: &str) -> Result<Period, Failure> {
    Period::from_name(text).ok_or_else(|| {
        let all = Period::ALL.map(Period::name).join(", ");
        Failure::Body(format!("`period` is one of {all}, and not `{text}`"))
    })
}

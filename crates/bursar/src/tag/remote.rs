//! Tags in a company's book. They are told as a collector tells those of its machine: what
//! a person says of a session is a part of what their credential reports.

use std::sync::Arc;

use anyhow::{Context, Result};
use domain::{ReporterId, SessionId};
use ingest::delivery::{Delivery, SessionTag};
use serde_json::Value;
use store::Tag;

use crate::client::{Ask, Client, encoded};

/// The reporter of what was said by hand: it is no machine.
const REPORTER: &str = "by-hand";

/// The session of that id, else the only one whose id begins so.
pub(super) fn session(client: &Client, text: &str) -> Result<SessionId> {
    let path = format!("/api/v1/sessions/{}", encoded(text));
    let detail = client.json(&Ask { method: "GET", path: &path, pairs: &[], body: None })?;
    let id = detail.get("session").and_then(Value::as_str);
    Ok(SessionId::new(id.context("the server's answer names no session; is it of another version?")?))
}

/// Sets tags; an empty value takes one back.
pub(super) fn set(client: &Client, tags: &[Tag]) -> Result<()> {
    let mut delivery = Delivery::new(ReporterId::new(REPORTER), env!("CARGO_PKG_VERSION"), None);
    delivery.tags = tags
        .iter()
        .map(|it| SessionTag {
            session: SessionId::new(&it.session),
            at: it.at,
            key: Arc::from(it.key.as_str()),
            value: Arc::from(it.value.as_str()),
        })
        .collect();
    let body = Some(("application/json", String::from_utf8(delivery.to_json()?)?));
    client.ask(&Ask { method: "POST", path: "/api/v1/deliveries", pairs: &[], body })?;
    Ok(())
}

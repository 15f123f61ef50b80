//! Tags in a company's book.

use anyhow::{Context, Result};
use domain::SessionId;
use serde_json::{Map, Value, json};
use store::Tag;

use crate::client::{Ask, Client, encoded};

/// The session of that id, else the only one whose id begins so.
pub(super) fn session(client: &Client, text: &str) -> Result<SessionId> {
    let path = format!("/api/v1/sessions/{}", encoded(text));
    let detail = client.json(&Ask { method: "GET", path: &path, pairs: &[], body: None })?;
    let id = detail.get("session").and_then(Value::as_str);
    Ok(SessionId::new(id.context("the server's answer names no session; is it of another version?")?))
}

/// Sets tags of a session; an empty value takes one back.
pub(super) fn set(client: &Client, session: &SessionId, tags: &[Tag]) -> Result<()> {
    let path = format!("/api/v1/sessions/{}/tags", encoded(session.as_str()));
    let said: Map<String, Value> = tags.iter().map(|it| (it.key.clone(), json!(it.value))).collect();
    let body = Some(("application/json", json!({ "tags": said }).to_string()));
    client.ask(&Ask { method: "POST", path: &path, pairs: &[], body })?;
    Ok(())
}

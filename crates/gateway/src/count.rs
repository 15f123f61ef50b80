//! The provider's own count of a prompt, which is free: asked for where a bound by bytes is
//! not good enough.
//!
//! What is sent are the members of the request's own body that make the prompt, as they
//! stand there. Without an answer in time the bound by bytes holds.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use dialect::{Dialect, Request};
use http::{HeaderMap, Method};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::body::{Bounds, ToUpstream, read};
use crate::headers;
use crate::upstream::Upstream;

/// How long a count is waited for.
const WITHIN: Duration = Duration::from_secs(3);
/// The longest answer that is read.
const ANSWER_LIMIT: usize = 64 << 10;
/// What makes the prompt of a message.
const OF_A_MESSAGE: [&str; 6] = ["model", "messages", "system", "tools", "tool_choice", "thinking"];
/// What makes the prompt of a response.
const OF_A_RESPONSE: [&str; 11] = [
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "previous_response_id",
    "conversation",
    "reasoning",
    "text",
    "truncation",
];

/// How long the prompt is, as the provider counts it.
pub(crate) async fn ask(
    upstream: &Upstream,
    path: &str,
    headers: &HeaderMap,
    request: &Request,
    body: &[u8],
) -> Option<u64> {
    if !upstream.counts() {
        return None;
    }
    let mut asked = http::Request::new(ToUpstream::Read(Full::new(question(request, body)?)));
    *asked.uri_mut() = upstream.address(&path_of(request.dialect, path)?)?;
    *asked.method_mut() = Method::POST;
    *asked.headers_mut() = headers.clone();
    headers::ask_for_plain(asked.headers_mut());
    let answer = async {
        let response = upstream.send(asked).await.ok()?;
        // 404 may be about the model alone.
        if matches!(response.status().as_u16(), 405 | 501) {
            upstream.counts_not();
        }
        let is_answer = response.status().is_success();
        let bounds = Bounds { limit: ANSWER_LIMIT, within: WITHIN, shelf: None };
        read(response.into_body(), bounds).await.ok().filter(|_| is_answer)
    };
    let answer = timeout(WITHIN, answer).await.ok()??;
    let answer: Answer = serde_json::from_slice(&answer.bytes).ok()?;
    answer.input_tokens.or(answer.total_tokens)
}

#[derive(Deserialize)]
struct Answer {
    input_tokens: Option<u64>,
    #[serde(rename = "totalTokens")]
    total_tokens: Option<u64>,
}

/// Where a dialect's requests are counted; nothing where it cannot be asked.
fn path_of(dialect: Dialect, path: &str) -> Option<String> {
    let bare = path.split_once('?').map_or(path, |(path, _)| path).trim_end_matches('/');
    match dialect {
        Dialect::Anthropic => Some(path.replacen("/messages", "/messages/count_tokens", 1)),
        Dialect::OpenAiResponses => Some(format!("{bare}/input_tokens")),
        Dialect::Gemini => bare.rsplit_once(':').map(|(model, _)| format!("{model}:countTokens")),
        Dialect::OpenAiChat => None,
    }
}

/// The body of the question.
fn question(request: &Request, body: &[u8]) -> Option<Bytes> {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_slice(body).ok()?;
    let model = match request.dialect {
        Dialect::Gemini => format!("models/{}", request.model),
        Dialect::Anthropic | Dialect::OpenAiChat | Dialect::OpenAiResponses => request.model.to_string(),
    };
    let model = serde_json::value::to_raw_value(&model).ok()?;
    let is_asked = |name: &str| match request.dialect {
        Dialect::Anthropic => OF_A_MESSAGE.contains(&name),
        Dialect::OpenAiResponses => OF_A_RESPONSE.contains(&name),
        Dialect::Gemini | Dialect::OpenAiChat => true,
    };
    let mut asked: BTreeMap<&str, &RawValue> = members;
    asked.retain(|name, _| is_asked(name));
    asked.insert("model", &model);
    let question = match request.dialect {
        Dialect::Gemini => serde_json::to_vec(&BTreeMap::from([("generateContentRequest", asked)])),
        Dialect::Anthropic | Dialect::OpenAiChat | Dialect::OpenAiResponses => serde_json::to_vec(&asked),
    };
    question.ok().map(Bytes::from)
}

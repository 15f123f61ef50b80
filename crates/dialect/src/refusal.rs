//! How no is said, so that each client stops at the first attempt and shows our words.
//!
//! No one status works for all clients, so each dialect has its own. What was tried
//! with the clients themselves, and is held by tests here:
//!
//! | dialect | answer | why no other |
//! | --- | --- | --- |
//! | Anthropic | 429, `billing_error`, `x-should-retry: false`, `retry-after` | without the header Claude Code tries ten times and shows nothing; 403 is shown as a failed login, 401 is tried again and again |
//! | Responses, streamed | 200 and `response.failed` with `invalid_prompt` | 400 stops Codex as well, but shows raw JSON; 401 to 403 are tried six times; `insufficient_quota` hides our words |
//! | Responses, whole | 400 | as above |
//! | Chat | 402 or 403, `budget_exceeded` | 429 is tried again whatever the headers, and so is any status with `insufficient_quota` |
//! | Gemini | 403 | 429 is tried again |

use domain::RequestId;

use crate::meter::Meter;
use crate::route::{Delivery, Dialect};
use crate::{anthropic, gemini, openai_chat, openai_responses};

/// The header that says why to programs, the same in all dialects: [`Refusal::code`].
pub const REASON_HEADER: &str = "x-bursar-refusal";
/// A message is told up to this length.
const MESSAGE_LIMIT: usize = 2_000;

/// A request that is not forwarded, or a stream that is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// On what grounds.
    pub grounds: Grounds,
    /// The stable name of the reason: lower case letters, digits, `_` and `-`.
    pub code: &'static str,
    /// The reason and what to do, for the person at the client.
    pub message: String,
    /// After how long another attempt can succeed, where that is known.
    pub retry_after_seconds: Option<u64>,
    /// The id that the answer carries, so that it can be asked after.
    pub request: Option<RequestId>,
}

/// The grounds of a refusal: they decide what a client does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grounds {
    /// The money is spent.
    Budget,
    /// A rule forbids it: kill switch, list of models, loop guard.
    Policy,
    /// It is not known who asks.
    Identity,
    /// The request itself is wrong, and would be again.
    Request,
    /// It cannot be decided now, and another attempt soon may succeed.
    Unavailable,
}

impl Grounds {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Budget, Self::Policy, Self::Identity, Self::Request, Self::Unavailable];

    /// Whether the client should try again by itself.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Unavailable)
    }
}

/// A response that a client is given in place of the provider's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers, by lower-case name.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Refusal {
    /// The answer to a request that asked for its response so.
    #[must_use]
    pub fn answer(&self, dialect: Dialect, delivery: Delivery) -> Answer {
        let told = match dialect {
            Dialect::Anthropic => anthropic::refusal::tell(self),
            Dialect::OpenAiChat => openai_chat::refusal::tell(self),
            Dialect::OpenAiResponses => openai_responses::refusal::tell(self, delivery),
            Dialect::Gemini => gemini::refusal::tell(self, delivery),
        };
        let mut headers = vec![
            ("content-type", told.content_type.to_owned()),
            (REASON_HEADER, self.code.to_owned()),
            ("cache-control", "no-store".to_owned()),
        ];
        if !self.grounds.is_passing() {
            headers.push(("x-should-retry", "false".to_owned()));
        }
        if let Some(seconds) = self.retry_after_seconds.filter(|_| told.tells_when) {
            headers.push(("retry-after", seconds.to_string()));
        }
        if let Some(request) = &self.request {
            headers.push((told.request_header, request.to_string()));
        }
        Answer { status: told.status, headers, body: told.body.into_bytes() }
    }

    /// The message as text of JSON, quotes included.
    pub(crate) fn message_json(&self) -> String {
        let end =
            (0..=MESSAGE_LIMIT.min(self.message.len())).rev().find(|end| self.message.is_char_boundary(*end));
        let message = self.message.get(..end.unwrap_or_default()).unwrap_or_default();
        quoted(message)
    }
}

/// An answer in a dialect's own words.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// The header that has the request's id.
    pub(crate) request_header: &'static str,
    /// Clients of the dialect do something sensible with `retry-after`.
    pub(crate) tells_when: bool,
    pub(crate) body: String,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const EVENTS: &str = "text/event-stream; charset=utf-8";

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Meter {
    /// What to send to the client before a running stream is cut, so that it learns
    /// why; nothing where it would break what was sent, and the connection is just
    /// closed. The next request has to be refused too: Claude Code sends a request
    /// again whose stream ended so, once.
    #[must_use]
    pub fn last_words(&self, refusal: &Refusal) -> Option<Vec<u8>> {
        if !self.is_between_relayed_events() || self.has_ended() {
            return None;
        }
        let words = match self.dialect() {
            Dialect::Anthropic => anthropic::refusal::event(refusal),
            Dialect::OpenAiChat => openai_chat::refusal::event(refusal),
            Dialect::OpenAiResponses => openai_responses::refusal::event(refusal, self.response_id()),
            Dialect::Gemini => gemini::refusal::event(refusal),
        };
        Some(words.into_bytes())
    }
}

#[cfg(test)]
mod tests;

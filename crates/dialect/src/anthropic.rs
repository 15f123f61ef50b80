//! Anthropic's Messages: `POST /v1/messages`.
//!
//! `input_tokens` has no cached tokens in it. A stream begins with the exact prompt
//! (`message_start`) and ends with the final output (`message_delta`), whose counts
//! are cumulative: the last ones hold.

pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod response;

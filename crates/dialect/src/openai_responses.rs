//! OpenAI's Responses: `POST …/responses`.
//!
//! `input_tokens` has cached tokens in it, `output_tokens` has reasoning in it. A
//! stream tells them in its last event alone: `response.completed`, `.incomplete`
//! or `.failed`.

pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod response;

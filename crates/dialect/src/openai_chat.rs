//! OpenAI's Chat Completions: `POST …/chat/completions`, and what speaks like them.
//!
//! `prompt_tokens` has cached tokens in it, `completion_tokens` has reasoning in it.
//! A stream tells them in a chunk of its own, without choices, and only if asked to
//! with `stream_options.include_usage`.

pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod response;

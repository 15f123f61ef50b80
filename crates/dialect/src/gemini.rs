//! Google's Gemini: `POST …/models/{model}:generateContent` and `:streamGenerateContent`.
//!
//! `promptTokenCount` has cached tokens in it; thoughts are billed as output and are
//! not in `candidatesTokenCount`. Each chunk of a stream has counts that hold for
//! all of it so far: the last ones hold. Names may be written in camel or snake case.

pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod response;

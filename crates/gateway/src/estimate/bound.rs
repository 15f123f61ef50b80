//! How many tokens a prompt can have.
//!
//! Only the provider knows for certain, and says so when it is asked. Otherwise text
//! counts by its bytes, as densely as the model was ever seen to count such text lately,
//! and everything else by what is documented of it.

use dialect::{Dialect, Request};

use super::Unbounded;
use super::learned::Prompts;

/// Providers call their own count an estimate: so many parts of it, and so many tokens, more.
const COUNT_PARTS: u64 = 64;
const COUNT_EXTRA: u64 = 64;
/// Bytes of text that make a token at least, before anything was learned. Prose and code
/// have three to four, numbers and scripts of Asia close to two.
const UNLEARNED_BYTES: u64 = 2;
/// Tokens that a provider puts around a prompt by itself, and before it as instructions for tools.
const OVERHEAD: u64 = 64;
const TOOLS_OVERHEAD: u64 = 1_024;
/// Bytes of text that usually make a token, before anything was learned.
const USUAL_BYTES: u64 = 3;
/// A document has at least one page.
const DOCUMENT_FLOOR: u64 = 8_192;
/// No prompt is longer: longer ones are refused by every provider.
const LONGEST_PROMPT: u64 = 2_097_152;
/// What something that is not in the body is taken for. It is no bound.
const UNSEEN: u64 = 32_768;
/// Web searches that a request which sets no limit is taken to make.
const SEARCHES: u64 = 5;
/// What the results of one search add to the prompt, at most.
const SEARCHED: u64 = 8_192;

/// The prompt of a call, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) tokens: u64,
    pub(super) web_searches: u64,
    pub(super) unbounded: Option<Unbounded>,
}

impl Input {
    /// The most that it can have.
    pub(super) fn at_most(request: &Request, counted: Option<u64>, learned: &Prompts) -> Self {
        let is_unseen = request.prompt.unseen > 0 && counted.is_none();
        let calls_others = request.tools.others.iter().any(|tool| tool.starts_with("advisor"));
        let prompt = match counted {
            Some(count) => count.saturating_add(count / COUNT_PARTS).saturating_add(COUNT_EXTRA),
            None => text_at_most(request, learned).saturating_add(apart(request)),
        };
        let unbounded = match (is_unseen, calls_others) {
            (true, _) => Some(Unbounded::Unseen),
            (false, true) => Some(Unbounded::OtherModels),
            (false, false) => None,
        };
        let web_searches = request.tools.web_search.map_or(0, |it| it.max_uses.unwrap_or(SEARCHES));
        let tokens = prompt.min(LONGEST_PROMPT).saturating_add(web_searches.saturating_mul(SEARCHED));
        Self { tokens, web_searches, unbounded }
    }

    /// What it has, if it is as others were and nothing is searched for.
    pub(super) fn likely(request: &Request, learned: &Prompts) -> Self {
        let bytes = text_bytes(request);
        let text = learned.usual(bytes).unwrap_or_else(|| bytes.div_ceil(USUAL_BYTES));
        let tokens = text.saturating_add(apart(request)).min(LONGEST_PROMPT);
        Self { tokens, web_searches: 0, unbounded: None }
    }
}

/// Whether a prompt is nothing but text, so that its length teaches something.
pub(super) fn is_all_text(request: &Request) -> bool {
    let prompt = &request.prompt;
    let is_plain = prompt.images.count == 0 && prompt.documents.count == 0 && prompt.unseen == 0;
    is_plain && request.tools.web_search.is_none() && request.tools.others.is_empty()
}

/// The bytes that count as text: sealed content is text that cannot be read here.
pub(super) const fn text_bytes(request: &Request) -> u64 {
    request.prompt.text_bytes.saturating_add(request.prompt.sealed_bytes)
}

fn text_at_most(request: &Request, learned: &Prompts) -> u64 {
    let overhead = if request.offers_tools { TOOLS_OVERHEAD } else { OVERHEAD };
    let bytes = text_bytes(request);
    let unlearned = || bytes.div_ceil(UNLEARNED_BYTES).saturating_add(overhead);
    learned.at_most(bytes, overhead).unwrap_or_else(unlearned)
}

/// What is not text.
fn apart(request: &Request) -> u64 {
    let prompt = &request.prompt;
    let images = prompt.images.count.saturating_mul(image(request.dialect));
    // A page costs thousands of tokens however few bytes it has, but never one a byte.
    let documents = prompt.documents.bytes.max(prompt.documents.count.saturating_mul(DOCUMENT_FLOOR));
    let unseen = prompt.unseen.saturating_mul(UNSEEN);
    images.saturating_add(if prompt.documents.count == 0 { 0 } else { documents }).saturating_add(unseen)
}

/// The most tokens of one image, as providers document it for the finest resolution.
const fn image(dialect: Dialect) -> u64 {
    match dialect {
        Dialect::Anthropic => 5_000,
        Dialect::OpenAiChat | Dialect::OpenAiResponses => 12_000,
        Dialect::Gemini => 4_200,
    }
}

//! What a request's body says: all that an estimate of its price needs, and where
//! in the body the values stand that a policy may rewrite.
//!
//! Each dialect reads its own bodies, in one pass without building a tree. What is
//! not known counts as prompt, so that a new field makes an estimate too high
//! rather than too low. What cannot be read, or can be read in two ways, is
//! [`NotUnderstood`].

use std::ops::Range;

use domain::{ModelName, SessionId, Terms};

use crate::json::{Cursor, Fault, Inside, Text};
use crate::route::{Delivery, Dialect, Operation, Route};
use crate::step::{Step, Steps};
use crate::{anthropic, gemini, openai_chat, openai_responses};

/// Names that are kept of a body, as of models, tools and sessions, are at most this long.
pub(crate) const NAME_LIMIT: usize = 256;
/// So many kinds of priced tools are kept of one request.
const TOOLS_LIMIT: usize = 16;
/// The bytes of a prompt that make a token, by rule of thumb.
const PROMPT_BYTES_PER_TOKEN: u64 = 3;

/// A request body that is no basis for an estimate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// Not the JSON of a request.
    #[error(
        "the request body is not understood: expected {expected} at byte {at}; send JSON as the provider documents it"
    )]
    NotJson {
        /// Where, in bytes.
        at: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// A field that stands there again, of which providers take either.
    #[error(
        "the request body has `{field}` again at byte {at}; send it once, since it is not certain which one counts"
    )]
    Twice {
        /// The field.
        field: &'static str,
        /// Where the second value stands.
        at: usize,
    },
    /// A field of another kind.
    #[error(
        "the request body has a `{field}` at byte {at} that is not {expected}; send {expected} or leave it out"
    )]
    WrongKind {
        /// The field.
        field: &'static str,
        /// Where its value stands.
        at: usize,
        /// What it should be.
        expected: &'static str,
    },
    /// A field that has to be there.
    #[error("the request body has no `{field}`; add it")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// The route is none that generates.
    #[error("the request generates nothing, so its body has nothing to estimate")]
    NotGenerating,
}

impl From<Fault> for NotUnderstood {
    fn from(Fault { at, expected }: Fault) -> Self {
        Self::NotJson { at, expected }
    }
}

/// What one request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The wire format.
    pub dialect: Dialect,
    /// What is done.
    pub operation: Operation,
    /// The model, of the body or of the path.
    pub model: ModelName,
    /// How the response comes if all goes well.
    pub delivery: Delivery,
    /// The response is asked for later, by another request.
    pub in_background: bool,
    /// The most tokens that one answer may have, thinking included; of two limits the lower.
    pub output_limit: Option<u64>,
    /// How much thinking is asked for.
    pub reasoning: Reasoning,
    /// How many answers are generated, each up to the limit.
    pub answers: u64,
    /// The terms that change the price, as asked for.
    pub terms: Terms,
    /// The longest life of a cache entry that is asked for.
    pub cache: Option<CacheLife>,
    /// Tools are offered, of whatever kind. Providers put instructions for them before the prompt.
    pub offers_tools: bool,
    /// Tools that the provider runs and bills beside the tokens.
    pub tools: PricedTools,
    /// A stream ends with usage: asked for in chat completions, always elsewhere.
    pub reports_usage: bool,
    /// The conversation, where the body names it.
    pub session: Option<SessionId>,
    /// How long the prompt is.
    pub prompt: Prompt,
    /// The last thing in the conversation, where it is a tool's result. None where a
    /// person speaks last.
    pub step: Option<Step>,
    pub(crate) places: Places,
}

/// How much thinking is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reasoning {
    /// Tokens set aside for it. An output limit has to be higher.
    pub budget: Option<u64>,
    /// The effort, in the provider's own word: `low`, `medium`, `xhigh` …
    pub effort: Option<Box<str>>,
}

/// How long a provider keeps a prompt that it is asked to cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CacheLife {
    /// Five minutes.
    FiveMinutes,
    /// One hour, or longer.
    OneHour,
}

/// Tools that the provider runs and bills beside the tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PricedTools {
    /// Web search.
    pub web_search: Option<WebSearch>,
    /// Any other, in the provider's own word: `code_interpreter`, `advisor_20260301` …
    pub others: Vec<Box<str>>,
}

/// Web search is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WebSearch {
    /// So many times at most, if the request says so.
    pub max_uses: Option<u64>,
}

/// How long a prompt is, in bytes of the body: escapes count as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompt {
    /// Text, with the JSON around it: messages, instructions, tools, schemas, and
    /// whatever else may reach the model.
    pub text_bytes: u64,
    /// Images in the body.
    pub images: Media,
    /// Documents, sound and film in the body.
    pub documents: Media,
    /// Sealed content that was made by the model and goes back to it: signatures of
    /// thinking, encrypted reasoning.
    pub sealed_bytes: u64,
    /// Content that the body only refers to: links, file ids, earlier responses,
    /// stored conversations, tool servers. Its length is not known.
    pub unseen: u64,
}

/// Encoded content of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Media {
    /// How many.
    pub count: u64,
    /// Their encoded length.
    pub bytes: u64,
}

impl Media {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.count = self.count.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Prompt {
    /// Text at three bytes a token, sealed content at the same. A rule of thumb for
    /// where nothing better was learned; media and what is unseen are left out.
    #[must_use]
    pub const fn rough_tokens(&self) -> u64 {
        self.text_bytes.saturating_add(self.sealed_bytes).div_ceil(PROMPT_BYTES_PER_TOKEN)
    }

    /// What is in the body but not in the text.
    const fn apart(&self) -> u64 {
        self.images.bytes.saturating_add(self.documents.bytes).saturating_add(self.sealed_bytes)
    }

    pub(crate) fn see_elsewhere(&mut self) {
        self.unseen = self.unseen.saturating_add(1);
    }

    pub(crate) fn seal(&mut self, text: Option<Text<'_>>) {
        let bytes = text.map(|it| it.written_len()).unwrap_or_default();
        self.sealed_bytes = self.sealed_bytes.saturating_add(bytes);
    }
}

impl PricedTools {
    pub(crate) fn search(&mut self, max_uses: Option<u64>) {
        let sum = match self.web_search {
            None => max_uses,
            Some(before) => before.max_uses.zip(max_uses).map(|(one, two)| one.saturating_add(two)),
        };
        self.web_search = Some(WebSearch { max_uses: sum });
    }

    pub(crate) fn other(&mut self, kind: &str) {
        if self.others.len() < TOOLS_LIMIT && !self.others.iter().any(|known| **known == *kind) {
            self.others.push(Box::from(kind));
        }
    }
}

/// Where the values stand that may be rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Places {
    /// The whole body.
    pub(crate) body: Option<Inside>,
    pub(crate) body_len: usize,
    pub(crate) model: Option<Range<usize>>,
    /// All output limits that are there, null ones too.
    pub(crate) limits: Vec<(Range<usize>, Option<u64>)>,
    /// Gemini's object that holds the limit.
    pub(crate) generation_config: Option<Place>,
    /// Chat completions' object that asks for usage.
    pub(crate) stream_options: Option<Place>,
    /// The flag inside of it.
    pub(crate) include_usage: Option<Range<usize>>,
}

/// An object of the body, or what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Object(Inside),
    Null(Range<usize>),
}

impl Request {
    /// Reads the body of a request that was routed to [`Operation::Generate`] or
    /// [`Operation::Compact`].
    ///
    /// # Errors
    /// [`NotUnderstood`], naming what is wrong and where.
    pub fn read(route: &Route, body: &[u8]) -> Result<Self, NotUnderstood> {
        let generates = matches!(route.operation, Operation::Generate | Operation::Compact);
        let dialect = route.dialect.filter(|_| generates).ok_or(NotUnderstood::NotGenerating)?;
        let mut draft = Draft::new(dialect, route);
        let mut cursor = Cursor::new(body);
        let inside = match dialect {
            Dialect::Anthropic => anthropic::request::read(&mut cursor, &mut draft),
            Dialect::OpenAiChat => openai_chat::request::read(&mut cursor, &mut draft),
            Dialect::OpenAiResponses => openai_responses::request::read(&mut cursor, &mut draft),
            Dialect::Gemini => gemini::request::read(&mut cursor, &mut draft),
        }?;
        cursor.end()?;
        let mut request = draft.request;
        request.step = draft.steps.last(body);
        request.places.body = Some(inside);
        request.places.body_len = body.len();
        request.output_limit = request.places.limits.iter().filter_map(|(_, limit)| *limit).min();
        if request.model.as_str().is_empty() {
            return Err(NotUnderstood::Missing { field: "model" });
        }
        Ok(request)
    }
}

/// A request that is being read.
pub(crate) struct Draft {
    pub(crate) request: Request,
    pub(crate) steps: Steps,
    seen: Vec<&'static str>,
}

type Read<T> = Result<T, NotUnderstood>;

impl Draft {
    fn new(dialect: Dialect, route: &Route) -> Self {
        let request = Request {
            dialect,
            operation: route.operation,
            model: route.model.clone().unwrap_or_else(|| ModelName::new("")),
            delivery: route.delivery,
            in_background: false,
            output_limit: None,
            reasoning: Reasoning::default(),
            answers: 1,
            terms: Terms::STANDARD,
            cache: None,
            offers_tools: false,
            tools: PricedTools::default(),
            reports_usage: dialect != Dialect::OpenAiChat,
            session: None,
            prompt: Prompt::default(),
            step: None,
            places: Places::default(),
        };
        Self { request, steps: Steps::default(), seen: Vec::new() }
    }

    /// A field that may stand in the body once.
    pub(crate) fn once(&mut self, field: &'static str, cursor: &Cursor<'_>) -> Read<()> {
        if self.seen.contains(&field) {
            return Err(NotUnderstood::Twice { field, at: cursor.at() });
        }
        self.seen.push(field);
        Ok(())
    }

    pub(crate) fn flag(&mut self, field: &'static str, cursor: &mut Cursor<'_>) -> Read<bool> {
        self.once(field, cursor)?;
        match cursor.peek() {
            Some(b't') => cursor.is_true().map_err(NotUnderstood::from),
            Some(b'f' | b'n') => Ok(cursor.pass().map(|()| false)?),
            _ => Err(NotUnderstood::WrongKind { field, at: cursor.at(), expected: "true or false" }),
        }
    }

    /// A whole number, and where it stands.
    pub(crate) fn count(
        &mut self,
        field: &'static str,
        cursor: &mut Cursor<'_>,
    ) -> Read<(Range<usize>, Option<u64>)> {
        self.once(field, cursor)?;
        let is_null = cursor.peek() == Some(b'n');
        let start = cursor.at();
        let count = cursor.maybe_count()?;
        if count.is_none() && !is_null {
            return Err(NotUnderstood::WrongKind { field, at: start, expected: "a whole number" });
        }
        Ok((start..cursor.at(), count))
    }

    /// A short text.
    pub(crate) fn word(&mut self, field: &'static str, cursor: &mut Cursor<'_>) -> Read<Option<String>> {
        self.once(field, cursor)?;
        match cursor.peek() {
            Some(b'"') => Ok(Some(cursor.text()?.says_briefly(NAME_LIMIT))),
            Some(b'n') => Ok(cursor.pass().map(|()| None)?),
            _ => Err(NotUnderstood::WrongKind { field, at: cursor.at(), expected: "a text" }),
        }
    }

    pub(crate) fn model(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        let start = cursor.at();
        if let Some(model) = self.word("model", cursor)? {
            self.request.model = ModelName::new(&model);
            self.request.places.model = Some(start..cursor.at());
        }
        Ok(())
    }

    pub(crate) fn stream(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        if self.flag("stream", cursor)? {
            self.request.delivery = Delivery::Events;
        }
        Ok(())
    }

    pub(crate) fn limit(&mut self, field: &'static str, cursor: &mut Cursor<'_>) -> Read<()> {
        let limit = self.count(field, cursor)?;
        self.request.places.limits.push(limit);
        Ok(())
    }

    pub(crate) fn effort(&mut self, field: &'static str, cursor: &mut Cursor<'_>) -> Read<()> {
        if let Some(effort) = self.word(field, cursor)? {
            self.request.reasoning.effort = Some(effort.into_boxed_str());
        }
        Ok(())
    }

    pub(crate) fn session(&mut self, session: &str) {
        if !session.is_empty() && session.len() <= NAME_LIMIT {
            self.request.session = Some(SessionId::new(session));
        }
    }

    /// A value that reaches the model and has nothing in it that does not count as text.
    pub(crate) fn text(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        self.prompt(cursor, |_, cursor| Ok(cursor.pass()?))
    }

    /// A value that reaches the model; `walk` takes apart what is not text.
    pub(crate) fn prompt<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        walk: impl FnOnce(&mut Self, &mut Cursor<'a>) -> Read<()>,
    ) -> Read<()> {
        let (start, apart) = (cursor.at(), self.request.prompt.apart());
        walk(self, cursor)?;
        if cursor.at() == start {
            cursor.pass()?;
        }
        let prompt = &mut self.request.prompt;
        let length = u64::try_from(cursor.at().saturating_sub(start)).unwrap_or(u64::MAX);
        let text = length.saturating_sub(prompt.apart().saturating_sub(apart));
        prompt.text_bytes = prompt.text_bytes.saturating_add(text);
        Ok(())
    }

    /// A list of tools, each read by `walk`.
    pub(crate) fn tools<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        mut walk: impl FnMut(&mut Cursor<'a>, &mut Self) -> Read<()>,
    ) -> Read<()> {
        self.prompt(cursor, |draft, cursor| {
            cursor.maybe_list(|cursor| {
                draft.request.offers_tools = true;
                walk(cursor, draft)
            })
        })
    }

    /// An image as a link: encoded in it, or elsewhere.
    pub(crate) fn linked_image(&mut self, link: Option<Text<'_>>) {
        let prompt = &mut self.request.prompt;
        match link {
            Some(link) if link.begins("data:") => prompt.images.add(link.written_len()),
            Some(_) => prompt.see_elsewhere(),
            None => {}
        }
    }

    /// A document, encoded in the body.
    pub(crate) fn document(&mut self, encoded: Option<Text<'_>>) {
        if let Some(encoded) = encoded {
            self.request.prompt.documents.add(encoded.written_len());
        }
    }

    /// Something that is named and stands elsewhere, unless the name is null.
    pub(crate) fn elsewhere(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        if !matches!(cursor.peek(), Some(b'n')) {
            self.request.prompt.see_elsewhere();
        }
        Ok(cursor.pass()?)
    }
}

#[cfg(test)]
mod tests;

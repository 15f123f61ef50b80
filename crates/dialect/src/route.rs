//! What a request asks for, from its method and path alone.
//!
//! A path is read as a provider would read it: percent-encoding, empty segments
//! and dots resolved, a prefix of whatever length ignored. Otherwise a path that
//! is written oddly would pass unmetered here and be served there.

use std::borrow::Cow;

use domain::ModelName;

/// A provider's wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Chat Completions, and what speaks like them.
    OpenAiChat,
    /// OpenAI's Responses.
    OpenAiResponses,
    /// Google's `generateContent`.
    Gemini,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Anthropic, Self::OpenAiChat, Self::OpenAiResponses, Self::Gemini];

    /// The name in settings and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
            Self::Gemini => "gemini",
        }
    }
}

/// What a request does, as far as money is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Generates, and is billed by the token.
    Generate,
    /// Shortens a conversation, and is billed by the token like [`Generate`](Self::Generate);
    /// its body has no output limit to clamp.
    Compact,
    /// Counts the tokens of a prompt, which is free.
    CountTokens,
    /// Lists models or describes one, which is free.
    ListModels,
    /// Is known to cost money that no [`Meter`](crate::Meter) counts: batches, embeddings,
    /// images, audio, agents that the provider hosts, cloud formats, sockets. A hard
    /// budget has to refuse it.
    Unmetered,
    /// Anything else: passes through.
    Other,
}

/// How a response comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Delivery {
    /// One JSON value.
    #[default]
    Whole,
    /// Server-sent events.
    Events,
    /// The elements of one JSON list, one after the other: Gemini without `alt=sse`.
    List,
}

impl Delivery {
    /// How a response with that content type comes, where the request's own wish
    /// may not have been heard: an error to a streaming request is plain JSON.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Self {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        if media.eq_ignore_ascii_case("text/event-stream") { Self::Events } else { Self::Whole }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The wire format; nothing where several have the same path, as `/v1/models`,
    /// and the headers have to tell.
    pub dialect: Option<Dialect>,
    /// What is done.
    pub operation: Operation,
    /// The model, where the path names it.
    pub model: Option<ModelName>,
    /// How the response comes, where the path says so; otherwise the body does.
    pub delivery: Delivery,
}

/// Parts of paths of what is billed beside the formats that are metered here.
const UNMETERED: [&str; 14] = [
    "agents",
    "audio",
    "batches",
    "completions",
    "containers",
    "embeddings",
    "fine_tuning",
    "images",
    "interactions",
    "realtime",
    "runs",
    "sessions",
    "vector_stores",
    "videos",
];

/// What a request to these opens is a connection that no response meters.
const SOCKETS: [&str; 2] = ["realtime", "responses"];
const GOOGLE_SOCKET: &str = "BidiGenerateContent";

/// Verbs behind a colon in Google's paths that generate something without being metered here.
const GOOGLE_UNMETERED: [&str; 11] = [
    "asyncbatchembedcontent",
    "batchembedcontents",
    "batchgeneratecontent",
    "bidigeneratecontent",
    "embedcontent",
    "generateanswer",
    "predict",
    "predictlongrunning",
    "rawpredict",
    "serverstreamingpredict",
    "streamrawpredict",
];

impl Route {
    /// Of a method and a path, with its query or without.
    #[must_use]
    pub fn of(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = decoded(path);
        let segments = segments(&path);
        let (last, before) = match segments.as_slice() {
            [.., before, last] => (*last, *before),
            [last] => (*last, ""),
            [] => ("", ""),
        };
        if let Some((model, verb)) = last.rsplit_once(':') {
            return Self::of_google(method, (model, verb), before, query);
        }
        if method.eq_ignore_ascii_case("GET") {
            return Self::reading(&segments);
        }
        if !method.eq_ignore_ascii_case("POST") {
            return Self::plain(None, Operation::Other);
        }
        let route = |dialect, operation| Self::plain(Some(dialect), operation);
        match (before, last) {
            (version, "messages") if is_version(version) => route(Dialect::Anthropic, Operation::Generate),
            ("messages", "count_tokens") => route(Dialect::Anthropic, Operation::CountTokens),
            ("messages", "batches") | (_, "complete") => route(Dialect::Anthropic, Operation::Unmetered),
            ("chat", "completions") => route(Dialect::OpenAiChat, Operation::Generate),
            (_, "responses") => route(Dialect::OpenAiResponses, Operation::Generate),
            ("responses", "compact") => route(Dialect::OpenAiResponses, Operation::Compact),
            ("responses", "input_tokens") => route(Dialect::OpenAiResponses, Operation::CountTokens),
            (_, "invoke" | "invoke-with-response-stream" | "converse" | "converse-stream") => {
                Self::plain(None, Operation::Unmetered)
            }
            _ if segments.iter().any(|it| UNMETERED.contains(it)) => Self::plain(None, Operation::Unmetered),
            _ => Self::plain(None, Operation::Other),
        }
    }

    const fn plain(dialect: Option<Dialect>, operation: Operation) -> Self {
        Self { dialect, operation, model: None, delivery: Delivery::Whole }
    }

    /// `models/{model}:{verb}`.
    fn of_google(method: &str, (model, verb): (&str, &str), before: &str, query: &str) -> Self {
        let verb = verb.to_ascii_lowercase();
        let wants_events = query.split('&').any(|it| decoded(it).eq_ignore_ascii_case("alt=sse"));
        let (operation, delivery) = match verb.as_str() {
            "generatecontent" => (Operation::Generate, Delivery::Whole),
            "streamgeneratecontent" if wants_events => (Operation::Generate, Delivery::Events),
            "streamgeneratecontent" => (Operation::Generate, Delivery::List),
            "counttokens" => (Operation::CountTokens, Delivery::Whole),
            verb if GOOGLE_UNMETERED.contains(&verb) => (Operation::Unmetered, Delivery::Whole),
            _ => (Operation::Other, Delivery::Whole),
        };
        if operation == Operation::Other || !method.eq_ignore_ascii_case("POST") {
            return Self::plain(None, Operation::Other);
        }
        let is_plain = before == "models" || before.is_empty();
        let name = if is_plain { model.to_owned() } else { format!("{before}/{model}") };
        Self { dialect: Some(Dialect::Gemini), operation, model: Some(ModelName::new(&name)), delivery }
    }

    fn reading(segments: &[&str]) -> Self {
        let last = segments.last().copied().unwrap_or_default();
        if SOCKETS.contains(&last) || last.ends_with(GOOGLE_SOCKET) {
            return Self::plain(None, Operation::Unmetered);
        }
        let version = match segments {
            [.., version, "models"] | [.., version, "models", _] => Some(*version),
            ["models"] => Some(""),
            _ => None,
        };
        match version {
            Some(version) if version.starts_with("v1beta") => {
                Self::plain(Some(Dialect::Gemini), Operation::ListModels)
            }
            Some(_) => Self::plain(None, Operation::ListModels),
            None => Self::plain(None, Operation::Other),
        }
    }
}

/// The same path with another model in it, for a dialect that has the model there;
/// nothing if the path is none of those.
#[must_use]
pub fn path_with_model(path: &str, model: &ModelName) -> Option<String> {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let (before, last) = path.rsplit_once('/')?;
    let (_, verb) = last.rsplit_once(':')?;
    let model = model.as_str();
    // A name with a slash stands for the collection as well: `tunedModels/x`.
    let before = if model.contains('/') { before.rsplit_once('/').map_or("", |(it, _)| it) } else { before };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{before}/{model}:{verb}{query}"))
}

/// `v1`, `v1beta`, `v2` …
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// What is between the slashes, with dots resolved and nothing empty.
fn segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments
}

/// Without percent-encoding; what is no encoding stays.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let encoded = (*byte == b'%').then(|| tail.first_chunk::<2>()).flatten().and_then(|it| hex(*it));
        bytes.push(encoded.unwrap_or(*byte));
        rest = if encoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    let digits = str::from_utf8(&digits).ok().filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &str, expected: &str) {
        let (method, path) = request.split_once(' ').unwrap();
        let Route { dialect, operation, model, delivery } = Route::of(method, path);
        let dialect = dialect.map_or("-", Dialect::name);
        let model = model.map(|it| format!(" {it}")).unwrap_or_default();
        let delivery = if delivery == Delivery::Whole { String::new() } else { format!(" {delivery:?}") };
        assert_eq!(format!("{dialect} {operation:?}{model}{delivery}"), expected, "{request}");
    }

    #[test]
    fn what_coding_tools_send() {
        check("POST /v1/messages?beta=true", "anthropic Generate");
        check("POST /v1/messages/count_tokens?beta=true", "anthropic CountTokens");
        check("GET /v1/models?limit=1000", "- ListModels");
        check("GET /v1/models/claude-opus-4-8", "- ListModels");
        check("POST /v1/chat/completions", "openai-chat Generate");
        check("POST /v1/responses", "openai-responses Generate");
        check("POST /v1/responses/compact", "openai-responses Compact");
        check("POST /v1/responses/input_tokens", "openai-responses CountTokens");
        check("POST /v1beta/models/gemini-3-pro:generateContent", "gemini Generate gemini-3-pro");
        check(
            "POST /v1beta/models/gemini-3-pro:streamGenerateContent?key=k&alt=sse",
            "gemini Generate gemini-3-pro Events",
        );
        check("POST /v1beta/models/m:streamGenerateContent", "gemini Generate m List");
        check("POST /v1beta/tunedModels/m:generateContent", "gemini Generate tunedModels/m");
        check("POST /v1beta/models/m:countTokens", "gemini CountTokens m");
        check("GET /v1beta/models?pageSize=50", "gemini ListModels");
        check("HEAD /api/hello", "- Other");
        check("HEAD /", "- Other");
        check("GET /v1/responses/resp_1", "- Other");
        check("POST /v1/responses/resp_1/cancel", "- Other");
    }

    #[test]
    fn prefixes_and_odd_spellings_hide_nothing() {
        check("POST /anthropic/v1/messages/", "anthropic Generate");
        check("post /v1//messages", "anthropic Generate");
        check("POST /v1/x/../messages", "anthropic Generate");
        check("POST /v1/%6Dessages", "anthropic Generate");
        check("POST /v1%2Fmessages", "anthropic Generate");
        check("POST /openai/deployments/d/chat/completions?api-version=1", "openai-chat Generate");
        check("POST /chat/completions", "openai-chat Generate");
        check("POST /v1beta/models/m%3AgenerateContent", "gemini Generate m");
        check("POST /v1beta/models/m:streamGenerateContent?alt=%73se", "gemini Generate m Events");
        check("POST /v1/projects/p/publishers/google/models/m:generateContent", "gemini Generate m");
        check("POST /%", "- Other");
        check("POST /%+1", "- Other");
    }

    #[test]
    fn what_costs_money_without_being_metered_is_told_apart() {
        check("POST /v1/messages/batches", "anthropic Unmetered");
        check("POST /v1/embeddings", "- Unmetered");
        check("POST /v1/completions", "- Unmetered");
        check("POST /v1/images/generations", "- Unmetered");
        check("POST /v1/threads/t/runs", "- Unmetered");
        check("POST /v1beta/models/m:batchGenerateContent", "gemini Unmetered m");
        check("POST /model/m/invoke-with-response-stream", "- Unmetered");
        check("POST /v1/threads/t/messages", "- Other");
        check("GET /v1/messages/batches/b/results", "- Other");
        check("GET /v1/responses", "- Unmetered");
        check("GET /v1/realtime?model=m", "- Unmetered");
        check("GET /ws/google.ai.v1beta.GenerativeService.BidiGenerateContent", "- Unmetered");
        check("POST /v1/sessions/s/events", "- Unmetered");
    }

    #[test]
    fn the_model_in_a_path_is_replaced() {
        let with = |path: &str, model: &str| path_with_model(path, &ModelName::new(model));
        let path = "/x/v1beta/models/a:streamGenerateContent?alt=sse";
        assert_eq!(with(path, "b").as_deref(), Some("/x/v1beta/models/b:streamGenerateContent?alt=sse"));
        assert_eq!(
            with("/v1beta/models/a:generateContent", "tunedModels/b").as_deref(),
            Some("/v1beta/tunedModels/b:generateContent")
        );
        assert_eq!(with("/v1/messages", "b"), None);
    }

    #[test]
    fn the_content_type_says_how_a_response_comes() {
        assert_eq!(Delivery::of_content_type("text/event-stream; charset=utf-8"), Delivery::Events);
        assert_eq!(Delivery::of_content_type("application/json"), Delivery::Whole);
    }
}

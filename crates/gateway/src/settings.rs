//! What a gateway is told when it starts: where calls go, with which keys, within which limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dialect::Dialect;
use domain::Provider;
use pricing::Pricer;

use crate::policy::Policy;

/// The most upstreams of one gateway.
pub const MAX_UPSTREAMS: usize = 64;
/// The most keys of one upstream.
pub const MAX_KEYS: usize = 64;

/// Where calls go, and within which limits.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where calls can go. Of several that take the same dialect the first is used,
    /// unless the path names another.
    pub upstreams: Vec<UpstreamSettings>,
    /// The limits.
    pub limits: Limits,
    /// What is allowed, whatever the budgets say.
    pub policy: Policy,
    /// What calls are priced with.
    pub pricer: Pricer,
}

impl Settings {
    /// With those prices, and nowhere to go yet.
    #[must_use]
    pub fn new(pricer: Pricer) -> Self {
        Self { upstreams: Vec::new(), limits: Limits::default(), policy: Policy::default(), pricer }
    }
}

/// Where calls can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// The name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What goes before the path of a call: `https://api.anthropic.com`. A last segment
    /// that the call's path begins with, as `/v1`, is not doubled.
    pub base_url: String,
    /// Who bills.
    pub provider: Provider,
    /// With which key.
    pub credentials: Credentials,
    /// In which header a key goes.
    pub key_header: KeyHeader,
    /// What goes there where the path names no upstream.
    pub dialects: Vec<Dialect>,
    /// How long each part of a call may take.
    pub timeouts: Timeouts,
    /// The most calls at once, and so the most connections.
    pub connections: usize,
    /// Who vouches for the upstream, in PEM, in place of the public authorities.
    pub authorities: Option<String>,
}

impl UpstreamSettings {
    /// By a name that says what it is: `anthropic`, `openai`, `gemini`; any other speaks
    /// Chat Completions. Credentials pass through.
    #[must_use]
    pub fn new(name: &str, base_url: &str) -> Self {
        let (provider, dialects) = match name {
            "anthropic" => ("anthropic", vec![Dialect::Anthropic]),
            "openai" => ("openai", vec![Dialect::OpenAiResponses, Dialect::OpenAiChat]),
            "gemini" => ("google", vec![Dialect::Gemini]),
            other => (other, vec![Dialect::OpenAiChat]),
        };
        Self {
            name: name.to_owned(),
            base_url: base_url.to_owned(),
            provider: Provider::new(provider),
            credentials: Credentials::PassThrough,
            key_header: KeyHeader::ByDialect,
            dialects,
            timeouts: Timeouts::default(),
            connections: 4_096,
            authorities: None,
        }
    }

    /// With keys of the gateway's own, used in turn.
    #[must_use]
    pub fn with_keys<'k>(mut self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.credentials = Credentials::Keys(keys.into_iter().map(Secret::new).collect());
        self
    }
}

/// With which credential a call goes to its upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The client's own, as it came; the client names its token beside it.
    PassThrough,
    /// These, in turn.
    Keys(Vec<Secret>),
}

/// In which header a key goes to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum KeyHeader {
    /// As the call's dialect has it.
    #[default]
    ByDialect,
    /// `Authorization: Bearer`.
    Bearer,
    /// `x-api-key`.
    XApiKey,
    /// `x-goog-api-key`.
    XGoogApiKey,
}

/// How long each part of a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection, encrypted where it should be.
    pub connect: Duration,
    /// From there until the first byte of the response.
    pub first_byte: Duration,
    /// Between two pieces of the response.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), first_byte: seconds(600), idle: seconds(300) }
    }
}

/// What one client may take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body of a call that is metered.
    pub body_bytes: usize,
    /// The bodies of all calls that run, together.
    pub held_bytes: usize,
    /// The longest body of any other request, which is not held in memory.
    pub unmetered_body_bytes: usize,
    /// All names and values of a request's headers.
    pub header_bytes: usize,
    /// How long a body may take to come.
    pub body_time: Duration,
    /// The most calls at once.
    pub calls: usize,
    /// How long a client may take to accept the next piece of a response.
    pub reader_time: Duration,
    /// How long a response is read on whose client went away.
    pub drain_time: Duration,
    /// How much of it is.
    pub drain_bytes: u64,
    /// How many of them at once.
    pub drains: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            body_bytes: 32 << 20,
            held_bytes: 1 << 30,
            unmetered_body_bytes: 512 << 20,
            header_bytes: 64 << 10,
            body_time: seconds(120),
            calls: 16_384,
            reader_time: seconds(60),
            drain_time: seconds(120),
            drain_bytes: 64 << 20,
            drains: 512,
        }
    }
}

/// A key. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Of that text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Settings that no gateway can start with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// More than one wants.
    #[error("a gateway has at most {MAX_UPSTREAMS} upstreams with {MAX_KEYS} keys each; leave some out")]
    TooMany,
    /// A name that cannot stand in a path.
    #[error(
        "`{0}` is no name of an upstream; write 1 to 64 letters, digits, `-`, `_` or `.`, each name once"
    )]
    Name(String),
    /// An address that cannot be called.
    #[error(
        "the upstream `{name}` has a `base_url` that is {problem}; write one such as `https://api.example.com`"
    )]
    BaseUrl {
        /// Of which upstream.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A key that cannot stand in a header.
    #[error("the upstream `{0}` has a key that is empty or has other letters than a header can hold")]
    Key(String),
    /// Authorities that nobody can vouch by.
    #[error(
        "the upstream `{name}` has a `certificate_authority` that is no list of certificates in PEM: {problem}"
    )]
    Authorities {
        /// Of which upstream.
        name: String,
        /// What is wrong with them.
        problem: String,
    },
    /// Without chance no call can be given a name.
    #[error("the system gives no random bytes: {0}")]
    NoChance(String),
}

//! Upstreams that calls are sent to: chosen by path or dialect, with keys in turn.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dialect::Dialect;
use domain::Provider;
use http::header::AUTHORIZATION;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;

use crate::body::ToUpstream;
use crate::connector::Connector;
use crate::settings::{
    BadSettings, Credentials, KeyHeader, MAX_KEYS, MAX_UPSTREAMS, Secret, Timeouts, UpstreamSettings,
};

/// `x-api-key`.
pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// `x-goog-api-key`.
pub(crate) const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// How long a connection that nobody uses is kept: shorter than providers keep it, so
/// that a call seldom meets one that is just being closed.
const KEEP_IDLE: Duration = Duration::from_secs(55);
/// So many connections that nobody uses are kept for each upstream.
const MAX_IDLE: usize = 256;
/// The longest name.
const NAME_LIMIT: usize = 64;

/// All upstreams of a gateway.
#[derive(Debug)]
pub(crate) struct Upstreams(Vec<Arc<Upstream>>);

impl Upstreams {
    pub(crate) fn new(settings: &[UpstreamSettings]) -> Result<Self, BadSettings> {
        if settings.len() > MAX_UPSTREAMS {
            return Err(BadSettings::TooMany);
        }
        let mut all: Vec<Arc<Upstream>> = Vec::with_capacity(settings.len());
        for it in settings {
            if all.iter().any(|known| known.name == it.name) {
                return Err(BadSettings::Name(it.name.clone()));
            }
            all.push(Arc::new(Upstream::new(it)?));
        }
        Ok(Self(all))
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.0.iter().find(|it| it.name == name)
    }

    /// The first that takes that dialect.
    pub(crate) fn taking(&self, dialect: Dialect) -> Option<&Arc<Upstream>> {
        self.0.iter().find(|it| it.dialects.contains(&dialect))
    }

    pub(crate) fn first(&self) -> Option<&Arc<Upstream>> {
        self.0.first()
    }
}

/// Where calls are sent to.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: String,
    pub(crate) provider: Provider,
    pub(crate) dialects: Vec<Dialect>,
    pub(crate) timeouts: Timeouts,
    pub(crate) places: Arc<Semaphore>,
    base: Base,
    keys: Option<Keys>,
    client: legacy::Client<Connector, ToUpstream>,
    /// Whether it was not yet found to have nothing that counts tokens.
    counts: AtomicBool,
}

/// What goes before a call's own path.
#[derive(Debug)]
struct Base {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end.
    path: String,
}

/// Keys that are used in turn.
#[derive(Debug)]
struct Keys {
    /// Plain, and behind `Bearer`.
    all: Vec<(HeaderValue, HeaderValue)>,
    next: AtomicUsize,
    header: KeyHeader,
}

/// Why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoResponse {
    /// It was never sent: there is no connection.
    NotSent,
    /// It may have been read and answered; nothing of that came back.
    Broken,
}

impl Upstream {
    fn new(settings: &UpstreamSettings) -> Result<Self, BadSettings> {
        let name = settings.name.clone();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(is_plain) {
            return Err(BadSettings::Name(name));
        }
        let base = Base::read(&settings.base_url)
            .map_err(|problem| BadSettings::BaseUrl { name: name.clone(), problem })?;
        let keys = match &settings.credentials {
            Credentials::PassThrough => None,
            Credentials::Keys(keys) => Some(Keys::new(keys, settings.key_header, &name)?),
        };
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.enforce_http(false);
        let connector = Connector::new(http, settings.timeouts.connect, settings.authorities.as_deref())
            .map_err(|error| BadSettings::Authorities { name: name.clone(), problem: error.to_string() })?;
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            .build(connector);
        Ok(Self {
            provider: settings.provider.clone(),
            dialects: settings.dialects.clone(),
            timeouts: settings.timeouts,
            places: Arc::new(Semaphore::new(settings.connections.min(Semaphore::MAX_PERMITS))),
            name,
            base,
            keys,
            client,
            counts: AtomicBool::new(true),
        })
    }

    /// The address of a path here; nothing if it can be none.
    pub(crate) fn address(&self, path: &str) -> Option<Uri> {
        let Base { scheme, authority, path: before } = &self.base;
        let last = before.rsplit_once('/').map(|(_, last)| last).filter(|last| !last.is_empty());
        let doubled = last.and_then(|last| path.strip_prefix('/')?.strip_prefix(last));
        let rest = doubled.filter(|rest| rest.is_empty() || rest.starts_with(['/', '?'])).unwrap_or(path);
        let whole = if before.is_empty() { rest.to_owned() } else { format!("{before}{rest}") };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(scheme.clone());
        parts.authority = Some(authority.clone());
        parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Whether it may be asked how long a prompt is.
    pub(crate) fn counts(&self) -> bool {
        self.counts.load(Ordering::Relaxed)
    }

    /// It has nothing that answers that, and is not asked again.
    pub(crate) fn counts_not(&self) {
        self.counts.store(false, Ordering::Relaxed);
    }

    /// Whether the client's credential goes on to it.
    pub(crate) const fn passes_credentials(&self) -> bool {
        self.keys.is_none()
    }

    /// The next key, and where it goes.
    pub(crate) fn key(&self, dialect: Option<Dialect>) -> Option<(HeaderName, HeaderValue)> {
        let keys = self.keys.as_ref()?;
        let turn = keys.next.fetch_add(1, Ordering::Relaxed).checked_rem(keys.all.len())?;
        let (plain, bearer) = keys.all.get(turn)?.clone();
        let header = match (keys.header, dialect.or_else(|| self.dialects.first().copied())) {
            (KeyHeader::ByDialect, Some(Dialect::Anthropic)) => KeyHeader::XApiKey,
            (KeyHeader::ByDialect, Some(Dialect::Gemini)) => KeyHeader::XGoogApiKey,
            (KeyHeader::ByDialect, _) => KeyHeader::Bearer,
            (header, _) => header,
        };
        Some(match header {
            KeyHeader::XApiKey => (X_API_KEY, plain),
            KeyHeader::XGoogApiKey => (X_GOOG_API_KEY, plain),
            KeyHeader::Bearer | KeyHeader::ByDialect => (AUTHORIZATION, bearer),
        })
    }

    /// Sends a request once. It is begun anew only where a kept connection turns out to
    /// be closed before anything of it was sent.
    pub(crate) async fn send(&self, request: Request<ToUpstream>) -> Result<Response<Incoming>, NoResponse> {
        self.client.request(request).await.map_err(|error| {
            // The texts of these errors name addresses and causes, and no header.
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(upstream = self.name, %error, cause, "no response");
            if error.is_connect() { NoResponse::NotSent } else { NoResponse::Broken }
        })
    }
}

impl Base {
    fn read(url: &str) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "no address")?;
        let parts = uri.into_parts();
        let scheme = parts.scheme.filter(|it| *it == Scheme::HTTP || *it == Scheme::HTTPS);
        let scheme = scheme.ok_or("without `http://` or `https://`")?;
        let authority = parts.authority.ok_or("without a host")?;
        if authority.as_str().contains('@') {
            return Err("one with a name or password in it");
        }
        let path = parts.path_and_query.ok_or("without a path")?;
        if path.query().is_some() {
            return Err("one with a query");
        }
        Ok(Self { scheme, authority, path: path.path().trim_end_matches('/').to_owned() })
    }
}

impl Keys {
    fn new(keys: &[Secret], header: KeyHeader, name: &str) -> Result<Self, BadSettings> {
        if keys.len() > MAX_KEYS {
            return Err(BadSettings::TooMany);
        }
        let bad = || BadSettings::Key(name.to_owned());
        let value = |text: &[u8]| {
            let mut value =
                HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text)).map_err(|_| bad())?;
            value.set_sensitive(true);
            Ok(value)
        };
        let pair = |key: &Secret| {
            let key = key.text();
            if key.is_empty() || !key.bytes().all(|it| it.is_ascii_graphic()) {
                return Err(bad());
            }
            Ok((value(key.as_bytes())?, value(format!("Bearer {key}").as_bytes())?))
        };
        let all = keys.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() { Err(bad()) } else { Ok(Self { all, next: AtomicUsize::new(0), header }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, path: &str, expected: &str) {
        let upstream = Upstream::new(&UpstreamSettings::new("x", base));
        let said = match upstream {
            Ok(upstream) => upstream.address(path).map_or_else(|| "-".to_owned(), |it| it.to_string()),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, expected, "{base} {path}");
    }

    #[test]
    fn a_version_is_not_doubled() {
        check("https://a.example", "/v1/messages?beta=true", "https://a.example/v1/messages?beta=true");
        check("https://a.example/v1", "/v1/messages", "https://a.example/v1/messages");
        check("https://a.example/v1/", "/v1", "https://a.example/v1");
        check("https://a.example/v1", "/v1beta/models", "https://a.example/v1/v1beta/models");
        check("https://a.example/v1", "/chat/completions", "https://a.example/v1/chat/completions");
        check("http://a.example:80/x/v1", "/v1?a=b", "http://a.example:80/x/v1?a=b");
    }

    #[test]
    fn a_base_that_cannot_be_called_says_why() {
        let said = |problem: &str| {
            format!(
                "the upstream `x` has a `base_url` that is {problem}; write one such as `https://api.example.com`"
            )
        };
        check("a.example", "/", &said("without `http://` or `https://`"));
        check("ftp://a.example", "/", &said("without `http://` or `https://`"));
        check("https://ann:secret@a.example", "/", &said("one with a name or password in it"));
        check("https://a.example/?x=1", "/", &said("one with a query"));
        check("https://", "/", &said("no address"));
    }
}

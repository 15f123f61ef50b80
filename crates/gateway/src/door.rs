//! Who comes, and where to: what every request goes through before anything else.

use std::sync::Arc;

use dialect::{Delivery, Dialect, Grounds, Route};
use domain::RequestId;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tokio::sync::OwnedSemaphorePermit;

use crate::address::{Address, without_parameter};
use crate::body::Shelved;
use crate::budget_desk::Identity;
use crate::credential::{self, KEY_PARAMETER};
use crate::gateway::Gateway;
use crate::headers;
use crate::refuse::No;
use crate::upstream::{Upstream, X_GOOG_API_KEY};

/// Whether a client speaks Anthropic's dialect, where the path does not tell.
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// How a client wants to be answered, and under which id.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) dialect: Dialect,
    pub(crate) delivery: Delivery,
    pub(crate) id: RequestId,
}

impl Manner {
    pub(crate) fn of(route: &Route, headers: &HeaderMap, address: &Address<'_>, id: RequestId) -> Self {
        let by_header = || {
            if headers.contains_key(ANTHROPIC_VERSION) || address.upstream == Some("anthropic") {
                return Dialect::Anthropic;
            }
            let is_google = headers.contains_key(X_GOOG_API_KEY) || address.upstream == Some("gemini");
            if is_google { Dialect::Gemini } else { Dialect::OpenAiChat }
        };
        Self { dialect: route.dialect.unwrap_or_else(by_header), delivery: route.delivery, id }
    }
}

/// A request whose sender and receiver are known.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) gateway: Gateway,
    pub(crate) manner: Manner,
    pub(crate) route: Route,
    pub(crate) identity: Arc<Identity>,
    pub(crate) upstream: Arc<Upstream>,
    /// Method and headers; these are the client's still, but for its credentials.
    pub(crate) head: Parts,
    /// The path and query for the provider.
    pub(crate) path: String,
    /// Of the gateway and of the upstream, for as long as the request runs.
    pub(crate) places: [OwnedSemaphorePermit; 2],
    /// The room that its body takes up.
    pub(crate) shelved: Shelved,
}

/// Lets a request in.
pub(crate) async fn open(
    gateway: &Gateway,
    mut head: Parts,
    (address, route): (Address<'_>, Route),
    manner: Manner,
) -> Result<Visit, No> {
    let limits = gateway.limits();
    if headers::length(&head.headers) > limits.header_bytes {
        let text = format!("the request has more than {} bytes of headers; send fewer", limits.header_bytes);
        return Err(No::new(Grounds::Request, "headers_too_long", text));
    }
    let upstream = Arc::clone(choose(gateway, &address, &route, manner.dialect)?);
    let passes = upstream.passes_credentials();
    let token = credential::token(&head.headers, &address, passes).ok_or_else(no_token)?;
    let identity = gateway.desk().identify(token).await?;
    let token = token.to_owned();
    let places = [gateway.place()?, upstream_place(&upstream)?];
    let takes_key = credential::take_off(&mut head.headers, address.rest, &token, passes);
    let path =
        if takes_key { without_parameter(address.rest, KEY_PARAMETER) } else { address.rest.to_owned() };
    Ok(Visit {
        gateway: gateway.clone(),
        manner,
        route,
        identity,
        upstream,
        head,
        path,
        places,
        shelved: None,
    })
}

fn no_token() -> No {
    let text = "no token came with the request; set your client's API key to your Bursar token, or send the \
                token in the header X-Bursar-Token";
    No::new(Grounds::Identity, "no_token", text)
}

fn upstream_place(upstream: &Upstream) -> Result<OwnedSemaphorePermit, No> {
    Arc::clone(&upstream.places).try_acquire_owned().map_err(|_| {
        let text = format!("too many calls to `{}` run at once; try again in a moment", upstream.name);
        No::new(Grounds::Unavailable, "upstream_busy", text)
    })
}

/// The upstream that the path names, or the first that takes the dialect.
fn choose<'g>(
    gateway: &'g Gateway,
    address: &Address<'_>,
    route: &Route,
    spoken: Dialect,
) -> Result<&'g Arc<Upstream>, No> {
    let upstreams = gateway.upstreams();
    let missing = |what: &str| {
        let text = format!("the gateway has no upstream {what}; ask whoever keeps its settings to add one");
        No::new(Grounds::Request, "no_upstream", text)
    };
    if let Some(name) = address.upstream {
        let name: String = name.chars().take(64).collect();
        return upstreams.named(&name).ok_or_else(|| missing(&format!("named `{name}`")));
    }
    if let Some(upstream) = upstreams.taking(spoken) {
        return Ok(upstream);
    }
    // What no dialect claims may still be for the only one there is.
    let any = upstreams.first().filter(|_| route.dialect.is_none());
    any.ok_or_else(|| missing(&format!("for {}", spoken.name())))
}

impl Visit {
    /// Makes the headers those that the upstream gets, with its key.
    pub(crate) fn dress(&mut self) {
        let headers = &mut self.head.headers;
        headers::leave_client(headers);
        if let Some((name, key)) = self.upstream.key(self.route.dialect) {
            headers.insert(name, key);
        }
    }

    /// Where the request goes.
    pub(crate) fn target(&self) -> Result<Uri, No> {
        self.upstream.address(&self.path).ok_or_else(|| {
            No::new(Grounds::Request, "bad_path", "the request's path is none that a provider could be sent")
        })
    }

    /// The id that the client is told of a response: the upstream's, or ours where there is none.
    pub(crate) fn name_response(&self, headers: &mut HeaderMap) -> RequestId {
        name_response(&self.manner, headers)
    }
}

/// See [`Visit::name_response`].
pub(crate) fn name_response(manner: &Manner, headers: &mut HeaderMap) -> RequestId {
    if let Some(id) = headers::upstream_id(headers, manner.dialect) {
        return RequestId::new(id);
    }
    let value: HeaderValue = headers::value(manner.id.as_str());
    headers.insert(headers::request_id(manner.dialect), value);
    manner.id.clone()
}

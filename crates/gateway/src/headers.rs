//! Headers on their way through: what is between two neighbours alone stays there.

use dialect::Dialect;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// All headers that are for the gateway begin so.
pub(crate) const OWN_PREFIX: &str = "x-bursar-";

/// Headers of one connection (RFC 9110, section 7.6.1). `Trailer` is not among them: the
/// trailers go through.
const OF_THE_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("http2-settings"),
];
/// So many headers may be named by `Connection`.
const MAX_NAMED: usize = 32;

/// How long all names and values are.
pub(crate) fn length(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
        .fold(0, usize::saturating_add)
}

/// Takes off what is between two neighbours alone.
pub(crate) fn leave_connection(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|it| it.to_str().ok())
            .flat_map(|it| it.split(','))
            .filter_map(|it| it.trim().parse().ok())
            .take(MAX_NAMED)
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &OF_THE_CONNECTION {
        headers.remove(name);
    }
}

/// Makes the headers of a request those that its upstream gets.
pub(crate) fn leave_client(headers: &mut HeaderMap) {
    leave_connection(headers);
    for name in [HOST, CONTENT_LENGTH, EXPECT] {
        headers.remove(name);
    }
    let own: Vec<HeaderName> =
        headers.keys().filter(|it| it.as_str().starts_with(OWN_PREFIX)).cloned().collect();
    for name in own {
        headers.remove(name);
    }
}

/// Asks for a response that can be read on its way.
pub(crate) fn ask_for_plain(headers: &mut HeaderMap) {
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// The header in which a client of that dialect finds the id of its request.
pub(crate) const fn request_id(dialect: Dialect) -> HeaderName {
    match dialect {
        Dialect::Anthropic => HeaderName::from_static("request-id"),
        Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::Gemini => {
            HeaderName::from_static("x-request-id")
        }
    }
}

/// The id that an upstream gave a request.
pub(crate) fn upstream_id(headers: &HeaderMap, dialect: Dialect) -> Option<&str> {
    const ID_LIMIT: usize = 200;
    let others = ["request-id", "x-request-id"].map(HeaderName::from_static);
    let named = std::iter::once(request_id(dialect)).chain(others);
    let mut ids = named.filter_map(|name| headers.get(name)?.to_str().ok());
    ids.find(|it| !it.is_empty() && it.len() <= ID_LIMIT)
}

/// A value of a header, with anything in it that cannot stand there left out.
pub(crate) fn value(text: &str) -> HeaderValue {
    let plain = || text.bytes().filter(|byte| (b' '..=b'~').contains(byte)).collect::<Vec<u8>>();
    HeaderValue::from_str(text)
        .or_else(|_| HeaderValue::from_bytes(&plain()))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_one_connection_stays_there() {
        let lines = [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("host", "a"),
            ("content-length", "5"),
            ("expect", "100-continue"),
            ("x-bursar-task", "fix"),
            ("x-bursar-token", "bsr_x"),
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
            ("x-unknown", "y"),
        ];
        let pairs =
            lines.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers: HeaderMap = pairs.into_iter().collect();
        leave_client(&mut headers);
        let mut left: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        left.sort();
        assert_eq!(left, ["anthropic-beta: a", "anthropic-beta: b", "x-unknown: y"]);
    }
}

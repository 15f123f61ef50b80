//! The token by which the gateway knows a caller, wherever the client puts it.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::address::{Address, parameter};
use crate::upstream::{X_API_KEY, X_GOOG_API_KEY};

/// The header that is for the token alone.
pub const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-bursar-token");
/// How tokens begin that the server makes.
pub const TOKEN_PREFIX: &str = "bsr_";
/// The parameter in which Google's clients may put their key.
pub(crate) const KEY_PARAMETER: &str = "key";

/// Headers that hold a credential, in the order in which they are looked at.
static CREDENTIALS: [HeaderName; 3] = [AUTHORIZATION, X_API_KEY, X_GOOG_API_KEY];

/// The caller's token. A place that is for it alone comes first, then what has its form.
/// Where credentials of the client do not go on to the provider, any of them may be one:
/// an owner may choose a token of any form.
pub(crate) fn token<'r>(
    headers: &'r HeaderMap,
    address: &Address<'r>,
    passes_credentials: bool,
) -> Option<&'r str> {
    let named = address.token.or_else(|| headers.get(TOKEN_HEADER).and_then(|it| it.to_str().ok()));
    if let Some(token) = named {
        return Some(token.trim());
    }
    let shown = CREDENTIALS.iter().flat_map(|name| headers.get_all(name)).filter_map(bare);
    let shown = shown.chain(parameter(address.rest, KEY_PARAMETER));
    let mut other = None;
    for credential in shown {
        if credential.starts_with(TOKEN_PREFIX) {
            return Some(credential);
        }
        other = other.or(Some(credential));
    }
    other.filter(|_| !passes_credentials)
}

/// Takes the caller's token off, and with it all credentials where the upstream gets a key of
/// the gateway's. The answer is whether the query's key goes too.
pub(crate) fn take_off(headers: &mut HeaderMap, rest: &str, token: &str, passes_credentials: bool) -> bool {
    let is_ours = |shown: &str| shown == token || shown.starts_with(TOKEN_PREFIX);
    for name in &CREDENTIALS {
        if !headers.contains_key(name) {
            continue;
        }
        let theirs = |it: &&HeaderValue| passes_credentials && !bare(it).is_some_and(is_ours);
        let kept: Vec<HeaderValue> = headers.get_all(name).iter().filter(theirs).cloned().collect();
        headers.remove(name);
        for value in kept {
            headers.append(name.clone(), value);
        }
    }
    parameter(rest, KEY_PARAMETER).is_some_and(|key| !passes_credentials || is_ours(key))
}

/// A credential without the word before it.
fn bare(value: &HeaderValue) -> Option<&str> {
    let value = value.to_str().ok()?.trim();
    let bare = match value.split_once(' ') {
        Some((scheme, bare)) if scheme.eq_ignore_ascii_case("bearer") => bare.trim(),
        Some(_) => return None,
        None => value,
    };
    (!bare.is_empty()).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    fn check(path: &str, lines: &[(&'static str, &'static str)], expected: &str) {
        let mut said = Vec::new();
        for passes in [false, true] {
            let mut headers = headers(lines);
            let address = Address::of(path);
            let found = token(&headers, &address, passes).map(str::to_owned);
            let takes_key =
                take_off(&mut headers, address.rest, found.as_deref().unwrap_or_default(), passes);
            let left: Vec<String> = CREDENTIALS
                .iter()
                .flat_map(|it| headers.get_all(it))
                .map(|it| it.to_str().unwrap().into())
                .collect();
            let key = if takes_key { " without key" } else { "" };
            said.push(format!("{} [{}]{key}", found.as_deref().unwrap_or("-"), left.join(", ")));
        }
        assert_eq!(said.join(" | "), expected, "{path} {lines:?}");
    }

    #[test]
    fn a_token_is_found_wherever_it_is() {
        check("/", &[], "- [] | - []");
        check("/", &[("authorization", "Bearer bsr_a")], "bsr_a [] | bsr_a []");
        check("/", &[("x-api-key", "bsr_a"), ("authorization", "Bearer bsr_a")], "bsr_a [] | bsr_a []");
        check("/", &[("x-goog-api-key", "bsr_a")], "bsr_a [] | bsr_a []");
        check("/x?key=bsr_a", &[], "bsr_a [] without key | bsr_a [] without key");
        check("/x?key=theirs", &[("x-bursar-token", "bsr_a")], "bsr_a [] without key | bsr_a []");
    }

    #[test]
    fn a_credential_that_is_not_ours_goes_on_only_where_it_should() {
        let oauth = ("authorization", "Bearer sk-ant-oat01-x");
        check("/", &[oauth], "sk-ant-oat01-x [] | - [Bearer sk-ant-oat01-x]");
        check("/", &[oauth, ("x-bursar-token", "bsr_a")], "bsr_a [] | bsr_a [Bearer sk-ant-oat01-x]");
        check("/t/bsr_a/v1", &[oauth], "bsr_a [] | bsr_a [Bearer sk-ant-oat01-x]");
        check("/", &[oauth, ("x-api-key", "bsr_a")], "bsr_a [] | bsr_a [Bearer sk-ant-oat01-x]");
        check("/", &[("authorization", "Basic eDp5")], "- [] | - [Basic eDp5]");
        let chosen = ("x-bursar-token", "chosen by the owner");
        check("/", &[("x-api-key", "sk-x"), chosen], "chosen by the owner [] | chosen by the owner [sk-x]");
    }
}

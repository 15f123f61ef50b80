//! What the path of a request says to the gateway, and the path that is left for the provider.
//!
//! `/t/TOKEN/…` names the caller, `/anthropic/…`, `/openai/…`, `/gemini/…` and `/u/NAME/…` name
//! where the request goes, in any order. All of it is taken off.

/// The words that name an upstream by themselves.
const NAMED: [&str; 3] = ["anthropic", "openai", "gemini"];

/// A path, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'p> {
    /// The caller's token.
    pub(crate) token: Option<&'p str>,
    /// The name of the upstream.
    pub(crate) upstream: Option<&'p str>,
    /// The path and query that is left.
    pub(crate) rest: &'p str,
}

impl<'p> Address<'p> {
    pub(crate) fn of(path: &'p str) -> Self {
        let mut address = Self { token: None, upstream: None, rest: path };
        while let Some((word, rest)) = first_segment(address.rest) {
            match (word, first_segment(rest)) {
                ("t", Some((token, rest))) if address.token.is_none() && !token.is_empty() => {
                    address.token = Some(token);
                    address.rest = rest;
                }
                ("u", Some((name, rest))) if address.upstream.is_none() => {
                    address.upstream = Some(name);
                    address.rest = rest;
                }
                (name, _) if address.upstream.is_none() && NAMED.contains(&name) => {
                    address.upstream = Some(name);
                    address.rest = rest;
                }
                _ => break,
            }
        }
        if !address.rest.starts_with('/') {
            // What was taken off was all of the path.
            address.rest = if address.rest.is_empty() { "/" } else { address.rest };
        }
        address
    }
}

/// The first segment, and what follows it from its slash or query on.
fn first_segment(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    let end = path.find(['/', '?']).unwrap_or(path.len());
    path.split_at_checked(end)
}

/// The value of a parameter of a query.
pub(crate) fn parameter<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    let (_, query) = path.split_once('?')?;
    query.split('&').find_map(|it| it.split_once('=').filter(|(key, _)| *key == name)).map(|(_, value)| value)
}

/// The path without the parameters of that name, and all else as it was.
pub(crate) fn without_parameter(path: &str, name: &str) -> String {
    let Some((before, query)) = path.split_once('?') else { return path.to_owned() };
    let is_other = |it: &&str| it.split_once('=').map_or(*it, |(key, _)| key) != name;
    let kept: Vec<&str> = query.split('&').filter(is_other).collect();
    if kept.is_empty() { before.to_owned() } else { format!("{before}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let Address { token, upstream, rest } = Address::of(path);
        let said = format!("{} {} {rest}", token.unwrap_or("-"), upstream.unwrap_or("-"));
        assert_eq!(said, expected, "{path}");
    }

    #[test]
    fn what_is_for_the_gateway_is_taken_off() {
        check("/v1/messages?beta=true", "- - /v1/messages?beta=true");
        check("/t/bsr_a_b/v1/messages", "bsr_a_b - /v1/messages");
        check("/anthropic/v1/messages", "- anthropic /v1/messages");
        check("/t/bsr_a_b/openai/v1/responses", "bsr_a_b openai /v1/responses");
        check("/u/local/t/bsr_a_b/v1/chat/completions", "bsr_a_b local /v1/chat/completions");
        check("/gemini", "- gemini /");
        check("/gemini?x=1", "- gemini ?x=1");
        check("/anthropic/openai/v1", "- anthropic /openai/v1");
        check("/t/a/t/b/v1", "a - /t/b/v1");
        check("/t", "- - /t");
        check("/t//v1", "- - /t//v1");
        check("/", "- - /");
        check("*", "- - *");
    }

    #[test]
    fn a_key_is_taken_out_of_a_query() {
        for (path, expected) in [
            ("/a", "/a"),
            ("/a?key=x", "/a"),
            ("/a?alt=sse&key=x", "/a?alt=sse"),
            ("/a?key=x&alt=sse&key=y", "/a?alt=sse"),
            ("/a?monkey=x&&", "/a?monkey=x&&"),
        ] {
            assert_eq!(without_parameter(path, "key"), expected, "{path}");
        }
        assert_eq!(parameter("/a?monkey=y&key=x", "key"), Some("x"));
        assert_eq!(parameter("/key=x", "key"), None);
    }
}

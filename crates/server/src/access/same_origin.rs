//! Whether a request comes from the server's own page.
//!
//! Browsers send cookies along whatever page asks, so a cookie alone shows who somebody is,
//! and not that they meant it. A change needs more: a header that no page of another origin
//! can send without asking first, and no word of the browser that it comes from elsewhere.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::failure::Failure;

/// What the page sends along with every change.
const PAGE: HeaderName = HeaderName::from_static("x-bursar-page");
/// Where browsers say how far away the page is that asks.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What browsers say there of a page of the same origin.
const SAME: &[u8] = b"same-origin";

/// A request, as far as this is about.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

impl Asking<'_> {
    /// Refuses a change that comes by cookie from anywhere but the page.
    pub(crate) fn must_come_from_the_page(self) -> Result<(), Failure> {
        if self.method.is_safe() {
            return Ok(());
        }
        if self.headers.get(PAGE).is_none_or(|it| it != "1") {
            return Err(Failure::NotFromThePage("it has no header `X-Bursar-Page: 1`"));
        }
        self.must_be_of_the_same_origin()
    }

    /// Refuses what the browser says is of another origin.
    pub(crate) fn must_be_of_the_same_origin(self) -> Result<(), Failure> {
        if self.headers.get(SITE).is_some_and(|it| it.as_bytes() != SAME) {
            return Err(Failure::NotFromThePage("the browser says that it comes from another site"));
        }
        match self.headers.get(ORIGIN) {
            // The browser has compared them already, and no proxy stands between them and it.
            Some(_) if self.headers.contains_key(SITE) => Ok(()),
            Some(origin) if !self.is_here(origin) => Err(Failure::NotFromThePage(
                "its Origin is another than the Host that it asks; a proxy in front must hand Host on as it is",
            )),
            _ => Ok(()),
        }
    }

    fn is_here(self, origin: &HeaderValue) -> bool {
        let of_headers = || self.headers.get(HOST).and_then(|it| it.to_str().ok());
        let here = self.uri.authority().map(Authority::as_str).or_else(of_headers);
        let there = origin.to_str().ok().and_then(|it| it.split_once("://")).map(|it| it.1);
        here.zip(there).is_some_and(|(here, there)| here.eq_ignore_ascii_case(there))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, headers: &[(&'static str, &str)], expected: bool) {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        let map = map.chain([(HOST, HeaderValue::from_static("bursar.example:4320"))]).collect();
        let asking = Asking { method, uri: &Uri::from_static("/api/v1/transfers"), headers: &map };
        assert_eq!(asking.must_come_from_the_page().is_ok(), expected, "{method} {headers:?}");
    }

    #[test]
    fn a_change_comes_from_the_page_and_from_nowhere_else() {
        let (post, page) = (&Method::POST, ("x-bursar-page", "1"));
        check(&Method::GET, &[("sec-fetch-site", "cross-site")], true);
        check(post, &[], false);
        check(post, &[("x-bursar-page", "0")], false);
        check(post, &[page], true);
        check(&Method::DELETE, &[("origin", "http://bursar.example:4320")], false);
        for (site, expected) in
            [("same-origin", true), ("same-site", false), ("cross-site", false), ("none", false)]
        {
            check(post, &[page, ("sec-fetch-site", site)], expected);
        }
        for (origin, expected) in [
            ("http://bursar.example:4320", true),
            ("https://BURSAR.example:4320", true),
            ("http://bursar.example:4321", false),
            ("http://bursar.example", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            check(post, &[page, ("origin", origin)], expected);
        }
        check(post, &[page, ("origin", "https://bursar.example"), ("sec-fetch-site", "same-origin")], true);
    }
}

//! The page: the files that the build took in from `web/dist`, served as they are.
//!
//! Every address that the page knows and the server does not is answered with the one
//! document that it has: what is shown there is up to the page. What stands in `assets/`
//! is named after what it holds and may be kept for ever, the document never.

pub(crate) mod headers;

use std::io::Read;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::read::GzDecoder;
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Method};

use crate::desk::Desk;
use crate::failure::Failure;

/// What may be kept for ever.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What is asked for again each time.
const NEVER: HeaderValue = HeaderValue::from_static("no-cache");
/// What rarely changes, such as the icon.
const FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// The document.
const INDEX: &str = "index.html";
/// Addresses of programs, where a document would only be mistaken for an answer.
const OF_PROGRAMS: [&str; 3] = ["/api/", "/v1/", "/assets/"];

/// A file of the page.
#[derive(Debug)]
struct Asset {
    path: &'static str,
    kind: &'static str,
    /// Whether its bytes are gzip.
    packed: bool,
    /// Whether another content would have another name.
    hashed: bool,
    bytes: &'static [u8],
}

/// All of them; none where the page was not built.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// What is shown instead of a page that was not built.
static UNBUILT: Asset = Asset {
    path: INDEX,
    kind: "text/html; charset=utf-8",
    packed: false,
    hashed: false,
    bytes: include_bytes!("page/unbuilt.html"),
};

/// The addresses of the page that are known beforehand.
pub(crate) fn router() -> Router<Desk> {
    Router::new().route("/", get(index)).route("/assets/{*file}", get(asset))
}

async fn index(headers: HeaderMap) -> Response {
    document().answer(&headers)
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let path = format!("assets/{file}");
    found(&path).map(|it| it.answer(&headers)).ok_or(Failure::NoRoute)
}

/// Everything else: a file of the page, or its document for a browser that goes somewhere.
pub(crate) async fn otherwise(request: Request) -> Result<Response, Failure> {
    let (path, headers) = (request.uri().path(), request.headers());
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Failure::NoRoute);
    }
    if let Some(asset) = found(path.trim_start_matches('/')) {
        return Ok(asset.answer(headers));
    }
    let wants_document = headers.get(ACCEPT).is_some_and(|it| contains(it, b"text/html"));
    if !wants_document || OF_PROGRAMS.iter().any(|it| path.starts_with(it)) {
        return Err(Failure::NoRoute);
    }
    Ok(document().answer(headers))
}

fn found(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|it| it.path == path)
}

fn document() -> &'static Asset {
    found(INDEX).unwrap_or(&UNBUILT)
}

fn contains(value: &HeaderValue, part: &[u8]) -> bool {
    value.as_bytes().windows(part.len()).any(|it| it == part)
}

impl Asset {
    fn answer(&self, asked: &HeaderMap) -> Response {
        let keep = match (self.hashed, self.path) {
            (true, _) => FOR_EVER,
            (false, INDEX) => NEVER,
            (false, _) => FOR_AN_HOUR,
        };
        let as_packed = self.packed && takes_gzip(asked);
        let body = if self.packed && !as_packed { unpacked(self.bytes) } else { Body::from(self.bytes) };
        let kind = HeaderValue::from_static(self.kind);
        let mut response = ([(CONTENT_TYPE, kind), (CACHE_CONTROL, keep)], body).into_response();
        if self.packed {
            response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if as_packed {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// Whether who asks takes gzip. Refusing it by a weight of zero is as good as not naming it.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let named = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|it| it.to_str().ok());
    named.flat_map(|it| it.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        let is_none = weight.bytes().all(|it| matches!(it, b'0' | b'.'));
        name.trim().eq_ignore_ascii_case("gzip") && !is_none
    })
}

/// For the few that take no gzip. What was packed by the build unpacks to what it was.
fn unpacked(bytes: &'static [u8]) -> Body {
    let mut plain = Vec::new();
    match GzDecoder::new(bytes).read_to_end(&mut plain) {
        Ok(_) => Body::from(plain),
        Err(_) => Body::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn check(accept_encoding: &str, expected: bool) {
        assert_eq!(takes_gzip(&asked(ACCEPT_ENCODING, accept_encoding)), expected, "{accept_encoding}");
    }

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        check("gzip", true);
        check("gzip, deflate, br, zstd", true);
        check("br;q=1.0, GZIP;q=0.5", true);
        check("gzip;q=0", false);
        check("gzip;q=0.000", false);
        check("br", false);
        check("", false);
    }

    #[test]
    fn what_has_its_content_in_its_name_is_kept_and_the_document_is_not() {
        let packed: &[u8] =
            &[31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0];
        let told = |asset: &Asset, encoding: &str| {
            let response = asset.answer(&asked(ACCEPT_ENCODING, encoding));
            let header =
                |name| response.headers().get(name).map_or("-", |it| it.to_str().unwrap()).to_owned();
            format!("{} {}", header(CACHE_CONTROL), header(CONTENT_ENCODING))
        };
        let script = Asset {
            path: "assets/a-1.js",
            kind: "text/javascript",
            packed: true,
            hashed: true,
            bytes: packed,
        };
        assert_eq!(told(&script, "gzip"), "public, max-age=31536000, immutable gzip");
        assert_eq!(told(&script, "br"), "public, max-age=31536000, immutable -");
        assert_eq!(told(&UNBUILT, "gzip"), "no-cache -");
        let icon =
            Asset { path: "icon.svg", kind: "image/svg+xml", packed: false, hashed: false, bytes: packed };
        assert_eq!(told(&icon, "gzip"), "public, max-age=3600 -");
    }

    #[tokio::test]
    async fn what_is_packed_reaches_who_takes_no_gzip_as_it_was() {
        let packed: &[u8] =
            &[31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0];
        let body = axum::body::to_bytes(unpacked(packed), 100).await.unwrap();
        assert_eq!(body, "hello");
    }
}

//! The page at every address that is its own, and what browsers are told with it.

use crate::world::{OWNER, World};

const DOCUMENT: &str = "accept: text/html,application/xhtml+xml,*/*;q=0.8";

#[test]
fn a_browser_gets_the_document_wherever_it_goes_and_programs_get_failures() {
    let world = World::new();
    let home = world.ask("GET /", "", &[DOCUMENT], b"").ok();
    assert!(home.text.starts_with("<!doctype html>"), "{home:?}");
    for (request, headers, expected) in [
        ("GET /explore?by=team", vec![DOCUMENT], "200"),
        ("GET /sessions/a.b-c/turns", vec![DOCUMENT], "200"),
        ("GET /sign-in", vec![DOCUMENT], "200"),
        ("GET /explore", vec![], "404 no_such_address"),
        ("POST /explore", vec![DOCUMENT], "404 no_such_address"),
        ("GET /api/v1/nothing", vec![DOCUMENT], "404 no_such_address"),
        ("GET /v1/nothing", vec![DOCUMENT], "404 no_such_address"),
        ("GET /assets/none.js", vec![DOCUMENT], "404 no_such_address"),
        ("GET /assets/../index.html", vec![], "404 no_such_address"),
    ] {
        let answer = world.ask(request, "", &headers, b"");
        assert_eq!(answer.outcome(), expected, "{request}");
        if answer.status == 200 {
            assert_eq!(answer.text, home.text, "{request}");
        }
    }
}

#[test]
fn every_answer_tells_browsers_to_stay_here() {
    let world = World::new();
    for (request, token, cache) in [
        ("GET /", "", "no-cache"),
        ("GET /api/v1/me", OWNER, "no-store"),
        ("GET /api/v1/report?format=csv", OWNER, "no-store"),
        ("GET /api/v1/me", "", "no-store"),
    ] {
        let answer = world.ask(request, token, &[DOCUMENT], b"");
        assert_eq!(answer.cache_control, cache, "{request}");
        let names = [
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
        ];
        let told = names.map(|it| answer.header(it));
        assert_eq!(
            told,
            [
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                 font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
                "nosniff",
                "same-origin",
                "same-origin",
                "same-origin"
            ],
            "{request}"
        );
    }
}

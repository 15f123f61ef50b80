//! Signing in to the page: cookies in place of tokens, and everything that they are refused for.

use std::io::BufRead as _;

use serde_json::json;

use crate::reporting::{heard, listen_with};
use crate::world::{Answer, OWNER, World, delivery};

/// What the page sends with every change.
const PAGE: &str = "x-bursar-page: 1";

/// What a browser sends back of what it was told to keep.
fn kept(answer: &Answer) -> String {
    let pair = answer.header("set-cookie").split(';').next().expect("a cookie");
    format!("cookie: {pair}")
}

fn sign_in(world: &World, token: &str) -> String {
    let answer = world.send("POST /api/v1/sign-in", "", &json!({ "token": token })).ok();
    assert_eq!(answer.status, 204);
    kept(&answer)
}

/// What comes of a request by cookie.
fn by_cookie(world: &World, request: &str, cookie: &str, more: &[&str]) -> String {
    let headers: Vec<&str> = [cookie].into_iter().chain(more.iter().copied()).collect();
    world.ask(request, "", &headers, b"").outcome()
}

#[test]
fn a_cookie_shows_and_may_what_its_token_does() {
    let world = World::new();
    let call = delivery("a", "session-ada", "github.com/acme/pay", "2026-11-20T09:00:00Z", &["msg_1"]);
    world.deliver(&world.collector("ada@example.com"), &call).ok();
    for role in ["owner", "admin", "finance"] {
        let token = world.token(&json!({ "role": role }));
        let cookie = sign_in(&world, &token);
        for path in
            ["/api/v1/me", "/api/v1/report?by=repo", "/api/v1/sessions", "/api/v1/tokens", "/api/v1/calls"]
        {
            let with = world.ask(&format!("GET {path}"), "", &[&cookie], b"");
            let without = world.get(path, &token);
            assert_eq!(with.outcome(), without.outcome(), "{role} {path}");
            if with.status == 200 {
                assert_eq!(with.text, without.text, "{role} {path}");
            }
        }
        let revoke = "DELETE /api/v1/tokens/none";
        assert_eq!(
            by_cookie(&world, revoke, &cookie, &[PAGE]),
            world.ask(revoke, &token, &[], b"").outcome()
        );
    }
    // Where both come, the token counts: a program means what it says.
    let cookie = sign_in(&world, OWNER);
    assert_eq!(
        world.ask("GET /api/v1/me", "bsr_nobody_nobodynobody", &[&cookie], b"").outcome(),
        "401 unknown_token"
    );
}

#[test]
fn who_cannot_sign_in_is_told_why() {
    let world = World::new();
    let collector = world.collector("ada@example.com");
    let short = world.token(&json!({ "role": "admin", "expires_in_days": 1 }));
    world.pass(1);
    let mut said = String::new();
    for body in [
        json!({}),
        json!({ "token": OWNER, "code": "x" }),
        json!({ "password": "x" }),
        json!({ "token": "bsr_nobody_nobodynobody" }),
        json!({ "token": "short" }),
        json!({ "token": short }),
        json!({ "token": collector }),
        json!({ "code": "0123456789" }),
    ] {
        let answer = world.send("POST /api/v1/sign-in", "", &body);
        assert_eq!(answer.header("set-cookie"), "", "{answer:?}");
        let detail = answer.json()["detail"].as_str().expect("a detail").to_owned();
        said.push_str(&format!("{}: {detail}\n", answer.outcome()));
    }
    let evil = ["content-type: application/json", "origin: https://evil.example"];
    let body = json!({ "token": OWNER }).to_string();
    said.push_str(&world.ask("POST /api/v1/sign-in", "", &evil, body.as_bytes()).outcome());
    insta::assert_snapshot!(said);
}

#[test]
fn who_guesses_has_to_wait() {
    let world = World::new();
    let guess = |code: &str| world.send("POST /api/v1/sign-in", "", &json!({ "code": code }));
    for _ in 0..10 {
        assert_eq!(guess("guess").outcome(), "401 unknown_code");
    }
    let code = world.code();
    let refused = guess(&code);
    assert_eq!((refused.outcome().as_str(), refused.header("retry-after")), ("429 too_many_sign_ins", "60"));
    world.pass_minutes(1);
    assert_eq!(guess(&code).outcome(), "204");
}

#[test]
fn a_link_is_good_once_and_signs_in_the_first_owner() {
    let world = World::new();
    let first = world.get("/api/v1/me", OWNER).ok().json()["token"].clone();
    world.pass_minutes(1);
    world.token(&json!({ "role": "owner" }));
    let code = json!({ "code": world.code() });
    let signed_in = world.send("POST /api/v1/sign-in", "", &code).ok();
    let me = world.ask("GET /api/v1/me", "", &[&kept(&signed_in)], b"").ok().json();
    assert_eq!((&me["token"], me["role"].as_str()), (&first, Some("owner")));
    assert_eq!(world.send("POST /api/v1/sign-in", "", &code).outcome(), "401 unknown_code");
    let late = json!({ "code": world.code() });
    world.pass_minutes(60);
    assert_eq!(world.send("POST /api/v1/sign-in", "", &late).outcome(), "401 unknown_code");
}

#[test]
fn a_change_by_cookie_comes_from_the_page_alone() {
    let world = World::new();
    let cookie = sign_in(&world, OWNER);
    let change = |more: &[&str]| by_cookie(&world, "DELETE /api/v1/org/team/none", &cookie, more);
    let here = format!("origin: http://{}", world.api);
    let allowed = change(&[PAGE]);
    assert_ne!(allowed, "403 not_from_the_page");
    for (headers, expected) in [
        (vec![], false),
        (vec!["x-bursar-page: yes"], false),
        (vec![PAGE, &here], true),
        (vec![PAGE, "origin: https://evil.example"], false),
        (vec![PAGE, "origin: null"], false),
        (vec![PAGE, "sec-fetch-site: same-origin"], true),
        (vec![PAGE, "sec-fetch-site: same-site"], false),
        (vec![PAGE, "sec-fetch-site: cross-site"], false),
        (vec![&here], false),
    ] {
        let wanted = if expected { &allowed } else { "403 not_from_the_page" };
        assert_eq!(change(&headers), wanted, "{headers:?}");
    }
    for request in
        ["POST /api/v1/tokens", "PUT /api/v1/settings", "POST /api/v1/transfers", "POST /api/v1/sign-out"]
    {
        assert_eq!(by_cookie(&world, request, &cookie, &[]), "403 not_from_the_page", "{request}");
    }
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &cookie, &["sec-fetch-site: same-site"]), "200");
}

#[test]
fn a_sign_in_ends_when_it_is_not_used_and_at_the_latest_after_thirty_days() {
    let world = World::new();
    let me = |cookie: &str| world.ask("GET /api/v1/me", "", &[cookie], b"");
    let unused = sign_in(&world, OWNER);
    assert_eq!(me(&unused).header("set-cookie"), "");
    let mut used = sign_in(&world, OWNER);
    for _ in 0..3 {
        world.pass_minutes(5 * 60);
        let answer = me(&used).ok();
        used = kept(&answer);
    }
    assert_eq!(me(&unused).outcome(), "401 sign_in_over");
    for _ in 0..58 {
        world.pass_minutes(12 * 60 - 1);
        used = kept(&me(&used).ok());
    }
    world.pass_minutes(11 * 60);
    assert_eq!(me(&used).outcome(), "401 sign_in_over");
}

#[test]
fn a_sign_in_outlives_the_server_and_ends_with_its_token() {
    let world = World::new();
    let made = world.send("POST /api/v1/tokens", OWNER, &json!({ "role": "admin" })).ok().json();
    let (token, public) =
        (made["token"].as_str().expect("a token"), made["public"].as_str().expect("a name"));
    let cookie = sign_in(&world, token);
    let world = world.again(OWNER);
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &cookie, &[]), "200");
    world.ask(&format!("DELETE /api/v1/tokens/{public}"), OWNER, &[], b"").ok();
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &cookie, &[]), "401 token_revoked");
    let forged = cookie.replace('.', ".0");
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &forged, &[]), "401 sign_in_over");
    let name = cookie.split_once('=').expect("a cookie").0;
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &format!("{name}=a.b.1.d"), &[]), "401 sign_in_over");
}

#[test]
fn who_signs_out_is_out_and_the_log_knows_both() {
    let world = World::new();
    let token = world.token(&json!({ "role": "admin", "developer": "grace@example.com" }));
    let (cookie, other) = (sign_in(&world, &token), sign_in(&world, &token));
    let out = world.ask("POST /api/v1/sign-out", "", &[&cookie, PAGE], b"").ok();
    let name = cookie.split_once('=').expect("a cookie").0.replace("cookie: ", "");
    assert!(out.header("set-cookie").starts_with(&format!("{name}=; ")), "{out:?}");
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &cookie, &[]), "401 sign_in_over");
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &other, &[]), "200");
    assert_eq!(by_cookie(&world, "POST /api/v1/sign-out", &cookie, &[PAGE]), "204");
    let audit = world.get("/api/v1/audit?limit=3", OWNER).ok();
    assert!(!audit.text.contains("sha256"), "{audit:?}");
    let rows = audit.json();
    let rows = rows["rows"].as_array().expect("rows").iter();
    let told: Vec<String> = rows
        .map(|it| {
            format!(
                "{} {} {}",
                it["action"],
                it["reason"],
                it["actor"].as_str().expect("who").starts_with("grace@")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "\"page.sign_out\" null true",
            "\"page.sign_in\" \"with a token\" true",
            "\"page.sign_in\" \"with a token\" true"
        ]
    );
}

#[test]
fn servers_on_one_host_leave_each_others_sign_ins_alone() {
    let (one, other) = (World::new(), World::new());
    let (first, second) = (sign_in(&one, OWNER), sign_in(&other, OWNER));
    let (name, value) = first.split_once('=').expect("a cookie");
    assert!(name.starts_with("cookie: bursar_session_") && !second.starts_with(name), "{first} {second}");
    // A browser knows no port: it sends both to either.
    let both = format!("{first}; {}", second.replace("cookie: ", ""));
    for world in [&one, &other] {
        assert_eq!(by_cookie(world, "GET /api/v1/me", &both, &[]), "200");
        assert_eq!(
            by_cookie(world, "GET /api/v1/me", &format!("cookie: bursar_session={value}"), &[]),
            "401 no_token"
        );
    }
    // Signing in at one again, and out of it, is nothing to the other.
    let again = ["content-type: application/json", &both];
    let body = json!({ "token": OWNER }).to_string();
    let first = kept(&one.ask("POST /api/v1/sign-in", "", &again, body.as_bytes()).ok());
    let both = format!("{first}; {}", second.replace("cookie: ", ""));
    let out = one.ask("POST /api/v1/sign-out", "", &[&both, PAGE], b"").ok();
    assert!(out.header("set-cookie").starts_with(&name.replace("cookie: ", "")), "{out:?}");
    assert_eq!(by_cookie(&one, "GET /api/v1/me", &both, &[]), "401 sign_in_over");
    assert_eq!(by_cookie(&other, "GET /api/v1/me", &both, &[]), "200");
    // It is the book that names it, and no start of a server.
    let other = other.again(OWNER);
    assert_eq!(by_cookie(&other, "GET /api/v1/me", &second, &[]), "200");
}

#[test]
fn live_events_come_by_cookie_until_who_listens_signs_out() {
    let mut world = World::new();
    let (leaves, stays) = (sign_in(&world, OWNER), sign_in(&world, OWNER));
    let (mut leaving, staying) =
        (listen_with(&world, &format!("{leaves}\r\n")), listen_with(&world, &format!("{stays}\r\n")));
    let collector = world.collector("ada@example.com");
    let deliver = |key: &str| {
        let call = delivery("m", "s", "github.com/acme/pay", "2026-11-20T09:00:00Z", &[key]);
        world.deliver(&collector, &call).ok();
    };
    deliver("msg_1");
    let mut line = String::new();
    while !line.starts_with("event: call") {
        line.clear();
        leaving.read_line(&mut line).expect("a line");
    }
    world.ask("POST /api/v1/sign-out", "", &[&leaves, PAGE], b"").ok();
    deliver("msg_2");
    // It ends by itself, while the server goes on.
    assert_eq!(heard(leaving).0, Vec::<String>::new());
    world.stop();
    assert_eq!(heard(staying).0, ["call", "call"]);
}

#[test]
fn signing_in_again_takes_the_place_of_what_was_there() {
    let world = World::new();
    let first = sign_in(&world, OWNER);
    let again = world.ask(
        "POST /api/v1/sign-in",
        "",
        &["content-type: application/json", &first],
        json!({ "token": OWNER }).to_string().as_bytes(),
    );
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &first, &[]), "401 sign_in_over");
    let mut cookies = vec![kept(&again.ok())];
    cookies.extend((0..16).map(|_| {
        world.pass_minutes(1);
        sign_in(&world, OWNER)
    }));
    let outcomes = cookies.iter().map(|it| by_cookie(&world, "GET /api/v1/me", it, &[]));
    let over = outcomes.enumerate().filter(|it| it.1 != "200").map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(over, [0]);
}

#[test]
fn over_tls_the_cookie_goes_nowhere_else() {
    let world = World::encrypted();
    let answer = world.send("POST /api/v1/sign-in", "", &json!({ "token": OWNER })).ok();
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-bursar_session_") && cookie.ends_with("; Secure"), "{cookie}");
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &kept(&answer), &[]), "200");
    let plain = kept(&answer).replace("__Host-", "");
    assert_eq!(by_cookie(&world, "GET /api/v1/me", &plain, &[]), "401 no_token");
    // The same behind a proxy that encrypts.
    let world = World::new();
    let proxied = ["content-type: application/json", "x-forwarded-proto: https"];
    let body = json!({ "token": OWNER }).to_string();
    let answer = world.ask("POST /api/v1/sign-in", "", &proxied, body.as_bytes()).ok();
    assert!(answer.header("set-cookie").starts_with("__Host-"), "{answer:?}");
}

//! The life of a token.

use serde_json::json;

use crate::world::{OWNER, World};

fn check(world: &World, wanted: &serde_json::Value, expected: &str) {
    let answer = world.send("POST /api/v1/tokens", OWNER, wanted);
    assert_eq!(format!("{} {}", answer.outcome(), answer.json()["detail"]), expected, "{wanted}");
}

#[test]
fn tokens_that_make_no_sense_are_refused() {
    let world = World::new();
    check(
        &world,
        &json!({ "role": "king" }),
        "422 bad_token_request \"there is no role `king`; there are owner, admin, finance, lead, developer, \
         collector\"",
    );
    check(
        &world,
        &json!({ "role": "developer" }),
        "422 bad_token_request \"a developer's token needs `developer`: whose figures it shows\"",
    );
    check(
        &world,
        &json!({ "role": "lead" }),
        "422 bad_token_request \"a lead's token needs `teams`: whose figures it shows\"",
    );
    check(
        &world,
        &json!({ "role": "lead", "teams": ["core"] }),
        "422 bad_token_request \"the directory has no team `core`; add it with `bursar org apply` first\"",
    );
    check(
        &world,
        &json!({ "role": "admin", "expires_in_days": 0 }),
        "422 bad_token_request \"`expires_in_days` must be a number from 1 to 3650\"",
    );
}

#[test]
fn a_token_is_taken_until_it_expires_or_is_revoked() {
    let world = World::new();
    let short = world.token(&json!({ "role": "admin", "expires_in_days": 2, "label": "visitor" }));
    let made = world.send("POST /api/v1/tokens", OWNER, &json!({ "role": "admin" })).ok().json();
    let long = made["token"].as_str().expect("a token");
    let outcome = |token: &str| world.get("/api/v1/me", token).outcome();
    assert_eq!([outcome(&short), outcome(long)], ["200", "200"]);
    world.pass(2);
    assert_eq!([outcome(&short), outcome(long)], ["401 token_expired", "200"]);
    let revoke = format!("DELETE /api/v1/tokens/{}", made["public"].as_str().expect("a name"));
    world.ask(&revoke, OWNER, &[], b"").ok();
    assert_eq!(outcome(long), "401 token_revoked");
    assert_eq!(outcome(&format!("{long}x")), "401 unknown_token");
    assert_eq!(outcome(""), "401 no_token");
    let listed = world.get("/api/v1/tokens", OWNER).ok();
    assert!(!listed.text.contains("sha256") && !listed.text.contains(long), "{listed:?}");
    let audit = world.get("/api/v1/audit", OWNER).ok();
    assert!(audit.text.contains("token.revoke") && !audit.text.contains("sha256"), "{audit:?}");
}

#[test]
fn the_last_owner_stays() {
    let world = World::new();
    let me = world.get("/api/v1/me", OWNER).ok().json();
    let revoke = format!("DELETE /api/v1/tokens/{}", me["token"].as_str().expect("a name"));
    assert_eq!(world.ask(&revoke, OWNER, &[], b"").outcome(), "422 bad_token_request");
    let admin = world.token(&json!({ "role": "admin" }));
    assert_eq!(world.ask(&revoke, &admin, &[], b"").outcome(), "403 role_may_not");
    let other = world.token(&json!({ "role": "owner" }));
    world.ask(&revoke, &other, &[], b"").ok();
    assert_eq!(world.get("/api/v1/me", OWNER).outcome(), "401 token_revoked");
}

#[test]
fn lists_of_tokens_and_changes_come_in_pages() {
    let world = World::new();
    for _ in 0..4 {
        world.token(&json!({ "role": "collector" }));
    }
    for (path, list) in [("/api/v1/tokens", "tokens"), ("/api/v1/audit", "rows")] {
        let mut sizes = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.get(&format!("{path}?limit=2{cursor}"), OWNER).ok().json();
            sizes.push(page[list].as_array().expect("rows").len());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(sizes, [2, 2, 1], "{path}");
    }
}

#[test]
fn no_answer_is_kept_on_its_way() {
    let world = World::new();
    let made = world.send("POST /api/v1/tokens", OWNER, &json!({ "role": "finance" })).ok();
    assert_eq!(made.cache_control, "no-store");
    for (path, token) in [("/api/v1/report", OWNER), ("/api/v1/me", "nobody"), ("/nowhere", "")] {
        assert_eq!(world.get(path, token).cache_control, "no-store", "{path}");
    }
}

#[test]
fn the_environment_names_an_owner_at_the_first_start_alone() {
    let other = "another-owner-of-this-test";
    let world = World::new().again(other);
    assert_eq!(world.get("/api/v1/me", other).outcome(), "401 unknown_token");
    assert_eq!(world.get("/api/v1/me", OWNER).outcome(), "200");
    let tokens = world.get("/api/v1/tokens", OWNER).ok().json();
    assert_eq!(tokens["tokens"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_others_change_meanwhile_stands_in_nobodys_way() {
    let world = World::new();
    let outcomes = |request: &'static str, body: serde_json::Value| {
        let world = &world;
        move || (0..8).map(|_| world.send(request, OWNER, &body).outcome()).collect::<Vec<_>>()
    };
    let all = std::thread::scope(|scope| {
        let at_once = [
            scope.spawn(outcomes("POST /api/v1/tokens", json!({ "role": "admin" }))),
            scope.spawn(outcomes("POST /api/v1/tokens", json!({ "role": "finance" }))),
            scope.spawn(outcomes("PUT /api/v1/settings", json!({}))),
            scope.spawn(outcomes("POST /api/v1/sign-in", json!({ "token": OWNER }))),
            scope.spawn(outcomes("PUT /api/v1/org/team/web", json!({ "name": "Web" }))),
            scope.spawn(outcomes(
                "PUT /api/v1/budgets",
                json!({ "scope": "org", "period": "month", "amount_usd": "500", "ceiling": "soft" }),
            )),
        ];
        at_once.map(|it| it.join().expect("answers"))
    });
    let expected = ["201", "201", "200", "204", "200", "200"].map(|it| vec![it.to_owned(); 8]);
    assert_eq!(all, expected);
    // What somebody looked at before they changed it is still what they change, or nothing is.
    let stale = world.send("PUT /api/v1/org/team/web?version=1", OWNER, &json!({ "name": "Net" }));
    assert_eq!(stale.outcome(), "409 changed_meanwhile");
}

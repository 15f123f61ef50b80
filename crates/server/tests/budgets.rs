//! Budgets over HTTP: agreed, moved, asked for.

use std::io::BufRead;

use serde_json::{Value, json};

use crate::reporting::listen;
use crate::world::{Answer, OWNER, World, delivery};

const ORGANISATION: &str = r#"
[[team]]
id = "engineering"
[[team]]
id = "core"
parent = "engineering"
[[team]]
id = "lab"
[[developer]]
id = "ada@example.com"
team = "core"
[[developer]]
id = "grace@example.com"
team = "lab"
"#;

/// A company with a tree of budgets of a month: 100 for all, 60 and 20 for two teams, and
/// 10 for Ada.
pub(crate) fn company() -> World {
    let world = World::new();
    world.organisation(ORGANISATION).ok();
    for (scope, amount, parent) in [
        ("org", "100", None),
        ("team/engineering", "70", Some("org")),
        ("team/core", "60", Some("team/engineering")),
        ("team/lab", "20", Some("org")),
        ("developer/ada@example.com", "10", Some("team/core")),
    ] {
        let budget = json!({ "scope": scope, "period": "month", "amount_usd": amount, "parent": parent });
        world.send("PUT /api/v1/budgets", OWNER, &budget).ok();
    }
    world
}

pub(crate) fn transfer(from: &str, to: &str, amount: &str) -> Value {
    json!({ "from": from, "to": to, "period": "month", "amount_usd": amount, "reason": "a rush" })
}

/// A line for each budget of an answer: what is in it, and what is left.
fn lines(answer: &Answer, list: &str) -> String {
    let json = answer.json();
    let usd = |value: &Value| {
        value.as_str().map_or("-", |it| it.trim_end_matches('0').trim_end_matches('.')).to_owned()
    };
    let line = |it: &Value| {
        let figures = &it["figures"];
        let sums =
            ["allocation_usd", "spent_usd", "left_usd", "unpromised_usd"].map(|name| usd(&figures[name]));
        format!(
            "{} a {}: {}",
            it["scope"].as_str().expect("a scope"),
            it["period"].as_str().expect("a period"),
            sums.join(" ")
        )
    };
    json[list].as_array().expect(list).iter().map(line).collect::<Vec<_>>().join("\n")
}

fn tree(world: &World, token: &str) -> String {
    lines(&world.get("/api/v1/budgets", token).ok(), "budgets")
}

#[test]
fn budgets_are_a_tree() {
    let world = company();
    insta::assert_snapshot!(tree(&world, OWNER), @r"
    org a month: 100 0 100 10
    team/engineering a month: 70 0 70 10
    team/core a month: 60 0 60 50
    developer/ada@example.com a month: 10 0 10 10
    team/lab a month: 20 0 20 20
    ");
    let one = world.get("/api/v1/budgets?scope=team/core", OWNER).ok().json();
    assert_eq!(one["budgets"][0]["resets_at"], "2026-12-01T00:00:00Z");
    assert_eq!(one["budgets"][0]["parent"], "team/engineering");
    assert_eq!(one["budgets"][0]["terms"]["ceiling"], "hard");
    let answer = world.get("/api/v1/budgets?kind=developer", OWNER).ok();
    assert_eq!(lines(&answer, "budgets").lines().count(), 1);
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.get(&format!("/api/v1/budgets?limit=2{cursor}"), OWNER).ok();
        pages.push(lines(&page, "budgets").lines().count());
        match page.json()["next"].as_str() {
            Some(next) => cursor = format!("&cursor={}", next.replace(' ', "%20")),
            None => break,
        }
    }
    assert_eq!(pages, [2, 2, 1]);
}

#[test]
fn a_new_budget_knows_what_was_spent() {
    let world = World::new();
    world.organisation(ORGANISATION).ok();
    let calls = delivery("a", "s", "github.com/acme/pay", "2026-11-20T09:00:00Z", &["m1", "m2"]);
    world.deliver(&world.collector("ada@example.com"), &calls).ok();
    let report = world.get("/api/v1/report", OWNER).ok().json();
    let cost = report["total"]["cost_nano_usd"].as_str().expect("a cost").to_owned();
    for (scope, expected) in [
        ("org", cost.as_str()),
        ("team/engineering", &cost),
        ("team/lab", "0"),
        ("developer/ada@example.com", &cost),
        ("repo/github.com/acme/pay", &cost),
        ("repo/github.com/acme/web", "0"),
        ("model/claude-sonnet-4-6", &cost),
        ("provider/anthropic", &cost),
        ("session/s", &cost),
        ("tag/env=prod", "0"),
    ] {
        let budget = json!({ "scope": scope, "period": "month", "amount_usd": "5" });
        let set = world.send("PUT /api/v1/budgets", OWNER, &budget).ok().json();
        assert_eq!(set["after"][0]["figures"]["spent_nano_usd"], expected, "{scope}");
        let day = json!({ "scope": scope, "period": "day", "amount_usd": "5" });
        let set = world.send("PUT /api/v1/budgets", OWNER, &day).ok().json();
        assert_eq!(set["after"][0]["figures"]["spent_nano_usd"], "0", "{scope} today");
    }
}

#[test]
fn what_would_change_is_told_before_it_does() {
    let world = company();
    let budget = json!({ "scope": "team/lab", "period": "month", "amount_usd": "30.5", "ceiling": "soft" });
    let dry = world.send("PUT /api/v1/budgets?dry_run=true", OWNER, &budget).ok();
    assert_eq!(dry.json()["applied"], false);
    assert_eq!(lines(&dry, "before"), "team/lab a month: 20 0 20 20");
    assert_eq!(lines(&dry, "after"), "team/lab a month: 30.5 0 30.5 30.5");
    let dry = world
        .send("POST /api/v1/transfers?dry_run=true", OWNER, &transfer("team/core", "team/lab", "15"))
        .ok();
    assert_eq!(lines(&dry, "after"), "team/core a month: 45 0 45 35\nteam/lab a month: 35 0 35 35");
    let dry =
        world.send("POST /api/v1/transfers?dry_run=true", OWNER, &transfer("team/core", "team/lab", "70"));
    assert_eq!(dry.outcome(), "409 budget_exceeded");
    assert_eq!(
        lines(&world.get("/api/v1/budgets?scope=team/lab", OWNER), "budgets"),
        "team/lab a month: 20 0 20 20"
    );
    let done = world.send(
        "POST /api/v1/budgets/team%2Flab/allocate",
        OWNER,
        &json!({ "period": "month", "amount_usd": "25" }),
    );
    assert_eq!(lines(&done.ok(), "after"), "team/lab a month: 25 0 25 25");
    let done =
        world.ask("DELETE /api/v1/budgets/team%2Flab?period=month&reason=closed", OWNER, &[], b"").ok();
    assert_eq!(done.json()["after"][0]["terms"], Value::Null);
}

#[test]
fn refusals_say_what_is_short_and_what_to_do() {
    let world = company();
    let refused = world.send("POST /api/v1/transfers", OWNER, &transfer("team/lab", "team/core", "21.005"));
    let mut problem = refused.json();
    problem["request_id"] = Value::Null;
    insta::assert_snapshot!(serde_json::to_string_pretty(&problem).expect("json"));
    let budget = |more: Value| {
        let mut body = json!({ "scope": "team/lab", "period": "month", "amount_usd": "1" });
        body.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        world.send("PUT /api/v1/budgets", OWNER, &body)
    };
    let mut said = Vec::new();
    for more in [
        json!({ "scope": "crew/lab" }),
        json!({ "period": "year" }),
        json!({ "amount_usd": "much" }),
        json!({ "amount_nano_usd": "1" }),
        json!({ "amount_usd": "-1" }),
        json!({ "ceiling": "firm" }),
        json!({ "parent": "team/lab" }),
        json!({ "scope": "developer/*", "parent": "team/lab" }),
        json!({ "thresholds": [{ "at": "50", "action": "allow_overrun" }] }),
        json!({ "period": "day", "pace": "working_days" }),
    ] {
        let answer = budget(more);
        said.push(format!("{}: {}", answer.outcome(), answer.json()["detail"].as_str().expect("a detail")));
    }
    let no_reason = json!({ "scope": "org" });
    for (request, body) in [
        ("POST /api/v1/kills", no_reason),
        (
            "POST /api/v1/transfers",
            json!({ "from": "org", "to": "team/lab", "period": "month", "amount_usd": "1" }),
        ),
        ("POST /api/v1/budgets/team%2Fnone/allocate", json!({ "period": "month", "amount_usd": "1" })),
        ("POST /api/v1/budget-requests/none/approve", json!({})),
    ] {
        let answer = world.send(request, OWNER, &body);
        said.push(format!("{}: {}", answer.outcome(), answer.json()["detail"].as_str().expect("a detail")));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn asking_twice_under_a_key_is_asking_once() {
    let world = company();
    let under = |key: &str, token: &str, amount: &str| {
        let body = transfer("team/core", "team/lab", amount).to_string();
        let headers = [&format!("idempotency-key: {key}"), "content-type: application/json"];
        world.ask("POST /api/v1/transfers", token, &headers, body.as_bytes()).outcome()
    };
    assert_eq!(under("a", OWNER, "5"), "200");
    assert_eq!(under("a", OWNER, "5"), "200");
    assert_eq!(under("a", OWNER, "6"), "422 key_reused");
    // Keys are of a token: nobody meets somebody else's.
    assert_eq!(under("a", &world.token(&json!({ "role": "admin" })), "6"), "200");
    assert_eq!(under(" ", OWNER, "6"), "400 bad_parameter");
    assert_eq!(
        lines(&world.get("/api/v1/budgets?scope=team/lab", OWNER), "budgets"),
        "team/lab a month: 31 0 31 31"
    );
    let set = || {
        let body = json!({ "scope": "repo/x", "period": "month", "amount_usd": "5" }).to_string();
        world.ask("PUT /api/v1/budgets", OWNER, &["idempotency-key: set"], body.as_bytes()).ok()
    };
    set();
    let calls = delivery("a", "s", "x", "2026-11-20T09:00:00Z", &["m1"]);
    world.deliver(&world.collector("ada@example.com"), &calls).ok();
    set();
}

#[test]
fn each_role_sees_and_moves_what_is_theirs() {
    let world = company();
    let lead = world.token(&json!({ "role": "lead", "teams": ["engineering"] }));
    let finance = world.token(&json!({ "role": "finance" }));
    let ada = world.token(&json!({ "role": "developer", "developer": "Ada@example.com" }));
    let collector = world.collector("ada@example.com");
    insta::assert_snapshot!(tree(&world, &lead), @r"
    org a month: - - - -
    team/engineering a month: 70 0 70 10
    team/core a month: 60 0 60 50
    developer/ada@example.com a month: 10 0 10 10
    ");
    insta::assert_snapshot!(tree(&world, &finance), @r"
    org a month: 100 0 100 10
    team/engineering a month: 70 0 70 10
    team/core a month: 60 0 60 50
    team/lab a month: 20 0 20 20
    ");
    insta::assert_snapshot!(tree(&world, &ada), @r"
    org a month: - - - -
    team/engineering a month: - - - -
    team/core a month: - - - -
    developer/ada@example.com a month: 10 0 10 10
    ");
    assert_eq!(world.get("/api/v1/budgets", &collector).outcome(), "403 role_may_not");
    let room = world.get("/api/v1/room", &ada).ok().json();
    assert_eq!(
        (&room["available_usd"], &room["scope"]),
        (&json!("10.000000000"), &json!("developer/ada@example.com"))
    );

    let moved = |token: &str, from: &str, to: &str| {
        world.send("POST /api/v1/transfers", token, &transfer(from, to, "2")).outcome()
    };
    assert_eq!(moved(&ada, "team/core", "developer/ada@example.com"), "403 role_may_not");
    // Nobody else moves anything until the settings say how much.
    assert_eq!(moved(&lead, "team/core", "developer/ada@example.com"), "403 not_allowed");
    let settings =
        json!({ "budgets": { "transfers": { "lead": { "at_once_usd": "5", "times": 2 }, "finance": {} } } });
    world.send("PUT /api/v1/settings", OWNER, &settings).ok();
    assert_eq!(moved(&lead, "team/core", "developer/ada@example.com"), "200");
    assert_eq!(moved(&lead, "team/lab", "team/core"), "404 not_found");
    assert_eq!(moved(&lead, "team/core", "team/lab"), "404 not_found");
    let much = transfer("team/core", "developer/ada@example.com", "6");
    assert_eq!(world.send("POST /api/v1/transfers", &lead, &much).outcome(), "403 too_much_at_once");
    assert_eq!(moved(&lead, "team/core", "developer/ada@example.com"), "200");
    assert_eq!(moved(&lead, "team/core", "developer/ada@example.com"), "403 too_often");
    assert_eq!(moved(&finance, "team/core", "team/lab"), "200");
    let bad = json!({ "budgets": { "transfers": { "developer": {} } } });
    assert_eq!(world.send("PUT /api/v1/settings", OWNER, &bad).outcome(), "400 bad_body");
}

#[test]
fn a_developer_asks_and_somebody_grants() {
    let world = company();
    let ada = world.token(&json!({ "role": "developer", "developer": "ada@example.com" }));
    let grace = world.token(&json!({ "role": "developer", "developer": "grace@example.com" }));
    let lead = world.token(&json!({ "role": "lead", "teams": ["core"] }));
    let settings = json!({ "budgets": { "transfers": { "lead": {} } } });
    world.send("PUT /api/v1/settings", OWNER, &settings).ok();
    let more = json!({ "scope": "developer/ada@example.com", "period": "month", "amount_usd": "5", "reason": "release" });
    assert_eq!(world.send("POST /api/v1/budget-requests", &grace, &more).outcome(), "404 not_found");
    let asked = world.send("POST /api/v1/budget-requests", &ada, &more).ok().json();
    assert_eq!(asked["state"], "open");
    let id = asked["id"].as_str().expect("an id");
    let count = |token: &str| {
        world.get("/api/v1/budget-requests?state=open", token).ok().json()["requests"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!([OWNER, &ada, &lead, &grace].map(count), [Some(1), Some(1), Some(1), Some(0)]);
    let approve = format!("POST /api/v1/budget-requests/{id}/approve");
    let part = json!({ "amount_usd": "3", "from": "team/core", "reason": "this once" });
    assert_eq!(world.send(&approve, &ada, &part).outcome(), "403 role_may_not");
    assert_eq!(world.send(&approve, &lead, &json!({})).outcome(), "400 bad_body");
    let granted = world.send(&approve, &lead, &part).ok().json();
    assert_eq!((&granted["state"], &granted["granted_usd"]), (&json!("approved"), &json!("3.000000000")));
    assert_eq!(world.send(&approve, &lead, &part).outcome(), "409 request_answered");
    assert_eq!(world.get("/api/v1/room", &ada).ok().json()["available_usd"], "13.000000000");
    let asked = world.send("POST /api/v1/budget-requests", &ada, &more).ok().json();
    let deny = format!("POST /api/v1/budget-requests/{}/deny", asked["id"].as_str().expect("an id"));
    let denied = world.send(&deny, &lead, &json!({ "reason": "not now" })).ok().json();
    assert_eq!((&denied["state"], &denied["note"]), (&json!("denied"), &json!("not now")));
}

/// Two managers move money against each other, and nothing is made or lost.
#[test]
fn two_managers_move_money_against_each_other() {
    let world = company();
    let settings = json!({ "budgets": { "transfers": { "lead": {} } } });
    world.send("PUT /api/v1/settings", OWNER, &settings).ok();
    let managers = [("team/engineering", "team/lab"), ("team/lab", "team/engineering")].map(|(from, to)| {
        let lead = json!({ "role": "lead", "teams": ["engineering", "lab"], "label": from });
        (world.token(&lead), from, to)
    });
    std::thread::scope(|scope| {
        for (number, (token, from, to)) in managers.into_iter().enumerate() {
            let world = &world;
            scope.spawn(move || {
                for round in 0..20 {
                    let amount = format!("{}.00000000{}", number + 1, round % 10);
                    let outcome =
                        world.send("POST /api/v1/transfers", &token, &transfer(from, to, &amount)).outcome();
                    assert!(["200", "409 budget_exceeded"].contains(&outcome.as_str()), "{outcome}");
                }
            });
        }
    });
    let budgets = world.get("/api/v1/budgets?kind=team", OWNER).ok().json();
    let nano = |scope: &str| -> i64 {
        let all = budgets["budgets"].as_array().expect("budgets");
        let it = all.iter().find(|it| it["scope"] == scope).expect(scope);
        it["figures"]["allocation_nano_usd"].as_str().and_then(|it| it.parse().ok()).expect("an amount")
    };
    assert_eq!(nano("team/engineering") + nano("team/lab"), 90_000_000_000);
}

/// Calls that only logs saw are counted once, whatever is set, and whenever the server stops.
#[test]
fn what_no_gateway_saw_is_booked_once() {
    let world = company();
    let token = world.collector("ada@example.com");
    let spent = |world: &World, scope: &str| {
        let budgets = world.get(&format!("/api/v1/budgets?scope={scope}"), OWNER).ok().json();
        budgets["budgets"][0]["figures"]["spent_nano_usd"].as_str().expect(scope).to_owned()
    };
    let cost = |world: &World| {
        let report = world.get("/api/v1/report", OWNER).ok().json();
        report["total"]["cost_nano_usd"].as_str().expect("a cost").to_owned()
    };
    let set = |world: &World, scope: &str| {
        let budget = json!({ "scope": scope, "period": "month", "amount_usd": "5" });
        world.send("PUT /api/v1/budgets", OWNER, &budget).ok();
    };
    let first = delivery("a", "s", "github.com/acme/pay", "2026-11-22T11:58:00Z", &["m1", "m2"]);
    world.deliver(&token, &first).ok();
    set(&world, "model/claude-sonnet-4-6");
    let once = cost(&world);
    for scope in
        ["org", "team/engineering", "team/core", "developer/ada@example.com", "model/claude-sonnet-4-6"]
    {
        assert_eq!(spent(&world, scope), once, "{scope}");
    }
    assert_eq!(spent(&world, "team/lab"), "0");
    world.deliver(&token, &first).ok();
    let more = delivery("a", "s", "github.com/acme/pay", "2026-11-22T11:59:00Z", &["m3"]);
    world.deliver(&token, &more).ok();
    let world = world.again(OWNER);
    set(&world, "repo/github.com/acme/pay");
    let both = cost(&world);
    assert_ne!(once, both);
    for scope in ["org", "team/core", "model/claude-sonnet-4-6", "repo/github.com/acme/pay"] {
        assert_eq!(spent(&world, scope), both, "{scope}");
    }
}

#[test]
fn those_who_see_a_budget_hear_what_becomes_of_it() {
    let mut world = World::new();
    world.organisation(ORGANISATION).ok();
    let ada = world.token(&json!({ "role": "developer", "developer": "ada@example.com" }));
    let grace = world.token(&json!({ "role": "developer", "developer": "grace@example.com" }));
    let calls = delivery("a", "s", "github.com/acme/pay", "2026-11-20T09:00:00Z", &["m1", "m2"]);
    world.deliver(&world.collector("ada@example.com"), &calls).ok();
    let readers = [OWNER, &ada, &grace].map(|it| listen(&world, it));
    let budget = json!({
        "scope": "developer/ada@example.com", "period": "month", "amount_usd": "0.010",
        "thresholds": [{ "at": "80", "action": "notify" }],
    });
    world.send("PUT /api/v1/budgets", OWNER, &budget).ok();
    world.send("POST /api/v1/kills", OWNER, &json!({ "scope": "session/s", "reason": "a drill" })).ok();
    world.stop();
    let [owner, ada, grace] = readers.map(|it| {
        let lines = it
            .lines()
            .map_while(Result::ok)
            .filter(|it| it.starts_with("event: ") || it.starts_with("data: "));
        // Calls that were delivered before are told a moment later, to whoever listens then.
        let told: Vec<_> = lines.collect();
        let of_budgets = told.chunks(2).filter(|it| it[0] != "event: call");
        of_budgets.map(|it| it.join("\n")).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(format!("owner\n{owner}\n\nada\n{ada}\n\ngrace\n{grace}"));
}

/// The shapes of the spend limits API, over the same budgets.
#[test]
fn tools_that_speak_of_spend_limits_are_understood() {
    let world = company();
    let ask = |request: &str, key: &str, body: &Value| {
        world.ask(request, "", &[&format!("x-api-key: {key}")], body.to_string().as_bytes())
    };
    let limits = "/v1/organizations/spend_limits";
    let user = json!({ "type": "user", "user_id": "Ada@example.com" });
    let set = ask(&format!("POST {limits}"), OWNER, &json!({ "scope": user, "amount": "75000" })).ok().json();
    assert_eq!(
        (&set["amount"], &set["period"], &set["type"]),
        (&json!("75000"), &json!("monthly"), &json!("spend_limit"))
    );
    let everybody = json!({ "scope": { "type": "organization" }, "amount": "50000.5", "period": "monthly" });
    ask(&format!("POST {limits}"), OWNER, &everybody).ok();
    let listed = world.get(limits, OWNER).ok().json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2));
    let effective = world.get(&format!("{limits}/effective?limit=1"), OWNER).ok().json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&effective).expect("json"));
    let next =
        format!("{limits}/effective?limit=1&page={}", effective["next_page"].as_str().expect("a page"));
    let grace = world.get(&next, OWNER).ok().json();
    assert_eq!((&grace["data"][0]["amount"], &grace["next_page"]), (&json!("50000.5"), &Value::Null));
    assert_eq!(grace["data"][0]["source"]["type"], "organization");

    let ada = world.token(&json!({ "role": "developer", "developer": "ada@example.com" }));
    let more = json!({ "scope": "developer/ada@example.com", "period": "month", "amount_usd": "5", "reason": "release" });
    world.send("POST /api/v1/budget-requests", &ada, &more).ok();
    let requests = "/v1/organizations/spend_limit_increase_requests";
    let pending = world.get(&format!("{requests}?status[]=pending"), OWNER).ok().json();
    let id = pending["data"][0]["id"].as_str().expect("an id");
    assert_eq!(pending["data"][0]["spend_summary"]["amount"], "75000");
    let approved =
        ask(&format!("POST {requests}/{id}/approve"), OWNER, &json!({ "amount": "75300" })).ok().json();
    assert_eq!(approved["status"], "approved");
    assert_eq!(world.get("/api/v1/room", &ada).ok().json()["available_usd"], "60.000000000");

    let id = set["id"].as_str().expect("an id");
    let removed = ask(&format!("DELETE {limits}/{id}"), OWNER, &Value::Null).ok().json();
    assert_eq!(removed["type"], "spend_limit_deleted");
    for (request, key, body, expected) in [
        (format!("GET {limits}/{id}"), OWNER, json!(null), "404 not_found_error"),
        (format!("GET {limits}"), "none-at-all-of-them", json!(null), "401 authentication_error"),
        (format!("GET {limits}"), &ada, json!(null), "403 permission_error"),
        (
            format!("POST {limits}"),
            OWNER,
            json!({ "scope": { "type": "rbac_group" } }),
            "400 invalid_request_error",
        ),
        (
            format!("POST {limits}"),
            OWNER,
            json!({ "scope": user, "amount": "much" }),
            "400 invalid_request_error",
        ),
    ] {
        let refused = ask(&request, key, &body);
        let json = refused.json();
        assert_eq!(
            format!("{} {}", refused.status, json["error"]["type"].as_str().expect("a type")),
            expected,
            "{json}"
        );
    }
}

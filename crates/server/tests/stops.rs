//! Freezes and kills over HTTP: who may, what they hit, and how they end.

use serde_json::{Value, json};

use crate::budgets::{company, transfer};
use crate::world::{OWNER, delivery};

#[test]
fn what_is_stopped_is_listed_until_it_is_lifted() {
    let world = company();
    let grace = world.token(&json!({ "role": "developer", "developer": "grace@example.com" }));
    let stop = json!({ "scope": "team/core", "reason": "a leak" });
    assert_eq!(world.send("POST /api/v1/kills", &grace, &stop).outcome(), "403 role_may_not");
    let killed = world.send("POST /api/v1/kills", OWNER, &stop).ok().json();
    assert_eq!(killed["killed"]["reason"], "a leak");
    world
        .send("POST /api/v1/freezes", OWNER, &json!({ "scope": "model/claude-opus-5-5", "reason": "dear" }))
        .ok();
    let stops = |token: &str| world.get("/api/v1/stops", token).ok().json()["stops"].as_array().map(Vec::len);
    assert_eq!((stops(OWNER), stops(&grace)), (Some(2), Some(0)));
    let moved = world.send("POST /api/v1/transfers", OWNER, &transfer("team/core", "team/lab", "1"));
    assert_eq!(moved.outcome(), "409 killed");
    assert_eq!(moved.json()["hint"], "bursar unkill 'team/core'");
    world.ask("DELETE /api/v1/kills/team%2Fcore?reason=mended", OWNER, &[], b"").ok();
    world.ask("DELETE /api/v1/freezes/model%2Fclaude-opus-5-5", OWNER, &[], b"").ok();
    assert_eq!(stops(OWNER), Some(0));
}

#[test]
fn what_a_stop_hits_is_told_before_it_does() {
    let world = company();
    for (who, session, repo, first) in [
        ("ada@example.com", "s-ada", "github.com/acme/pay", "2026-11-22T11:40:00Z"),
        ("ada@example.com", "s-old", "github.com/acme/pay", "2026-11-22T09:00:00Z"),
        ("grace@example.com", "s-grace", "github.com/acme/web", "2026-11-22T11:50:00Z"),
    ] {
        let calls = [format!("{session}-1"), format!("{session}-2")];
        let calls = calls.each_ref().map(String::as_str);
        world.deliver(&world.collector(who), &delivery(session, session, repo, first, &calls)).ok();
    }
    let told = |request: &str, scope: &str| {
        let stop = json!({ "scope": scope, "reason": "a leak" });
        world.send(request, OWNER, &stop).ok().json()
    };
    let kill = told("POST /api/v1/kills?dry_run=true", "team/engineering");
    let reach = &kill["reach"];
    assert_eq!((&kill["applied"], &kill["killed"]["reason"]), (&json!(false), &json!("a leak")));
    assert_eq!(reach["refuses_new_calls"], true);
    assert_eq!(reach["cuts_running_calls"], true);
    assert_eq!(reach["held"]["reserved_nano_usd"], "0");
    let hour = &reach["last_hour"];
    assert_eq!(
        (&hour["calls"], &hour["developers"], &hour["sessions_left_out"]),
        (&json!(2), &json!(1), &json!(0))
    );
    let sessions = hour["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 1, "{kill:#}");
    assert_eq!(sessions[0]["session"], "s-ada");
    assert_eq!(sessions[0]["developer"], "ada@example.com");
    assert_eq!(sessions[0]["last_call_at"], "2026-11-22T11:41:00Z");
    assert_eq!(sessions[0]["today_nano_usd"], hour["cost_nano_usd"]);
    let everybody = told("POST /api/v1/freezes?dry_run=true", "org");
    assert_eq!(everybody["reach"]["cuts_running_calls"], false);
    assert_eq!(everybody["reach"]["last_hour"]["developers"], 2);
    // What has no budget holds no money, and of tags the book knows no calls.
    assert_eq!(told("POST /api/v1/kills?dry_run=true", "session/s-grace")["reach"]["held"], Value::Null);
    assert_eq!(told("POST /api/v1/kills?dry_run=true", "tag/a=b")["reach"]["last_hour"], Value::Null);
    // A template is of all of its kind.
    let all = told("POST /api/v1/kills?dry_run=true", "developer/*");
    assert_eq!(all["reach"]["last_hour"]["developers"], 2);
    // Who only looks needs no reason.
    let unsaid = json!({ "scope": "org" });
    assert_eq!(world.send("POST /api/v1/kills?dry_run=true", OWNER, &unsaid).outcome(), "200");
    assert_eq!(world.send("POST /api/v1/kills", OWNER, &unsaid).outcome(), "422 no_reason");
    assert_eq!(world.get("/api/v1/stops", OWNER).ok().json()["stops"], json!([]));
}

#[test]
fn what_goes_on_is_told_before_it_does() {
    let world = company();
    let stop = json!({ "scope": "team/core", "reason": "a leak" });
    let killed = world.send("POST /api/v1/kills", OWNER, &stop).ok().json();
    assert_eq!((&killed["applied"], &killed["reach"]), (&json!(true), &Value::Null));
    let lifted = world.ask("DELETE /api/v1/kills/team%2Fcore?dry_run=true", OWNER, &[], b"").ok().json();
    assert_eq!((&lifted["applied"], &lifted["killed"]), (&json!(false), &Value::Null));
    assert_eq!(lifted["reach"]["lifts"], killed["killed"]);
    assert_eq!(lifted["reach"]["refuses_new_calls"], false);
    assert_eq!(world.get("/api/v1/stops", OWNER).ok().json()["stops"][0]["killed"], killed["killed"]);
}

#[test]
fn a_lead_stops_what_is_theirs_and_nothing_else() {
    let world = company();
    for (who, session) in [
        ("ada@example.com", "s-ada"),
        ("grace@example.com", "s-grace"),
        ("ada@example.com", "s-both"),
        ("grace@example.com", "s-both"),
    ] {
        let calls = [format!("{session}-{who}")];
        let calls = calls.each_ref().map(String::as_str);
        let sent = delivery(
            &format!("{session} {who}"),
            session,
            "github.com/acme/pay",
            "2026-11-22T11:50:00Z",
            &calls,
        );
        world.deliver(&world.collector(who), &sent).ok();
    }
    let lead =
        world.token(&json!({ "role": "lead", "teams": ["engineering"], "developer": "ada@example.com" }));
    let kill = |token: &str, scope: &str| {
        let stop = json!({ "scope": scope, "reason": "in circles" });
        world.send("POST /api/v1/kills", token, &stop).outcome()
    };
    for theirs in ["session/s-ada", "developer/ada@example.com", "team/core", "team/engineering"] {
        assert_eq!(kill(&lead, theirs), "200", "{theirs}");
        let unkill = format!("DELETE /api/v1/kills/{}", theirs.replace('/', "%2F"));
        assert_eq!(world.ask(&unkill, &lead, &[], b"").outcome(), "200", "{theirs}");
    }
    for others in [
        "session/s-grace",
        "session/s-both",
        "session/nobody-knows",
        "developer/grace@example.com",
        "developer/*",
        "team/lab",
        "org",
        "repo/github.com/acme/pay",
        "model/claude-sonnet-4-6",
    ] {
        assert_eq!(kill(&lead, others), "403 role_may_not", "{others}");
    }
    let freeze = json!({ "scope": "team/core", "reason": "the books" });
    assert_eq!(world.send("POST /api/v1/freezes", &lead, &freeze).outcome(), "403 role_may_not");
    // What somebody else stopped, they had a reason for.
    assert_eq!(kill(OWNER, "session/s-ada"), "200");
    let unkill = "DELETE /api/v1/kills/session%2Fs-ada";
    assert_eq!(world.ask(unkill, &lead, &[], b"").outcome(), "403 role_may_not");
    assert_eq!(world.ask(unkill, OWNER, &[], b"").outcome(), "200");
}

#[test]
fn a_lead_is_told_what_their_own_people_spent_in_a_session() {
    let world = company();
    for (who, calls) in [("ada@example.com", &["a1"][..]), ("grace@example.com", &["g1", "g2"][..])] {
        let sent = delivery(who, "s-both", "github.com/acme/pay", "2026-11-22T11:50:00Z", calls);
        world.deliver(&world.collector(who), &sent).ok();
    }
    let lead = world.token(&json!({ "role": "lead", "teams": ["engineering"] }));
    let told = |token: &str| {
        let stop = json!({ "scope": "developer/ada@example.com" });
        world.send("POST /api/v1/kills?dry_run=true", token, &stop).ok().json()["reach"]["last_hour"].clone()
    };
    let today = |hour: &Value| {
        let nano = hour["sessions"][0]["today_nano_usd"].as_str().expect("an amount");
        nano.parse::<i64>().expect("a number")
    };
    let (theirs, all) = (told(&lead), told(OWNER));
    assert_eq!((&theirs["calls"], &theirs["cost_nano_usd"]), (&json!(1), &all["cost_nano_usd"]));
    assert_eq!(today(&theirs) * 3, today(&all));
}

//! A session as it went.

use std::sync::Arc;

use domain::{Place, SessionTally, Thread, Timestamp, Tokens, Tool};
use serde_json::json;

use crate::world::{OWNER, World, at, delivery};

const MORNING: &str = "2026-11-20T09:00:00Z";

/// Minute, tokens of the prompt out of the cache, tokens of output, and whether a subagent asked.
type Told = (i64, u64, u64, bool);

/// A session of those calls, as a collector reports it.
fn session(world: &World, calls: &[Told]) {
    let keys: Vec<String> = (0..calls.len()).map(|it| format!("msg_{it:02}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut sent = delivery("m", "night", "github.com/acme/pay", MORNING, &keys);
    for (reported, (minute, cached, output, is_subagent)) in sent.calls.iter_mut().zip(calls) {
        let call = &mut reported.call;
        let moment = Timestamp::from_millis(at(MORNING).millis() + minute * 60_000);
        (call.at, call.figures.at, call.owner.at) = (moment, moment, moment);
        call.figures.usage.cache_read = Tokens::new(*cached);
        call.figures.usage.output = Tokens::new(*output);
        if *is_subagent {
            let place = Place { thread: Thread::Subagent, ..call.owner.place.as_ref().clone() };
            call.owner.place = Arc::new(place);
        }
    }
    let mut tally = SessionTally::new(Tool::ClaudeCode, "night".into(), at(MORNING));
    (tally.turns, tally.tool_calls, tally.failed_steps, tally.longest_failing_run) = (3, 40, 7, 6);
    sent.sessions.push(tally);
    world.deliver(&world.collector("ada@example.com"), &sent).ok();
}

fn check(calls: &[Told], expected: &str) {
    let world = World::new();
    session(&world, calls);
    let timeline = world.get("/api/v1/sessions/nig/timeline", OWNER).ok().json();
    let told = timeline["calls"].as_array().expect("calls").iter().map(|it| {
        let marks = [("shrank", "shrank"), ("racing", "racing")];
        let marks: String =
            marks.iter().filter(|mark| it[mark.0] == true).map(|mark| format!(" {}", mark.1)).collect();
        let (at, thread) = (it["at"].as_str().expect("a moment"), it["thread"].as_str().expect("a thread"));
        format!(
            "{} {} {thread} {}{marks}\n",
            at.get(11..16).expect("a time"),
            it["stretch"],
            it["context_tokens"]
        )
    });
    assert_eq!(told.collect::<String>(), expected);
    let total = world.get("/api/v1/report?session=night", OWNER).ok().json();
    assert_eq!(timeline["cost_nano_usd"], total["total"]["cost_nano_usd"]);
    assert_eq!(timeline["course"][0]["longest_failing_run"], 6);
}

#[test]
fn calls_come_in_stretches_of_work() {
    check(
        &[(0, 0, 10, false), (5, 0, 10, false), (11, 0, 10, true), (12, 0, 10, false)],
        "09:00 1 main 1000\n09:05 1 main 1000\n09:11 2 subagent 1000\n09:12 2 main 1000\n",
    );
}

#[test]
fn a_prompt_that_shrinks_is_marked_in_the_conversation_alone() {
    check(
        &[(0, 99_000, 10, false), (1, 5_000, 10, true), (2, 119_000, 10, false), (3, 20_000, 10, false)],
        "09:00 1 main 100000\n09:01 1 subagent 6000\n09:02 1 main 120000\n09:03 1 main 21000 shrank\n",
    );
}

#[test]
fn minutes_that_cost_far_more_than_usual_are_marked() {
    check(
        &[(0, 0, 1_000, false), (5, 0, 1_000, false), (10, 0, 1_000, false), (15, 0, 600_000, false)],
        "09:00 1 main 1000\n09:05 1 main 1000\n09:10 1 main 1000\n09:15 1 main 1000 racing\n",
    );
    // Two spans say nothing of what is usual.
    check(&[(0, 0, 1_000, false), (15, 0, 600_000, false)], "09:00 1 main 1000\n09:15 2 main 1000\n");
}

#[test]
fn it_is_shown_to_who_sees_the_session() {
    let world = World::new();
    session(&world, &[(0, 0, 10, false)]);
    let ask = |token: &str| world.get("/api/v1/sessions/night/timeline", token).outcome();
    let developer = |name: &str| world.token(&json!({ "role": "developer", "developer": name }));
    assert_eq!(ask(&developer("ada@example.com")), "200");
    assert_eq!(ask(&developer("grace@example.com")), "404 not_found");
    assert_eq!(ask(&world.token(&json!({ "role": "finance" }))), "403 individuals_hidden");
    assert_eq!(world.get("/api/v1/sessions/day/timeline", OWNER).outcome(), "404 not_found");
    assert_eq!(world.get("/api/v1/sessions/night/timeline?top=1", OWNER).outcome(), "400 bad_parameter");
}

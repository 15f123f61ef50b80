//! A session as it went.

use std::sync::Arc;

use domain::{Place, SessionTally, Thread, Timestamp, Tokens, Tool, ToolUse, ToolUses, TurnId};
use serde_json::{Value, json};

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

/// A call a minute: which prompt it answers, whether a subagent asked, and how often the steps
/// had failed that it tries again.
type Answered<'a> = (Option<u64>, bool, &'a [u32]);

fn answered(world: &World, calls: &[Answered<'_>]) {
    let keys: Vec<String> = (0..calls.len()).map(|it| format!("msg_{it:02}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut sent = delivery("m", "night", "github.com/acme/pay", MORNING, &keys);
    for ((number, reported), (turn, is_subagent, retries)) in (1_u64..).zip(&mut sent.calls).zip(calls) {
        let call = &mut reported.call;
        call.owner.turn = turn.map(TurnId::new);
        let uses = (number * 10..).zip(*retries).map(|(id, retry)| ToolUse::new(id, "Bash", *retry));
        call.tools = ToolUses::of(uses);
        if *is_subagent {
            let place = Place { thread: Thread::Subagent, ..call.owner.place.as_ref().clone() };
            call.owner.place = Arc::new(place);
        }
    }
    world.deliver(&world.collector("ada@example.com"), &sent).ok();
}

#[test]
fn turns_have_their_calls_and_sum_to_the_session() {
    let world = World::new();
    answered(
        &world,
        &[
            (None, false, &[]),
            (Some(7), false, &[0, 0]),
            (Some(7), true, &[0]),
            (None, true, &[]),
            (Some(7), false, &[1, 2, 3]),
            (Some(4), false, &[]),
        ],
    );
    let timeline = world.get("/api/v1/sessions/night/timeline", OWNER).ok().json();
    let turns = timeline["turns"].as_array().expect("turns");
    let told = turns.iter().map(|it| {
        let (first, last) =
            (it["first_at"].as_str().expect("a moment"), it["last_at"].as_str().expect("a moment"));
        format!(
            "{} {}..{} {} calls, {} of subagents, {} {} tries{}\n",
            it["turn"],
            first.get(11..16).expect("a time"),
            last.get(11..16).expect("a time"),
            it["calls"],
            it["subagents"]["calls"],
            it["tools"],
            it["most_tries"],
            if it["likely_loop"] == true { ", a loop" } else { "" },
        )
    });
    assert_eq!(
        told.collect::<String>(),
        "null 09:00..09:00 1 calls, 0 of subagents, [] 0 tries\n\
         1 09:01..09:04 4 calls, 2 of subagents, [{\"retries\":3,\"tool\":\"Bash\",\"uses\":6}] 4 tries, a loop\n\
         2 09:05..09:05 1 calls, 0 of subagents, [] 0 tries\n",
    );
    let of = |it: &Value| format!("{}{}", it["turn"], if it["turn_by_moment"] == true { "?" } else { "" });
    let calls: Vec<String> = timeline["calls"].as_array().expect("calls").iter().map(of).collect();
    assert_eq!(calls, ["null", "1", "1", "1?", "1", "2"]);
    let nano = |it: &Value| it["cost_nano_usd"].as_str().expect("a cost").parse::<i64>().expect("a number");
    let session = world.get("/api/v1/sessions/night", OWNER).ok().json();
    assert_eq!(turns.iter().map(nano).sum::<i64>(), nano(&session));
    assert_eq!(session["turns"].as_array().map(Vec::len), Some(3));
    let call = world.get("/api/v1/calls/msg_04", OWNER).ok().json();
    let call = &call["calls"][0];
    assert_eq!(
        (&call["turn"], &call["turns"], &call["turn_by_moment"]),
        (&json!(1), &json!(2), &json!(false))
    );
    assert_eq!(call["tools"], json!([{ "tool": "Bash", "uses": 3, "retries": 3 }]));
}

#[test]
fn a_session_of_which_nobody_tells_turns_has_none() {
    let world = World::new();
    answered(&world, &[(None, false, &[]), (None, true, &[])]);
    let timeline = world.get("/api/v1/sessions/night/timeline", OWNER).ok().json();
    assert_eq!((&timeline["turns"], &timeline["calls"][1]["turn"]), (&json!([]), &Value::Null));
    let session = world.get("/api/v1/sessions/night?format=table", OWNER).ok().text;
    assert!(session.contains("does not tell which calls answer which prompt"), "{session}");
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

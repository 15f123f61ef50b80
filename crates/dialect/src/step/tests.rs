//! What counts as a step, and which steps are the same.

use super::*;
use crate::request::Request;
use crate::route::Route;
use crate::testing::paths;

fn step(path: &str, conversation: &str) -> Option<Step> {
    let field = match path {
        paths::RESPONSES => "input",
        paths::GEMINI => "contents",
        _ => "messages",
    };
    let body = format!(r#"{{"model":"m","{field}":[{conversation}]}}"#);
    Request::read(&Route::of("POST", path), body.as_bytes()).expect(&body).step
}

fn check(path: &str, conversation: &str, expected: &str) {
    let told = match step(path, conversation) {
        None => "no step",
        Some(Step { is_failure: true, .. }) => "failure",
        Some(Step { is_failure: false, .. }) => "result",
    };
    assert_eq!(told, expected, "{conversation}");
}

/// Whether steps are the same, each in a conversation of its own.
fn check_same(path: &str, one: &str, two: &str, expected: bool) {
    let [one, two] = [one, two].map(|it| step(path, it).expect(it).print);
    assert_eq!(one == two, expected);
}

const ASKED: &str = r#"{"role":"user","content":"Fix it"}"#;

fn tool_result(id: u32, text: &str, is_error: bool) -> String {
    format!(
        r#"{{"type":"tool_result","tool_use_id":"toolu_{id}","content":[{{"type":"text","text":"{text}"}}],"is_error":{is_error}}}"#
    )
}

#[test]
fn messages_end_with_a_person_or_a_tool() {
    let check = |rest: &str, expected| check(paths::ANTHROPIC, &format!("{ASKED}{rest}"), expected);
    let [done, failed] = [false, true].map(|is_error| tool_result(1, "said", is_error));
    let called = r#"{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"role":"user"}}]}"#;
    check("", "no step");
    check(&format!(r#",{called},{{"role":"user","content":[{done}]}}"#), "result");
    check(&format!(r#",{called},{{"content":[{failed}],"role":"user"}}"#), "failure");
    let reminder = r#"{"type":"text","text":"<system-reminder>"}"#;
    check(&format!(r#",{called},{{"role":"user","content":[{failed},{done},{reminder}]}}"#), "failure");
    check(&format!(r#",{called},{{"role":"user","content":[{failed}]}},{ASKED}"#), "no step");
    let prefilled = r#"{"role":"assistant","content":"I"}"#;
    check(&format!(r#",{called},{{"role":"user","content":[{failed}]}},{prefilled}"#), "failure");
    let of_the_system = r#"{"role":"system","content":"A tool was added"}"#;
    check(&format!(r#",{called},{{"role":"user","content":[{failed}]}},{of_the_system}"#), "failure");
}

#[test]
fn the_same_failure_has_the_same_print() {
    let failed = |id, text: &str| format!(r#"{{"role":"user","content":[{}]}}"#, tool_result(id, text, true));
    let check = |one: String, two: String, expected| check_same(paths::ANTHROPIC, &one, &two, expected);
    check(failed(1, "no such file"), failed(2, "no such file"), true);
    check(format!("{ASKED},{}", failed(1, "no such file")), failed(2, "no such file"), true);
    check(failed(1, "no such file"), failed(1, "no such folder"), false);
    check(failed(1, "failed in 0.51 s"), failed(1, "failed in 12.3 s"), true);
    check(failed(1, "error at line 5"), failed(1, "error at line 6"), false);
    let long = "x".repeat(100_000);
    check(failed(1, &format!("a{long}b{long}c")), failed(1, &format!("a{long}d{long}c")), true);
    check(failed(1, &format!("{long}b")), failed(1, &format!("{long}c")), false);
    let both = |text: &str| {
        let [done, failed] = [tool_result(1, text, false), tool_result(2, "no such file", true)];
        format!(r#"{{"role":"user","content":[{done},{failed}]}}"#)
    };
    check(both("one"), both("two"), true);
}

#[test]
fn chat_completions_tell_failures_in_words() {
    let tool = |text: &str| format!(r#"{{"role":"tool","tool_call_id":"call_1","content":"{text}"}}"#);
    let check = |rest: &str, expected| check(paths::CHAT, &format!("{ASKED},{rest}"), expected);
    check(&tool("12 files"), "result");
    check(&tool("Error: no such file"), "failure");
    check(&tool("<error>no such file</error>"), "failure");
    check(&tool("{\\\"error\\\":\\\"no such file\\\"}"), "failure");
    check(&tool("no errors"), "result");
    check(&tool("done\\nexit code: 0"), "result");
    check(&tool("make: nothing\\nExit code: 2"), "failure");
    check(&format!("{},{}", tool("Error"), tool("12 files")), "failure");
    let said = r#"{"role":"assistant","content":null,"tool_calls":[]}"#;
    check(&format!("{},{said},{}", tool("Error"), tool("12 files")), "result");
    check(&format!("{},{ASKED}", tool("Error")), "no step");
}

#[test]
fn responses_have_their_output_behind_a_head() {
    let output =
        |text: &str| format!(r#"{{"type":"function_call_output","call_id":"call_1","output":"{text}"}}"#);
    let check = |rest: &str, expected| check(paths::RESPONSES, &format!("{ASKED},{rest}"), expected);
    check("{}", "no step");
    let exited = |chunk: &str, seconds: &str, code: u32| {
        output(&format!(
            "Chunk ID: {chunk}\\nWall time: {seconds} seconds\\nProcess exited with code {code}\\nOutput:\\nno such file"
        ))
    };
    check(&exited("1f2e", "0.0512", 0), "result");
    check(&exited("1f2e", "0.0512", 1), "failure");
    check_same(paths::RESPONSES, &exited("1f2e", "0.0512", 1), &exited("99aa", "1", 1), true);
    let json = |seconds: &str| {
        let metadata = format!(r#"\"metadata\":{{\"exit_code\":1,\"duration_seconds\":{seconds}}}"#);
        output(&format!(r#"{{\"output\":\"no such file\",{metadata}}}"#))
    };
    check(&json("0.1"), "failure");
    check_same(paths::RESPONSES, &json("0.1"), &json("2.25"), true);
    let parts = r#"{"type":"custom_tool_call_output","output":[{"type":"input_text","text":"x"}]}"#;
    check(parts, "result");
    let thought = r#"{"type":"reasoning","encrypted_content":"x"}"#;
    check(&format!("{},{thought}", json("0.1")), "failure");
    let typed = r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"Go on"}]}"#;
    check(&format!("{},{typed}", json("0.1")), "no step");
}

#[test]
fn gemini_has_errors_as_a_member() {
    let answered = |response: &str| {
        format!(r#"{{"role":"user","parts":[{{"functionResponse":{{"name":"f","response":{response}}}}}]}}"#)
    };
    let check = |conversation: &str, expected| check(paths::GEMINI, conversation, expected);
    let person = r#"{"role":"user","parts":[{"text":"Fix it"}]}"#;
    check(person, "no step");
    check(&format!("{person},{}", answered(r#"{"output":"done"}"#)), "result");
    check(&answered(r#"{"error":"no such file"}"#), "failure");
    check(&answered(r#"{"error":null}"#), "result");
    check(&format!("{},{person}", answered(r#"{"error":"x"}"#)), "no step");
    let model = r#"{"role":"model","parts":[{"text":"I see"}]}"#;
    check(&format!("{},{model}", answered(r#"{"error":"x"}"#)), "failure");
}

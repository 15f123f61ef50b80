//! Edits by example, and over random bodies: the same tree but for the one value,
//! and the same bytes around it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::*;
use crate::route::Route;
use crate::testing::{Random, paths};

fn read(path: &str, body: &[u8]) -> Request {
    Request::read(&Route::of("POST", path), body).unwrap()
}

fn check(path: &str, body: &str, edit: &Edit, expected: &str) {
    let edited = read(path, body.as_bytes()).edit(body.as_bytes(), edit).unwrap();
    assert_eq!(String::from_utf8_lossy(&edited), expected);
}

fn limit(tokens: u64) -> Edit {
    Edit { output_limit: Some(tokens), ..Edit::default() }
}

#[test]
fn a_model_is_replaced_where_it_stands() {
    let edit = Edit { model: Some(ModelName::new("claude-\"x\"")), ..Edit::default() };
    check(
        paths::ANTHROPIC,
        r#"{ "max_tokens" : 5, "model" : "a\u0062c" , "messages":[]}"#,
        &edit,
        r#"{ "max_tokens" : 5, "model" : "claude-\"x\"" , "messages":[]}"#,
    );
    let body = br#"{"contents":[]}"#;
    assert_eq!(read(paths::GEMINI, body).edit(body, &edit), Err(NoEdit::ModelInPath));
}

#[test]
fn a_limit_is_lowered_kept_or_added() {
    for (path, body, expected) in [
        (paths::ANTHROPIC, r#"{"model":"m","max_tokens": 9000}"#, r#"{"model":"m","max_tokens": 500}"#),
        (paths::ANTHROPIC, r#"{"model":"m","max_tokens":499}"#, r#"{"model":"m","max_tokens":499}"#),
        (paths::ANTHROPIC, r#"{"model":"m"}"#, r#"{"max_tokens":500,"model":"m"}"#),
        (paths::CHAT, r#"{"model":"m","max_tokens":null}"#, r#"{"model":"m","max_tokens":500}"#),
        (
            paths::CHAT,
            r#"{"max_completion_tokens":600,"model":"m","max_tokens":400}"#,
            r#"{"max_completion_tokens":500,"model":"m","max_tokens":400}"#,
        ),
        (paths::CHAT, r#"{"model":"m"}"#, r#"{"max_completion_tokens":500,"model":"m"}"#),
        (paths::RESPONSES, r#"{"model":"m"}"#, r#"{"max_output_tokens":500,"model":"m"}"#),
        (paths::GEMINI, "{}", r#"{"generationConfig":{"maxOutputTokens":500}}"#),
        (paths::GEMINI, r#"{"generationConfig":{}}"#, r#"{"generationConfig":{"maxOutputTokens":500}}"#),
        (
            paths::GEMINI,
            r#"{"generation_config":{"topK":1}}"#,
            r#"{"generation_config":{"maxOutputTokens":500,"topK":1}}"#,
        ),
        (
            paths::GEMINI,
            r#"{"generationConfig":null,"contents":[]}"#,
            r#"{"generationConfig":{"maxOutputTokens":500},"contents":[]}"#,
        ),
        (
            paths::GEMINI,
            r#"{"generation_config":{"max_output_tokens":501}}"#,
            r#"{"generation_config":{"max_output_tokens":500}}"#,
        ),
    ] {
        check(path, body, &limit(500), expected);
    }
}

#[test]
fn a_limit_leaves_room_beside_the_thinking() {
    let body = br#"{"model":"m","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":500}}"#;
    let request = read(paths::ANTHROPIC, body);
    assert_eq!(request.edit(body, &limit(500)), Err(NoEdit::BelowThinking { limit: 500, budget: 500 }));
    assert!(request.edit(body, &limit(501)).is_ok());
}

#[test]
fn a_compaction_takes_no_limit() {
    let body = br#"{"model":"m","input":[]}"#;
    assert_eq!(read("/v1/responses/compact", body).edit(body, &limit(1)), Err(NoEdit::TakesNoLimit));
}

#[test]
fn a_chat_is_asked_for_usage() {
    let edit = Edit { report_usage: true, ..Edit::default() };
    for (body, expected) in [
        (
            r#"{"model":"m","stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#,
        ),
        (r#"{"model":"m","stream_options":{}}"#, r#"{"model":"m","stream_options":{"include_usage":true}}"#),
        (
            r#"{"model":"m","stream_options":{ "x":1}}"#,
            r#"{"model":"m","stream_options":{"include_usage":true, "x":1}}"#,
        ),
        (
            r#"{"model":"m","stream_options":null}"#,
            r#"{"model":"m","stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"model":"m","stream_options":{"include_usage":false}}"#,
            r#"{"model":"m","stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"model":"m","stream_options":{"include_usage":true}}"#,
            r#"{"model":"m","stream_options":{"include_usage":true}}"#,
        ),
    ] {
        check(paths::CHAT, body, &edit, expected);
    }
    check(paths::RESPONSES, r#"{"model":"m"}"#, &edit, r#"{"model":"m"}"#);
}

#[test]
fn several_changes_are_made_at_once() {
    let edit = Edit { model: Some(ModelName::new("n")), output_limit: Some(7), report_usage: true };
    check(
        paths::CHAT,
        r#"{"model":"m","messages":[]}"#,
        &edit,
        r#"{"max_completion_tokens":7,"stream_options":{"include_usage":true},"model":"n","messages":[]}"#,
    );
}

#[test]
fn another_body_is_not_edited() {
    let request = read(paths::CHAT, br#"{"model":"m"}"#);
    let refused = request.edit(b"{}", &Edit::default());
    assert_eq!(refused, Err(NoEdit::OtherBody { len: 2, expected: 13 }));
}

/// What the tree of an edited body should be.
fn expected(mut tree: Map<String, Value>, path: &str, edit: &Edit) -> Value {
    let lowered = |value: Option<&Value>, limit: u64| {
        json!(value.and_then(Value::as_u64).map_or(limit, |stated| stated.min(limit)))
    };
    if let Some(model) = &edit.model {
        tree.insert("model".to_owned(), json!(model.as_str()));
    }
    let names: &[&str] = match path {
        paths::ANTHROPIC => &["max_tokens"],
        paths::RESPONSES => &["max_output_tokens"],
        _ => &["max_completion_tokens", "max_tokens"],
    };
    if let Some(limit) = edit.output_limit {
        let there: Vec<&str> = names.iter().copied().filter(|name| tree.contains_key(*name)).collect();
        let there = if there.is_empty() { names[..1].to_vec() } else { there };
        for name in there {
            let value = lowered(tree.get(name), limit);
            tree.insert(name.to_owned(), value);
        }
    }
    if edit.report_usage && path == paths::CHAT {
        let options = tree.entry("stream_options").or_insert(Value::Null);
        if options.is_null() {
            *options = json!({});
        }
        options["include_usage"] = json!(true);
    }
    Value::Object(tree)
}

#[test]
fn random_bodies_keep_their_tree_but_for_the_values() {
    for seed in 0..4_000 {
        let mut random = Random::new(seed);
        let path = *random.one_of(&[paths::ANTHROPIC, paths::CHAT, paths::RESPONSES]);
        let tree = random.body(path);
        let body = random.written(&Value::Object(tree.clone()));
        let edit = Edit {
            model: random.flip().then(|| ModelName::new("swapped")),
            output_limit: random.flip().then(|| 200 + random.below(2_000)),
            report_usage: random.flip(),
        };
        let edited = read(path, body.as_bytes()).edit(body.as_bytes(), &edit).unwrap();
        let parsed: Value = serde_json::from_slice(&edited).unwrap();
        assert_eq!(parsed, expected(tree, path, &edit), "seed {seed}: {body}");
    }
}

/// How many bytes of the body lie between what both begin with and what both end with.
fn changed(body: &[u8], edited: &[u8]) -> usize {
    let same = |(one, two): &(&u8, &u8)| one == two;
    let before = body.iter().zip(edited).take_while(same).count();
    let after = body.iter().rev().zip(edited.iter().rev()).take_while(same).count();
    body.len().saturating_sub(before + after)
}

#[test]
fn no_byte_outside_of_the_value_changes() {
    for seed in 0..4_000 {
        let mut random = Random::new(seed);
        let path = *random.one_of(&[paths::ANTHROPIC, paths::CHAT, paths::RESPONSES]);
        let mut tree = random.body(path);
        if path == paths::CHAT {
            tree.remove("max_tokens");
        }
        let body = random.written(&Value::Object(tree));
        let written: BTreeMap<String, &RawValue> = serde_json::from_str(&body).unwrap();
        let length = |name: &str| written.get(name).map_or(0, |value| value.get().len());
        for (edit, value) in [
            (Edit { model: Some(ModelName::new("swapped")), ..Edit::default() }, length("model")),
            (
                limit(200),
                length("max_completion_tokens") + length("max_tokens") + length("max_output_tokens"),
            ),
            (Edit { report_usage: true, ..Edit::default() }, length("stream_options")),
            (Edit::default(), 0),
        ] {
            let edited = read(path, body.as_bytes()).edit(body.as_bytes(), &edit).unwrap();
            assert!(changed(body.as_bytes(), &edited) <= value, "seed {seed}: {edit:?} of {body}");
        }
    }
}

#[test]
fn what_is_understood_is_understood_when_edited() {
    for seed in 0..4_000 {
        let mut random = Random::new(seed);
        let path = *random.one_of(&[paths::ANTHROPIC, paths::CHAT, paths::RESPONSES, paths::GEMINI]);
        let tree = Value::Object(random.body(path));
        let body = random.written(&tree);
        let body = random.mutated(body.as_bytes());
        let route = Route::of("POST", path);
        let Ok(request) = Request::read(&route, &body) else { continue };
        let edit = Edit { output_limit: Some(100), report_usage: true, ..Edit::default() };
        let edited = request.edit(&body, &edit).unwrap();
        let again = Request::read(&route, &edited).unwrap();
        assert!(again.output_limit.is_some_and(|it| it <= 100) && again.reports_usage, "seed {seed}");
        assert_eq!(again.edit(&edited, &edit).unwrap(), edited, "seed {seed}");
    }
}

//! What is read of the requests that coding tools send, told in lines of text.

use std::fmt::Write as _;

use domain::Terms;

use super::*;
use crate::testing::paths;

/// All that differs from a request that asks for nothing particular.
fn told(path: &str, body: &str) -> String {
    let request = match Request::read(&Route::of("POST", path), body.as_bytes()) {
        Ok(request) => request,
        Err(error) => return format!("! {error}"),
    };
    let mut told = format!("{} {:?}", request.model, request.delivery).to_lowercase();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(told, "; {name} {value}").unwrap();
        }
    };
    add("limit", request.output_limit.map(|it| it.to_string()));
    add("budget", request.reasoning.budget.map(|it| it.to_string()));
    add("effort", request.reasoning.effort.map(|it| it.to_string()));
    add("answers", (request.answers != 1).then(|| request.answers.to_string()));
    let Terms { tier, speed, geo } = request.terms;
    add(
        "terms",
        (request.terms != Terms::STANDARD).then(|| [tier.name(), speed.name(), geo.name()].join("/")),
    );
    add("cache", request.cache.map(|it| format!("{it:?}")));
    add("search", request.tools.web_search.map(|it| format!("{:?}", it.max_uses)));
    add("tools", (!request.tools.others.is_empty()).then(|| request.tools.others.join("+")));
    add("session", request.session.map(|it| it.to_string()));
    add("background", request.in_background.then(String::new));
    add("usage", (!request.reports_usage).then(|| "no".to_owned()));
    let Prompt { text_bytes, images, documents, sealed_bytes, unseen } = request.prompt;
    add("text", Some(text_bytes.to_string()));
    let media = |it: Media| (it.count > 0).then(|| format!("{}:{}", it.count, it.bytes));
    add("images", media(images));
    add("documents", media(documents));
    add("sealed", (sealed_bytes > 0).then(|| sealed_bytes.to_string()));
    add("unseen", (unseen > 0).then(|| unseen.to_string()));
    told
}

fn check(path: &str, body: &str, expected: &str) {
    assert_eq!(told(path, body), expected, "{body}");
}

#[test]
fn a_request_of_claude_code() {
    let body = r#"{
        "model": "claude-opus-5-5", "max_tokens": 128000, "stream": true,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]}],
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
        "metadata": {"user_id": "{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"5c0f\"}"},
        "thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"},
        "context_management": {"edits": [{"type": "clear_thinking"}]}
    }"#;
    let expected =
        "claude-opus-5-5 events; limit 128000; effort medium; cache OneHour; session 5c0f; text 269";
    check(paths::ANTHROPIC, body, expected);
}

#[test]
fn anthropic_fields_that_change_the_price() {
    let with = |rest: &str| format!(r#"{{"model":"m","max_tokens":9,{rest}}}"#);
    for (rest, expected) in [
        (r#""messages":[]"#, "text 2"),
        (r#""thinking":{"type":"enabled","budget_tokens":4}"#, "budget 4; text 0"),
        (
            r#""service_tier":"priority","speed":"fast","inference_geo":"us""#,
            "terms priority/fast/us; text 0",
        ),
        (r#""service_tier":"auto","speed":null"#, "text 0"),
        (r#""cache_control":{"type":"ephemeral"}"#, "cache FiveMinutes; text 0"),
        (r#""cache_control":{"type":"ephemeral","ttl":"24h"}"#, "cache OneHour; text 0"),
        (
            r#""tools":[{"type":"web_search_20250305","name":"web_search","max_uses":5}]"#,
            "search Some(5); text 65",
        ),
        (r#""tools":[{"type":"web_search_20260209","name":"web_search"}]"#, "search None; text 52"),
        (r#""tools":[{"type":"advisor_20260301","name":"advisor"}]"#, "tools advisor_20260301; text 46"),
        (r#""metadata":{"user_id":"user_ab_account__session_77"}"#, "session 77; text 0"),
        (r#""metadata":{"user_id":"{\"session_id\":"}"#, "text 0"),
        (r#""mcp_servers":[{"url":"x"},{"url":"y"}]"#, "text 0; unseen 2"),
        (r#""something_new":{"a":1}"#, "text 7"),
    ] {
        check(paths::ANTHROPIC, &with(rest), &format!("m whole; limit 9; {expected}"));
    }
}

#[test]
fn what_is_not_text_is_told_apart() {
    let with = |block: &str| format!(r#"{{"model":"m","messages":[{{"content":[{block}]}}]}}"#);
    for (block, expected) in [
        (r#"{"type":"image","source":{"type":"base64","data":"AAAA"}}"#, "text 69; images 1:4"),
        (r#"{"source":{"data":"AAAA","type":"base64"},"type":"document"}"#, "text 72; documents 1:4"),
        (r#"{"type":"document","source":{"type":"text","data":"AAAA"}}"#, "text 74"),
        (r#"{"type":"image","source":{"type":"url","url":"x"}}"#, "text 66; unseen 1"),
        (
            r#"{"type":"tool_result","content":[{"type":"image","source":{"type":"base64","data":"AAAA"}}]}"#,
            "text 104; images 1:4",
        ),
        (r#"{"type":"tool_use","input":{"source":{"type":"base64","data":"AAAA"}}}"#, "text 86"),
        (r#"{"type":"thinking","thinking":"","signature":"AAAA"}"#, "text 64; sealed 4"),
        (r#"{"type":"redacted_thinking","data":"AAAA"}"#, "text 54; sealed 4"),
    ] {
        check(paths::ANTHROPIC, &with(block), &format!("m whole; {expected}"));
    }
}

#[test]
fn tools_that_are_added_in_the_middle_count() {
    let block = r#"{"type":"tool_addition","tool":{"type":"tool_definition","definition":{"type":"web_search_20260209","max_uses":2,"cache_control":{"type":"ephemeral","ttl":"1h"}}}}"#;
    let body = format!(r#"{{"model":"m","messages":[{{"role":"system","content":[{block}]}}]}}"#);
    let length = block.len() + r#"[{"role":"system","content":[]}]"#.len();
    let expected = format!("m whole; cache OneHour; search Some(2); text {length}");
    check(paths::ANTHROPIC, &body, &expected);
    let item = r#"{"type":"additional_tools","tools":[{"type":"file_search"}]}"#;
    let body = format!(r#"{{"model":"m","input":[{item}]}}"#);
    let expected = format!("m whole; tools file_search; text {}", item.len() + 2);
    check(paths::RESPONSES, &body, &expected);
}

#[test]
fn chat_completions() {
    for (body, expected) in [
        (r#"{"model":"m","messages":[]}"#, "m whole; usage no; text 2"),
        (
            r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"max_tokens":5,"max_completion_tokens":4,"n":3,"reasoning_effort":"high","service_tier":"flex","prompt_cache_key":"s"}"#,
            "m events; limit 4; effort high; answers 3; terms flex/standard/global; session s; text 0",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},{"type":"image_url","image_url":{"url":"x"}},{"type":"file","file":{"file_data":"AAAA"}},{"type":"input_audio","input_audio":{"data":"AA"}}]}]}"#,
            "m whole; usage no; text 207; images 1:24; documents 2:6; unseen 1",
        ),
        (r#"{"model":"m","web_search_options":{}}"#, "m whole; search None; usage no; text 2"),
        (r#"{"model":"m","web_search_options":null}"#, "m whole; usage no; text 4"),
    ] {
        check(paths::CHAT, body, expected);
    }
}

#[test]
fn responses() {
    for (body, expected) in [
        (
            r#"{"model":"gpt-x","instructions":"ab","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},{"type":"reasoning","encrypted_content":"AAAA","summary":[]}],"tools":[{"type":"function","name":"shell"},{"type":"web_search"},{"type":"code_interpreter"}],"reasoning":{"effort":"xhigh"},"store":false,"stream":true,"include":["reasoning.encrypted_content"],"prompt_cache_key":"th-1","service_tier":"priority","max_tool_calls":6}"#,
            "gpt-x events; effort xhigh; terms priority/standard/global; search Some(6); tools code_interpreter; session th-1; text 227; sealed 4",
        ),
        (
            r#"{"model":"m","input":"hi","max_output_tokens":7,"background":true,"previous_response_id":"r","conversation":null}"#,
            "m whole; limit 7; background ; text 4; unseen 1",
        ),
        (
            r#"{"model":"m","input":[{"content":[{"type":"input_image","image_url":"data:AA"},{"type":"input_file","file_data":"data:A","file_id":null},{"type":"input_file","file_id":"f"}]},{"type":"function_call_output","output":[{"type":"input_image","image_url":"data:A"}]},{"type":"image_generation_call","result":"AA"}]}"#,
            "m whole; text 267; images 3:15; documents 1:6; unseen 1",
        ),
    ] {
        check(paths::RESPONSES, body, expected);
    }
}

#[test]
fn gemini() {
    for (body, expected) in [
        (
            r#"{"contents":[{"role":"user","parts":[{"text":"hi"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"inline_data":{"mime_type":"application/pdf","data":"AA"}},{"fileData":{"fileUri":"x"}},{"thoughtSignature":"AAA"}]}],"generationConfig":{"maxOutputTokens":8,"candidateCount":2,"thinkingConfig":{"thinkingBudget":3}},"tools":[{"googleSearch":{}}],"cachedContent":"c"}"#,
            "gemini-x whole; limit 8; budget 3; answers 2; search None; text 301; images 1:4; documents 1:2; sealed 3; unseen 2",
        ),
        (
            r#"{"system_instruction":{"parts":{"text":"x"}},"generation_config":{"thinking_config":{"thinking_budget":-1,"thinkingLevel":"low"}}}"#,
            "gemini-x whole; effort low; text 86",
        ),
    ] {
        check(paths::GEMINI, body, expected);
    }
}

#[test]
fn what_is_not_understood_is_named() {
    for (path, body, expected) in [
        (
            paths::ANTHROPIC,
            "",
            "the request body is not understood: expected an object at byte 0; send JSON as the provider documents it",
        ),
        (
            paths::ANTHROPIC,
            r#"{"model":"m"} x"#,
            "the request body is not understood: expected the end of the JSON at byte 14; send JSON as the provider documents it",
        ),
        (paths::ANTHROPIC, "{}", "the request body has no `model`; add it"),
        (paths::ANTHROPIC, r#"{"model":null}"#, "the request body has no `model`; add it"),
        (
            paths::ANTHROPIC,
            r#"{"model":7}"#,
            "the request body has a `model` at byte 9 that is not a text; send a text or leave it out",
        ),
        (
            paths::ANTHROPIC,
            r#"{"model":"a","mod\u0065l":"b"}"#,
            "the request body has `model` again at byte 26; send it once, since it is not certain which one counts",
        ),
        (
            paths::ANTHROPIC,
            r#"{"model":"a","max_tokens":-1}"#,
            "the request body has a `max_tokens` at byte 26 that is not a whole number; send a whole number or leave it out",
        ),
        (
            paths::CHAT,
            r#"{"model":"a","stream":1}"#,
            "the request body has a `stream` at byte 22 that is not true or false; send true or false or leave it out",
        ),
        (
            paths::GEMINI,
            r#"{"generationConfig":{},"generation_config":{}}"#,
            "the request body has `generationConfig` again at byte 43; send it once, since it is not certain which one counts",
        ),
        (
            "/v1/messages/count_tokens",
            "{}",
            "the request generates nothing, so its body has nothing to estimate",
        ),
    ] {
        check(path, body, &format!("! {expected}"));
    }
}

#[test]
fn tools_that_are_offered_are_noticed() {
    let offers = |path: &str, tools: &str| {
        let body = format!(r#"{{"model":"m",{tools}}}"#);
        Request::read(&Route::of("POST", path), body.as_bytes()).expect(&body).offers_tools
    };
    for path in [paths::ANTHROPIC, paths::CHAT, paths::RESPONSES, paths::GEMINI] {
        assert!(offers(path, r#""tools":[{"name":"Bash"}]"#), "{path}");
        assert!(!offers(path, r#""tools":[]"#) && !offers(path, r#""tools":null"#), "{path}");
    }
    assert!(offers(paths::CHAT, r#""functions":[{"name":"f"}]"#));
}

//! Traps of Claude Code's transcripts, each in as few records as show it.

#![expect(clippy::format_push_string, reason = "a line that is put together for the eye")]

use std::path::Path;

use crate::harvest::Harvest;
use crate::lines;

/// One line an observation: key, model, classes, terms, confidence, lineage, place.
fn describe(harvest: &Harvest) -> Vec<String> {
    let mut lines: Vec<String> = harvest
        .observations
        .iter()
        .map(|seen| {
            let (u, t, p) = (&seen.usage, &seen.terms, &seen.place);
            let mut text = format!(
                "{} {} in{} out{} r{} 5m{} 1h{} {} {:?} {}",
                seen.key,
                seen.model,
                u.input,
                u.output,
                u.cache_read,
                u.cache_write_5m,
                u.cache_write_1h,
                seen.output.name(),
                seen.lineage,
                p.session,
            );
            if u.web_searches > 0 {
                text.push_str(&format!(" search{}", u.web_searches));
            }
            if *t != domain::Terms::STANDARD {
                text.push_str(&format!(" {}/{}/{}", t.tier.name(), t.speed.name(), t.geo.name()));
            }
            for (mark, part) in [
                ("@", p.branch.as_ref().map(domain::Branch::as_str)),
                ("/", p.command.as_deref()),
                ("+", p.skill.as_deref()),
                ("$", seen.reported_cost.map(|cost| cost.to_string()).as_deref()),
            ] {
                if let Some(part) = part {
                    text.push_str(&format!(" {mark}{part}"));
                }
            }
            text
        })
        .collect();
    lines.extend(harvest.problems.iter().map(|(problem, met)| format!("! {} {}", met.count, problem.name())));
    lines
}

fn read(path: &str, input: &str) -> Harvest {
    let mut harvest = Harvest::default();
    let mut decoder = super::decoder(Path::new(path), None);
    lines::read(&mut input.as_bytes(), 0, decoder.as_mut(), &mut harvest, &mut |_| {}).unwrap();
    harvest
}

fn check(input: &str, expected: &[&str]) {
    check_at("/p/s1.jsonl", input, expected);
}

fn check_at(path: &str, input: &str, expected: &[&str]) {
    assert_eq!(describe(&read(path, input)), expected);
}

/// An assistant record: `extra` goes into the record, `message` into its message.
fn assistant(extra: &str, message: &str, usage: &str) -> String {
    format!(
        r#"{{"type":"assistant","sessionId":"s1","version":"2.1.150","timestamp":"2026-08-01T08:00:00.000Z"{extra},"message":{{"model":"claude-opus-4-8"{message},"usage":{{{usage}}}}}}}"#
    ) + "\n"
}

const ID: &str = r#","id":"msg_1","stop_reason":"end_turn""#;

#[test]
fn every_line_of_a_message_is_one_observation() {
    let first = assistant(
        r#","requestId":"req_1""#,
        r#","id":"msg_1","stop_reason":null"#,
        r#""input_tokens":3,"output_tokens":1"#,
    );
    let last = assistant(r#","requestId":"req_2""#, ID, r#""input_tokens":3,"output_tokens":90"#);
    check(
        &(first + &last),
        &[
            "msg_1 claude-opus-4-8 in3 out1 r0 5m0 1h0 interrupted Own s1",
            "msg_1 claude-opus-4-8 in3 out90 r0 5m0 1h0 final Own s1",
        ],
    );
}

#[test]
fn cache_writes_are_split_as_far_as_the_split_goes() {
    let total =
        r#""input_tokens":1,"output_tokens":2,"cache_read_input_tokens":7,"cache_creation_input_tokens":100"#;
    for (split, expected) in [
        ("", "5m100 1h0"),
        (r#","cache_creation":null"#, "5m100 1h0"),
        (r#","cache_creation":{"ephemeral_5m_input_tokens":40,"ephemeral_1h_input_tokens":60}"#, "5m40 1h60"),
        (r#","cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}"#, "5m100 1h0"),
        (r#","cache_creation":{"ephemeral_1h_input_tokens":100}"#, "5m0 1h100"),
    ] {
        let expected = format!("msg_1 claude-opus-4-8 in1 out2 r7 {expected} final Own s1");
        check(&assistant("", ID, &format!("{total}{split}")), &[&expected]);
    }
}

#[test]
fn terms_that_change_the_price_are_read() {
    let usage = r#""input_tokens":1,"output_tokens":2,"service_tier":"batch","speed":"fast","inference_geo":"us","server_tool_use":{"web_search_requests":3,"web_fetch_requests":1}"#;
    check(
        &assistant("", ID, usage),
        &["msg_1 claude-opus-4-8 in1 out2 r0 5m0 1h0 final Own s1 search3 batch/fast/us"],
    );
    let usage = r#""input_tokens":1,"output_tokens":2,"service_tier":null,"speed":"standard","inference_geo":"not_available","server_tool_use":null"#;
    check(&assistant("", ID, usage), &["msg_1 claude-opus-4-8 in1 out2 r0 5m0 1h0 final Own s1"]);
}

#[test]
fn old_versions_write_placeholders_unless_the_stream_ended() {
    for (version, stop, expected) in [
        ("2.1.96", "null", "placeholder"),
        ("2.0.76", r#""tool_use""#, "final"),
        ("2.1.97", "null", "interrupted"),
        ("2.1.97", r#""end_turn""#, "final"),
        ("3.0.0-beta.1", "null", "interrupted"),
        ("?", "null", "interrupted"),
    ] {
        let line = format!(
            r#"{{"type":"assistant","sessionId":"s1","version":"{version}","timestamp":"2026-08-01T08:00:00.000Z","message":{{"id":"msg_1","model":"m","stop_reason":{stop},"usage":{{"output_tokens":4}}}}}}"#
        );
        check(&line, &[&format!("msg_1 m in0 out4 r0 5m0 1h0 {expected} Own s1")]);
    }
}

#[test]
fn copies_and_side_conversations_say_so() {
    let usage = r#""output_tokens":4"#;
    check(
        &assistant(r#","forkedFrom":{"sessionId":"s0","messageUuid":"u"}"#, ID, usage),
        &["msg_1 claude-opus-4-8 in0 out4 r0 5m0 1h0 final Copied s1"],
    );
    check(
        &assistant(r#","isSidechain":true,"agentId":"a1""#, ID, usage),
        &["msg_1 claude-opus-4-8 in0 out4 r0 5m0 1h0 final Sidechain s1"],
    );
    check_at(
        "/p/s1/subagents/agent-a1.jsonl",
        &assistant("", ID, usage),
        &["msg_1 claude-opus-4-8 in0 out4 r0 5m0 1h0 final Sidechain s1"],
    );
}

#[test]
fn quoted_subagent_messages_count() {
    let quoted = r#"{"type":"progress","sessionId":"s1","version":"2.0.70","timestamp":"2026-01-01T08:00:05.000Z","data":{"type":"agent_progress","message":{"type":"assistant","timestamp":"2026-01-01T08:00:00.000Z","message":{"id":"msg_9","model":"claude-haiku-4-5-20251001","usage":{"input_tokens":1,"output_tokens":2}}}}}"#;
    check(quoted, &["msg_9 claude-haiku-4-5-20251001 in1 out2 r0 5m0 1h0 placeholder Quoted s1"]);
    check(
        r#"{"type":"progress","data":{"type":"hook_progress","message":"a \"usage\" of words","usage":1}}"#,
        &[],
    );
}

#[test]
fn advisors_are_calls_of_their_own() {
    let usage = r#""input_tokens":1,"output_tokens":2,"iterations":[{"type":"message","input_tokens":1,"output_tokens":2},{"type":"advisor_message","model":"claude-opus-5-5","input_tokens":50,"output_tokens":60,"cache_read_input_tokens":7}]"#;
    check(
        &assistant("", ID, usage),
        &[
            "msg_1#advisor-1 claude-opus-5-5 in50 out60 r7 5m0 1h0 final Own s1",
            "msg_1 claude-opus-4-8 in1 out2 r0 5m0 1h0 final Own s1",
        ],
    );
}

#[test]
fn made_up_messages_are_not_calls() {
    let line = r#"{"type":"assistant","sessionId":"s1","timestamp":"2026-08-01T08:00:00.000Z","isApiErrorMessage":true,"message":{"id":"u-1","model":"<synthetic>","usage":{"input_tokens":0,"output_tokens":0}}}"#;
    check(line, &[]);
}

#[test]
fn made_up_messages_that_are_quoted_are_not_calls() {
    let quoted = r#"{"type":"progress","sessionId":"s1","timestamp":"2026-01-01T08:00:05.000Z","data":{"type":"agent_progress","message":{"type":"assistant","message":{"id":"u-1","model":"<synthetic>","usage":{"input_tokens":0,"output_tokens":0}}}}}"#;
    check(quoted, &[]);
}

#[test]
fn counts_are_read_however_they_are_written() {
    for (count, expected) in [
        ("12.0", "in12"),
        (r#""12""#, "in12"),
        ("null", "in0"),
        ("1e3", "in1000"),
        ("1000000000000", "in1000000000000"),
    ] {
        let expected = format!("msg_1 claude-opus-4-8 {expected} out4 r0 5m0 1h0 final Own s1");
        check(&assistant("", ID, &format!(r#""input_tokens":{count},"output_tokens":4"#)), &[&expected]);
    }
    for odd in ["-1", "1.5", r#""many""#, "1000000000001", "18446744073709551615"] {
        for usage in [
            format!(r#""input_tokens":{odd}"#),
            format!(r#""cache_creation":{{"ephemeral_1h_input_tokens":{odd}}}"#),
            format!(r#""server_tool_use":{{"web_search_requests":{odd}}}"#),
        ] {
            check(&assistant("", ID, &usage), &["! 1 incomplete"]);
        }
    }
}

#[test]
fn transcripts_are_told_by_their_names() {
    for (name, expected) in [
        ("s1.jsonl", true),
        ("s1.jsonl.superseded-1767225600000", true),
        ("s1.jsonl.orphaned-1767225600000", true),
        ("s1.jsonl.gz", false),
        (".s1.jsonl.swp", false),
        (".s1.jsonl", false),
        ("s1.jsonl~", false),
        ("s1.json", false),
    ] {
        assert_eq!(super::is_transcript(name), expected, "{name}");
    }
}

#[test]
fn a_missing_message_id_falls_back_to_request_and_record() {
    let usage = r#""output_tokens":4"#;
    let rest = "claude-opus-4-8 in0 out4 r0 5m0 1h0 interrupted Own s1";
    check(&assistant(r#","requestId":"req_1","uuid":"u1""#, "", usage), &[&format!("req_1 {rest}")]);
    check(&assistant(r#","uuid":"u1""#, "", usage), &[&format!("claude-code:u1 {rest}")]);
    check(&assistant("", "", usage), &["! 1 incomplete"]);
}

#[test]
fn null_in_a_tool_input_loses_nothing() {
    let usage = r#""output_tokens":4"#;
    let message = r#","id":"msg_1","stop_reason":"tool_use","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{"model":null,"usage":null}}]"#;
    check(&assistant("", message, usage), &["msg_1 claude-opus-4-8 in0 out4 r0 5m0 1h0 final Own s1"]);
}

#[test]
fn the_record_behind_a_torn_one_in_the_same_line_is_read() {
    let whole = assistant("", ID, r#""output_tokens":4"#);
    let torn = whole.split_at(150).0.to_owned();
    check(&(torn + &whole), &["msg_1 claude-opus-4-8 in0 out4 r0 5m0 1h0 final Own s1", "! 1 torn"]);
}

#[test]
fn a_pretty_printed_record_is_read() {
    let value: serde_json::Value = serde_json::from_str(&assistant("", ID, r#""output_tokens":4"#)).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap() + "\n";
    check(&pretty, &["msg_1 claude-opus-4-8 in0 out4 r0 5m0 1h0 final Own s1"]);
}

#[test]
fn broken_records_with_usage_are_counted() {
    check(
        "{\"type\":\"assistant\",\"usage\":{,}}\n{\"type\":\"queue-operation\",\"message\":7,\"usage\":1}\n",
        &["! 1 malformed"],
    );
}

#[test]
fn branch_command_skill_and_cost_stand_on_the_call() {
    let at = r#""sessionId":"s1","timestamp":"2026-08-01T08:00:00.000Z""#;
    let prompt = format!(
        "{{\"type\":\"user\",{at},\"message\":{{\"role\":\"user\",\"content\":\"<command-name>/review</command-name> secret\"}}}}\n"
    );
    let usage = r#""output_tokens":4"#;
    let skill = r#","id":"msg_1","stop_reason":"tool_use","content":[{"type":"tool_use","id":"t1","name":"Skill","input":{"skill":"pdf:fill"}}]"#;
    let extra = r#","gitBranch":"feat/x","cwd":"/w","costUSD":0.0125"#;
    let next = format!(
        "{{\"type\":\"user\",{at},\"message\":{{\"role\":\"user\",\"content\":[{{\"type\":\"text\",\"text\":\"go on\"}}]}}}}\n"
    );
    let input = prompt
        + &assistant(extra, skill, usage)
        + &assistant(r#","gitBranch":"feat/x""#, ID, usage)
        + &next
        + &assistant("", ID, usage);
    let harvest = read("/p/s1.jsonl", &input);
    let rest = "claude-opus-4-8 in0 out4 r0 5m0 1h0 final Own s1";
    assert_eq!(
        describe(&harvest),
        [
            format!("msg_1 {rest} @feat/x /review $0.012500000"),
            format!("msg_1 {rest} @feat/x /review +pdf:fill"),
            format!("msg_1 {rest}"),
        ]
    );
    let tally = harvest.tallies.iter().next().unwrap();
    assert_eq!((tally.turns, tally.tool_calls), (2, 1));
}

#[test]
fn a_step_that_fails_again_and_again_is_a_run() {
    let mut input = String::new();
    for id in ["t1", "t2", "t3"] {
        let call = format!(
            r#","id":"msg_{id}","content":[{{"type":"tool_use","id":"{id}","name":"Bash","input":{{"command":"make"}}}}]"#
        );
        input += &assistant("", &call, r#""output_tokens":4"#);
        input += &format!(
            "{{\"type\":\"user\",\"sessionId\":\"s1\",\"timestamp\":\"2026-08-01T08:01:00.000Z\",\"message\":{{\"role\":\"user\",\"content\":[{{\"tool_use_id\":\"{id}\",\"type\":\"tool_result\",\"content\":\"no\",\"is_error\":true}}]}}}}\n"
        );
    }
    let harvest = read("/p/s1.jsonl", &input);
    let tally = harvest.tallies.iter().next().unwrap();
    assert_eq!((tally.failed_steps, tally.longest_failing_run, tally.active_ms), (3, 3, 60_000));
}

#[test]
fn pull_requests_and_compactions_are_kept() {
    let link = r#"{"type":"pr-link","sessionId":"s1","prNumber":12,"prUrl":"https://user:secret@github.com/o/r/pull/12","prRepository":"o/r","timestamp":"2026-08-01T08:00:00.000Z"}"#;
    let compact = r#"{"type":"system","subtype":"compact_boundary","sessionId":"s1","timestamp":"2026-08-01T08:00:01.000Z"}"#;
    let harvest = read(
        "/p/s1.jsonl",
        &format!("{}{link}\n{compact}\n", assistant(r#","gitBranch":"fix/y""#, ID, r#""output_tokens":4"#)),
    );
    let link = &harvest.pull_requests[0];
    assert_eq!(
        (&*link.url, link.number, link.branch.as_ref().unwrap().as_str()),
        ("https://github.com/o/r/pull/12", 12, "fix/y")
    );
    assert_eq!(harvest.tallies.iter().next().unwrap().compactions, 1);
}

#[test]
fn a_pull_request_is_of_its_own_branch_or_of_the_last_one() {
    let link = |extra: &str| {
        format!(
            "{{\"type\":\"pr-link\",\"sessionId\":\"s1\",\"prNumber\":1,\"prUrl\":\"https://github.com/o/r/pull/1\",\"timestamp\":\"2026-08-01T08:00:00.000Z\"{extra}}}\n"
        )
    };
    let call = assistant(r#","gitBranch":"fix/y""#, ID, r#""output_tokens":4"#);
    let mut first = super::decoder(Path::new("/p/s1.jsonl"), None);
    lines::read(&mut call.as_bytes(), 0, first.as_mut(), &mut Harvest::default(), &mut |_| {}).unwrap();
    for (extra, expected) in
        [("", "fix/y"), (r#","gitBranch":"""#, "fix/y"), (r#","gitBranch":"feat/z""#, "feat/z")]
    {
        let mut harvest = Harvest::default();
        let mut second = super::decoder(Path::new("/p/s1.jsonl"), Some(&first.state()));
        lines::read(&mut link(extra).as_bytes(), 0, second.as_mut(), &mut harvest, &mut |_| {}).unwrap();
        assert_eq!(harvest.pull_requests[0].branch.as_ref().map(|it| it.as_str()), Some(expected), "{extra}");
    }
}

#[test]
fn reading_in_two_parts_gives_the_same() {
    let usage = r#""output_tokens":4"#;
    let prompt = "{\"type\":\"user\",\"sessionId\":\"s1\",\"timestamp\":\"2026-08-01T08:00:00.000Z\",\"message\":{\"content\":\"<command-name>/init</command-name>\"}}\n";
    let parts = [prompt.to_owned(), assistant("", ID, usage)];
    let whole = read("/p/s1.jsonl", &parts.concat());
    let mut harvest = Harvest::default();
    let mut first = super::decoder(Path::new("/p/s1.jsonl"), None);
    let end = lines::read(&mut parts[0].as_bytes(), 0, first.as_mut(), &mut harvest, &mut |_| {}).unwrap();
    let mut second = super::decoder(Path::new("/p/s1.jsonl"), Some(&first.state()));
    lines::read(&mut parts[1].as_bytes(), end, second.as_mut(), &mut harvest, &mut |_| {}).unwrap();
    assert_eq!(describe(&harvest), describe(&whole));
    assert_eq!(harvest.tallies, whole.tallies);
}

fn user(extra: &str, content: &str) -> String {
    format!(
        r#"{{"type":"user","sessionId":"s1","timestamp":"2026-08-01T08:00:00.000Z"{extra},"message":{{"role":"user","content":{content}}}}}"#
    ) + "\n"
}

/// An answer under that id, which calls a tool.
fn using(key: &str, id: &str, tool: &str, arguments: &str) -> String {
    let message = format!(
        r#","id":"{key}","stop_reason":"tool_use","content":[{{"type":"tool_use","id":"{id}","name":"{tool}","input":{arguments}}}]"#
    );
    assistant("", &message, r#""input_tokens":1,"output_tokens":2"#)
}

fn result(id: &str, is_error: bool) -> String {
    user("", &format!(r#"[{{"type":"tool_result","tool_use_id":"{id}","is_error":{is_error}}}]"#))
}

fn check_turns(path: &str, input: &str, expected: &str) {
    assert_eq!(crate::testing::show_turns(&read(path, input)), expected);
}

#[test]
fn a_prompt_is_named_by_its_id_or_by_its_record() {
    let answer =
        |key: &str| assistant("", &format!(r#","id":"{key}""#), r#""input_tokens":1,"output_tokens":2"#);
    check_turns(
        "/p/s1.jsonl",
        &[
            answer("m0"),
            user(r#","uuid":"u1","promptId":"p1""#, r#""…""#),
            answer("m1"),
            // What the tool adds to a prompt, and an answer of its own, are no prompts.
            user(r#","uuid":"u2","promptId":"p1","isMeta":true"#, r#""…""#),
            user(r#","uuid":"u3""#, r#""<local-command-stdout>…""#),
            answer("m2"),
            user(r#","uuid":"u4""#, r#""…""#),
            answer("m3"),
            user(r#","uuid":"u5","isSidechain":true"#, r#""…""#),
            answer("m4"),
        ]
        .concat(),
        "m0 no turn\nm1 turn 1\nm2 turn 1\nm3 turn 2\nm4 turn 2\n",
    );
    assert_eq!(
        read("/p/s1.jsonl", &(user(r#","promptId":"p1""#, r#""…""#) + &answer("m"))).observations[0].turn,
        Some(crate::fingerprint::turn("p1")),
    );
}

#[test]
fn a_subagent_is_of_the_prompt_that_its_file_names() {
    let answer = assistant("", r#","id":"m1""#, r#""input_tokens":1,"output_tokens":2"#);
    let path = "/p/s1/subagents/agent-1.jsonl";
    let named = user(r#","uuid":"u1","promptId":"p1","isSidechain":true"#, r#""…""#) + &answer;
    check_turns(path, &named, "m1 turn 1\n");
    assert_eq!(read(path, &named).observations[0].turn, Some(crate::fingerprint::turn("p1")));
    check_turns(path, &(user(r#","uuid":"u1","isSidechain":true"#, r#""…""#) + &answer), "m1 no turn\n");
}

#[test]
fn a_step_that_failed_before_is_known_when_it_is_tried_again() {
    let twice = using("m1", "t1", "Bash", r#"{"command":"cargo test"}"#);
    check_turns(
        "/p/s1.jsonl",
        &[
            user(r#","uuid":"u1""#, r#""…""#),
            twice.clone(),
            twice,
            using("m1", "t2", "Read", "{}"),
            result("t1", true),
            result("t2", false),
            using("m2", "t3", "Bash", r#"{"command":"cargo test"}"#),
            result("t3", true),
            using("m3", "t4", "Bash", r#"{"command":"cargo test"}"#),
            using("m3", "t5", "Bash", r#"{"command":"ls"}"#),
            result("t4", false),
            using("m4", "t6", "Bash", r#"{"command":"cargo test"}"#),
        ]
        .concat(),
        "m1 turn 1 Bash\nm1 turn 1 Bash\nm1 turn 1 Read\nm2 turn 1 Bash+1\nm3 turn 1 Bash+2\nm3 turn 1 Bash\nm4 turn 1 Bash\n",
    );
}

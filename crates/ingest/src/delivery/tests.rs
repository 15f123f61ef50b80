//! A delivery written and read again, and what is refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    ActivityKind, Branch, Call, CallKey, Developer, Folder, InferenceGeo, Lineage, ModelName, Naming,
    NanoUsd, Origin, OutputConfidence, Place, PrLink, Provider, ReporterId, RequestId, ServiceTier,
    SessionId, SessionTally, SourceKind, Speed, Terms, Thread, Timestamp, Tokens, Tool, ToolUse, ToolUses,
    TurnId, Usage,
};
use serde_json::{Value, json};

use super::{
    Delivery, FolderReport, MAX_RECORDS, MAX_TEXT_BYTES, ReportedActivity, ReportedCall, SessionTag, naming,
};

/// The page that lists every field which leaves a machine.
const PAGE: &str = include_str!("../../../../docs/delivery.md");

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_772_442_000_000 + seconds * 1_000)
}

/// A call with everything in it.
fn call() -> Call {
    let place = Arc::new(Place {
        tool: Tool::ClaudeCode,
        session: SessionId::new("5a69ca08"),
        thread: Thread::Subagent,
        folder: Some(Folder::new("folder-2f1c")),
        branch: Some(Branch::new("feat/ENG-412-export")),
        remote: Some(Arc::from("https://github.com/acme/web")),
        command: Some(Arc::from("review")),
        skill: Some(Arc::from("tidy")),
    });
    let figures = Figures {
        model: ModelName::new("claude-opus-5-5"),
        provider: Some(Provider::new("aws-bedrock")),
        usage: Usage {
            input: Tokens::new(1),
            output: Tokens::new(2),
            cache_read: Tokens::new(3),
            cache_write_5m: Tokens::new(4),
            cache_write_1h: Tokens::new(5),
            reasoning: Tokens::new(1),
            web_searches: 6,
        },
        terms: Terms { tier: ServiceTier::Batch, speed: Speed::Fast, geo: InferenceGeo::Us },
        output: OutputConfidence::Interrupted,
        reported_cost: Some(NanoUsd::new(7)),
        lineage: Lineage::Copied,
        at: moment(1),
        origin: Origin::default(),
    };
    Call {
        key: CallKey::new("msg_1"),
        request: Some(RequestId::new("req_1")),
        at: moment(0),
        figures,
        owner: Owner { place, turn: Some(TurnId::new(0xF0)), lineage: Lineage::Sidechain, at: moment(2) },
        tools: ToolUses::of([ToolUse::new(1, "Bash", 2), ToolUse::new(u64::MAX, "Read", 0)]),
    }
}

/// One with everything in it.
fn full() -> Delivery {
    let mut tally = SessionTally::new(Tool::ClaudeCode, SessionId::new("5a69ca08"), moment(0));
    tally.turns = 3;
    tally.peak_context = Tokens::new(9);
    Delivery {
        calls: vec![ReportedCall { naming: Naming::Provider, call: call() }],
        sessions: vec![tally],
        pull_requests: vec![PrLink {
            tool: Tool::ClaudeCode,
            session: SessionId::new("5a69ca08"),
            url: Arc::from("https://github.com/acme/web/pull/12"),
            number: 12,
            branch: Some(Branch::new("feat/ENG-412-export")),
            first_at: moment(3),
            last_at: moment(4),
        }],
        folders: vec![FolderReport {
            folder: Folder::new("folder-2f1c"),
            at: moment(5),
            facts: Arc::from("repo remote github.com/acme/web\ndefault_branch main"),
        }],
        tags: vec![SessionTag {
            session: SessionId::new("5a69ca08"),
            at: moment(7),
            key: Arc::from("client"),
            value: Arc::from("acme"),
        }],
        activities: vec![ReportedActivity {
            identity: [7; 16],
            source: SourceKind::Hook,
            at: moment(6),
            kind: ActivityKind::Commit,
            amount: 1,
            subject: Some(Arc::from("1f0a")),
            tool: Some(Tool::ClaudeCode),
            session: Some(SessionId::new("5a69ca08")),
            folder: Some(Folder::new("f1")),
            branch: Some(Branch::new("feat/pay")),
        }],
        ..Delivery::new(ReporterId::new("machine-1"), "0.1.0", Some(Developer::new("ada@example.com")))
    }
}

fn json_of(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.to_json().unwrap()).unwrap()
}

#[test]
fn what_is_written_is_read_again() {
    for delivery in [full(), Delivery::new(ReporterId::new("machine-1"), "0.1.0", None)] {
        assert_eq!(Delivery::parse(&delivery.to_json().unwrap()), Ok(delivery));
    }
}

#[test]
fn a_place_is_written_once() {
    let mut delivery = full();
    delivery.calls.push(delivery.calls[0].clone());
    assert_eq!(json_of(&delivery)["places"].as_array().unwrap().len(), 1);
    let read = Delivery::parse(&delivery.to_json().unwrap()).unwrap();
    let [one, other] = read.calls.as_slice() else { panic!("{read:?}") };
    assert!(Arc::ptr_eq(&one.call.owner.place, &other.call.owner.place));
}

#[test]
fn what_is_not_known_is_passed_over() {
    let mut json = json_of(&full());
    json["weather"] = json!({"today": ["sun"]});
    json["calls"][0]["mood"] = json!("good");
    json["places"][0]["height_m"] = json!(12);
    assert_eq!(Delivery::parse(json.to_string().as_bytes()), Ok(full()));
}

/// Alters a field and says what is said of it.
fn check(pointer: &str, value: Value, said: &str) {
    let mut json = json_of(&full());
    *json.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    let error = Delivery::parse(json.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), said, "{pointer}");
}

#[test]
fn a_value_that_cannot_be_is_named() {
    check(
        "/calls/0/input",
        json!(1_000_000_000_001_u64),
        "`calls[0]`: `input` is 1000000000001, above 1000000000000",
    );
    check("/calls/0/place", json!(1), "`calls[0]`: `place` is 1, and there are 1 places");
    check("/calls/0/at_ms", json!(0), "`calls[0]`: `at_ms` is 0, which is no moment since 1970");
    check("/calls/0/key", json!(""), "`calls[0]`: `key` is missing or empty");
    check(
        "/calls/0/naming",
        json!("guess"),
        "`calls[0]`: `naming` is `guess`, which this version does not know",
    );
    check("/calls/0/reported_nano_usd", json!(-1), "`calls[0]`: `reported_nano_usd` is -1, below zero");
    check(
        "/places/0/tool",
        json!("abacus"),
        "`places[0]`: `tool` is `abacus`, which this version does not know",
    );
    check("/places/0/branch", json!("a\0b"), "`places[0]`: `branch` holds a NUL");
    check(
        "/places/0/branch",
        json!("x".repeat(MAX_TEXT_BYTES + 1)),
        "`places[0]`: `branch` is longer than 4096 bytes",
    );
    check(
        "/folders/0/facts",
        json!("path /home/ada/src/web"),
        "`folders[0]`: `facts` says something of `path`; known are repo, developer, display, remote, default_branch",
    );
    check("/activities/0/identity", json!("+7"), "`activities[0]`: `identity` is not 32 hexadecimal digits");
    check(
        "/activities/0/source",
        json!("gateway"),
        "`activities[0]`: `source` is `gateway`, which is not on a developer's machine",
    );
    check("/activities/0/amount", json!(u64::MAX), "`activities[0]`: `amount` is too large");
    check("/reporter", json!(""), "`reporter` is missing or empty");
    check(
        "/format",
        json!("bursar.delivery/2"),
        "the delivery is `bursar.delivery/2`; this server reads `bursar.delivery/1`: update the older of the two",
    );
    check(
        "/sessions/0/turns",
        json!(-1),
        "`sessions[0]`: invalid value: integer `-1`, expected u32 at line 1 column 229",
    );
}

#[test]
fn a_list_has_an_end() {
    let mut delivery = full();
    delivery.tags = vec![delivery.tags[0].clone(); MAX_RECORDS + 1];
    let error = Delivery::parse(&delivery.to_json().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "10001 records in `tags`, 10000 at most: send them in parts");
}

#[test]
fn a_collector_that_knows_no_turns_is_understood() {
    let mut json = json_of(&full());
    let sent = json["calls"][0].as_object_mut().unwrap();
    assert!(sent.remove("turn").is_some() && sent.remove("tools").is_some());
    let read = Delivery::parse(json.to_string().as_bytes()).unwrap();
    assert_eq!(read.calls[0].call.owner.turn, None);
    assert_eq!(read.calls[0].call.tools, ToolUses::NONE);
}

#[test]
fn odd_turns_and_tools_are_refused() {
    let many: Vec<Value> =
        (0..=ToolUses::MOST).map(|id| json!({"id": format!("{id:016x}"), "name": "Bash"})).collect();
    for (field, value, problem) in [
        ("turn", json!("f0"), "`turn` is not 16 hexadecimal digits"),
        ("turn", json!("+00000000000000f"), "`turn` is not 16 hexadecimal digits"),
        ("tools", json!([{"id": "x", "name": "Bash"}]), "`id` is not 16 hexadecimal digits"),
        ("tools", json!(many), "`tools` has 257, above 256"),
    ] {
        let mut json = json_of(&full());
        json["calls"][0][field] = value;
        let refused = Delivery::parse(json.to_string().as_bytes()).unwrap_err().to_string();
        assert_eq!(refused, format!("`calls[0]`: {problem}"));
    }
    // A name that is none is not kept.
    let mut json = json_of(&full());
    json["calls"][0]["tools"] = json!([{"id": "0000000000000001", "name": "rm -rf /home/ada"}]);
    let read = Delivery::parse(json.to_string().as_bytes()).unwrap();
    assert_eq!(read.calls[0].call.tools.iter().map(ToolUse::name).collect::<Vec<_>>(), ["nameless"]);
}

#[test]
fn other_bytes_are_no_delivery() {
    for bytes in [&b""[..], b"{", b"[]", b"\xff\xfe", b"{\"format\":1}", b"{\"calls\":{}}"] {
        assert!(Delivery::parse(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn keys_of_our_own_are_told_from_those_of_providers() {
    for (tool, key, expected) in [
        (Tool::ClaudeCode, "msg_01A", Naming::Provider),
        (Tool::ClaudeCode, "req_01A", Naming::Provider),
        (Tool::ClaudeCode, "claude-code:uuid", Naming::Derived),
        (Tool::ClaudeCode, "msg_01A#advisor-1", Naming::Derived),
        (Tool::Codex, "codex:thread:1-2-3-4", Naming::Derived),
        (Tool::Codex, "resp_01A", Naming::Provider),
    ] {
        assert_eq!(naming(tool, key), expected, "{key}");
    }
}

/// The fields of a JSON value, as the page names them.
fn fields(json: &Value, within: &str, into: &mut BTreeSet<String>) {
    for (name, value) in json.as_object().unwrap() {
        match value.as_array() {
            Some(records) => {
                assert!(!records.is_empty(), "{name} is to be filled");
                records.iter().for_each(|record| fields(record, &format!("{within}{name}."), into));
            }
            None => {
                into.insert(format!("{within}{name}"));
            }
        }
    }
}

#[test]
fn the_page_lists_every_field_that_leaves_a_machine_and_no_other() {
    let mut sent = BTreeSet::new();
    fields(&json_of(&full()), "", &mut sent);
    let listed: BTreeSet<String> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(field, _)| field.to_owned()))
        .collect();
    assert_eq!(sent, listed, "docs/delivery.md and crates/ingest/src/delivery/wire.rs differ");
}

#[test]
fn every_field_of_the_wire_is_in_the_full_delivery() {
    let mut sent = BTreeSet::new();
    fields(&json_of(&full()), "", &mut sent);
    let source = include_str!("wire.rs");
    let declared = source.lines().filter_map(|line| {
        let (name, _) = line.trim().strip_prefix("pub(super) ")?.split_once(": ")?;
        Some(name.to_owned())
    });
    let names: BTreeSet<&str> = sent.iter().filter_map(|it| it.rsplit('.').next()).collect();
    let lists = ["places", "calls", "sessions", "pull_requests", "folders", "tags", "activities", "tools"];
    for name in declared.filter(|it| !lists.contains(&it.as_str())) {
        assert!(names.contains(name.as_str()), "`{name}` is declared and never written");
    }
}

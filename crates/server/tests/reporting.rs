//! What is reported, and how it is read again.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::world::{OWNER, World, claiming, delivery};

const DAY: &str = "2026-11-20T09:00:00Z";
const REPO: &str = "github.com/acme/pay";

#[test]
fn a_delivery_counts_once_however_often_it_is_sent() {
    let world = World::new();
    let token = world.collector("ada@example.com");
    let sent = delivery("m", "s", REPO, DAY, &["msg_1", "msg_2"]);
    let book = world.get("/api/v1/me", &token).ok().json()["book"].clone();
    let receipt = |new: u64, known: u64| json!({ "new": new, "corrected": 0, "known": known, "book": book });
    assert_eq!(world.deliver(&token, &sent).ok().json(), receipt(2, 0));
    assert_eq!(world.deliver(&token, &sent).ok().json(), receipt(0, 2));
    let plain = world.ask("POST /api/v1/deliveries", &token, &[], &sent.to_json().expect("json"));
    assert_eq!(plain.ok().json()["known"], 2);
    let metrics = world.get("/metrics", "").ok().text;
    assert!(metrics.contains("bursar_observations_total{source=\"log\",outcome=\"known\"} 4"), "{metrics}");
}

#[test]
fn spend_is_whose_token_reported_it_whatever_it_claims() {
    let world = World::new();
    let by_ada = claiming(delivery("m", "s1", REPO, DAY, &["msg_1"]), "grace@example.com");
    world.deliver(&world.collector("ada@example.com"), &by_ada).ok();
    let shared = world.token(&json!({ "role": "collector" }));
    let by_many = claiming(delivery("m", "s2", REPO, DAY, &["msg_2"]), "linus@example.com");
    world.deliver(&shared, &by_many).ok();
    let report = world.get("/api/v1/report?by=developer&format=csv", OWNER).ok().text;
    let whose: Vec<&str> = report.lines().skip(1).filter_map(|it| it.split(',').next()).collect();
    assert_eq!(whose, ["ada@example.com", "linus@example.com"], "{report}");
    let reporters = world.get("/api/v1/reporters", OWNER).ok().json();
    let names: Vec<_> =
        reporters["reporters"].as_array().expect("rows").iter().map(|it| &it["reporter"]).collect();
    assert_eq!(names, ["ada@example.com/m", "shared/m"]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let world = World::new();
    let token = world.collector("ada@example.com");
    let send = |body: &str| world.ask("POST /api/v1/deliveries", &token, &[], body.as_bytes());
    assert_eq!(send("{}").outcome(), "422 bad_delivery");
    let bad = r#"{"format":"bursar.delivery/1","reporter":"m","bursar":"0","tags":[{"session":"s","at_ms":0,"key":"task","value":"x"}]}"#;
    let answer = send(bad);
    assert_eq!(answer.outcome(), "422 bad_delivery");
    assert_eq!(answer.json()["detail"], "`tags[0]`: `at_ms` is 0, which is no moment since 1970");
}

#[test]
fn nobody_says_whom_another_session_was_for() {
    let world = World::new();
    world.deliver(&world.collector("ada@example.com"), &delivery("m", "s1", REPO, DAY, &["msg_1"])).ok();
    let eve = world.collector("eve@example.com");
    let tag = |session: &str| {
        let body = format!(
            r#"{{"format":"bursar.delivery/1","reporter":"m","bursar":"0",
                "tags":[{{"session":"{session}","at_ms":1795000000000,"key":"client","value":"x"}}]}}"#
        );
        world.ask("POST /api/v1/deliveries", &eve, &[], body.as_bytes()).outcome()
    };
    assert_eq!(tag("s1"), "422 session_of_another");
    assert_eq!(tag("s2"), "200");
}

#[test]
fn a_call_from_the_future_is_refused() {
    let world = World::new();
    let token = world.collector("ada@example.com");
    let answer = world.deliver(&token, &delivery("m", "s", REPO, "2031-01-01T00:00:00Z", &["msg_1"]));
    assert_eq!(answer.outcome(), "422 from_the_future");
}

#[test]
fn pages_of_calls_have_every_call_once() {
    let world = World::new();
    let keys: Vec<String> = (0..7).map(|it| format!("msg_{it}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let token = world.collector("ada@example.com");
    world.deliver(&token, &delivery("m", "s", REPO, DAY, &keys)).ok();
    world.deliver(&token, &delivery("m", "t", "github.com/acme/web", DAY, &["other"])).ok();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/calls?limit=3&repo=acme/pay{cursor}");
        let page = world.get(&path, OWNER).ok().json();
        let calls = page["calls"].as_array().expect("calls");
        assert!(calls.len() <= 3);
        found.extend(calls.iter().map(|it| it["key"].as_str().expect("a key").to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, keys);
    assert_eq!(world.get("/api/v1/calls?cursor=x", OWNER).outcome(), "400 bad_parameter");
    assert_eq!(world.get("/api/v1/calls?limit=0", OWNER).outcome(), "400 bad_parameter");
}

#[test]
fn a_call_is_explained_with_what_was_said_of_it() {
    let world = World::new();
    let token = world.collector("ada@example.com");
    world.deliver(&token, &delivery("m", "s", REPO, DAY, &["msg_1", "msg_12"])).ok();
    let call = world.get("/api/v1/calls/msg_1", OWNER).ok().json();
    assert_eq!(call["schema"], "bursar.explain/1");
    let call = &call["calls"][0];
    assert_eq!(call["call"], "msg_1");
    assert_eq!(call["seen"], json!(["log"]));
    assert_eq!(call["attribution"]["developer"]["evidence"], "credential");
    assert_eq!(call["observations"][0]["reporter"], "ada@example.com/m");
    assert_eq!(call["disagreements"], json!([]));
    // Ids begin with the time, so both calls of that morning have the same beginning.
    let beginning = call["id"].as_str().and_then(|it| it.get(..4)).expect("an id");
    assert_eq!(world.get(&format!("/api/v1/calls/{beginning}"), OWNER).outcome(), "400 bad_parameter");
    let id = call["id"].as_str().expect("an id");
    assert_eq!(world.get(&format!("/api/v1/calls/{id}"), OWNER).ok().json()["calls"][0]["call"], "msg_1");
    let session = world.get("/api/v1/calls/s", OWNER).ok().json();
    assert_eq!(session["calls"].as_array().map(Vec::len), Some(2));
    let text = world.get("/api/v1/calls/msg_12?format=table", OWNER).ok().text;
    assert!(text.contains("Call msg_12") && text.contains("through ada@example.com/m"), "{text}");
    let detail = world.get("/api/v1/sessions/s", OWNER).ok().json();
    assert_eq!(detail["schema"], "bursar.session/1");
}

#[test]
fn coverage_tells_which_sources_saw_what() {
    let world = World::new();
    world.deliver(&world.collector("ada@example.com"), &delivery("m", "s", REPO, DAY, &["msg_1"])).ok();
    let coverage = world.get("/api/v1/coverage?by=developer", OWNER).ok().json();
    assert_eq!(coverage["rows"][0]["key"], "ada@example.com");
    assert_eq!(coverage["total"]["sources"][0]["source"], "log");
    assert_eq!(coverage["total"]["seen_once"], 1);
    assert_eq!(world.get("/api/v1/coverage?by=model", OWNER).outcome(), "400 bad_parameter");
    world.pass(4);
    let reporters = world.get("/api/v1/reporters", OWNER).ok().json();
    assert_eq!(reporters["reporters"][0]["silent"], true);
}

/// Listens to live events; each line as it comes.
pub(crate) fn listen(world: &World, token: &str) -> BufReader<TcpStream> {
    listen_from(world, token, "")
}

/// The same for who comes back, and names what they saw last in a header.
fn listen_from(world: &World, token: &str, last: &str) -> BufReader<TcpStream> {
    listen_with(world, &format!("authorization: Bearer {token}\r\n{last}"))
}

/// The same with these headers, each with the end of its line.
pub(crate) fn listen_with(world: &World, headers: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(world.api).expect("a connection");
    let head = format!("GET /api/v1/events HTTP/1.1\r\nhost: test\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).expect("a line");
    }
    reader
}

#[test]
fn new_calls_are_told_to_those_who_see_them_until_the_server_stops() {
    let mut world = World::new();
    let finance = world.token(&json!({ "role": "finance" }));
    let grace = world.token(&json!({ "role": "developer", "developer": "grace@example.com" }));
    let (owner, finance, grace) = (listen(&world, OWNER), listen(&world, &finance), listen(&world, &grace));
    let token = world.collector("ada@example.com");
    world.deliver(&token, &delivery("m", "s-of-ada", REPO, DAY, &["msg_1"])).ok();
    world.stop();
    let told = |reader: BufReader<TcpStream>| {
        reader
            .lines()
            .map_while(Result::ok)
            .filter(|it| it.starts_with("event: ") || it.starts_with("data: "))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let (owner, finance, grace) = (told(owner), told(finance), told(grace));
    assert!(owner.starts_with("event: call\ndata: {") && owner.contains("s-of-ada"), "{owner}");
    assert!(finance.contains(REPO) && !finance.contains("ada"), "{finance}");
    assert_eq!(grace, "");
}

/// The rest of what is told, by lines that name an event or an id; ids as such.
pub(crate) fn heard(reader: BufReader<TcpStream>) -> (Vec<String>, Vec<String>) {
    let lines: Vec<String> = reader.lines().map_while(Result::ok).collect();
    let of = |name: &str| lines.iter().filter_map(|it| it.strip_prefix(name).map(str::to_owned)).collect();
    (of("event: "), of("id: "))
}

#[test]
fn who_comes_back_hears_what_they_missed_or_that_it_is_too_late() {
    let mut world = World::new();
    let token = world.collector("ada@example.com");
    let mut first = listen(&world, OWNER);
    let mut line = String::new();
    while !line.starts_with("id: ") {
        line.clear();
        first.read_line(&mut line).expect("a line");
    }
    drop(first);
    let begin = line.trim_end().trim_start_matches("id: ").to_owned();
    for keys in [&["msg_1", "msg_2"][..], &["msg_3"]] {
        world.deliver(&token, &delivery("m", "s", REPO, DAY, keys)).ok();
    }
    let back = listen_from(&world, OWNER, &format!("last-event-id: {begin}\r\n"));
    // Nothing of it is hers to see.
    let grace = world.token(&json!({ "role": "developer", "developer": "grace@example.com" }));
    let grace = listen_from(&world, &grace, &format!("last-event-id: {begin}\r\n"));
    let late = listen_from(&world, OWNER, "last-event-id: of-another-server.7\r\n");
    // The replay is written before the next delivery is read.
    world.deliver(&token, &delivery("m", "s", REPO, DAY, &["msg_4"])).ok();
    world.stop();
    let (events, ids) = heard(back);
    assert_eq!(events, ["call", "call", "call", "call"]);
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    assert_eq!(heard(grace).0, Vec::<String>::new());
    assert_eq!(heard(late).0, ["gap", "call"]);
}

#[test]
fn every_list_is_read_in_pages() {
    let world = World::new();
    for number in 0..5 {
        let token = world.collector(&format!("dev{number}@example.com"));
        let (session, key) = (format!("s{number}"), format!("msg_{number}"));
        world.deliver(&token, &delivery("m", &session, REPO, DAY, &[&key])).ok();
    }
    for (path, list, key) in [
        ("/api/v1/sessions?", "rows", "session"),
        ("/api/v1/coverage?by=session&", "rows", "key"),
        ("/api/v1/reporters?", "reporters", "reporter"),
    ] {
        let whole = world.get(path, OWNER).ok().json();
        let keys = |page: &serde_json::Value| -> Vec<String> {
            page[list].as_array().expect("rows").iter().map(|it| it[key].to_string()).collect()
        };
        assert_eq!((keys(&whole).len(), whole["next"].is_null()), (5, true), "{path}");
        let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = world.get(&format!("{path}limit=2{cursor}"), OWNER).ok().json();
            found.extend(keys(&page));
            pages += 1;
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={}", encoded(next)),
                None => break,
            }
        }
        assert_eq!((found, pages), (keys(&whole), 3), "{path}");
    }
    assert_eq!(world.get("/api/v1/sessions?top=1&limit=1", OWNER).outcome(), "400 bad_parameter");
    assert_eq!(world.get("/api/v1/sessions?cursor=x", OWNER).outcome(), "400 bad_parameter");
    assert_eq!(world.get("/api/v1/reporters?cursor=x", OWNER).outcome(), "400 bad_parameter");
    let top = world.get("/api/v1/sessions?top=1", OWNER).ok().json();
    assert_eq!((top["rest"]["rows"].as_u64(), top.get("next")), (Some(4), None));
}

/// A value as it stands in an address.
fn encoded(text: &str) -> String {
    text.bytes().map(|it| format!("%{it:02X}")).collect()
}

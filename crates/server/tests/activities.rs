//! What happened beside calls, what is said of sessions by hand, and prices.

use std::sync::Arc;

use domain::{ActivityKind, Branch, SessionId, SourceKind, Tool};
use ingest::delivery::ReportedActivity;
use serde_json::{Value, json};

use crate::world::{OWNER, World, at, delivery};

const DAY: &str = "2026-11-20T09:00:00Z";
const REPO: &str = "github.com/acme/pay";

fn commit(identity: u8, source: SourceKind, subject: Option<&str>) -> ReportedActivity {
    ReportedActivity {
        identity: [identity; 16],
        source,
        at: at(DAY),
        kind: ActivityKind::Commit,
        amount: 1,
        subject: subject.map(Arc::from),
        tool: Some(Tool::ClaudeCode),
        session: Some(SessionId::new("s")),
        folder: None,
        branch: None,
    }
}

/// A line a row.
fn rows(answer: &Value) -> Vec<String> {
    let text = |it: &Value| it.as_str().unwrap_or("-").to_owned();
    let row = |it: &Value| {
        let [day, developer, kind] = ["day", "developer", "kind"].map(|name| text(&it[name]));
        format!("{day} {developer} {} {kind} {}", text(&it["team"]), it["amount"])
    };
    answer["rows"].as_array().expect("rows").iter().map(row).collect()
}

#[test]
fn activities_are_shown_to_those_who_see_them_and_commits_once() {
    let world = World::new();
    let file = "[[team]]\nid = \"core\"\n[[developer]]\nid = \"ada@example.com\"\nteam = \"core\"\n";
    world.organisation(file).ok();
    let mut sent = delivery("m", "s", REPO, DAY, &["msg_1"]);
    sent.activities = vec![
        commit(1, SourceKind::Hook, Some("1f0a2b3")),
        commit(2, SourceKind::Hook, Some("1f0a2b3c4d5e")),
        commit(3, SourceKind::Hook, None),
    ];
    world.deliver(&world.collector("ada@example.com"), &sent).ok();
    world
        .deliver(&world.collector("bob@example.com"), &{
            let mut sent = delivery("m", "t", REPO, DAY, &[]);
            sent.activities = vec![ReportedActivity {
                session: Some(SessionId::new("t")),
                ..commit(4, SourceKind::Hook, Some("2222222"))
            }];
            sent
        })
        .ok();
    let ask = |token: &str| rows(&world.get("/api/v1/activities?kind=commit", token).ok().json());
    let (ada, bob) = ("2026-11-20 ada@example.com core commit 1", "2026-11-20 bob@example.com - commit 1");
    assert_eq!(ask(OWNER), [bob, ada]);
    let lead = world.token(&json!({ "role": "lead", "developer": "lea@example.com", "teams": ["core"] }));
    assert_eq!(ask(&lead), [ada]);
    let own = world.token(&json!({ "role": "developer", "developer": "bob@example.com" }));
    assert_eq!(ask(&own), [bob]);
    let finance = world.token(&json!({ "role": "finance" }));
    assert_eq!(ask(&finance), ["2026-11-20 - - commit 1", "2026-11-20 - core commit 1"]);
    let page = world.get("/api/v1/activities?limit=1", OWNER).ok().json();
    assert_eq!(rows(&page), [bob]);
    assert!(page["next"].is_string());
    for bad in ["kind=naps", "cursor=x", "by=day"] {
        assert_eq!(world.get(&format!("/api/v1/activities?{bad}"), OWNER).outcome(), "400 bad_parameter");
    }
}

#[test]
fn commits_are_named_once_with_repository_and_branch() {
    let world = World::new();
    let mut sent = delivery("m", "s", REPO, DAY, &["msg_1"]);
    let place = sent.calls[0].call.owner.place.clone();
    sent.activities = vec![
        ReportedActivity {
            folder: place.folder.clone(),
            branch: Some(Branch::new("next")),
            ..commit(1, SourceKind::Hook, Some("1f0a2b3"))
        },
        commit(2, SourceKind::Log, Some("1f0a2b3c4d5e")),
        commit(3, SourceKind::Hook, Some("2222222")),
    ];
    world.deliver(&world.collector("ada@example.com"), &sent).ok();
    let rows = |token: &str, page: &str| {
        let answer = world.get(&format!("/api/v1/commits?since=2026-11-20{page}"), token).ok().json();
        let texts = ["commit", "session", "tool", "repo", "branch", "developer"];
        let row = |it: &Value| texts.map(|name| it[name].as_str().unwrap_or("-").to_owned()).join(" ");
        let all: Vec<String> = answer["rows"].as_array().unwrap().iter().map(row).collect();
        (all, answer["next"].as_str().map(str::to_owned))
    };
    let branch = place.branch.as_ref().map_or("-", |it| it.as_str());
    let all = [
        format!("1f0a2b3c4d5e s claude-code {REPO} next ada@example.com"),
        format!("2222222 s claude-code {REPO} {branch} ada@example.com"),
    ];
    assert_eq!(rows(OWNER, ""), (all.to_vec(), None));
    let (first, next) = rows(OWNER, "&limit=1");
    assert_eq!(first, all[..1]);
    let cursor = next.unwrap().bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    assert_eq!(rows(OWNER, &format!("&cursor={cursor}")), (all[1..].to_vec(), None));
    let eve = world.token(&json!({ "role": "developer", "developer": "eve@example.com" }));
    assert_eq!(rows(&eve, ""), (Vec::new(), None));
    let mut claiming = delivery("n", "t", REPO, DAY, &[]);
    claiming.activities = vec![commit(4, SourceKind::Hook, Some("3333333"))];
    world.deliver(&world.collector("eve@example.com"), &claiming).ok();
    assert_eq!(rows(&eve, "").0, ["3333333 s claude-code - - eve@example.com"], "of another's session");
    assert_eq!(world.get("/api/v1/commits?cursor=x", OWNER).outcome(), "400 bad_parameter");
}

#[test]
fn who_sees_a_session_says_what_it_was_for() {
    let world = World::new();
    world.deliver(&world.collector("ada@example.com"), &delivery("m", "s1", REPO, DAY, &["msg_1"])).ok();
    let ada = world.token(&json!({ "role": "developer", "developer": "ada@example.com" }));
    let eve = world.token(&json!({ "role": "developer", "developer": "eve@example.com" }));
    let tag = |token: &str, body: &Value| world.send("POST /api/v1/sessions/s1/tags", token, body).outcome();
    assert_eq!(tag(&eve, &json!({ "tags": { "client": "eve" } })), "404 not_found");
    assert_eq!(tag(&ada, &json!({ "tags": { "colour": "red" } })), "400 bad_body");
    assert_eq!(tag(&ada, &json!({ "tags": { "client": "acme" } })), "200");
    let clients = || world.get("/api/v1/report?by=client&format=csv", OWNER).ok().text;
    assert!(clients().contains("acme"), "{}", clients());
    assert_eq!(tag(&ada, &json!({ "tags": { "client": "" } })), "200");
}

#[test]
fn prices_are_those_that_the_server_prices_with() {
    let world = World::new();
    let token = world.token(&json!({ "role": "collector" }));
    let prices = |query: &str| world.get(&format!("/api/v1/prices?{query}"), &token).ok().json();
    let now = prices("model=claude-sonnet-4-6");
    assert_eq!(
        (now["schema"].as_str(), now["prices"][0]["rates"]["output"].as_str()),
        (Some("bursar.prices/1"), Some("15"))
    );
    let count = |it: &Value| it["prices"].as_array().map_or(0, Vec::len);
    assert!(count(&prices("history=true")) >= count(&prices("at=2026-11-20")));
    assert_eq!(world.get("/api/v1/prices?at=never", &token).outcome(), "400 bad_parameter");
    assert_eq!(world.get("/api/v1/prices", "").outcome(), "401 no_token");
}

//! The organisation's directory over HTTP.

use serde_json::json;

use crate::world::{OWNER, World, delivery};

#[test]
fn a_file_is_looked_at_before_it_is_applied() {
    let world = World::new();
    let file = "[[team]]\nid = \"core\"\n[[developer]]\nid = \"Ada@Example.com\"\nteam = \"core\"\n";
    let dry = world.ask(
        "PUT /api/v1/org?dry_run=true",
        OWNER,
        &["content-type: application/toml"],
        file.as_bytes(),
    );
    let dry = dry.ok().json();
    assert_eq!(dry["applied"], false);
    assert_eq!(dry["differences"][1]["text"], "+ developer ada@example.com\n    team: core");
    assert_eq!(world.get("/api/v1/org/team/core", OWNER).outcome(), "404 not_found");
    world.organisation(file).ok();
    assert_eq!(world.organisation(file).ok().json()["differences"], json!([]));
    let kept = world.organisation("[[team]]\nid = \"lab\"\n").ok().json();
    assert_eq!(kept["kept"].as_array().map(Vec::len), Some(2));
    let prune = "PUT /api/v1/org?prune=true";
    let pruned = world.ask(prune, OWNER, &["content-type: application/toml"], b"[[team]]\nid = \"lab\"\n");
    assert_eq!(pruned.ok().json()["differences"].as_array().map(Vec::len), Some(2));
    assert_eq!(world.get("/api/v1/org/file", OWNER).ok().text, "[[team]]\nid = \"lab\"\n");
}

#[test]
fn what_does_not_fit_together_changes_nothing() {
    let world = World::new();
    let answer =
        world.organisation("[[team]]\nid = \"a\"\nparent = \"b\"\n[[team]]\nid = \"b\"\nparent = \"a\"\n");
    assert_eq!(answer.outcome(), "422 directory_problems");
    assert_eq!(answer.json()["problems"][0]["code"], "team_cycle");
    let answer = world.organisation("[[team]]\nid = 7\n");
    assert_eq!(answer.outcome(), "400 bad_body");
    world.send("PUT /api/v1/org/team/core", OWNER, &json!({})).ok();
    world.send("PUT /api/v1/org/developer/ada@example.com", OWNER, &json!({ "team": "core" })).ok();
    let answer = world.ask("DELETE /api/v1/org/team/core", OWNER, &[], b"");
    assert_eq!(answer.outcome(), "422 directory_problems");
    let answer = world.send("PUT /api/v1/org/team/lab?version=1", OWNER, &json!({}));
    assert_eq!(answer.outcome(), "409 changed_meanwhile");
    let answer = world.send("PUT /api/v1/org/team/lab", OWNER, &json!({ "id": "other" }));
    assert_eq!(answer.outcome(), "400 bad_body");
    let answer = world.send("PUT /api/v1/org/crew/lab", OWNER, &json!({}));
    assert_eq!(answer.outcome(), "400 bad_parameter");
    let repo = "/api/v1/org/repo/github.com%2Facme%2F%2A";
    world.send("PUT /api/v1/org/project/pay", OWNER, &json!({})).ok();
    world.send(&format!("PUT {repo}"), OWNER, &json!({ "project": "pay" })).ok();
    assert_eq!(world.get(repo, OWNER).ok().json()["id"], "github.com/acme/*");
}

#[test]
fn last_months_report_stays_when_somebody_moves() {
    let world = World::new();
    let before = "[[team]]\nid = \"core\"\n[[team]]\nid = \"lab\"\n[[developer]]\nid = \"ada@example.com\"\nteam = \"core\"\n";
    world.organisation(before).ok();
    let token = world.collector("ada@example.com");
    let repo = "github.com/acme/pay";
    world.deliver(&token, &delivery("a", "s1", repo, "2026-10-20T09:00:00Z", &["m1", "m2"])).ok();
    world.deliver(&token, &delivery("a", "s2", repo, "2026-11-20T09:00:00Z", &["m3"])).ok();
    let calls = || {
        let report = world.get("/api/v1/report?by=team", OWNER).ok().json();
        let row =
            |it: &serde_json::Value| format!("{} {}", it["key"]["team"].as_str().unwrap_or("?"), it["calls"]);
        let mut rows: Vec<String> = report["rows"].as_array().expect("rows").iter().map(row).collect();
        rows.sort();
        rows.join(", ")
    };
    assert_eq!(calls(), "core 3");
    let team = json!({ "team": [{ "id": "core", "valid_to": "2026-10-31" }, { "id": "lab", "valid_from": "2026-11-01" }] });
    world.send("PUT /api/v1/org/developer/ada@example.com", OWNER, &team).ok();
    assert_eq!(calls(), "core 2, lab 1");
}

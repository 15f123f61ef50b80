//! Contracts, rules, and reading without a store.

use insta::assert_snapshot;
use serde_json::Value;

use crate::example::office;
use crate::machine::{Machine, Run, nano};
use crate::world::World;

const CONTRACT: &str = r#"
name = "Order form 17"
[[price]]
provider = "anthropic"
model = "claude-opus-5-5"
rates = { output = "17" }
note = "section 2.1"
[[price]]
provider = "anthropic"
model = "claude-haiku-*"
from = "2026-03-01"
multiplier = "0.333333"
"#;

/// Cost and list price of the whole report, in nano-USD.
fn cost_and_list(report: &Value) -> (i64, i64) {
    let total = &report["total"];
    (nano(&total["cost_nano_usd"]), nano(&total["list_cost_nano_usd"]))
}

#[test]
fn a_contract_comes_and_goes_without_a_trace() {
    let office = office();
    office.sandbox.write("contract.toml", CONTRACT);
    let before = office.run(&["report", "--by", "model", "--format", "json"]);
    let (cost, list) = cost_and_list(&before.json());
    assert_eq!(cost, list);

    let under = office.json(&["report", "--by", "model", "--contract", "contract.toml"]);
    // Seven calls of Opus with 2,000 tokens of output at $17 instead of $20, one in the
    // US, one as a batch, four of 20 tokens; one of Haiku in March at a third of $0.0128.
    let opus = 2_000 * 3_000 * (10 + 11 + 5) / 10 + 4 * 20 * 3_000;
    let haiku = 12_800_000 - 4_266_662;
    assert_eq!(cost_and_list(&under), (list - opus - haiku, list));
    let under_rows = under["rows"].as_array().expect("rows");
    assert_eq!(under_rows.iter().map(|row| nano(&row["list_cost_nano_usd"])).sum::<i64>(), list);
    assert_ne!(under["price_book"], before.json()["price_book"]);
    let ephemeral = office.json(&["report", "--by", "model", "--contract", "contract.toml", "--ephemeral"]);
    assert_eq!(ephemeral, under);

    assert_eq!(office.run(&["report", "--by", "model", "--format", "json"]), before);

    office.setting("contract.toml", CONTRACT);
    assert_eq!(office.json(&["report", "--by", "model"]), under, "as the default file");
    assert_eq!(cost_and_list(&office.json(&["sessions"])), cost_and_list(&under));
}

#[test]
fn what_a_contract_shows() {
    let office = office();
    office.setting("contract.toml", CONTRACT);
    assert_snapshot!(
        "contract_report",
        office
            .show(&["report", "--by", "model", "--until", "2026-03-31"])
            .lines()
            .take(12)
            .collect::<Vec<_>>()
            .join("\n")
    );
    let explained = office.show(&["explain", "msg_01Reader"]);
    let (explained, digest) = explained.rsplit_once("prices ").expect("the digest of the prices");
    assert!(!digest.contains("[PRICES]\n"), "the contract is a part of the prices: {digest}");
    assert_snapshot!("contract_explain", explained);
    assert_snapshot!("contract_explain_as_csv", office.show(&["explain", "msg_01Reader", "--format", "csv"]));
}

#[test]
fn a_contract_comes_and_goes_over_a_whole_world() {
    let world = World::new(7);
    let machine = Machine::new();
    machine.setting("rules.toml", crate::world::RULES);
    for (name, text) in &world.logs {
        machine.log(name, text);
    }
    machine.sandbox.write("half.toml", "name = \"Half\"\n[[price]]\nmultiplier = \"0.5\"\n");
    let before = machine.run(&["report", "--by", "session,model", "--format", "json"]);
    let half = machine.json(&["report", "--by", "session,model", "--contract", "half.toml"]);
    let (cost, list) = cost_and_list(&half);
    assert_eq!(list, cost_and_list(&before.json()).0);
    // Each call is rounded by itself, so that the sum may be off by half a nano-dollar for each.
    let calls = i64::try_from(world.calls.len()).expect("a count");
    assert!((2 * cost - list).abs() <= calls, "{cost} is not half of {list}");
    assert_eq!(machine.run(&["report", "--by", "session,model", "--format", "json"]), before);
}

#[test]
fn nothing_is_stored_without_a_store() {
    for arguments in [
        &["report", "--by", "repo,branch,model", "--figures", "--format", "json"][..],
        &["report", "--by", "day"],
        &["sessions", "--format", "json"],
        &["session", "5a69", "--format", "json"],
        &["explain", "7c11", "--format", "json"],
    ] {
        let office = office();
        let ephemeral = office.run(&[arguments, &["--ephemeral"]].concat());
        assert!(!office.path("data").exists(), "{arguments:?} stored something");
        assert_eq!(ephemeral.done(), office.run(arguments).done(), "{arguments:?}");
        assert!(office.path("data/bursar/journal.db").exists());
    }
}

#[test]
fn a_server_is_asked_only_where_it_is_named() {
    let office = office();
    for arguments in [&["report"][..], &["sessions"], &["session", "5a69"], &["explain", "7c11"]] {
        let mut command = office.bursar(arguments);
        let run = Run::to_end(command.env("BURSAR_SERVER", "http://127.0.0.1:1"));
        assert_eq!(run.done(), office.run(arguments).done(), "{arguments:?}");
    }
}

#[test]
fn the_store_is_nobody_elses_business() {
    use std::os::unix::fs::PermissionsExt;
    let office = office();
    office.run(&["report"]).done();
    let mode = std::fs::metadata(office.path("data/bursar")).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_rule_names_the_repository_of_a_folder_that_is_gone() {
    let office = office();
    let repo_of = |session: &str| {
        let report = office.json(&["report", "--by", "repo,project,client", "--session", session]);
        let key = &report["rows"][0]["key"];
        ["repo", "project", "client"].map(|name| key[name].as_str().expect("a value").to_owned())
    };
    assert_eq!(repo_of("7c11d2e4-shop"), ["github.com/northwind/shop", "Relaunch", "Northwind"]);
    assert_eq!(repo_of("9e0f4b31-night"), ["unknown", "unknown", "unknown"]);

    // Rules are asked anew by every report: nothing of them is stored.
    office.setting("rules.toml", "[[repo]]\nfolder = \"/home/grace/*\"\nrepo = \"github.com/grace/lab\"\n");
    assert_eq!(repo_of("7c11d2e4-shop"), ["github.com/grace/lab", "unknown", "unknown"]);
    assert_eq!(repo_of("9e0f4b31-night"), ["github.com/grace/lab", "unknown", "unknown"]);

    // A tag knows better than any rule.
    office.run(&["tag", "9e0f", "repo=github.com/acme/lab", "project=Lab", "client=Acme"]).done();
    assert_eq!(repo_of("9e0f4b31-night"), ["github.com/acme/lab", "Lab", "Acme"]);
    office.run(&["tag", "9e0f", "repo=", "project=", "client="]).done();
    assert_eq!(repo_of("9e0f4b31-night"), ["github.com/grace/lab", "unknown", "unknown"]);
}

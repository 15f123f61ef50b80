//! A small office to look at: three sessions of two developers, with something of
//! everything that reports have to say.

use testkit::logs::{Call, Outcome, Step, Terms, Tokens, Transcript, millis};

use crate::machine::Machine;

pub(crate) const RULES: &str = r#"
[[repo]]
folder = "/home/*/src/billing"
repo = "github.com/acme/billing"
[[repo]]
folder = "/home/*/src/shop"
repo = "github.com/northwind/shop"
[[project]]
repo = "github.com/northwind/*"
name = "Relaunch"
client = "Northwind"
[developers]
"os-user:ada" = "ada@example.com"
"#;

/// A machine with the example's logs and rules.
pub(crate) fn office() -> Machine {
    let machine = Machine::new();
    machine.setting("rules.toml", RULES);
    machine.transcript("-home-ada-src-billing/5a69ca08-ledger.jsonl", &ledger());
    machine.transcript("-home-ada-src-billing/5a69ca08-ledger/subagents/agent-a1.jsonl", &reader());
    machine.transcript("-home-grace-src-shop/7c11d2e4-shop.jsonl", &shop());
    machine.transcript("-home-grace-src-shop/9e0f4b31-night.jsonl", &night());
    machine
}

/// A long session that grows its context past a tier of prices.
fn ledger() -> Transcript {
    let mut it = Transcript::new("5a69ca08-ledger", "/home/ada/src/billing", "feat/ENG-412-export");
    it.prompt(millis("2026-03-02T09:00:00Z"), "Add the export.");
    it.call_in_steps(
        &Call::new("msg_01LedgerA", "claude-sonnet-4-5-20250929", "2026-03-02T09:00:20Z").with(Tokens {
            input: 12,
            output: 900,
            cache_read: 18_000,
            cache_write_5m: 4_000,
            ..Tokens::default()
        }),
        3,
    );
    it.prompt(millis("2026-03-02T09:10:00Z"), "And the tests.");
    it.call(&Call::new("msg_01LedgerB", "claude-sonnet-4-5-20250929", "2026-03-02T09:10:30Z").with(Tokens {
        input: 3,
        output: 1_200,
        cache_read: 180_000,
        cache_write_5m: 1_000,
        cache_write_1h: 21_077,
        web_searches: 2,
    }));
    for minute in 11..15 {
        let at = format!("2026-03-02T09:{minute}:00Z");
        let step = Step {
            call: Call::new(&format!("msg_01LedgerC{minute}"), "claude-opus-5-5", &at),
            tool: "Bash",
            input: "make test",
            output: "1 test failed",
            outcome: Outcome::Failed,
        };
        it.step(millis(&at), &step);
    }
    it.pull_request(millis("2026-03-02T09:40:00Z"), "https://github.com/acme/billing/pull/731", 731);
    it
}

/// A subagent of the ledger session.
fn reader() -> Transcript {
    let mut it = Transcript::new("5a69ca08-ledger", "/home/ada/src/billing", "feat/ENG-412-export");
    let tokens = Tokens { input: 800, output: 150, cache_write_5m: 9_000, ..Tokens::default() };
    it.aside(&Call::new("msg_01Reader", "claude-haiku-4-5-20251001", "2026-03-02T09:05:00Z").with(tokens));
    it
}

/// A session for a client, under other terms, with a model that nobody knows the price of.
fn shop() -> Transcript {
    let mut it = Transcript::new("7c11d2e4-shop", "/home/grace/src/shop", "fix/WEB-9-rounding");
    it.prompt(millis("2026-03-04T22:50:00Z"), "<command-name>/review</command-name>");
    let tokens = Tokens { input: 40, output: 2_000, cache_read: 60_000, ..Tokens::default() };
    let opus = |id: &str, at: &str| Call::new(id, "claude-opus-5-5", at).with(tokens);
    it.call(&opus("msg_01ShopA", "2026-03-04T22:51:00Z"));
    it.call(&opus("msg_01ShopB", "2026-03-04T23:10:00Z").under(Terms { geo: "us", ..Terms::STANDARD }));
    it.call(&opus("msg_01ShopC", "2026-03-05T00:10:00Z").under(Terms { tier: "batch", ..Terms::STANDARD }));
    it.call(&Call::new("msg_01ShopD", "house-coder-2", "2026-03-05T00:20:00Z"));
    it
}

/// A session outside of every repository, by a version that logs placeholders.
fn night() -> Transcript {
    let mut it = Transcript::new("9e0f4b31-night", "/home/grace/scratch", "");
    it.version("2.1.45");
    it.prompt(millis("2026-02-20T01:00:00Z"), "What is this?");
    let call = Call::new("msg_01Night", "claude-haiku-4-5-20251001", "2026-02-20T01:00:10Z");
    let mut record = it.assistant(&call);
    record["message"]["stop_reason"] = serde_json::Value::Null;
    it.record(&record);
    it
}

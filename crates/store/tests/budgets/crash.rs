//! Processes that are killed while they spend: what was answered is kept, and what was not
//! is held or not, but never more than there is.

use std::io::{BufRead, BufReader};
use std::process::{Command as Program, Stdio};

use domain::NanoUsd;
use store::Store;

use super::*;
use crate::engine::{Engine, on_both_engines, settings};
use crate::journal::random::Random;

on_both_engines! {
    what_was_answered_survives_a_kill
}

/// Where the child spends: in the environment of the child alone.
const ADDRESS: &str = "STORE_TEST_SPEND_ADDRESS";
/// What there is to spend.
const CAP: i64 = 1_000_000;
/// What is held for a call, and what it costs.
const HELD: i64 = 5;
const COST: i64 = 3;

async fn what_was_answered_survives_a_kill(engine: &Engine) {
    let mut random = Random::of(5);
    done(engine.store().await.budgets(), set("org", CAP, None)).await;
    let mut settled = 0;
    for round in 0..4_i64 {
        settled += killed_after(&engine.address(), round, 1 + random.below(40));
        let store = engine.store().await;
        let budgets = store.budgets();
        let before = budget(budgets, "org").await.counter;
        assert!(before.spent.nano() >= settled * COST, "{settled} were settled: {before:?}");
        assert_eq!((before.spent.nano() % COST, before.reserved.nano() % HELD), (0, 0), "{before:?}");
        // Whoever comes back asks again for what it got no answer to: it is done once.
        for number in 0..before.spent.nano() / COST {
            drop(ask(budgets, settle(&format!("{round}-{number}"), COST)).await);
        }
        let late = at(NOON + 3 * 60_000);
        budgets.tidy(late).await.unwrap();
        let after = budget(budgets, "org").await.counter;
        assert_eq!(after.reserved, NanoUsd::ZERO);
        settled = after.spent.nano() / COST;
    }
}

/// Starts a child that spends, and kills it after so many answers. Returns how many calls
/// it was told to be settled.
fn killed_after(address: &str, round: i64, answers: u64) -> i64 {
    let mut child = Program::new(std::env::current_exe().unwrap())
        .args(["--exact", "budgets::crash::a_child_to_be_killed", "--nocapture"])
        .env(ADDRESS, format!("{round} {address}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut settled = 0;
    for line in lines.map(Result::unwrap).filter(|it| it.starts_with("settled ")) {
        settled = line.trim_start_matches("settled ").parse().unwrap();
        if settled >= i64::try_from(answers).unwrap() {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    settled
}

/// The child: spends until it is killed. Does nothing where nobody asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_to_be_killed() {
    #[expect(clippy::disallowed_methods, reason = "the parent test is who sets it")]
    let Ok(asked) = std::env::var(ADDRESS) else { return };
    let (round, address) = asked.split_once(' ').unwrap();
    let database = store::Database::parse(address).unwrap();
    let store = Store::open(&database, settings(None, "UTC")).await.unwrap();
    let budgets = store.budgets();
    for number in 0.. {
        // Another call is always under way when the kill comes.
        let (id, other) = (format!("{round}-{number}"), format!("{round}-other-{number}"));
        let call = async {
            done(budgets, reserve(&id, &[], HELD)).await;
            done(budgets, settle(&id, COST)).await;
        };
        tokio::join!(call, done(budgets, reserve(&other, &[], HELD)));
        println!("\nsettled {}", number + 1);
    }
}

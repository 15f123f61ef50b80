//! Processes that are killed while they write: what was acknowledged is there.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use domain::Observed;
use store::Store;

use super::random::Random;
use super::{NOON, accept, book, calls, log};
use crate::engine::{Engine, on_both_engines, settings};

on_both_engines! {
    what_was_acknowledged_survives_a_kill
    a_store_that_is_dropped_has_kept_everything
}

/// Where the child writes to: in the environment of the child alone.
const ADDRESS: &str = "STORE_TEST_CRASH_ADDRESS";
/// What the child delivers at once.
const BATCH: i64 = 20;

fn batch(number: i64) -> Vec<Observed> {
    let output = |it: i64| u64::try_from(number * BATCH + it).unwrap();
    (0..BATCH).map(|it| log(&format!("k{number}-{it}"), NOON + number * 1_000 + it, output(it))).collect()
}

async fn what_was_acknowledged_survives_a_kill(engine: &Engine) {
    let mut random = Random::of(23);
    let mut known = 0_i64;
    for round in 0..4 {
        let acknowledged = killed_after(&engine.address(), known, 1 + random.below(25));
        let store = engine.store().await;
        let kept = i64::try_from(calls(&store).await.len()).unwrap();
        // Whole deliveries alone, at least those that were acknowledged.
        assert_eq!(kept % BATCH, 0, "round {round}");
        assert!(kept >= acknowledged * BATCH, "round {round}: {kept} of {acknowledged} deliveries");
        book(&store).await;
        known = acknowledged;
    }
}

/// Starts a child that delivers from a number on, and kills it after so many answers.
/// Returns the number behind the last one that it acknowledged.
fn killed_after(address: &str, from: i64, answers: u64) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "journal::crash::a_child_to_be_killed", "--nocapture"])
        .env(ADDRESS, format!("{from} {address}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = from;
    for (seen, line) in lines.map(Result::unwrap).filter(|it| it.starts_with("kept ")).enumerate() {
        acknowledged = line.trim_start_matches("kept ").parse().unwrap();
        if u64::try_from(seen).unwrap() + 1 >= answers {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged
}

/// The child: delivers until it is killed. Does nothing where nobody asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_to_be_killed() {
    #[expect(clippy::disallowed_methods, reason = "the parent test is who sets it")]
    let Ok(asked) = std::env::var(ADDRESS) else { return };
    let (from, address) = asked.split_once(' ').unwrap();
    let database = store::Database::parse(address).unwrap();
    let store = Store::open(&database, settings(None, "UTC")).await.unwrap();
    for number in from.parse::<i64>().unwrap().. {
        // Another delivery is always under way when the kill comes.
        let (one, other) = (accept(&store, batch(number)), accept(&store, batch(number + 1)));
        tokio::join!(one, other);
        println!("\nkept {}", number + 1);
    }
}

async fn a_store_that_is_dropped_has_kept_everything(engine: &Engine) {
    let store = engine.store().await;
    let mut tasks = Vec::new();
    for number in 0..30 {
        let store = store.clone();
        tasks.push(tokio::task::spawn(async move { accept(&store, batch(number)).await }));
    }
    drop(store);
    let mut new = 0;
    for task in tasks {
        new += task.await.unwrap().new;
    }
    let store = engine.store().await;
    assert_eq!(calls(&store).await.len(), usize::try_from(new).unwrap());
    book(&store).await;
}

//! Traffic of coding clients, to measure what stands between them and a provider:
//!
//! ```text
//! traffic provider ADDRESS EVENTS PAUSE_MS    answers as a provider does, until it is ended
//! traffic steady TARGET RATE SECONDS          so many calls a second, however fast they are answered
//! traffic streams TARGET COUNT                so many streams at once; tells when all have begun
//! traffic first-byte TARGET COUNT             streams one after the other, and when each began
//! traffic burst TARGET COUNT                  so many calls at once
//! ```
//!
//! TARGET is a file with a request, head and body as they go over the wire, behind a first
//! line with the address. Figures are lines of JSON, times in microseconds.
//! `bench/gateway.py` runs it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that measures: what fails in here fails the measurement"
)]

mod client;
mod provider;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{Call, Target};

/// Connections that calls at a steady rate are spread over.
const CONNECTIONS: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments[at].parse::<u64>().unwrap();
    let target = || Arc::new(Target::read(&arguments[1]));
    match arguments[0].as_str() {
        "provider" => {
            let pause = Duration::from_millis(number(3));
            provider::run(&arguments[1], number(2), pause).await;
        }
        "steady" => steady(target(), number(2), number(3)).await,
        "streams" => streams(target(), number(2)).await,
        "first-byte" => first_byte(target(), number(2)).await,
        "burst" => burst(target(), number(2)).await,
        other => println!("{other}: no such traffic"),
    }
}

/// Latencies count from when a call was due, so that a server which falls behind is not
/// spared the calls that would have come meanwhile.
async fn steady(target: Arc<Target>, rate: u64, seconds: u64) {
    let connections = u64::try_from(CONNECTIONS).unwrap();
    let (begin, calls) = (Instant::now() + Duration::from_millis(200), rate * seconds);
    let mut tasks = JoinSet::new();
    for first in 0..connections {
        let target = Arc::clone(&target);
        tasks.spawn(async move {
            let mut connection = target.connect().await;
            let mut latencies = Vec::new();
            for call in (first..calls).step_by(CONNECTIONS) {
                let due = begin + Duration::from_micros(call * 1_000_000 / rate);
                let is_late = Instant::now() > due;
                tokio::time::sleep_until(due.into()).await;
                // The clock of this program is late by a millisecond, for which no server can be blamed.
                let begin = if is_late { due } else { Instant::now() };
                let answered = connection.call(&target).await;
                latencies.push((answered.status == 200).then(|| begin.elapsed()));
            }
            latencies
        });
    }
    let all: Vec<Option<Duration>> = tasks.join_all().await.into_iter().flatten().collect();
    let good: Vec<Duration> = all.iter().copied().flatten().collect();
    let rate =
        u64::try_from(good.len()).unwrap() * 1_000_000 / u64::try_from(begin.elapsed().as_micros()).unwrap();
    println!(
        "{}",
        quantiles(good, json!({ "failed": all.iter().filter(|it| it.is_none()).count(), "rate": rate }))
    );
}

async fn streams(target: Arc<Target>, count: u64) {
    let mut tasks = JoinSet::new();
    let (begun, mut beginnings) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..count {
        let (target, begun) = (Arc::clone(&target), begun.clone());
        tasks.spawn(async move {
            let mut connection = target.connect().await;
            connection.call_telling(&target, Some(begun)).await.status
        });
    }
    drop(begun);
    for _ in 0..count {
        if beginnings.recv().await.is_none() {
            break;
        }
    }
    println!("{}", json!({ "begun": count }));
    println!("{}", json!({ "statuses": tally(tasks.join_all().await) }));
}

async fn first_byte(target: Arc<Target>, count: u64) {
    let mut connection = target.connect().await;
    let mut times = Vec::new();
    for _ in 0..count {
        let Call { status, first, .. } = connection.call(&target).await;
        assert_eq!(status, 200, "a stream was refused");
        times.push(first);
    }
    println!("{}", quantiles(times, json!({})));
}

async fn burst(target: Arc<Target>, count: u64) {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(target.connect().await);
    }
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let target = Arc::clone(&target);
        tasks.spawn(async move { connection.call(&target).await.status });
    }
    println!("{}", json!({ "statuses": tally(tasks.join_all().await) }));
}

fn tally(statuses: Vec<u16>) -> BTreeMap<String, u64> {
    let mut tally = BTreeMap::new();
    for status in statuses {
        *tally.entry(status.to_string()).or_default() += 1;
    }
    tally
}

fn quantiles(mut times: Vec<Duration>, mut more: serde_json::Value) -> serde_json::Value {
    times.sort_unstable();
    for (name, permille) in [("p50_us", 500), ("p99_us", 990)] {
        let at = (times.len() * permille / 1_000).min(times.len().saturating_sub(1));
        let time = times.get(at).map(|it| u64::try_from(it.as_micros()).unwrap());
        more[name] = json!(time);
    }
    more
}

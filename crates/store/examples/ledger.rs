//! Measures budgets: `ledger ADDRESS [SECONDS]`.
//!
//! One, 64 and 512 callers at once reserve and settle, each call under the budgets of its
//! developer, team and organisation and under a ceiling for each session. Prints one line of
//! JSON for each number of callers: cycles a second, and how long a caller waits for a
//! reservation. `bench/ledger.py` runs it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that measures: what fails in here fails the measurement"
)]

use std::time::{Duration, Instant};

use domain::{NanoUsd, Period, Timestamp};
use ledger::command::{Reserve, Set, Settle};
use ledger::{Actor, BudgetKey, Command, IdempotencyKey, Order, ReservationId, Subject, Terms};
use pricing::{PriceBook, Pricer};
use store::{Budgets, Database, Settings, Store};

const CALLERS: [usize; 3] = [1, 64, 512];
const DEVELOPERS: usize = 50;
const TEAMS: usize = 5;
const SECONDS: u64 = 4;
/// 2026-06-01T12:00:00Z.
const NOON: Timestamp = Timestamp::from_millis(1_780_315_200_000);
const CENT: i64 = 10_000_000;
/// What nobody here uses up.
const PLENTY: i64 = 1_000_000_000_000_000;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let database = Database::parse(&arguments[0]).unwrap();
    let seconds = arguments.get(1).map_or(SECONDS, |it| it.parse().unwrap());
    let prices = Pricer::new(PriceBook::bundled().unwrap(), None);
    let store = Store::open(&database, Settings { prices, zone: None }).await.unwrap();
    let budgets = store.budgets();
    agree(budgets, "org", None).await;
    agree(budgets, "session/*", None).await;
    for team in 0..TEAMS {
        agree(budgets, &format!("team/t{team}"), Some("org")).await;
    }
    for developer in 0..DEVELOPERS {
        agree(budgets, &format!("developer/d{developer}"), Some(&format!("team/t{}", developer % TEAMS)))
            .await;
    }
    for callers in CALLERS {
        measure(budgets, callers, Duration::from_secs(seconds)).await;
    }
}

async fn agree(budgets: &Budgets, scope: &str, parent: Option<&str>) {
    let by = Actor { name: "bench".to_owned(), role: "owner".to_owned() };
    let order =
        Order { key: IdempotencyKey::new(&format!("set {scope}")), by, reason: "to measure".to_owned() };
    let command = Command::Set(Set {
        order,
        budget: BudgetKey::new(scope.parse().unwrap(), Period::Month),
        terms: Terms::hard(NanoUsd::new(PLENTY)),
        parent: parent.map(|it| it.parse().unwrap()),
        spent_before: NanoUsd::ZERO,
    });
    budgets.command(command, NOON).await.unwrap().unwrap();
}

async fn measure(budgets: &Budgets, callers: usize, time: Duration) {
    let (began, cpu) = (Instant::now(), cpu());
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let budgets = budgets.clone();
            tokio::task::spawn(async move { call(&budgets, (caller, callers), began, time).await })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    let seconds = began.elapsed().as_secs_f64();
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() * share / 1_000).min(waits.len() - 1)].as_secs_f64() * 1_000.0;
    println!(
        "{{\"what\":\"reserve and settle\",\"callers\":{callers},\"cycles\":{},\"per_second\":{:.0},\
         \"cpu_us_a_cycle\":{:.1},\"reserve_p50_ms\":{:.2},\"reserve_p99_ms\":{:.2}}}",
        waits.len(),
        waits.len() as f64 / seconds,
        (self::cpu() - cpu) * 1_000_000.0 / waits.len() as f64,
        at(500),
        at(990),
    );
}

/// One caller's calls until the time is up; returns how long each reservation took.
async fn call(
    budgets: &Budgets,
    (mine, of): (usize, usize),
    began: Instant,
    time: Duration,
) -> Vec<Duration> {
    let developer = mine % DEVELOPERS;
    let scopes = [
        format!("developer/d{developer}"),
        format!("team/t{}", developer % TEAMS),
        format!("session/s{mine}"),
        "model/m".to_owned(),
    ];
    let subject = Subject::new(scopes.iter().map(|it| it.parse().unwrap())).unwrap();
    let mut waits = Vec::new();
    while began.elapsed() < time {
        let id = ReservationId::new(&format!("{of}-{mine}-{}", waits.len()));
        let (subject, amount) = (subject.clone(), NanoUsd::new(CENT));
        let asked = Instant::now();
        let reserve = Reserve { id: id.clone(), subject, amount, hold_ms: 600_000 };
        budgets.command(Command::Reserve(reserve), NOON).await.unwrap().unwrap();
        waits.push(asked.elapsed());
        let settle = Settle { id, cost: NanoUsd::new(CENT / 2) };
        budgets.command(Command::Settle(settle), NOON).await.unwrap().unwrap();
    }
    waits
}

/// User and system seconds of this process, where the system tells them.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.rsplit(')').next().unwrap_or("").split(' ').filter_map(|it| it.parse().ok()).collect();
    // The fields behind the name; the state, a letter, is not among them.
    fields.get(10).zip(fields.get(11)).map_or(0.0, |(user, system)| (user + system) / 100.0)
}

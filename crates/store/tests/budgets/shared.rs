//! Two processes on the same budgets at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{NanoUsd, Period};
use ledger::Command;
use ledger::command::Transfer;

use super::*;
use crate::engine::{Engine, on_both_engines};
use crate::journal::random::Random;

on_both_engines! {
    a_ceiling_holds_for_all_processes
    transfers_neither_create_nor_lose_money
}

const TEAMS: [&str; 2] = ["team/web", "team/app"];
const DEVELOPERS: [&str; 4] = ["developer/a", "developer/b", "developer/c", "developer/d"];

/// Four callers in each of two processes want ten times of what there is.
async fn a_ceiling_holds_for_all_processes(engine: &Engine) {
    const CALLERS: usize = 8;
    const CALLS: u64 = 50;
    const CAP: i64 = 400;
    let stores = [engine.store().await, engine.store().await];
    done(stores[0].budgets(), set("org", CAP, None)).await;
    for team in TEAMS {
        done(stores[0].budgets(), set(team, CAP * 3 / 4, Some("org"))).await;
    }
    let spent = Arc::new(AtomicI64::new(0));
    let mut callers = Vec::new();
    for caller in 0..CALLERS {
        let (budgets, spent) = (stores[caller % 2].budgets().clone(), Arc::clone(&spent));
        callers.push(tokio::spawn(async move {
            let mut random = Random::of(u64::try_from(caller).unwrap() + 1);
            for call in 0..CALLS {
                let id = format!("{caller}-{call}");
                let amount = 1 + i64::try_from(random.below(20)).unwrap();
                let team = random.one_of(&TEAMS);
                if ask(&budgets, reserve(&id, &[team, "session/s"], amount)).await.is_err() {
                    continue;
                }
                let cost = amount - i64::try_from(random.below(2)).unwrap();
                done(&budgets, settle(&id, cost)).await;
                spent.fetch_add(cost, Ordering::Relaxed);
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    for store in &stores {
        let counter = budget(store.budgets(), "org").await.counter;
        assert_eq!((counter.reserved, counter.overrun), (NanoUsd::ZERO, NanoUsd::ZERO));
        assert_eq!(counter.spent.nano(), spent.load(Ordering::Relaxed));
        assert!((CAP - 20..=CAP).contains(&counter.spent.nano()), "{counter:?}");
    }
}

/// Two managers move money to and fro while calls run.
async fn transfers_neither_create_nor_lose_money(engine: &Engine) {
    const EACH: i64 = 1_000;
    let stores = [engine.store().await, engine.store().await];
    done(stores[0].budgets(), set("org", 4 * EACH, None)).await;
    for (number, developer) in DEVELOPERS.into_iter().enumerate() {
        let team = TEAMS[number % 2];
        if number < 2 {
            done(stores[0].budgets(), set(team, 2 * EACH, Some("org"))).await;
        }
        done(stores[0].budgets(), set(developer, EACH, Some(team))).await;
    }
    let mut tasks = Vec::new();
    for number in 0..2_u64 {
        let budgets = stores[usize::from(number == 1)].budgets().clone();
        tasks.push(tokio::spawn(async move {
            let mut random = Random::of(number + 1);
            for count in 0..60 {
                let [from, to] = [random.one_of(&DEVELOPERS), random.one_of(&DEVELOPERS)].map(scope);
                let amount = nano(i64::try_from(random.below(300)).unwrap());
                let order = order(&format!("{number}-{count}"));
                let period = Period::Month;
                // Some are refused: there is not as much left, or nothing to move.
                drop(ask(&budgets, Command::Transfer(Transfer { order, from, to, period, amount })).await);
            }
        }));
        let budgets = stores[usize::from(number == 0)].budgets().clone();
        tasks.push(tokio::spawn(async move {
            let mut random = Random::of(number + 11);
            for count in 0..60 {
                let (id, developer) = (format!("c{number}-{count}"), random.one_of(&DEVELOPERS));
                let of = DEVELOPERS.iter().position(|it| *it == developer).unwrap();
                let call = reserve(&id, &[developer, TEAMS[of % 2]], 60);
                if ask(&budgets, call).await.is_ok() {
                    done(&budgets, settle(&id, 30)).await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let budgets = stores[0].budgets();
    let mut all = 0;
    for developer in DEVELOPERS {
        let counter = budget(budgets, developer).await.counter;
        assert!(counter.left() >= NanoUsd::ZERO && counter.reserved == NanoUsd::ZERO, "{counter:?}");
        all += counter.allocation().nano();
    }
    assert_eq!(all, 4 * EACH);
    let mut teams = 0;
    for team in TEAMS {
        teams += budget(budgets, team).await.counter.allocation().nano();
    }
    assert_eq!(teams, 4 * EACH);
}

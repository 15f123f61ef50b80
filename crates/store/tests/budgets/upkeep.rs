//! What time does: reservations and leases that nobody ends, and what may be forgotten.

use ledger::command::Return;
use ledger::{LeaseId, LeaseState, Lend, Outcome, Want};

use super::*;
use crate::engine::{Engine, on_both_engines};

on_both_engines! {
    what_nobody_ends_is_taken_back
    what_is_old_is_forgotten
    slices_are_lent_and_given_back
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;

async fn what_nobody_ends_is_taken_back(engine: &Engine) {
    let store = engine.store().await;
    let budgets = store.budgets();
    done(budgets, set("org", 100, None)).await;
    for number in 0..30 {
        done(budgets, reserve(&format!("r{number}"), &[], 2)).await;
    }
    done(budgets, settle("r3", 2)).await;
    assert_eq!(budgets.tidy(at(NOON + MINUTE)).await.unwrap(), 0);
    assert_eq!(budget(budgets, "org").await.counter.reserved, nano(58));
    // Two processes look after it.
    let other = engine.store().await;
    let late = at(NOON + MINUTE + 1);
    let (here, there) = tokio::join!(budgets.tidy(late), other.budgets().tidy(late));
    assert!(here.unwrap() + there.unwrap() >= 29);
    assert_eq!(budget(budgets, "org").await.counter.reserved, nano(0));
    assert_eq!(budgets.tidy(late).await.unwrap(), 0);
    // The call was made after all.
    done(budgets, settle("r5", 2)).await;
    assert_eq!(budget(budgets, "org").await.counter.spent, nano(4));
}

async fn what_is_old_is_forgotten(engine: &Engine) {
    let store = engine.store().await;
    let budgets = store.budgets();
    done(budgets, set("org", 100, None)).await;
    done(budgets, set("session/*", 10, None)).await;
    for number in 0..40 {
        let id = format!("r{number}");
        done(budgets, reserve(&id, &["session/s"], 1)).await;
        if number % 5 > 0 {
            done(budgets, settle(&id, 0)).await;
        }
    }
    // The next month begins, and the one before is over.
    let july = at(NOON + 31 * DAY);
    let mut forgotten = budgets.tidy(july).await.unwrap();
    budgets.command(reserve("july", &["session/s"], 1), july).await.unwrap().unwrap();
    for days in 32..200 {
        forgotten += budgets.tidy(at(NOON + days * DAY)).await.unwrap();
    }
    // 41 reservations, an expired one, what was set, June twice and July of the session.
    assert!(forgotten >= 45, "{forgotten}");
    let late = budgets.command(settle("r1", 0), at(NOON + 200 * DAY)).await.unwrap().unwrap_err();
    assert_eq!(late.code(), "no_reservation");
    let standing = budgets.standing().await.unwrap();
    let left: Vec<String> = standing.budgets.iter().map(|it| it.key.to_string()).collect();
    assert_eq!(left, ["session/* a month", "org a month"]);
    let pasts = budgets.pasts(scope("org")).await.unwrap();
    assert_eq!(pasts.len(), 1);
    assert_eq!((pasts[0].key.clone(), pasts[0].counter.base), (month("org"), nano(100)));
}

async fn slices_are_lent_and_given_back(engine: &Engine) {
    let [here, there] = [engine.store().await, engine.store().await];
    done(here.budgets(), set("org", 1_000_000_000_000, None)).await;
    let want = Want { scope: scope("org"), nano_usd_per_second: 1_000_000_000 };
    let lend = |key: &str, used| {
        ledger::Command::Lend(Lend {
            key: IdempotencyKey::new(key),
            lease: LeaseId::new("gateway-1"),
            replica: "gateway".to_owned(),
            wants: vec![want.clone()],
            used,
            for_ms: MINUTE,
        })
    };
    let Outcome::Lent(grant) = done(there.budgets(), lend("l1", vec![])).await.outcome else { return };
    let slice = grant.budgets[0].counter.base;
    assert_eq!(slice, nano(30_000_000_000));
    assert_eq!(budget(here.budgets(), "org").await.counter.leased, slice);
    // Nobody renews it.
    let late = at(NOON + MINUTE + 1);
    assert_eq!(here.budgets().tidy(late).await.unwrap(), 1);
    let standing = there.budgets().standing().await.unwrap();
    assert_eq!(standing.leases[0].state, LeaseState::Expired);
    assert_eq!(budget(here.budgets(), "org").await.counter.leased, slice);
    let back = Return { lease: LeaseId::new("gateway-1"), used: vec![] };
    let back = here.budgets().command(ledger::Command::Return(back), late).await.unwrap();
    assert_eq!(back.unwrap().outcome, Outcome::Done);
    assert_eq!(budget(there.budgets(), "org").await.counter.leased, nano(0));
}

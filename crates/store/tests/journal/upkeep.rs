//! Prices that change, books that are made anew, and damage that is found.

use store::{Delivery, Grain};

use super::random::Random;
use super::{DAY, NOON, accept, book, log, moment, sum};
use crate::engine::{Engine, on_both_engines};

on_both_engines! {
    other_prices_change_every_cost_and_nothing_else
    a_rebuilt_book_is_the_same
    damage_is_named_and_mended
}

async fn other_prices_change_every_cost_and_nothing_else(engine: &Engine) {
    let store = engine.store().await;
    accept(&store, vec![log("a", NOON, 400), log("b", NOON + DAY, 600)]).await;
    let before = book(&store).await;
    assert_eq!(store.reprice().await.unwrap(), 0);
    drop(store);
    let store = engine.store_at_half_price().await;
    assert_eq!(sum(&store, Grain::Day, NOON, NOON + 2 * DAY).await.cost.to_string(), "0.035000000");
    accept(&store, vec![log("c", NOON + 5, 400)]).await;
    assert_eq!(store.check(9).await.unwrap(), []);
    assert_eq!(store.reprice().await.unwrap(), 2);
    assert_eq!(store.reprice().await.unwrap(), 0);
    assert_eq!(
        book(&store).await,
        "0 a s ada@example.com log 400 0.007500000\n\
         5 c s ada@example.com log 400 0.007500000\n\
         86400000 b s ada@example.com log 600 0.010000000"
    );
    drop(store);
    let store = engine.store().await;
    assert_eq!(store.reprice().await.unwrap(), 3);
    assert!(book(&store).await.contains(before.lines().next().unwrap()));
}

async fn a_rebuilt_book_is_the_same(engine: &Engine) {
    let store = engine.store().await;
    let mut random = Random::of(5);
    let all = random.observations(120);
    for part in random.split(&all) {
        accept(&store, part).await;
    }
    let before = book(&store).await;
    let calls = u64::try_from(before.lines().count()).unwrap();
    assert_eq!(store.rebuild().await.unwrap(), calls);
    assert_eq!(book(&store).await, before);
}

async fn damage_is_named_and_mended(engine: &Engine) {
    let store = engine.store().await;
    accept(&store, vec![log("a", NOON, 400), log("b", NOON + DAY, 600), log("c", NOON + DAY, 700)]).await;
    let whole = book(&store).await;
    let damages: [fn(&Engine) -> &'static str; 5] = [
        |_| "DELETE FROM call WHERE key = 'b'",
        |_| "UPDATE call SET output = output + 1 WHERE key = 'a'",
        |_| "UPDATE cell SET cost_nano = cost_nano + 1 WHERE output = 400",
        |_| "DELETE FROM day_cell",
        |_| {
            "INSERT INTO cell SELECT period + 5000, whereabouts, service, confidence, seen, calls,
                unpriced_calls, input, output, cache_read, cache_write_5m, cache_write_1h, reasoning,
                web_searches, list_nano, cost_nano FROM cell WHERE output = 400"
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        engine.statements("journal.db", damage);
        let found = store.check(99).await.unwrap();
        assert!(!found.is_empty(), "damage {number}");
        store.rebuild().await.unwrap();
        assert_eq!(book(&store).await, whole, "damage {number}");
    }
    assert_eq!(store.accept(Delivery::new(moment(NOON))).await.unwrap(), store::Accepted::default());
}

//! What one or several gateways may spend of budgets that they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{NanoUsd, Period, Timestamp};
use jiff::tz::TimeZone;
use ledger::command::{Allocate, Halt, Set};
use ledger::{Actor, BudgetKey, Calendar, HaltKind, Order, Terms};
use pricing::{PriceBook, Pricer};
use store::{Database, Settings, Store};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::*;

/// 2026-11-18T12:00:00Z, a Wednesday.
const NOON: i64 = 1_795_003_200_000;
const DOLLAR: i64 = 1_000_000_000;

struct World {
    folder: TempDir,
    store: Store,
    millis: Arc<AtomicI64>,
    names: std::cell::Cell<u32>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let prices = Pricer::new(PriceBook::bundled().unwrap(), None);
        let database = Database::Sqlite(folder.path().to_owned());
        let store = Store::open(&database, Settings { prices, zone: Some(TimeZone::UTC) }).await.unwrap();
        store.budgets().follow(policy());
        let millis = Arc::new(AtomicI64::new(NOON));
        Self { folder, store, millis, names: std::cell::Cell::new(0) }
    }

    fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.millis);
        Clock::new(move || Timestamp::from_millis(millis.load(Ordering::Relaxed)))
    }

    fn pass(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }

    fn till(&self) -> (Till, mpsc::UnboundedReceiver<Command>) {
        let folder = self.folder.path().join("till");
        Till::open(self.store.budgets().clone(), self.clock(), policy(), &folder).unwrap()
    }

    fn order(&self) -> Order {
        self.names.set(self.names.get() + 1);
        let by = Actor { name: "ann".to_owned(), role: "owner".to_owned() };
        let key = IdempotencyKey::new(&format!("order {}", self.names.get()));
        Order { key, by, reason: "a test".to_owned() }
    }

    async fn command(&self, command: Command) {
        self.store.budgets().command(command, self.clock().now()).await.unwrap().unwrap();
    }

    async fn set(&self, scope: &str, terms: Terms) {
        let (order, budget) = (self.order(), budget(scope));
        let set = Set { order, budget, terms, parent: None, spent_before: NanoUsd::ZERO };
        self.command(Command::Set(set)).await;
    }

    /// What is spent of a budget, and what is held or lent of it.
    async fn stands(&self, scope: &str) -> (i64, i64) {
        let standing = self.store.budgets().standing().await.unwrap();
        let found = standing.budgets.iter().find(|it| it.key == budget(scope)).unwrap();
        let counter = &found.counter;
        (counter.spent.nano(), counter.reserved.nano() + counter.leased.nano())
    }

    /// What the ledger has yet to be told is told.
    async fn hear(&self, words: &mut mpsc::UnboundedReceiver<Command>) {
        while let Ok(word) = words.try_recv() {
            self.store.budgets().command(word, self.clock().now()).await.unwrap().ok();
        }
    }
}

fn policy() -> Policy {
    Policy::new(Calendar::new(TimeZone::UTC))
}

fn budget(scope: &str) -> BudgetKey {
    BudgetKey::new(scope.parse().unwrap(), Period::Month)
}

fn reserve(id: &str, nano: i64) -> Reserve {
    let scopes = ["developer/ada@example.com", "team/web"].map(|it| it.parse().unwrap());
    Reserve {
        id: ReservationId::new(id),
        subject: Subject::new(scopes).unwrap(),
        amount: NanoUsd::new(nano),
        hold_ms: 3_600_000,
    }
}

fn code(answer: &Result<(), DeskError>) -> &str {
    match answer {
        Ok(()) => "held",
        Err(DeskError::Refused(refusal)) => refusal.code(),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_calls_cost_reaches_the_ledger_and_what_is_left_goes_back() {
    let world = World::new().await;
    world.set("org", Terms::hard(NanoUsd::new(100 * DOLLAR))).await;
    let (till, mut words) = world.till();
    for number in 0..20 {
        let id = format!("call {number}");
        assert_eq!(code(&till.reserve(reserve(&id, DOLLAR)).await), "held");
        if number % 4 == 3 {
            till.end(ReservationId::new(&id), None);
        } else {
            till.end(ReservationId::new(&id), Some(NanoUsd::new(DOLLAR / 2)));
        }
    }
    let (_, held) = world.stands("org").await;
    assert!(held > 0, "a slice is lent");
    till.close().await;
    world.hear(&mut words).await;
    assert_eq!(world.stands("org").await, (15 * DOLLAR / 2, 0));
}

#[tokio::test]
async fn the_last_dollars_are_exact() {
    let world = World::new().await;
    world.set("org", Terms::hard(NanoUsd::new(3 * DOLLAR))).await;
    world.set("team/web", Terms::hard(NanoUsd::new(2 * DOLLAR))).await;
    let (till, mut words) = world.till();
    let mut granted = 0;
    for number in 0..400 {
        let id = format!("call {number}");
        match code(&till.reserve(reserve(&id, DOLLAR / 100)).await) {
            "held" => {
                granted += 1;
                till.end(ReservationId::new(&id), Some(NanoUsd::new(DOLLAR / 100)));
                world.hear(&mut words).await;
            }
            refused => assert_eq!(refused, "budget_exceeded"),
        }
    }
    assert_eq!(granted, 200);
    till.close().await;
    assert_eq!(world.stands("team/web").await, (2 * DOLLAR, 0));
}

#[tokio::test]
async fn several_gateways_never_spend_more_than_there_is_and_one_that_dies_costs_its_slice_alone() {
    let world = World::new().await;
    world.set("org", Terms::hard(NanoUsd::new(50 * DOLLAR))).await;
    let (first, _first_words) = world.till();
    let (second, mut words) = world.till();
    let mut granted = 0;
    for number in 0..200 {
        world.pass(50);
        let (till, name) = if number % 2 == 0 { (&first, "first") } else { (&second, "second") };
        let id = format!("{name} {number}");
        if till.reserve(reserve(&id, DOLLAR / 10)).await.is_ok() {
            granted += 1;
            till.end(ReservationId::new(&id), Some(NanoUsd::new(DOLLAR / 10)));
            if name == "second" {
                world.hear(&mut words).await;
            }
        }
    }
    // It dies without a word.
    drop(first);
    for number in 200..900 {
        world.pass(50);
        let id = format!("second {number}");
        if second.reserve(reserve(&id, DOLLAR / 10)).await.is_ok() {
            granted += 1;
            second.end(ReservationId::new(&id), Some(NanoUsd::new(DOLLAR / 10)));
            world.hear(&mut words).await;
        }
        if number % 40 == 0 {
            second.tick().await;
        }
    }
    assert!((400..=500).contains(&granted), "{granted} calls of 10 cents under a ceiling of 50 dollars");
    let (spent, held) = world.stands("org").await;
    assert!(spent + held <= 50 * DOLLAR);
}

#[tokio::test]
async fn more_money_and_less_are_there_at_once() {
    let world = World::new().await;
    world.set("team/web", Terms::hard(NanoUsd::new(DOLLAR))).await;
    let (till, _words) = world.till();
    assert_eq!(code(&till.reserve(reserve("a", 2 * DOLLAR)).await), "budget_exceeded");
    let amount = NanoUsd::new(100 * DOLLAR);
    world
        .command(Command::Allocate(Allocate { order: world.order(), budget: budget("team/web"), amount }))
        .await;
    assert_eq!(code(&till.reserve(reserve("b", 2 * DOLLAR)).await), "held");
    let amount = NanoUsd::ZERO;
    world
        .command(Command::Allocate(Allocate { order: world.order(), budget: budget("team/web"), amount }))
        .await;
    till.tick().await;
    // What was lent is lent; it goes back at the latest when the lease ends.
    till.end(ReservationId::new("b"), None);
    world.pass(70_000);
    till.tick().await;
    assert_eq!(code(&till.reserve(reserve("c", DOLLAR)).await), "budget_exceeded");
}

#[tokio::test]
async fn a_kill_is_heard_at_the_next_look_and_ends_as_soon() {
    let world = World::new().await;
    world.set("org", Terms::hard(NanoUsd::new(100 * DOLLAR))).await;
    let (till, _words) = world.till();
    let stops = till.stops();
    assert_eq!(code(&till.reserve(reserve("a", DOLLAR)).await), "held");
    let scope: Scope = "team/web".parse().unwrap();
    let halt = |order| Halt { order, scope: "team/web".parse().unwrap(), kind: HaltKind::Kill };
    world.command(Command::Halt(halt(world.order()))).await;
    till.look().await;
    assert!(stops.borrow().killed.contains_key(&scope));
    assert_eq!(code(&till.reserve(reserve("b", DOLLAR)).await), "killed");
    world.command(Command::Lift(halt(world.order()))).await;
    assert_eq!(code(&till.reserve(reserve("c", DOLLAR)).await), "held", "asked again, it is known at once");
    till.look().await;
    assert!(stops.borrow().killed.is_empty());
}

#[tokio::test]
async fn whoever_does_not_wait_leaves_nothing_held() {
    let world = World::new().await;
    world.set("org", Terms::hard(NanoUsd::new(DOLLAR / 20))).await;
    let (till, mut words) = world.till();
    for micros in [1, 50, 200, 500, 1_000, 2_000, 4_000, 8_000] {
        let id = format!("call {micros}");
        let asked = timeout(Duration::from_micros(micros), till.reserve(reserve(&id, DOLLAR / 20))).await;
        if asked.is_ok() {
            till.end(ReservationId::new(&id), None);
        }
        sleep(Duration::from_millis(50)).await;
        world.hear(&mut words).await;
        assert_eq!(world.stands("org").await.1, 0, "asked for {micros} µs");
    }
}

#[tokio::test]
async fn who_comes_back_tells_the_last_word_of_who_died() {
    let world = World::new().await;
    world.set("org", Terms::hard(NanoUsd::new(100 * DOLLAR))).await;
    let (till, words) = world.till();
    for number in 0..5 {
        assert_eq!(code(&till.reserve(reserve(&format!("call {number}"), DOLLAR)).await), "held");
    }
    till.end(ReservationId::new("call 0"), Some(NanoUsd::new(DOLLAR / 4)));
    till.end(ReservationId::new("call 1"), None);
    let (other, _words) = world.till();
    assert!(other.drawer().leases.is_empty(), "what somebody works with is not taken over");
    drop((till, words, other));

    let (till, mut words) = world.till();
    assert_eq!(till.drawer().leases.len(), 1);
    till.tick().await;
    world.hear(&mut words).await;
    // Nobody tells how the three ended that ran: they may have cost all that was held.
    assert_eq!(world.stands("org").await, (DOLLAR / 4 + 3 * DOLLAR, 0));
    let folder = world.folder.path().join("till");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "files go with their leases");
}

//! Budgets: that commands, however they come, are decided as the ledger alone would decide
//! them, and that what was answered is kept.

mod copies;
mod crash;
mod shared;
mod simulated;
mod story;
mod upkeep;

use domain::{NanoUsd, Period, Scope, Timestamp};
use ledger::command::{Reserve, Set, Settle};
use ledger::{
    Actor, Budget, BudgetKey, Command, IdempotencyKey, Order, Refusal, ReservationId, Subject, Terms,
};
use store::{Budgets, Decided};

/// 1 June 2026, a Monday, noon UTC.
const NOON: i64 = 1_780_315_200_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn now() -> Timestamp {
    at(NOON)
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

fn month(text: &str) -> BudgetKey {
    BudgetKey::new(scope(text), Period::Month)
}

fn nano(amount: i64) -> NanoUsd {
    NanoUsd::new(amount)
}

fn order(key: &str) -> Order {
    let by = Actor { name: "ada@example.com".to_owned(), role: "owner".to_owned() };
    Order { key: IdempotencyKey::new(key), by, reason: "as agreed".to_owned() }
}

fn set(of: &str, amount: i64, parent: Option<&str>) -> Command {
    Command::Set(Set {
        order: order(&format!("set {of}")),
        budget: month(of),
        terms: Terms::hard(nano(amount)),
        parent: parent.map(scope),
        spent_before: NanoUsd::ZERO,
    })
}

fn subject(scopes: &[&str]) -> Subject {
    Subject::new(scopes.iter().map(|it| scope(it))).unwrap()
}

fn reserve(id: &str, scopes: &[&str], amount: i64) -> Command {
    let id = ReservationId::new(id);
    Command::Reserve(Reserve { id, subject: subject(scopes), amount: nano(amount), hold_ms: 60_000 })
}

fn settle(id: &str, cost: i64) -> Command {
    Command::Settle(Settle { id: ReservationId::new(id), cost: nano(cost) })
}

/// What becomes of a command at noon.
async fn ask(budgets: &Budgets, command: Command) -> Result<Decided, Box<Refusal>> {
    budgets.command(command, now()).await.unwrap()
}

/// Does something that is not refused.
async fn done(budgets: &Budgets, command: Command) -> Decided {
    let told = command.to_string();
    ask(budgets, command).await.unwrap_or_else(|refusal| panic!("{told}: {refusal}"))
}

/// A budget of a month, as it stands.
async fn budget(budgets: &Budgets, of: &str) -> Budget {
    let standing = budgets.standing().await.unwrap();
    standing.budgets.into_iter().find(|it| it.key == month(of)).unwrap()
}

//! Rows of the ledger as rows of a table: where each is kept, and when something is to be
//! done about it.

use domain::{NanoUsd, Period, ScopeKind, Timestamp};
use ledger::ledger::{CLOCK_SLACK_MS, FORGET_SESSION_MS, KEEP_PAST_MS, REMEMBER_MS};
use ledger::{BudgetKey, Held, Key, LeaseState, ReservationState, Row, RowKey, TallyKey};

use super::wire;
use crate::error::StoreError;

/// How long what is over is kept.
const KEEP_MS: i64 = REMEMBER_MS + CLOCK_SLACK_MS;
/// How long it is kept how much somebody moved: a quarter and some days.
const KEEP_TALLY_MS: i64 = 100 * 86_400_000;

/// A row as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) name: Name,
    /// The scope by which accounts and budgets are loaded.
    pub(crate) scope: Option<String>,
    /// The last moment at which nothing is to be done about it.
    pub(crate) due: Option<i64>,
    pub(crate) body: String,
}

/// Where a row is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) kind: &'static str,
    pub(crate) key: String,
}

/// Where that is kept which is loaded under one key.
pub(crate) enum Place {
    /// In one row.
    Row(Name),
    /// In all rows of a scope.
    Scope(String),
}

impl Kept {
    /// Of a row.
    pub(crate) fn of(row: &Row) -> Result<Self, StoreError> {
        let body = wire::body_of(row).map_err(|error| StoreError::NotWritten(error.to_string()))?;
        let scope = match row {
            Row::Account(it) => Some(it.scope.to_string()),
            Row::Budget(it) => Some(it.key.scope.to_string()),
            Row::Past(_)
            | Row::Reservation(_)
            | Row::Lease(_)
            | Row::Request(_)
            | Row::Tally(_)
            | Row::Done(_) => None,
        };
        Ok(Self { name: Name::of(&row.key()), scope, due: due(row).map(Timestamp::millis), body })
    }
}

/// The row that is kept there.
pub(crate) fn row(kind: &str, body: &str) -> Result<Row, StoreError> {
    wire::row_of(kind, body).map_err(|why| StoreError::Unknown {
        what: "a row of the ledger",
        value: format!("{kind} {body} ({why})"),
    })
}

impl Name {
    /// Of a row.
    pub(crate) fn of(key: &RowKey) -> Self {
        match key {
            RowKey::Account(scope) => Self { kind: "account", key: scope.to_string() },
            RowKey::Budget(budget) => Self { kind: "budget", key: budget_text(budget) },
            RowKey::Past(held) => Self { kind: "past", key: held_text(held) },
            RowKey::Reservation(id) => Self { kind: "reservation", key: id.to_string() },
            RowKey::Lease(id) => Self { kind: "lease", key: id.to_string() },
            RowKey::Request(id) => Self { kind: "request", key: id.to_string() },
            RowKey::Tally(key) => Self { kind: "tally", key: tally_text(key) },
            RowKey::Done(key) => Self { kind: "done", key: key.to_string() },
        }
    }
}

impl Place {
    /// Of a key.
    pub(crate) fn of(key: &Key) -> Self {
        Self::Row(match key {
            Key::Scope(scope) => return Self::Scope(scope.to_string()),
            Key::Done(key) => Name { kind: "done", key: key.to_string() },
            Key::Request(id) => Name { kind: "request", key: id.to_string() },
            Key::Lease(id) => Name { kind: "lease", key: id.to_string() },
            Key::Reservation(id) => Name { kind: "reservation", key: id.to_string() },
            Key::Tally(key) => Name { kind: "tally", key: tally_text(key) },
            Key::Past(held) => Name { kind: "past", key: held_text(held) },
        })
    }
}

fn budget_text(it: &BudgetKey) -> String {
    format!("{} {}", it.period.name(), it.scope)
}

fn held_text(it: &Held) -> String {
    format!("{} {} {}", it.budget.period.name(), it.start.millis(), it.budget.scope)
}

fn tally_text(it: &TallyKey) -> String {
    format!("{} {} {}", it.period.name(), it.start.millis(), it.actor)
}

/// The last moment at which nothing is to be done about a row: after it a reservation or
/// lease is to be taken back, and everything else may be forgotten. This finds what
/// [`ledger::Ledger::sweep`] and the commands that end things then decide on.
fn due(row: &Row) -> Option<Timestamp> {
    match row {
        Row::Account(_) => None,
        Row::Budget(it) => {
            let counter = &it.counter;
            let sums = [it.promised, counter.reserved, counter.leased, counter.moved, counter.moved_below];
            let is_bare = it.key.scope.kind() == ScopeKind::Session
                && it.terms.is_none()
                && it.parent.is_none()
                && sums.iter().all(|sum| *sum == NanoUsd::ZERO);
            is_bare.then(|| after(counter.touched, FORGET_SESSION_MS.saturating_add(CLOCK_SLACK_MS)))
        }
        Row::Past(it) => {
            let counter = &it.counter;
            let is_closed = counter.reserved == NanoUsd::ZERO && counter.leased == NanoUsd::ZERO;
            let end = counter.window.end.filter(|_| is_closed)?;
            Some(after(end.max(counter.touched), KEEP_PAST_MS))
        }
        Row::Reservation(it) => Some(match it.state {
            ReservationState::Open => it.expires_at,
            ReservationState::Ended { at, .. } => after(at, KEEP_MS),
        }),
        Row::Lease(it) => match it.state {
            LeaseState::Live => Some(it.expires_at),
            LeaseState::Expired => None,
            LeaseState::Returned => Some(after(it.touched, KEEP_MS)),
        },
        Row::Request(it) => it.answer.as_ref().map(|it| after(it.at, KEEP_MS)),
        Row::Tally(it) => (it.key.period != Period::Ever).then(|| after(it.key.start, KEEP_TALLY_MS)),
        Row::Done(it) => Some(after(it.at, KEEP_MS)),
    }
}

const fn after(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(millis))
}

#[cfg(test)]
mod tests;

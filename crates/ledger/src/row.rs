//! The ledger as rows, for a store to keep: what is loaded, and what a command changed.

use domain::Scope;

use crate::account::{Account, Done, Request, RequestId, Tally, TallyKey};
use crate::budget::{Budget, BudgetKey, Held, Past};
use crate::lease::{Lease, LeaseId};
use crate::reservation::{IdempotencyKey, Reservation, ReservationId};

/// What a command may need, and a store loads (and locks) as one: in this order.
///
/// A store with many writers locks keys in ascending order, and keeps them locked until
/// what the command changed is written. A key under which nothing is stored is locked
/// too, since the command may be the one that stores something there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// [`Row::Done`] of that key.
    Done(IdempotencyKey),
    /// [`Row::Request`] of that id.
    Request(RequestId),
    /// [`Row::Lease`] of that id.
    Lease(LeaseId),
    /// [`Row::Reservation`] of that id.
    Reservation(ReservationId),
    /// [`Row::Tally`] of that key.
    Tally(TallyKey),
    /// [`Row::Account`] of that scope, and [`Row::Budget`] of it for all periods.
    Scope(Scope),
    /// [`Row::Past`] of that budget and first moment.
    Past(Held),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// What is so of a scope, whatever the period.
    Account(Account),
    /// A budget, with its counter.
    Budget(Budget),
    /// The counter of a period that is over.
    Past(Past),
    /// A reservation.
    Reservation(Reservation),
    /// A lease.
    Lease(Lease),
    /// A request for more.
    Request(Request),
    /// How much somebody moved in a period.
    Tally(Tally),
    /// A command that was done.
    Done(Done),
}

/// Names one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// [`Row::Account`].
    Account(Scope),
    /// [`Row::Budget`].
    Budget(BudgetKey),
    /// [`Row::Past`].
    Past(Held),
    /// [`Row::Reservation`].
    Reservation(ReservationId),
    /// [`Row::Lease`].
    Lease(LeaseId),
    /// [`Row::Request`].
    Request(RequestId),
    /// [`Row::Tally`].
    Tally(TallyKey),
    /// [`Row::Done`].
    Done(IdempotencyKey),
}

impl Row {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> RowKey {
        match self {
            Self::Account(it) => RowKey::Account(it.scope.clone()),
            Self::Budget(it) => RowKey::Budget(it.key.clone()),
            Self::Past(it) => RowKey::Past(Held { budget: it.key.clone(), start: it.counter.window.start }),
            Self::Reservation(it) => RowKey::Reservation(it.id.clone()),
            Self::Lease(it) => RowKey::Lease(it.id.clone()),
            Self::Request(it) => RowKey::Request(it.id.clone()),
            Self::Tally(it) => RowKey::Tally(it.key.clone()),
            Self::Done(it) => RowKey::Done(it.key.clone()),
        }
    }
}

impl RowKey {
    /// The key under which it is loaded.
    #[must_use]
    pub fn loaded_by(&self) -> Key {
        match self {
            Self::Account(scope) => Key::Scope(scope.clone()),
            Self::Budget(budget) => Key::Scope(budget.scope.clone()),
            Self::Past(held) => Key::Past(held.clone()),
            Self::Reservation(id) => Key::Reservation(id.clone()),
            Self::Lease(id) => Key::Lease(id.clone()),
            Self::Request(id) => Key::Request(id.clone()),
            Self::Tally(key) => Key::Tally(key.clone()),
            Self::Done(key) => Key::Done(key.clone()),
        }
    }
}

/// What a command made of one row. Both sides are there, so that a change which could
/// not be written can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which row.
    pub key: RowKey,
    /// What stood there.
    pub before: Option<Row>,
    /// What stands there now; none where the row goes.
    pub after: Option<Row>,
}

//! The budget tree as a pure state machine.
//!
//! A budget is agreed for a scope and a period. A call counts against every budget of
//! its [`Subject`]: money is reserved in all of them before it is sent, and what it cost
//! is settled in all of them when it ended. Nothing here does I/O or reads a clock:
//! [`Ledger::decide`] takes a [`Command`] and a moment, and returns a [`Decision`] with the
//! rows that change, for whoever keeps them.
//!
//! Reading order: [`terms`] (what is agreed), [`budget`] and [`counter`] (a budget and its
//! arithmetic), [`command`], [`outcome`] and [`refusal`] (what can be asked, and the
//! answers), [`row`] and [`ledger`] (how a store runs it), `apply` (what each command
//! does), [`lease`] and [`replica`] (budgets spent in several places).
//!
//! Invariants:
//!
//! - Of a hard budget, spent + reserved + leased is at most the allocation, whatever the
//!   order of commands. What a provider bills beyond it is told as an overrun, and what an
//!   administrator takes away lowers the allocation; after either nothing is granted until
//!   there is room again.
//! - A reservation ends once: settled, released or expired. What is spent is never forgotten.
//! - A transfer neither creates nor loses a nano-dollar.
//! - A ledger that was loaded with the rows that a command needs decides as the whole one.
//! - A period that has begun stays begun, whatever the clock says.

#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::as_conversions)]

pub mod account;
mod apply;
pub mod budget;
pub mod calendar;
pub mod command;
pub mod counter;
mod draft;
pub mod fingerprint;
pub mod lease;
pub mod ledger;
pub mod outcome;
pub mod policy;
pub mod refusal;
pub mod replica;
pub mod reservation;
pub mod row;
#[cfg(any(test, feature = "simulation"))]
pub mod simulation;
pub mod subject;
pub mod sweep;
pub mod terms;

pub use account::{Account, Actor, Answer, Done, Request, RequestId, Stop, Tally, TallyKey};
pub use apply::{MAX_REASON_BYTES, touches};
pub use budget::{Budget, BudgetKey, Held, Past, Slice};
pub use calendar::{Calendar, Today, Window};
pub use command::{Command, HaltKind, Order};
pub use counter::{Counter, DayOpened, Limit, Room, Told};
pub use fingerprint::Fingerprint;
pub use lease::{Grant, Lease, LeaseId, LeaseState, Lend, LentSlice, Used, Want};
pub use ledger::Ledger;
pub use outcome::{Binding, Decision, Event, Outcome, Outlook};
pub use policy::{Lending, Policy, TransferLimit};
pub use refusal::{Refusal, Shortfall, Stopped};
pub use reservation::{Ending, IdempotencyKey, Reservation, ReservationId, ReservationState};
pub use row::{Change, Key, Row, RowKey};
pub use subject::{BadSubject, Subject};
pub use terms::{
    Action, BadTerms, Ceiling, Downgrade, Mark, Overcommit, Pace, Rollover, Terms, Threshold, WhenUnreachable,
};

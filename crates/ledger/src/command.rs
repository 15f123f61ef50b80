//! What can be asked of the ledger.
//!
//! Every command has a key under which asking twice is asking once: reservations and
//! leases have their own id, and how they end is said of that id; everything else has
//! an [`IdempotencyKey`]. A refusal changes nothing and is not remembered: under its key
//! the same may be asked again, and may be granted then.

use std::fmt;

use domain::{NanoUsd, Period, Scope, Timestamp};

use crate::account::{Actor, RequestId};
use crate::budget::BudgetKey;
use crate::fingerprint::Fingerprint;
use crate::lease::{LeaseId, Lend, Used};
use crate::reservation::{IdempotencyKey, ReservationId};
use crate::subject::Subject;
use crate::terms::Terms;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Agree on a budget, or agree anew.
    Set(Set),
    /// Change the amount of a budget, and nothing else of it.
    Allocate(Allocate),
    /// End a budget. What was spent stays known.
    Remove(Remove),
    /// Move what is left of this period from one budget to another.
    Transfer(Transfer),
    /// Hold money for a call.
    Reserve(Reserve),
    /// The call ended, and cost so much.
    Settle(Settle),
    /// There was no call.
    Release(ReservationId),
    /// Take back what nobody told of in time.
    Expire(ReservationId),
    /// Count what was spent without a reservation.
    Book(Book),
    /// Freeze or kill.
    Halt(Halt),
    /// Undo that.
    Lift(Halt),
    /// Ask for more.
    Ask(Ask),
    /// Grant it, whole or in part.
    Approve(Approve),
    /// Deny it.
    Deny(Deny),
    /// Lend slices of budgets to a gateway, or lend it more.
    Lend(Lend),
    /// Take them back, with the last word on what was spent.
    Return(Return),
    /// End a lease that was not renewed in time.
    ExpireLease(LeaseId),
}

/// Who commands, why, and under which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The key.
    pub key: IdempotencyKey,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// Agree on a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// By whose order.
    pub order: Order,
    /// Which budget.
    pub budget: BudgetKey,
    /// What is agreed.
    pub terms: Terms,
    /// The scope above it in the tree.
    pub parent: Option<Scope>,
    /// What the books say was spent in this period before there was a budget. It counts
    /// where the ledger has not counted itself.
    pub spent_before: NanoUsd,
}

/// Change the amount of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocate {
    /// By whose order.
    pub order: Order,
    /// Which budget.
    pub budget: BudgetKey,
    /// The amount of each period, from this one on.
    pub amount: NanoUsd,
}

/// End a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// By whose order.
    pub order: Order,
    /// Which budget.
    pub budget: BudgetKey,
}

/// Move money between budgets of the same period, this period alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// By whose order; the reason must not be empty.
    pub order: Order,
    /// Where it comes from.
    pub from: Scope,
    /// Where it goes.
    pub to: Scope,
    /// Of budgets of which period.
    pub period: Period,
    /// How much.
    pub amount: NanoUsd,
}

/// Hold money for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// The reservation's name, and its key.
    pub id: ReservationId,
    /// Whom and what the call is about.
    pub subject: Subject,
    /// The most that it can cost.
    pub amount: NanoUsd,
    /// How long it is held, at most.
    pub hold_ms: i64,
}

/// A call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settle {
    /// The reservation.
    pub id: ReservationId,
    /// What the call cost.
    pub cost: NanoUsd,
}

/// Count what was spent without a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The key: the call's own.
    pub key: IdempotencyKey,
    /// Whom and what the call was about.
    pub subject: Subject,
    /// What it cost.
    pub cost: NanoUsd,
    /// When the call was. It counts in the periods that held that moment, as far as
    /// they are still known.
    pub at: Timestamp,
}

/// Freeze or kill a scope, or undo it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// By whose order.
    pub order: Order,
    /// What.
    pub scope: Scope,
    /// Which of the two.
    pub kind: HaltKind,
}

/// How something is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HaltKind {
    /// Nothing new is granted, and nothing is moved; calls that run may end.
    Freeze,
    /// Calls that run are cut off as well.
    Kill,
}

/// Ask for more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// By whom and why. Its key becomes the request's id.
    pub order: Order,
    /// Of which budget.
    pub budget: BudgetKey,
    /// How much more, in this period.
    pub amount: NanoUsd,
}

/// Grant a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approve {
    /// By whose order.
    pub order: Order,
    /// The request.
    pub request: RequestId,
    /// How much: at most what was asked.
    pub amount: NanoUsd,
    /// The budget that it is taken from. None grants new money, to this budget alone:
    /// the ceilings above it stay.
    pub from: Option<Scope>,
}

/// Deny a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deny {
    /// By whose order.
    pub order: Order,
    /// The request.
    pub request: RequestId,
}

/// Give a lease back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// The lease.
    pub lease: LeaseId,
    /// What was spent of it, from its beginning.
    pub used: Vec<Used>,
}

impl Command {
    /// The key under which it is remembered, where it is not one of a reservation or lease.
    pub(crate) const fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        match self {
            Self::Set(it) => Some(&it.order.key),
            Self::Allocate(it) => Some(&it.order.key),
            Self::Remove(it) => Some(&it.order.key),
            Self::Transfer(it) => Some(&it.order.key),
            Self::Book(it) => Some(&it.key),
            Self::Halt(it) | Self::Lift(it) => Some(&it.order.key),
            Self::Ask(it) => Some(&it.order.key),
            Self::Approve(it) => Some(&it.order.key),
            Self::Deny(it) => Some(&it.order.key),
            Self::Lend(it) => Some(&it.key),
            Self::Reserve(_)
            | Self::Settle(_)
            | Self::Release(_)
            | Self::Expire(_)
            | Self::Return(_)
            | Self::ExpireLease(_) => None,
        }
    }

    /// Of all that it asks for. What was spent before is not asked, and is more each time
    /// that the books are looked at.
    pub(crate) fn print(&self) -> Fingerprint {
        if let Self::Set(it) = self {
            return Fingerprint::of(Self::Set(Set { spent_before: NanoUsd::ZERO, ..it.clone() }));
        }
        Fingerprint::of(self)
    }
}

/// One line for logs, with everything that makes it this command and no other.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(it) => {
                write!(f, "set {} to {:?}", it.budget, it.terms)?;
                if let Some(parent) = &it.parent {
                    write!(f, " below {parent}")?;
                }
                write!(f, ", {} spent before, {}", it.spent_before, it.order)
            }
            Self::Allocate(it) => write!(f, "allocate {} to {}, {}", it.amount, it.budget, it.order),
            Self::Remove(it) => write!(f, "remove {}, {}", it.budget, it.order),
            Self::Transfer(it) => {
                let (from, to, period) = (&it.from, &it.to, it.period.name());
                write!(f, "transfer {} of {period} from {from} to {to}, {}", it.amount, it.order)
            }
            Self::Reserve(it) => {
                write!(f, "reserve {} as {} for {} ms for {}", it.amount, it.id, it.hold_ms, it.subject)
            }
            Self::Settle(it) => write!(f, "settle {} at {}", it.id, it.cost),
            Self::Release(id) => write!(f, "release {id}"),
            Self::Expire(id) => write!(f, "expire {id}"),
            Self::Book(it) => write!(f, "book {} at {} for {}", it.cost, it.at.millis(), it.subject),
            Self::Halt(it) => write!(f, "{} {}, {}", it.kind.name(), it.scope, it.order),
            Self::Lift(it) => write!(f, "un{} {}, {}", it.kind.name(), it.scope, it.order),
            Self::Ask(it) => write!(f, "ask for {} more for {}, {}", it.amount, it.budget, it.order),
            Self::Approve(it) => {
                write!(f, "approve {} of {}", it.amount, it.request)?;
                if let Some(from) = &it.from {
                    write!(f, " from {from}")?;
                }
                write!(f, ", {}", it.order)
            }
            Self::Deny(it) => write!(f, "deny {}, {}", it.request, it.order),
            Self::Lend(it) => write!(f, "{it}"),
            Self::Return(it) => write!(f, "return lease {}", it.lease),
            Self::ExpireLease(id) => write!(f, "expire lease {id}"),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by {}: {}", self.by, self.reason)
    }
}

impl HaltKind {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Kill => "kill",
        }
    }
}

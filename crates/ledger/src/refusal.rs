//! Why a command is not done. Each reason has a stable code, says what is short and
//! where, and what to do.

use domain::{NanoUsd, Overflow, Period, Scope, Timestamp};

use crate::account::Stop;
use crate::budget::BudgetKey;
use crate::counter::Limit;
use crate::lease::LeaseId;
use crate::reservation::{IdempotencyKey, MAX_HOLD_MS, MAX_NAME_BYTES, ReservationId};
use crate::row::Key;
use crate::subject::BadSubject;
use crate::terms::BadTerms;

/// The most budgets from one up to the top of its tree.
pub const MAX_DEPTH: usize = 20;

/// Why a command was not decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// It is refused, and changes nothing.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// These keys must be loaded first: lock them in this order, load them, ask again.
    #[error("{} keys are not loaded", .0.len())]
    Missing(Vec<Key>),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Overflow> for Stopped {
    fn from(_: Overflow) -> Self {
        Refusal::OutOfRange.into()
    }
}

impl From<BadTerms> for Stopped {
    fn from(bad: BadTerms) -> Self {
        Refusal::BadTerms(bad).into()
    }
}

/// A budget that a reservation does not fit into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The budget.
    pub budget: BudgetKey,
    /// What there is to spend in the period.
    pub allocation: NanoUsd,
    /// What is left in this budget.
    pub left: NanoUsd,
    /// What was asked.
    pub asked: NanoUsd,
    /// The most that would be granted, by this budget and all others.
    pub grantable: NanoUsd,
    /// What forbids more.
    pub limit: Limit,
    /// When there is more; never, where the budget has no period.
    pub resets: Option<Timestamp>,
    /// Whom to ask.
    pub owner: Option<String>,
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A budget has not enough left.
    #[error("the budget {} has {} of {} USD left{}, and {} are asked for",
        .0.budget, dollars(.0.left), dollars(.0.allocation), .0.limit.words(), dollars(.0.asked))]
    Exceeded(Box<Shortfall>),
    /// Something of the call is frozen.
    #[error("{scope} is frozen by {}: {}", .stop.by, .stop.reason)]
    Frozen {
        /// What.
        scope: Scope,
        /// By whom and why.
        stop: Stop,
    },
    /// Something of the call is killed.
    #[error("{scope} is stopped by {}: {}", .stop.by, .stop.reason)]
    Killed {
        /// What.
        scope: Scope,
        /// By whom and why.
        stop: Stop,
    },
    /// The same key was used for something else.
    #[error("the key `{0}` was used before, for something else")]
    KeyReused(String),
    /// A key or name that is empty, too long or not of one line.
    #[error("`{0}` is no key: one line of 1 to {MAX_NAME_BYTES} bytes")]
    BadKey(String),
    /// An amount below zero, or larger than any budget.
    #[error("{0} USD is not an amount that can be asked for")]
    BadAmount(NanoUsd),
    /// Money cannot be held for so long, or for no time.
    #[error("money is held for 1 to {MAX_HOLD_MS} ms, not for {0}")]
    BadHold(i64),
    /// Whom and what the call is about cannot be.
    #[error("{0}")]
    BadSubject(#[from] BadSubject),
    /// Terms that cannot be.
    #[error("{0}")]
    BadTerms(#[from] BadTerms),
    /// No such reservation, or it ended too long ago.
    #[error("there is no reservation `{0}`, or it ended long ago")]
    NoReservation(ReservationId),
    /// The reservation ended in another way.
    #[error("the reservation `{id}` is {ending} already")]
    Ended {
        /// Which.
        id: ReservationId,
        /// How it ended.
        ending: &'static str,
    },
    /// The time of a reservation or lease is not over.
    #[error("the time of `{name}` is not over")]
    NotDue {
        /// The reservation or lease.
        name: String,
        /// Until when it runs, in milliseconds since 1970-01-01 UTC.
        until_ms: i64,
    },
    /// No such budget.
    #[error("{0} has no budget of its own")]
    NoBudget(BudgetKey),
    /// A template that cannot be used so.
    #[error("{0} stands for many: it has a ceiling for each, and no place in the tree")]
    Template(Scope),
    /// A tree that would bite its own tail, or grow too high.
    #[error("{child} cannot hang below {parent}: it would be above itself, or more than {MAX_DEPTH} deep")]
    BadParent {
        /// What should hang.
        child: Scope,
        /// Below what.
        parent: Scope,
    },
    /// A budget that must not be promised twice.
    #[error("{budget} has {} USD that are not promised to the budgets below it, and {} are needed",
        dollars(*.unpromised), dollars(*.needed))]
    Overcommitted {
        /// Which.
        budget: BudgetKey,
        /// What it has not promised.
        unpromised: NanoUsd,
        /// What would be.
        needed: NanoUsd,
    },
    /// Nothing to move, or to move it to.
    #[error("{from} and {to} are not two budgets of one tree, or of one kind")]
    Unrelated {
        /// From where.
        from: Scope,
        /// To where.
        to: Scope,
    },
    /// A command without a reason.
    #[error("say why: a reason of one line is needed")]
    NoReason,
    /// A role that may not move money.
    #[error("{who} may not move money as {role}")]
    NotAllowed {
        /// Who.
        who: String,
        /// As what.
        role: String,
    },
    /// More than the role may move at once.
    #[error("as {role} one moves at most {} USD at once, not {}",
        dollars(*.most), dollars(*.amount))]
    TooMuchAtOnce {
        /// As what.
        role: String,
        /// How much one may.
        most: NanoUsd,
        /// How much it was.
        amount: NanoUsd,
    },
    /// More than the role may move in a period.
    #[error("as {role} one moves at most {} USD in a {period}, and {} were moved already",
        dollars(*.most), dollars(*.moved), period = .period.name())]
    TooMuch {
        /// As what.
        role: String,
        /// In which period.
        period: Period,
        /// How much one may.
        most: NanoUsd,
        /// How much was moved.
        moved: NanoUsd,
    },
    /// More often than the role may in a period.
    #[error("as {role} one moves money at most {most} times in a {period}", period = .period.name())]
    TooOften {
        /// As what.
        role: String,
        /// In which period.
        period: Period,
        /// How often one may.
        most: u32,
    },
    /// No such request.
    #[error("there is no request `{0}`")]
    NoRequest(IdempotencyKey),
    /// The request was answered before.
    #[error("the request `{0}` is answered already")]
    Answered(IdempotencyKey),
    /// More than was asked.
    #[error("{} USD were asked, so {} cannot be granted", dollars(*.asked), dollars(*.granted))]
    MoreThanAsked {
        /// What was.
        asked: NanoUsd,
        /// What should be granted.
        granted: NanoUsd,
    },
    /// No such lease.
    #[error("there is no lease `{0}`, or it ended long ago")]
    NoLease(LeaseId),
    /// The lease is over, and a new one is needed.
    #[error("the lease `{0}` is over: report what was spent, and take a new one")]
    LeaseOver(LeaseId),
    /// A lease of somebody else.
    #[error("the lease `{0}` is another gateway's")]
    NotYourLease(LeaseId),
    /// More than a lease can hold.
    #[error("a lease is about at most {0} scopes")]
    LeaseTooLarge(usize),
    /// A sum or a date outside of what can be kept.
    #[error("a sum or a date is outside of what can be kept")]
    OutOfRange,
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Exceeded(_) => "budget_exceeded",
            Self::Frozen { .. } => "budget_frozen",
            Self::Killed { .. } => "killed",
            Self::KeyReused(_) => "key_reused",
            Self::BadKey(_) => "bad_key",
            Self::BadAmount(_) => "bad_amount",
            Self::BadHold(_) => "bad_hold",
            Self::BadSubject(_) => "bad_subject",
            Self::BadTerms(_) => "bad_terms",
            Self::NoReservation(_) => "no_reservation",
            Self::Ended { .. } => "reservation_ended",
            Self::NotDue { .. } => "not_due",
            Self::NoBudget(_) => "no_budget",
            Self::Template(_) => "template",
            Self::BadParent { .. } => "bad_parent",
            Self::Overcommitted { .. } => "overcommitted",
            Self::Unrelated { .. } => "unrelated",
            Self::NoReason => "no_reason",
            Self::NotAllowed { .. } => "not_allowed",
            Self::TooMuchAtOnce { .. } => "too_much_at_once",
            Self::TooMuch { .. } => "too_much",
            Self::TooOften { .. } => "too_often",
            Self::NoRequest(_) => "no_request",
            Self::Answered(_) => "request_answered",
            Self::MoreThanAsked { .. } => "more_than_asked",
            Self::NoLease(_) => "no_lease",
            Self::LeaseOver(_) => "lease_over",
            Self::NotYourLease(_) => "not_your_lease",
            Self::LeaseTooLarge(_) => "lease_too_large",
            Self::OutOfRange => "out_of_range",
        }
    }

    /// The command that whoever is refused may give, or ask somebody to give.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        if let Self::Exceeded(it) = self {
            let short = it.asked.minus(it.grantable).unwrap_or(it.asked);
            let (scope, period) = (&it.budget.scope, it.budget.period.name());
            let amount = rounded_up(short);
            return Some(format!("bursar budget request '{scope}' --amount {amount} --period {period}"));
        }
        if let Self::Frozen { scope, .. } = self {
            return Some(format!("bursar budget unfreeze '{scope}'"));
        }
        if let Self::Killed { scope, .. } = self {
            return Some(format!("bursar unkill '{scope}'"));
        }
        if let Self::NoBudget(budget) = self {
            let (scope, period) = (&budget.scope, budget.period.name());
            return Some(format!("bursar budget set '{scope}' --amount USD --period {period}"));
        }
        None
    }
}

/// Exact, and with cents at least: calls cost fractions of a cent, and a sum that is
/// short by one must not look as if it was not.
fn dollars(amount: NanoUsd) -> String {
    const MOST_ZEROS: usize = 7;
    let text = amount.to_string();
    let zeros = text.bytes().rev().take(MOST_ZEROS).take_while(|byte| *byte == b'0').count();
    let end = text.len().saturating_sub(zeros);
    text.get(..end).unwrap_or(&text).to_owned()
}

/// In whole cents, and not too few.
fn rounded_up(amount: NanoUsd) -> String {
    const NANO_PER_CENT: i64 = 10_000_000;
    let up = NanoUsd::new(NANO_PER_CENT.saturating_sub(1));
    let amount = amount.plus(up).unwrap_or(amount);
    let rest = amount.nano().checked_rem(NANO_PER_CENT).unwrap_or_default();
    amount.minus(NanoUsd::new(rest)).unwrap_or(amount).to_cents_string()
}

impl Limit {
    /// Why less is left than one might think.
    fn words(self) -> String {
        match self {
            Self::Allocation => String::new(),
            Self::Threshold(percent) => format!(" (it stops at {percent} %)"),
            Self::Forecast => " (at the pace so far it will not last)".to_owned(),
            Self::Pace(_) => " (its share of today is used up)".to_owned(),
        }
    }
}

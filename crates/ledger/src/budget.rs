//! A budget: what is agreed of it, where it hangs in the tree, and its counter.

use std::fmt;
use std::sync::Arc;

use domain::{NanoUsd, Period, Scope, ScopeKind, Timestamp};

use crate::counter::Counter;
use crate::lease::LeaseId;
use crate::ledger::FORGET_SESSION_MS;
use crate::terms::Terms;

/// Which budget: a scope may have one for each period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetKey {
    /// What it is about.
    pub scope: Scope,
    /// How long it lasts.
    pub period: Period,
}

impl BudgetKey {
    /// The budget of that scope and period.
    #[must_use]
    pub const fn new(scope: Scope, period: Period) -> Self {
        Self { scope, period }
    }
}

/// As in `team/web a month`.
impl fmt::Display for BudgetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.period {
            Period::Ever => write!(f, "{}", self.scope),
            Period::Day | Period::Week | Period::Month | Period::Quarter => {
                write!(f, "{} a {}", self.scope, self.period.name())
            }
        }
    }
}

/// A budget, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Which one.
    pub key: BudgetKey,
    /// What is agreed. None where a template's terms hold, and where it is only there
    /// because others hang below it.
    pub terms: Option<Arc<Terms>>,
    /// The scope above it in the tree, whose budget has the same period.
    pub parent: Option<Scope>,
    /// What has been promised to the budgets right below it: the sum of their amounts.
    pub promised: NanoUsd,
    /// In a gateway: the lease that its amount is a slice of.
    pub slice: Option<Slice>,
    /// What has become of its money in the latest period that it has seen.
    pub counter: Counter,
}

/// What makes a budget a slice of one that is kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The lease.
    pub lease: LeaseId,
    /// When it must not be spent from any more.
    pub usable_until: Timestamp,
}

impl Budget {
    /// Whether it is a session's counter under a template, and so old that the session
    /// begins anew. There is no end to sessions, so they cannot all be kept.
    pub(crate) fn is_forgotten(&self, now: Timestamp) -> bool {
        let it = &self.counter;
        let sums = [self.promised, it.reserved, it.leased, it.moved, it.moved_below];
        self.key.scope.kind() == ScopeKind::Session
            && self.terms.is_none()
            && self.parent.is_none()
            && sums.iter().all(|sum| *sum == NanoUsd::ZERO)
            && now.millis_since(it.touched) > FORGET_SESSION_MS
    }
}

/// A budget's counter in a period that is over, kept while calls of it may still end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Of which budget.
    pub key: BudgetKey,
    /// The counter, with its period.
    pub counter: Counter,
}

/// A budget in one of its periods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    /// Which budget.
    pub budget: BudgetKey,
    /// The first moment of the period.
    pub start: Timestamp,
}

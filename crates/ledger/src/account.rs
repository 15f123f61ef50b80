//! What is kept beside the budgets: stops, requests for more, and what was done.

use std::fmt;

use domain::{NanoUsd, Period, Scope, Timestamp};

use crate::budget::BudgetKey;
use crate::fingerprint::Fingerprint;
use crate::reservation::IdempotencyKey;

/// What is so of a scope, whatever the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The scope.
    pub scope: Scope,
    /// Raised by everything that a gateway with a lease must hear of.
    pub epoch: u64,
    /// Why nothing new is granted; calls that run may end.
    pub frozen: Option<Stop>,
    /// Why calls are cut off, and nothing new is granted.
    pub killed: Option<Stop>,
}

impl Account {
    pub(crate) const fn new(scope: Scope) -> Self {
        Self { scope, epoch: 0, frozen: None, killed: None }
    }
}

/// Who stopped something, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Whoever commands something, as their credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub name: String,
    /// As what: rules for transfers are by role.
    pub role: String,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.role)
    }
}

/// A request for more, by the key under which it was made.
pub type RequestId = IdempotencyKey;

/// A request for more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// When it was made.
    pub at: Timestamp,
    /// Of which budget.
    pub budget: BudgetKey,
    /// How much more.
    pub amount: NanoUsd,
    /// Who asks.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub answer: Option<Answer>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who gave it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// How much was granted; nothing where it was denied.
    pub granted: Option<NanoUsd>,
    /// What they said to it.
    pub note: String,
}

/// Which tally.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TallyKey {
    /// Who.
    pub actor: String,
    /// Between budgets of which period.
    pub period: Period,
    /// The first moment of the period.
    pub start: Timestamp,
}

/// How much somebody moved in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Whose, and of which period.
    pub key: TallyKey,
    /// How often.
    pub times: u32,
    /// How much in all.
    pub amount: NanoUsd,
    /// When last.
    pub touched: Timestamp,
}

/// A command that was done, so that it is not done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its key.
    pub key: IdempotencyKey,
    /// Of what was asked.
    pub asked: Fingerprint,
    /// When.
    pub at: Timestamp,
}

//! Slices of budgets, lent to a gateway that spends them without asking.
//!
//! Where the budgets are kept, what is lent counts as committed: spent + reserved + leased
//! stays within the allocation. The gateway builds a ledger of its own from the [`Grant`],
//! whose budgets are no larger than the slices, so the same state machine cannot spend more
//! than was lent. It tells of what it spent in running totals, which may be told twice,
//! late or out of order.
//!
//! A lease that was not renewed in time is over. What the gateway has not told of stays
//! committed, as if it was spent, until its last word comes ([`crate::command::Return`])
//! or the period ends. The epochs of the scopes tell a gateway whether something that it
//! must know of has changed since it was lent to: a budget, a transfer, a freeze, a kill.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use domain::{NanoUsd, Scope, Timestamp};

use crate::account::Account;
use crate::budget::{Budget, Held};
use crate::reservation::IdempotencyKey;

/// The most scopes that one lease is about.
pub const MAX_LEASED_SCOPES: usize = 10_000;
/// How long before its end a gateway stops to spend from a lease, for the sake of clocks
/// that differ.
pub const LEASE_MARGIN_MS: i64 = 5_000;

/// A lease, by the name that the gateway makes up each time it starts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(Arc<str>);

impl LeaseId {
    /// Of that text, as it is.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a gateway has been lent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Its id.
    pub id: LeaseId,
    /// The gateway.
    pub replica: String,
    /// When it is over, unless it is renewed.
    pub expires_at: Timestamp,
    /// How it stands.
    pub state: LeaseState,
    /// The scopes that it is about, with the epoch that each had when it was lent last.
    pub scopes: BTreeMap<Scope, u64>,
    /// The slices: of which budget, in which period.
    pub slices: BTreeMap<Held, LentSlice>,
    /// When it changed last.
    pub touched: Timestamp,
}

/// How a lease stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseState {
    /// It may be spent from.
    Live,
    /// It was not renewed in time, and the last word on it has not come.
    Expired,
    /// It was given back.
    Returned,
}

impl LeaseState {
    /// The name in JSON and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Returned => "returned",
        }
    }
}

/// A slice of one budget in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LentSlice {
    /// How much was lent, in all.
    pub amount: NanoUsd,
    /// How much of it was told to be spent, in all. It may be more than was lent.
    pub spent: NanoUsd,
}

impl LentSlice {
    /// What was lent and not told of.
    #[must_use]
    pub fn outstanding(&self) -> NanoUsd {
        self.amount.minus(self.spent).unwrap_or_default().max(NanoUsd::ZERO)
    }
}

/// Lend to a gateway: new slices, larger ones, or the same for longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lend {
    /// The key.
    pub key: IdempotencyKey,
    /// The lease; it begins with the first of these commands.
    pub lease: LeaseId,
    /// The gateway.
    pub replica: String,
    /// What it needs.
    pub wants: Vec<Want>,
    /// What it spent, from the lease's beginning.
    pub used: Vec<Used>,
    /// For how long.
    pub for_ms: i64,
}

/// A scope that a gateway has calls of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The scope. Its template and its budgets of all periods come with it.
    pub scope: Scope,
    /// How fast the gateway spends in it.
    pub nano_usd_per_second: i64,
}

/// What a gateway spent of a slice, from its lease's beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The slice.
    pub held: Held,
    /// How much.
    pub spent: NanoUsd,
}

/// What a gateway may spend, and all that it must know to do so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The lease.
    pub lease: LeaseId,
    /// When it is over, unless it is renewed. Spending stops [`LEASE_MARGIN_MS`] earlier.
    pub expires_at: Timestamp,
    /// The scopes that it is about: whatever is not below is known not to be there.
    pub scopes: Vec<Scope>,
    /// Their budgets, each as large as its slice.
    pub budgets: Vec<Budget>,
    /// What stops them.
    pub accounts: Vec<Account>,
}

impl fmt::Display for Lend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lend {} to {} for {} ms", self.lease, self.replica, self.for_ms)?;
        for want in &self.wants {
            write!(f, ", {} at {}", want.scope, want.nano_usd_per_second)?;
        }
        for used in &self.used {
            write!(f, ", {} {} used of {}", used.held.budget, used.held.start.millis(), used.spent)?;
        }
        Ok(())
    }
}

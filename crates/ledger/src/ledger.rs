//! The ledger: rows in memory, all of them or those that a command needs.
//!
//! A store that keeps the whole ledger in memory makes it with [`Ledger::whole`]. For each
//! command it asks [`Ledger::decide`], writes the changes, and [`Ledger::absorb`]s them;
//! where several commands share a transaction it absorbs each at once, and takes all back
//! with [`Ledger::undo`], the last first, if the transaction fails.
//!
//! A store that loads and locks rows for each command makes an empty one with
//! [`Ledger::partial`], loads [`crate::touches`] into it, and decides. Where the answer is
//! [`crate::Stopped::Missing`] it loads those too, and asks again: after two or three rounds the
//! decision is the one that the whole ledger would have made.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::{Period, Scope, ScopeKind, Timestamp};

use crate::account::{Account, Done, Request, RequestId, Tally, TallyKey};
use crate::budget::{Budget, BudgetKey, Held, Past};
use crate::lease::{Lease, LeaseId};
use crate::policy::Policy;
use crate::reservation::{IdempotencyKey, Reservation, ReservationId, ReservationState};
use crate::row::{Change, Key, Row, RowKey};

/// How long an ended reservation, a done command and an answered request are remembered.
pub const REMEMBER_MS: i64 = 7 * 86_400_000;
/// How much longer what is forgotten is kept, since a clock may run back.
pub const CLOCK_SLACK_MS: i64 = 2 * 86_400_000;
/// How long a period that is over is kept after it changed last: longer than anything
/// that could still change it.
pub const KEEP_PAST_MS: i64 = REMEMBER_MS + 2 * CLOCK_SLACK_MS;
/// A session that slept so long begins anew under the ceilings that each session has.
pub const FORGET_SESSION_MS: i64 = 90 * 86_400_000;

/// The ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) policy: Policy,
    pub(crate) tables: Tables,
    known: Known,
}

/// Of what it is known whether it is there.
#[derive(Debug, Clone)]
enum Known {
    /// Of everything.
    All,
    /// Of what was loaded.
    Loaded(HashSet<Key>),
    /// In a gateway: of everything but scopes that it has no lease on.
    Lent(HashSet<Scope>),
}

/// Rows by their keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    pub(crate) accounts: HashMap<Scope, Account>,
    pub(crate) budgets: HashMap<BudgetKey, Budget>,
    pub(crate) pasts: HashMap<Held, Past>,
    pub(crate) reservations: HashMap<ReservationId, Reservation>,
    pub(crate) leases: HashMap<LeaseId, Lease>,
    pub(crate) requests: HashMap<RequestId, Request>,
    pub(crate) tallies: HashMap<TallyKey, Tally>,
    pub(crate) done: HashMap<IdempotencyKey, Done>,
    /// The periods for which a scope has terms of its own.
    agreed: HashMap<Scope, Vec<Period>>,
    /// How many scopes of each kind have: most kinds have none, and are not looked up.
    agreed_kinds: BTreeMap<ScopeKind, usize>,
    /// Open reservations by when they may be taken back.
    due: BTreeSet<(Timestamp, ReservationId)>,
}

impl Ledger {
    /// All of the ledger, from all of its rows.
    #[must_use]
    pub fn whole(policy: Policy, rows: impl IntoIterator<Item = Row>) -> Self {
        let mut ledger = Self { policy, tables: Tables::default(), known: Known::All };
        rows.into_iter().for_each(|row| ledger.tables.put(row));
        ledger
    }

    /// A ledger of which nothing is known yet.
    #[must_use]
    pub fn partial(policy: Policy) -> Self {
        Self { policy, tables: Tables::default(), known: Known::Loaded(HashSet::new()) }
    }

    /// Adds the rows that are stored under those keys: all of them.
    pub fn load(&mut self, keys: impl IntoIterator<Item = Key>, rows: impl IntoIterator<Item = Row>) {
        if let Known::Loaded(known) = &mut self.known {
            known.extend(keys);
        }
        rows.into_iter().for_each(|row| self.tables.put(row));
    }

    /// Does what was decided.
    pub fn absorb(&mut self, changes: &[Change]) {
        for change in changes {
            self.tables.set(&change.key, change.after.clone());
        }
    }

    /// Takes it back. Decisions are taken back in the reverse of their order.
    pub fn undo(&mut self, changes: &[Change]) {
        for change in changes.iter().rev() {
            self.tables.set(&change.key, change.before.clone());
        }
    }

    /// All rows, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let it = &self.tables;
        let accounts = it.accounts.values().cloned().map(Row::Account);
        let budgets = it.budgets.values().cloned().map(Row::Budget);
        let pasts = it.pasts.values().cloned().map(Row::Past);
        let reservations = it.reservations.values().cloned().map(Row::Reservation);
        let leases = it.leases.values().cloned().map(Row::Lease);
        let requests = it.requests.values().cloned().map(Row::Request);
        let tallies = it.tallies.values().cloned().map(Row::Tally);
        let done = it.done.values().cloned().map(Row::Done);
        accounts
            .chain(budgets)
            .chain(pasts)
            .chain(reservations)
            .chain(leases)
            .chain(requests)
            .chain(tallies)
            .chain(done)
    }

    /// Open reservations that may be taken back, the longest overdue first.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = &ReservationId> {
        self.tables.due.iter().take_while(move |(at, _)| *at <= now).map(|(_, id)| id)
    }

    /// The policy that it follows.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Follows another policy from now on. Periods that have begun keep their end.
    pub fn follow(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// A budget, as it stood when it was touched last.
    #[must_use]
    pub fn budget(&self, key: &BudgetKey) -> Option<&Budget> {
        self.tables.budgets.get(key)
    }

    /// What is so of a scope, whatever the period.
    #[must_use]
    pub fn account(&self, scope: &Scope) -> Option<&Account> {
        self.tables.accounts.get(scope)
    }

    /// A reservation.
    #[must_use]
    pub fn reservation(&self, id: &ReservationId) -> Option<&Reservation> {
        self.tables.reservations.get(id)
    }

    /// A lease.
    #[must_use]
    pub fn lease(&self, id: &LeaseId) -> Option<&Lease> {
        self.tables.leases.get(id)
    }

    /// All leases, in no particular order.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.tables.leases.values()
    }

    /// All requests for more, in no particular order.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.tables.requests.values()
    }

    /// An empty ledger of a gateway, for one lease. It keeps all of its own rows.
    #[must_use]
    pub fn lent(policy: Policy) -> Self {
        Self { policy, tables: Tables::default(), known: Known::Lent(HashSet::new()) }
    }

    /// Says that it knows of those scopes all that is to be known.
    pub(crate) fn learn(&mut self, scopes: impl IntoIterator<Item = Scope>) {
        if let Known::Lent(known) = &mut self.known {
            known.extend(scopes);
        }
    }

    pub(crate) const fn is_whole(&self) -> bool {
        matches!(self.known, Known::All)
    }

    /// Whether it is known what is stored there.
    pub(crate) fn knows(&self, key: &Key) -> bool {
        match &self.known {
            Known::All => true,
            Known::Loaded(known) => known.contains(key),
            Known::Lent(known) => match key {
                Key::Scope(scope) => known.contains(scope),
                Key::Done(_)
                | Key::Request(_)
                | Key::Lease(_)
                | Key::Reservation(_)
                | Key::Tally(_)
                | Key::Past(_) => true,
            },
        }
    }

    /// Whether it is known what is stored of a scope.
    pub(crate) fn knows_scope(&self, scope: &Scope) -> bool {
        match &self.known {
            Known::All => true,
            Known::Loaded(known) => known.contains(&Key::Scope(scope.clone())),
            Known::Lent(known) => known.contains(scope),
        }
    }
}

impl Tables {
    /// The periods for which a scope has terms of its own.
    pub(crate) fn agreed(&self, scope: &Scope) -> &[Period] {
        if !self.agreed_kinds.contains_key(&scope.kind()) {
            return &[];
        }
        self.agreed.get(scope).map_or(&[], Vec::as_slice)
    }

    fn put(&mut self, row: Row) {
        match row {
            Row::Account(it) => drop(self.accounts.insert(it.scope.clone(), it)),
            Row::Budget(it) => self.put_budget(it),
            Row::Past(it) => {
                let held = Held { budget: it.key.clone(), start: it.counter.window.start };
                self.pasts.insert(held, it);
            }
            Row::Reservation(it) => self.put_reservation(it),
            Row::Lease(it) => drop(self.leases.insert(it.id.clone(), it)),
            Row::Request(it) => drop(self.requests.insert(it.id.clone(), it)),
            Row::Tally(it) => drop(self.tallies.insert(it.key.clone(), it)),
            Row::Done(it) => drop(self.done.insert(it.key.clone(), it)),
        }
    }

    fn set(&mut self, key: &RowKey, row: Option<Row>) {
        match row {
            Some(row) => self.put(row),
            None => self.take(key),
        }
    }

    fn take(&mut self, key: &RowKey) {
        match key {
            RowKey::Account(key) => drop(self.accounts.remove(key)),
            RowKey::Budget(key) => {
                self.budgets.remove(key);
                self.agree(key, false);
            }
            RowKey::Past(key) => drop(self.pasts.remove(key)),
            RowKey::Reservation(key) => {
                if let Some(old) = self.reservations.remove(key) {
                    self.due.remove(&(old.expires_at, old.id));
                }
            }
            RowKey::Lease(key) => drop(self.leases.remove(key)),
            RowKey::Request(key) => drop(self.requests.remove(key)),
            RowKey::Tally(key) => drop(self.tallies.remove(key)),
            RowKey::Done(key) => drop(self.done.remove(key)),
        }
    }

    fn put_budget(&mut self, budget: Budget) {
        // Most changes are to counters of budgets that are there.
        match self.budgets.get_mut(&budget.key) {
            Some(place) if place.terms.is_some() == budget.terms.is_some() => *place = budget,
            _ => {
                self.agree(&budget.key, budget.terms.is_some());
                self.budgets.insert(budget.key.clone(), budget);
            }
        }
    }

    fn agree(&mut self, key: &BudgetKey, is_agreed: bool) {
        let known = self.agreed(&key.scope).contains(&key.period);
        if known == is_agreed {
            return;
        }
        let periods = self.agreed.entry(key.scope.clone()).or_default();
        let was_empty = periods.is_empty();
        if is_agreed {
            periods.push(key.period);
            periods.sort_unstable();
        } else {
            periods.retain(|it| *it != key.period);
        }
        let is_empty = periods.is_empty();
        let kinds = self.agreed_kinds.entry(key.scope.kind()).or_default();
        match (was_empty, is_empty) {
            (true, false) => *kinds = kinds.saturating_add(1),
            (false, true) => {
                *kinds = kinds.saturating_sub(1);
                self.agreed.remove(&key.scope);
            }
            (true, true) | (false, false) => {}
        }
        if *kinds == 0 {
            self.agreed_kinds.remove(&key.scope.kind());
        }
    }

    fn put_reservation(&mut self, reservation: Reservation) {
        let due = (reservation.expires_at, reservation.id.clone());
        match reservation.state {
            ReservationState::Open => drop(self.due.insert(due)),
            ReservationState::Ended { .. } => drop(self.due.remove(&due)),
        }
        self.reservations.insert(reservation.id.clone(), reservation);
    }
}

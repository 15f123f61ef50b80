//! What a till holds: leases, where the money of calls is, and how fast it is asked for.

use std::collections::{HashMap, HashSet};
use std::io;

use domain::{NanoUsd, Period, Scope, Timestamp};
use ledger::command::{Reserve, Return, Settle};
use ledger::{
    BudgetKey, Command, Grant, IdempotencyKey, LeaseId, Ledger, Lend, Policy, ReservationId, Subject, Want,
    WhenUnreachable,
};

use super::log::{Left, Log};
use super::{NAME_LETTERS, Till};
use crate::access;

/// How long a scope that nobody calls for is kept in the lease.
const KEEP_MS: i64 = 120_000;
/// The scopes that a lease is renewed for; calls of more have slices lent one by one.
const MOST_SCOPES: usize = 4_000;
/// The pace of spending is measured over so long.
const PACE_MS: i64 = 20_000;
/// What was spent is told after so long, at least.
const TELL_MS: i64 = 2_000;
/// A lease without calls goes back after so long.
const IDLE_MS: i64 = 10_000;
/// Calls of one lease; then a new one begins, so that its file does not grow for ever.
const CALLS_A_LEASE: u64 = 20_000;

/// What is lent, what is held of it, and what calls are about.
#[derive(Default)]
pub(super) struct Drawer {
    /// The leases; the last is spent from, the others wait for their calls to end.
    pub(super) leases: Vec<Lent>,
    /// What calls are about, and how fast money is held for it.
    pub(super) paces: HashMap<Scope, Pace>,
    /// Budgets whose slices had no room, until when.
    pub(super) scarce: HashMap<BudgetKey, Timestamp>,
    /// Where the money of calls that run is held.
    pub(super) held: HashMap<ReservationId, Place>,
    /// What the ledger said of its state when it was asked last.
    pub(super) version: u64,
    /// Whether something has changed in it since the last slices were lent.
    pub(super) is_behind: bool,
}

/// A lease, and a ledger whose budgets are its slices.
pub(super) struct Lent {
    pub(super) id: LeaseId,
    pub(super) ledger: Ledger,
    /// All scopes that it was ever about, with their templates.
    pub(super) known: HashSet<Scope>,
    pub(super) expires_at: Timestamp,
    /// Whether it is still spent from.
    pub(super) is_live: bool,
    pub(super) told_at: Timestamp,
    pub(super) used_at: Timestamp,
    /// How many calls hold money of it.
    pub(super) calls: usize,
    /// What happens is written down here; nowhere, where that failed.
    pub(super) log: Option<Log>,
}

/// How fast money is held for a scope.
#[derive(Default)]
pub(super) struct Pace {
    pub(super) since: Timestamp,
    pub(super) nano: i64,
    pub(super) last: Timestamp,
}

/// Where the money of a call is held.
pub(super) enum Place {
    /// In a slice.
    Here(LeaseId),
    /// In the ledger.
    Ledger,
    /// No budget could be asked, and none forbade it.
    Nowhere(Subject),
}

/// Which leases go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idle<'a> {
    /// Those that nobody has used for a while.
    Long,
    /// Those that have something left of this budget, and that no call runs under.
    With(&'a BudgetKey),
    /// All that no call runs under.
    Whatever,
}

impl Drawer {
    /// Notes what a call is about, and how much it asks for.
    pub(super) fn note(&mut self, reserve: &Reserve, now: Timestamp) {
        for scope in reserve.subject.scopes() {
            if self.paces.len() >= MOST_SCOPES && !self.paces.contains_key(scope) {
                continue;
            }
            let pace = match self.paces.get_mut(scope) {
                Some(pace) => pace,
                None => self.paces.entry(scope.clone()).or_insert_with(|| Pace::since(now)),
            };
            pace.add(reserve.amount, now);
        }
    }

    pub(super) fn end(&mut self, lease: &LeaseId, ended: &Command, now: Timestamp) {
        let Some(lent) = self.leases.iter_mut().find(|it| it.id == *lease) else { return };
        lent.calls = lent.calls.saturating_sub(1);
        match lent.ledger.decide(ended, now) {
            Ok(decision) => {
                lent.ledger.absorb(&decision.changes);
                lent.note(|log| log.done(ended, now));
            }
            Err(stopped) => tracing::error!(%stopped, "{ended} was not done"),
        }
    }

    /// Takes back what was held for so long that no call can run any more.
    pub(super) fn expire(&mut self, now: Timestamp) {
        for lent in &mut self.leases {
            let due: Vec<ReservationId> = lent.ledger.due(now).cloned().collect();
            for id in due {
                // A call that still runs is counted until it ends, and may tell its cost then.
                if !self.held.contains_key(&id) {
                    lent.calls = lent.calls.saturating_sub(1);
                }
                match lent.ledger.decide(&Command::Expire(id), now) {
                    Ok(decision) => lent.ledger.absorb(&decision.changes),
                    Err(stopped) => tracing::error!(%stopped, "a reservation did not expire"),
                }
            }
        }
    }

    /// What to ask the ledger for, under the live lease or a new one.
    pub(super) fn lend(&mut self, scopes: &[Scope], till: &Till, now: Timestamp) -> Lend {
        if self.leases.last().is_none_or(|it| !it.is_live) {
            let id = LeaseId::new(&access::random_id(NAME_LETTERS));
            let log = Log::begin(&till.folder, &id).inspect_err(|error| {
                let folder = till.folder.display();
                tracing::warn!(%folder, %error, "what is lent is written down nowhere: mend the folder");
            });
            self.leases.push(Lent {
                id,
                log: log.ok(),
                ledger: Ledger::lent(till.policy.clone()),
                known: HashSet::new(),
                expires_at: now,
                is_live: true,
                told_at: now,
                used_at: now,
                calls: 0,
            });
        }
        let pace = |scope: &Scope| self.paces.get(scope).map_or(0, |it| it.nano_per_second(now));
        let want = |scope: &Scope| Want { nano_usd_per_second: pace(scope), scope: scope.clone() };
        let wants = scopes.iter().map(want).collect();
        let (lease, used) = self
            .leases
            .last()
            .map_or_else(|| (LeaseId::new(""), Vec::new()), |it| (it.id.clone(), it.ledger.used()));
        Lend {
            key: IdempotencyKey::new(&access::random_id(NAME_LETTERS)),
            lease,
            replica: till.replica.clone(),
            wants,
            used,
            for_ms: till.policy.lending.max_ms,
        }
    }

    pub(super) fn adopt(&mut self, grant: &Grant, now: Timestamp) {
        let Some(lent) = self.leases.iter_mut().find(|it| it.id == grant.lease) else { return };
        lent.note(|log| log.lent(grant));
        lent.ledger.adopt(grant);
        lent.known.extend(grant.scopes.iter().cloned());
        lent.expires_at = grant.expires_at;
        lent.told_at = now;
    }

    /// Nothing more is spent from that lease.
    pub(super) fn retire(&mut self, lease: &LeaseId) {
        if let Some(lent) = self.leases.iter_mut().find(|it| it.id == *lease) {
            lent.is_live = false;
        }
    }

    pub(super) fn forget(&mut self, lease: &LeaseId) {
        if let Some(index) = self.leases.iter().position(|it| it.id == *lease)
            && let Some(log) = self.leases.remove(index).log
        {
            log.end();
        }
    }

    /// The scopes that the live lease is to be renewed for, if it is time.
    pub(super) fn due(&mut self, policy: &Policy, now: Timestamp) -> Option<Vec<Scope>> {
        self.scarce.retain(|_, until| *until > now);
        self.paces.retain(|_, pace| now.millis_since(pace.last) <= KEEP_MS);
        let is_behind = std::mem::take(&mut self.is_behind);
        let lent = self.leases.last().filter(|it| it.is_live)?;
        let is_untold = lent.used_at > lent.told_at && now.millis_since(lent.told_at) >= TELL_MS;
        let ends_soon = lent.expires_at.millis_since(now) < policy.lending.max_ms / 2;
        (is_behind || is_untold || ends_soon).then(|| self.paces.keys().cloned().collect())
    }

    /// Whether something that a call is about had too little left a moment ago.
    pub(super) fn is_scarce_for(&self, subject: &Subject, now: Timestamp) -> bool {
        let is_of = |budget: &BudgetKey| {
            let mut scopes = subject.scopes();
            scopes.any(|it| *it == budget.scope)
        };
        self.scarce.iter().any(|(budget, until)| *until > now && is_of(budget))
    }

    /// Whether some lease may go back.
    pub(super) fn has_something_to_give_back(&self, idle: Idle<'_>, now: Timestamp) -> bool {
        self.leases.iter().any(|it| it.may_go_back(idle, now))
    }

    /// The leases that go back; nothing more is spent from them.
    pub(super) fn take_back(&mut self, idle: Idle<'_>, now: Timestamp) -> Vec<Return> {
        let back = self.leases.iter_mut().filter(|it| it.may_go_back(idle, now));
        back.map(|it| {
            it.is_live = false;
            Return { lease: it.id.clone(), used: it.ledger.used() }
        })
        .collect()
    }
}

impl Lent {
    fn may_go_back(&self, idle: Idle<'_>, now: Timestamp) -> bool {
        let is_idle = match idle {
            Idle::Long => !self.is_live || now.millis_since(self.used_at) >= IDLE_MS,
            Idle::With(budget) => {
                self.ledger.budget(budget).is_some_and(|it| it.counter.left() > NanoUsd::ZERO)
            }
            Idle::Whatever => true,
        };
        self.calls == 0 && is_idle
    }

    /// What a process before left; nothing more is spent from it.
    pub(super) fn left(left: Left, now: Timestamp) -> Self {
        let Left { lease, mut ledger, open, expires_at, log } = left;
        tracing::info!(%lease, calls = open.len(), "read what the process before had spent");
        // Nobody will ever tell what calls came to that ran when it died: the most that
        // they can have cost counts.
        for id in open {
            let Some(held) = ledger.reservation(&id).map(|it| it.amount) else { continue };
            match ledger.decide(&Command::Settle(Settle { id, cost: held }), now) {
                Ok(decision) => ledger.absorb(&decision.changes),
                Err(stopped) => tracing::error!(%stopped, "a call of the process before was not settled"),
            }
        }
        Self {
            id: lease,
            ledger,
            known: HashSet::new(),
            expires_at,
            is_live: false,
            told_at: now,
            used_at: now,
            calls: 0,
            log: Some(log),
        }
    }

    /// Writes down what happens. Where that fails nothing more is spent from here, and
    /// nothing is concluded from what was written.
    pub(super) fn note(&mut self, write: impl FnOnce(&mut Log) -> io::Result<()>) {
        let Some(log) = &mut self.log else { return };
        match write(log) {
            Ok(()) => self.is_live &= log.calls < CALLS_A_LEASE,
            Err(error) => {
                tracing::error!(%error, "what is spent cannot be written down");
                self.is_live = false;
                if let Some(log) = self.log.take() {
                    log.end();
                }
            }
        }
    }

    /// Whether all budgets of a call are known, and none of them forbids to go on blindly.
    pub(super) fn allows_blindly(&self, subject: &Subject) -> bool {
        let mut scopes = subject.scopes().flat_map(|it| std::iter::once(it.clone()).chain(it.each()));
        scopes.all(|scope| {
            let forbids = |period| {
                let budget = self.ledger.budget(&BudgetKey::new(scope.clone(), period));
                let terms = budget.and_then(|it| it.terms.as_deref());
                terms.is_some_and(|it| it.unreachable == WhenUnreachable::Refuse)
            };
            let account = self.ledger.account(&scope);
            let is_stopped = account.is_some_and(|it| it.frozen.is_some() || it.killed.is_some());
            self.known.contains(&scope) && !is_stopped && !Period::ALL.into_iter().any(forbids)
        })
    }
}

impl Pace {
    pub(super) const fn since(now: Timestamp) -> Self {
        Self { since: now, nano: 0, last: now }
    }

    pub(super) fn add(&mut self, amount: NanoUsd, now: Timestamp) {
        if now.millis_since(self.since) >= PACE_MS {
            // What was is half forgotten, so that a burst does not set the pace for long.
            self.nano /= 2;
            self.since = Timestamp::from_millis(now.millis().saturating_sub(PACE_MS / 2));
        }
        self.nano = self.nano.saturating_add(amount.nano());
        self.last = now;
    }

    pub(super) fn nano_per_second(&self, now: Timestamp) -> i64 {
        const MILLIS_PER_SECOND: i64 = 1_000;
        let millis = now.millis_since(self.since).max(MILLIS_PER_SECOND);
        let nano = i128::from(self.nano).saturating_mul(i128::from(MILLIS_PER_SECOND));
        nano.checked_div(i128::from(millis)).and_then(|it| i64::try_from(it).ok()).unwrap_or(i64::MAX)
    }
}

pub(super) fn later(moment: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(moment.millis().saturating_add(millis))
}

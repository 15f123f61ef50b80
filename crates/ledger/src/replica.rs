//! The ledger of a gateway: budgets that are slices of others, and what it tells of them.
//!
//! There is one such ledger for each lease. When a lease is over the gateway makes a new
//! ledger for the next one, and keeps the old one until its last calls have ended and
//! its last word has been heard.

use domain::Scope;

use crate::budget::{Budget, Held, Past};
use crate::lease::{Grant, Lease, Used};
use crate::ledger::Ledger;
use crate::row::{Change, Row, RowKey};

impl Ledger {
    /// Takes over what was lent. Returns what changed, for the gateway's own store.
    pub fn adopt(&mut self, grant: &Grant) -> Vec<Change> {
        let mut changes = Vec::new();
        for account in &grant.accounts {
            let key = RowKey::Account(account.scope.clone());
            let before = self.tables.accounts.get(&account.scope).cloned().map(Row::Account);
            changes.push(Change { key, before, after: Some(Row::Account(account.clone())) });
        }
        for budget in &grant.budgets {
            let known = self.tables.budgets.get(&budget.key);
            changes.extend(adopted(known, budget));
        }
        // A budget that is not lent any more has been removed.
        let is_gone = |it: &&Budget| {
            grant.scopes.contains(&it.key.scope) && !grant.budgets.iter().any(|lent| lent.key == it.key)
        };
        for gone in self.tables.budgets.values().filter(is_gone) {
            let mut bare = gone.clone();
            bare.terms = None;
            let (before, after) = (Some(Row::Budget(gone.clone())), Some(Row::Budget(bare)));
            changes.push(Change { key: RowKey::Budget(gone.key.clone()), before, after });
        }
        self.learn(grant.scopes.iter().cloned());
        self.absorb(&changes);
        changes
    }

    /// What was spent of each budget since the lease began: the running totals to tell.
    #[must_use]
    pub fn used(&self) -> Vec<Used> {
        let current = self.tables.budgets.values().map(|it| (&it.key, &it.counter));
        let past = self.tables.pasts.values().map(|it| (&it.key, &it.counter));
        let mut used: Vec<Used> = current
            .chain(past)
            .map(|(key, counter)| {
                let held = Held { budget: key.clone(), start: counter.window.start };
                Used { held, spent: counter.spent }
            })
            .collect();
        used.sort_unstable_by(|a, b| a.held.cmp(&b.held));
        used
    }

    /// The scopes of a lease of which a gateway must hear again, because something of them
    /// changed since it was lent to.
    ///
    /// Of the ledger that lends, which knows those scopes.
    pub fn changed_since<'a>(&'a self, lease: &'a Lease) -> impl Iterator<Item = &'a Scope> {
        lease
            .scopes
            .iter()
            .filter(|&(scope, epoch)| {
                let now = self.tables.accounts.get(scope).map_or(0, |it| it.epoch);
                now != *epoch
            })
            .map(|(scope, _)| scope)
    }
}

/// What a slice makes of the budget that is there: in the same period it goes on with its
/// counter, in a new one it begins with a new one.
fn adopted(known: Option<&Budget>, lent: &Budget) -> Vec<Change> {
    let mut after = lent.clone();
    let mut changes = Vec::new();
    if let Some(known) = known {
        let (old, new) = (&known.counter, &lent.counter);
        if old.window.start == new.window.start {
            after.counter = old.clone();
            (after.counter.base, after.counter.ceiling) = (new.base, new.ceiling);
        } else {
            let past = Past { key: known.key.clone(), counter: old.clone() };
            let held = Held { budget: known.key.clone(), start: old.window.start };
            changes.push(Change { key: RowKey::Past(held), before: None, after: Some(Row::Past(past)) });
        }
    }
    let key = RowKey::Budget(lent.key.clone());
    changes.push(Change { key, before: known.cloned().map(Row::Budget), after: Some(Row::Budget(after)) });
    changes
}

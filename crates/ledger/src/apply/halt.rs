//! Freeze and kill, and their undoing. Both are of a scope, whatever its budgets.

use domain::{Scope, ScopeKind};

use super::reasoned;
use crate::account::{Account, Stop};
use crate::command::{Halt, HaltKind};
use crate::draft::Draft;
use crate::outcome::Outcome;
use crate::refusal::Stopped;
use crate::subject::Subject;

impl Draft<'_> {
    pub(super) fn halt(&mut self, it: &Halt) -> Result<Outcome, Stopped> {
        reasoned(&it.order)?;
        let stop = Stop { by: it.order.by.name.clone(), at: self.now, reason: it.order.reason.clone() };
        let account = self.raise_epoch(&it.scope)?;
        *place(account, it.kind) = Some(stop);
        Ok(Outcome::Done)
    }

    pub(super) fn lift(&mut self, it: &Halt) -> Result<Outcome, Stopped> {
        let account = self.raise_epoch(&it.scope)?;
        *place(account, it.kind) = None;
        Ok(Outcome::Done)
    }

    /// What stops a call in that way: the widest of its scopes, or the template of one.
    pub(super) fn halted(&self, subject: &Subject, kind: HaltKind) -> Option<(Scope, Stop)> {
        let accounts = &self.ledger.tables.accounts;
        if accounts.is_empty() {
            return None;
        }
        let mut stopped: Option<(ScopeKind, &Account, &Stop)> = None;
        for account in subject.with_templates().filter_map(|it| accounts.get(it)) {
            let stop = match kind {
                HaltKind::Freeze => account.frozen.as_ref(),
                HaltKind::Kill => account.killed.as_ref(),
            };
            let width = account.scope.kind();
            if let Some(stop) = stop.filter(|_| stopped.is_none_or(|(known, ..)| known < width)) {
                stopped = Some((width, account, stop));
            }
        }
        stopped.map(|(_, account, stop)| (account.scope.clone(), stop.clone()))
    }
}

const fn place(account: &mut Account, kind: HaltKind) -> &mut Option<Stop> {
    match kind {
        HaltKind::Freeze => &mut account.frozen,
        HaltKind::Kill => &mut account.killed,
    }
}

//! A budget: what is agreed of it, where it hangs in the tree, and its counter.

use std::fmt;
use std::sync::Arc;

use domain::{NanoUsd, Period, Scope, ScopeKind, Timestamp};

use crate::calendar::Calendar;
use crate::counter::{Counter, Opening};
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
    /// Its counter as a command of that moment would find it, under the terms in force: in
    /// the period and on the day of the moment, whether anything was spent in them or not.
    #[must_use]
    pub fn counter_at(&self, now: Timestamp, terms: Option<&Terms>, calendar: &Calendar) -> Counter {
        let now = now.max(self.counter.window.start);
        let mut counter = self.counter.clone();
        if self.slice.is_none()
            && counter.window.is_over(now)
            && let Some(mut window) = calendar.window(self.key.period, now)
        {
            window.start = counter.window.end.unwrap_or(window.start).max(window.start);
            counter = counter.successor(terms, calendar, Opening { period: self.key.period, window });
        }
        if let Some(terms) = terms {
            counter.follow(terms, calendar, now);
        }
        counter
    }

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

#[cfg(test)]
mod tests {
    use domain::NanoUsd;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::command::{Book, Command, Order, Set};
    use crate::{Actor, IdempotencyKey, Ledger, Policy, Rollover, Subject, Terms};

    const DAY_MS: i64 = 86_400_000;

    fn usd(amount: i64) -> NanoUsd {
        NanoUsd::new(amount.saturating_mul(1_000_000_000))
    }

    /// The counter as it is shown is the one that the next command finds.
    #[test]
    fn a_counter_is_shown_as_it_will_be_found() {
        let mut ledger = Ledger::whole(Policy::new(Calendar::new(TimeZone::UTC)), []);
        let key = BudgetKey::new(Scope::organisation(), Period::Week);
        let terms = Terms { rollover: Rollover::UpTo(usd(15)), ..Terms::hard(usd(10)) };
        let by = Actor { name: "ada".to_owned(), role: "owner".to_owned() };
        let order = Order { key: IdempotencyKey::new("set"), by, reason: "a start".to_owned() };
        let set = Set { order, budget: key.clone(), terms, parent: None, spent_before: usd(4) };
        let mut run = |command: &Command, day: i64| {
            let now = Timestamp::from_millis(DAY_MS.saturating_mul(day));
            let decision = ledger.decide(command, now).expect("it is done");
            let shown = ledger
                .budget(&key)
                .map(|it| it.counter_at(now, it.terms.as_deref(), &ledger.policy().calendar));
            ledger.absorb(&decision.changes);
            (shown, ledger.budget(&key).expect("a budget").counter.clone())
        };
        run(&Command::Set(set), 0);
        for (number, day) in [1, 6, 8, 20, 40].into_iter().enumerate() {
            let key = IdempotencyKey::new(&format!("call {number}"));
            let at = Timestamp::from_millis(DAY_MS.saturating_mul(day));
            let book = Book { key, subject: Subject::unknown(), cost: usd(0), at };
            let (shown, found) = run(&Command::Book(book), day);
            let (shown, found) = (shown.expect("a budget"), found);
            assert_eq!((shown.window, shown.allocation()), (found.window, found.allocation()), "day {day}");
            assert_eq!((shown.spent, shown.left()), (found.spent, found.left()), "day {day}");
        }
    }
}

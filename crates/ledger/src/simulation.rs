//! Random commands, and a model that says what must become of them.
//!
//! [`Simulation::next`] makes a command and a moment; whoever is tested (a [`Ledger`], or a
//! store that runs one) does it; [`Simulation::judge`] says whether the answer is right, and
//! [`Simulation::agrees`] whether the books are. The model under it knows nothing of how
//! the ledger works: it keeps a list of what happened, and sums it up anew each time.
//!
//! [`Ledger`]: crate::Ledger

mod dice;
#[cfg(test)]
mod leases;
mod model;
#[cfg(test)]
mod tests;

use domain::{NanoUsd, Period, Scope, Timestamp};
use jiff::tz::TimeZone;

use self::dice::Dice;
use self::model::Model;
use crate::budget::Budget;
use crate::command::{
    Allocate, Approve, Ask, Book, Command, Deny, Halt, HaltKind, Order, Remove, Reserve, Set, Settle,
    Transfer,
};
use crate::ledger::CLOCK_SLACK_MS;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::reservation::{IdempotencyKey, ReservationId};
use crate::subject::Subject;
use crate::terms::{Action, Mark, Rollover, Terms, Threshold};
use crate::{Actor, BudgetKey, Calendar, Policy};

/// 2 March 2026, a Monday, 09:00 UTC.
const BEGIN_MS: i64 = 1_772_442_000_000;
const HOUR_MS: i64 = 3_600_000;
/// The clock makes no great leaps after so many days: sessions are not forgotten here.
const MAX_DAYS: i64 = 40;
const HOLD_MS: i64 = 2 * HOUR_MS;
/// An amount that a few dozen calls use up.
const LARGE_NANO: i64 = 1_000;

/// Random commands with a model of what must become of them.
#[derive(Debug, Clone)]
pub struct Simulation {
    dice: Dice,
    now: Timestamp,
    latest: Timestamp,
    model: Model,
    names: u64,
    reservations: Vec<ReservationId>,
    requests: Vec<IdempotencyKey>,
    /// What was asked before, to be asked again.
    asked: Vec<Command>,
}

impl Simulation {
    /// The simulation of that seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            now: Timestamp::from_millis(BEGIN_MS),
            latest: Timestamp::from_millis(BEGIN_MS),
            model: Model::default(),
            names: 0,
            reservations: Vec::new(),
            requests: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// The policy that whoever is tested must follow.
    #[must_use]
    pub fn policy() -> Policy {
        Policy::new(Calendar::new(TimeZone::UTC))
    }

    /// The next command, and the moment at which it comes.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and is not to be iterated over")]
    pub fn next(&mut self) -> (Command, Timestamp) {
        self.tick();
        let command = match self.dice.below(100) {
            0..=9 => self.set(),
            10..=12 => self.allocate(),
            13 => self.remove(),
            14..=19 => self.transfer(),
            20..=54 => self.reserve(),
            55..=74 => self.end(),
            75..=79 => self.book(),
            80..=84 => self.halt(),
            85..=89 => self.increase(),
            _ => self.again(),
        };
        self.asked.push(command.clone());
        (command, self.now)
    }

    /// Whether an answer is the one that the model expects, which it then takes note of.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn judge(&mut self, command: &Command, answer: &Result<Outcome, Refusal>) -> Result<(), String> {
        self.judge_at(command, self.now, answer)
    }

    /// The same, of a command that was not the last one.
    ///
    /// # Errors
    /// As [`Simulation::judge`].
    pub fn judge_at(
        &mut self,
        command: &Command,
        now: Timestamp,
        answer: &Result<Outcome, Refusal>,
    ) -> Result<(), String> {
        let said = answer.as_ref().map(|_| ()).map_err(Refusal::code);
        let expected = self.model.expect(command, now);
        if said != expected {
            let answer = answer.as_ref().map_err(ToString::to_string);
            return Err(format!("{command}\n at {}: {answer:?}, but {expected:?}", now.millis()));
        }
        if let Err(Refusal::Exceeded(it)) = answer
            && let Command::Reserve(asked) = command
        {
            let most = self.model.room(&asked.subject, now).unwrap_or(i64::MAX);
            if it.grantable.nano() != most {
                return Err(format!("{command}: {} would be granted, not {most}", it.grantable.nano()));
            }
        }
        if said.is_ok() {
            self.model.note(command, now);
        }
        Ok(())
    }

    /// Whether budgets are what the model has them to be.
    ///
    /// # Errors
    /// What is wrong with one.
    pub fn agrees<'b>(&self, budgets: impl IntoIterator<Item = &'b Budget>) -> Result<(), String> {
        budgets.into_iter().try_for_each(|it| self.model.agrees(&it.key, &it.counter))
    }

    fn tick(&mut self) {
        let is_late = self.now.millis() > BEGIN_MS.saturating_add(MAX_DAYS.saturating_mul(24 * HOUR_MS));
        let by = match self.dice.below(100) {
            0 if is_late => 0,
            0 => self.dice.up_to(40).saturating_mul(24 * HOUR_MS),
            1 | 2 => self.dice.up_to(48).saturating_mul(-HOUR_MS),
            3..=10 => self.dice.up_to(HOLD_MS.saturating_mul(3)),
            _ => self.dice.up_to(60_000),
        };
        // No clock runs back further than the ledger allows for.
        let earliest = self.latest.millis().saturating_sub(CLOCK_SLACK_MS);
        self.now = Timestamp::from_millis(self.now.millis().saturating_add(by).max(earliest));
        self.latest = self.latest.max(self.now);
    }

    fn name(&mut self) -> String {
        self.names = self.names.saturating_add(1);
        format!("n{}", self.names)
    }

    fn order(&mut self) -> Order {
        let role = if self.dice.once_in(20) { "developer" } else { "admin" };
        let by = Actor { name: "ann".to_owned(), role: role.to_owned() };
        Order { key: IdempotencyKey::new(&self.name()), by, reason: "because".to_owned() }
    }

    fn scope(&mut self) -> Scope {
        const SCOPES: [&str; 12] = [
            "org",
            "team/web",
            "team/app",
            "team/ios",
            "developer/ann",
            "developer/bob",
            "developer/cy",
            "developer/*",
            "session/*",
            "session/s1",
            "model/m",
            "repo/r",
        ];
        self.dice.one_of(&SCOPES).and_then(|it| it.parse().ok()).unwrap_or_else(Scope::organisation)
    }

    fn key(&mut self) -> BudgetKey {
        const PERIODS: [Period; 6] =
            [Period::Day, Period::Month, Period::Month, Period::Month, Period::Week, Period::Ever];
        let scope = self.scope();
        BudgetKey::new(scope, self.dice.one_of(&PERIODS).copied().unwrap_or(Period::Month))
    }

    fn amount(&mut self) -> NanoUsd {
        NanoUsd::new(self.dice.up_to(LARGE_NANO))
    }

    fn small(&mut self) -> NanoUsd {
        NanoUsd::new(self.dice.up_to(LARGE_NANO / 8))
    }

    fn set(&mut self) -> Command {
        let budget = self.key();
        let amount = self.amount();
        let mut terms = if self.dice.once_in(5) { Terms::soft(amount) } else { Terms::hard(amount) };
        if self.dice.once_in(3) && !budget.scope.is_each() && budget.period != Period::Ever {
            let most = self.amount();
            terms.rollover = if self.dice.once_in(2) { Rollover::OnePeriod } else { Rollover::UpTo(most) };
        }
        for (percent, action) in [(50, Action::Notify), (80, Action::Refuse)] {
            if self.dice.once_in(4) {
                terms.thresholds.push(Threshold { mark: Mark::Percent(percent), action });
            }
        }
        let parent = match budget.scope.to_string().as_str() {
            "team/web" | "team/app" => Some("org"),
            "team/ios" => Some("team/app"),
            "developer/ann" => Some("team/web"),
            "developer/bob" | "developer/cy" => Some("team/ios"),
            _ => None,
        };
        let parent =
            if self.dice.once_in(8) { Some(self.scope()) } else { parent.and_then(|it| it.parse().ok()) };
        let spent_before = NanoUsd::ZERO;
        Command::Set(Set { order: self.order(), budget, terms, parent, spent_before })
    }

    fn allocate(&mut self) -> Command {
        let (order, budget) = (self.order(), self.key());
        Command::Allocate(Allocate { order, budget, amount: self.amount() })
    }

    fn remove(&mut self) -> Command {
        Command::Remove(Remove { order: self.order(), budget: self.key() })
    }

    fn transfer(&mut self) -> Command {
        let (order, from, to) = (self.order(), self.key(), self.scope());
        let amount = self.small();
        Command::Transfer(Transfer { order, from: from.scope, to, period: from.period, amount })
    }

    fn subject(&mut self) -> Subject {
        const SUBJECTS: [&[&str]; 4] = [
            &["developer/ann", "team/web", "session/s1", "model/m"],
            &["developer/bob", "team/ios", "team/app", "session/s2", "repo/r"],
            &["developer/cy", "team/ios", "team/app", "session/s3", "model/m", "repo/r"],
            &["model/m"],
        ];
        let names = self.dice.one_of(&SUBJECTS).copied().unwrap_or_default();
        let scopes: Vec<Scope> = names.iter().filter_map(|it| it.parse().ok()).collect();
        Subject::new(scopes).unwrap_or_else(|_| Subject::unknown())
    }

    fn reserve(&mut self) -> Command {
        let id = ReservationId::new(&self.name());
        self.reservations.push(id.clone());
        Command::Reserve(Reserve { id, subject: self.subject(), amount: self.small(), hold_ms: HOLD_MS })
    }

    fn end(&mut self) -> Command {
        // Mostly one of the last, which are open; at times one that ended long ago.
        let all = self.reservations.len();
        let few = if self.dice.once_in(6) { all } else { all.min(6) };
        let recent = self.reservations.get(all.saturating_sub(few)..).unwrap_or_default();
        let id = self.dice.one_of(recent).cloned().unwrap_or_else(|| ReservationId::new("none"));
        match self.dice.below(10) {
            0..=5 => Command::Settle(Settle { id, cost: self.small() }),
            6 | 7 => Command::Release(id),
            _ => Command::Expire(id),
        }
    }

    fn book(&mut self) -> Command {
        let back = self.dice.up_to(60).saturating_mul(HOUR_MS);
        let at = Timestamp::from_millis(self.now.millis().saturating_sub(back));
        let key = IdempotencyKey::new(&self.name());
        Command::Book(Book { key, subject: self.subject(), cost: self.small(), at })
    }

    fn halt(&mut self) -> Command {
        let kind = if self.dice.once_in(2) { HaltKind::Freeze } else { HaltKind::Kill };
        let mut halt = Halt { order: self.order(), scope: self.scope(), kind };
        // Undone more often than done, so that most of the time things run.
        if self.dice.once_in(4) {
            return Command::Halt(halt);
        }
        let stopped = self.model.stopped();
        if let Some((scope, kind)) = self.dice.one_of(&stopped) {
            (halt.scope, halt.kind) = (scope.clone(), *kind);
        }
        Command::Lift(halt)
    }

    fn increase(&mut self) -> Command {
        let order = self.order();
        if self.requests.is_empty() || self.dice.once_in(2) {
            self.requests.push(order.key.clone());
            return Command::Ask(Ask { order, budget: self.key(), amount: self.small() });
        }
        let request = self.dice.one_of(&self.requests).cloned().unwrap_or_else(|| order.key.clone());
        if self.dice.once_in(4) {
            return Command::Deny(Deny { order, request });
        }
        let from = if self.dice.once_in(2) { Some(self.scope()) } else { None };
        Command::Approve(Approve { order, request, amount: self.small(), from })
    }

    /// Something that was asked before: the same, or other content under the same key.
    fn again(&mut self) -> Command {
        let all = self.asked.len();
        let recent = self.asked.get(all.saturating_sub(12)..).unwrap_or_default();
        let Some(mut command) = self.dice.one_of(recent).cloned() else { return self.reserve() };
        if self.dice.once_in(4) {
            let amount = self.small();
            if let Command::Reserve(it) = &mut command {
                it.amount = amount;
            } else if let Command::Settle(it) = &mut command {
                it.cost = amount;
            } else if let Command::Transfer(it) = &mut command {
                it.amount = amount;
            } else if let Command::Book(it) = &mut command {
                it.cost = amount;
            }
        }
        command
    }
}

//! A round: commands of several callers that are decided one after another and share a
//! transaction. Both engines load rows, let the round go on, and write what it comes to.

use std::collections::BTreeMap;

use domain::Timestamp;
use ledger::{Change, Command, Decision, Event, Key, Ledger, Outcome, Refusal, Row, RowKey};

use super::code::{Kept, Name};
use super::minutes::Minute;
use crate::error::StoreError;

/// A command, and the moment at which it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) command: Command,
    pub(crate) now: Timestamp,
}

/// What became of a command that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What the caller is told.
    pub outcome: Outcome,
    /// What others are told; nothing where it was done before.
    pub events: Vec<Event>,
}

/// What a caller is answered.
pub(crate) type Verdict = Result<Decided, Box<Refusal>>;

/// What was decided so far.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) verdicts: Vec<Verdict>,
    /// Of each command, how many changes there were before it.
    begins: Vec<usize>,
    /// In the order in which they were decided.
    pub(crate) changes: Vec<Change>,
    /// Of what people commanded.
    pub(crate) minutes: Vec<Minute>,
}

/// The rows that a round comes to, each once.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) puts: Vec<Kept>,
    pub(crate) gone: Vec<Name>,
}

impl Round {
    /// Decides commands until the last of them, or until one needs more of the ledger than
    /// was loaded: that is returned, and the round can go on when it is there.
    pub(crate) fn go_on(&mut self, ledger: &mut Ledger, asked: &[Asked]) -> Result<(), Vec<Key>> {
        for it in asked.iter().skip(self.verdicts.len()) {
            let begin = self.changes.len();
            match ledger.decide(&it.command, it.now) {
                Ok(Decision { outcome, events, changes }) => {
                    ledger.absorb(&changes);
                    self.minutes.extend(Minute::of(it, &changes));
                    self.changes.extend(changes);
                    self.verdicts.push(Ok(Decided { outcome, events }));
                }
                Err(ledger::Stopped::Refused(refusal)) => self.verdicts.push(Err(refusal)),
                Err(ledger::Stopped::Missing(keys)) => return Err(keys),
            }
            self.begins.push(begin);
        }
        Ok(())
    }

    /// What the commands that are not decided yet need of the ledger, as far as can be said
    /// before the others are.
    pub(crate) fn needed(&self, ledger: &Ledger, asked: &[Asked]) -> Vec<Key> {
        let rest = asked.iter().skip(self.verdicts.len());
        let missing = rest.filter_map(|it| match ledger.decide(&it.command, it.now) {
            Err(ledger::Stopped::Missing(keys)) => Some(keys),
            Err(ledger::Stopped::Refused(_)) | Ok(_) => None,
        });
        missing.flatten().collect()
    }

    /// The answers, where the same round may have been written before. A command that
    /// changes nothing now was done then, and what it told was not heard by anybody.
    pub(crate) fn verdicts_after(self, perhaps: Option<Self>) -> Vec<Verdict> {
        let ends = self.begins.iter().skip(1).copied().chain([self.changes.len()]);
        let is_done_before: Vec<bool> =
            self.begins.iter().zip(ends).map(|(begin, end)| *begin == end).collect();
        let Some(perhaps) = perhaps else { return self.verdicts };
        let earlier = perhaps.verdicts.into_iter();
        let all = self.verdicts.into_iter().zip(earlier).zip(is_done_before);
        all.map(|((now, earlier), is_done_before)| match (now, earlier) {
            (Ok(now), Ok(earlier)) if is_done_before => Ok(Decided { events: earlier.events, ..now }),
            (now, _) => now,
        })
        .collect()
    }

    /// What it writes.
    pub(crate) fn sheet(&self) -> Result<Sheet, StoreError> {
        Sheet::of(&self.changes)
    }
}

impl Sheet {
    /// What is left of changes that came one after another. A budget that a hundred calls
    /// counted against is written once.
    pub(crate) fn of(changes: &[Change]) -> Result<Self, StoreError> {
        let mut last: BTreeMap<&RowKey, (bool, Option<&Row>)> = BTreeMap::new();
        for change in changes {
            let (_, after) = last.entry(&change.key).or_insert_with(|| (change.before.is_some(), None));
            *after = change.after.as_ref();
        }
        let mut sheet = Self::default();
        for (key, (was_there, after)) in last {
            match after {
                Some(row) => sheet.puts.push(Kept::of(row)?),
                None if was_there => sheet.gone.push(Name::of(key)),
                None => {}
            }
        }
        Ok(sheet)
    }

    /// Whether there is nothing to write.
    pub(crate) const fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.gone.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use domain::{NanoUsd, Period, Scope};
    use ledger::command::{Reserve, Set, Settle};
    use ledger::simulation::Simulation;
    use ledger::{
        Action, Actor, BudgetKey, IdempotencyKey, Mark, Order, ReservationId, Subject, Terms, Threshold,
    };

    use super::*;

    fn nano(amount: i64) -> NanoUsd {
        NanoUsd::new(amount)
    }

    /// A budget, a call that reaches its threshold, and one that it has no room for.
    fn asked() -> Vec<Asked> {
        let by = Actor { name: "ada".to_owned(), role: "owner".to_owned() };
        let order = Order { key: IdempotencyKey::new("set"), by, reason: String::new() };
        let mut terms = Terms::hard(nano(10));
        terms.thresholds.push(Threshold { mark: Mark::Percent(50), action: Action::Notify });
        let budget = BudgetKey::new(Scope::organisation(), Period::Month);
        let set = Set { order, budget, terms, parent: None, spent_before: NanoUsd::ZERO };
        let id = ReservationId::new("r");
        let reserve = |id, amount| {
            let subject = Subject::unknown();
            Command::Reserve(Reserve { id, subject, amount: nano(amount), hold_ms: 1_000 })
        };
        let commands = [
            Command::Set(set),
            reserve(id.clone(), 6),
            Command::Settle(Settle { id, cost: nano(6) }),
            reserve(ReservationId::new("s"), 6),
        ];
        commands.map(|command| Asked { command, now: Timestamp::from_millis(1) }).into()
    }

    fn round(ledger: &mut Ledger) -> Round {
        let mut round = Round::default();
        round.go_on(ledger, &asked()).unwrap();
        round
    }

    /// Nobody knows whether the first was written. It was: what it told is not lost.
    #[test]
    fn what_was_written_unheard_is_told_after_all() {
        let mut ledger = Ledger::whole(Simulation::policy(), []);
        let first = round(&mut ledger);
        let told = first.verdicts.clone();
        assert!(told.iter().any(|it| it.as_ref().is_ok_and(|it| !it.events.is_empty())), "{told:?}");
        let second = round(&mut ledger);
        assert_eq!((second.changes.as_slice(), second.minutes.len()), ([].as_slice(), 0));
        assert_eq!(second.verdicts_after(Some(first)), told);
    }

    /// It was not: what is done now is told, and told once.
    #[test]
    fn what_was_not_written_is_told_once() {
        let first = round(&mut Ledger::whole(Simulation::policy(), []));
        let told = first.verdicts.clone();
        let second = round(&mut Ledger::whole(Simulation::policy(), []));
        assert_eq!(second.verdicts_after(Some(first)), told);
    }

    #[test]
    fn a_row_is_written_once() {
        let round = round(&mut Ledger::whole(Simulation::policy(), []));
        let names: Vec<_> = round.sheet().unwrap().puts.into_iter().map(|it| it.name).collect();
        let names: Vec<_> = names.iter().map(|it| format!("{} {}", it.kind, it.key)).collect();
        assert_eq!(names, ["account org", "budget month org", "reservation r", "done set"]);
        // What comes and goes within a round is not written at all.
        let back = round.changes.iter().rev().map(|it| Change {
            key: it.key.clone(),
            before: it.after.clone(),
            after: it.before.clone(),
        });
        let all: Vec<Change> = round.changes.iter().cloned().chain(back).collect();
        assert!(Sheet::of(&all).unwrap().is_empty());
    }
}

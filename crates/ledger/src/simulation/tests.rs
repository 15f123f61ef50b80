//! The ledger against the model: through crashes, from partly loaded rows, and swept.
//!
//! A failure names its seed. `LEDGER_SEED=17` runs that one alone, and `LEDGER_SEEDS=5000`
//! more of them.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

use std::collections::BTreeMap;

use super::*;
use crate::row::RowKey;
use crate::{Change, Decision, Ledger, ReservationState, Row, Stopped, touches};

const SEEDS: u64 = 30;
const STEPS: usize = 300;

/// The seeds to run, as whoever runs the tests wants them.
pub(super) fn seeds() -> std::ops::Range<u64> {
    let wanted = |name: &str| -> Option<u64> {
        #[expect(clippy::disallowed_methods, reason = "a test has no command line to take a seed from")]
        let text = std::env::var(name).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not `{text}`")))
    };
    match wanted("LEDGER_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..wanted("LEDGER_SEEDS").unwrap_or(SEEDS),
    }
}

/// What a store has written.
#[derive(Default)]
pub(super) struct Disk(BTreeMap<RowKey, Row>);

impl Disk {
    pub(super) fn write(&mut self, changes: &[Change]) {
        for change in changes {
            assert_eq!(self.0.get(&change.key), change.before.as_ref(), "{:?}", change.key);
            match &change.after {
                Some(row) => drop(self.0.insert(change.key.clone(), row.clone())),
                None => drop(self.0.remove(&change.key)),
            }
        }
    }

    pub(super) fn whole(&self, policy: Policy) -> Ledger {
        Ledger::whole(policy, self.0.values().cloned())
    }

    /// Decides as a store does that loads only what it is asked for.
    pub(super) fn decide_in_part(
        &self,
        policy: Policy,
        command: &Command,
        now: Timestamp,
    ) -> Result<Decision, Stopped> {
        let mut ledger = Ledger::partial(policy);
        let mut keys = touches(command);
        for _ in 0..30 {
            let rows = self.0.iter().filter(|(key, _)| keys.contains(&key.loaded_by()));
            ledger.load(keys.clone(), rows.map(|(_, row)| row.clone()));
            match ledger.decide(command, now) {
                Err(Stopped::Missing(more)) => {
                    assert!(more.is_sorted() && more.iter().all(|it| !keys.contains(it)), "{more:?}");
                    keys = more;
                }
                decided => return decided,
            }
        }
        panic!("{command}: more and more keys are needed");
    }
}

fn rows(ledger: &Ledger) -> BTreeMap<RowKey, Row> {
    ledger.rows().map(|row| (row.key(), row)).collect()
}

/// What must be so of the books whatever happened.
fn hold_true(ledger: &Ledger) {
    let budgets: Vec<&Budget> = ledger.tables.budgets.values().collect();
    for it in &budgets {
        let below = budgets.iter().filter(|child| {
            child.key.period == it.key.period && child.parent.as_ref() == Some(&it.key.scope)
        });
        let promised: i64 = below.clone().filter_map(|it| Some(it.terms.as_ref()?.amount.nano())).sum();
        assert_eq!(it.promised.nano(), promised, "what {} promised", it.key);
        let same = below.filter(|child| child.counter.window == it.counter.window);
        let moved: i64 = same.map(|it| it.counter.moved.nano()).sum();
        let late = budgets.iter().any(|child| {
            child.parent.as_ref() == Some(&it.key.scope) && child.counter.window != it.counter.window
        });
        assert!(late || it.counter.moved_below.nano() == moved, "what moved below {}", it.key);
        for amount in [it.counter.spent, it.counter.reserved, it.counter.leased, it.counter.overrun] {
            assert!(amount >= NanoUsd::ZERO, "{it:?}");
        }
    }
}

/// How far each hard budget is committed beyond its allocation without an overrun that
/// says so, and what its terms allot. Only whoever lowers the latter may make the former
/// more; of a template that shows when its members are looked at.
pub(super) fn beyond(ledger: &Ledger) -> BTreeMap<BudgetKey, (i64, NanoUsd)> {
    let budgets = ledger.tables.budgets.values().filter(|it| it.counter.ceiling == crate::Ceiling::Hard);
    let excess = |it: &Budget| {
        let over = it.counter.committed().nano() - it.counter.allocation().nano() - it.counter.overrun.nano();
        over.max(0)
    };
    budgets.map(|it| (it.key.clone(), (excess(it), it.counter.base))).collect()
}

fn agrees(simulation: &Simulation, ledger: &Ledger) -> Result<(), String> {
    simulation.agrees(ledger.tables.budgets.values())?;
    let pasts = ledger.tables.pasts.values();
    pasts.into_iter().try_for_each(|it| simulation.model.agrees(&it.key, &it.counter))
}

fn step(simulation: &mut Simulation, ledger: &mut Ledger, disk: &mut Disk) {
    let (command, now) = simulation.next();
    let decided = ledger.decide(&command, now);
    assert_eq!(disk.decide_in_part(Simulation::policy(), &command, now), decided, "in part: {command}");
    let before = beyond(ledger);
    let answer = match decided {
        Ok(decision) => {
            match simulation.dice.below(10) {
                // What cannot be written is taken back, and asked again.
                0 => {
                    let before = rows(ledger);
                    ledger.absorb(&decision.changes);
                    ledger.undo(&decision.changes);
                    assert_eq!(rows(ledger), before, "taken back: {command}");
                    disk.write(&decision.changes);
                    ledger.absorb(&decision.changes);
                }
                // It is written, but nobody hears of it: whoever asked asks again.
                1 => {
                    disk.write(&decision.changes);
                    *ledger = disk.whole(Simulation::policy());
                    let again = ledger.decide(&command, now).expect("what was done before");
                    assert_eq!(again.outcome, decision.outcome, "again: {command}");
                    assert_eq!((again.changes, again.events), (vec![], vec![]), "again: {command}");
                }
                _ => {
                    disk.write(&decision.changes);
                    ledger.absorb(&decision.changes);
                }
            }
            Ok(decision.outcome)
        }
        Err(Stopped::Refused(refusal)) => Err(*refusal),
        Err(missing @ Stopped::Missing(_)) => panic!("{command}: {missing}"),
    };
    for (key, (after, base)) in beyond(ledger) {
        let Some((was, old_base)) = before.get(&key) else { continue };
        let lowers = base < *old_base || matches!(command, Command::Set(_) | Command::Remove(_));
        assert!(lowers || after <= *was, "{key} is {after} beyond its allocation: {command}");
    }
    simulation.judge(&command, &answer).unwrap_or_else(|wrong| panic!("{wrong}"));
    agrees(simulation, ledger).unwrap_or_else(|wrong| panic!("{command}: {wrong}"));
    hold_true(ledger);
    let due: Vec<&ReservationId> = ledger.due(now).collect();
    let open = ledger.tables.reservations.values().filter(|it| it.state == ReservationState::Open);
    let mut overdue: Vec<_> = open.filter(|it| it.expires_at <= now).collect();
    overdue.sort_by_key(|it| (it.expires_at, &it.id));
    assert_eq!(due, overdue.iter().map(|it| &it.id).collect::<Vec<_>>(), "{command}");
}

fn run(seed: u64) {
    let mut simulation = Simulation::new(seed);
    let (mut ledger, mut disk) = (Ledger::whole(Simulation::policy(), []), Disk::default());
    for count in 0..STEPS {
        step(&mut simulation, &mut ledger, &mut disk);
        if count % 50 == 49 {
            let swept = ledger.sweep(simulation.now, 10);
            disk.write(&swept);
            ledger.absorb(&swept);
            assert_eq!(rows(&ledger), disk.0);
        }
    }
}

#[test]
fn the_ledger_does_what_the_model_says() {
    for seed in seeds() {
        let outcome = std::panic::catch_unwind(|| run(seed));
        assert!(outcome.is_ok(), "seed {seed} fails: LEDGER_SEED={seed} runs it alone");
    }
}

//! Gateways with leases on one ledger: they die, hang, come back late or never, and the
//! ceilings hold. What was spent is known in the end, as far as anybody has told it.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

use std::collections::BTreeMap;

use super::tests::{Disk, beyond, seeds};
use super::*;
use crate::command::Return;
use crate::lease::{LEASE_MARGIN_MS, LeaseId, LeaseState, Lend, Want};
use crate::{Held, Ledger, Lending, Stopped};

const STEPS: usize = 400;
const GATEWAYS: u64 = 3;
const LEASE_MS: i64 = 60_000;

/// One process that spends.
#[derive(Default)]
struct Gateway {
    /// The ledgers of its leases; the last is the one that it spends from.
    ledgers: Vec<(LeaseId, Ledger)>,
    /// Calls that run: in which of its ledgers, or directly in the one that lends.
    calls: Vec<(Option<LeaseId>, ReservationId, NanoUsd)>,
    /// It does nothing until somebody starts it again.
    is_dead: bool,
}

struct World {
    dice: Dice,
    now: Timestamp,
    central: Ledger,
    disk: Disk,
    gateways: Vec<Gateway>,
    names: u64,
    /// What calls cost, by budget and period.
    cost: BTreeMap<Held, i64>,
    /// How much of that was beyond what was reserved.
    excess: BTreeMap<Held, i64>,
}

fn policy() -> Policy {
    let mut policy = Simulation::policy();
    policy.lending = Lending { share_percent: 30, seconds: 10, least: NanoUsd::new(40), max_ms: LEASE_MS };
    policy
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            dice: Dice::new(seed),
            now: Timestamp::from_millis(BEGIN_MS),
            central: Ledger::whole(policy(), []),
            disk: Disk::default(),
            gateways: (0..GATEWAYS).map(|_| Gateway::default()).collect(),
            names: 0,
            cost: BTreeMap::new(),
            excess: BTreeMap::new(),
        };
        for (scope, period, amount, parent) in [
            ("org", Period::Ever, 6_000, None),
            ("team/web", Period::Ever, 2_500, Some("org")),
            ("team/app", Period::Ever, 2_500, Some("org")),
            ("developer/*", Period::Day, 1_200, None),
            ("repo/r", Period::Week, 4_000, None),
        ] {
            let budget = BudgetKey::new(scope.parse().expect(scope), period);
            let parent = parent.map(|it| it.parse().expect(it));
            let terms = if scope == "repo/r" {
                Terms::soft(NanoUsd::new(amount))
            } else {
                Terms::hard(NanoUsd::new(amount))
            };
            let (order, spent_before) = (world.order(), NanoUsd::ZERO);
            world
                .central(&Command::Set(Set { order, budget, terms, parent, spent_before }))
                .expect("a budget");
        }
        world
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("n{}", self.names)
    }

    fn order(&mut self) -> Order {
        let by = Actor { name: "ann".to_owned(), role: "admin".to_owned() };
        Order { key: IdempotencyKey::new(&self.name()), by, reason: "because".to_owned() }
    }

    /// Does something where the budgets are kept.
    fn central(&mut self, command: &Command) -> Result<Outcome, Refusal> {
        let decided = self.central.decide(command, self.now);
        assert_eq!(self.disk.decide_in_part(policy(), command, self.now), decided, "{command}");
        let before = beyond(&self.central);
        match decided {
            Ok(decision) => {
                self.disk.write(&decision.changes);
                if self.dice.once_in(8) {
                    self.central = self.disk.whole(policy());
                    let again = self.central.decide(command, self.now).expect("what was done before");
                    assert_eq!(again.outcome, decision.outcome, "again: {command}");
                    assert!(again.events.is_empty(), "{command}");
                } else {
                    self.central.absorb(&decision.changes);
                }
                for (key, (after, _)) in beyond(&self.central) {
                    let was = before.get(&key).map_or(0, |it| it.0);
                    assert!(after <= was, "{key} is {after} beyond its allocation: {command}");
                }
                Ok(decision.outcome)
            }
            Err(Stopped::Refused(refusal)) => Err(*refusal),
            Err(missing @ Stopped::Missing(_)) => panic!("{command}: {missing}"),
        }
    }

    fn subject(&mut self) -> Subject {
        const SUBJECTS: [&[&str]; 3] = [
            &["developer/ann", "team/web", "repo/r"],
            &["developer/bob", "team/web"],
            &["developer/cy", "team/app", "repo/r"],
        ];
        let names = self.dice.one_of(&SUBJECTS).copied().unwrap_or_default();
        Subject::new(names.iter().map(|it| it.parse().expect(it))).expect("a subject")
    }

    /// Lends to a gateway all that a call needs, under a new lease where the old is over.
    fn lend(&mut self, index: usize, subject: &Subject) {
        let wants = subject.scopes().map(|it| Want { scope: it.clone(), nano_usd_per_second: 20 }).collect();
        let is_live = |id: &LeaseId| {
            self.central.lease(id).is_some_and(|it| it.state == LeaseState::Live && it.expires_at > self.now)
        };
        let last = self.gateways[index].ledgers.last().map(|(id, _)| id.clone());
        let over = last.clone().filter(|id| !is_live(id));
        if last.is_none() || over.is_some() {
            let id = LeaseId::new(&self.name());
            self.gateways[index].ledgers.push((id, Ledger::lent(policy())));
        }
        if let Some(over) = over {
            self.is_not_lent(over, index, "lease_over");
        }
        let (lease, used) =
            self.gateways[index].ledgers.last().map(|(id, ledger)| (id.clone(), ledger.used())).expect("one");
        if self.central.lease(&lease).is_some() {
            self.is_not_lent(lease.clone(), index + 1, "not_your_lease");
        }
        let id = lease.clone();
        let (key, replica) = (IdempotencyKey::new(&self.name()), format!("gateway {index}"));
        let command = Command::Lend(Lend { key, lease, replica, wants, used, for_ms: LEASE_MS });
        if let Outcome::Lent(grant) = self.central(&command).expect("a lease") {
            let (_, ledger) = self.gateways[index].ledgers.last_mut().expect("one");
            let before: Vec<_> = ledger.used();
            ledger.adopt(&grant);
            let after = ledger.used();
            assert!(before.iter().all(|it| after.contains(it)), "what was spent stays known");
        }
        let lease = self.central.lease(&id).expect("it is there");
        let changed: Vec<&Scope> = self.central.changed_since(lease).collect();
        assert!(subject.with_templates().all(|it| !changed.contains(&it)), "{changed:?} was just lent");
    }

    fn is_not_lent(&mut self, lease: LeaseId, index: usize, code: &str) {
        let (key, replica) = (IdempotencyKey::new(&self.name()), format!("gateway {index}"));
        let (wants, used) = (Vec::new(), Vec::new());
        let lend = Command::Lend(Lend { key, lease, replica, wants, used, for_ms: LEASE_MS });
        assert_eq!(self.central(&lend).map_err(|it| it.code()), Err(code), "{lend}");
    }

    fn call(&mut self, index: usize) {
        let subject = self.subject();
        let amount = NanoUsd::new(1 + self.dice.up_to(60));
        let id = ReservationId::new(&self.name());
        let reserve =
            Command::Reserve(Reserve { id: id.clone(), subject: subject.clone(), amount, hold_ms: HOLD_MS });
        let mut is_lent = false;
        // Lent once and refused again, it asks where the budgets are kept.
        while let Some((lease, ledger)) = self.gateways[index].ledgers.last_mut() {
            match ledger.decide(&reserve, self.now) {
                Ok(decision) => {
                    ledger.absorb(&decision.changes);
                    let ends = self.central.lease(lease).expect("it is there").expires_at;
                    assert!(ends.millis_since(self.now) > LEASE_MARGIN_MS, "{lease} is over for its gateway");
                    let lease = Some(lease.clone());
                    self.gateways[index].calls.push((lease, id, amount));
                    return;
                }
                Err(_) if !is_lent => {
                    self.lend(index, &subject);
                    is_lent = true;
                }
                Err(Stopped::Refused(it)) => {
                    assert!(
                        matches!(*it, Refusal::Exceeded(_) | Refusal::LeaseOver(_) | Refusal::Frozen { .. }),
                        "{it}"
                    );
                    break;
                }
                Err(missing) => panic!("{missing}"),
            }
        }
        if self.gateways[index].ledgers.is_empty() {
            return self.lend(index, &subject);
        }
        if self.central(&reserve).is_ok() {
            self.gateways[index].calls.push((None, id, amount));
        }
    }

    fn end(&mut self, index: usize) {
        let Some((lease, id, amount)) = self.gateways[index].calls.pop() else { return };
        let most = if self.dice.once_in(10) { amount.nano() * 2 } else { amount.nano() };
        let cost = NanoUsd::new(self.dice.up_to(most + 1));
        let settle = Command::Settle(Settle { id: id.clone(), cost });
        let held = match &lease {
            None => {
                self.central(&settle).expect("settled");
                self.central.reservation(&id).expect("it is there").held.clone()
            }
            Some(lease) => {
                let ledgers = &mut self.gateways[index].ledgers;
                let (_, ledger) = ledgers.iter_mut().find(|(id, _)| id == lease).expect("it is there");
                let decision = ledger.decide(&settle, self.now).expect("settled");
                ledger.absorb(&decision.changes);
                ledger.reservation(&id).expect("it is there").held.clone()
            }
        };
        for held in held {
            *self.excess.entry(held.clone()).or_default() += (cost.nano() - amount.nano()).max(0);
            *self.cost.entry(held).or_default() += cost.nano();
        }
    }

    /// Gives back a lease that nothing runs on any more; the last one only in the end.
    fn give_back(&mut self, index: usize, spare: usize) {
        let gateway = &self.gateways[index];
        let all = gateway.ledgers.len().saturating_sub(spare);
        let idle = gateway
            .ledgers
            .iter()
            .take(all)
            .position(|(lease, _)| !gateway.calls.iter().any(|(of, ..)| of.as_ref() == Some(lease)));
        let Some(place) = idle else { return };
        let (lease, ledger) = self.gateways[index].ledgers.remove(place);
        let give_back = Command::Return(Return { lease, used: ledger.used() });
        self.central(&give_back).expect("given back");
        self.central(&give_back).expect("given back again");
    }

    fn administer(&mut self) {
        let order = self.order();
        let amount = NanoUsd::new(1 + self.dice.up_to(300));
        let (web, app, org): (Scope, Scope, Scope) = (
            "team/web".parse().expect("a scope"),
            "team/app".parse().expect("a scope"),
            Scope::organisation(),
        );
        let all = [web, app, org];
        let (from, to) = (self.dice.one_of(&all).cloned(), self.dice.one_of(&all).cloned());
        let (from, to) = (from.expect("one"), to.expect("one"));
        let scope = from.clone();
        let command = match self.dice.below(3) {
            0 => Command::Transfer(Transfer { order, from, to, period: Period::Ever, amount }),
            1 => Command::Halt(Halt { order, scope: from, kind: HaltKind::Freeze }),
            _ => Command::Lift(Halt { order, scope: from, kind: HaltKind::Freeze }),
        };
        if self.central(&command).is_ok() {
            // Every gateway that was lent some of it can tell that it must look again.
            for lease in self.central.leases().filter(|it| it.scopes.contains_key(&scope)) {
                assert!(self.central.changed_since(lease).any(|it| *it == scope), "{scope}");
            }
        }
    }

    fn step(&mut self) {
        self.now = Timestamp::from_millis(self.now.millis() + self.dice.up_to(9_000));
        if self.dice.once_in(150) {
            self.now = Timestamp::from_millis(self.now.millis() + self.dice.up_to(20 * HOUR_MS));
        }
        let index = usize::try_from(self.dice.below(GATEWAYS)).expect("small");
        let is_dead = self.gateways[index].is_dead;
        match self.dice.below(100) {
            0..=49 if !is_dead => self.call(index),
            50..=84 if !is_dead => self.end(index),
            85..=88 if !is_dead => self.give_back(index, 1),
            89..=91 => self.administer(),
            92 => self.gateways[index].is_dead = true,
            93..=95 => self.gateways[index].is_dead = false,
            96..=99 => self.expire(),
            _ => {}
        }
        self.check();
    }

    fn expire(&mut self) {
        let leases: Vec<LeaseId> = self.central.leases().map(|it| it.id.clone()).collect();
        for lease in leases {
            let is_due = self.central.lease(&lease).is_some_and(|it| it.expires_at <= self.now);
            assert!(self.central(&Command::ExpireLease(lease)).is_ok() || !is_due);
        }
    }

    /// What calls cost, and what is held for those that run, is within every hard
    /// ceiling, but for what providers billed beyond what was reserved.
    fn check(&self) {
        let mut open: BTreeMap<&Held, i64> = BTreeMap::new();
        for gateway in &self.gateways {
            for (lease, id, amount) in &gateway.calls {
                let ledger = gateway.ledgers.iter().find(|(of, _)| Some(of) == lease.as_ref());
                let ledger = ledger.map_or(&self.central, |(_, ledger)| ledger);
                for held in &ledger.reservation(id).expect("it is there").held {
                    *open.entry(held).or_default() += amount.nano();
                }
            }
        }
        for budget in self.central.tables.budgets.values() {
            let counter = &budget.counter;
            let held = Held { budget: budget.key.clone(), start: counter.window.start };
            let spent = self.cost.get(&held).copied().unwrap_or_default();
            let excess = self.excess.get(&held).copied().unwrap_or_default();
            let all = spent + open.get(&held).copied().unwrap_or_default();
            let is_hard = counter.ceiling == crate::Ceiling::Hard;
            let most = counter.allocation().nano() + excess;
            assert!(!is_hard || all <= most, "{}: {all} of {most}", budget.key);
        }
    }

    /// Everybody comes back, and tells: then it is known what was spent.
    fn finish(&mut self) {
        for index in 0..self.gateways.len() {
            while !self.gateways[index].calls.is_empty() {
                self.end(index);
            }
            while !self.gateways[index].ledgers.is_empty() {
                self.give_back(index, 0);
            }
        }
        let budgets = self.central.tables.budgets.values().map(|it| (&it.key, &it.counter));
        let pasts = self.central.tables.pasts.values().map(|it| (&it.key, &it.counter));
        for (key, counter) in budgets.chain(pasts) {
            let held = Held { budget: key.clone(), start: counter.window.start };
            let spent = self.cost.get(&held).copied().unwrap_or_default();
            let found = (counter.spent.nano(), counter.reserved.nano(), counter.leased.nano());
            assert_eq!(found, (spent, 0, 0), "{key} from {}", counter.window.start.millis());
        }
    }
}

#[test]
fn leases_never_break_a_ceiling() {
    for seed in seeds() {
        let outcome = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            (0..STEPS).for_each(|_| world.step());
            world.finish();
        });
        assert!(outcome.is_ok(), "seed {seed} fails: LEDGER_SEED={seed} runs it alone");
    }
}

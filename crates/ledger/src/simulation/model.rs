//! What must become of commands, worked out the slow way: from a list of everything that
//! was ever agreed, held, spent and moved.

use domain::{Day, NanoUsd, Period, Scope, Timestamp};

use crate::command::{Approve, Book, Command, HaltKind, Reserve, Settle, Transfer};
use crate::subject::Subject;
use crate::terms::{Action, Ceiling, Mark, Rollover, Terms};
use crate::{BudgetKey, Counter, ReservationId};

const DAY_MS: i64 = 86_400_000;
const REMEMBER_MS: i64 = 7 * DAY_MS;

type Said = Result<(), &'static str>;

/// Everything that happened.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    agreed: Vec<Agreed>,
    entries: Vec<Entry>,
    holds: Vec<Hold>,
    opened: Vec<Opened>,
    stops: Vec<(Scope, HaltKind)>,
    done: Vec<(String, String, Timestamp)>,
    requests: Vec<Asked>,
}

/// What holds of a budget from then on.
#[derive(Debug, Clone)]
struct Agreed {
    key: BudgetKey,
    terms: Option<Terms>,
    parent: Option<Scope>,
}

/// A period of a budget that was begun.
#[derive(Debug, Clone)]
struct Opened {
    key: BudgetKey,
    start: i64,
    carried: i64,
}

#[derive(Debug, Clone)]
struct Asked {
    id: String,
    key: BudgetKey,
    most: i64,
    answered: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Entry {
    key: BudgetKey,
    start: i64,
    what: What,
    amount: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Spent,
    Moved,
}

#[derive(Debug, Clone)]
struct Hold {
    id: ReservationId,
    asked: String,
    amount: i64,
    until: Timestamp,
    places: Vec<(BudgetKey, i64)>,
    ended: Option<(&'static str, i64, Timestamp)>,
}

fn ms_of_day(day: Day) -> i64 {
    day.start().millis()
}

/// The beginning of the period that holds a moment, in UTC, by way of the written date.
fn start_of(period: Period, at: Timestamp) -> i64 {
    let day = Day::of(at);
    let text = day.to_string();
    let parse = |text: String| Day::parse(&text).map(ms_of_day).unwrap_or_default();
    let month = text.get(..7).unwrap_or_default();
    match period {
        Period::Day => ms_of_day(day),
        // The first day of 1970 was a Thursday.
        Period::Week => {
            let past = day.number().wrapping_add(3).rem_euclid(7);
            ms_of_day(Day::new(day.number().wrapping_sub(past)))
        }
        Period::Month => parse(format!("{month}-01")),
        Period::Quarter => {
            let year = text.get(..4).unwrap_or_default();
            let first = match text.get(5..7).unwrap_or_default() {
                "01" | "02" | "03" => "01",
                "04" | "05" | "06" => "04",
                "07" | "08" | "09" => "07",
                _ => "10",
            };
            parse(format!("{year}-{first}-01"))
        }
        Period::Ever => 0,
    }
}

impl Model {
    fn own(&self, key: &BudgetKey) -> Option<&Terms> {
        self.agreed.iter().rev().find(|it| it.key == *key).and_then(|it| it.terms.as_ref())
    }

    fn parent(&self, key: &BudgetKey) -> Option<BudgetKey> {
        let last = self.agreed.iter().rev().find(|it| it.key == *key)?;
        last.parent.clone().map(|scope| BudgetKey::new(scope, key.period))
    }

    fn in_force(&self, key: &BudgetKey) -> Option<&Terms> {
        self.own(key).or_else(|| self.own(&BudgetKey::new(key.scope.each()?, key.period)))
    }

    fn reached(&self, key: &BudgetKey) -> Option<i64> {
        self.opened.iter().filter(|it| it.key == *key).map(|it| it.start).max()
    }

    /// The budgets of a call.
    fn applied(&self, subject: &Subject) -> Vec<BudgetKey> {
        let all =
            subject.scopes().flat_map(|it| Period::ALL.map(|period| BudgetKey::new(it.clone(), period)));
        all.filter(|it| self.in_force(it).is_some()).collect()
    }

    fn moment(&self, keys: &[BudgetKey], now: Timestamp) -> Timestamp {
        let latest = keys.iter().filter_map(|it| self.reached(it)).max();
        latest.map_or(now, |it| now.max(Timestamp::from_millis(it)))
    }

    fn sum(&self, key: &BudgetKey, start: i64, what: What) -> i64 {
        let of_it = self.entries.iter().filter(|it| it.key == *key && it.start == start && it.what == what);
        of_it.map(|it| it.amount).sum()
    }

    fn held(&self, key: &BudgetKey, start: i64) -> i64 {
        let open = self.holds.iter().filter(|it| it.ended.is_none());
        open.filter(|it| it.places.contains(&(key.clone(), start))).map(|it| it.amount).sum()
    }

    fn carried(&self, key: &BudgetKey, start: i64) -> i64 {
        let opened = self.opened.iter().find(|it| it.key == *key && it.start == start);
        if let Some(known) = opened {
            return known.carried;
        }
        let (Some(before), Some(terms)) = (self.reached(key), self.in_force(key)) else { return 0 };
        let (amount, most) = match terms.rollover {
            Rollover::None => return 0,
            Rollover::OnePeriod => (terms.amount.nano(), terms.amount.nano()),
            Rollover::UpTo(most) => (terms.amount.nano(), most.nano()),
        };
        let mut carried = self.left(key, before).clamp(0, most);
        // Every period between is found by walking over its days.
        let mut day = before.wrapping_add(DAY_MS);
        let mut last = before;
        while day < start {
            let this = start_of(key.period, Timestamp::from_millis(day));
            if this != last {
                carried = carried.wrapping_add(amount).min(most);
                last = this;
            }
            day = day.wrapping_add(DAY_MS);
        }
        carried
    }

    fn allocation(&self, key: &BudgetKey, start: i64) -> i64 {
        let base = self.in_force(key).map_or(0, |it| it.amount.nano());
        [base, self.carried(key, start), self.sum(key, start, What::Moved)].iter().sum()
    }

    fn left(&self, key: &BudgetKey, start: i64) -> i64 {
        let used: i64 = [self.sum(key, start, What::Spent), self.held(key, start)].iter().sum();
        self.allocation(key, start).wrapping_sub(used)
    }

    fn children(&self, key: &BudgetKey) -> Vec<BudgetKey> {
        let mut all: Vec<BudgetKey> = self.agreed.iter().map(|it| it.key.clone()).collect();
        all.sort();
        all.dedup();
        all.retain(|it| self.parent(it).as_ref() == Some(key));
        all
    }

    /// The most that a call could reserve; none where nothing forbids anything.
    pub(super) fn room(&self, subject: &Subject, now: Timestamp) -> Option<i64> {
        let keys = self.applied(subject);
        let moment = self.moment(&keys, now);
        let of_one = |key: &BudgetKey| {
            let start = start_of(key.period, moment);
            let terms = self.in_force(key)?;
            let allocation = self.allocation(key, start);
            let used = allocation.wrapping_sub(self.left(key, start));
            let refusing = terms.thresholds.iter().filter(|it| it.action == Action::Refuse);
            let percents = refusing.filter_map(|it| match it.mark {
                Mark::Percent(percent) => Some(i64::from(percent)),
                Mark::Forecast => None,
            });
            let hundred = (terms.ceiling == Ceiling::Hard).then_some(100);
            let bounds = percents.chain(hundred);
            bounds.map(|it| allocation.wrapping_mul(it).wrapping_div(100).wrapping_sub(used).max(0)).min()
        };
        keys.iter().filter_map(of_one).min()
    }

    pub(super) fn stopped(&self) -> Vec<(Scope, HaltKind)> {
        self.stops.clone()
    }

    fn is_stopped(&self, scope: &Scope, kind: HaltKind) -> bool {
        self.stops.contains(&(scope.clone(), kind))
    }

    fn call_stopped(&self, subject: &Subject) -> Said {
        for (kind, code) in [(HaltKind::Kill, "killed"), (HaltKind::Freeze, "budget_frozen")] {
            let mut all = subject.scopes().flat_map(|it| std::iter::once(it.clone()).chain(it.each()));
            if all.any(|it| self.is_stopped(&it, kind)) {
                return Err(code);
            }
        }
        Ok(())
    }

    fn hold(&self, id: &ReservationId, now: Timestamp) -> Option<&Hold> {
        let forgotten = |at: Timestamp| now.millis_since(at) > REMEMBER_MS;
        let mut all = self.holds.iter().filter(|it| it.id == *id);
        all.rfind(|it| it.ended.is_none_or(|(_, _, at)| !forgotten(at)))
    }

    /// What must be answered.
    pub(super) fn expect(&self, command: &Command, now: Timestamp) -> Said {
        if let Some(key) = command.idempotency_key() {
            let known = self.done.iter().rev().find(|it| it.0 == key.as_str());
            if let Some((_, text, _)) = known.filter(|it| now.millis_since(it.2) <= REMEMBER_MS) {
                return if *text == command.to_string() { Ok(()) } else { Err("key_reused") };
            }
        }
        match command {
            Command::Set(it) => {
                let is_circle = || it.parent.as_ref().is_some_and(|above| self.is_above(&it.budget, above));
                if it.budget.scope.is_each() && it.parent.is_some() || is_circle() {
                    return Err("bad_parent");
                }
                Ok(())
            }
            Command::Allocate(it) => self.own(&it.budget).map(|_| ()).ok_or("no_budget"),
            Command::Remove(it) => self.own(&it.budget).map(|_| ()).ok_or("no_budget"),
            Command::Transfer(it) => self.expect_transfer(it, now),
            Command::Reserve(it) => self.expect_reserve(it, now),
            Command::Settle(it) => self.expect_settle(it, now),
            Command::Release(id) => match self.hold(id, now).ok_or("no_reservation")?.ended {
                None | Some(("released", ..)) => Ok(()),
                Some(_) => Err("reservation_ended"),
            },
            Command::Expire(id) => match self.hold(id, now) {
                None => Err("no_reservation"),
                Some(it) if it.ended.is_none() && now < it.until => Err("not_due"),
                Some(it) => match it.ended {
                    None | Some(("expired" | "late", ..)) => Ok(()),
                    Some(_) => Err("reservation_ended"),
                },
            },
            Command::Ask(it) => {
                if it.amount == NanoUsd::ZERO {
                    return Err("bad_amount");
                }
                if it.budget.scope.is_each() {
                    return Err("template");
                }
                self.in_force(&it.budget).ok_or("no_budget")?;
                let known = self.request(it.order.key.as_str(), now);
                if known.is_some() { Err("key_reused") } else { Ok(()) }
            }
            Command::Approve(it) => self.expect_approve(it, now),
            Command::Deny(it) => self.open_request(it.request.as_str(), now).map(|_| ()),
            Command::Book(_) | Command::Halt(_) | Command::Lift(_) => Ok(()),
            Command::Lend(_) | Command::Return(_) | Command::ExpireLease(_) => Ok(()),
        }
    }

    fn is_above(&self, key: &BudgetKey, parent: &Scope) -> bool {
        let mut above = Some(BudgetKey::new(parent.clone(), key.period));
        while let Some(it) = above {
            if it == *key {
                return true;
            }
            above = self.parent(&it);
        }
        parent.is_each()
    }

    fn request(&self, id: &str, now: Timestamp) -> Option<&Asked> {
        let forgotten = |it: &Asked| it.answered.is_some_and(|at| now.millis_since(at) > REMEMBER_MS);
        self.requests.iter().rev().find(|it| it.id == id).filter(|it| !forgotten(it))
    }

    fn open_request(&self, id: &str, now: Timestamp) -> Result<&Asked, &'static str> {
        let known = self.request(id, now).ok_or("no_request")?;
        if known.answered.is_some() { Err("request_answered") } else { Ok(known) }
    }

    fn expect_reserve(&self, it: &Reserve, now: Timestamp) -> Said {
        if let Some(known) = self.hold(&it.id, now) {
            return if known.asked == asked(it) { Ok(()) } else { Err("key_reused") };
        }
        self.call_stopped(&it.subject)?;
        let fits = self.room(&it.subject, now).is_none_or(|room| it.amount.nano() <= room);
        if fits { Ok(()) } else { Err("budget_exceeded") }
    }

    fn expect_settle(&self, it: &Settle, now: Timestamp) -> Said {
        match self.hold(&it.id, now).ok_or("no_reservation")?.ended {
            None | Some(("expired", ..)) => Ok(()),
            Some(("settled" | "late", cost, _)) if cost == it.cost.nano() => Ok(()),
            Some(("settled" | "late", ..)) => Err("key_reused"),
            Some(_) => Err("reservation_ended"),
        }
    }

    /// The ways up from both ends, without what they have in common.
    fn ways(&self, from: &BudgetKey, to: &BudgetKey) -> (Vec<BudgetKey>, Vec<BudgetKey>, Option<BudgetKey>) {
        let up = |from: &BudgetKey| {
            let mut way = vec![from.clone()];
            while let Some(above) = way.last().and_then(|it| self.parent(it)) {
                way.push(above);
            }
            way
        };
        let (mut one, mut other) = (up(from), up(to));
        let mut common = None;
        while one.last().is_some() && one.last() == other.last() {
            common = one.pop();
            other.pop();
        }
        (one, other, common)
    }

    fn expect_transfer(&self, it: &Transfer, now: Timestamp) -> Said {
        let amount = it.amount.nano();
        if amount == 0 {
            return Err("bad_amount");
        }
        for scope in [&it.from, &it.to] {
            if scope.is_each() {
                return Err("template");
            }
            if self.is_stopped(scope, HaltKind::Kill) {
                return Err("killed");
            }
            if self.is_stopped(scope, HaltKind::Freeze) {
                return Err("budget_frozen");
            }
            self.own(&BudgetKey::new(scope.clone(), it.period)).ok_or("no_budget")?;
        }
        let (from, to) =
            (BudgetKey::new(it.from.clone(), it.period), BudgetKey::new(it.to.clone(), it.period));
        let (losing, gaining, common) = self.ways(&from, &to);
        if from == to || (common.is_none() && from.scope.kind() != to.scope.kind()) {
            return Err("unrelated");
        }
        if it.order.by.role != "admin" {
            return Err("not_allowed");
        }
        let all: Vec<BudgetKey> = losing.iter().chain(&gaining).chain(&common).cloned().collect();
        let start = start_of(it.period, self.moment(&all, now));
        if losing.is_empty() && self.unpromised(&from, start) < amount {
            return Err("overcommitted");
        }
        let is_short = |key: &BudgetKey| {
            self.in_force(key).is_some() && self.own(key).is_some() && self.left(key, start) < amount
        };
        if losing.iter().any(is_short) { Err("budget_exceeded") } else { Ok(()) }
    }

    fn unpromised(&self, key: &BudgetKey, start: i64) -> i64 {
        let promised = |it: &BudgetKey| {
            let base = self.own(it).map_or(0, |it| it.amount.nano());
            base.wrapping_add(self.sum(it, start, What::Moved))
        };
        let below: i64 = self.children(key).iter().map(promised).sum();
        // A budget on the way that has no amount of its own passes on what is below it.
        self.allocation(key, start).wrapping_sub(below)
    }

    fn expect_approve(&self, it: &Approve, now: Timestamp) -> Said {
        let Asked { key, most, .. } = self.open_request(it.request.as_str(), now)?;
        if it.amount == NanoUsd::ZERO {
            return Err("bad_amount");
        }
        if it.amount.nano() > *most {
            return Err("more_than_asked");
        }
        if let Some(movement) = transfer_of(it, key) {
            return self.expect_transfer(&movement, now);
        }
        if self.is_stopped(&key.scope, HaltKind::Kill) {
            return Err("killed");
        }
        if self.is_stopped(&key.scope, HaltKind::Freeze) {
            return Err("budget_frozen");
        }
        self.in_force(key).ok_or("no_budget")?;
        if it.order.by.role == "admin" { Ok(()) } else { Err("not_allowed") }
    }

    /// Takes note of a command that was done.
    pub(super) fn note(&mut self, command: &Command, now: Timestamp) {
        if let Some(key) = command.idempotency_key() {
            let known = self.done.iter().rev().find(|it| it.0 == key.as_str());
            if known.is_some_and(|it| now.millis_since(it.2) <= REMEMBER_MS) {
                return;
            }
            self.done.push((key.as_str().to_owned(), command.to_string(), now));
        }
        match command {
            Command::Set(it) => {
                self.open_family(&it.budget, it.parent.as_ref(), now);
                self.agreed.push(Agreed {
                    key: it.budget.clone(),
                    terms: Some(it.terms.clone()),
                    parent: it.parent.clone(),
                });
            }
            Command::Allocate(it) => {
                let parent = self.parent(&it.budget).map(|it| it.scope);
                self.open_family(&it.budget, parent.as_ref(), now);
                let mut terms = self.own(&it.budget).cloned();
                if let Some(terms) = &mut terms {
                    terms.amount = it.amount;
                }
                self.agreed.push(Agreed { key: it.budget.clone(), terms, parent });
            }
            Command::Remove(it) => {
                self.open_family(&it.budget, None, now);
                self.agreed.push(Agreed { key: it.budget.clone(), terms: None, parent: None });
                self.wipe(&it.budget);
            }
            Command::Transfer(it) => self.note_transfer(it, now),
            Command::Reserve(it) => self.note_reserve(it, now),
            Command::Settle(it) => {
                let ending = match self.hold(&it.id, now).and_then(|it| it.ended) {
                    None => "settled",
                    Some(("expired", ..)) => "late",
                    Some(_) => return,
                };
                self.note_end(&it.id, (ending, it.cost.nano(), now));
            }
            Command::Release(id) => self.note_end(id, ("released", 0, now)),
            Command::Expire(id) => self.note_end(id, ("expired", 0, now)),
            Command::Book(it) => self.note_book(it, now),
            Command::Halt(it) => self.stops.push((it.scope.clone(), it.kind)),
            Command::Lift(it) => self.stops.retain(|known| *known != (it.scope.clone(), it.kind)),
            Command::Ask(it) => {
                let (id, key) = (it.order.key.as_str().to_owned(), it.budget.clone());
                self.requests.push(Asked { id, key, most: it.amount.nano(), answered: None });
            }
            Command::Approve(it) => self.note_approve(it, now),
            Command::Deny(it) => self.answer(it.request.as_str(), now),
            Command::Lend(_) | Command::Return(_) | Command::ExpireLease(_) => {}
        }
    }

    fn open(&mut self, key: &BudgetKey, moment: Timestamp) -> i64 {
        let start = start_of(key.period, moment);
        if !self.opened.iter().any(|it| it.key == *key && it.start == start) {
            let carried = self.carried(key, start);
            self.opened.push(Opened { key: key.clone(), start, carried });
        }
        start
    }

    fn open_all(&mut self, keys: &[BudgetKey], now: Timestamp) {
        let moment = self.moment(keys, now);
        for key in keys {
            self.open(key, moment);
        }
    }

    fn open_family(&mut self, key: &BudgetKey, parent: Option<&Scope>, now: Timestamp) {
        let parent = parent.map(|it| BudgetKey::new(it.clone(), key.period));
        let keys: Vec<BudgetKey> =
            [Some(key.clone()), self.parent(key), parent].into_iter().flatten().collect();
        self.open_all(&keys, now);
    }

    /// A budget that is removed has nothing, whatever was moved or carried to it.
    fn wipe(&mut self, key: &BudgetKey) {
        let Some(start) = self.reached(key) else { return };
        let moved = self.sum(key, start, What::Moved);
        self.entries.push(Entry {
            key: key.clone(),
            start,
            what: What::Moved,
            amount: 0_i64.wrapping_sub(moved),
        });
        if let Some(it) = self.opened.iter_mut().find(|it| it.key == *key && it.start == start) {
            it.carried = 0;
        }
    }

    fn note_transfer(&mut self, it: &Transfer, now: Timestamp) {
        let (from, to) =
            (BudgetKey::new(it.from.clone(), it.period), BudgetKey::new(it.to.clone(), it.period));
        let (losing, gaining, common) = self.ways(&from, &to);
        let all: Vec<BudgetKey> = losing.iter().chain(&gaining).chain(&common).cloned().collect();
        let start = start_of(it.period, self.moment(&all, now));
        self.open_all(&all, now);
        for (keys, sign) in [(losing, -1_i64), (gaining, 1)] {
            for key in keys.into_iter().filter(|it| self.own(it).is_some()).collect::<Vec<_>>() {
                let amount = it.amount.nano().wrapping_mul(sign);
                self.entries.push(Entry { key, start, what: What::Moved, amount });
            }
        }
    }

    fn note_reserve(&mut self, it: &Reserve, now: Timestamp) {
        if self.hold(&it.id, now).is_some() {
            return;
        }
        let keys = self.applied(&it.subject);
        let moment = self.moment(&keys, now);
        let places = keys.into_iter().map(|key| (key.clone(), self.open(&key, moment))).collect();
        let until = Timestamp::from_millis(now.millis().wrapping_add(it.hold_ms));
        let (id, amount) = (it.id.clone(), it.amount.nano());
        self.holds.push(Hold { id, asked: asked(it), amount, until, places, ended: None });
    }

    fn note_end(&mut self, id: &ReservationId, how: (&'static str, i64, Timestamp)) {
        let Some(hold) = self.holds.iter_mut().rev().find(|it| it.id == *id) else { return };
        let is_late = how.0 == "late";
        if hold.ended.is_some() && !is_late {
            return;
        }
        hold.ended = Some(how);
        for (key, start) in hold.places.clone() {
            self.entries.push(Entry { key, start, what: What::Spent, amount: how.1 });
        }
    }

    fn note_book(&mut self, it: &Book, now: Timestamp) {
        let keys = self.applied(&it.subject);
        let moment = self.moment(&keys, now);
        let at = it.at.min(now);
        for key in keys {
            let current = self.open(&key, moment);
            let of_call = start_of(key.period, at);
            let start = if at.millis() < current { of_call } else { current };
            if self.opened.iter().any(|it| it.key == key && it.start == start) {
                self.entries.push(Entry { key, start, what: What::Spent, amount: it.cost.nano() });
            }
        }
    }

    fn answer(&mut self, id: &str, now: Timestamp) {
        if let Some(it) = self.requests.iter_mut().rev().find(|it| it.id == id) {
            it.answered = Some(now);
        }
    }

    fn note_approve(&mut self, it: &Approve, now: Timestamp) {
        let known = self.requests.iter().rev().find(|known| known.id == it.request.as_str());
        let Some(key) = known.map(|it| it.key.clone()) else { return };
        if let Some(movement) = transfer_of(it, &key) {
            self.note_transfer(&movement, now);
        } else {
            self.open_family(&key, None, now);
            let Some(start) = self.reached(&key) else { return };
            self.entries.push(Entry { key, start, what: What::Moved, amount: it.amount.nano() });
        }
        self.answer(it.request.as_str(), now);
    }

    /// Whether a counter is what the list of everything adds up to.
    pub(super) fn agrees(&self, key: &BudgetKey, counter: &Counter) -> Result<(), String> {
        let start = counter.window.start.millis();
        let figures = [
            ("spent", counter.spent.nano(), self.sum(key, start, What::Spent)),
            ("reserved", counter.reserved.nano(), self.held(key, start)),
            ("moved", counter.moved.nano(), self.sum(key, start, What::Moved)),
            ("carried", counter.carried.nano(), self.carried(key, start)),
        ];
        for (name, found, expected) in figures {
            if found != expected {
                return Err(format!("{key} from {start}: {found} {name}, but {expected}"));
            }
        }
        Ok(())
    }
}

fn asked(it: &Reserve) -> String {
    format!("{} {} {}", it.subject, it.amount, it.hold_ms)
}

/// The transfer that an approval is, where it takes the money from somewhere.
fn transfer_of(it: &Approve, key: &BudgetKey) -> Option<Transfer> {
    let from = it.from.clone()?;
    let (order, to, period) = (it.order.clone(), key.scope.clone(), key.period);
    Some(Transfer { order, from, to, period, amount: it.amount })
}

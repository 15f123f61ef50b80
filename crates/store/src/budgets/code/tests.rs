//! Rows are read back as they were, and found when something is to be done about them.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{ModelName, Scope};
use ledger::calendar::{Today, Window};
use ledger::simulation::Simulation;
use ledger::{
    Account, Action, Actor, Answer, Budget, Ceiling, Counter, DayOpened, Done, Downgrade, Ending,
    Fingerprint, IdempotencyKey, Lease, LeaseId, Ledger, LentSlice, Mark, Overcommit, Pace, Past, Request,
    RequestId, Reservation, ReservationId, Rollover, Slice, Stop, Tally, Terms, Threshold, Told,
    WhenUnreachable,
};

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn nano(amount: i64) -> NanoUsd {
    NanoUsd::new(amount)
}

fn month(scope: &str) -> BudgetKey {
    BudgetKey::new(scope.parse().unwrap(), Period::Month)
}

fn counter() -> Counter {
    let today = Today { starts: at(1), ends: at(2), is_working: true, days_past: 3, days_left: 4 };
    Counter {
        window: Window { start: at(10), end: Some(at(20)) },
        base: nano(1),
        carried: nano(2),
        moved: nano(-3),
        moved_below: nano(4),
        spent: nano(5),
        reserved: nano(6),
        leased: nano(7),
        overrun: nano(8),
        ceiling: Ceiling::Hard,
        told: Told { percent: 80, forecast_at: Some(at(15)) },
        day: Some(DayOpened { today, opening: nano(9) }),
        touched: at(16),
    }
}

fn bare() -> Counter {
    Counter {
        window: Window::EVER,
        base: nano(0),
        carried: nano(0),
        moved: nano(0),
        moved_below: nano(0),
        spent: nano(i64::MAX),
        reserved: nano(0),
        leased: nano(0),
        overrun: nano(0),
        ceiling: Ceiling::Soft,
        told: Told::default(),
        day: None,
        touched: at(-1),
    }
}

fn budgets() -> Vec<Row> {
    let downgrade = Downgrade { from: "claude-opus-*".to_owned(), to: ModelName::new("claude-haiku-4-5") };
    let actions = [
        (Mark::Percent(50), Action::Notify),
        (Mark::Percent(80), Action::Downgrade(vec![downgrade])),
        (Mark::Percent(90), Action::Clamp),
        (Mark::Percent(1000), Action::Refuse),
        (Mark::Forecast, Action::AllowOverrun),
    ];
    let mut terms = Terms::soft(nano(100));
    terms.rollover = Rollover::UpTo(nano(7));
    terms.pace = Pace::WorkingDays;
    terms.overcommit = Overcommit::Refuse;
    terms.thresholds = actions.map(|(mark, action)| Threshold { mark, action }).into();
    terms.owner = Some("ada \"the boss\" <ada@example.com>".to_owned());
    let mut other = Terms::hard(nano(3));
    other.rollover = Rollover::OnePeriod;
    other.unreachable = WhenUnreachable::Allow;
    let budget = |key, terms: Option<Terms>, counter| Budget {
        key,
        terms: terms.map(Arc::new),
        parent: Some("team/Web & Mobile".parse().unwrap()),
        promised: nano(11),
        slice: Some(Slice { lease: LeaseId::new("l"), usable_until: at(30) }),
        counter,
    };
    let plain = Budget {
        parent: None,
        promised: nano(0),
        slice: None,
        ..budget(BudgetKey::new(Scope::organisation(), Period::Ever), None, bare())
    };
    let all = [
        budget(month("developer/ann@example.com"), Some(terms), counter()),
        budget(month("tag/env=*"), Some(other), bare()),
        Budget { terms: Some(Arc::new(Terms::hard(nano(0)))), ..plain.clone() },
        plain,
    ];
    all.map(Row::Budget).into()
}

fn reservations() -> Vec<Row> {
    let held = Held { budget: month("team/a b"), start: at(10) };
    let open = Reservation {
        id: ReservationId::new("r"),
        at: at(11),
        expires_at: at(12),
        amount: nano(13),
        held: vec![held, Held { budget: BudgetKey::new(Scope::organisation(), Period::Day), start: at(0) }],
        asked: Fingerprint::new(u128::MAX),
        state: ReservationState::Open,
    };
    let endings = [
        Ending::Settled(nano(3)),
        Ending::Released,
        Ending::Expired { late: None },
        Ending::Expired { late: Some(nano(4)) },
    ];
    let ended = endings.map(|ending| Reservation {
        state: ReservationState::Ended { at: at(14), ending },
        held: Vec::new(),
        ..open.clone()
    });
    std::iter::once(open).chain(ended).map(Row::Reservation).collect()
}

fn others() -> Vec<Row> {
    let stop = Stop { by: "ada".to_owned(), at: at(1), reason: "too\u{1F4B8} much".to_owned() };
    let scope: Scope = "repo/github.com/acme/shop".parse().unwrap();
    let account = Account { scope: scope.clone(), epoch: u64::MAX, frozen: None, killed: Some(stop.clone()) };
    let frozen = Account { frozen: Some(stop), killed: None, ..account.clone() };
    let by = Actor { name: "ann".to_owned(), role: "developer".to_owned() };
    let open = Request {
        id: RequestId::new("q"),
        at: at(1),
        budget: month("team/web"),
        amount: nano(2),
        by: by.clone(),
        reason: "more".to_owned(),
        answer: None,
    };
    let answered = |granted| {
        let answer = Answer { by: by.clone(), at: at(3), granted, note: "well".to_owned() };
        Row::Request(Request { answer: Some(answer), ..open.clone() })
    };
    let held = Held { budget: month("org"), start: at(10) };
    let lease = |state| {
        Row::Lease(Lease {
            id: LeaseId::new("l"),
            replica: "gateway".to_owned(),
            expires_at: at(9),
            state,
            scopes: [(scope.clone(), 4)].into(),
            slices: [(held.clone(), LentSlice { amount: nano(5), spent: nano(6) })].into(),
            touched: at(7),
        })
    };
    let tally = |period| {
        let key = TallyKey { actor: "ann b".to_owned(), period, start: at(1) };
        Row::Tally(Tally { key, times: u32::MAX, amount: nano(3), touched: at(2) })
    };
    let asked = Fingerprint::new(0);
    let mut all = vec![Row::Account(account), Row::Account(frozen), answered(None), answered(Some(nano(1)))];
    all.extend([LeaseState::Live, LeaseState::Expired, LeaseState::Returned].map(lease));
    all.extend(Period::ALL.map(tally));
    all.push(Row::Request(open));
    all.push(Row::Past(Past { key: month("team/web"), counter: counter() }));
    all.push(Row::Done(Done { key: IdempotencyKey::new("k"), asked, at: at(5) }));
    all
}

/// All kinds of rows, with every variant of what is in them.
fn every() -> Vec<Row> {
    [budgets(), reservations(), others()].concat()
}

#[track_caller]
fn comes_back(it: &Row) -> Kept {
    let kept = Kept::of(it).unwrap();
    assert_eq!(row(kept.name.kind, &kept.body).as_ref().unwrap(), it, "{kept:?}");
    kept
}

#[test]
fn rows_are_read_back_as_they_were() {
    let kinds: BTreeSet<&str> = every().iter().map(|it| comes_back(it).name.kind).collect();
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

/// What is kept must be read by programs to come.
#[test]
fn the_format_is_this() {
    let told: Vec<String> = every()
        .iter()
        .map(comes_back)
        .map(|Kept { name, scope, due, body }| {
            let (scope, due) = (scope.unwrap_or_default(), due.map_or_else(String::new, |it| it.to_string()));
            format!("{} | {} | {scope} | {due}\n  {body}\n", name.kind, name.key)
        })
        .collect();
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn what_is_no_row_is_refused() {
    for (kind, body) in [
        ("budget", "{}"),
        ("account", r#"{"scope":"squad/web","epoch":1}"#),
        ("account", r#"{"scope":"org","epoch":1,"colour":"red"}"#),
        ("done", r#"{"key":"k","asked":"xyz","at":5}"#),
        ("tally", r#"{"actor":"a","period":"year","start":1,"times":1,"amount":1,"touched":1}"#),
        ("past", r#"{"budget":["org","month"],"counter":{"start":5,"end":5,"ceiling":"hard","touched":1}}"#),
        ("story", "{}"),
    ] {
        let error = row(kind, body).unwrap_err().to_string();
        assert!(error.contains("which is not known: it is damaged"), "{error}");
    }
}

/// The rows that random commands make: all come back, are in places of their own, and are
/// found when the ledger would do something about them, and not before.
#[test]
fn what_is_due_is_found_in_time() {
    let policy = Simulation::policy();
    let mut simulation = Simulation::new(3);
    let mut ledger = Ledger::whole(policy.clone(), []);
    for _ in 0..600 {
        let (command, now) = simulation.next();
        if let Ok(decision) = ledger.decide(&command, now) {
            ledger.absorb(&decision.changes);
        }
    }
    let rows: Vec<Row> = ledger.rows().chain(every()).collect();
    let names: BTreeSet<Name> = ledger.rows().map(|it| Kept::of(&it).unwrap().name).collect();
    assert_eq!(names.len(), ledger.rows().count());
    for it in rows {
        let kept = comes_back(&it);
        let Some(due) = kept.due else {
            let never = Ledger::whole(policy.clone(), [it]).sweep(at(i64::MAX), 1);
            assert_eq!(never, [], "{kept:?}");
            continue;
        };
        let alone = Ledger::whole(policy.clone(), [it.clone()]);
        let is_done = |now| match crate::budgets::end(&it) {
            Some(end) => alone.decide(&end, now).is_ok(),
            None => alone.sweep(now, 1).len() == 1,
        };
        assert!(is_done(at(due + 1)), "{kept:?}");
        assert!(!is_done(at(due - 1)), "{kept:?}");
    }
}

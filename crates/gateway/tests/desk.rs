//! A desk with a whole ledger in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use domain::{Developer, NanoUsd, Period, PicoUsd, ReporterId, Scope, ScopeKind, Timestamp};
use futures_util::future::BoxFuture;
use gateway::{BudgetDesk, Claims, DeskError, Identity, Metered, Stops};
use jiff::tz::TimeZone;
use ledger::command::{Command, Halt, HaltKind, Order, Reserve, Set, Settle};
use ledger::{
    Actor, BudgetKey, Calendar, IdempotencyKey, Ledger, Outlook, Policy, ReservationId, ReservationState,
    Stop, Stopped, Subject, Terms,
};
use tokio::sync::watch;

const HOLD_MS: i64 = 600_000;
/// 2026-11-02, noon UTC.
const NOW_MS: i64 = 1_793_620_800_000;

pub(crate) struct Desk {
    ledger: Mutex<Ledger>,
    now: AtomicI64,
    stops: watch::Sender<Arc<Stops>>,
    recorded: Mutex<Vec<Metered>>,
    /// How each reservation ended.
    endings: Mutex<Vec<String>>,
    commands: AtomicI64,
}

pub(crate) fn usd(text: &str) -> NanoUsd {
    text.parse::<PicoUsd>().expect(text).round_half_even().expect(text)
}

pub(crate) fn scope(text: &str) -> Scope {
    text.parse().expect(text)
}

impl Desk {
    pub(crate) fn new() -> Self {
        let policy = Policy::new(Calendar::new(TimeZone::UTC));
        Self {
            ledger: Mutex::new(Ledger::whole(policy, [])),
            now: AtomicI64::new(NOW_MS),
            stops: watch::Sender::new(Arc::default()),
            recorded: Mutex::default(),
            endings: Mutex::default(),
            commands: AtomicI64::new(0),
        }
    }

    fn order(&self) -> Order {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let by = Actor { name: "ann@example.com".to_owned(), role: "owner".to_owned() };
        Order {
            key: IdempotencyKey::new(&format!("order-{number}")),
            by,
            reason: "we are testing".to_owned(),
        }
    }

    fn command(&self, command: &Command) -> Result<(), DeskError> {
        let mut ledger = self.ledger.lock().unwrap();
        match ledger.decide(command, self.now()) {
            Ok(decision) => {
                ledger.absorb(&decision.changes);
                Ok(())
            }
            Err(Stopped::Refused(refusal)) => Err(DeskError::Refused(refusal)),
            Err(Stopped::Missing(keys)) => panic!("a whole ledger lacks {keys:?}"),
        }
    }

    /// Agrees on a budget of a month.
    pub(crate) fn set(&self, about: &str, terms: Terms) {
        let terms = Terms { owner: Some("ann@example.com".to_owned()), ..terms };
        let budget = BudgetKey::new(scope(about), Period::Month);
        let set = Set { order: self.order(), budget, terms, parent: None, spent_before: NanoUsd::ZERO };
        self.command(&Command::Set(set)).unwrap();
    }

    pub(crate) fn halt(&self, about: &str, kind: HaltKind) {
        let halt = Halt { order: self.order(), scope: scope(about), kind };
        self.command(&Command::Halt(halt)).unwrap();
        if kind == HaltKind::Kill {
            let stop =
                Stop { by: "ann@example.com".to_owned(), at: self.now(), reason: "runaway".to_owned() };
            let killed = BTreeMap::from([(scope(about), stop)]);
            self.stops.send_replace(Arc::new(Stops { killed, is_closing: false }));
        }
    }

    /// The process ends.
    pub(crate) fn close(&self) {
        self.stops.send_modify(|it| Arc::make_mut(it).is_closing = true);
    }

    /// Spent and reserved of the budget of a month.
    pub(crate) fn counts(&self, about: &str) -> (NanoUsd, NanoUsd) {
        let ledger = self.ledger.lock().unwrap();
        let counter = &ledger.budget(&BudgetKey::new(scope(about), Period::Month)).unwrap().counter;
        (counter.spent, counter.reserved)
    }

    pub(crate) fn overrun(&self, about: &str) -> NanoUsd {
        let ledger = self.ledger.lock().unwrap();
        ledger.budget(&BudgetKey::new(scope(about), Period::Month)).unwrap().counter.overrun
    }

    pub(crate) fn recorded(&self) -> Vec<Metered> {
        self.recorded.lock().unwrap().clone()
    }

    /// All costs that were settled.
    pub(crate) fn settled(&self) -> Vec<NanoUsd> {
        self.endings().iter().filter_map(|it| it.strip_prefix("settled ")).map(usd).collect()
    }

    pub(crate) fn endings(&self) -> Vec<String> {
        self.endings.lock().unwrap().clone()
    }

    /// How many reservations have not ended.
    pub(crate) fn open(&self) -> usize {
        let ledger = self.ledger.lock().unwrap();
        let is_open = |row: &ledger::Row| matches!(row, ledger::Row::Reservation(it) if it.state == ReservationState::Open);
        ledger.rows().filter(is_open).count()
    }
}

impl BudgetDesk for Desk {
    fn identify<'a>(&'a self, credential: &'a str) -> BoxFuture<'a, Result<Arc<Identity>, DeskError>> {
        Box::pin(async move {
            let name = credential.strip_prefix("bsr_").and_then(|it| it.split('_').next());
            let name = name.filter(|it| ["dana", "eve"].contains(it)).ok_or_else(|| {
                DeskError::NotKnown("the token is nobody's; ask an administrator for one".to_owned())
            })?;
            let developer = Developer::new(&format!("{name}@example.com"));
            Ok(Arc::new(Identity {
                reporter: ReporterId::new(name),
                developer: Some(developer),
                name: name.to_owned(),
            }))
        })
    }

    fn subject(&self, identity: &Identity, claims: &Claims) -> Result<Subject, DeskError> {
        let bad = |error: String| DeskError::BadClaim(error);
        let mut scopes = Vec::new();
        let mut add = |kind, name: Option<&str>| {
            let Some(name) = name.filter(|it| !it.is_empty()) else { return Ok(()) };
            scopes.push(Scope::new(kind, name).map_err(|error| bad(error.to_string()))?);
            Ok(())
        };
        add(ScopeKind::Developer, identity.developer.as_ref().map(Developer::as_str))?;
        add(ScopeKind::Session, claims.session.as_ref().map(|it| it.as_str()))?;
        add(ScopeKind::Model, Some(&claims.model))?;
        add(ScopeKind::Provider, Some(&claims.provider))?;
        add(ScopeKind::Repo, claims.repo.as_deref())?;
        add(ScopeKind::Task, claims.task.as_deref())?;
        Subject::new(scopes).map_err(|error| bad(error.to_string()))
    }

    fn outlook<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Outlook, DeskError>> {
        let outlook = self.ledger.lock().unwrap().outlook(subject, self.now());
        Box::pin(async move { outlook.map_err(|error| DeskError::Unavailable(error.to_string())) })
    }

    fn reserve(
        &self,
        id: ReservationId,
        subject: Subject,
        amount: NanoUsd,
    ) -> BoxFuture<'_, Result<(), DeskError>> {
        let reserve = Command::Reserve(Reserve { id, subject, amount, hold_ms: HOLD_MS });
        Box::pin(async move { self.command(&reserve) })
    }

    fn settle(&self, id: ReservationId, cost: NanoUsd) {
        self.endings.lock().unwrap().push(format!("settled {cost}"));
        self.command(&Command::Settle(Settle { id, cost })).expect("it settles once");
    }

    fn release(&self, id: ReservationId) {
        self.endings.lock().unwrap().push("released".to_owned());
        self.command(&Command::Release(id)).expect("it is released once");
    }

    fn stops(&self) -> watch::Receiver<Arc<Stops>> {
        self.stops.subscribe()
    }

    fn record(&self, metered: Metered) {
        self.recorded.lock().unwrap().push(metered);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed))
    }
}

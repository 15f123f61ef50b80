//! Budgets, as the books keep them: the ledger on both engines.
//!
//! What each call promises:
//!
//! - [`Budgets::command`] returns when what the command changed is durable. A command that
//!   is refused, or fails, leaves the others alone that were written with it. Asking twice
//!   is asking once, so whoever got no answer asks again.
//! - Commands of all processes come one after another: each is decided on everything that
//!   was decided before it, wherever that was.
//! - What people command leaves rows in the audit log, in the same transaction.
//!
//! The ledger decides; this keeps its rows, each as JSON under a kind and a key. Reading
//! order: `queue.rs` (commands wait together), `round.rs` (and are decided together),
//! `code.rs` and `wire.rs` (rows as they are kept), `minutes.rs` (the audit log); then
//! `sqlite/budgets.rs`, which has the whole ledger in memory, and `postgres/budgets.rs`, which
//! loads what each round needs.

mod check;
pub(crate) mod code;
pub(crate) mod copies;
pub(crate) mod minutes;
mod queue;
pub(crate) mod round;
mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Scope, Timestamp};
use futures_util::future::join_all;
use ledger::{
    Account, Budget, Calendar, Command, Event, Lease, LeaseState, Outlook, Past, Policy, Refusal, Request,
    ReservationState, Row, Subject,
};
use tokio::sync::broadcast;

use self::queue::Queue;
use self::round::{Asked, Verdict};
use crate::books::Books;
use crate::error::{Answer, StoreError};
use crate::{postgres, sqlite};

pub use self::copies::LedgerRow;
pub use self::round::Decided;

/// News that wait for whoever watches; who is slower misses the oldest.
const NEWS: usize = 1_024;
/// Rows that [`Budgets::tidy`] looks at, at once.
pub(crate) const TIDIED_AT_ONCE: usize = 1_000;
/// How often it looks, at most, before somebody else has a turn.
const TIDYINGS: usize = 20;

/// The budgets of a company. A clone is another handle to the same.
#[derive(Clone)]
pub struct Budgets {
    shared: Arc<Shared>,
    queue: Queue,
}

/// What the handles and the task share.
struct Shared {
    engine: Engine,
    policy: Mutex<Arc<Policy>>,
    books: Books,
    /// What was stopped when it was last asked.
    stopped: Mutex<Option<Stopped>>,
    news: broadcast::Sender<Arc<BudgetNews>>,
}

/// What keeps them.
pub(crate) enum Engine {
    Sqlite(sqlite::Budgets),
    Postgres(postgres::Budgets),
}

/// Everything that stands in the ledger, but reservations and what was done.
#[derive(Debug, Clone)]
pub struct Standing {
    /// All budgets, by their keys. A counter is as it was when it was touched last, and may
    /// be of a period that is over: [`Budget::counter_at`] shows it as it is now.
    pub budgets: Vec<Budget>,
    /// All accounts, by their scopes.
    pub accounts: Vec<Account>,
    /// All requests that are open or were answered lately, the oldest first.
    pub requests: Vec<Request>,
    /// All leases, by their ids.
    pub leases: Vec<Lease>,
    /// The policy that this process follows.
    pub policy: Policy,
}

/// What is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Another number whenever the epoch of some account is another one.
    pub version: u64,
    /// What is frozen or killed.
    pub accounts: Vec<Account>,
}

/// What was decided in this process that others may want to know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetNews {
    /// When it was commanded.
    pub at: Timestamp,
    /// The command, as one line of text.
    pub command: String,
    /// What it led to; of what people command there may be nothing.
    pub events: Vec<Event>,
}

impl Budgets {
    /// Begins to serve them; of the organisation's days as long as nobody says otherwise.
    pub(crate) fn begin(engine: Engine, books: Books, calendar: Calendar) -> Self {
        let shared = Arc::new(Shared {
            engine,
            policy: Mutex::new(Arc::new(Policy::new(calendar))),
            books,
            stopped: Mutex::default(),
            news: broadcast::Sender::new(NEWS),
        });
        Self { queue: Queue::begin(Arc::clone(&shared)), shared }
    }

    /// Follows another policy (calendar, transfer limits, lending) from now on, in this
    /// process: a server calls it once it starts, with what the books say.
    pub fn follow(&self, policy: Policy) {
        *lock(&self.shared.policy) = Arc::new(policy);
    }

    /// Decides a command and returns when what it changed is durable. Once it is asked it is
    /// decided, whether anybody waits for the answer or not.
    ///
    /// # Errors
    /// Where the database fails or a text in the command is too large. Then nothing of it
    /// was done, unless the database broke off for good in the middle: asking again, with the
    /// same key, is safe and tells.
    pub fn command(&self, command: Command, now: Timestamp) -> Answer<'_, Result<Decided, Box<Refusal>>> {
        Box::pin(async move {
            if let Some(refusal) = check::misnamed(&command) {
                return Ok(Err(Box::new(refusal)));
            }
            check::check(&command)?;
            self.queue.command(command, now).await
        })
    }

    /// How things stand for a call.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn outlook(&self, subject: Subject, now: Timestamp) -> Answer<'_, Result<Outlook, Box<Refusal>>> {
        let policy = self.shared.policy();
        match &self.shared.engine {
            Engine::Sqlite(it) => Box::pin(it.outlook(policy, subject, now)),
            Engine::Postgres(it) => Box::pin(it.outlook(policy, subject, now)),
        }
    }

    /// Everything, in one moment of it.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn standing(&self) -> Answer<'_, Standing> {
        Box::pin(async {
            let mut standing = Standing {
                budgets: Vec::new(),
                accounts: Vec::new(),
                requests: Vec::new(),
                leases: Vec::new(),
                policy: Policy::clone(&self.shared.policy()),
            };
            for row in self.shared.rows(&["account", "budget", "lease", "request"]).await? {
                match row {
                    Row::Budget(it) => standing.budgets.push(it),
                    Row::Account(it) => standing.accounts.push(it),
                    Row::Request(it) => standing.requests.push(it),
                    Row::Lease(it) => standing.leases.push(it),
                    Row::Past(_) | Row::Reservation(_) | Row::Tally(_) | Row::Done(_) => {}
                }
            }
            standing.budgets.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            standing.accounts.sort_unstable_by(|a, b| a.scope.cmp(&b.scope));
            standing.requests.sort_unstable_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
            standing.leases.sort_unstable_by(|a, b| a.id.cmp(&b.id));
            Ok(standing)
        })
    }

    /// What is stopped. Cheap enough to be asked several times a second.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn stops(&self) -> Answer<'_, Stopped> {
        Box::pin(async {
            // People alone change accounts, and whatever they do raises the version of the books.
            let version = self.shared.books.version().await?;
            if let Some(known) = lock(&self.shared.stopped).as_ref().filter(|it| it.version == version) {
                return Ok(known.clone());
            }
            let mut accounts = Vec::new();
            for row in self.shared.rows(&["account"]).await? {
                if let Row::Account(it) = row
                    && (it.frozen.is_some() || it.killed.is_some())
                {
                    accounts.push(it);
                }
            }
            accounts.sort_unstable_by(|a, b| a.scope.cmp(&b.scope));
            let stopped = Stopped { version, accounts };
            *lock(&self.shared.stopped) = Some(stopped.clone());
            Ok(stopped)
        })
    }

    /// The periods of a scope's budgets that are over, the oldest first: those that the
    /// ledger still counts in, and those that nothing can change any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn pasts(&self, scope: Scope) -> Answer<'_, Vec<Past>> {
        Box::pin(async move {
            let mut pasts = Vec::new();
            for row in self.shared.pasts(&scope).await? {
                if let Row::Past(it) = row
                    && it.key.scope == scope
                {
                    pasts.push(it);
                }
            }
            pasts.sort_unstable_by(|a, b| {
                let order = |it: &Past| (it.key.period, it.counter.window.start);
                order(a).cmp(&order(b))
            });
            Ok(pasts)
        })
    }

    /// What a backup holds of them: everything but reservations and leases, and nothing that
    /// is held or lent.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn export(&self) -> Answer<'_, Vec<LedgerRow>> {
        Box::pin(async {
            let closed = self.shared.closed().await?;
            copies::copied(self.shared.rows(copies::KINDS).await?, &closed)
        })
    }

    /// Lays down what [`Budgets::export`] of any engine told, whole or not at all. Where
    /// there are budgets already it leaves everything as it is, and says so by `false`: a
    /// counter that calls are held in must not be put back.
    ///
    /// # Errors
    /// [`StoreError::Import`] with the row that is not understood, and where the database
    /// fails.
    pub fn import(&self, rows: Vec<LedgerRow>) -> Answer<'_, bool> {
        Box::pin(async move {
            let laid = copies::laid(&rows)?;
            match &self.shared.engine {
                Engine::Sqlite(it) => it.lay_down(laid).await,
                Engine::Postgres(it) => it.lay_down(laid).await,
            }
        })
    }

    /// Takes back what is due, ends leases that were not renewed, forgets what is too old.
    /// Returns how many reservations, leases and rows. A job calls it every few seconds.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn tidy(&self, now: Timestamp) -> Answer<'_, u64> {
        Box::pin(async move {
            let mut tidied = 0_u64;
            for _ in 0..TIDYINGS {
                let due = self.shared.due(now).await?;
                let ends: Vec<Command> = due.iter().filter_map(end).collect();
                let may_go = due.len() > ends.len();
                for ended in join_all(ends.into_iter().map(|it| self.command(it, now))).await {
                    tidied = tidied.saturating_add(u64::from(ended?.is_ok()));
                }
                if may_go {
                    tidied = tidied.saturating_add(self.queue.sweep(now).await?);
                }
                if due.len() < TIDIED_AT_ONCE {
                    break;
                }
            }
            Ok(tidied)
        })
    }

    /// What is told from now on by decisions of this process: thresholds, overruns, and what
    /// people command. Whoever is too slow misses some.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Arc<BudgetNews>> {
        self.shared.news.subscribe()
    }
}

/// The command that ends what is due.
fn end(row: &Row) -> Option<Command> {
    match row {
        Row::Reservation(it) if it.state == ReservationState::Open => Some(Command::Expire(it.id.clone())),
        Row::Lease(it) if it.state == LeaseState::Live => Some(Command::ExpireLease(it.id.clone())),
        Row::Account(_)
        | Row::Budget(_)
        | Row::Past(_)
        | Row::Reservation(_)
        | Row::Lease(_)
        | Row::Request(_)
        | Row::Tally(_)
        | Row::Done(_) => None,
    }
}

impl Shared {
    fn policy(&self) -> Arc<Policy> {
        Arc::clone(&lock(&self.policy))
    }

    async fn round(&self, asked: &Arc<[Asked]>) -> Result<Vec<Verdict>, StoreError> {
        match &self.engine {
            Engine::Sqlite(it) => it.round(self.policy(), Arc::clone(asked)).await,
            Engine::Postgres(it) => it.round(self.policy(), Arc::clone(asked)).await,
        }
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        match &self.engine {
            Engine::Sqlite(it) => it.sweep(self.policy(), now).await,
            Engine::Postgres(it) => it.sweep(self.policy(), now).await,
        }
    }

    /// All rows of those kinds.
    async fn rows(&self, kinds: &'static [&'static str]) -> Result<Vec<Row>, StoreError> {
        match &self.engine {
            Engine::Sqlite(it) => it.rows(kinds).await,
            Engine::Postgres(it) => it.rows(kinds).await,
        }
    }

    /// All periods that nothing can change any more.
    async fn closed(&self) -> Result<Vec<Row>, StoreError> {
        match &self.engine {
            Engine::Sqlite(it) => it.closed().await,
            Engine::Postgres(it) => it.closed().await,
        }
    }

    /// The periods of that scope's budgets that are over.
    async fn pasts(&self, scope: &Scope) -> Result<Vec<Row>, StoreError> {
        match &self.engine {
            Engine::Sqlite(it) => it.pasts(scope).await,
            Engine::Postgres(it) => it.pasts(scope).await,
        }
    }

    /// Rows of which something is to be done, the longest overdue first.
    async fn due(&self, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        match &self.engine {
            Engine::Sqlite(it) => it.due(now).await,
            Engine::Postgres(it) => it.due(now).await,
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

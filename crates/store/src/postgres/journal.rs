//! The journal of the company's book in PostgreSQL: [`crate::Store`] says what each of
//! its methods does.
//!
//! Whoever writes holds one advisory lock until the end of the transaction, so that
//! writers of any number of servers come one after another and none sees half of what
//! another does; whoever reads sees one state and waits for nobody. Every write is the
//! same done once or twice, so one that failed for a passing reason is tried again,
//! even where nobody knows whether its commit arrived.
//!
//! Reading order: `accept.rs` (deliveries go in), `booking.rs` (calls and sums in one
//! transaction), `queue.rs`, `upkeep.rs`, `check.rs`; the other files hold the
//! statements of one kind of row each.

mod accept;
mod activities;
mod booking;
mod calls;
mod check;
mod copies;
mod observations;
mod queue;
mod sums;
mod surroundings;
mod upkeep;
mod values;

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use deadpool_postgres::Transaction;
use domain::{PrLink, SessionId, SessionTally, Timestamp, Whereabouts};
use metering::{CallId, Meter};
use pricing::Pricer;
use tokio::sync::broadcast;
use tokio_postgres::IsolationLevel;

use self::copies::{Copy, Things};
use self::queue::Queue;
use self::values::Values;
use super::attempts::Attempts;
use super::pool::Pool;
use super::schema::{Schema, schema};
use crate::calendar::Calendar;
use crate::delivery::{Accepted, Delivery, FolderReport, SessionTag};
use crate::error::StoreError;
use crate::memory::Memory;
use crate::reading::{
    ActivitySum, BookedCall, CallPage, CallQuery, Cells, Difference, Explained, Grain, News, Reporter,
};
use crate::sessions;
use crate::store::Settings;

const SCHEMA: Schema = schema!(
    "journal",
    &[
        include_str!("../../migrations/postgres/journal/0001_ground.sql"),
        include_str!("../../migrations/postgres/journal/0002_turns.sql"),
        include_str!("../../migrations/postgres/journal/0003_whence.sql"),
    ]
);
/// News that wait for whoever watches; who is slower misses the oldest.
const NEWS: usize = 256;
/// What begins a transaction that writes. Its turn comes within the time of the lock, or
/// it is tried again; a server that falls silent in the middle loses its turn. Plans are
/// made for few rows among many, whatever the database knows of a young table.
const TURN: &str = "SET LOCAL lock_timeout = '30s';
    SET LOCAL idle_in_transaction_session_timeout = '60s';
    SET LOCAL enable_seqscan = off;
    SELECT pg_advisory_xact_lock(108276935)";

pub(crate) struct PostgresJournal {
    shared: Arc<Shared>,
    id: Arc<str>,
    queue: Queue,
}

/// What everybody who reads or writes uses.
struct Shared {
    pool: Pool,
    prices: Pricer,
    /// The digest of the prices.
    digest: String,
    meter: Mutex<Meter>,
    calendar: Calendar,
    values: Values,
    memory: Memory,
    news: broadcast::Sender<Arc<News>>,
}

/// Does something in a transaction that reads one state of the book, and does it again
/// where it failed for a passing reason.
macro_rules! reading {
    ($shared:expr, |$transaction:ident| $work:expr) => {{
        let mut attempts = Attempts::begin();
        loop {
            let attempt = async {
                let mut client = $shared.pool.take().await?;
                let snapshot = client
                    .build_transaction()
                    .isolation_level(IsolationLevel::RepeatableRead)
                    .read_only(true)
                    .start()
                    .await?;
                let $transaction = &snapshot;
                let outcome = $work?;
                snapshot.commit().await?;
                Ok(outcome)
            };
            match attempt.await {
                Err(failure) if attempts.again(&failure).await => (),
                outcome => break outcome,
            }
        }
    }};
}

/// Does something in a transaction that writes, and does it again where it failed for a
/// passing reason.
macro_rules! writing {
    ($shared:expr, |$transaction:ident| $work:expr) => {{
        let mut attempts = Attempts::begin();
        loop {
            let attempt = async {
                let mut client = $shared.pool.take().await?;
                let open = client.transaction().await?;
                open.batch_execute(TURN).await?;
                let $transaction = &open;
                let outcome = $work?;
                open.commit().await?;
                Ok(outcome)
            };
            match attempt.await {
                Err(failure) if attempts.again(&failure).await => (),
                outcome => break outcome,
            }
        }
    }};
}
use writing;

impl PostgresJournal {
    pub(crate) async fn open(pool: Pool, settings: Settings) -> Result<Self, StoreError> {
        SCHEMA.migrate(&pool).await?;
        let kept = {
            let mut client = pool.take().await?;
            surroundings::setting(&client.transaction().await?, "zone").await?
        };
        let shared = Arc::new(Shared {
            pool,
            digest: settings.prices.digest().to_owned(),
            meter: Mutex::new(Meter::new(settings.prices.clone())),
            prices: settings.prices,
            calendar: Calendar::wanted(settings.zone, kept.as_deref()),
            values: Values::default(),
            memory: Memory::default(),
            news: broadcast::Sender::new(NEWS),
        });
        writing!(shared, |transaction| upkeep::adopt_zone(transaction, &shared).await)?;
        let id = writing!(shared, |transaction| surroundings::identity(transaction).await)?.into();
        let queue = Queue::begin(Arc::clone(&shared));
        Ok(Self { shared, id, queue })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<News>> {
        self.shared.news.subscribe()
    }

    pub(crate) async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        delivery.check()?;
        self.queue.accept(delivery).await
    }

    pub(crate) async fn cells(
        &self,
        grain: Grain,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Cells, StoreError> {
        let Shared { memory, values, calendar, .. } = &*self.shared;
        reading!(self.shared, |it| sums::read(it, (memory, values), calendar, grain, (from, to)).await)
    }

    pub(crate) async fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let span: Option<(i64, i64)> = reading!(self.shared, |it| calls::span(it).await)?;
        Ok(span.map(|(first, last)| (Timestamp::from_millis(first), Timestamp::from_millis(last))))
    }

    pub(crate) async fn calls(&self, query: CallQuery) -> Result<CallPage, StoreError> {
        reading!(self.shared, |it| calls::page(it, &self.shared.values, &query).await)
    }

    pub(crate) async fn calls_of_session(&self, session: SessionId) -> Result<Vec<BookedCall>, StoreError> {
        reading!(self.shared, |it| calls::of_session(it, &self.shared.values, session.as_str()).await)
    }

    pub(crate) async fn whereabouts_of(
        &self,
        sessions: Vec<SessionId>,
    ) -> Result<Vec<Arc<Whereabouts>>, StoreError> {
        let sessions: Vec<&str> = sessions.iter().map(SessionId::as_str).collect();
        reading!(self.shared, |it| calls::whereabouts_of(it, &self.shared.values, &sessions).await)
    }

    pub(crate) async fn named(&self, text: String, limit: usize) -> Result<Vec<BookedCall>, StoreError> {
        reading!(self.shared, |it| calls::named(it, &self.shared.values, &text, limit).await)
    }

    pub(crate) async fn explain(&self, id: CallId) -> Result<Option<Explained>, StoreError> {
        reading!(self.shared, |it| calls::explain(it, &self.shared.values, id).await)
    }

    pub(crate) async fn activities(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ActivitySum>, StoreError> {
        let days = self.shared.calendar.days(from, to);
        reading!(self.shared, |it| activities::sums(it, &self.shared.values, days).await)
    }

    pub(crate) async fn reporters(&self) -> Result<Vec<Reporter>, StoreError> {
        reading!(self.shared, |it| activities::reporters(it).await)
    }

    pub(crate) async fn folders(&self) -> Result<Vec<FolderReport>, StoreError> {
        reading!(self.shared, |it| surroundings::folders(it).await)
    }

    pub(crate) async fn pull_requests(&self) -> Result<Vec<PrLink>, StoreError> {
        reading!(self.shared, |it| surroundings::pull_requests(it).await)
    }

    pub(crate) async fn sessions(&self) -> Result<Vec<SessionTally>, StoreError> {
        let tallies = reading!(self.shared, |it| surroundings::tallies(it).await)?;
        Ok(sessions::put_together(tallies))
    }

    pub(crate) async fn tags(&self) -> Result<Vec<SessionTag>, StoreError> {
        reading!(self.shared, |it| surroundings::tags(it, false).await)
    }

    pub(crate) async fn surroundings_version(&self) -> Result<u64, StoreError> {
        reading!(self.shared, |it| surroundings::version(it).await)
    }

    pub(crate) async fn reprice(&self) -> Result<u64, StoreError> {
        let (mut behind, mut repriced) = (None, 0_u64);
        loop {
            let part: Result<_, StoreError> =
                writing!(self.shared, |it| upkeep::reprice(it, &self.shared, behind).await);
            let (count, last) = part?;
            repriced = repriced.saturating_add(count);
            if last.is_none() {
                return Ok(repriced);
            }
            behind = last;
        }
    }

    pub(crate) async fn rebuild(&self) -> Result<u64, StoreError> {
        writing!(self.shared, |it| upkeep::rebuild(it, &self.shared).await)
    }

    pub(crate) async fn check(&self, limit: usize) -> Result<Vec<Difference>, StoreError> {
        let meter = || Meter::new(self.shared.prices.clone());
        reading!(self.shared, |it| check::check(it, &self.shared, meter(), limit).await)
    }

    pub(crate) async fn export(&self, to: Box<dyn Write + Send>) -> Result<u64, StoreError> {
        // What was written cannot be taken back, so there is one attempt.
        let mut client = self.shared.pool.take().await?;
        let snapshot = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let transaction: &Transaction<'_> = &snapshot;
        copies::export(transaction, &self.shared, to).await
    }

    pub(crate) async fn import(&self, from: Box<dyn Read + Send>) -> Result<u64, StoreError> {
        let mut copy = Copy::begin(from).await?;
        loop {
            let (things, rest) = copy.next().await?;
            copy = rest;
            if things.is_empty() {
                return Ok(copy.lines());
            }
            let things = Things::of(things);
            let stored: Result<(), StoreError> =
                writing!(self.shared, |it| things.store(it, &self.shared).await);
            stored?;
        }
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.shared.pool.query("SELECT 1", &[]).await.map(|_| ())
    }
}

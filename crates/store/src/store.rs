//! The company's book: what every developer's machine, exporter and hook reported,
//! merged into calls that are counted once.
//!
//! What each call promises:
//!
//! - [`Store::accept`] returns after the durable write: what it answered for is still
//!   there after a crash or a power cut. A delivery is stored whole or not at all;
//!   sending it again, split or in another order gives the same book. Deliveries that
//!   arrive side by side share a transaction; one that fails fails alone.
//! - Calls, sums by quarter of an hour and sums by day change in the transaction that
//!   stores the observations, so that all of them always agree. [`Store::check`] proves
//!   it, [`Store::rebuild`] makes them anew.
//! - [`Store::cells`] reads from memory what did not change since it was last read.
//! - Reading sees whole transactions only, and never waits for writing.
//!
//! There are two engines with one conformance suite (`tests/`). They load and write
//! rows; what happens between is in `metering::assemble` and `plan.rs`, which both use.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use domain::{PrLink, SessionId, SessionTally, Timestamp, Whereabouts};
use jiff::tz::TimeZone;
use metering::CallId;
use pricing::Pricer;
use tokio::sync::broadcast;

use crate::books::Books;
use crate::budgets::Budgets;
use crate::database::Database;
use crate::delivery::{Accepted, Delivery, FolderReport, SessionTag};
use crate::error::{Answer, StoreError};
use crate::postgres::{Pool, PostgresJournal};
use crate::reading::{
    ActivitySum, BookedCall, CallPage, CallQuery, Cells, Difference, Explained, Grain, News, Reporter,
};
use crate::sqlite::SqliteJournal;

/// What the store must know to price calls and to tell days apart.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The prices. Calls that were priced with others stay as they are until
    /// [`Store::reprice`].
    pub prices: Pricer,
    /// The organisation's time zone: sums by day are of its days. Opening the book with
    /// another one sums them up again, so only a server that starts names one. `None`
    /// leaves the book its own.
    pub zone: Option<TimeZone>,
}

/// The company's book. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    books: Books,
    budgets: Budgets,
}

/// What keeps it.
#[derive(Clone)]
enum Engine {
    Sqlite(Arc<SqliteJournal>),
    Postgres(Arc<PostgresJournal>),
}

/// Asks whichever engine it is.
macro_rules! ask {
    ($store:ident.$question:ident($($argument:expr),*)) => {
        match &$store.engine {
            Engine::Sqlite(journal) => Box::pin(journal.$question($($argument),*)),
            Engine::Postgres(journal) => Box::pin(journal.$question($($argument),*)),
        }
    };
}

impl Store {
    /// Opens the book, or makes it, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Unreachable`], [`StoreError::Newer`], and where the
    /// database fails.
    pub fn open(database: &Database, settings: Settings) -> Answer<'_, Self> {
        Box::pin(async {
            match database {
                Database::Sqlite(folder) => {
                    std::fs::create_dir_all(folder)
                        .map_err(|source| StoreError::Folder { path: folder.clone(), source })?;
                    let zone = settings.zone.clone();
                    let journal = SqliteJournal::open(folder, settings).await?;
                    Ok(Self::of(Engine::Sqlite(Arc::new(journal)), Books::sqlite(folder)?, zone))
                }
                Database::Postgres(url) => {
                    let (pool, zone) = (Pool::to(url)?, settings.zone.clone());
                    let journal = PostgresJournal::open(pool.clone(), settings).await?;
                    let books = Books::pooled(pool).await?;
                    Ok(Self::of(Engine::Postgres(Arc::new(journal)), books, zone))
                }
            }
        })
    }

    fn of(engine: Engine, books: Books, zone: Option<TimeZone>) -> Self {
        let calendar = ledger::Calendar::new(zone.unwrap_or(TimeZone::UTC));
        let budgets = Budgets::begin(books.ledger(), books.clone(), calendar);
        Self { engine, books, budgets }
    }

    /// The budgets: what may be spent.
    #[must_use]
    pub const fn budgets(&self) -> &Budgets {
        &self.budgets
    }

    /// The books: what people decided on.
    #[must_use]
    pub const fn books(&self) -> &Books {
        &self.books
    }

    /// The name that the book gave itself when it was made: whoever reported to another
    /// one reports everything anew.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.engine {
            Engine::Sqlite(journal) => journal.id(),
            Engine::Postgres(journal) => journal.id(),
        }
    }

    /// Stores a delivery and returns after the durable write.
    ///
    /// # Errors
    /// Where a figure does not fit or the database fails; nothing of it is stored then.
    pub fn accept(&self, delivery: Delivery) -> Answer<'_, Accepted> {
        ask!(self.accept(delivery))
    }

    /// The calls that this process stores from now on. Whoever is too slow misses some.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Arc<News>> {
        match &self.engine {
            Engine::Sqlite(journal) => journal.watch(),
            Engine::Postgres(journal) => journal.watch(),
        }
    }

    /// The sums of all days that have a moment from `from` on and before `to`. Sums by
    /// quarter are those of whole days as well: the caller leaves out what is outside.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn cells(&self, grain: Grain, from: Timestamp, to: Timestamp) -> Answer<'_, Cells> {
        ask!(self.cells(grain, from, to))
    }

    /// The moments of the first and the last call; none where there are none.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn span(&self) -> Answer<'_, Option<(Timestamp, Timestamp)>> {
        ask!(self.span())
    }

    /// Calls in the order of their ids, a page at a time.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn calls(&self, query: CallQuery) -> Answer<'_, CallPage> {
        ask!(self.calls(query))
    }

    /// All calls of a session, in the order of their ids.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn calls_of_session(&self, session: SessionId) -> Answer<'_, Vec<BookedCall>> {
        ask!(self.calls_of_session(session))
    }

    /// Where anybody says that calls of these sessions were made, and by whom.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn whereabouts_of(&self, sessions: Vec<SessionId>) -> Answer<'_, Vec<Arc<Whereabouts>>> {
        ask!(self.whereabouts_of(sessions))
    }

    /// The calls that a text names, at most so many: one of which it is the key, the
    /// request id or the id, or those whose ids begin with it.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn named(&self, text: &str, limit: usize) -> Answer<'_, Vec<BookedCall>> {
        ask!(self.named(text.to_owned(), limit))
    }

    /// A call with everything that was said of it.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn explain(&self, id: CallId) -> Answer<'_, Option<Explained>> {
        ask!(self.explain(id))
    }

    /// What happened beside calls on the days that have a moment from `from` on and
    /// before `to`, in the order of days.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn activities(&self, from: Timestamp, to: Timestamp) -> Answer<'_, Vec<ActivitySum>> {
        ask!(self.activities(from, to))
    }

    /// Everybody who ever reported.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn reporters(&self) -> Answer<'_, Vec<Reporter>> {
        ask!(self.reporters())
    }

    /// What git said of all working folders.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn folders(&self) -> Answer<'_, Vec<FolderReport>> {
        ask!(self.folders())
    }

    /// All pull requests that sessions opened or named.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn pull_requests(&self) -> Answer<'_, Vec<PrLink>> {
        ask!(self.pull_requests())
    }

    /// All sessions, each put together from those who reported it.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn sessions(&self) -> Answer<'_, Vec<SessionTally>> {
        ask!(self.sessions())
    }

    /// What people say of sessions; what was taken back is left out.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn tags(&self) -> Answer<'_, Vec<SessionTag>> {
        ask!(self.tags())
    }

    /// A number that is another one whenever folders, pull requests or tags changed, or a
    /// session with pull requests was somewhere new: what is derived from them is good as
    /// long as it stays.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn surroundings_version(&self) -> Answer<'_, u64> {
        ask!(self.surroundings_version())
    }

    /// Prices all calls that were priced with other prices than the store was opened
    /// with, and brings the sums up to date, a part at a time. Returns how many.
    ///
    /// # Errors
    /// Where the database fails or a figure does not fit.
    pub fn reprice(&self) -> Answer<'_, u64> {
        ask!(self.reprice())
    }

    /// Makes calls and sums anew from the observations. Accepting waits meanwhile.
    /// Returns how many calls there are.
    ///
    /// # Errors
    /// Where the database fails or a figure does not fit.
    pub fn rebuild(&self) -> Answer<'_, u64> {
        ask!(self.rebuild())
    }

    /// Works calls and sums out anew and compares them with what the book has, in one
    /// moment of it. Returns the first differences, at most so many.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn check(&self, limit: usize) -> Answer<'_, Vec<Difference>> {
        ask!(self.check(limit))
    }

    /// Writes everything that was reported, as it stands in one moment, as JSON lines
    /// `bursar.book/1` in gzip. Returns how many lines.
    ///
    /// # Errors
    /// Where the database fails or the writer does.
    pub fn export(&self, to: Box<dyn Write + Send>) -> Answer<'_, u64> {
        ask!(self.export(to))
    }

    /// Takes in what [`Store::export`] of any engine wrote, on top of what there is.
    /// Returns how many lines.
    ///
    /// # Errors
    /// [`StoreError::Import`] with the line that is not understood, and where the
    /// database fails. What came before the line is stored; importing again is harmless.
    pub fn import(&self, from: Box<dyn Read + Send>) -> Answer<'_, u64> {
        ask!(self.import(from))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Where it does not.
    pub fn ping(&self) -> Answer<'_, ()> {
        ask!(self.ping())
    }

    /// The folder of an embedded database.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        match &self.engine {
            Engine::Sqlite(journal) => Some(journal.folder().to_owned()),
            Engine::Postgres(_) => None,
        }
    }
}

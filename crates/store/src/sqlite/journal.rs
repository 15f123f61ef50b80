//! The journal of the company's book in SQLite: [`crate::Store`] says what each of its
//! methods does.
//!
//! Reading order: `accept.rs` (a delivery goes in), `booking.rs` (calls and sums in one
//! transaction), `upkeep.rs`, `check.rs`; the other files hold the statements of one
//! kind of row each.

mod accept;
mod activities;
mod booking;
mod calls;
mod check;
mod copies;
mod observations;
mod sums;
mod surroundings;
mod upkeep;
mod values;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{PrLink, SessionId, SessionTally, Timestamp, Whereabouts};
use metering::{CallId, Meter};
use pricing::Pricer;
use rusqlite::Connection;
use tokio::sync::broadcast;

use self::accept::Hearing;
use self::booking::Writing;
use self::values::Values;
use super::file::{self, File};
use super::readers::Readers;
use super::writer::Writer;
use crate::calendar::Calendar;
use crate::copy;
use crate::delivery::{Accepted, Delivery, FolderReport, SessionTag};
use crate::error::StoreError;
use crate::memory::Memory;
use crate::reading::{
    ActivitySum, BookedCall, CallPage, CallQuery, Cells, Difference, Explained, Grain, News, Reporter,
};
use crate::sessions;
use crate::store::Settings;

const FILE: &str = "journal.db";
const MIGRATIONS: [&str; 4] = [
    include_str!("../../migrations/sqlite/journal/0001_ground.sql"),
    include_str!("../../migrations/sqlite/journal/0002_slots.sql"),
    include_str!("../../migrations/sqlite/journal/0003_turns.sql"),
    include_str!("../../migrations/sqlite/journal/0004_whence.sql"),
];
/// News that wait for whoever watches; who is slower misses the oldest.
const NEWS: usize = 256;
/// Pages that the writer keeps in memory, in KiB.
const CACHE_KIB: i64 = 64 * 1_024;
/// Pages of four KiB in the write-ahead log before they go into the file: names come in no
/// order, so that every transaction writes all over their indexes, and pages are copied once
/// after they were written again and again.
const LOG_PAGES: i64 = 16 * 1_024;

pub(crate) struct SqliteJournal {
    folder: PathBuf,
    id: Arc<str>,
    writer: Writer,
    readers: Readers,
    writing: Arc<Mutex<Writing>>,
    memory: Arc<Memory>,
    prices: Pricer,
    calendar: Calendar,
    news: broadcast::Sender<Arc<News>>,
}

impl SqliteJournal {
    pub(crate) async fn open(folder: &Path, settings: Settings) -> Result<Self, StoreError> {
        let file: File = file::within(folder, FILE, &MIGRATIONS, LOG_PAGES);
        let writer = Writer::start(&file)?;
        let kept = writer.run(|connection| surroundings::setting(connection, "zone")).await?;
        let calendar = Calendar::wanted(settings.zone, kept.as_deref());
        let writing = Writing {
            meter: Meter::new(settings.prices.clone()),
            calendar: calendar.clone(),
            values: Values::default(),
        };
        let journal = Self {
            folder: folder.to_owned(),
            id: writer.run(surroundings::identity).await?.into(),
            writer,
            readers: Readers::of(file),
            writing: Arc::new(Mutex::new(writing)),
            memory: Arc::default(),
            prices: settings.prices,
            calendar,
            news: broadcast::Sender::new(NEWS),
        };
        journal.write(upkeep::adopt_zone).await?;
        journal.writer.run(prepare).await?;
        Ok(journal)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<News>> {
        self.news.subscribe()
    }

    pub(crate) async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        delivery.check()?;
        let work = move |connection: &Connection, writing: &mut Writing| {
            accept::perform(connection, writing, &delivery, Hearing::Noted)
        };
        let (accepted, news) = self.write(work).await?;
        if !news.new.is_empty() || !news.corrected.is_empty() {
            // Nobody may be watching.
            drop(self.news.send(Arc::new(news)));
        }
        Ok(accepted)
    }

    pub(crate) async fn cells(
        &self,
        grain: Grain,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Cells, StoreError> {
        let (memory, calendar) = (Arc::clone(&self.memory), self.calendar.clone());
        self.readers
            .run(move |connection| sums::read(connection, &memory, &calendar, grain, (from, to)))
            .await
    }

    pub(crate) async fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let span = self.readers.run(calls::span).await?;
        Ok(span.map(|(first, last)| (Timestamp::from_millis(first), Timestamp::from_millis(last))))
    }

    pub(crate) async fn calls(&self, query: CallQuery) -> Result<CallPage, StoreError> {
        self.readers.run(move |connection| calls::page(connection, &query)).await
    }

    pub(crate) async fn calls_of_session(&self, session: SessionId) -> Result<Vec<BookedCall>, StoreError> {
        self.readers.run(move |connection| calls::of_session(connection, session.as_str())).await
    }

    pub(crate) async fn whereabouts_of(
        &self,
        sessions: Vec<SessionId>,
    ) -> Result<Vec<Arc<Whereabouts>>, StoreError> {
        self.readers.run(move |connection| calls::whereabouts_of_sessions(connection, &sessions)).await
    }

    pub(crate) async fn named(&self, text: String, limit: usize) -> Result<Vec<BookedCall>, StoreError> {
        self.readers.run(move |connection| calls::named(connection, &text, limit)).await
    }

    pub(crate) async fn explain(&self, id: CallId) -> Result<Option<Explained>, StoreError> {
        self.readers.run(move |connection| calls::explain(connection, &id)).await
    }

    pub(crate) async fn activities(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ActivitySum>, StoreError> {
        let days = self.calendar.days(from, to);
        self.readers.run(move |connection| activities::sums(connection, days)).await
    }

    pub(crate) async fn reporters(&self) -> Result<Vec<Reporter>, StoreError> {
        self.readers.run(activities::reporters).await
    }

    pub(crate) async fn folders(&self) -> Result<Vec<FolderReport>, StoreError> {
        self.readers.run(surroundings::folders).await
    }

    pub(crate) async fn pull_requests(&self) -> Result<Vec<PrLink>, StoreError> {
        self.readers.run(surroundings::pull_requests).await
    }

    pub(crate) async fn sessions(&self) -> Result<Vec<SessionTally>, StoreError> {
        Ok(sessions::put_together(self.readers.run(surroundings::tallies).await?))
    }

    pub(crate) async fn tags(&self) -> Result<Vec<SessionTag>, StoreError> {
        self.readers.run(|connection| surroundings::tags(connection, false)).await
    }

    pub(crate) async fn surroundings_version(&self) -> Result<u64, StoreError> {
        self.readers.run(surroundings::version).await
    }

    pub(crate) async fn reprice(&self) -> Result<u64, StoreError> {
        let (mut behind, mut repriced) = (None, 0_u64);
        loop {
            let part = move |connection: &Connection, writing: &mut Writing| {
                upkeep::reprice(connection, writing, behind)
            };
            let (count, last) = self.write(part).await?;
            repriced = repriced.saturating_add(count);
            if last.is_none() {
                return Ok(repriced);
            }
            behind = last;
        }
    }

    pub(crate) async fn rebuild(&self) -> Result<u64, StoreError> {
        self.write(upkeep::rebuild).await
    }

    pub(crate) async fn check(&self, limit: usize) -> Result<Vec<Difference>, StoreError> {
        let (meter, calendar) = (Meter::new(self.prices.clone()), self.calendar.clone());
        self.readers.run(move |connection| check::check(connection, meter, calendar, limit)).await
    }

    pub(crate) async fn export(&self, to: Box<dyn Write + Send>) -> Result<u64, StoreError> {
        self.readers.run(move |connection| copies::export(connection, to)).await
    }

    pub(crate) async fn import(&self, from: Box<dyn Read + Send>) -> Result<u64, StoreError> {
        let mut copy = copy::Reading::begin(from)?;
        loop {
            let read = move || copies::next(&mut copy).map(|things| (things, copy));
            let (things, rest) =
                tokio::task::spawn_blocking(read).await.map_err(|_| StoreError::Closed)??;
            copy = rest;
            if things.is_empty() {
                return Ok(copy.lines());
            }
            self.write(move |connection, writing| copies::import(connection, writing, &things)).await?;
        }
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let ask = |connection: &Connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?);
        self.readers.run(ask).await
    }

    /// Does something in a transaction of the writer; returns when it is on the disk.
    async fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Connection, &mut Writing) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let writing = Arc::clone(&self.writing);
        self.writer.run(move |connection| work(connection, &mut lock(&writing))).await
    }
}

/// Pages that are written again and again are kept in memory.
fn prepare(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.pragma_update(None, "cache_size", -CACHE_KIB)?)
}

fn lock(writing: &Mutex<Writing>) -> MutexGuard<'_, Writing> {
    writing.lock().unwrap_or_else(PoisonError::into_inner)
}

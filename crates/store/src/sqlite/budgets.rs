//! Budgets in a SQLite file: all of the ledger in memory, each row of it in the file.
//!
//! The memory is right as long as its stamp is the one in the file: each round writes
//! another one. Where a transaction was undone after the round, the file has the stamp of
//! before, and the memory takes the round back; where another process wrote, it has one that
//! nobody here knows, and the ledger is read anew.

mod rows;

use std::sync::{Arc, Mutex};

use domain::{Scope, Timestamp};
use ledger::{Change, Ledger, Outlook, Policy, Refusal, Row, Subject};
use rusqlite::Connection;

use super::books::{self, Books};
use super::readers::Readers;
use super::writer::Writer;
use crate::budgets::code::Kept;
use crate::budgets::copies::Laid;
use crate::budgets::lock;
use crate::budgets::minutes::Minute;
use crate::budgets::round::{Asked, Round, Sheet, Verdict};
use crate::error::StoreError;

/// The budgets in a file; [`crate::Budgets`] says what each of its methods does.
#[derive(Clone)]
pub(crate) struct Budgets {
    writer: Writer,
    readers: Readers,
    memory: Arc<Mutex<Option<Memory>>>,
}

/// The ledger as it is when what waits to be written is.
struct Memory {
    ledger: Ledger,
    policy: Arc<Policy>,
    stamp: String,
    /// What was done last, and may yet be undone with its transaction.
    last: Option<Last>,
}

struct Last {
    stamp_before: String,
    changes: Vec<Change>,
}

impl Budgets {
    /// Those of the books.
    pub(crate) fn of(books: &Books) -> Self {
        let (writer, readers) = books.hands();
        Self { writer, readers, memory: Arc::default() }
    }

    /// Decides commands in one transaction; returns when it is on the disk.
    pub(crate) async fn round(
        &self,
        policy: Arc<Policy>,
        asked: Arc<[Asked]>,
    ) -> Result<Vec<Verdict>, StoreError> {
        let memory = Arc::clone(&self.memory);
        self.write(move |connection| {
            let mut memory = lock(&memory);
            let memory = Memory::current(&mut memory, connection, &policy)?;
            let mut round = Round::default();
            let ended = round.go_on(&mut memory.ledger, &asked);
            let Round { verdicts, changes, minutes, .. } = round;
            let written = ended
                .map_err(|keys| StoreError::Unknown {
                    what: "the whole ledger",
                    value: format!("{} keys", keys.len()),
                })
                .and_then(|()| write(connection, &changes, &minutes));
            memory.note(changes, written)?;
            Ok(verdicts)
        })
        .await
    }

    /// Forgets some of what may be forgotten; returns how many rows.
    pub(crate) async fn sweep(&self, policy: Arc<Policy>, now: Timestamp) -> Result<u64, StoreError> {
        let memory = Arc::clone(&self.memory);
        self.write(move |connection| {
            let mut memory = lock(&memory);
            let memory = Memory::current(&mut memory, connection, &policy)?;
            let due = rows::due(connection, now)?;
            let limit = due.len();
            let changes = Ledger::whole(Policy::clone(&policy), due).sweep(now, limit);
            rows::close(connection, changes.iter().filter_map(|it| it.before.as_ref()))?;
            memory.ledger.absorb(&changes);
            let swept = u64::try_from(changes.len()).unwrap_or(u64::MAX);
            let written = write(connection, &changes, &[]);
            memory.note(changes, written)?;
            Ok(swept)
        })
        .await
    }

    /// How things stand for a call.
    pub(crate) async fn outlook(
        &self,
        policy: Arc<Policy>,
        subject: Subject,
        now: Timestamp,
    ) -> Result<Result<Outlook, Box<Refusal>>, StoreError> {
        let memory = Arc::clone(&self.memory);
        let look = move |ledger: &Ledger| match ledger.outlook(&subject, now) {
            Ok(outlook) => Ok(Ok(outlook)),
            Err(ledger::Stopped::Refused(refusal)) => Ok(Err(refusal)),
            Err(ledger::Stopped::Missing(keys)) => {
                Err(StoreError::Unknown { what: "the whole ledger", value: format!("{} keys", keys.len()) })
            }
        };
        self.readers
            .run(move |connection| {
                // First the memory, then the file: no round is decided in between, so that
                // the file can only be behind by the one that is being written.
                let mut memory = lock(&memory);
                let stamp = rows::stamp(connection)?;
                if let Some(memory) = memory.as_mut().filter(|it| it.serves(&stamp)) {
                    memory.follow(&policy);
                    return look(&memory.ledger);
                }
                look(&memory.insert(Memory::read(connection, &policy)?).ledger)
            })
            .await
    }

    /// All rows of those kinds.
    pub(crate) async fn rows(&self, kinds: &'static [&'static str]) -> Result<Vec<Row>, StoreError> {
        self.readers
            .run(move |connection| {
                let mut all = Vec::new();
                for kind in kinds {
                    all.extend(rows::of_kind(connection, kind)?);
                }
                Ok(all)
            })
            .await
    }

    /// All periods that nothing can change any more.
    pub(crate) async fn closed(&self) -> Result<Vec<Row>, StoreError> {
        self.readers.run(rows::closed).await
    }

    /// Lays down what a backup holds, where there is nothing; says whether it did.
    pub(crate) async fn lay_down(&self, laid: Laid) -> Result<bool, StoreError> {
        self.write(move |connection| {
            if !rows::is_empty(connection)? {
                return Ok(false);
            }
            for row in &laid.rows {
                rows::put(connection, &[Kept::of(row)?])?;
            }
            rows::close(connection, &laid.closed)?;
            rows::restamp(connection)?;
            Ok(true)
        })
        .await
    }

    /// The periods of that scope's budgets that are over.
    pub(crate) async fn pasts(&self, scope: &Scope) -> Result<Vec<Row>, StoreError> {
        let scope = scope.to_string();
        self.readers.run(move |connection| rows::pasts(connection, &scope)).await
    }

    /// Rows of which something is to be done.
    pub(crate) async fn due(&self, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        self.readers.run(move |connection| rows::due(connection, now)).await
    }

    /// Does something in a transaction of the writer. Where that fails, nobody knows here
    /// what the memory should be.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let written = self.writer.run(work).await;
        if written.is_err() {
            *lock(&self.memory) = None;
        }
        written
    }
}

impl Memory {
    /// The ledger as this transaction sees it.
    fn current<'m>(
        memory: &'m mut Option<Self>,
        connection: &Connection,
        policy: &Arc<Policy>,
    ) -> Result<&'m mut Self, StoreError> {
        let stamp = rows::stamp(connection)?;
        let mut known = memory.take();
        if let Some(it) = known.as_mut() {
            it.go_back_to(&stamp);
        }
        let mut current = match known.filter(|it| it.stamp == stamp) {
            Some(known) => known,
            None => Self::read(connection, policy)?,
        };
        current.follow(policy);
        Ok(memory.insert(current))
    }

    fn read(connection: &Connection, policy: &Arc<Policy>) -> Result<Self, StoreError> {
        let stamp = rows::stamp(connection)?;
        let ledger = Ledger::whole(Policy::clone(policy), rows::all(connection)?);
        Ok(Self { ledger, policy: Arc::clone(policy), stamp, last: None })
    }

    fn follow(&mut self, policy: &Arc<Policy>) {
        if !Arc::ptr_eq(&self.policy, policy) {
            self.policy = Arc::clone(policy);
            self.ledger.follow(Policy::clone(policy));
        }
    }

    /// Whether whoever reads the file at that stamp may be told of this: it is the same, or
    /// is about to be.
    fn serves(&self, stamp: &str) -> bool {
        self.stamp == stamp || self.last.as_ref().is_some_and(|it| it.stamp_before == stamp)
    }

    /// Takes back what was done last, where the file does not have it.
    fn go_back_to(&mut self, stamp: &str) {
        if self.stamp != stamp
            && let Some(last) = self.last.take_if(|it| it.stamp_before == stamp)
        {
            self.ledger.undo(&last.changes);
            self.stamp = last.stamp_before;
        }
    }

    /// Notes what was done, or takes it back where it was not written.
    fn note(
        &mut self,
        changes: Vec<Change>,
        written: Result<Option<String>, StoreError>,
    ) -> Result<(), StoreError> {
        match written {
            Ok(Some(stamp)) => {
                let stamp_before = std::mem::replace(&mut self.stamp, stamp);
                self.last = Some(Last { stamp_before, changes });
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(failure) => {
                self.ledger.undo(&changes);
                Err(failure)
            }
        }
    }
}

/// Writes what was decided, and stamps it; returns the stamp.
fn write(
    connection: &Connection,
    changes: &[Change],
    minutes: &[Minute],
) -> Result<Option<String>, StoreError> {
    let sheet = Sheet::of(changes)?;
    if !minutes.is_empty() {
        books::write(connection, &Minute::deed(minutes, &books::standing(connection, &[])?)?)?;
    }
    if sheet.is_empty() {
        return Ok(None);
    }
    rows::write(connection, &sheet)?;
    rows::restamp(connection).map(Some)
}

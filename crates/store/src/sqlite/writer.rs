//! The one thread that writes a file.
//!
//! It takes all the work that waits, does it in one transaction, and answers when
//! that is on the disk: many waiting writers share one wait for the disk. Where some of
//! it fails, all of it is undone and each piece done again in a transaction of its own:
//! that is rare, and a savepoint for each piece would copy every page that it changes.

use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpoints;
use super::file::File;
use crate::error::StoreError;

/// Work that may wait; who comes later waits for a place in the queue.
const QUEUE: usize = 1_024;
/// Pieces of work that share a transaction.
const GROUP: usize = 256;

/// Where work for the thread is handed in.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Work>>,
}

impl Writer {
    /// Opens the file and starts its thread, which ends with the last clone of this.
    pub(super) fn start(file: &File) -> Result<Self, StoreError> {
        let connection = file.write()?;
        let checkpoints = Checkpoints::start(file, &connection)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("store writer".to_owned())
            .spawn(move || serve(&connection, &checkpoints, waiting))
            .map_err(|error| StoreError::NotWritten(error.to_string()))?;
        Ok(Self { queue })
    }

    /// Does something inside a transaction; returns when it is on the disk. It may be
    /// done a second time, after what it did the first time was undone.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let asked = Asked { work, outcome: None, tell };
        self.queue.send(Box::new(asked)).await.map_err(|_| StoreError::Closed)?;
        told.await.map_err(|_| StoreError::Closed)?
    }
}

trait Work: Send {
    /// Does it; says whether it is to be kept.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells whoever asked how it ended.
    fn answer(self: Box<Self>, written: Result<(), StoreError>);
}

struct Asked<T, F> {
    work: F,
    outcome: Option<Result<T, StoreError>>,
    tell: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Asked<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let outcome = (self.work)(connection);
        let is_kept = outcome.is_ok();
        self.outcome = Some(outcome);
        is_kept
    }

    fn answer(self: Box<Self>, written: Result<(), StoreError>) {
        let Self { outcome, tell, .. } = *self;
        // Whoever asked may have gone away; what was written stays.
        drop(tell.send(written.and_then(|()| outcome.unwrap_or(Err(StoreError::Closed)))));
    }
}

fn serve(connection: &Connection, checkpoints: &Checkpoints, mut queue: mpsc::Receiver<Box<dyn Work>>) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        match transact(connection, &mut group) {
            Ok(Ended::Undone) if group.len() > 1 => {
                for mut work in group {
                    let ended = transact(connection, std::slice::from_mut(&mut work));
                    work.answer(ended.map(|_| ()).map_err(|error| not_written(&error)));
                }
            }
            Ok(Ended::Undone | Ended::Kept) => group.into_iter().for_each(|work| work.answer(Ok(()))),
            Err(error) => {
                let error = error.to_string();
                group.into_iter().for_each(|work| work.answer(Err(StoreError::NotWritten(error.clone()))));
            }
        }
        // Whoever waited has its answer by now.
        checkpoints.tend(connection);
    }
}

fn not_written(error: &rusqlite::Error) -> StoreError {
    StoreError::NotWritten(error.to_string())
}

/// How a transaction ended.
enum Ended {
    /// All of it is on the disk.
    Kept,
    /// Some work failed, and nothing was written.
    Undone,
}

/// Does a group in one transaction. An error means that nothing of it was written.
fn transact(connection: &Connection, group: &mut [Box<dyn Work>]) -> Result<Ended, rusqlite::Error> {
    let step = |sql| connection.prepare_cached(sql)?.execute([]).map(|_| ());
    step("BEGIN IMMEDIATE")?;
    if group.iter_mut().all(|work| work.run(connection)) {
        let written = step("COMMIT");
        if written.is_err() && !connection.is_autocommit() {
            drop(step("ROLLBACK"));
        }
        written.map(|()| Ended::Kept)
    } else {
        // SQLite itself rolls back after some errors, a full disk among them.
        if !connection.is_autocommit() {
            step("ROLLBACK")?;
        }
        Ok(Ended::Undone)
    }
}

//! The one thread that writes a file.
//!
//! It takes all the work that waits, does it in one transaction, and answers when
//! that is on the disk: many waiting writers share one wait for the disk. Work that
//! fails is undone alone; the others of its group are kept.

use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

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
        let (queue, waiting) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("store writer".to_owned())
            .spawn(move || serve(&connection, waiting))
            .map_err(|error| StoreError::NotWritten(error.to_string()))?;
        Ok(Self { queue })
    }

    /// Does something inside a transaction; returns when it is on the disk.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let asked = Asked { work: Some(work), outcome: None, tell };
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
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    tell: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Asked<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.outcome = self.work.take().map(|work| work(connection));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, written: Result<(), StoreError>) {
        let Self { outcome, tell, .. } = *self;
        // Whoever asked may have gone away; what was written stays.
        drop(tell.send(written.and_then(|()| outcome.unwrap_or(Err(StoreError::Closed)))));
    }
}

fn serve(connection: &Connection, mut queue: mpsc::Receiver<Box<dyn Work>>) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        let written = transact(connection, &mut group).map_err(|error| error.to_string());
        if written.is_err() && !connection.is_autocommit() {
            drop(connection.execute_batch("ROLLBACK"));
        }
        for work in group {
            work.answer(written.clone().map_err(StoreError::NotWritten));
        }
    }
}

/// Does a group in one transaction. An error means that nothing of it was written.
fn transact(connection: &Connection, group: &mut [Box<dyn Work>]) -> Result<(), rusqlite::Error> {
    let step = |sql| connection.prepare_cached(sql)?.execute([]).map(|_| ());
    step("BEGIN IMMEDIATE")?;
    for work in group {
        step("SAVEPOINT work")?;
        if !work.run(connection) {
            step("ROLLBACK TO work")?;
        }
        step("RELEASE work")?;
    }
    step("COMMIT")
}

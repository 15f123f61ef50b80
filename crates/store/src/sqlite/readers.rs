//! Connections that read a file, beside its writer and beside each other.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::file::File;
use crate::error::StoreError;

/// Connections to read with; who comes later waits for one.
const READERS: usize = 8;

/// The readers of one file.
#[derive(Clone)]
pub(super) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    file: File,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Of that file, which must exist by the first reading.
    pub(super) fn of(file: File) -> Self {
        let free = Arc::new(Semaphore::new(READERS));
        Self { shared: Arc::new(Shared { file, free, idle: Mutex::default() }) }
    }

    /// Reads one state of the file: all statements of `work` see the same.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let turn = Arc::clone(&shared.free).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let reading = spawn_blocking(move || {
            let _turn = turn;
            let connection = shared.take()?;
            let snapshot = connection.unchecked_transaction()?;
            let outcome = work(&snapshot)?;
            snapshot.rollback()?;
            // A connection that failed is closed instead.
            shared.put(connection);
            Ok(outcome)
        });
        reading.await.map_err(|_| StoreError::Closed)?
    }
}

impl Shared {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.file.read(), Ok)
    }

    fn put(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

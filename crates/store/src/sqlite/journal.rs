//! The journal of the company's book in SQLite.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{PrLink, SessionId, SessionTally, Timestamp};
use metering::CallId;
use tokio::sync::broadcast;

use crate::delivery::{Accepted, Delivery, FolderReport, SessionTag};
use crate::error::StoreError;
use crate::reading::{
    ActivitySum, BookedCall, CallPage, CallQuery, Cells, Difference, Explained, Grain, News, Reporter,
};
use crate::store::Settings;

pub(crate) struct SqliteJournal {
    folder: PathBuf,
    news: broadcast::Sender<Arc<News>>,
}

#[expect(clippy::unused_async, reason = "being written")]
impl SqliteJournal {
    pub(crate) async fn open(folder: &Path, _settings: Settings) -> Result<Self, StoreError> {
        Ok(Self { folder: folder.to_owned(), news: broadcast::channel(64).0 })
    }
    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<News>> {
        self.news.subscribe()
    }
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
    pub(crate) async fn accept(&self, _delivery: Delivery) -> Result<Accepted, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn cells(
        &self,
        _grain: Grain,
        _from: Timestamp,
        _to: Timestamp,
    ) -> Result<Cells, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn calls(&self, _query: CallQuery) -> Result<CallPage, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn calls_of_session(&self, _session: SessionId) -> Result<Vec<BookedCall>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn named(&self, _text: String, _limit: usize) -> Result<Vec<BookedCall>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn explain(&self, _id: CallId) -> Result<Option<Explained>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn activities(
        &self,
        _from: Timestamp,
        _to: Timestamp,
    ) -> Result<Vec<ActivitySum>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn reporters(&self) -> Result<Vec<Reporter>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn folders(&self) -> Result<Vec<FolderReport>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn pull_requests(&self) -> Result<Vec<PrLink>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn sessions(&self) -> Result<Vec<SessionTally>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn tags(&self) -> Result<Vec<SessionTag>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn surroundings_version(&self) -> Result<u64, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn reprice(&self) -> Result<u64, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn rebuild(&self) -> Result<u64, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn check(&self, _limit: usize) -> Result<Vec<Difference>, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn export(&self, _to: Box<dyn Write + Send>) -> Result<u64, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn import(&self, _from: Box<dyn Read + Send>) -> Result<u64, StoreError> {
        Err(StoreError::NoSuchEngine)
    }
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        Err(StoreError::NoSuchEngine)
    }
}

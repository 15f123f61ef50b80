//! The engines, each with an empty store for a test.

use rusqlite::Connection;
use store::{Books, StoreError};
use tempfile::TempDir;
use testkit::postgres::{Database, Server};

/// Makes a test of each engine out of one that takes an [`Engine`].
macro_rules! on_both_engines {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(&crate::engine::Engine::sqlite()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(&crate::engine::Engine::postgres()).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;

/// One engine and where its store is; that goes with it.
pub(crate) enum Engine {
    Sqlite(TempDir),
    Postgres(Database<'static>),
}

impl Engine {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Server::shared().database())
    }

    /// Opens its books, as one more process would.
    pub(crate) async fn books(&self) -> Books {
        self.try_books().await.unwrap()
    }

    /// Opens its books, or says why not.
    pub(crate) async fn try_books(&self) -> Result<Books, StoreError> {
        match self {
            Self::Sqlite(folder) => Books::sqlite(folder.path()),
            Self::Postgres(database) => Books::postgres(database.url()).await,
        }
    }

    /// Runs statements on its database behind the store's back: in that file, where it
    /// is made of files.
    pub(crate) fn statements(&self, file: &str, sql: fn(&Self) -> &'static str) {
        match self {
            Self::Sqlite(folder) => {
                Connection::open(folder.path().join(file)).unwrap().execute_batch(sql(self)).unwrap();
            }
            Self::Postgres(database) => database.statement(sql(self)),
        }
    }
}

//! The engines, each with an empty store for a test.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use pricing::{Contract, PriceBook, Pricer};
use rusqlite::Connection;
use store::{Books, Settings, Store, StoreError};
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

    /// The same engine with another, empty store.
    pub(crate) fn another(&self) -> Self {
        match self {
            Self::Sqlite(_) => Self::sqlite(),
            Self::Postgres(_) => Self::postgres(),
        }
    }

    /// Opens its store, as one more process would.
    pub(crate) async fn store(&self) -> Store {
        self.store_in("UTC").await
    }

    /// Opens its store with the days of a time zone.
    pub(crate) async fn store_in(&self, zone: &str) -> Store {
        self.store_with(None, zone).await
    }

    /// Opens its store and leaves it its time zone.
    pub(crate) async fn store_as_kept(&self) -> Store {
        let database = store::Database::parse(&self.address()).unwrap();
        let kept = Settings { zone: None, ..settings(None, "UTC") };
        Store::open(&database, kept).await.unwrap()
    }

    /// Opens its store with prices of half the list.
    pub(crate) async fn store_at_half_price(&self) -> Store {
        let text = "name = \"half\"\n[[price]]\nprovider = \"*\"\nmodel = \"*\"\nmultiplier = \"0.5\"\n";
        self.store_with(Some(Contract::parse(text).unwrap()), "UTC").await
    }

    /// Opens its store, or says why not.
    pub(crate) async fn try_store(&self) -> Result<Store, StoreError> {
        let database = store::Database::parse(&self.address()).unwrap();
        Store::open(&database, settings(None, "UTC")).await
    }

    async fn store_with(&self, contract: Option<Contract>, zone: &str) -> Store {
        let database = store::Database::parse(&self.address()).unwrap();
        Store::open(&database, settings(contract, zone)).await.unwrap()
    }

    /// Where its store is, as a person writes it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().display()),
            Self::Postgres(database) => database.url().to_owned(),
        }
    }

    /// Runs statements on its database behind the store's back: in that file, where it
    /// is made of files.
    pub(crate) fn statements(&self, file: &str, sql: fn(&Self) -> &'static str) {
        match self {
            Self::Sqlite(folder) => {
                Connection::open(folder.path().join(file)).unwrap().execute_batch(sql(self)).unwrap();
            }
            Self::Postgres(database) => {
                database.statement(&format!("SET search_path TO journal, books; {}", sql(self)));
            }
        }
    }
}

/// The prices and the days of a store.
pub(crate) fn settings(contract: Option<Contract>, zone: &str) -> Settings {
    // Reading the book takes a test longer than everything else.
    static BOOK: LazyLock<PriceBook> = LazyLock::new(|| PriceBook::bundled().unwrap());
    let prices = Pricer::new(BOOK.clone(), contract);
    Settings { prices, zone: Some(TimeZone::get(zone).unwrap()) }
}

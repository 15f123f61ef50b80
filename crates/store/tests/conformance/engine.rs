//! The engines, each with an empty store for a test.

use store::Books;
use tempfile::TempDir;

/// Makes a test of each engine out of one that takes an [`Engine`].
macro_rules! on_both_engines {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(&crate::engine::Engine::sqlite()).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;

/// One engine and where its store is; that goes with it.
pub(crate) enum Engine {
    Sqlite(TempDir),
}

impl Engine {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// Opens its books, as one more process would.
    pub(crate) async fn books(&self) -> Books {
        match self {
            Self::Sqlite(folder) => Books::sqlite(folder.path()).unwrap(),
        }
    }
}

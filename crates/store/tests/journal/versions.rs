//! Journals that an older program left, and those of a newer one.

use super::{NOON, accept, book, calls, log};
use crate::engine::{Engine, on_both_engines};

on_both_engines! {
    a_journal_of_the_first_version_still_opens
    a_newer_journal_is_refused
}

async fn a_journal_of_the_first_version_still_opens(engine: &Engine) {
    engine.statements("journal.db", |it| match it {
        Engine::Sqlite(_) => include_str!("../fixtures/journal-1.sqlite.sql"),
        Engine::Postgres(_) => include_str!("../fixtures/journal-1.postgres.sql"),
    });
    let store = engine.store_in("Europe/Berlin").await;
    let expected = "-28019600000 msg_01000000e220a8397b1dcdaf 00000000-0000-4000-8000-000000000000 \
                    developer-0@example.com log+otlp 100 0.018140000";
    assert_eq!(book(&store).await, expected);
    store.reprice().await.unwrap();
    store.rebuild().await.unwrap();
    assert_eq!(book(&store).await, expected);
    accept(&store, vec![log("a", NOON, 4)]).await;
    assert_eq!(calls(&store).await.len(), 2);
    book(&store).await;
}

async fn a_newer_journal_is_refused(engine: &Engine) {
    drop(engine.store().await);
    engine.statements("journal.db", |it| match it {
        Engine::Sqlite(_) => "PRAGMA user_version = 1000",
        Engine::Postgres(_) => "INSERT INTO journal.schema_version VALUES (1000)",
    });
    let told = engine.try_store().await.err().unwrap().to_string();
    assert!(told.contains("written by a newer bursar (schema 1000, this one knows"), "{told}");
}

//! Budgets in a backup, and out of it.

use ledger::command::Halt;
use ledger::{Command, HaltKind};
use store::{LedgerRow, StoreError};

use super::*;
use crate::engine::{Engine, on_both_engines};

on_both_engines! {
    budgets_come_back_without_what_was_held
    a_copy_is_not_laid_over_budgets
    what_is_no_copy_is_refused
}

async fn filled(engine: &Engine) -> Budgets {
    let store = engine.store().await;
    let budgets = store.budgets().clone();
    done(&budgets, set("team/web", 100, None)).await;
    done(&budgets, set("developer/ann", 50, Some("team/web"))).await;
    for (id, cost) in [("r1", Some(7)), ("r2", None), ("r3", Some(2))] {
        done(&budgets, reserve(id, &["team/web", "developer/ann"], 10)).await;
        if let Some(cost) = cost {
            done(&budgets, settle(id, cost)).await;
        }
    }
    let freeze = Halt { order: order("f"), scope: scope("model/m"), kind: HaltKind::Freeze };
    done(&budgets, Command::Halt(freeze)).await;
    budgets
}

async fn budgets_come_back_without_what_was_held(engine: &Engine) {
    let original = filled(engine).await;
    let copy = original.export().await.unwrap();
    // Into either engine.
    for other in [Engine::sqlite(), Engine::postgres()] {
        let store = other.store().await;
        let budgets = store.budgets();
        assert!(budgets.import(copy.clone()).await.unwrap());
        assert_eq!(budgets.export().await.unwrap(), copy);
        let counter = budget(budgets, "team/web").await.counter;
        assert_eq!((counter.spent, counter.reserved, counter.base), (nano(9), nano(0), nano(100)));
        // Nobody knows of reservations any more, and everybody of what is agreed.
        assert_eq!(ask(budgets, settle("r2", 1)).await.unwrap_err().code(), "no_reservation");
        let most = ask(budgets, reserve("r9", &["team/web", "developer/ann"], 42)).await.unwrap_err();
        assert_eq!(most.code(), "budget_exceeded");
        done(budgets, reserve("r9", &["team/web", "developer/ann"], 41)).await;
        assert_eq!(ask(budgets, reserve("r10", &["model/m"], 1)).await.unwrap_err().code(), "budget_frozen");
        // What was done is known to have been done.
        let version = store.books().version().await.unwrap();
        done(budgets, set("team/web", 100, None)).await;
        assert_eq!(store.books().version().await.unwrap(), version);
    }
}

async fn a_copy_is_not_laid_over_budgets(engine: &Engine) {
    let copy = filled(engine).await.export().await.unwrap();
    let other = engine.another();
    let store = other.store().await;
    done(store.budgets(), set("org", 5, None)).await;
    assert!(!store.budgets().import(copy).await.unwrap());
    let standing = store.budgets().standing().await.unwrap();
    assert_eq!(standing.budgets.len(), 1);
}

async fn what_is_no_copy_is_refused(engine: &Engine) {
    let store = engine.store().await;
    for (kind, body) in [("budget", "{}"), ("lease", "{}"), ("reservation", "{}")] {
        let row = LedgerRow { kind: kind.to_owned(), body: body.to_owned() };
        let refused = store.budgets().import(vec![row]).await;
        assert!(matches!(refused, Err(StoreError::Import { line: 1, .. })), "{refused:?}");
    }
    assert!(store.budgets().export().await.unwrap().is_empty());
}

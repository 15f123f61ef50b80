//! What commands leave behind: rows of the audit log, news, stops, standing.

use domain::{NanoUsd, Period};
use ledger::command::{Ask, Halt, Transfer};
use ledger::{Command, Event, HaltKind, Mark, Outcome, Terms, Threshold};
use store::StoreError;
use store::books::MAX_AUDIT_ROWS;

use super::*;
use crate::engine::{Engine, on_both_engines};

on_both_engines! {
    what_people_command_is_in_the_audit_log
    what_is_asked_twice_is_done_once
    what_is_stopped_is_told_in_any_process
    thresholds_are_news
    what_cannot_be_kept_is_refused_alone
    the_outlook_is_that_of_the_latest_process
}

async fn what_people_command_is_in_the_audit_log(engine: &Engine) {
    let store = engine.store().await;
    let budgets = store.budgets();
    done(budgets, set("team/web", 100, None)).await;
    done(budgets, set("developer/ann@example.com", 60, Some("team/web"))).await;
    done(budgets, set("developer/bob@example.com", 40, Some("team/web"))).await;
    let transfer = Command::Transfer(Transfer {
        order: order("t1"),
        from: scope("developer/ann@example.com"),
        to: scope("developer/bob@example.com"),
        period: Period::Month,
        amount: nano(5),
    });
    done(budgets, transfer.clone()).await;
    done(budgets, transfer).await;
    let kill = Halt { order: order("k1"), scope: scope("model/gpt-9"), kind: HaltKind::Kill };
    done(budgets, Command::Halt(kill.clone())).await;
    done(budgets, Command::Lift(Halt { order: order("k2"), ..kill })).await;
    let lift = Halt { order: order("k3"), scope: scope("repo/r"), kind: HaltKind::Freeze };
    done(budgets, Command::Lift(lift)).await;
    let more = Ask { order: order("a1"), budget: month("developer/ann@example.com"), amount: nano(9) };
    done(budgets, Command::Ask(more)).await;
    // Calls are not in it.
    done(budgets, reserve("r1", &["developer/ann@example.com"], 7)).await;
    done(budgets, settle("r1", 7)).await;

    let moved = |body: Option<String>| -> String {
        let Some(body) = body else { return "-".to_owned() };
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let told = ["amount_nano_usd", "moved_nano_usd", "parent", "killed", "state"];
        let told = told.into_iter().filter_map(|it| body.get(it));
        let told = told.map(|it| it.get("reason").unwrap_or(it).to_string());
        told.collect::<Vec<_>>().join(" ")
    };
    let mut log = store.books().audit(None, MAX_AUDIT_ROWS).await.unwrap();
    log.reverse();
    let lines = log.into_iter().map(|row| {
        let (before, after) = (moved(row.before), moved(row.after));
        assert_eq!((row.actor.as_str(), row.kind.as_str()), ("ada@example.com", "budget"));
        assert_eq!((row.at, row.reason.as_deref()), (now(), Some("as agreed")));
        format!("{} v{} {} {}: {before} > {after}", row.seq, row.version, row.action, row.id)
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            r#"1 v1 budget.set team/web a month: - > "100" "0" null"#,
            r#"2 v2 budget.set developer/ann@example.com a month: - > "60" "0" "team/web""#,
            r#"3 v3 budget.set developer/bob@example.com a month: - > "40" "0" "team/web""#,
            r#"4 v4 budget.transfer developer/ann@example.com a month: "60" "0" "team/web" > "60" "-5" "team/web""#,
            r#"5 v4 budget.transfer developer/bob@example.com a month: "40" "0" "team/web" > "40" "5" "team/web""#,
            r#"6 v5 kill model/gpt-9: - > "as agreed""#,
            r#"7 v6 unkill model/gpt-9: "as agreed" > -"#,
            "8 v7 budget.unfreeze repo/r: - > -",
            r#"9 v8 budget.request developer/ann@example.com a month: - > "9" "open""#,
        ]
    );
    assert_eq!(store.books().version().await.unwrap(), 8);
}

async fn what_is_asked_twice_is_done_once(engine: &Engine) {
    let [here, there] = [engine.store().await, engine.store().await];
    done(here.budgets(), set("org", 10, None)).await;
    for _ in 0..2 {
        for store in [&here, &there] {
            let decided = done(store.budgets(), reserve("r1", &[], 6)).await;
            assert!(matches!(decided.outcome, Outcome::Reserved { .. }), "{decided:?}");
        }
    }
    assert_eq!(budget(there.budgets(), "org").await.counter.reserved, nano(6));
    done(there.budgets(), settle("r1", 4)).await;
    done(here.budgets(), settle("r1", 4)).await;
    let other = ask(here.budgets(), settle("r1", 5)).await.unwrap_err();
    assert_eq!(other.code(), "key_reused");
    let counter = budget(here.budgets(), "org").await.counter;
    assert_eq!((counter.reserved, counter.spent), (NanoUsd::ZERO, nano(4)));
}

async fn what_is_stopped_is_told_in_any_process(engine: &Engine) {
    let [here, there] = [engine.store().await, engine.store().await];
    let none = there.budgets().stops().await.unwrap();
    assert_eq!(none.accounts, []);
    let kill = Halt { order: order("k1"), scope: scope("team/web"), kind: HaltKind::Kill };
    done(here.budgets(), Command::Halt(kill.clone())).await;
    let one = there.budgets().stops().await.unwrap();
    assert_ne!(one.version, none.version);
    let [account] = one.accounts.as_slice() else { panic!("{one:?}") };
    assert_eq!(account.scope, scope("team/web"));
    assert_eq!(account.killed.as_ref().unwrap().by, "ada@example.com");
    assert_eq!(there.budgets().stops().await.unwrap(), one);
    let refused = ask(there.budgets(), reserve("r1", &["team/web"], 1)).await.unwrap_err();
    assert_eq!(refused.code(), "killed");
    // What gateways hear of by the epochs of accounts, they hear of by the version as well.
    let mut version = one.version;
    done(there.budgets(), Command::Lift(Halt { order: order("k2"), ..kill })).await;
    for command in [set("team/web", 10, None), set("team/app", 10, None)] {
        done(there.budgets(), command).await;
        let stops = here.budgets().stops().await.unwrap();
        assert!(stops.version > version && stops.accounts.is_empty(), "{stops:?}");
        version = stops.version;
    }
    done(here.budgets(), reserve("r2", &["team/web"], 1)).await;
    assert_eq!(here.budgets().stops().await.unwrap().version, version);
}

async fn thresholds_are_news(engine: &Engine) {
    let store = engine.store().await;
    let mut news = store.budgets().watch();
    let mut terms = Terms::hard(nano(10));
    let action = ledger::Action::Notify;
    terms.thresholds.push(Threshold { mark: Mark::Percent(50), action });
    let Command::Set(mut command) = set("org", 10, None) else { return };
    command.terms = terms;
    done(store.budgets(), Command::Set(command)).await;
    done(store.budgets(), reserve("r1", &[], 6)).await;
    let decided = done(store.budgets(), settle("r1", 6)).await;
    assert!(matches!(decided.events.as_slice(), [Event::Threshold { .. }]), "{decided:?}");
    let told = news.recv().await.unwrap();
    assert!(told.command.starts_with("set org a month") && told.events.is_empty(), "{told:?}");
    let told = news.recv().await.unwrap();
    assert_eq!((told.at, told.command.as_str()), (now(), "settle r1 at 0.000000006"));
    assert_eq!(told.events, decided.events);
}

/// A command that the database does not take fails alone, whoever shares its round.
async fn what_cannot_be_kept_is_refused_alone(engine: &Engine) {
    let store = engine.store().await;
    let budgets = store.budgets();
    done(budgets, set("org", 1_000, None)).await;
    let odd = ask(budgets, reserve("a\0b", &[], 1)).await.unwrap_err();
    assert_eq!(odd.code(), "bad_key");
    let odd = ask(budgets, settle(&"a".repeat(300), 1)).await.unwrap_err();
    assert_eq!(odd.code(), "bad_key");
    let Command::Set(mut large) = set("team/web", 10, None) else { return };
    large.terms.owner = Some("o".repeat(100_000));
    let large = budgets.command(Command::Set(large), now()).await;
    assert!(matches!(large, Err(StoreError::TooLarge { .. })), "{large:?}");
    let Command::Set(mut nameless) = set("team/web", 10, None) else { return };
    nameless.order.by.name = "a\0b".to_owned();
    let nameless = budgets.command(Command::Set(nameless), now()).await;
    assert!(matches!(nameless, Err(StoreError::NulCharacter { .. })), "{nameless:?}");

    engine.statements("books.db", |it| match it {
        Engine::Sqlite(_) => {
            "CREATE TRIGGER no_put BEFORE INSERT ON ledger WHEN NEW.key = 'r7'
             BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        }
        Engine::Postgres(_) => "ALTER TABLE ledger ADD CONSTRAINT not_this_one CHECK (key <> 'r7')",
    });
    let all: Vec<String> = (0..20).map(|it| format!("r{it}")).collect();
    let answers = all.iter().map(|id| budgets.command(reserve(id, &[], 1), now()));
    for (id, answer) in all.iter().zip(futures_util::future::join_all(answers).await) {
        assert_eq!(answer.is_err(), id == "r7", "{id}: {answer:?}");
    }
    assert_eq!(budget(budgets, "org").await.counter.reserved, nano(19));
    let again = ask(budgets, reserve("r8", &[], 1)).await.unwrap();
    assert!(matches!(again.outcome, Outcome::Reserved { .. }));
}

async fn the_outlook_is_that_of_the_latest_process(engine: &Engine) {
    let [here, there] = [engine.store().await, engine.store().await];
    done(here.budgets(), set("team/*", 10, None)).await;
    for (number, left) in [10, 7, 4, 1].into_iter().enumerate() {
        for store in [&here, &there] {
            let outlook = store.budgets().outlook(subject(&["team/web"]), now()).await.unwrap().unwrap();
            assert_eq!(outlook.available(), Some(nano(left)));
        }
        let writer = [&here, &there][number % 2];
        let asked = ask(writer.budgets(), reserve(&format!("r{number}"), &["team/web"], 3)).await;
        assert_eq!(asked.is_err(), left < 3);
    }
}

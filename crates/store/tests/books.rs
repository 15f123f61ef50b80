//! Entries, acts and the audit log.

use domain::Timestamp;
use store::books::MAX_AUDIT_ROWS;
use store::{Act, Books, Change, Restored, StoreError};

use crate::engine::{Engine, on_both_engines};

on_both_engines! {
    an_act_is_done_and_logged
    entries_are_listed_by_kind_in_the_order_of_their_bytes
    an_act_on_an_old_version_is_refused_whole
    an_act_that_changes_nothing_is_logged
    what_cannot_be_kept_is_refused
    acts_side_by_side_all_count
    of_rival_acts_one_wins
    the_audit_log_is_read_in_pages
    a_backup_is_laid_down_with_its_log_where_there_is_none
    books_outlive_their_process
    books_of_the_first_version_still_open
    newer_books_are_refused
}

fn put(id: &str, body: &str) -> Change {
    Change { kind: "team".into(), id: id.into(), after: Some(body.into()) }
}

fn remove(id: &str) -> Change {
    Change { kind: "team".into(), id: id.into(), after: None }
}

fn act(changes: &[Change]) -> Act {
    Act {
        at: Timestamp::from_millis(1_790_000_000_000),
        actor: "ada@example.com".into(),
        action: "org.apply".into(),
        reason: None,
        changes: changes.to_vec(),
        expected: None,
    }
}

async fn ids(books: &Books) -> String {
    let entries = books.entries("team").await.unwrap();
    entries.iter().map(|entry| format!("{}={}", entry.id, entry.body)).collect::<Vec<_>>().join(" ")
}

async fn log(books: &Books) -> Vec<String> {
    let line = |row: store::AuditRow| {
        let [before, after] = [row.before, row.after].map(|body| body.unwrap_or_else(|| "-".into()));
        format!("{} v{} {}/{}: {before} > {after}", row.seq, row.version, row.kind, row.id)
    };
    books.audit(None, MAX_AUDIT_ROWS).await.unwrap().into_iter().map(line).collect()
}

async fn an_act_is_done_and_logged(engine: &Engine) {
    let books = engine.books().await;
    assert_eq!(books.version().await.unwrap(), 0);
    let lay_down = act(&[put("web", "1"), put("app", "2")]);
    assert_eq!(books.act(lay_down).await.unwrap(), 1);
    let reason = Some("merged into app".to_owned());
    let merge = Act { reason: reason.clone(), ..act(&[remove("web"), put("app", "3"), put("app", "4")]) };
    assert_eq!(books.act(merge.clone()).await.unwrap(), 2);

    assert_eq!(ids(&books).await, "app=4");
    assert_eq!(books.version().await.unwrap(), 2);
    assert_eq!(books.entry("team", "app").await.unwrap().unwrap().body, "4");
    assert_eq!(books.entry("team", "web").await.unwrap(), None);
    assert_eq!(
        log(&books).await,
        [
            "5 v2 team/app: 3 > 4",
            "4 v2 team/app: 2 > 3",
            "3 v2 team/web: 1 > -",
            "2 v1 team/app: - > 2",
            "1 v1 team/web: - > 1",
        ]
    );
    let newest = books.audit(None, 1).await.unwrap().remove(0);
    assert_eq!((newest.at, newest.actor, newest.action), (merge.at, merge.actor, merge.action));
    assert_eq!(newest.reason, reason);
}

async fn entries_are_listed_by_kind_in_the_order_of_their_bytes(engine: &Engine) {
    let books = engine.books().await;
    let other = Change { kind: "repo".into(), ..put("a", "0") };
    books
        .act(act(&[put("é", "1"), put("b", "2"), put("B", "3"), put("a-b", "4"), put("ab", "5"), other]))
        .await
        .unwrap();
    assert_eq!(ids(&books).await, "B=3 a-b=4 ab=5 b=2 é=1");
}

async fn an_act_on_an_old_version_is_refused_whole(engine: &Engine) {
    let books = engine.books().await;
    books.act(act(&[put("web", "1")])).await.unwrap();
    let late = Act { expected: Some(0), ..act(&[put("app", "2")]) };
    let refused = books.act(late.clone()).await;
    assert!(matches!(refused, Err(StoreError::Stale { expected: 0, found: 1 })), "{refused:?}");
    assert_eq!(ids(&books).await, "web=1");
    assert_eq!(log(&books).await.len(), 1);
    assert_eq!(books.act(Act { expected: Some(1), ..late }).await.unwrap(), 2);
}

async fn an_act_that_changes_nothing_is_logged(engine: &Engine) {
    let books = engine.books().await;
    assert_eq!(books.act(act(&[])).await.unwrap(), 1);
    assert_eq!(log(&books).await, ["1 v1 /: - > -"]);
}

async fn what_cannot_be_kept_is_refused(engine: &Engine) {
    let books = engine.books().await;
    let nul = books.act(act(&[put("web", "1"), put("a\0b", "2")])).await;
    assert!(matches!(nul, Err(StoreError::NulCharacter { .. })), "{nul:?}");
    let long = books.act(act(&[put(&"a".repeat(2_000), "2")])).await;
    assert!(matches!(long, Err(StoreError::TooLarge { .. })), "{long:?}");
    assert_eq!(books.version().await.unwrap(), 0);
}

/// Acts of two processes, many at once: each counts, and the log has no gap.
async fn acts_side_by_side_all_count(engine: &Engine) {
    const ACTS: u64 = 40;
    let both = [engine.books().await, engine.books().await];
    let doing = (0..ACTS).map(|number| {
        let books = both[usize::from(number % 2 == 0)].clone();
        tokio::spawn(async move { books.act(act(&[put(&format!("{number:02}"), "1")])).await.unwrap() })
    });
    let mut versions = Vec::new();
    for done in doing.collect::<Vec<_>>() {
        versions.push(done.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=ACTS).collect::<Vec<_>>());
    let mut numbers: Vec<_> =
        both[0].audit(None, MAX_AUDIT_ROWS).await.unwrap().iter().map(|row| row.seq).collect();
    numbers.reverse();
    assert_eq!(numbers, (1..=ACTS).collect::<Vec<_>>());
    assert_eq!(both[1].entries("team").await.unwrap().len(), 40);
}

async fn of_rival_acts_one_wins(engine: &Engine) {
    let both = [engine.books().await, engine.books().await];
    let doing = (0..8_usize).map(|number| {
        let books = both[number % 2].clone();
        let rival = Act { expected: Some(0), ..act(&[put("web", &number.to_string())]) };
        tokio::spawn(async move { books.act(rival).await })
    });
    let mut won = 0;
    for done in doing.collect::<Vec<_>>() {
        match done.await.unwrap() {
            Ok(version) => won += version,
            Err(error) => assert!(matches!(error, StoreError::Stale { expected: 0, found: 1 }), "{error:?}"),
        }
    }
    assert_eq!(won, 1);
}

async fn the_audit_log_is_read_in_pages(engine: &Engine) {
    let books = engine.books().await;
    let changes: Vec<_> = (0..25).map(|number| put(&format!("{number:02}"), "1")).collect();
    books.act(act(&changes)).await.unwrap();
    let (mut before, mut pages) = (None, Vec::new());
    loop {
        let page: Vec<_> = books.audit(before, 10).await.unwrap().iter().map(|row| row.seq).collect();
        before = page.last().copied();
        if before.is_none() {
            break;
        }
        pages.push((page[0], page.len()));
    }
    assert_eq!(pages, [(25, 10), (15, 10), (5, 5)]);
    assert_eq!(books.audit(Some(u64::MAX), 10).await.unwrap().len(), 10);
}

async fn a_backup_is_laid_down_with_its_log_where_there_is_none(engine: &Engine) {
    let original = engine.books().await;
    original.act(act(&[put("web", "1"), put("app", "2")])).await.unwrap();
    let reason = Some("merged".to_owned());
    original.act(Act { reason: reason.clone(), ..act(&[remove("web")]) }).await.unwrap();
    let mut copied = original.audit(None, MAX_AUDIT_ROWS).await.unwrap();
    copied.reverse();

    let another = engine.another();
    let books = another.books().await;
    let restored_at = Timestamp::from_millis(1_790_000_009_000);
    let lay_down = Act { at: restored_at, action: "backup.restore".into(), ..act(&[put("app", "2")]) };
    let restored = Restored { act: lay_down.clone(), log: copied.clone() };
    let mut gap = restored.clone();
    gap.log.remove(1);
    let broken = books.restore(gap).await;
    assert!(matches!(broken, Err(StoreError::LogBroken { seq: 2 })), "{broken:?}");
    assert_eq!((books.version().await.unwrap(), log(&books).await.len()), (0, 0));

    assert_eq!(books.restore(restored.clone()).await.unwrap(), 3);
    assert_eq!(ids(&books).await, "app=2");
    let mut rows = books.audit(None, MAX_AUDIT_ROWS).await.unwrap();
    rows.reverse();
    let own = rows.pop().unwrap();
    assert_eq!((own.seq, own.version, own.restored_at, own.after), (4, 3, None, Some("2".to_owned())));
    for (row, it) in rows.iter().zip(&mut copied) {
        it.restored_at = Some(restored_at);
        assert_eq!(row, it);
    }
    assert_eq!(rows.len(), copied.len());

    let again = books.restore(restored).await;
    assert!(matches!(again, Err(StoreError::LogExists)), "{again:?}");
    assert_eq!(books.restore(Restored { act: lay_down, log: Vec::new() }).await.unwrap(), 4);
}

async fn books_outlive_their_process(engine: &Engine) {
    engine.books().await.act(act(&[put("web", "1")])).await.unwrap();
    let books = engine.books().await;
    assert_eq!(ids(&books).await, "web=1");
    assert_eq!(books.version().await.unwrap(), 1);
}

async fn books_of_the_first_version_still_open(engine: &Engine) {
    engine.statements("books.db", |it| match it {
        Engine::Sqlite(_) => include_str!("fixtures/books-1.sqlite.sql"),
        Engine::Postgres(_) => include_str!("fixtures/books-1.postgres.sql"),
    });
    let books = engine.books().await;
    assert_eq!(ids(&books).await, "web=1");
    assert_eq!(books.act(act(&[put("app", "2"), remove("web")])).await.unwrap(), 2);
    assert_eq!(log(&books).await, ["3 v2 team/web: 1 > -", "2 v2 team/app: - > 2", "1 v1 team/web: - > 1"]);
}

async fn newer_books_are_refused(engine: &Engine) {
    drop(engine.books().await);
    engine.statements("books.db", |it| match it {
        Engine::Sqlite(_) => "PRAGMA user_version = 1000",
        Engine::Postgres(_) => "INSERT INTO books.schema_version VALUES (1000)",
    });
    let refused = engine.try_books().await.err().unwrap();
    let told = refused.to_string();
    assert!(told.contains("written by a newer bursar (schema 1000, this one knows"), "{told}");
}

//! How PostgreSQL is reached, and what becomes of work while it is not.

use std::time::Duration;

use domain::Timestamp;
use store::{Act, Books, CallQuery, Change, Delivery, Store, StoreError};
use testkit::postgres::{Database, Disk, Server};
use tokio::time::sleep;

fn act(id: &str) -> Act {
    Act {
        at: Timestamp::from_millis(1_790_000_000_000),
        actor: "ada@example.com".into(),
        action: "org.apply".into(),
        reason: None,
        changes: vec![Change { kind: "team".into(), id: id.into(), after: Some("{}".into()) }],
        expected: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_proves_its_name_is_talked_to_in_secret() {
    let server = Server::start(Disk::Quick);
    let database = server.database();
    let url = server.listen_encrypted(&database);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, testkit::tls::AUTHORITY).unwrap();

    let trusting = format!("{url}?sslmode=require&sslrootcert={}", file.display());
    let books = Books::postgres(&trusting).await.unwrap();
    assert_eq!(books.act(act("web")).await.unwrap(), 1);

    // The machine does not trust that authority, and the server takes no one in the clear.
    for mode in ["require", "disable"] {
        let refused = Books::postgres(&format!("{url}?sslmode={mode}")).await.err();
        assert!(
            matches!(refused, Some(StoreError::Unreachable(_) | StoreError::Postgres(_))),
            "{mode}: {refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_while_the_server_restarts_is_answered_afterwards() {
    let server = Server::start(Disk::Quick);
    let database = server.database();
    let books = Books::postgres(database.url()).await.unwrap();
    books.act(act("before")).await.unwrap();
    server.crash();
    let asked = [0, 1].map(|number| {
        let books = books.clone();
        tokio::spawn(async move { books.act(act(&format!("meanwhile {number}"))).await })
    });
    sleep(Duration::from_millis(300)).await;
    server.resume();
    for one in asked {
        one.await.unwrap().unwrap();
    }
    assert_eq!(books.entries("team").await.unwrap().len(), 3);
}

/// What was sent while the server crashed again and again is all there, once: each was
/// answered for, or sent again.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_accepted_is_lost_or_doubled_when_the_server_crashes() {
    const SENDERS: usize = 4;
    const DELIVERIES: usize = 30;
    let server = Server::start(Disk::Quick);
    let database = server.database();
    let store = open(&database).await;
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..DELIVERIES {
                    while store.accept(calls_of(sender, number)).await.is_err() {}
                }
            })
        })
        .collect();
    for _ in 0..3 {
        sleep(Duration::from_millis(200)).await;
        server.crash();
        server.resume();
    }
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(store.check(9).await.unwrap(), []);
    let page = store.calls(CallQuery { limit: CallQuery::MOST, ..CallQuery::default() }).await.unwrap();
    assert_eq!(page.calls.len(), SENDERS * DELIVERIES * 5);
    // Another server on the same database reads the same.
    let other = open(&database).await;
    assert_eq!(other.calls(CallQuery { limit: 9, ..CallQuery::default() }).await.unwrap().calls.len(), 9);
}

async fn open(database: &Database<'_>) -> Store {
    let address = store::Database::parse(database.url()).unwrap();
    Store::open(&address, crate::engine::settings(None, "UTC")).await.unwrap()
}

fn calls_of(sender: usize, number: usize) -> Delivery {
    let observed = (0_i64..5).map(|it| {
        let at = 1_790_000_000_000 + i64::try_from(number).unwrap() * 1_000 + it;
        crate::journal::log(&format!("{sender}-{number}-{it}"), at, 4)
    });
    Delivery { observed: observed.collect(), ..Delivery::new(Timestamp::from_millis(1_790_000_000_000)) }
}

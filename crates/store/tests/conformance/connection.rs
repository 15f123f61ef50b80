//! How PostgreSQL is reached, and what becomes of work while it is not.

use std::time::Duration;

use domain::Timestamp;
use store::{Act, Books, Change, StoreError};
use testkit::postgres::{Disk, Server};
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

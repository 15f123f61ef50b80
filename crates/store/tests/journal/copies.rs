//! Copies of a book: out of one engine, into another.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use domain::{
    Activity, ActivityKind, Branch, Folder, PrLink, ReporterId, SessionId, SessionTally, SourceKind, Tool,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use store::{Delivery, FolderReport, SessionTag, Store, TallyReport};

use super::random::Random;
use super::{NOON, accept, book, moment, witness};
use crate::engine::{Engine, on_both_engines};

on_both_engines! {
    a_copy_makes_the_same_book
    what_is_no_copy_is_refused
}

/// A writer whose bytes can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn fill(store: &Store) {
    let mut random = Random::of(3);
    let all = random.observations(90);
    for part in random.split(&all) {
        accept(store, part).await;
    }
    let link = |branch: Option<&str>, at| PrLink {
        tool: Tool::Codex,
        session: SessionId::new("s"),
        url: Arc::from("https://github.com/o/r/pull/1"),
        number: 1,
        branch: branch.map(Branch::new),
        first_at: moment(at),
        last_at: moment(at),
    };
    let delivery = Delivery {
        witness: Some(Arc::new(witness(SourceKind::Gateway, None))),
        activities: vec![Activity {
            identity: [9; 16],
            at: moment(NOON),
            kind: ActivityKind::Commit,
            amount: 1,
            subject: Some(Arc::from("abc")),
            tool: None,
            session: None,
            folder: Some(Folder::new("f")),
            branch: Some(Branch::new("next")),
            witness: Arc::new(witness(SourceKind::Otlp, None)),
        }],
        folders: vec![FolderReport {
            folder: Folder::new("f"),
            looked_up_at: moment(NOON),
            facts: "remote origin".to_owned(),
            reporter: ReporterId::new("laptop"),
        }],
        pull_requests: vec![link(None, 5), link(Some("next"), 9)],
        tallies: vec![TallyReport {
            reporter: ReporterId::new("laptop"),
            tally: SessionTally::new(Tool::Codex, SessionId::new("s"), moment(NOON)),
        }],
        tags: vec![SessionTag {
            session: SessionId::new("t"),
            key: "task".to_owned(),
            value: "fix".to_owned(),
            at: moment(NOON),
        }],
        ..Delivery::new(moment(NOON))
    };
    store.accept(delivery).await.unwrap();
}

/// Everything that can be asked.
async fn everything(store: &Store) -> String {
    let all = (moment(1), moment(NOON * 2));
    let parts = [
        book(store).await,
        format!("{:?}", store.activities(all.0, all.1).await.unwrap()),
        format!("{:?}", store.folders().await.unwrap()),
        format!("{:?}", store.pull_requests().await.unwrap()),
        format!("{:?}", store.sessions().await.unwrap()),
        format!("{:?}", store.tags().await.unwrap()),
        format!("{:#?}", store.reporters().await.unwrap()),
    ];
    parts.join("\n")
}

async fn copy(store: &Store) -> Vec<u8> {
    let to = Shared::default();
    store.export(Box::new(to.clone())).await.unwrap();
    to.bytes()
}

async fn a_copy_makes_the_same_book(engine: &Engine) {
    let store = engine.store().await;
    fill(&store).await;
    let copied = copy(&store).await;
    let target = engine.another();
    let restored = target.store().await;
    let verified = store::verify(copied.as_slice()).unwrap();
    assert_eq!(verified.observations, 90);
    let lines = restored.import(Box::new(std::io::Cursor::new(copied.clone()))).await.unwrap();
    assert_eq!(lines, verified.lines);
    let reported: u64 = restored.reporters().await.unwrap().iter().map(|it| it.observations).sum();
    assert_eq!(reported, 90);
    assert_eq!(everything(&restored).await, everything(&store).await);
    restored.import(Box::new(std::io::Cursor::new(copied.clone()))).await.unwrap();
    assert_eq!(everything(&restored).await, everything(&store).await);
    assert_eq!(copy(&restored).await.len(), copied.len());
}

async fn what_is_no_copy_is_refused(engine: &Engine) {
    let store = engine.store().await;
    fill(&store).await;
    let mut copied = copy(&store).await;
    let target = engine.another();
    let restored = target.store().await;
    let refusal = async |bytes: Vec<u8>| {
        restored.import(Box::new(std::io::Cursor::new(bytes))).await.unwrap_err().to_string()
    };
    assert!(refusal(b"hello".to_vec()).await.starts_with("line 1 of the copy is not understood"));
    assert!(refusal(Vec::new()).await.contains("line 1"));
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(copied.as_slice()).read_to_string(&mut text).unwrap();
    let without_a_line = |leave_out: usize| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        for (_, line) in text.lines().enumerate().filter(|it| it.0 != leave_out) {
            writeln!(packed, "{line}").unwrap();
        }
        store::verify(packed.finish().unwrap().as_slice()).unwrap_err().to_string()
    };
    assert!(without_a_line(1).contains("there should be"), "{}", without_a_line(1));
    let last = text.lines().count() - 1;
    assert!(without_a_line(last).contains("the line that ends it is missing"), "{}", without_a_line(last));
    copied.truncate(copied.len() / 2);
    assert!(store::verify(copied.as_slice()).is_err());
    assert!(refusal(copied).await.contains("is not understood"));
    assert_eq!(restored.check(9).await.unwrap(), []);
}

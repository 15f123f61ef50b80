//! What is put into the outbox, and what takes it out.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{
    ActivityKind, Branch, CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place,
    PrLink, Progress, RequestId, SessionId, SessionTally, Shape, SourceFile, Stamp, Terms, Timestamp, Tokens,
    Tool, Usage,
};
use metering::{Meter, single};
use pricing::{Contract, PriceBook, Pricer};

use super::{ActivityRow, OutboxState, Outgoing, Pending};
use crate::journal::{Batch, FolderRow, Journal, SourceReading, Tag};

const AT: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn meter() -> Meter {
    Meter::new(Pricer::new(PriceBook::bundled().unwrap(), None))
}

fn half_price() -> Meter {
    let text = "name = \"half\"\n[[price]]\nprovider = \"*\"\nmodel = \"*\"\nmultiplier = \"0.5\"\n";
    Meter::new(Pricer::new(PriceBook::bundled().unwrap(), Some(Contract::parse(text).unwrap())))
}

fn call(key: &str, output: u64) -> domain::Call {
    let place = Place::of(Tool::ClaudeCode, SessionId::new("s"));
    single(Observation {
        key: CallKey::new(key),
        request: Some(RequestId::new("req_1")),
        at: AT,
        model: ModelName::new("claude-opus-4-8"),
        provider: None,
        usage: Usage { output: Tokens::new(output), ..Usage::ZERO },
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        lineage: Lineage::Own,
        place: Arc::new(place),
        turn: Some(domain::TurnId::new(7)),
        tools: domain::ToolUses::of([domain::ToolUse::new(output, "Bash", 0)]),
        reported_cost: None,
        origin: Origin { file: 1, offset: 7 },
    })
}

fn write(journal: &mut Journal, calls: &[(&str, u64)]) {
    let calls = calls.iter().map(|(key, output)| call(key, *output)).collect();
    journal.write(&mut meter(), &Batch { calls, ..Batch::default() }).unwrap();
}

fn commit(hash: &str) -> ActivityRow {
    ActivityRow {
        identity: [u8::try_from(hash.len()).unwrap(); 16],
        at: AT,
        kind: ActivityKind::Commit,
        amount: 1,
        subject: Some(Arc::from(hash)),
        tool: Some(Tool::Codex),
        session: Some(SessionId::new("s")),
        folder: Some(Folder::new("/src/pay")),
        branch: Some(Branch::new("feat/pay")),
    }
}

/// One thing of every kind.
fn fill(journal: &mut Journal) {
    let path = PathBuf::from("/log");
    let file = SourceFile { tool: Tool::ClaudeCode, shape: Shape::Lines, path };
    journal.register(&[file]).unwrap();
    let tally = SessionTally { turns: 2, ..SessionTally::new(Tool::ClaudeCode, SessionId::new("s"), AT) };
    let reading = SourceReading {
        source: 1,
        before: Progress::default(),
        after: Progress { stamp: Stamp { size: 9, ..Stamp::default() }, offset: 9, ..Progress::default() },
        tallies: vec![tally],
        problems: Vec::new(),
    };
    let link = PrLink {
        tool: Tool::ClaudeCode,
        session: SessionId::new("s"),
        url: Arc::from("https://github.com/acme/web/pull/1"),
        number: 1,
        branch: None,
        first_at: AT,
        last_at: AT,
    };
    let batch = Batch { calls: vec![call("a", 1)], pull_requests: vec![link], readings: vec![reading] };
    journal.write(&mut meter(), &batch).unwrap();
    let folder = FolderRow { path: "/src".to_owned(), looked_up_at: AT, facts: "remote origin".to_owned() };
    journal.store_folders(&[folder]).unwrap();
    tag(journal, "acme");
    journal.record(&[commit("1f0a")]).unwrap();
}

fn tag(journal: &mut Journal, value: &str) {
    let tag = Tag { session: "s".to_owned(), key: "client".to_owned(), value: value.to_owned(), at: AT };
    journal.set_tag(&tag).unwrap();
}

/// What is to be sent, in a word each.
fn pending(journal: &mut Journal) -> String {
    shown(&journal.pending(100).unwrap())
}

fn shown(pending: &[Pending]) -> String {
    let word = |it: &Pending| match it.item.as_ref() {
        None => "gone".to_owned(),
        Some(Outgoing::Folder(folder)) => format!("{}: {}", folder.path, folder.facts),
        Some(Outgoing::Tag(tag)) => format!("{}={}", tag.key, tag.value),
        Some(Outgoing::PullRequest(link)) => format!("#{}", link.number),
        Some(Outgoing::Session(tally)) => format!("{} turns", tally.turns),
        Some(Outgoing::Activity(it)) => format!("{} {}", it.kind.name(), it.subject.as_deref().unwrap()),
        Some(Outgoing::Call(call)) => {
            format!("{} {} {}", call.key, call.figures.usage.output, call.request.as_ref().unwrap())
        }
    };
    pending.iter().map(word).collect::<Vec<_>>().join("; ")
}

const EVERYTHING: &str = "/src: remote origin; client=acme; #1; 2 turns; commit 1f0a; a 1 req_1";

fn acknowledge(journal: &mut Journal) {
    let pending = journal.pending(100).unwrap();
    journal.acknowledge(pending.iter().map(|it| &it.ticket)).unwrap();
}

#[test]
fn whoever_reports_to_nobody_keeps_nothing() {
    let mut journal = Journal::ephemeral().unwrap();
    fill(&mut journal);
    assert_eq!(journal.outbox().unwrap(), OutboxState::default());
}

#[test]
fn a_server_is_told_everything_that_was_known_and_what_comes_then() {
    let mut before = Journal::ephemeral().unwrap();
    fill(&mut before);
    before.report_to("https://one").unwrap();
    assert_eq!(pending(&mut before), EVERYTHING);

    let mut journal = Journal::ephemeral().unwrap();
    journal.report_to("https://one").unwrap();
    fill(&mut journal);
    assert_eq!(pending(&mut journal), EVERYTHING);
    acknowledge(&mut journal);
    assert_eq!(pending(&mut journal), "");
    journal.report_to("https://one").unwrap();
    assert_eq!(pending(&mut journal), "", "the same server knows");
    journal.report_to("https://two").unwrap();
    assert_eq!(pending(&mut journal), EVERYTHING, "another one does not");
}

#[test]
fn only_what_changed_is_sent_again() {
    let mut journal = Journal::ephemeral().unwrap();
    journal.report_to("https://one").unwrap();
    fill(&mut journal);
    acknowledge(&mut journal);
    write(&mut journal, &[("a", 1), ("b", 5)]);
    journal.record(&[commit("1f0a")]).unwrap();
    assert_eq!(pending(&mut journal), "b 5 req_1");
    assert_eq!(journal.reprice(&mut half_price()).unwrap(), 2);
    assert_eq!(pending(&mut journal), "b 5 req_1", "prices are the server's own matter");
    write(&mut journal, &[("a", 7)]);
    tag(&mut journal, "");
    assert_eq!(pending(&mut journal), "client=; a 7 req_1; b 5 req_1");
    assert_eq!(journal.tags().unwrap(), []);
}

#[test]
fn what_changed_since_it_was_read_stays() {
    let mut journal = Journal::ephemeral().unwrap();
    journal.report_to("https://one").unwrap();
    write(&mut journal, &[("a", 1), ("b", 1)]);
    let sent = journal.pending(100).unwrap();
    write(&mut journal, &[("a", 2)]);
    journal.acknowledge(sent.iter().map(|it| &it.ticket)).unwrap();
    assert_eq!(pending(&mut journal), "a 2 req_1");
    journal.park(&sent[0].ticket, "refused", AT).unwrap();
    assert_eq!(pending(&mut journal), "a 2 req_1", "that was another a");
}

#[test]
fn what_was_refused_waits_for_a_change_or_a_new_start() {
    let mut journal = Journal::ephemeral().unwrap();
    journal.report_to("https://one").unwrap();
    write(&mut journal, &[("a", 1), ("b", 1)]);
    for it in journal.pending(100).unwrap() {
        journal.park(&it.ticket, "too odd", AT).unwrap();
    }
    assert_eq!(journal.outbox().unwrap(), OutboxState { waiting: 0, parked: 2 });
    write(&mut journal, &[("a", 2)]);
    assert_eq!(journal.outbox().unwrap(), OutboxState { waiting: 1, parked: 1 });
    journal.report_to("https://one").unwrap();
    assert_eq!(pending(&mut journal), "a 2 req_1; b 1 req_1");
    assert_eq!(journal.outbox().unwrap(), OutboxState { waiting: 2, parked: 0 });
}

#[test]
fn as_much_is_read_as_was_asked_for() {
    let mut journal = Journal::ephemeral().unwrap();
    journal.report_to("https://one").unwrap();
    write(&mut journal, &[("a", 1), ("b", 1), ("c", 1)]);
    assert_eq!(shown(&journal.pending(2).unwrap()), "a 1 req_1; b 1 req_1");
}

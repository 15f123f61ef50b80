//! The journal under repetition, restarts, other processes and interruptions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{
    Branch, Call, CallKey, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, PrLink,
    Progress, SessionId, SessionTally, Shape, SourceFile, Terms, Timestamp, Tokens, Tool, Usage,
};
use metering::{Meter, single};
use pricing::{Contract, PriceBook, Pricer};

use super::{Batch, Journal, SourceReading, Written};

fn meter() -> Meter {
    Meter::new(Pricer::new(PriceBook::bundled().unwrap(), None))
}

fn call(key: &str, at: i64, output: u64, model: &str, lineage: Lineage) -> Call {
    let place = Place {
        branch: Some(Branch::new("main")),
        ..Place::of(Tool::ClaudeCode, SessionId::new(if lineage == Lineage::Copied { "fork" } else { "own" }))
    };
    single(Observation {
        key: CallKey::new(key),
        request: None,
        at: Timestamp::from_millis(at),
        model: ModelName::new(model),
        provider: None,
        usage: Usage { input: Tokens::new(1_000), output: Tokens::new(output), ..Usage::ZERO },
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        lineage,
        place: Arc::new(place),
        turn: Some(domain::TurnId::new(7)),
        tools: domain::ToolUses::of([domain::ToolUse::new(1, "Bash", 0)]),
        reported_cost: None,
        origin: Origin { file: 1, offset: 7 },
    })
}

fn own(key: &str, output: u64) -> Call {
    call(key, 1_790_000_000_000, output, "claude-opus-4-8", Lineage::Own)
}

fn write(journal: &mut Journal, calls: Vec<Call>) -> Written {
    journal.write(&mut meter(), &Batch { calls, ..Batch::default() }).unwrap()
}

/// `calls, unpriced, output tokens, cost` of all sums, after checking that they
/// are what the calls themselves add up to.
fn totals(journal: &mut Journal) -> (u64, u64, u64, String) {
    totals_with(journal, &mut meter())
}

fn totals_with(journal: &mut Journal, meter: &mut Meter) -> (u64, u64, u64, String) {
    let mut from_cells = domain::Measures::ZERO;
    for cell in journal.cells(meter).unwrap() {
        assert!(cell.measures.calls > 0, "an empty cell is left behind");
        from_cells = from_cells.plus(&cell.measures).unwrap();
    }
    let mut from_calls = domain::Measures::ZERO;
    journal
        .for_each_call(&mut |_, priced| from_calls = from_calls.plus(&domain::Measures::of(&priced)).unwrap())
        .unwrap();
    assert_eq!(from_cells, from_calls);
    (
        from_cells.calls,
        from_cells.unpriced_calls,
        from_cells.usage.output.count(),
        from_cells.cost.to_string(),
    )
}

#[test]
fn a_call_is_counted_once_whatever_repeats_it() {
    let mut journal = Journal::ephemeral().unwrap();
    let copy = call("a", 1_790_000_000_000, 400, "claude-opus-4-8", Lineage::Copied);
    assert_eq!(write(&mut journal, vec![copy, own("b", 1)]), Written { new_calls: 2, corrected_calls: 0 });
    assert_eq!(
        write(&mut journal, vec![own("a", 400), own("b", 600)]),
        Written { new_calls: 0, corrected_calls: 2 }
    );
    assert_eq!(write(&mut journal, vec![own("b", 600), own("a", 3)]), Written::default());
    assert_eq!(totals(&mut journal), (2, 0, 1_000, "0.035000000".to_owned()));
    let known = journal.call("a").unwrap().unwrap();
    assert_eq!(known.priced.call.owner.place.session.as_str(), "own");
}

#[test]
fn an_unknown_model_is_counted_and_not_priced() {
    let mut journal = Journal::ephemeral().unwrap();
    write(&mut journal, vec![call("a", 1_790_000_000_000, 50, "claude-unknown-9-20270101", Lineage::Own)]);
    assert_eq!(totals(&mut journal), (1, 1, 50, "0.000000000".to_owned()));
    assert_eq!(journal.call("a").unwrap().unwrap().priced.price, Err(domain::Unpriced::UnknownModel));
}

#[test]
fn a_call_survives_a_restart_to_the_last_field() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut first = own("a", 400);
    first.figures.reported_cost = Some(domain::NanoUsd::new(12));
    first.figures.terms.speed = domain::Speed::Fast;
    write(&mut Journal::open(&path).unwrap(), vec![first.clone()]);
    assert_eq!(Journal::open(&path).unwrap().call("a").unwrap().unwrap().priced.call, first);
}

fn half_price() -> Meter {
    let text = "name = \"half\"\n[[price]]\nprovider = \"*\"\nmodel = \"*\"\nmultiplier = \"0.5\"\n";
    Meter::new(Pricer::new(PriceBook::bundled().unwrap(), Some(Contract::parse(text).unwrap())))
}

#[test]
fn other_prices_change_every_cost_and_nothing_else() {
    let mut journal = Journal::ephemeral().unwrap();
    write(&mut journal, vec![own("a", 400), own("b", 600)]);
    let before = totals(&mut journal);
    assert_eq!(journal.reprice(&mut half_price()).unwrap(), 2);
    assert_eq!(journal.reprice(&mut half_price()).unwrap(), 0);
    assert_eq!(totals_with(&mut journal, &mut half_price()), (2, 0, 1_000, "0.017500000".to_owned()));
    assert_eq!(totals(&mut journal), before);
}

#[test]
fn whoever_reads_sees_one_price_book_whoever_wrote() {
    let mut journal = Journal::ephemeral().unwrap();
    write(&mut journal, vec![own("a", 400)]);
    journal.write(&mut half_price(), &Batch { calls: vec![own("b", 600)], ..Batch::default() }).unwrap();
    assert_eq!(totals(&mut journal).3, "0.035000000");
    assert_eq!(totals_with(&mut journal, &mut half_price()).3, "0.017500000");
}

#[test]
fn a_pull_request_that_is_named_again_stays_on_its_branch() {
    let link = |branch: Option<&str>, at: i64| PrLink {
        tool: Tool::ClaudeCode,
        session: SessionId::new("own"),
        url: Arc::from("https://github.com/o/r/pull/1"),
        number: 1,
        branch: branch.map(Branch::new),
        first_at: Timestamp::from_millis(at),
        last_at: Timestamp::from_millis(at),
    };
    let links = [link(None, 1), link(Some("feat-a"), 2), link(Some("feat-b"), 3)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let mut journal = Journal::ephemeral().unwrap();
        for place in order {
            let batch = Batch { pull_requests: vec![links[place].clone()], ..Batch::default() };
            journal.write(&mut meter(), &batch).unwrap();
        }
        let known = journal.pull_requests().unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].branch, Some(Branch::new("feat-a")));
        assert_eq!((known[0].first_at.millis(), known[0].last_at.millis()), (1, 3));
    }
}

fn source(journal: &mut Journal) -> u32 {
    let file =
        SourceFile { tool: Tool::ClaudeCode, shape: Shape::Lines, path: PathBuf::from("/logs/a.jsonl") };
    journal.register(std::slice::from_ref(&file)).unwrap();
    journal.register(&[file]).unwrap();
    let known = journal.sources().unwrap();
    assert_eq!(known.len(), 1);
    known[0].id
}

fn reading(source: u32, from: u64, to: u64, turns: u32) -> SourceReading {
    let mut tally = SessionTally::new(Tool::ClaudeCode, SessionId::new("own"), Timestamp::from_millis(5));
    tally.turns = turns;
    let progress = |offset| Progress { offset, state: format!("at {offset}"), ..Progress::default() };
    let before = if from == 0 { Progress::default() } else { progress(from) };
    SourceReading { source, before, after: progress(to), tallies: vec![tally], problems: Vec::new() }
}

#[test]
fn two_readers_of_one_file_do_not_double_its_session() {
    let mut journal = Journal::ephemeral().unwrap();
    let source = source(&mut journal);
    for (from, to, turns) in [(0, 100, 3), (0, 80, 2), (100, 150, 4)] {
        let batch = Batch { readings: vec![reading(source, from, to, turns)], ..Batch::default() };
        journal.write(&mut meter(), &batch).unwrap();
    }
    assert_eq!(journal.sources().unwrap()[0].progress.offset, 150);
    assert_eq!(journal.sessions().unwrap()[0].turns, 4);
}

#[test]
fn two_journals_on_one_file_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let work = |path: &Path, from: u64| {
        let mut journal = Journal::open(path).unwrap();
        for i in 0..60 {
            let number = (i * 7 + from) % 60;
            write(&mut journal, vec![own(&format!("call-{number}"), 10 + from)]);
        }
    };
    std::thread::scope(|scope| {
        for from in [0, 1, 2] {
            let path = &path;
            scope.spawn(move || work(path, from));
        }
    });
    assert_eq!(totals(&mut Journal::open(&path).unwrap()), (60, 0, 60 * 12, "0.318000000".to_owned()));
}

#[test]
fn what_a_killed_process_did_not_finish_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path).unwrap();
    write(&mut journal, vec![own("a", 400)]);
    let copy = folder.path().join("copy.db");
    let other = Journal::open(&path).unwrap();
    other.connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM call; DELETE FROM cell;").unwrap();
    for end in ["", "-wal"] {
        let from = folder.path().join(format!("journal.db{end}"));
        std::fs::copy(from, folder.path().join(format!("copy.db{end}"))).unwrap();
    }
    assert_eq!(totals(&mut Journal::open(&copy).unwrap()).0, 1);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let mut journal = Journal::ephemeral().unwrap();
    write(&mut journal, vec![own("a", 400)]);
    let mut huge = own("b", 1);
    huge.figures.usage.input = Tokens::new(u64::MAX);
    let batch = Batch { calls: vec![call("c", 1, 1, "new-model", Lineage::Own), huge], ..Batch::default() };
    assert!(journal.write(&mut meter(), &batch).is_err());
    assert_eq!(totals(&mut journal).0, 1);
    write(&mut journal, vec![call("d", 1, 1, "another-model", Lineage::Own)]);
    assert_eq!(journal.call("d").unwrap().unwrap().priced.call.figures.model.as_str(), "another-model");
}

#[test]
fn a_newer_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    Journal::open(&path).unwrap().connection.pragma_update(None, "user_version", 999).unwrap();
    let error = Journal::open(&path).err().unwrap().to_string();
    assert_eq!(
        error,
        "the store was written by a newer bursar (schema 999, this one knows 3): update bursar"
    );
}

/// The calls are known with their cost, and the logs are read once more for what they say of
/// turns and tools.
#[test]
fn a_journal_of_the_first_version_reads_its_logs_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let before = rusqlite::Connection::open(&path).unwrap();
    before.execute_batch(super::MIGRATIONS[0]).unwrap();
    before
        .execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO source VALUES (1, 'claude-code', 'lines', CAST('/p/s.jsonl' AS BLOB), 7, 8, 90, 10, 90, 11, 12);
             INSERT INTO reader VALUES (1, '{}');
             INSERT INTO place (id, tool, session, thread) VALUES (1, 'claude-code', 'own', 0);
             INSERT INTO service VALUES (1, 'claude-opus-4-8', NULL, 'standard', 'standard', 'global');
             INSERT INTO prices VALUES (1, 'x');
             INSERT INTO call VALUES ('a', NULL, 5, 1, 1, 0, 0, 400, 0, 0, 0, 0, 0, NULL, 0, 5, 1, 0, 0, 5, 1, 7, 7, NULL);",
        )
        .unwrap();
    drop(before);
    let mut journal = Journal::open(&path).unwrap();
    let known = journal.call("a").unwrap().unwrap().priced;
    assert_eq!((known.call.owner.turn, known.call.tools.len()), (None, 0));
    assert_eq!(known.price.unwrap().contract.nano(), 7);
    let stamps: (i64, i64, i64, i64) = journal
        .connection
        .query_row("SELECT size, modified_ns, offset, (SELECT count(*) FROM reader) FROM source", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(stamps, (90, 0, 0, 0));
    let mut again = own("a", 400);
    again.at = known.call.at;
    (again.figures.at, again.owner.at) = (known.call.figures.at, known.call.owner.at);
    again.owner.place = known.call.owner.place;
    assert_eq!(write(&mut journal, vec![again]), Written { new_calls: 0, corrected_calls: 1 });
    let known = journal.call("a").unwrap().unwrap().priced.call;
    assert_eq!((known.owner.turn, known.tools.len()), (Some(domain::TurnId::new(7)), 1));
}

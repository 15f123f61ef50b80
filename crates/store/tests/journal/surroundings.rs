//! Folders, pull requests, tags, tallies, activities, and who reports.

use std::sync::Arc;

use domain::{
    Activity, ActivityKind, Branch, Folder, PrLink, ReporterId, SessionId, SessionTally, SourceKind, Tool,
};
use store::{Delivery, FolderReport, Grain, SessionTag, Store, TallyReport};

use super::{DAY, HOUR, NOON, accept, at_session, book, log, moment, witness};
use crate::engine::{Engine, on_both_engines};

on_both_engines! {
    the_newest_facts_of_a_folder_hold
    a_pull_request_stays_on_the_branch_where_it_was_first_named
    the_latest_tag_holds_and_can_be_taken_back
    a_session_of_which_something_is_said_is_summed_up_apart
    the_fullest_tally_of_a_reporter_holds
    an_activity_counts_once_with_its_largest_amount
    it_is_known_who_reports_and_since_when
}

fn empty() -> Delivery {
    Delivery::new(moment(NOON))
}

async fn say(store: &Store, delivery: Delivery) {
    store.accept(delivery).await.unwrap();
}

async fn the_newest_facts_of_a_folder_hold(engine: &Engine) {
    let report = |at: i64, facts: &str| FolderReport {
        folder: Folder::new("f1"),
        looked_up_at: moment(at),
        facts: facts.to_owned(),
        reporter: ReporterId::new("laptop"),
    };
    let store = engine.store().await;
    let mut versions = vec![store.surroundings_version().await.unwrap()];
    for facts in [report(2, "new"), report(1, "old"), report(2, "new"), report(3, "newest")] {
        say(&store, Delivery { folders: vec![facts], ..empty() }).await;
        versions.push(store.surroundings_version().await.unwrap());
    }
    assert_eq!(store.folders().await.unwrap(), [report(3, "newest")]);
    let changed: Vec<bool> = versions.windows(2).map(|pair| pair[0] != pair[1]).collect();
    assert_eq!(changed, [true, false, false, true]);
}

fn link(branch: Option<&str>, at: i64) -> PrLink {
    PrLink {
        tool: Tool::ClaudeCode,
        session: SessionId::new("s"),
        url: Arc::from("https://github.com/o/r/pull/1"),
        number: 1,
        branch: branch.map(Branch::new),
        first_at: moment(at),
        last_at: moment(at),
    }
}

async fn a_pull_request_stays_on_the_branch_where_it_was_first_named(engine: &Engine) {
    let links = [link(None, 1), link(Some("feat-a"), 2), link(Some("feat-b"), 3)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let engine = engine.another();
        let store = engine.store().await;
        for place in order {
            say(&store, Delivery { pull_requests: vec![links[place].clone()], ..empty() }).await;
        }
        let expected = PrLink { first_at: moment(1), last_at: moment(3), ..link(Some("feat-a"), 0) };
        assert_eq!(store.pull_requests().await.unwrap(), [expected]);
    }
}

fn tag(value: &str, at: i64) -> SessionTag {
    SessionTag {
        session: SessionId::new("s"),
        key: "client".to_owned(),
        value: value.to_owned(),
        at: moment(at),
    }
}

async fn the_latest_tag_holds_and_can_be_taken_back(engine: &Engine) {
    let store = engine.store().await;
    for (value, at, expected) in [("a", 2, Some("a")), ("b", 1, Some("a")), ("", 3, None), ("c", 2, None)] {
        say(&store, Delivery { tags: vec![tag(value, at)], ..empty() }).await;
        let tags = store.tags().await.unwrap();
        assert_eq!(tags.first().map(|it| it.value.as_str()), expected, "{value} at {at}");
    }
}

/// `session calls` of all sums by day.
async fn sites(store: &Store) -> String {
    let cells = store.cells(Grain::Day, moment(NOON), moment(NOON + 1)).await.unwrap();
    let mut lines: Vec<String> = Vec::new();
    for cell in cells.days.iter().flat_map(|day| &day.cells) {
        let whereabouts = &cells.names.whereabouts()[usize::try_from(cell.place).unwrap()];
        lines.push(format!("{:?} {}", whereabouts.place.session.as_str(), cell.measures.calls));
    }
    lines.sort();
    lines.join(", ")
}

async fn a_session_of_which_something_is_said_is_summed_up_apart(engine: &Engine) {
    let store = engine.store().await;
    let here = |key: &str| log(key, NOON, 4);
    let mut with_remote = at_session(here("d"), "r");
    Arc::make_mut(&mut with_remote.call.owner.place).remote = Some(Arc::from("git@github.com:o/r"));
    accept(&store, vec![here("a"), here("b"), at_session(here("c"), "t"), with_remote]).await;
    assert_eq!(sites(&store).await, "\"\" 1, \"\" 3");
    say(&store, Delivery { tags: vec![tag("x", 5)], ..empty() }).await;
    assert_eq!(sites(&store).await, "\"\" 1, \"\" 1, \"s\" 2");
    accept(&store, vec![here("e")]).await;
    assert_eq!(sites(&store).await, "\"\" 1, \"\" 1, \"s\" 3");
    book(&store).await;
    say(&store, Delivery { tags: vec![tag("", 6)], ..empty() }).await;
    assert_eq!(sites(&store).await, "\"\" 1, \"\" 4");
    // A pull request says something too, whatever the record names.
    let links = ["s", "r"].map(|it| PrLink { session: SessionId::new(it), ..link(None, 1) });
    let observed = vec![here("f")];
    say(&store, Delivery { pull_requests: links.to_vec(), observed, ..empty() }).await;
    assert_eq!(sites(&store).await, "\"\" 1, \"r\" 1, \"s\" 4");
    book(&store).await;
    store.rebuild().await.unwrap();
    assert_eq!(sites(&store).await, "\"\" 1, \"r\" 1, \"s\" 4");
}

async fn the_fullest_tally_of_a_reporter_holds(engine: &Engine) {
    let report = |reporter: &str, last_at: i64, turns: u32, tool_calls: u32| {
        let mut tally = SessionTally::new(Tool::ClaudeCode, SessionId::new("s"), moment(NOON));
        tally.last_at = moment(last_at);
        (tally.turns, tally.tool_calls) = (turns, tool_calls);
        TallyReport { reporter: ReporterId::new(reporter), tally }
    };
    let store = engine.store().await;
    for tally in [report("a", 9, 3, 30), report("a", 5, 2, 20), report("b", 7, 1, 5), report("a", 9, 3, 30)] {
        say(&store, Delivery { tallies: vec![tally], ..empty() }).await;
    }
    let sessions = store.sessions().await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!((sessions[0].turns, sessions[0].tool_calls), (3, 35));
}

async fn an_activity_counts_once_with_its_largest_amount(engine: &Engine) {
    let activity = |identity: u8, at: i64, amount: u64| Activity {
        identity: [identity; 16],
        at: moment(at),
        kind: ActivityKind::LinesAdded,
        amount,
        subject: None,
        tool: Some(Tool::ClaudeCode),
        session: Some(SessionId::new("s")),
        folder: None,
        branch: None,
        witness: Arc::new(witness(SourceKind::Otlp, Some("ada@example.com"))),
    };
    let store = engine.store().await;
    for activities in [
        vec![activity(1, NOON + 5, 7), activity(2, NOON, 1)],
        vec![activity(1, NOON + DAY, 9)],
        vec![activity(1, NOON, 8), activity(3, NOON + DAY, 5)],
    ] {
        say(&store, Delivery { activities, ..empty() }).await;
    }
    let sums = store.activities(moment(NOON), moment(NOON + DAY + 1)).await.unwrap();
    let lines: Vec<String> = sums
        .iter()
        .map(|it| format!("{} {} {} {}", it.day, it.kind.name(), it.amount, it.developer.as_ref().unwrap()))
        .collect();
    assert_eq!(
        lines,
        ["2026-09-21 lines_added 10 ada@example.com", "2026-09-22 lines_added 5 ada@example.com"]
    );
    assert_eq!(store.activities(moment(NOON + 9 * DAY), moment(NOON + 10 * DAY)).await.unwrap(), []);
}

async fn it_is_known_who_reports_and_since_when(engine: &Engine) {
    let store = engine.store().await;
    let by = |at: i64, observed| Delivery {
        observed,
        witness: Some(Arc::new(witness(SourceKind::Hook, None))),
        ..Delivery::new(moment(at))
    };
    say(&store, by(NOON, vec![log("a", NOON, 4), log("a", NOON, 4), log("b", NOON, 4)])).await;
    say(&store, by(NOON + HOUR, vec![log("a", NOON, 4)])).await;
    say(&store, by(NOON - HOUR, Vec::new())).await;
    let lines: Vec<String> = store
        .reporters()
        .await
        .unwrap()
        .iter()
        .map(|it| {
            let (first, last) = ((it.first_at.millis() - NOON) / HOUR, (it.last_at.millis() - NOON) / HOUR);
            let source = it.witness.source.name();
            format!("{source} from {first} to {last}: {} {}", it.observations, it.activities)
        })
        .collect();
    assert_eq!(lines, ["hook from -1 to 1: 0 0", "log from 0 to 1: 2 0"]);
}

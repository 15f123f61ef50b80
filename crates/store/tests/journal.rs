//! The journal: what is accepted, how it is summed up, and what it survives.

mod copies;
mod crash;
pub(crate) mod random;
mod surroundings;
mod upkeep;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Call, CallKey, Developer, Lineage, Measures, ModelName, Naming, Observed, Origin, OutputConfidence,
    Place, ReporterId, RequestId, SessionId, SourceKind, Terms, Timestamp, Tokens, Tool, ToolUse, ToolUses,
    TurnId, Usage, Witness,
};
use store::{Accepted, CallId, CallQuery, Delivery, Grain, Store};

use self::random::Random;
use crate::engine::{Engine, on_both_engines};

/// 2026-09-21T14:13:20Z.
const NOON: i64 = 1_790_000_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// An observation: 1000 tokens in and so many out, by Ada's machine.
pub(crate) fn log(key: &str, at: i64, output: u64) -> Observed {
    said(SourceKind::Log, Naming::Provider, (key, at, output))
}

fn said(source: SourceKind, naming: Naming, (key, at, output): (&str, i64, u64)) -> Observed {
    let place = Place::of(Tool::ClaudeCode, SessionId::new("s"));
    let at = moment(at);
    let figures = Figures {
        model: ModelName::new("claude-opus-4-8"),
        provider: None,
        usage: Usage { input: Tokens::new(1_000), output: Tokens::new(output), ..Usage::ZERO },
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        reported_cost: None,
        lineage: Lineage::Own,
        at,
        origin: Origin { file: 3, offset: u64::MAX },
    };
    let owner = Owner { place: Arc::new(place), turn: None, lineage: Lineage::Own, at };
    let tools = ToolUses::NONE;
    Observed {
        witness: Arc::new(witness(source, Some("ada@example.com"))),
        naming,
        request: None,
        call: Call { key: CallKey::new(key), request: None, at, figures, owner, tools },
    }
}

fn witness(source: SourceKind, developer: Option<&str>) -> Witness {
    let reporter = ReporterId::new(source.name());
    Witness { source, reporter, developer: developer.map(Developer::new), claimed: None }
}

fn request(mut it: Observed, request: &str) -> Observed {
    it.request = Some(RequestId::new(request));
    it
}

fn at_session(mut it: Observed, session: &str) -> Observed {
    Arc::make_mut(&mut it.call.owner.place).session = SessionId::new(session);
    it
}

fn delivery(observed: Vec<Observed>) -> Delivery {
    Delivery { observed, ..Delivery::new(moment(NOON + DAY)) }
}

async fn accept(store: &Store, observed: Vec<Observed>) -> Accepted {
    store.accept(delivery(observed)).await.unwrap()
}

/// The calls, one a line: `moment key session developer sources output cost`. The sums
/// of both grains must have the same total, and the book must agree with itself.
async fn book(store: &Store) -> String {
    assert_eq!(store.check(9).await.unwrap(), [], "the book does not agree with itself");
    let mut lines = Vec::new();
    let mut total = Measures::ZERO;
    for call in calls(store).await {
        let price = call.price;
        let amount = price.map_or_else(|reason| reason.to_string(), |it| it.contract.to_string());
        let (list, cost) = price.map_or_else(|_| Default::default(), |it| (it.list, it.contract));
        let unpriced_calls = u64::from(price.is_err());
        total = total.plus(&Measures { calls: 1, unpriced_calls, usage: call.usage, list, cost }).unwrap();
        let seen: Vec<_> = call.seen.kinds().map(SourceKind::name).collect();
        let place = &call.whereabouts.place;
        let developer = call.whereabouts.developer.as_ref().map_or("-", Developer::as_str);
        let (at, key, output) = (call.at.millis() - NOON, &call.key, call.usage.output);
        lines.push(format!("{at} {key} {} {developer} {} {output} {amount}", place.session, seen.join("+")));
    }
    for grain in [Grain::Quarter, Grain::Session, Grain::Day] {
        assert_eq!(sum(store, grain, i64::MIN, i64::MAX).await, total, "{grain:?}");
    }
    lines.join("\n")
}

async fn calls(store: &Store) -> Vec<store::BookedCall> {
    let mut all = Vec::new();
    let mut after: Option<CallId> = None;
    loop {
        let page = store.calls(CallQuery { after, limit: 17, ..CallQuery::default() }).await.unwrap();
        all.extend(page.calls);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn sum(store: &Store, grain: Grain, from: i64, to: i64) -> Measures {
    let cells = store.cells(grain, moment(from), moment(to)).await.unwrap();
    let all = cells.days.iter().flat_map(|day| &day.cells);
    all.fold(Measures::ZERO, |sum, cell| sum.plus(&cell.measures).unwrap())
}

on_both_engines! {
    a_call_is_counted_once_whatever_repeats_it
    what_is_answered_for_each_observation_adds_up
    a_source_that_comes_late_corrects_the_call
    what_a_name_connects_later_becomes_one_call
    a_turn_and_tools_that_are_told_late_correct_the_call
    a_call_that_cannot_be_priced_is_counted
    a_call_is_found_by_all_of_its_names
    a_call_tells_everything_that_was_said_of_it
    pages_go_on_where_they_ended
    who_watches_is_told_of_new_calls
    days_are_those_of_the_time_zone
    what_cannot_be_kept_is_refused_whole
    any_order_and_split_gives_the_same_book
    deliveries_side_by_side_are_all_kept
    a_delivery_that_fails_fails_alone
    what_was_acknowledged_is_there_for_another_process
}

async fn a_call_is_counted_once_whatever_repeats_it(engine: &Engine) {
    let store = engine.store().await;
    let growing = vec![log("a", NOON, 4), log("a", NOON + 5, 400), log("b", NOON + 9, 600)];
    assert_eq!(accept(&store, growing.clone()).await, Accepted { new: 2, corrected: 1, known: 0 });
    assert_eq!(accept(&store, growing).await, Accepted { new: 0, corrected: 0, known: 3 });
    let expected = "0 a s ada@example.com log 400 0.015000000\n9 b s ada@example.com log 600 0.020000000";
    assert_eq!(book(&store).await, expected);
}

async fn what_is_answered_for_each_observation_adds_up(engine: &Engine) {
    let store = engine.store().await;
    let twice = vec![log("a", NOON, 4), log("a", NOON, 4), log("b", NOON, 4), log("a", NOON, 5)];
    assert_eq!(accept(&store, twice).await, Accepted { new: 2, corrected: 1, known: 1 });
    let more = vec![log("a", NOON, 6), log("b", NOON, 4), log("c", NOON, 6)];
    assert_eq!(accept(&store, more).await, Accepted { new: 1, corrected: 1, known: 1 });
    assert_eq!(accept(&store, Vec::new()).await, Accepted::default());
}

async fn a_source_that_comes_late_corrects_the_call(engine: &Engine) {
    let store = engine.store().await;
    let telemetry = || said(SourceKind::Otlp, Naming::Derived, ("x", NOON + DAY, 400));
    accept(&store, vec![request(telemetry(), "req_1")]).await;
    assert_eq!(book(&store).await, format!("{DAY} x s ada@example.com otlp 400 0.015000000"));
    let before = sum(&store, Grain::Day, NOON + DAY, NOON + DAY + 1).await;
    assert_eq!(before.calls, 1);
    accept(&store, vec![request(log("msg", NOON, 400), "req_1")]).await;
    assert_eq!(book(&store).await, "0 msg s ada@example.com log+otlp 400 0.015000000");
    assert_eq!(sum(&store, Grain::Day, NOON + DAY, NOON + DAY + 1).await, Measures::ZERO);
    assert_eq!(sum(&store, Grain::Day, NOON, NOON + 1).await, before);
}

async fn what_a_name_connects_later_becomes_one_call(engine: &Engine) {
    let store = engine.store().await;
    let hook = |key| said(SourceKind::Hook, Naming::Derived, (key, NOON + 7, 9));
    accept(&store, vec![log("a", NOON, 4), request(hook("x"), "req_1")]).await;
    assert_eq!(calls(&store).await.len(), 2);
    accept(&store, vec![request(log("a", NOON + 3, 4), "req_1")]).await;
    assert_eq!(book(&store).await, "0 a s ada@example.com log+hook 4 0.005100000");
    // Two that counts match, until one of them is found to be matched better.
    let engine = engine.another();
    let store = engine.store().await;
    let codex = |key, at| said(SourceKind::Log, Naming::Derived, (key, at, 4));
    let telemetry = said(SourceKind::Otlp, Naming::Derived, ("x", NOON + 3_000, 4));
    accept(&store, vec![codex("a", NOON), telemetry]).await;
    assert_eq!(book(&store).await, "0 a s ada@example.com log+otlp 4 0.005100000");
    accept(&store, vec![codex("b", NOON + 3_500)]).await;
    assert_eq!(
        book(&store).await,
        "0 a s ada@example.com log 4 0.005100000\n3000 b s ada@example.com log+otlp 4 0.005100000"
    );
}

async fn a_turn_and_tools_that_are_told_late_correct_the_call(engine: &Engine) {
    let store = engine.store().await;
    let told = |turn: Option<u64>, tools: &[u64]| {
        let mut it = log("a", NOON, 4);
        it.call.owner.turn = turn.map(TurnId::new);
        it.call.tools = ToolUses::of(tools.iter().map(|id| ToolUse::new(*id, "Bash", 2)));
        it
    };
    let expected = "0 a s ada@example.com log 4 0.005100000";
    accept(&store, vec![told(None, &[])]).await;
    let before = book(&store).await;
    assert_eq!(before, expected);
    let known = |calls: Vec<store::BookedCall>| {
        let [call] = calls.as_slice() else { panic!("one call") };
        let tools: Vec<_> = call.tools.iter().map(|it| (it.id(), it.name().to_owned(), it.retry())).collect();
        (call.turn.map(TurnId::fingerprint), tools)
    };
    assert_eq!(known(calls(&store).await), (None, vec![]));
    let bash = |id: u64| (id, "Bash".to_owned(), 2);
    for (turn, tools, expected) in [
        (Some(u64::MAX), vec![1], (Some(u64::MAX), vec![bash(1)])),
        (None, vec![u64::MAX], (Some(u64::MAX), vec![bash(1), bash(u64::MAX)])),
    ] {
        let corrected = Accepted { new: 0, corrected: 1, known: 0 };
        assert_eq!(accept(&store, vec![told(turn, &tools)]).await, corrected);
        assert_eq!(known(calls(&store).await), expected);
        assert_eq!(known(store.calls_of_session(SessionId::new("s")).await.unwrap()), expected);
    }
    // Nothing of it moves a sum.
    assert_eq!(book(&store).await, before);
    store.rebuild().await.unwrap();
    assert_eq!(known(calls(&store).await), (Some(u64::MAX), vec![bash(1), bash(u64::MAX)]));
}

async fn a_call_that_cannot_be_priced_is_counted(engine: &Engine) {
    let store = engine.store().await;
    let mut unknown = log("a", NOON, 4);
    unknown.call.figures.model = ModelName::new("claude-unknown-9-20270101");
    accept(&store, vec![unknown, log("b", NOON, 4)]).await;
    let total = sum(&store, Grain::Day, NOON, NOON + 1).await;
    assert_eq!((total.calls, total.unpriced_calls, total.usage.output.count()), (2, 1, 8));
    book(&store).await;
}

async fn a_call_is_found_by_all_of_its_names(engine: &Engine) {
    let store = engine.store().await;
    accept(&store, vec![request(log("msg_1", NOON, 4), "req_1"), log("msg_2", NOON + 1, 4)]).await;
    let id = store.named("msg_1", 9).await.unwrap()[0].id.to_string();
    // As far as both were made in the same milliseconds.
    let beginning: String = id.chars().take(11).collect();
    for (text, expected) in [
        ("msg_1", "msg_1"),
        ("req_1", "msg_1"),
        (id.as_str(), "msg_1"),
        (beginning.as_str(), "msg_1 msg_2"),
        ("msg_", ""),
        ("", ""),
    ] {
        let found = store.named(text, 9).await.unwrap();
        let keys: Vec<_> = found.iter().map(|call| call.key.as_str()).collect();
        assert_eq!(keys.join(" "), expected, "{text}");
    }
    assert_eq!(store.named(&beginning, 1).await.unwrap().len(), 1);
    let calls = store.calls_of_session(SessionId::new("s")).await.unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(store.calls_of_session(SessionId::new("t")).await.unwrap(), []);
}

async fn a_call_tells_everything_that_was_said_of_it(engine: &Engine) {
    let store = engine.store().await;
    let mut random = Random::of(7);
    let all = random.observations(40);
    accept(&store, all.clone()).await;
    let mut told = Vec::new();
    for call in calls(&store).await {
        let explained = store.explain(call.id).await.unwrap().unwrap();
        assert_eq!(explained.call, call);
        assert!(explained.evidence.iter().all(|it| it.received_at == moment(NOON + DAY)));
        told.extend(explained.evidence.into_iter().map(|it| it.observed));
    }
    for observed in &all {
        assert!(told.contains(observed), "{observed:#?}");
    }
    assert_eq!(store.explain(CallId::from_bytes([7; 16])).await.unwrap(), None);
}

async fn pages_go_on_where_they_ended(engine: &Engine) {
    let store = engine.store().await;
    accept(&store, (0..20).map(|it| log(&format!("k{it}"), NOON + it * HOUR, 4)).collect()).await;
    let query = |after, limit| CallQuery {
        after,
        from: Some(moment(NOON + 3 * HOUR)),
        to: Some(moment(NOON + 9 * HOUR)),
        keep: Some(Arc::new(|call| call.key.as_str() != "k5")),
        limit,
    };
    let keys = |page: &store::CallPage| {
        page.calls.iter().map(|call| call.key.as_str().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let first = store.calls(query(None, 3)).await.unwrap();
    assert_eq!(keys(&first), "k3 k4 k6");
    let second = store.calls(query(first.next, 3)).await.unwrap();
    assert_eq!(keys(&second), "k7 k8");
    assert_eq!(second.next, None);
    let span = store.span().await.unwrap().unwrap();
    assert_eq!((span.0.millis(), span.1.millis()), (NOON, NOON + 19 * HOUR));
}

async fn who_watches_is_told_of_new_calls(engine: &Engine) {
    let store = engine.store().await;
    let mut news = store.watch();
    accept(&store, vec![log("a", NOON, 4)]).await;
    accept(&store, vec![log("a", NOON, 4)]).await;
    accept(&store, vec![log("a", NOON, 5), log("b", NOON, 4)]).await;
    let told = |news: &store::News| {
        let keys = |calls: &[store::BookedCall]| {
            calls.iter().map(|it| format!("{} {}", it.key, it.usage.output)).collect::<Vec<_>>().join(", ")
        };
        format!("new: {}; corrected: {}", keys(&news.new), keys(&news.corrected))
    };
    assert_eq!(told(&news.recv().await.unwrap()), "new: a 4; corrected: ");
    assert_eq!(told(&news.recv().await.unwrap()), "new: b 4; corrected: a 5");
    assert!(news.try_recv().is_err());
}

async fn days_are_those_of_the_time_zone(engine: &Engine) {
    // NOON is 14:13 UTC: five hours later it is the next day in Kolkata only.
    let late = NOON + 5 * HOUR;
    let days = |cells: store::Cells| {
        let day = |it: &Arc<store::DayCells>| format!("{} {}", it.day, it.cells.len());
        cells.days.iter().map(day).collect::<Vec<_>>().join(", ")
    };
    let store = engine.store_in("UTC").await;
    accept(&store, vec![log("a", NOON, 4), log("b", late, 4)]).await;
    let expected =
        [(Grain::Quarter, "2026-09-21 2"), (Grain::Session, "2026-09-21 1"), (Grain::Day, "2026-09-21 1")];
    for (grain, expected) in expected {
        assert_eq!(days(store.cells(grain, moment(NOON), moment(late + 1)).await.unwrap()), expected);
    }
    drop(store);
    let both = "2026-09-21 1, 2026-09-22 1";
    // Whoever names no zone leaves the book its own.
    for store in [engine.store_in("Asia/Kolkata").await, engine.store_as_kept().await] {
        for grain in [Grain::Quarter, Grain::Session, Grain::Day] {
            assert_eq!(days(store.cells(grain, moment(NOON), moment(late + 1)).await.unwrap()), both);
            assert_eq!(
                days(store.cells(grain, moment(late), moment(late + 1)).await.unwrap()),
                "2026-09-22 1"
            );
        }
        book(&store).await;
    }
}

async fn what_cannot_be_kept_is_refused_whole(engine: &Engine) {
    let store = engine.store().await;
    let refusal = async |change: fn(&mut Observed)| {
        let mut bad = log("bad", NOON, 4);
        change(&mut bad);
        let refused = store.accept(delivery(vec![log("good", NOON, 4), bad])).await;
        refused.unwrap_err().to_string()
    };
    assert_eq!(
        refusal(|it| it.call.key = CallKey::new("a\0b")).await,
        "the key of a call holds the character U+0000, which cannot be stored: leave it out"
    );
    assert_eq!(
        refusal(|it| it.call.at = moment(0)).await,
        "the moment 0 ms since 1970 is none that a book can hold: leave what has it out"
    );
    let huge = |it: &mut Observed| it.call.figures.usage.input = Tokens::new(u64::MAX);
    refusal(huge).await;
    assert_eq!(book(&store).await, "");
    accept(&store, vec![log("good", NOON, 4)]).await;
    assert_eq!(calls(&store).await.len(), 1);
}

async fn any_order_and_split_gives_the_same_book(engine: &Engine) {
    for seed in 1..=6_u64 {
        let mut random = Random::of(seed);
        let all = random.observations(60);
        let mut expected: BTreeMap<CallId, String> = BTreeMap::new();
        for call in metering::assemble(&all) {
            expected.insert(call.id, format!("{} {:?} {:?}", call.call.key, call.whereabouts, call.seen));
        }
        let mut texts = Vec::new();
        for _ in 0..2 {
            let engine = engine.another();
            let store = engine.store().await;
            for part in random.split(&all) {
                accept(&store, part).await;
            }
            let got: BTreeMap<CallId, String> = calls(&store)
                .await
                .into_iter()
                .map(|it| (it.id, format!("{} {:?} {:?}", it.key, *it.whereabouts, it.seen)))
                .collect();
            assert_eq!(got, expected, "seed {seed}");
            texts.push(book(&store).await);
            store.rebuild().await.unwrap();
            texts.push(book(&store).await);
        }
        assert!(texts.iter().all(|text| *text == texts[0]), "seed {seed}: {texts:#?}");
    }
}

async fn deliveries_side_by_side_are_all_kept(engine: &Engine) {
    let store = engine.store().await;
    let mut random = Random::of(11);
    let all = random.observations(200);
    let parts: Vec<Vec<Observed>> = (0..3).flat_map(|_| random.split(&all)).collect();
    let tasks: Vec<_> = parts
        .into_iter()
        .map(|part| {
            let store = store.clone();
            tokio::task::spawn(async move { accept(&store, part).await })
        })
        .collect();
    let mut told = 0;
    for task in tasks {
        let accepted = task.await.unwrap();
        told += accepted.new + accepted.corrected;
    }
    let mut different: Vec<Observed> = Vec::new();
    for it in all {
        if !different.contains(&it) {
            different.push(it);
        }
    }
    assert_eq!(usize::try_from(told).unwrap(), different.len());
    assert_eq!(calls(&store).await.len(), metering::assemble(&different).len());
    book(&store).await;
}

async fn a_delivery_that_fails_fails_alone(engine: &Engine) {
    let store = engine.store().await;
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let mut observed = vec![log(&format!("k{number}"), NOON + number, 4)];
            if number % 8 == 5 {
                // Known to be too much only when it is written.
                let mut huge = log("huge", NOON, 4);
                huge.call.figures.usage.cache_read = Tokens::new(u64::MAX);
                observed.push(huge);
            }
            let store = store.clone();
            tokio::task::spawn(async move { store.accept(delivery(observed)).await.is_ok() })
        })
        .collect();
    let mut kept = Vec::new();
    for (number, task) in tasks.into_iter().enumerate() {
        let is_kept = task.await.unwrap();
        assert_eq!(is_kept, number % 8 != 5, "{number}");
        if is_kept {
            kept.push(format!("k{number}"));
        }
    }
    let keys: Vec<_> = calls(&store).await.iter().map(|it| it.key.as_str().to_owned()).collect();
    assert_eq!(keys, kept);
    book(&store).await;
}

async fn what_was_acknowledged_is_there_for_another_process(engine: &Engine) {
    let store = engine.store().await;
    let other = engine.store().await;
    accept(&store, vec![log("a", NOON, 4)]).await;
    let expected = "0 a s ada@example.com log 4 0.005100000";
    assert_eq!(book(&other).await, expected);
    accept(&other, vec![log("b", NOON, 4)]).await;
    assert_eq!(sum(&store, Grain::Day, NOON, NOON + 1).await.calls, 2);
}

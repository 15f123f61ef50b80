//! What several kinds of source say of one call, and that the order of saying it
//! never matters. The reference is written another way: pairs instead of sets, and
//! the rules of the module's header one by one.

mod random;
mod reference;

use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Branch, Call, CallKey, Developer, Lineage, ModelName, Naming, NanoUsd, Observed, Origin,
    OutputConfidence, Place, Provider, ReporterId, RequestId, ServiceTier, SessionId, SourceKind, Terms,
    Timestamp, Tokens, Tool, ToolUse, ToolUses, TurnId, Usage, Witness,
};

use self::random::Random;
use super::{Matching, assemble, disagreements, names};
use crate::merge::join;

const NOON: i64 = 1_790_000_000_000;

/// An observation by a log, of a message with 100 tokens in and 20 out.
fn log(key: &str) -> Observed {
    said(SourceKind::Log, Naming::Provider, key)
}

fn otlp(key: &str) -> Observed {
    said(SourceKind::Otlp, Naming::Derived, key)
}

fn said(source: SourceKind, naming: Naming, key: &str) -> Observed {
    let at = Timestamp::from_millis(NOON);
    let place = Place::of(Tool::ClaudeCode, SessionId::new("s"));
    let witness = Witness { source, reporter: ReporterId::new("r"), developer: None, claimed: None };
    let figures = Figures {
        model: ModelName::new("claude-opus-4-8"),
        provider: None,
        usage: Usage { input: Tokens::new(100), output: Tokens::new(20), ..Usage::ZERO },
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        reported_cost: None,
        lineage: Lineage::Own,
        at,
        origin: Origin::default(),
    };
    Observed {
        witness: Arc::new(witness),
        naming,
        request: None,
        call: Call {
            key: CallKey::new(key),
            request: None,
            at,
            figures,
            owner: Owner { place: Arc::new(place), turn: None, lineage: Lineage::Own, at },
            tools: ToolUses::NONE,
        },
    }
}

trait Edit: Sized {
    fn edit(self, edit: impl FnOnce(&mut Self)) -> Self;
    fn request(self, request: &str) -> Self;
    fn later(self, millis: i64) -> Self;
    fn place(self, edit: impl FnOnce(&mut Place)) -> Self;
    fn by(self, developer: Option<&str>, claimed: Option<&str>) -> Self;
}

impl Edit for Observed {
    fn edit(mut self, edit: impl FnOnce(&mut Self)) -> Self {
        edit(&mut self);
        self
    }

    fn request(self, request: &str) -> Self {
        self.edit(|it| it.request = Some(RequestId::new(request)))
    }

    fn later(self, millis: i64) -> Self {
        self.edit(|it| {
            let at = Timestamp::from_millis(it.call.at.millis().checked_add(millis).unwrap());
            (it.call.at, it.call.figures.at, it.call.owner.at) = (at, at, at);
        })
    }

    fn place(self, edit: impl FnOnce(&mut Place)) -> Self {
        self.edit(|it| edit(Arc::make_mut(&mut it.call.owner.place)))
    }

    fn by(self, developer: Option<&str>, claimed: Option<&str>) -> Self {
        self.edit(|it| {
            let witness = Arc::make_mut(&mut it.witness);
            (witness.developer, witness.claimed) =
                (developer.map(Developer::new), claimed.map(Developer::new));
        })
    }
}

/// A line a call: `key, kinds that saw it, matching, input/output, members`.
fn check(observed: &[Observed], expected: &str) {
    let lines: Vec<String> = assemble(observed)
        .into_iter()
        .map(|it| {
            let seen: Vec<_> = it.seen.kinds().map(SourceKind::name).collect();
            let usage = it.call.figures.usage;
            let (key, how) = (&it.call.key, it.matching.name());
            format!("{key} {} {how} {}/{} {:?}", seen.join("+"), usage.input, usage.output, it.members)
        })
        .collect();
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn names_connect_through_others() {
    check(
        &[
            log("msg_1").request("req_1"),
            otlp("x").request("req_1"),
            log("msg_1"),
            otlp("y").request("req_2"),
        ],
        "msg_1 log+otlp by_id 100/20 [0, 1, 2]\ny otlp by_id 100/20 [3]",
    );
}

#[test]
fn what_one_kind_made_up_means_nothing_to_another() {
    let hook = said(SourceKind::Hook, Naming::Derived, "x").later(60_000);
    check(&[otlp("x"), hook, otlp("x")], "x otlp by_id 100/20 [0, 2]\nx hook by_id 100/20 [1]");
}

#[test]
fn counts_match_what_has_no_id_in_common() {
    check(&[log("msg_1"), otlp("x").later(1_900)], "msg_1 log+otlp by_tokens 100/20 [0, 1]");
    let whole = log("msg_1").request("req_1");
    check(&[whole, otlp("x").later(900)], "msg_1 log+otlp by_tokens 100/20 [0, 1]");
    let apart = "msg_1 log by_id 100/20 [0]\nx otlp by_id 100/20 [1]";
    check(&[log("msg_1"), otlp("x").later(5_001)], apart);
    check(&[log("msg_1"), otlp("x").later(5).place(|it| it.session = SessionId::new("t"))], apart);
    check(
        &[log("msg_1"), otlp("x").later(5).edit(|it| it.call.figures.usage.output = Tokens::new(21))],
        "msg_1 log by_id 100/20 [0]\nx otlp by_id 100/21 [1]",
    );
}

#[test]
fn what_the_provider_named_differently_is_never_matched() {
    let gateway = said(SourceKind::Gateway, Naming::Provider, "msg_2").later(1);
    check(&[log("msg_1"), gateway], "msg_1 log by_id 100/20 [0]\nmsg_2 gateway by_id 100/20 [1]");
    let (one, other) = (log("a").edit(|it| it.naming = Naming::Derived), otlp("b").later(1));
    check(&[one.request("req_1"), other.request("req_2")], "a log by_id 100/20 [0]\nb otlp by_id 100/20 [1]");
}

#[test]
fn the_nearest_go_together_and_each_once() {
    let codex = |key: &str, at| log(key).edit(|it| it.naming = Naming::Derived).later(at);
    check(
        &[codex("a", 0), codex("b", 3_000), otlp("x").later(2_500), otlp("y").later(400)],
        "a log+otlp by_tokens 100/20 [0, 3]\nb log+otlp by_tokens 100/20 [1, 2]",
    );
    check(
        &[codex("a", 0), otlp("x").later(1), otlp("y").later(2)],
        "a log+otlp by_tokens 100/20 [0, 1]\ny otlp by_id 100/20 [2]",
    );
}

#[test]
fn three_kinds_without_ids_are_one_call() {
    let gateway = said(SourceKind::Gateway, Naming::Derived, "g").later(900);
    check(
        &[log("a").edit(|it| it.naming = Naming::Derived), otlp("x").later(10), gateway],
        "g gateway+log+otlp by_tokens 100/20 [0, 1, 2]",
    );
}

#[test]
fn nothing_counted_matches_nothing() {
    let none = |it: Observed| it.edit(|it| it.call.figures.usage = Usage::ZERO);
    check(&[none(log("a")), none(otlp("x").later(1))], "a log by_id 0/0 [0]\nx otlp by_id 0/0 [1]");
}

#[test]
fn a_final_count_beats_a_placeholder_of_a_better_kind() {
    let placeholder = log("m").request("r").edit(|it| {
        it.call.figures.output = OutputConfidence::Placeholder;
        it.call.figures.usage.output = Tokens::new(1);
        it.call.figures.usage.cache_write_1h = Tokens::new(70);
        it.call.figures.usage.web_searches = 2;
        it.call.figures.terms.tier = ServiceTier::Priority;
    });
    let telemetry = otlp("x").request("r").edit(|it| {
        it.call.figures.usage.cache_write_5m = Tokens::new(70);
        it.call.figures.provider = Some(Provider::new("anthropic"));
        it.call.figures.reported_cost = Some(NanoUsd::new(5));
    });
    let calls = assemble(&[placeholder.clone(), telemetry.clone()]);
    let figures = &calls[0].call.figures;
    assert_eq!(figures.usage.output.count(), 20);
    assert_eq!((figures.usage.cache_write_5m.count(), figures.usage.cache_write_1h.count()), (0, 70));
    assert_eq!(figures.usage.web_searches, 2);
    assert_eq!(figures.terms.tier, ServiceTier::Priority);
    assert_eq!(figures.provider, Some(Provider::new("anthropic")));
    assert_eq!(figures.reported_cost, Some(NanoUsd::new(5)));
    assert_eq!(told(&[placeholder, telemetry]), ["output: otlp 20, log 1"]);
}

/// A line for each thing that sources disagree on.
fn told(observed: &[Observed]) -> Vec<String> {
    let line = |it: super::Disagreement| {
        let said: Vec<_> = it.said.iter().map(|it| format!("{} {}", it.source.name(), it.text)).collect();
        format!("{}: {}", it.what, said.join(", "))
    };
    disagreements(observed).into_iter().map(line).collect()
}

#[test]
fn sources_of_one_kind_disagree_too() {
    let of = |reporter: &str, output: u64, it: Observed| {
        it.edit(|it| {
            Arc::make_mut(&mut it.witness).reporter = ReporterId::new(reporter);
            it.call.figures.usage.output = Tokens::new(output);
        })
    };
    let laptop = of("laptop", 20, log("m").by(Some("ada"), None));
    let grown = of("laptop", 7, log("m").by(Some("ada"), None));
    assert_eq!(told(&[laptop.clone(), grown]), Vec::<String>::new(), "counts of one reporter grow");
    let other = of("build", 25, log("m").by(Some("ada"), None));
    assert_eq!(told(&[laptop.clone(), other]), ["output: log 25, log 20"]);
    let quoted = of("build", 3, log("m").by(Some("ada"), None));
    let quoted = quoted.edit(|it| it.call.figures.lineage = Lineage::Quoted);
    assert_eq!(told(&[laptop, quoted]), Vec::<String>::new());
}

#[test]
fn nobody_takes_a_call_away_by_an_earlier_moment() {
    let ada = log("m").by(Some("ada"), None);
    let eve = log("m").by(Some("eve"), None).later(-1_000).place(|it| it.session = SessionId::new("e"));
    let eve = eve.edit(|it| it.call.figures.usage.output = Tokens::new(9_000));
    let call = assemble(&[eve.clone(), ada.clone()]).remove(0);
    assert_eq!(call.whereabouts.developer, Some(Developer::new("ada")));
    assert_eq!((call.whereabouts.place.session.as_str(), call.call.at.millis()), ("s", NOON));
    assert_eq!(call.call.figures.usage.output.count(), 20);
    assert_eq!(told(&[eve.clone(), ada]), ["developer: log ada, log eve", "output: log 20, log 9000"]);

    // Nor by a name: what two kinds of source report with one credential stands.
    let zoe = log("m").request("r").by(Some("zoe"), None);
    let telemetry = otlp("x").request("r").by(Some("zoe"), None);
    let call = assemble(&[eve.clone(), zoe.clone(), telemetry.clone()]).remove(0);
    assert_eq!(call.whereabouts.developer, Some(Developer::new("zoe")));
    // The gateway knows with whose credential a call was made, whatever logs there are.
    let gateway = said(SourceKind::Gateway, Naming::Provider, "m").by(Some("eve"), None);
    let call = assemble(&[gateway, eve, zoe, telemetry]).remove(0);
    assert_eq!(call.whereabouts.developer, Some(Developer::new("eve")));
}

#[test]
fn the_place_is_the_originals_with_what_copies_know() {
    let copy = log("m").request("r").by(Some("copier@x"), None).place(|it| {
        it.session = SessionId::new("fork");
        it.branch = Some(Branch::new("main"));
    });
    let copy = copy.edit(|it| it.call.owner.lineage = Lineage::Copied);
    let telemetry = otlp("x").request("r").later(-7).by(None, Some("ada@x"));
    let call = assemble(&[copy, telemetry]).remove(0);
    let place = &call.whereabouts.place;
    assert_eq!((place.session.as_str(), place.branch.as_ref().map(Branch::as_str)), ("s", Some("main")));
    assert_eq!(call.whereabouts.developer, Some(Developer::new("copier@x")));
    assert_eq!(call.whereabouts.claimed, Some(Developer::new("ada@x")));
    assert_eq!(call.call.at.millis(), NOON - 7);
    assert_eq!(*place, call.call.owner.place);
}

#[test]
fn a_vendors_moment_is_believed_only_alone() {
    let vendor = said(SourceKind::Vendor, Naming::Provider, "m").later(-40_000_000);
    assert_eq!(assemble(std::slice::from_ref(&vendor))[0].call.at.millis(), NOON - 40_000_000);
    assert_eq!(assemble(&[vendor, log("m")])[0].call.at.millis(), NOON);
}

/// Calls without their members: positions change with the order.
fn book(observed: &[Observed]) -> Vec<super::Assembled> {
    let mut calls = assemble(observed);
    calls.iter_mut().for_each(|it| it.members.clear());
    calls
}

#[test]
fn a_turn_is_of_the_first_that_names_one_and_tools_are_of_all() {
    let uses = |ids: &[u64]| ToolUses::of(ids.iter().map(|id| ToolUse::new(*id, "Bash", 0)));
    let gateway = said(SourceKind::Gateway, Naming::Provider, "m").request("1");
    let log = log("m").request("1").edit(|it| {
        it.call.owner.turn = Some(TurnId::new(7));
        it.call.tools = uses(&[1, 2]);
    });
    let otlp = otlp("o").request("1").edit(|it| {
        it.call.owner.turn = Some(TurnId::new(9));
        it.call.tools = uses(&[2, 3]);
    });
    let calls = assemble(&[otlp, gateway, log]);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].call.owner.turn, Some(TurnId::new(7)));
    assert_eq!(calls[0].call.tools, uses(&[1, 2, 3]));
}

#[test]
fn any_order_and_repetition_gives_the_calls_of_the_reference() {
    for seed in 1..=3_000_u64 {
        let mut random = Random::of(seed);
        let mut observed = random.observations();
        let expected = reference::calls(&observed);
        assert_eq!(book(&observed), expected, "seed {seed}");
        for _ in 0..3 {
            random.disturb(&mut observed);
            assert_eq!(book(&observed), expected, "seed {seed}, in another order");
        }
    }
}

#[test]
fn the_names_lead_to_everything_that_matters() {
    for seed in 1..=2_000_u64 {
        let mut random = Random::of(seed);
        let observed = random.observations();
        let start = random.index(observed.len());
        let reached = reached(&observed, start);
        let whole = book(&observed);
        let part: Vec<Observed> = reached.iter().map(|index| observed[*index].clone()).collect();
        for call in book(&part) {
            assert!(whole.contains(&call), "seed {seed}: {call:#?}");
        }
    }
}

/// All that the index of a store leads to from one observation.
fn reached(observed: &[Observed], start: usize) -> Vec<usize> {
    let near = |a: &Observed, b: &Observed| {
        let (x, y) = (names(a), names(b));
        let moments = a.call.at.millis_since(b.call.at).abs() <= super::TOLERANCE_MILLIS;
        x.key == y.key
            || (x.request.is_some() && x.request == y.request)
            || (x.tokens.is_some() && x.tokens == y.tokens && moments && a.witness.source != b.witness.source)
    };
    let mut reached = vec![start];
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        next = next.checked_add(1).unwrap();
        for (index, one) in observed.iter().enumerate() {
            if !reached.contains(&index) && near(&observed[from], one) {
                reached.push(index);
            }
        }
    }
    reached
}

#[test]
fn logs_alone_give_what_joining_them_gives() {
    for seed in 1..=2_000_u64 {
        let mut random = Random::of(seed);
        let logs: Vec<Observed> = random
            .observations()
            .into_iter()
            .map(|it| {
                it.edit(|it| {
                    let witness = Arc::make_mut(&mut it.witness);
                    // One machine has one credential.
                    (witness.source, witness.developer) = (SourceKind::Log, None);
                    it.request = None;
                })
            })
            .collect();
        let mut expected: Vec<Call> = Vec::new();
        let mut kinds: Vec<Naming> = Vec::new();
        for it in &logs {
            let known = expected
                .iter()
                .zip(&kinds)
                .position(|(call, naming)| call.key == it.call.key && *naming == it.naming);
            match known {
                Some(place) => expected[place] = join(expected[place].clone(), it.call.clone()),
                None => {
                    expected.push(it.call.clone());
                    kinds.push(it.naming);
                }
            }
        }
        let mut got: Vec<Call> = assemble(&logs).into_iter().map(|it| it.call).collect();
        let order = |call: &Call| (call.at, call.key.clone(), format!("{call:?}"));
        got.sort_by_key(order);
        expected.sort_by_key(order);
        assert_eq!(got, expected, "seed {seed}");
    }
}

//! Any order, any repetition and any grouping of observations give the same call.

#![expect(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "small numbers of a generator")]

use std::sync::Arc;

use domain::{
    Call, CallKey, Lineage, ModelName, NanoUsd, Observation, Origin, OutputConfidence, Place, RequestId,
    SessionId, Terms, Timestamp, Tokens, Tool, ToolUse, ToolUses, TurnId, Usage,
};

use super::{Gathering, join, single};

fn place(session: &str) -> Arc<Place> {
    Arc::new(Place::of(Tool::ClaudeCode, SessionId::new(session)))
}

fn seen(session: &str, lineage: Lineage, at: i64, output: u64, cache_read: u64) -> Observation {
    Observation {
        key: CallKey::new("msg_1"),
        request: None,
        at: Timestamp::from_millis(at),
        model: ModelName::new("claude-opus-4-8"),
        provider: None,
        usage: Usage { output: Tokens::new(output), cache_read: Tokens::new(cache_read), ..Usage::ZERO },
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        lineage,
        place: place(session),
        turn: None,
        tools: ToolUses::NONE,
        reported_cost: None,
        origin: Origin::default(),
    }
}

fn fold(observations: &[Observation]) -> Call {
    let mut gathering = Gathering::default();
    for observation in observations {
        gathering.add(observation.clone());
    }
    gathering.take().remove(0)
}

/// `owner session, output, cache read, booked at`.
fn check(observations: &[Observation], expected: (&str, u64, u64, i64)) {
    let call = fold(observations);
    let usage = call.figures.usage;
    let got = (
        call.owner.place.session.as_str().to_owned(),
        usage.output.count(),
        usage.cache_read.count(),
        call.at.millis(),
    );
    assert_eq!((got.0.as_str(), got.1, got.2, got.3), expected);
}

#[test]
fn a_growing_output_count_ends_at_its_highest() {
    check(
        &[
            seen("a", Lineage::Own, 10, 1, 5),
            seen("a", Lineage::Own, 12, 900, 5),
            seen("a", Lineage::Own, 11, 4, 5),
        ],
        ("a", 900, 5, 10),
    );
}

#[test]
fn a_fork_does_not_take_the_call_from_its_session() {
    check(
        &[seen("a-fork", Lineage::Copied, 10, 900, 5), seen("b", Lineage::Own, 10, 900, 5)],
        ("b", 900, 5, 10),
    );
}

#[test]
fn an_unmarked_copy_takes_the_call_only_where_it_is_alike_in_everything() {
    let original = seen("b", Lineage::Own, 10, 900, 5);
    let written_later = seen("a", Lineage::Own, 11, 900, 5);
    let alike = seen("a", Lineage::Own, 10, 900, 5);
    for (copy, owner) in [(written_later, "b"), (alike, "a")] {
        check(&[original.clone(), copy.clone()], (owner, 900, 5, 10));
        check(&[copy, original.clone()], (owner, 900, 5, 10));
    }
}

#[test]
fn a_copy_that_alone_is_left_keeps_the_final_count() {
    check(&[seen("b", Lineage::Own, 10, 2, 5), seen("a", Lineage::Copied, 11, 900, 5)], ("b", 900, 5, 10));
}

#[test]
fn a_side_question_that_replays_its_parent_changes_nothing() {
    check(
        &[seen("a", Lineage::Sidechain, 99, 900, 7_000), seen("a", Lineage::Own, 10, 900, 5)],
        ("a", 900, 5, 10),
    );
}

#[test]
fn a_quotation_counts_only_where_nothing_else_is_left() {
    check(&[seen("a", Lineage::Quoted, 10, 3, 5)], ("a", 3, 5, 10));
    check(
        &[seen("a", Lineage::Quoted, 10, 950, 6), seen("a", Lineage::Sidechain, 11, 900, 5)],
        ("a", 900, 5, 10),
    );
}

#[test]
fn a_smaller_cache_with_the_final_count_wins_whole() {
    check(&[seen("a", Lineage::Own, 10, 2, 9_000), seen("a", Lineage::Own, 11, 900, 5)], ("a", 900, 5, 10));
}

/// A small generator, so that a failure names the seed that made it.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn random_observation(random: &mut Random) -> Observation {
    let lineage =
        [Lineage::Own, Lineage::Sidechain, Lineage::Copied, Lineage::Quoted][random.below(4) as usize];
    let session = ["a", "b", "c"][random.below(3) as usize];
    let mut seen = seen(session, lineage, random.below(4) as i64, random.below(3), random.below(3));
    seen.request = [None, Some("r1"), Some("r2")][random.below(3) as usize].map(RequestId::new);
    seen.usage.input = Tokens::new(random.below(2));
    seen.model = ModelName::new(["m1", "m2"][random.below(2) as usize]);
    seen.output = OutputConfidence::ALL[random.below(4) as usize];
    seen.reported_cost = (random.below(2) == 0).then(|| NanoUsd::new(random.below(2) as i64));
    seen.turn = [None, Some(1), Some(2)][random.below(3) as usize].map(TurnId::new);
    let uses = random.below(3);
    seen.tools = ToolUses::of((0..uses).map(|_| {
        ToolUse::new(random.below(3), ["Bash", "Read"][random.below(2) as usize], random.below(3) as u32)
    }));
    seen.origin = Origin { file: random.below(2) as u32, offset: random.below(2) };
    seen
}

#[test]
fn the_request_is_that_of_the_original() {
    let with = |lineage, request: Option<&str>| Observation {
        request: request.map(RequestId::new),
        ..seen("a", lineage, 1, 1, 0)
    };
    let own = with(Lineage::Own, Some("req_b"));
    let nameless = with(Lineage::Own, None);
    let aside = with(Lineage::Sidechain, Some("req_a"));
    for (observations, expected) in [
        (vec![own.clone(), nameless.clone()], Some("req_b")),
        (vec![own.clone(), with(Lineage::Copied, Some("req_c"))], Some("req_b")),
        (vec![aside.clone(), own], Some("req_b")),
        (vec![aside.clone(), nameless], None),
        (vec![aside], Some("req_a")),
    ] {
        assert_eq!(fold(&observations).request.as_ref().map(RequestId::as_str), expected);
    }
}

#[test]
fn each_line_of_a_message_adds_its_tools_and_the_first_says_the_turn() {
    let line = |at, turn: u64, id, name| Observation {
        turn: Some(TurnId::new(turn)),
        tools: ToolUses::of([ToolUse::new(id, name, 0)]),
        ..seen("a", Lineage::Own, at, 1, 0)
    };
    let unnamed = Observation { turn: None, ..line(10, 0, 3, "Edit") };
    let call = fold(&[line(11, 8, 1, "Bash"), unnamed, line(10, 7, 2, "Read"), line(11, 8, 1, "Bash")]);
    assert_eq!(call.owner.turn, Some(TurnId::new(7)));
    let uses: Vec<_> = call.tools.iter().map(|it| (it.id(), it.name())).collect();
    assert_eq!(uses, [(1, "Bash"), (2, "Read"), (3, "Edit")]);
}

#[test]
fn order_repetition_and_grouping_do_not_matter() {
    for seed in 1..=2_000_u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let count = 2 + random.below(6) as usize;
        let mut seen: Vec<_> = (0..count).map(|_| random_observation(&mut random)).collect();
        let expected = fold(&seen);
        for _ in 0..4 {
            for i in (1..seen.len()).rev() {
                seen.swap(i, random.below(i as u64 + 1) as usize);
            }
            let again = seen[random.below(seen.len() as u64) as usize].clone();
            seen.push(again);
            assert_eq!(fold(&seen), expected, "seed {seed}");
        }
        let cut = 1 + random.below(seen.len() as u64 - 1) as usize;
        let (left, right) = seen.split_at(cut);
        assert_eq!(join(fold(left), fold(right)), expected, "seed {seed}, cut at {cut}");
        assert_eq!(join(fold(right), fold(left)), expected, "seed {seed}, cut at {cut}, turned");
        assert_eq!(join(expected.clone(), single(seen[0].clone())), expected, "seed {seed}, one again");
    }
}

//! A day of a coding client against a hard budget, call by call, on a ledger and without
//! a clock: nothing is spent beyond the budget, and hardly anything is left when the
//! first call is refused.
//!
//! Calls are as Claude Code makes them: fifty kilobytes of prompt, cached but for what is
//! new, 128,000 tokens of output asked for and a few hundred used, now and then thousands.

use std::collections::VecDeque;
use std::fmt::Write as _;

use domain::{Period, Scope, Usage};
use jiff::tz::TimeZone;
use ledger::command::{Reserve, Set, Settle};
use ledger::{
    Actor, BudgetKey, Calendar, Command, IdempotencyKey, Ledger, Order, Policy, ReservationId, Subject, Terms,
};

use super::tests::{day, estimator, messages, reading};
use super::*;

const USD: i64 = 1_000_000_000;

/// A day that ends with the first refusal.
struct Day {
    ledger: Ledger,
    estimator: Estimator,
    request: Request,
    model: ResolvedModel,
    at: Timestamp,
    chance: u64,
    /// Bytes of the conversation, of which so many are in the provider's cache.
    bytes: u64,
    cached: u64,
    calls: u64,
}

/// A call that is sent.
struct Sent {
    id: ReservationId,
    request: Request,
    usage: Usage,
    cost: NanoUsd,
}

/// What the day came to.
struct Left {
    calls: u64,
    /// Of the budget, once all calls ended.
    left: NanoUsd,
    /// What the call that was refused costs at the least, if nothing of it is cached.
    refused: NanoUsd,
}

fn key() -> BudgetKey {
    BudgetKey::new(Scope::organisation(), Period::Ever)
}

impl Day {
    fn new(seed: u64, model: &str, cap: NanoUsd, unspent: NanoUsd) -> Self {
        let policy = Policy::new(Calendar::new(TimeZone::UTC));
        let at = day("2026-11-02");
        let (ledger, estimator) = (Ledger::whole(policy, []), estimator());
        let cache = r#","max_tokens":128000,"cache_control":{"type":"ephemeral"}"#;
        let request = messages(model, 0, cache);
        let model = estimator.known(&provider(request.dialect), &request.model).expect("a model").model;
        let mut day =
            Self { ledger, model, estimator, request, at, chance: seed, bytes: 50_000, cached: 0, calls: 0 };
        let order = Order {
            key: IdempotencyKey::new("set"),
            by: Actor { name: "dana".to_owned(), role: "admin".to_owned() },
            reason: "a test".to_owned(),
        };
        let terms = Terms::hard(cap);
        let spent_before = NanoUsd::new(cap.nano() - unspent.nano());
        day.command(&Command::Set(Set { order, budget: key(), terms, parent: None, spent_before }));
        day
    }

    fn command(&mut self, command: &Command) {
        let decision = self.ledger.decide(command, self.at).expect("granted");
        self.ledger.absorb(&decision.changes);
    }

    /// SplitMix64.
    fn below(&mut self, limit: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.chance;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) % limit
    }

    /// Tokens of a prompt: a token has 3.3 to 4.1 bytes.
    fn tokens(&mut self, bytes: u64) -> u64 {
        bytes * 10 / (33 + self.below(9))
    }

    fn answer(&mut self) -> u64 {
        match self.below(200) {
            0 => 10_000 + self.below(50_000),
            1..=10 => 2_000 + self.below(6_000),
            _ => 40 + self.below(900),
        }
    }

    /// The next call of the conversation, as the gateway makes it; none where it is refused.
    fn send(&mut self) -> Result<Sent, NanoUsd> {
        self.calls += 1;
        self.at = Timestamp::from_millis(self.at.millis() + 1_000);
        let mut request = self.request.clone();
        // As it is read from a body of that length.
        request.prompt.text_bytes = self.bytes;
        let tokens = self.tokens(self.bytes);
        let clamp = self.clamp(&request, tokens)?;
        request.output_limit = Some(clamp.output_limit);
        let id = ReservationId::new(&format!("call-{}", self.calls));
        let subject = Subject::unknown();
        let reserve = Reserve { id: id.clone(), subject, amount: clamp.amount, hold_ms: 600_000 };
        self.command(&Command::Reserve(reserve));
        let output = Tokens::new(self.answer().min(clamp.output_limit));
        let is_warm = self.below(30) > 0;
        let read = if is_warm { tokens * self.cached / self.bytes } else { 0 };
        let usage = Usage {
            cache_read: Tokens::new(read),
            cache_write_5m: Tokens::new(tokens - read),
            output,
            ..Usage::ZERO
        };
        let cost = self.cost(&usage);
        self.cached = self.bytes;
        self.bytes += 200 + self.below(1_000);
        if self.bytes > 60_000 {
            (self.bytes, self.cached) = (45_000, 20_000);
        }
        Ok(Sent { id, request, usage, cost })
    }

    fn clamp(&mut self, request: &Request, tokens: u64) -> Result<Clamp, NanoUsd> {
        let room = self.ledger.available(&Subject::unknown(), self.at).expect("a moment").expect("a budget");
        let mut estimate = self.estimator.worst_case(request, self.at, None).expect("a price");
        if estimate.wants_count(room) {
            estimate = self.estimator.worst_case(request, self.at, Some(tokens)).expect("a price");
        }
        estimate.modest(room).ok_or_else(|| {
            let cold =
                Usage { cache_write_5m: Tokens::new(tokens), ..super::usage_of(TokenClass::Output, FLOOR) };
            self.cost(&cold)
        })
    }

    fn cost(&self, usage: &Usage) -> NanoUsd {
        let price = self.estimator.pricer.price(Some(&self.model), self.at, usage, &domain::Terms::STANDARD);
        price.expect("a price").contract
    }

    fn end(&mut self, sent: Sent) {
        let Sent { id, request, usage, cost } = sent;
        self.command(&Command::Settle(Settle { id, cost }));
        self.estimator.learn(&request, &Reading { usage, ..reading(0, 0) });
        let counter = &self.ledger.budget(&key()).expect("a budget").counter;
        assert!(counter.committed() <= counter.allocation(), "more is spent than there is");
    }

    /// Until the first refusal, with so many calls at once.
    fn run(mut self, at_once: usize) -> Left {
        let mut sent = VecDeque::new();
        let refused = loop {
            match self.send() {
                Ok(call) => sent.push_back(call),
                Err(refused) => break refused,
            }
            if sent.len() >= at_once {
                let call = sent.pop_front().expect("a call");
                self.end(call);
            }
        };
        for call in sent {
            self.end(call);
        }
        let left = self.ledger.budget(&key()).expect("a budget").counter.left();
        Left { calls: self.calls, left, refused }
    }
}

/// One call after the other: what is left is at most 2 % of the budget, or less than the
/// refused call costs with the shortest answer if it misses the cache.
#[test]
fn hardly_anything_is_stranded() {
    let mut table = String::new();
    // Of a large budget only the last is spent here: the beginning is the same for all.
    let last = NanoUsd::new(20 * USD);
    for (model, caps) in
        [("claude-opus-5-5", &[1, 2, 5, 10, 20, 100, 1_000][..]), ("claude-haiku-4-5", &[1, 2, 5])]
    {
        for cap in caps {
            let (mut worst, seeds) = (0, if *cap > 5 { 1 } else { 4 });
            let cap = NanoUsd::new(cap * USD);
            for seed in 0..seeds {
                let Left { calls, left, refused } = Day::new(seed, model, cap, cap.min(last)).run(1);
                let count_error = refused.nano() / 50 + 1_000_000;
                let share = left.nano() * 1_000 / cap.nano();
                worst = worst.max(share);
                assert!(
                    share <= 20 || left.nano() <= refused.nano() + count_error,
                    "{model} seed {seed}: {left} of {cap} left after {calls} calls, refused {refused}"
                );
            }
            writeln!(table, "{model} {cap}: {}.{} % at most", worst / 10, worst % 10).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

/// Several at once: what calls hold that have not ended comes back, and is not much.
#[test]
fn calls_at_once_leave_room_for_each_other() {
    let mut table = String::new();
    for (at_once, cap) in [(4, 20), (16, 20), (16, 100), (64, 100)] {
        let cap = NanoUsd::new(cap * USD);
        let Left { calls, left, .. } = Day::new(7, "claude-opus-5-5", cap, cap).run(at_once);
        let share = left.nano() * 1_000 / cap.nano();
        writeln!(table, "{at_once} at once, {cap}: {}.{} % after {calls} calls", share / 10, share % 10)
            .unwrap();
    }
    insta::assert_snapshot!(table);
}

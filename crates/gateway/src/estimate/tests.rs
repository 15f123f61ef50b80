//! What calls of coding clients can cost, told in lines of text.

use std::fmt::Write as _;

use dialect::Route;
use domain::Lineage;
use domain::observation::{Origin, OutputConfidence, Place};
use domain::{CallKey, Day, SessionId, Terms, Tool};
use pricing::{Contract, PriceBook};

use super::*;

const ANTHROPIC: &str = "/v1/messages";
const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const GEMINI: &str = "/v1beta/models/gemini-2.5-pro:generateContent";

pub(super) fn day(text: &str) -> Timestamp {
    Day::parse(text).expect(text).start()
}

fn now() -> Timestamp {
    day("2026-11-02")
}

pub(super) fn estimator() -> Estimator {
    Estimator::new(Pricer::new(PriceBook::bundled().expect("a book"), None))
}

pub(super) fn request(path: &str, body: &str) -> Request {
    Request::read(&Route::of("POST", path), body.as_bytes()).expect(body)
}

/// A body of Messages with so many bytes of text.
pub(super) fn messages(model: &str, bytes: usize, rest: &str) -> Request {
    let text = "x".repeat(bytes);
    let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"{text}"}}]{rest}}}"#);
    request(ANTHROPIC, &body)
}

/// A response that states what it used.
pub(super) fn reading(input: u64, output: u64) -> Reading {
    Reading {
        usage: Usage { input: Tokens::new(input), output: Tokens::new(output), ..Usage::ZERO },
        input: Basis::Stated,
        output: Basis::Stated,
        output_bytes: 0,
        model: None,
        id: None,
        tier: None,
        speed: None,
        geo: None,
        stop: None,
        is_complete: true,
        error: None,
        advisors: Vec::new(),
        missed: 0,
    }
}

fn told(estimate: &Result<Estimate, Unpriced>) -> String {
    match estimate {
        Ok(it) => {
            let open = it.unbounded.map(|why| format!(", unbounded: {why:?}")).unwrap_or_default();
            let full = format!("{}/{}", it.model.provider(), it.model.model());
            format!("{full} in {} out {} = {}{open}", it.input_tokens, it.output_tokens, it.amount)
        }
        Err(unpriced) => format!("! {unpriced}"),
    }
}

#[test]
fn the_most_that_calls_can_cost() {
    let estimator = estimator();
    let mut all = String::new();
    for (path, body) in [
        (ANTHROPIC, r#"{"model":"claude-opus-5-5","max_tokens":1000,"messages":[]}"#),
        (ANTHROPIC, r#"{"model":"claude-opus-5-5","max_tokens":1000,"cache_control":{"type":"ephemeral"}}"#),
        (ANTHROPIC, r#"{"model":"claude-opus-5-5","max_tokens":1000,"cache_control":{"ttl":"1h"}}"#),
        (ANTHROPIC, r#"{"model":"claude-opus-5-5","max_tokens":1000,"speed":"fast"}"#),
        (ANTHROPIC, r#"{"model":"claude-opus-5-5","max_tokens":1000,"service_tier":"batch"}"#),
        (ANTHROPIC, r#"{"model":"claude-opus-5-5","max_tokens":1000,"inference_geo":"us"}"#),
        (ANTHROPIC, r#"{"model":"claude-opus-5-5"}"#),
        (ANTHROPIC, r#"{"model":"claude-haiku-4-5"}"#),
        (ANTHROPIC, r#"{"model":"no-such-model","max_tokens":1000}"#),
        (
            ANTHROPIC,
            r#"{"model":"claude-opus-5-5","max_tokens":1000,"tools":[{"type":"web_search_20250305","max_uses":8}]}"#,
        ),
        (
            ANTHROPIC,
            r#"{"model":"claude-opus-5-5","max_tokens":1000,"tools":[{"type":"advisor_20260301","name":"advisor"}]}"#,
        ),
        (
            ANTHROPIC,
            r#"{"model":"claude-opus-5-5","max_tokens":1000,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"AAAA"}},{"type":"document","source":{"type":"base64","data":"AAAA"}}]}]}"#,
        ),
        (
            ANTHROPIC,
            r#"{"model":"claude-opus-5-5","max_tokens":1000,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"x"}}]}]}"#,
        ),
        (CHAT, r#"{"model":"gpt-5","n":3,"max_completion_tokens":1000}"#),
        (CHAT, r#"{"model":"gpt-5","max_completion_tokens":1000,"service_tier":"priority"}"#),
        (CHAT, r#"{"model":"gpt-5","max_completion_tokens":1000,"service_tier":"flex"}"#),
        (RESPONSES, r#"{"model":"gpt-5-codex"}"#),
        (RESPONSES, r#"{"model":"gpt-5-codex","tools":[{"type":"web_search"}]}"#),
        (RESPONSES, r#"{"model":"gpt-5-codex","previous_response_id":"resp_1"}"#),
        (GEMINI, r#"{"contents":[]}"#),
    ] {
        writeln!(all, "{body}").unwrap();
        writeln!(all, "  {}", told(&estimator.worst_case(&request(path, body), now(), None))).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_providers_own_count_takes_the_place_of_bytes() {
    let estimator = estimator();
    let link = r#","max_tokens":9,"system":[{"type":"image","source":{"type":"url","url":"x"}}]"#;
    let request = messages("claude-opus-5-5", 50_000, link);
    let [guessed, counted] =
        [None, Some(14_000)].map(|it| estimator.worst_case(&request, now(), it).unwrap());
    assert!(!guessed.is_bounded() && guessed.wants_count(NanoUsd::new(i64::MAX)));
    assert!(counted.is_bounded());
    assert_eq!(counted.input_tokens, 14_000 + 14_000 / 64 + 64);
}

/// What a call cost never is more than its estimate, whatever the classes and thresholds.
#[test]
fn nothing_that_a_call_can_turn_out_to_be_costs_more() {
    let estimator = estimator();
    let models = ["claude-opus-5-5", "claude-sonnet-4", "gemini-2.5-pro", "gpt-5", "deepseek/deepseek-chat"];
    let ttl = r#","max_tokens":5000,"cache_control":{"ttl":"1h"}"#;
    for (model, at) in models.into_iter().flat_map(|it| [(it, now()), (it, day("2025-09-01"))]) {
        for bytes in [100, 50_000, 390_000, 410_000, 900_000] {
            let request = messages(model, bytes, ttl);
            let Some(known) = estimator.known(&provider(request.dialect), &request.model) else { continue };
            let Ok(estimate) = estimator.worst_case(&request, at, None) else { continue };
            for (class, tokens) in
                TokenClass::BILLED.into_iter().filter(|it| *it != TokenClass::Output).flat_map(|it| {
                    [1, 199_999, 200_000, 200_001, estimate.input_tokens].map(|tokens| (it, tokens))
                })
            {
                let mut usage = usage_of(class, tokens.min(estimate.input_tokens));
                usage.output = Tokens::new(5_000);
                let cost = estimator.pricer.price(Some(&known.model), at, &usage, &Terms::STANDARD);
                assert!(
                    cost.is_err() || cost.unwrap().contract <= estimate.amount,
                    "{model} {bytes} {usage:?}"
                );
            }
        }
    }
}

#[test]
fn a_price_that_changes_within_the_hour_counts_as_the_dearer_one() {
    let estimator = estimator();
    let request = request(CHAT, r#"{"model":"deepseek/deepseek-chat","max_tokens":1000000}"#);
    let at = |minutes: i64| {
        let at = Timestamp::from_millis(day("2025-06-02").millis() + minutes * 60_000);
        estimator.worst_case(&request, at, None).unwrap().amount
    };
    // Off-peak ends at half past midnight.
    let (cheap, dear) = (at(23 * 60 - 24 * 60), at(12 * 60));
    assert!(cheap < dear);
    assert_eq!(at(0), dear);
    assert_eq!(at(15), dear);
}

#[test]
fn a_contract_lowers_what_is_held() {
    let contract =
        Contract::parse("name = \"Acme\"\n[[price]]\nprovider = \"anthropic\"\nmultiplier = \"0.5\"\n");
    let pricer = Pricer::new(PriceBook::bundled().unwrap(), Some(contract.unwrap()));
    let request = messages("claude-opus-5-5", 5_000, r#","max_tokens":1000"#);
    let list = estimator().worst_case(&request, now(), None).unwrap().amount;
    let contract = Estimator::new(pricer).worst_case(&request, now(), None).unwrap().amount;
    assert_eq!(contract.nano() * 2, list.nano());
}

/// The limit is the largest that fits: one token more costs more than there is.
#[test]
fn a_limit_that_fits_is_the_largest_that_does() {
    let estimator = estimator();
    let rest = r#","max_tokens":128000,"cache_control":{"ttl":"1h"}"#;
    for request in [
        messages("claude-opus-5-5", 5_000, rest),
        messages("gpt-5", 5_000, rest),
        request(GEMINI, r#"{"contents":[],"generationConfig":{"candidateCount":3}}"#),
    ] {
        let Ok(estimate) = estimator.worst_case(&request, now(), None) else { continue };
        assert_eq!(estimate.fitting(NanoUsd::new(estimate.least().nano() - 1)), None);
        let mut room = estimate.least().nano();
        while room < estimate.amount.nano() {
            let Clamp { output_limit, amount } = estimate.fitting(NanoUsd::new(room)).unwrap();
            assert!((FLOOR..estimate.limits.asked).contains(&output_limit));
            assert!(amount.nano() <= room);
            assert_eq!(estimate.price(output_limit), Some(amount));
            assert!(estimate.price(output_limit + 1).unwrap().nano() > room);
            room += 7_654_321;
        }
        let whole = Clamp { output_limit: estimate.limits.asked, amount: estimate.amount };
        assert_eq!(estimate.fitting(estimate.amount), Some(whole));
        assert_eq!(estimate.modest(NanoUsd::new(i64::MAX)), Some(whole));
    }
}

#[test]
fn limits_have_a_floor() {
    let estimator = estimator();
    let floor = |rest: &str| {
        let estimate = estimator.worst_case(&messages("claude-opus-5-5", 9, rest), now(), None).unwrap();
        estimate.fitting(estimate.least()).map(|it| it.output_limit)
    };
    assert_eq!(floor(r#","max_tokens":128000"#), Some(256));
    assert_eq!(floor(r#","max_tokens":100"#), Some(100));
    assert_eq!(floor(r#","max_tokens":9000,"thinking":{"budget_tokens":4000}"#), Some(4_256));
    assert_eq!(floor(r#","max_tokens":4100,"thinking":{"budget_tokens":4000}"#), Some(4_100));
    let compact = request("/v1/responses/compact", r#"{"model":"gpt-5","input":"x"}"#);
    let compact = estimator.worst_case(&compact, now(), None).unwrap();
    assert_eq!(compact.fitting(NanoUsd::new(compact.amount.nano() - 1)), None);
    assert_eq!(compact.least(), compact.amount);
}

/// Many calls at once leave room for each other.
#[test]
fn a_modest_limit_leaves_room_for_others() {
    let estimator = estimator();
    let request = messages("claude-opus-5-5", 5_000, r#","max_tokens":128000"#);
    let estimate = estimator.worst_case(&request, now(), None).unwrap();
    let mut room = 100_000_000_000;
    let mut limits = Vec::new();
    while let Some(clamp) = estimate.modest(NanoUsd::new(room)) {
        room -= clamp.amount.nano();
        limits.push(clamp.output_limit);
    }
    assert!(limits.windows(2).all(|pair| pair[0] >= pair[1]));
    assert_eq!(limits.iter().filter(|limit| **limit >= MODEST_OUTPUT).count(), limits.len() - 1);
    assert!(limits.len() > 100, "{limits:?}");
}

#[test]
fn what_is_learned_makes_the_bound_tighter() {
    let estimator = estimator();
    let request = messages("claude-opus-5-5", 50_000, r#","max_tokens":128000"#);
    let at_most = || estimator.worst_case(&request, now(), None).unwrap().input_tokens;
    let unlearned = at_most();
    assert_eq!(unlearned, 50_030 / 2 + 64);
    let learn = |bytes, tokens| {
        estimator.learn(&messages("claude-opus-5-5-20261001", bytes, ""), &reading(tokens, 300));
    };
    for _ in 0..31 {
        learn(50_000, 14_000);
    }
    assert_eq!(at_most(), unlearned, "too little was learned");
    learn(50_000, 14_500);
    assert!((14_500..17_000).contains(&at_most()), "{}", at_most());
    // What was dense once is forgotten in time.
    learn(50_000, 40_000);
    assert!(at_most() > 40_000);
    for _ in 0..600 {
        learn(50_000, 14_000);
    }
    // An eighth more, and what is rounded up.
    assert_eq!(at_most(), 16_002);
    let short = estimator.worst_case(&messages("claude-opus-5-5", 1_000, ""), now(), None).unwrap();
    assert!((64..600).contains(&short.input_tokens), "{}", short.input_tokens);
}

#[test]
fn what_teaches_nothing_is_left_out() {
    let estimator = estimator();
    let rest = r#","tools":[{"type":"web_search_20250305"}]"#;
    for _ in 0..100 {
        estimator.learn(&messages("claude-opus-5-5", 50_000, rest), &reading(90_000, 0));
        let unknown = Reading { input: Basis::Unknown, output: Basis::Estimated, ..reading(1, 9) };
        estimator.learn(&messages("claude-opus-5-5", 50_000, ""), &unknown);
    }
    let request = messages("claude-opus-5-5", 50_000, "");
    assert_eq!(estimator.worst_case(&request, now(), None).unwrap().input_tokens, 50_030 / 2 + 64);
}

#[test]
fn what_is_likely_follows_what_was() {
    let estimator = estimator();
    let request = messages("claude-opus-5-5", 49_970, r#","max_tokens":128000"#);
    let likely =
        |tokens: u64, output: u64| NanoUsd::new(i64::try_from(tokens * 4_000 + output * 20_000).unwrap());
    assert_eq!(estimator.likely(&request, now()), Ok(likely(16_667, 4_096)));
    for _ in 0..100 {
        estimator.learn(&request, &reading(12_500, 300));
    }
    assert_eq!(estimator.likely_input(&request), 12_500);
    assert_eq!(estimator.likely(&request, now()), Ok(likely(12_500, 319)));
    let brief = messages("claude-opus-5-5", 49_970, r#","max_tokens":10"#);
    assert_eq!(estimator.likely(&brief, now()), Ok(likely(12_500, 10)));
}

#[test]
fn answers_that_were_cut_off_were_longer() {
    let mut answers = learned::Answers::default();
    assert_eq!(answers.quantile(950), None);
    for tokens in 0..1_000 {
        answers.add(tokens);
    }
    for (permille, least) in [(1, 0), (500, 499), (950, 949), (1_000, 999)] {
        let quantile = answers.quantile(permille).unwrap();
        assert!((least..=least + least / 4 + 1).contains(&quantile), "{permille}: {quantile}");
    }
    let cut = |stop: &str| is_cut_off(&Reading { stop: Some(Box::from(stop)), ..reading(1, 1) });
    assert!(cut("max_tokens") && cut("length") && !cut("end_turn"));
}

#[test]
fn a_cost_is_what_the_book_says() {
    let estimator = estimator();
    let observation = Observation {
        key: CallKey::new("msg_1"),
        request: None,
        at: now(),
        model: ModelName::new("claude-opus-5-5"),
        provider: Some(Provider::new("anthropic")),
        usage: Usage { cache_read: Tokens::new(1_000_000), ..usage_of(TokenClass::Output, 1_000_000) },
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        lineage: Lineage::Own,
        place: Arc::new(Place::of(Tool::ClaudeCode, SessionId::new("s"))),
        turn: None,
        tools: domain::ToolUses::NONE,
        reported_cost: None,
        origin: Origin::default(),
    };
    assert_eq!(estimator.cost(&observation), Ok(NanoUsd::new(20_200_000_000)));
    assert_eq!(
        estimator.cost(&Observation { provider: None, ..observation.clone() }),
        Ok(NanoUsd::new(20_200_000_000))
    );
    let unknown = Observation { model: ModelName::new("nobody"), ..observation };
    assert_eq!(estimator.cost(&unknown), Err(Unpriced::UnknownModel));
}

#[test]
fn names_without_end_are_forgotten() {
    let estimator = estimator();
    for number in 0..NAMES_LIMIT + 9 {
        let name = ModelName::new(&format!("gateway-{number}/claude-opus-5-5"));
        assert!(estimator.known(&Provider::new("anthropic"), &name).is_some());
    }
    assert_eq!(estimator.names.read().unwrap().len(), 9);
    assert_eq!(estimator.learned.lock().unwrap().len(), 1);
}

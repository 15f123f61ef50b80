//! What is allowed, and how a refusal is worded.

use dialect::{Request, Route};
use domain::Timestamp;
use pricing::{PriceBook, Pricer};

use super::*;
use crate::estimate::Estimator;

fn check(policy: &Policy, model: &str, expected: &str) {
    let body = format!(r#"{{"model":"{model}","max_tokens":128000,"messages":[]}}"#);
    let request = Request::read(&Route::of("POST", "/v1/messages"), body.as_bytes()).unwrap();
    let estimator = Estimator::new(Pricer::new(PriceBook::bundled().unwrap(), None));
    let at = Timestamp::from_millis(1_793_000_000_000);
    let claims = Claims { model: model.to_owned(), ..Claims::default() };
    let told = match policy.judge(&claims, &estimator.worst_case(&request, at, None).unwrap()) {
        Ok(()) => "allowed".to_owned(),
        Err(forbidden) => format!("{}: {forbidden}", forbidden.code),
    };
    assert_eq!(told, expected, "{model}");
}

#[test]
fn models_are_allowed_by_their_names() {
    check(&Policy::default(), "claude-opus-5-5", "allowed");
    let models = vec!["anthropic/claude-haiku-*".to_owned(), "claude-sonnet-*".to_owned()];
    let policy = Policy { models, ..Policy::default() };
    check(&policy, "claude-haiku-4-5-20251001", "allowed");
    check(&policy, "claude-sonnet-4-5[1m]", "allowed");
    let refused = "model_not_allowed: the model anthropic/claude-opus-5-5 is not allowed here; these are: \
                   anthropic/claude-haiku-*, claude-sonnet-*. Choose one of them";
    check(&policy, "claude-opus-5-5", refused);
    // It is what is served that counts, not what stands before it.
    check(&policy, "claude-sonnet-x/claude-opus-5-5", refused);
}

#[test]
fn a_call_is_refused_where_no_answer_is_short_enough() {
    let at_most = |nano| Policy { most_per_call: Some(NanoUsd::new(nano)), ..Policy::default() };
    check(&at_most(5_380_000), "claude-opus-5-5", "allowed");
    check(
        &at_most(5_000_000),
        "claude-opus-5-5",
        "call_too_dear: this call of claude-opus-5-5 can cost 0.005380000 USD with the shortest answer, and a call \
         may cost 0.005000000 here. Shorten the conversation, or ask whoever runs this gateway for more",
    );
}

#[test]
fn the_room_is_the_least_of_all() {
    let [five, nine] = [5, 9].map(NanoUsd::new);
    let policy = Policy { most_per_call: Some(five), ..Policy::default() };
    assert_eq!(policy.room(None), Some(five));
    assert_eq!(policy.room(Some(nine)), Some(five));
    assert_eq!(policy.room(Some(NanoUsd::ZERO)), Some(NanoUsd::ZERO));
    assert_eq!(Policy::default().room(None), None);
}

//! A simulated organisation: what is planted is found, and forecasts come true as often
//! as they say.

#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a simulation of small numbers, which an example shares"
)]

mod futures;
mod organisation;
mod score;

use organisation::{Character, Organisation};
use score::{Score, score};

const CHARACTER: Character = Character { growth: 0.4, scatter: 0.6 };

#[test]
fn what_is_planted_is_found_and_little_else() {
    let sum = (1..=5)
        .map(|seed| score(&Organisation::new(seed, 182, CHARACTER)))
        .fold(Score::default(), Score::plus);
    for seed in 1..=5 {
        let of = Organisation::new(seed, 182, CHARACTER);
        println!("seed {seed}: false {:?}, missed {:?}", score::false_alarms(&of), score::missed(&of));
    }
    println!("{sum:?}: precision {} %, recall {} %", sum.precision(), sum.recall());
    assert!(sum.precision() >= 70, "{sum:?}");
    assert!(sum.recall() >= 85, "{sum:?}");
}

#[test]
fn a_quiet_organisation_is_left_in_peace() {
    let mut quiet = Organisation::new(7, 182, Character { growth: 0.0, scatter: 0.4 });
    quiet.planted.clear();
    let told = score::find(&quiet).told;
    // The planted is in the book, so only what nobody planted counts.
    assert!(told.len() <= 20, "{}", told.len());
}

#[test]
fn intervals_hold_about_as_often_as_they_say() {
    let of = futures::many(24, Character { growth: 0.8, scatter: 0.75 });
    println!("{} asked, {} % off, {} % said", of.asked, of.error_percent, of.said_percent);
    assert!((65..=97).contains(&of.within_percent), "{of:?}");
    assert!(of.error_percent <= 15, "{of:?}");
}

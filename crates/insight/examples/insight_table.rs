//! Prints how well anomalies and forecasts do on simulated organisations of many seeds:
//! `cargo run --release -p insight --example insight_table`.

#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a program that measures: what fails in here fails the measurement"
)]

#[path = "../tests/futures.rs"]
mod futures;
#[path = "../tests/organisation.rs"]
mod organisation;
#[path = "../tests/score.rs"]
mod score;

use organisation::{Character, Organisation};
use score::Score;

const SEEDS: u64 = 40;
/// Where the seeds begin that nothing was tuned on.
const HELD_OUT: u64 = 500;

fn main() {
    println!("anomalies of {SEEDS} organisations of 40 developers over 126 days, 13 planted in each");
    println!("seeds     growth  scatter  told  right  precision  recall");
    for (seeds, from) in [("tuned", 0), ("held out", HELD_OUT)] {
        for (growth, scatter) in [(0.0, 0.5), (0.4, 0.6), (0.4, 0.75), (1.0, 0.75), (0.4, 1.0)] {
            let character = Character { growth, scatter };
            let all = from..from + SEEDS;
            let scores = all.map(|seed| score::score(&Organisation::new(seed, 182, character)));
            let sum = scores.fold(Score::default(), Score::plus);
            println!(
                "{seeds:8} {growth:7.1} {scatter:8.2} {:5} {:6} {:8} % {:5} %",
                sum.told,
                sum.right,
                sum.precision(),
                sum.recall()
            );
        }
    }
    let of = Organisation::new(1, 182, Character { growth: 0.4, scatter: 0.75 });
    println!("of the first: false {:?}, missed {:?}", score::false_alarms(&of), score::missed(&of));
    println!();
    println!("forecasts of a month from its first days");
    println!("growth  asked  error  said  within the interval of 80 %");
    for growth in [0.0, 0.4, 0.8, 2.0] {
        let it = futures::many(SEEDS, Character { growth, scatter: 0.75 });
        println!(
            "{growth:6.1} {:6} {:4} % {:3} % {:5} %",
            it.asked, it.error_percent, it.said_percent, it.within_percent
        );
    }
}

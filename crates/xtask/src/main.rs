//! Chores of the house: `cargo xtask COMMAND`, one file a command.

mod prices;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask COMMAND

  prices [--check]  writes the price book from its inputs, or checks that it is up to date
  tidy              checks the house rules that no compiler checks";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["prices"] => prices::run(false),
        ["prices", "--check"] => prices::run(true),
        ["tidy"] => tidy::run(),
        _ => Err(anyhow::anyhow!(USAGE)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the one place where a failure is told")]
fn report(message: &str) {
    eprintln!("{message}");
}

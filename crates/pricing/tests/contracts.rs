//! What a contract file makes of list prices, and what it refuses.

use domain::{ModelName, PicoUsd, Terms, Tokens, Usage};
use pricing::{Contract, PriceBook, Pricer};

use crate::support::{moment, terms};

const EXAMPLE: &str = include_str!("../../../docs/examples/contract.toml");

fn million(input: u64, output: u64, cache_read: u64) -> Usage {
    let mega = |millions: u64| Tokens::new(millions * 1_000_000);
    Usage { input: mega(input), output: mega(output), cache_read: mega(cache_read), ..Usage::ZERO }
}

/// List and contract price in USD, under the contract.
#[track_caller]
fn check(contract: &str, (model, at): (&str, &str), usage: &Usage, terms: Terms, expected: (&str, &str)) {
    let contract = Contract::parse(contract).expect("a contract");
    let pricer = Pricer::new(PriceBook::bundled().expect("the embedded book"), Some(contract));
    let resolved = pricer.resolve(&ModelName::new(model), None);
    let price = pricer.price(resolved.as_ref(), moment(at), usage, &terms).expect("a price");
    let told = (price.list.to_cents_string(), price.contract.to_cents_string());
    assert_eq!((told.0.as_str(), told.1.as_str()), expected, "{model} {at}");
}

#[test]
fn the_example_does_what_it_says() {
    let (standard, batch) = (Terms::STANDARD, terms(Some("batch"), None, None));
    let one_each = million(1, 1, 1);
    let check = |call, usage: &Usage, terms, expected| check(EXAMPLE, call, usage, terms, expected);
    // Own rates: 3.40 + 17 + 0.17 for 4 + 20 + 0.20.
    check(("claude-opus-5-5", "2026-11-10"), &one_each, standard, ("24.20", "20.57"));
    check(("claude-opus-5-5", "2026-11-10"), &one_each, batch, ("12.10", "10.29"));
    // Before the contract, and after it.
    check(("claude-opus-5-5", "2026-09-30"), &one_each, standard, ("24.20", "24.20"));
    check(("claude-opus-5-5", "2027-10-01"), &one_each, standard, ("24.20", "24.20"));
    // 15 % off the rest of Anthropic.
    check(("claude-sonnet-5", "2026-11-10"), &one_each, standard, ("12.20", "10.37"));
    // Own rates for long prompts, and a class that the contract does not name.
    check(("gpt-6-sol", "2026-11-10"), &one_each, standard, ("19.40", "17.50"));
    // Another provider's price for the same model.
    check(("us.anthropic.claude-sonnet-5", "2026-11-10"), &one_each, standard, ("13.42", "12.35"));
    // No term of the contract is for it.
    check(("gemini-4-argon", "2026-11-10"), &one_each, standard, ("12.10", "12.10"));
}

#[test]
fn own_rates_without_long_ones_are_for_short_prompts() {
    let contract = "name = \"c\"\n[[price]]\nmodel = \"claude-haiku-5-5\"\nrates = { input = \"0.08\" }";
    let short = Usage { input: Tokens::new(100_000), ..Usage::ZERO };
    let long = million(1, 0, 0);
    let call = ("claude-haiku-5-5", "2026-11-10");
    check(contract, call, &short, Terms::STANDARD, ("0.01", "0.01"));
    check(contract, call, &long, Terms::STANDARD, ("0.50", "0.50"));
}

#[test]
fn commitments_are_kept() {
    let contract = Contract::parse(EXAMPLE).expect("the example");
    let [commitment] = contract.commitments() else { panic!("one commitment") };
    assert_eq!(Ok(commitment.amount), "250000".parse::<PicoUsd>());
    assert_eq!(commitment.until.to_string(), "2027-10-01");
    assert_eq!(contract.name(), "Example agreements 2026");
    assert_eq!(contract.digest().len(), 64);
}

#[test]
fn a_bad_contract_is_refused_with_its_place() {
    for (text, told) in [
        ("", "missing field `name`"),
        ("name = \"c\"\nprices = []", "unknown field `prices`"),
        ("name = \"c\"\n[[price]]\nmodel = \"m\"", "[[price]] number 1 has neither a multiplier nor a rate"),
        ("name = \"c\"\n[[price]]\nmultiplier = \"15%\"", "`multiplier = \"15%\"` is not a factor"),
        (
            "name = \"c\"\n[[price]]\nmultiplier = \"0.9\"\nfrom = \"1 July\"",
            "`from = \"1 July\"` is not a day",
        ),
        ("name = \"c\"\n[[price]]\nrates = { input = \"-1\" }", "`input = \"-1\"` is not a price"),
        ("name = \"c\"\n[[price]]\nrates = { inputs = \"1\" }", "unknown field `inputs`"),
        (
            "name = \"c\"\n[[price]]\nmultiplier = \"0.9\"\nfrom = \"2026-07-01\"\nuntil = \"2026-07-01\"",
            "is not after `from`",
        ),
        (
            "name = \"c\"\n[[price]]\nmultiplier = \"0.9\"\n[[price]]\nmultiplier = \"x\"",
            "[[price]] number 2",
        ),
        (
            "name = \"c\"\n[[commitment]]\nprovider = \"p\"\namount_usd = \"0\"\nfrom = \"2026-07-01\"\nuntil = \"2027-07-01\"",
            "is not a positive amount",
        ),
    ] {
        let error = Contract::parse(text).expect_err(text).to_string();
        assert!(error.contains(told), "{text}\ntold: {error}");
    }
}

#[test]
fn patterns_fit_whole_names() {
    for (pattern, fits) in [
        ("claude-opus-5-5", true),
        ("claude-*", true),
        ("*", true),
        ("*opus*", true),
        ("claude-*-5", true),
        ("*-5-5", true),
        ("claude-opus-5", false),
        ("opus*", false),
        ("claude-*-6", false),
        ("*sonnet*", false),
    ] {
        let text = format!("name = \"c\"\n[[price]]\nmodel = \"{pattern}\"\nmultiplier = \"0.5\"");
        let contract = Contract::parse(&text).expect("a contract");
        let term = contract.term("anthropic", "claude-opus-5-5", moment("2026-11-10"));
        assert_eq!(term.is_some(), fits, "{pattern}");
    }
}

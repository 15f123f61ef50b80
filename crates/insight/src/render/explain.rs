//! `bursar explain` for people: every step of a computation on a line of its own.

use domain::{PicoUsd, TokenClass};
use jiff::tz::TimeZone;
use pricing::Derivation;
use pricing::derivation::{Lines, Total};

use crate::book::UNKNOWN;
use crate::calendar;
use crate::explain::{CALLS_IN_FULL, ExplainedCall, sum_of};
use crate::table::{Column, Field, Kind, Table, Terminal, Tone, fact, printable, prose};
use crate::text::{counted, thousands};
use crate::turns::Belonging;

/// Columns for the names of facts: the longest is `cost_centre`, and a gap follows it.
const NAMES_WIDTH: usize = 13;

/// The calls with their accounts as text of at most that width. Times are in the zone.
#[must_use]
pub fn explain_text(calls: &[ExplainedCall<'_>], zone: &TimeZone, terminal: &Terminal) -> String {
    let mut out = String::new();
    for (place, it) in calls.iter().take(CALLS_IN_FULL).enumerate() {
        if place > 0 {
            out.push('\n');
        }
        out.push_str(&one(it, zone, terminal));
    }
    if calls.len() > 1 {
        let count = u64::try_from(calls.len()).unwrap_or(u64::MAX);
        let sum = match sum_of(calls) {
            Ok((sum, 0)) => format!("${sum}"),
            Ok((sum, unpriced)) => format!("${sum}, and {unpriced} without a price"),
            Err(overflow) => overflow.to_string(),
        };
        let text = format!("\n{}: {sum}", counted(count, "call", "calls"));
        out.push_str(&terminal.tint(Tone::Strong, &text));
        out.push('\n');
        if let Some(more @ 1..) = calls.len().checked_sub(CALLS_IN_FULL) {
            let note = format!("{more} of them are not shown; `--format json` has them all.");
            out.push_str(&prose(&note, terminal));
        }
    }
    out
}

fn one(it: &ExplainedCall<'_>, zone: &TimeZone, terminal: &Terminal) -> String {
    let call = it.call;
    let mut out = terminal.tint(Tone::Strong, &printable(&format!("Call {}", call.key)));
    out.push('\n');
    let mut fact = |name: &str, text: &str| out.push_str(&fact(name, NAMES_WIDTH, text, terminal));
    fact("when", &calendar::rfc3339(call.at, zone).unwrap_or_default());
    fact("session", &format!("{} ({})", call.owner.place.session, call.owner.place.tool.name()));
    if let Some((Belonging { turn: Some(turn), by_moment }, count)) = it.turn {
        let so = if by_moment { ", by its moment" } else { "" };
        fact("turn", &format!("{turn} of {count}{so}"));
    }
    if !call.tools.is_empty() {
        let named =
            |(name, uses): (&str, u64)| if uses > 1 { format!("{name} x {uses}") } else { name.to_owned() };
        let tools: Vec<String> = call.tools.by_name().into_iter().map(named).collect();
        fact("tools", &tools.join(", "));
    }
    for (dimension, answer) in it.attribution.answers() {
        if let Some((value, evidence)) = answer {
            let text = format!("{value} ({}: {})", evidence.confidence().name(), evidence.describe());
            fact(dimension.name(), &text);
        }
    }
    let unknown = it.attribution.answers().into_iter().filter(|it| it.1.is_none() && !it.0.is_of_directory());
    let unknown: Vec<&str> = unknown.map(|it| it.0.name()).collect();
    if !unknown.is_empty() {
        fact(UNKNOWN, &unknown.join(", "));
    }
    fact("model", call.figures.model.as_str());
    if let Some(file) = it.file {
        fact("read from", &format!("{file}, byte {}", call.figures.origin.offset));
    }
    if call.figures.output.may_be_low() {
        fact("output", &format!("may be too low: {}", call.figures.output.reason()));
    }
    if let Some(reported) = call.figures.reported_cost {
        fact("the tool", &format!("says ${reported}, which is not used"));
    }
    match &it.price {
        Ok(derivation) => out.push_str(&account(derivation, terminal)),
        Err(why) => {
            let prompt = call.figures.usage.prompt().map_or(u64::MAX, domain::Tokens::count);
            let output = thousands(u128::from(call.figures.usage.output.count()));
            let prompt = thousands(u128::from(prompt));
            let text = format!("No price: {why} ({prompt} tokens in, {output} out).");
            out.push_str(&terminal.tint(Tone::Alarm, prose(&text, terminal).trim_end()));
            out.push('\n');
        }
    }
    out
}

/// The account of one price.
fn account(it: &Derivation, terminal: &Terminal) -> String {
    let mut out = String::new();
    let mut fact = |name: &str, text: &str| out.push_str(&fact(name, NAMES_WIDTH, text, terminal));
    let listed = if it.listed_under == it.provider {
        String::new()
    } else {
        format!(", at the prices of {}", it.listed_under)
    };
    fact("price of", &format!("{} at {}{listed}{}", it.model, it.provider, in_force(it)));
    fact("source", &it.source);
    if let Some(threshold) = it.threshold {
        let (prompt, threshold) =
            (thousands(u128::from(it.prompt.count())), thousands(u128::from(threshold.count())));
        fact(
            "threshold",
            &format!(
                "the prompt of {prompt} tokens is longer than {threshold}: every token has the long-context rate"
            ),
        );
    }
    for modifier in &it.modifiers {
        fact(modifier.kind.name(), &modifier.source);
    }
    out.push('\n');
    let mut table = sums(&it.lines, it);
    let rate = it.web_search_rate.map(|it| format!("${it} / k")).unwrap_or_default();
    push_searches(&mut table, it.web_searches, &rate, it.web_search_amount);
    finish(&mut table, "list price", &it.list);
    out.push_str(&table.print(terminal).text);
    if let Some(contract) = &it.contract {
        let note = if contract.note.is_empty() { String::new() } else { format!(", {}", contract.note) };
        let term = format!("{}{note}: {} at {}", contract.name, contract.model, contract.provider);
        out.push('\n');
        out.push_str(&crate::table::fact("contract", NAMES_WIDTH, &term, terminal));
        out.push('\n');
        let mut table = sums(&contract.lines, it);
        push_searches(&mut table, it.web_searches, "", contract.web_search_amount);
        table.push(line("multiplier", "", &format!("x {}", contract.multiplier), ""));
        finish(&mut table, "contract price", &contract.total);
        out.push_str(&table.print(terminal).text);
    }
    let digest = it.digest.get(..12).unwrap_or(&it.digest);
    out.push_str(&terminal.tint(Tone::Quiet, &format!("\nprices {digest}")));
    out.push('\n');
    out
}

/// Since when a price holds, and until when.
fn in_force(it: &Derivation) -> String {
    let from = it.from.map(|it| format!(" from {it}")).unwrap_or_default();
    let until = it.until.map(|it| format!(" before {it}")).unwrap_or_default();
    let hours = it.hours.map(|it| format!(" {it} UTC")).unwrap_or_default();
    format!("{from}{until}{hours}")
}

/// Tokens by class, and what the terms of service make of them.
fn sums(lines: &Lines, derivation: &Derivation) -> Table {
    let mut table = Table::new(vec![
        Column { head: "", kind: Kind::Name },
        Column { head: "tokens", kind: Kind::Figure },
        Column { head: "rate", kind: Kind::Figure },
        Column { head: "amount in USD", kind: Kind::Figure },
    ]);
    for it in lines.iter().filter(|it| it.tokens.count() > 0) {
        let rate = it.rate.map(|it| format!("${it} / M")).unwrap_or_default();
        let as_input = if it.as_input { ", as input" } else { "" };
        let label = format!("{}{as_input}", spoken(it.class));
        table.push(line(&label, &thousands(u128::from(it.tokens.count())), &rate, &usd(it.amount)));
    }
    for modifier in &derivation.modifiers {
        let effect = modifier.factor.map_or_else(|| "own rates".to_owned(), |it| format!("x {it}"));
        table.push(line(modifier.kind.name(), "", &effect, ""));
    }
    table
}

/// Web searches come after the terms of service, which do not change them.
fn push_searches(table: &mut Table, count: u64, rate: &str, amount: PicoUsd) {
    if count > 0 {
        table.push(line("web searches", &thousands(u128::from(count)), rate, &usd(amount)));
    }
}

const fn spoken(class: TokenClass) -> &'static str {
    match class {
        TokenClass::Input => "input",
        TokenClass::Output => "output",
        TokenClass::CacheRead => "cache read",
        TokenClass::CacheWrite5m => "cache write, 5 min",
        TokenClass::CacheWrite1h => "cache write, 1 h",
        TokenClass::Reasoning => "reasoning",
    }
}

fn line(label: &str, count: &str, rate: &str, amount: &str) -> Vec<Field> {
    [label, count, rate, amount].map(Field::new).to_vec()
}

fn finish(table: &mut Table, label: &str, total: &Total) {
    let rounding = total.rounding.to_string();
    if rounding != "0" {
        table.push(line("rounding to nano-USD, half to even", "", &format!("{rounding} pico"), ""));
    }
    table.rule();
    let fields = line(label, "", "", &format!("{}   ", total.rounded));
    table.push(fields.into_iter().map(|it| it.toned(Tone::Strong)).collect());
}

/// An amount with all twelve decimals.
fn usd(amount: PicoUsd) -> String {
    let pico = amount.pico().unsigned_abs();
    let sign = if amount.pico() < 0 { "-" } else { "" };
    let (whole, part) = (pico / 1_000_000_000_000, pico % 1_000_000_000_000);
    format!("{sign}{}.{part:012}", thousands(whole))
}

#[cfg(test)]
mod tests {
    use domain::Dimension;

    use super::*;
    use crate::fixtures::{at, berlin, branch_and_repo, calls, pricer};

    #[test]
    fn every_step_is_on_a_line() {
        let pricer = pricer();
        let calls = calls();
        let explained: Vec<ExplainedCall<'_>> = calls
            .iter()
            .map(|call| {
                let figures = &call.figures;
                let model = pricer.resolve(&figures.model, figures.provider.as_ref());
                let price = pricer.derive(model.as_ref(), call.at, &figures.usage, &figures.terms);
                let turn = Some((Belonging { turn: Some(3), by_moment: false }, 7));
                let file = Some("5f0e6c1a.jsonl");
                ExplainedCall { call, price, attribution: branch_and_repo(), turn, file }
            })
            .collect();
        assert_eq!(explained[0].at(), at("2026-11-02T09:20:11Z"));
        insta::assert_snapshot!("explain", explain_text(&explained, &berlin(), &Terminal::plain(80)));
    }

    #[test]
    fn a_gap_follows_every_name() {
        let longest = Dimension::ALL.iter().map(|it| it.name().len()).max();
        assert!(longest.is_some_and(|it| it < NAMES_WIDTH), "{longest:?}");
    }
}

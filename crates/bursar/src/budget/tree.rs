//! `bursar budget tree` and `show`: how budgets stand.

use std::collections::HashMap;

use anyhow::Result;
use clap::Args;
use domain::{NanoUsd, Scope};
use insight::{Charset, dollars};
use serde_json::{Value, json};

use super::options::{Common, Period, SCOPE_HELP, named, nano, scope};
use crate::client::Client;
use crate::environment::Environment;
use crate::failure::usage;
use crate::listing::{Listing, text};
use crate::output::Told;

/// The contract of a list of budgets.
pub(super) const BUDGETS: &str = "bursar.budgets/1";
/// Characters of a full bar.
const BAR: usize = 10;
/// What is said where there are none.
const NONE: &str =
    "There are no budgets yet; `bursar budget set org --amount USD --period month` makes the first.\n";

const HEAD: [&str; 8] = ["budget", "period", "to spend", "spent", "held", "left", "used", "resets"];
const COLUMNS: [&str; 18] = [
    "scope",
    "period",
    "parent",
    "terms_of",
    "ceiling",
    "amount_usd",
    "allocation_usd",
    "spent_usd",
    "reserved_usd",
    "leased_usd",
    "left_usd",
    "unpromised_usd",
    "overrun_usd",
    "spent_percent",
    "resets_at",
    "owner",
    "frozen",
    "killed",
];

/// Shows all budgets as a tree: what there is to spend, what is spent, held and left
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget tree
  bursar budget tree --period month
  bursar budget tree --kind session        what single sessions spent under session/*
  bursar budget tree --format csv > budgets.csv")]
pub(super) struct TreeArgs {
    /// Only of this period
    #[arg(long, value_enum)]
    period: Option<Period>,
    /// Only of scopes of this kind: org, team, developer, repo ...
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Shows the budgets of one scope, with everything that is agreed
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget show team/web
  bursar budget show developer/ada@example.com --format json")]
pub(super) struct ShowArgs {
    #[arg(value_name = "SCOPE", value_parser = scope, help = SCOPE_HELP)]
    scope: Scope,
    #[command(flatten)]
    common: Common,
}

/// All budgets that the server shows, of these parameters.
fn asked(client: &Client, pairs: &[(&'static str, String)]) -> Result<Vec<Value>> {
    client.pages_of("/api/v1/budgets", pairs, "budgets")
}

pub(super) fn run(args: &TreeArgs, environment: &Environment) -> Result<String> {
    let mut pairs = Vec::new();
    pairs.extend(args.period.map(|it| ("period", it.name().to_owned())));
    pairs.extend(args.kind.clone().map(|it| ("kind", it)));
    let budgets = asked(&args.common.server.client(environment)?, &pairs)?;
    let text = if budgets.is_empty() { NONE.to_owned() } else { tree(&budgets, environment) };
    told(&budgets, text).print(args.common.output.format)
}

pub(super) fn show(args: &ShowArgs, environment: &Environment) -> Result<String> {
    let client = args.common.server.client(environment)?;
    let budgets = asked(&client, &[("scope", args.scope.to_string())])?;
    if budgets.is_empty() {
        let scope = &args.scope;
        return Err(usage(format!(
            "{scope} has no budget that this token sees; `bursar budget tree` lists those that there are"
        )));
    }
    let text = budgets.iter().map(details).collect::<Vec<_>>().join("\n");
    told(&budgets, text).print(args.common.output.format)
}

/// Budgets in all forms.
fn told(budgets: &[Value], text: String) -> Told<Value> {
    Told { schema: BUDGETS, text, rows: rows(budgets), body: json!({ "budgets": budgets }) }
}

/// Budgets as rows.
pub(super) fn rows(budgets: &[Value]) -> Listing {
    let mut rows = Listing::new(&COLUMNS);
    for it in budgets {
        let (terms, figures) = (&it["terms"], &it["figures"]);
        let field = |name: &str| match name {
            "ceiling" | "amount_usd" | "owner" => text(terms, name),
            "scope" | "period" | "parent" | "terms_of" | "resets_at" => text(it, name),
            "frozen" | "killed" => text(&it[name], "reason"),
            _ => text(figures, name),
        };
        rows.row(COLUMNS.map(field).to_vec());
    }
    rows
}

fn money(value: &Value, name: &str) -> String {
    nano(value, name).map_or_else(|| "-".to_owned(), dollars)
}

/// What is held for calls that run, here or by gateways.
fn held(figures: &Value) -> String {
    let sum = |a: NanoUsd| a.plus(nano(figures, "leased_nano_usd").unwrap_or_default()).ok();
    nano(figures, "reserved_nano_usd").and_then(sum).map_or_else(|| "-".to_owned(), dollars)
}

fn day(moment: &str) -> String {
    moment.split_once('T').map_or_else(|| moment.to_owned(), |it| it.0.to_owned())
}

/// The table, children indented below their parents.
fn tree(budgets: &[Value], environment: &Environment) -> String {
    let charset = environment.terminal().charset;
    let mut depths: HashMap<(String, String), usize> = HashMap::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for it in budgets {
        let (figures, period) = (&it["figures"], text(it, "period"));
        let above = depths.get(&(text(it, "parent"), period.clone())).map(|depth| depth.saturating_add(1));
        let depth = above.unwrap_or_default();
        depths.insert((text(it, "scope"), period.clone()), depth);
        let to_spend = if is(it, "/is_template", &json!(true)) {
            nano(&it["terms"], "amount_nano_usd")
        } else {
            nano(figures, "allocation_nano_usd")
        };
        rows.push(vec![
            format!("{}{}", "  ".repeat(depth), text(it, "scope")),
            period,
            to_spend.map_or_else(|| "-".to_owned(), dollars),
            money(figures, "spent_nano_usd"),
            held(figures),
            money(figures, "left_nano_usd"),
            bar(figures["spent_percent"].as_str(), charset),
            [day(&text(it, "resets_at")), note(it)]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
                .join("  "),
        ]);
    }
    for column in 2..6 {
        align(&mut rows, column);
    }
    let mut listing = Listing::new(&HEAD);
    rows.into_iter().for_each(|row| listing.row(row));
    listing.table()
}

/// Whether an answer says that somewhere.
fn is(value: &Value, at: &str, what: &Value) -> bool {
    value.pointer(at) == Some(what)
}

/// What else there is to know at a glance.
fn note(budget: &Value) -> String {
    let stop = |name: &str, word: &str| {
        let stop = budget[name].as_object()?;
        let by = stop.get("by").and_then(Value::as_str).unwrap_or_default();
        let reason = stop.get("reason").and_then(Value::as_str).unwrap_or_default();
        Some(format!("{word} by {by}: {reason}"))
    };
    let each = is(budget, "/is_template", &json!(true)).then(|| "for each".to_owned());
    let soft = is(budget, "/terms/ceiling", &json!("soft")).then(|| "soft".to_owned());
    let notes = [each, soft, stop("killed", "KILLED"), stop("frozen", "FROZEN")];
    notes.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How much is used: a bar and the percentage.
fn bar(percent: Option<&str>, charset: Charset) -> String {
    let Some(percent) = percent else { return "-".to_owned() };
    let whole: usize = percent.split('.').next().and_then(|it| it.parse().ok()).unwrap_or_default();
    let full = whole.min(100).checked_div(BAR).unwrap_or_default();
    let (on, off) = match charset {
        Charset::Unicode => ("█", "░"),
        Charset::Ascii => ("#", "-"),
    };
    format!("{}{} {percent:>6} %", on.repeat(full), off.repeat(BAR.saturating_sub(full)))
}

/// Makes the cells of a column end under each other.
fn align(rows: &mut [Vec<String>], column: usize) {
    let width = rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max().unwrap_or(0);
    let width = width.max(HEAD.get(column).map_or(0, |it| it.len()));
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
        *cell = format!("{cell:>width$}");
    }
}

/// Everything about a budget, a line each.
fn details(budget: &Value) -> String {
    let (terms, figures) = (&budget["terms"], &budget["figures"]);
    let mut lines = vec![named(budget)];
    let mut say = |name: &str, value: String| {
        if !value.is_empty() && value != "-" {
            lines.push(format!("  {name:<12} {}", insight::printable(&value)));
        }
    };
    say("below", text(budget, "parent"));
    say("as agreed of", text(budget, "terms_of"));
    say(
        "amount",
        format!("{} {}", money(terms, "amount_nano_usd"), text(terms, "ceiling"))
            .trim_start_matches('-')
            .trim()
            .to_owned(),
    );
    for (name, field) in [
        ("carried over", "carried_nano_usd"),
        ("moved", "moved_nano_usd"),
        ("to spend", "allocation_nano_usd"),
        ("spent", "spent_nano_usd"),
        ("held", "reserved_nano_usd"),
        ("lent", "leased_nano_usd"),
        ("left", "left_nano_usd"),
        ("overrun", "overrun_nano_usd"),
        ("unpromised", "unpromised_nano_usd"),
        ("at this pace", "forecast_nano_usd"),
    ] {
        let is_nothing = ["carried", "moved", "overrun"].iter().any(|it| field.starts_with(it))
            && nano(figures, field) == Some(NanoUsd::ZERO);
        say(name, if is_nothing { String::new() } else { money(figures, field) });
    }
    let room = &figures["room"];
    say(
        "now",
        nano(room, "amount_nano_usd").map_or_else(String::new, |it| {
            format!("{} would be granted ({})", dollars(it), text(room, "limit"))
        }),
    );
    say("resets", text(budget, "resets_at"));
    say("roll-over", Some(text(terms, "rollover")).filter(|it| it != "none").unwrap_or_default());
    say("pace", Some(text(terms, "pace")).filter(|it| it != "free").unwrap_or_default());
    for it in crate::listing::all(terms, "thresholds") {
        let models = crate::listing::all(it, "models").iter();
        let models: Vec<String> =
            models.map(|it| format!("{} to {}", text(it, "from"), text(it, "to"))).collect();
        say(
            "threshold",
            format!("{} {} {}", text(it, "at"), text(it, "action"), models.join(", ")).trim().to_owned(),
        );
    }
    say("outage", text(terms, "unreachable"));
    say("ask", text(terms, "owner"));
    for name in ["frozen", "killed"] {
        let stop = &budget[name];
        say(
            name,
            if stop.is_object() {
                format!("{} by {}: {}", text(stop, "at"), text(stop, "by"), text(stop, "reason"))
            } else {
                String::new()
            },
        );
    }
    lines.iter().map(|it| format!("{it}\n")).collect()
}

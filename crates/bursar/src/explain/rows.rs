//! `bursar.explain/1` laid flat: what is one document for a program is rows for a
//! spreadsheet. docs/report-json.md lists the columns.

use serde_json::Value;

use crate::listing::{Listing, all, text};

/// The columns of calls before those of attribution.
const CALL: [&str; 6] = ["call", "at", "tool", "session", "model", "provider"];
/// The dimensions that are attributed.
const ATTRIBUTION: [&str; 10] =
    ["developer", "team", "repo", "branch", "pr", "ticket", "task", "project", "client", "cost_centre"];
/// The token classes.
const TOKENS: [&str; 6] = ["input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "reasoning"];
/// What a cost is called, in the document.
const COSTS: [&str; 2] = ["cost_nano_usd", "cost_usd"];
/// The columns of a call's figures, named as those of a report.
const FIGURES: [&str; 15] = [
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "web_searches",
    "output_count",
    "cost_nano_usd",
    "cost_usd",
    "list_cost_nano_usd",
    "list_cost_usd",
    "unpriced",
    "turn",
    "tools",
];
/// The columns of an account.
const ACCOUNT: [&str; 10] =
    ["call", "at", "row", "what", "count", "usd_per_million", "factor", "pico_usd", "cost_nano_usd", "says"];

/// One row a call.
pub(crate) fn calls(document: &Value) -> Listing {
    let head: Vec<&str> = CALL.iter().chain(&ATTRIBUTION).chain(&FIGURES).copied().collect();
    let mut rows = Listing::new(&head);
    for call in all(document, "calls") {
        let mut row: Vec<String> = CALL.iter().map(|it| text(call, it)).collect();
        let attribution = |it: &&str| call.pointer(&format!("/attribution/{it}")).map(|it| text(it, "value"));
        row.extend(ATTRIBUTION.iter().map(|it| attribution(it).unwrap_or_default()));
        let tokens = call.get("tokens").unwrap_or(&Value::Null);
        row.extend(TOKENS.iter().map(|it| text(tokens, it)));
        row.extend(["web_searches", "output_count"].map(|it| text(call, it)));
        let list = call.pointer("/price/list").unwrap_or(&Value::Null);
        let paid = call.pointer("/price/contract").filter(|it| !it.is_null()).unwrap_or(list);
        row.extend(COSTS.map(|it| text(paid, it)));
        row.extend(COSTS.map(|it| text(list, it)));
        row.push(call.get("unpriced").map(|it| text(it, "code")).unwrap_or_default());
        row.push(text(call, "turn"));
        let tools = all(call, "tools").iter().map(|it| format!("{} {}", text(it, "tool"), text(it, "uses")));
        row.push(tools.collect::<Vec<_>>().join(", "));
        rows.row(row);
    }
    rows
}

/// One row of an account.
#[derive(Debug, Default)]
struct Line {
    row: &'static str,
    what: String,
    count: String,
    usd_per_million: String,
    factor: String,
    pico_usd: String,
    cost_nano_usd: String,
    says: String,
}

impl Line {
    fn cells(self, call: &Value) -> Vec<String> {
        let Self { row, what, count, usd_per_million, factor, pico_usd, cost_nano_usd, says } = self;
        let about = [text(call, "call"), text(call, "at"), row.to_owned(), what];
        about.into_iter().chain([count, usd_per_million, factor, pico_usd, cost_nano_usd, says]).collect()
    }
}

/// One row a line of the account, an answer of attribution, an observation or a
/// disagreement.
pub(super) fn account(document: &Value) -> Listing {
    let mut rows = Listing::new(&ACCOUNT);
    for call in all(document, "calls") {
        let mut lines = Vec::new();
        if let Some(price) = call.get("price").filter(|it| !it.is_null()) {
            lines.extend(priced(price));
        }
        if let Some(why) = call.get("unpriced").filter(|it| !it.is_null()) {
            let (what, says) = (text(why, "code"), text(why, "message"));
            lines.push(Line { row: "unpriced", what, says, ..Line::default() });
        }
        lines.extend(attributed(call));
        lines.extend(all(call, "observations").iter().map(observed));
        lines.extend(all(call, "disagreements").iter().map(differing));
        lines.into_iter().for_each(|it| rows.row(it.cells(call)));
    }
    rows
}

/// The lines and the total of the list, then those of the contract.
fn priced(price: &Value) -> Vec<Line> {
    let mut lines = side(price, "list_line");
    lines.extend(all(price, "modifiers").iter().map(|it| Line {
        row: "modifier",
        what: text(it, "kind"),
        factor: text(it, "factor"),
        says: text(it, "source"),
        ..Line::default()
    }));
    let total = |total: &Value, row, factor, says| Line {
        row,
        what: text(price, "model"),
        factor,
        pico_usd: text(total, "exact_pico_usd"),
        cost_nano_usd: text(total, "cost_nano_usd"),
        says,
        ..Line::default()
    };
    if let Some(list) = price.get("list") {
        lines.push(total(list, "list_total", text(price, "factor"), text(price, "source")));
    }
    if let Some(contract) = price.get("contract").filter(|it| !it.is_null()) {
        lines.extend(side(contract, "contract_line"));
        let (factor, says) = (text(contract, "multiplier"), text(contract, "name"));
        lines.push(total(contract, "contract_total", factor, says));
    }
    lines
}

/// The lines of one side: each class of tokens, and web searches.
fn side(side: &Value, row: &'static str) -> Vec<Line> {
    let classes = all(side, "lines").iter().map(|it| Line {
        row,
        what: text(it, "class"),
        count: text(it, "tokens"),
        usd_per_million: text(it, "usd_per_million"),
        pico_usd: text(it, "pico_usd"),
        ..Line::default()
    });
    let searches = Line {
        row,
        what: "web_searches".to_owned(),
        pico_usd: text(side, "web_search_pico_usd"),
        ..Line::default()
    };
    classes.chain([searches]).collect()
}

/// What each dimension's answer is and rests on.
fn attributed(call: &Value) -> Vec<Line> {
    let answers = call.get("attribution").and_then(Value::as_object).into_iter().flatten();
    let answers = answers.filter(|it| !it.1.is_null()).map(|(dimension, answer)| Line {
        row: "attribution",
        what: dimension.clone(),
        says: format!("{} ({})", text(answer, "value"), text(answer, "evidence")),
        ..Line::default()
    });
    answers.collect()
}

fn observed(it: &Value) -> Line {
    let tokens = it.get("tokens").unwrap_or(&Value::Null);
    let counts = TOKENS.map(|class| format!("{class} {}", text(tokens, class)));
    let who = [text(it, "developer"), text(it, "claimed")].into_iter().find(|it| !it.is_empty());
    Line {
        row: "observation",
        what: text(it, "source"),
        cost_nano_usd: text(it, "reported_cost_nano_usd"),
        says: format!(
            "by {} through {}, received {}: {}",
            who.as_deref().unwrap_or("nobody known"),
            text(it, "reporter"),
            text(it, "received_at"),
            counts.join(", ")
        ),
        ..Line::default()
    }
}

fn differing(it: &Value) -> Line {
    let said = all(it, "said").iter().map(|it| format!("{} {}", text(it, "source"), text(it, "said")));
    let says = said.collect::<Vec<_>>().join(", ");
    Line { row: "disagreement", what: text(it, "what"), says, ..Line::default() }
}

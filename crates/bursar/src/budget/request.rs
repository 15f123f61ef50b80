//! `bursar budget request`, `requests`, `approve` and `deny`.

use anyhow::Result;
use clap::{Args, ValueEnum};
use domain::Scope;
use insight::{dollars, printable};
use serde_json::{Value, json};

use super::options::{Common, Period, SCOPE_HELP, amount, named, nano, scope};
use crate::client::{Ask, encoded};
use crate::environment::Environment;
use crate::listing::{Listing, text};
use crate::output::Told;

/// The contract of one request.
const REQUEST: &str = "bursar.budget_request/1";
/// The contract of a list of them.
const REQUESTS: &str = "bursar.budget_requests/1";

const COLUMNS: [&str; 13] = [
    "id",
    "state",
    "scope",
    "period",
    "amount_usd",
    "asked_by",
    "asked_at",
    "reason",
    "granted_usd",
    "answered_by",
    "answered_at",
    "note",
    "amount_nano_usd",
];

/// Asks for more, in this period
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget request developer/ada@example.com --amount 20 --period month --reason 'the release'")]
pub(super) struct RequestArgs {
    #[arg(value_name = "SCOPE", value_parser = scope, help = SCOPE_HELP)]
    scope: Scope,
    /// How much more
    #[arg(long, value_name = "USD", value_parser = amount, allow_hyphen_values = true)]
    amount: String,
    /// Of its budget of which period
    #[arg(long, value_enum)]
    period: Period,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// How a request stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Open,
    Approved,
    Denied,
}

/// Lists requests for more, the newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget requests --state open
  bursar budget requests --format csv")]
pub(super) struct RequestsArgs {
    /// Only those that stand so
    #[arg(long, value_enum)]
    state: Option<State>,
    #[command(flatten)]
    common: Common,
}

/// Grants a request for more, whole or in part
#[derive(Debug, Args)]
#[command(after_help = "Without --from it is new money, for that budget alone: the ceilings above it stay.

Examples:
  bursar budget approve 4k2m9x0a7c1d --from team/web
  bursar budget approve 4k2m9x0a7c1d --amount 10 --reason 'half of it for now'")]
pub(super) struct ApproveArgs {
    /// Its id, as `bursar budget requests` has it
    id: String,
    /// How much [default: all that was asked for]
    #[arg(long, value_name = "USD", value_parser = amount, allow_hyphen_values = true)]
    amount: Option<String>,
    /// The budget that it is taken from
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    from: Option<Scope>,
    /// What is said to it
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// Denies a request for more
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget deny 4k2m9x0a7c1d --reason 'next month'")]
pub(super) struct DenyArgs {
    /// Its id, as `bursar budget requests` has it
    id: String,
    /// What is said to it
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

pub(super) fn ask(args: &RequestArgs, environment: &Environment) -> Result<String> {
    let body = json!({
        "scope": args.scope.to_string(),
        "period": args.period.name(),
        "amount_usd": args.amount,
        "reason": args.reason,
    });
    one("/api/v1/budget-requests", &body, &args.common, environment)
}

pub(super) fn approve(args: &ApproveArgs, environment: &Environment) -> Result<String> {
    let body = json!({
        "amount_usd": args.amount,
        "from": args.from.as_ref().map(ToString::to_string),
        "reason": args.reason,
    });
    one(&format!("/api/v1/budget-requests/{}/approve", encoded(&args.id)), &body, &args.common, environment)
}

pub(super) fn deny(args: &DenyArgs, environment: &Environment) -> Result<String> {
    let body = json!({ "reason": args.reason });
    one(&format!("/api/v1/budget-requests/{}/deny", encoded(&args.id)), &body, &args.common, environment)
}

fn one(path: &str, body: &Value, common: &Common, environment: &Environment) -> Result<String> {
    let body = Some(("application/json", body.to_string()));
    let request = common.server.client(environment)?.json(&Ask { method: "POST", path, pairs: &[], body })?;
    let rows = rows(std::slice::from_ref(&request));
    let usd = |name: &str| nano(&request, name).map(dollars).unwrap_or_default();
    let about = named(&request);
    let (id, asked) = (text(&request, "id"), usd("amount_nano_usd"));
    let said = match text(&request, "state").as_str() {
        "approved" => {
            format!("The request {id} is granted: {} of {asked} more for {about}.", usd("granted_nano_usd"))
        }
        "denied" => format!("The request {id} is denied: {asked} more for {about}."),
        _ => format!(
            "The request {id} is made: {asked} more for {about}. `bursar budget approve {id}` grants it."
        ),
    };
    Told { schema: REQUEST, text: printable(&said) + "\n", rows, body: request }.print(common.output.format)
}

pub(super) fn list(args: &RequestsArgs, environment: &Environment) -> Result<String> {
    let name = |it: State| match it {
        State::Open => "open",
        State::Approved => "approved",
        State::Denied => "denied",
    };
    let pairs: Vec<_> = args.state.map(|it| ("state", name(it).to_owned())).into_iter().collect();
    let client = args.common.server.client(environment)?;
    let requests = client.pages_of("/api/v1/budget-requests", &pairs, "requests")?;
    let mut table = Listing::new(&["id", "state", "for", "asked", "granted", "by", "why"]);
    for it in &requests {
        let usd = |name: &str| nano(it, name).map(dollars).unwrap_or_default();
        table.row(vec![
            text(it, "id"),
            text(it, "state"),
            named(it),
            usd("amount_nano_usd"),
            usd("granted_nano_usd"),
            text(it, "asked_by"),
            text(it, "reason"),
        ]);
    }
    let text = if table.is_empty() { "No requests.\n".to_owned() } else { table.table() };
    let rows = rows(&requests);
    Told { schema: REQUESTS, text, rows, body: json!({ "requests": requests }) }
        .print(args.common.output.format)
}

fn rows(requests: &[Value]) -> Listing {
    let mut rows = Listing::new(&COLUMNS);
    for it in requests {
        rows.row(COLUMNS.map(|name| text(it, name)).to_vec());
    }
    rows
}

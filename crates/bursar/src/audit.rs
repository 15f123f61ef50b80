//! `bursar audit`: who changed what on a server, when and why.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::client::Ask;
use crate::environment::Environment;
use crate::listing::{Listing, text};
use crate::output::{Format, OutputOption, document};
use crate::server_option::ServerAddress;

/// Rows of one request.
const PAGE: usize = 500;

/// The columns of the table.
const SHORT: [&str; 7] = ["seq", "at", "actor", "action", "kind", "id", "reason"];
/// The columns of CSV.
const LONG: [&str; 9] = ["seq", "at", "actor", "action", "kind", "id", "reason", "before", "after"];

/// Who changed what on a server, when and why, the newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar audit                          the last 50 changes
  bursar audit --top 1000 --format csv > audit.csv")]
pub(crate) struct AuditArgs {
    /// Only the last N changes
    #[arg(long, value_name = "N", default_value_t = 50)]
    top: usize,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerAddress,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &AuditArgs, environment: &Environment) -> Result<String> {
    let client = args.server.client(environment)?;
    let mut rows: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    while rows.len() < args.top {
        let limit = args.top.saturating_sub(rows.len()).min(PAGE);
        let mut pairs = vec![("limit", limit.to_string())];
        pairs.extend(cursor.take().map(|it| ("cursor", it)));
        let mut page =
            client.json(&Ask { method: "GET", path: "/api/v1/audit", pairs: &pairs, body: None })?;
        let found = page.get_mut("rows").and_then(Value::as_array_mut).map(std::mem::take);
        rows.extend(found.unwrap_or_default());
        cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    if matches!(args.output.format, Format::Json) {
        return document("bursar.audit/1", &json!({ "rows": rows }));
    }
    let (mut table, mut csv) = (Listing::new(&SHORT), Listing::new(&LONG));
    for row in &rows {
        table.row(SHORT.map(|it| text(row, it)).to_vec());
        csv.row(LONG.map(|it| text(row, it)).to_vec());
    }
    Ok(if matches!(args.output.format, Format::Csv) { csv.csv() } else { table.table() })
}

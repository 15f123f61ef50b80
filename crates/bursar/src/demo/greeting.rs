//! What a stranger is told: what was made, what to look at first, what to try.

use anyhow::{Context, Result};
use domain::NanoUsd;
use insight::dollars;
use serde_json::{Value, json};
use server::Addresses;

use super::TRUTH;
use super::cast::COMPANY;
use super::folder::Folder;
use super::past::OWNER;
use super::plan::Terms;
use super::truth::Truth;
use crate::listing::Listing;
use crate::output::Told;

/// The contract of what is printed where no server is started.
const SCHEMA: &str = "bursar.demo_made/1";

/// What was made, in short.
#[derive(Debug)]
pub(super) struct Summary {
    first: String,
    last: String,
    developers: u64,
    calls: u64,
    cost: NanoUsd,
    anomalies: usize,
    loops: usize,
}

impl Summary {
    /// Of what was just made.
    pub(super) fn of(truth: &Truth) -> Self {
        Self {
            first: truth.first_day.clone(),
            last: truth.last_day.clone(),
            developers: u64::try_from(truth.developers).unwrap_or(u64::MAX),
            calls: truth.total.calls,
            cost: truth.total.cost_nano_usd,
            anomalies: truth.anomalies.len(),
            loops: truth.loops(),
        }
    }

    /// Of what was made before.
    pub(super) fn read(folder: &Folder) -> Result<Self> {
        let path = folder.file(TRUTH);
        let truth: Value = serde_json::from_str(&folder.read(TRUTH)?)
            .with_context(|| format!("{} is damaged: delete the folder", path.display()))?;
        let text =
            |pointer: &str| truth.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let count = |pointer: &str| truth.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        let length = |pointer: &str| truth.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
        let cost = text("/total/cost_nano_usd").parse();
        Ok(Self {
            first: text("/first_day"),
            last: text("/last_day"),
            developers: count("/developers"),
            calls: count("/total/calls"),
            cost: NanoUsd::new(cost.with_context(|| format!("{} is damaged", path.display()))?),
            anomalies: length("/anomalies"),
            loops: length("/loops"),
        })
    }

    /// All of it, where no server is started.
    pub(super) fn told(&self, folder: &Folder) -> Told<Value> {
        let path = folder.path().display().to_string();
        let body = json!({
            "folder": path,
            "first_day": self.first,
            "last_day": self.last,
            "developers": self.developers,
            "calls": self.calls,
            "cost_nano_usd": self.cost.nano().to_string(),
            "cost_usd": self.cost.to_string(),
            "anomalies": self.anomalies,
        });
        let mut rows = Listing::new(&["folder", "first_day", "last_day", "developers", "calls", "cost_usd"]);
        rows.row(vec![
            path.clone(),
            self.first.clone(),
            self.last.clone(),
            self.developers.to_string(),
            self.calls.to_string(),
            self.cost.to_string(),
        ]);
        let text = format!(
            "{}\nIt is in {path}: the book, the logs that it was made from, and truth.json.\n\
             `bursar demo --data {path}` starts a server on it.\n",
            self.text()
        );
        Told { schema: SCHEMA, text, body, rows }
    }

    fn text(&self) -> String {
        format!(
            "{COMPANY} is made up: {} developers, {} calls, {} from {} to {}. Nothing of it was spent.",
            self.developers,
            self.calls,
            dollars(self.cost),
            self.first,
            self.last
        )
    }
}

/// What is said before it is made.
pub(super) fn beginning(terms: Terms) -> String {
    let Terms { until, size, .. } = terms;
    format!("Making up {COMPANY}: {} months of work until {until} …\n", size.months())
}

/// What is said when a server is up.
pub(super) fn of(summary: &Summary, folder: &Folder, (addresses, is_kept): (&Addresses, bool)) -> String {
    let url = format!("http://{}", addresses.api);
    let path = folder.path().display();
    let token = folder.token(OWNER);
    let mut out = format!("{}\n\n", summary.text());
    let removed = if is_kept { "" } else { ", removed when this ends" };
    let lines = [
        format!("  server   {url}"),
        format!("  folder   {path}{removed}"),
        format!(
            "  tokens   {}: owner, admin, finance, lead-TEAM, and one a developer",
            folder.file("tokens").display()
        ),
        String::new(),
        format!(
            "Look for what cost too much: {} days and sessions were planted, and {} sessions go in circles;",
            summary.anomalies, summary.loops
        ),
        format!("{} lists them all.", folder.file(TRUTH).display()),
        String::new(),
        "Try it:".to_owned(),
        format!("  export BURSAR_SERVER={url} BURSAR_TOKEN=$(cat {})", token.display()),
        "  bursar report --server $BURSAR_SERVER --by team,model --since 30d".to_owned(),
        "  bursar insight anomalies --server $BURSAR_SERVER".to_owned(),
        "  bursar sessions --server $BURSAR_SERVER --top 10".to_owned(),
        "  bursar budget tree".to_owned(),
        "  bursar budget requests --state open".to_owned(),
        "  bursar audit".to_owned(),
        format!(
            "  HOME={} bursar report --by repo     as one developer sees it, without a server",
            folder.home("ines").display()
        ),
        String::new(),
        "Ctrl-C ends it.".to_owned(),
    ];
    out.push_str(&lines.join("\n"));
    out.push('\n');
    out
}

//! `bursar demo`: the report on logs that are made up, for who has none yet.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use attribution::Rules;
use clap::Args;
use domain::{Dimension, Timestamp};
use ingest::Roots;
use insight::{Asides, Provenance, Query, Report, csv, render, report, wire};
use jiff::tz::TimeZone;
use metering::Meter;
use serde_json::{Value, json};
use store::Journal;

use crate::book::OwnedBook;
use crate::environment::{Environment, now};
use crate::opened::{Opened, SourceOptions, pricer};
use crate::output::{Format, OutputOption, document};
use crate::progress::ProgressBar;
use crate::scan::{self, Scanned};
use crate::server_option::NoServer;

/// The days that the demonstration covers.
const DAYS: u64 = 28;
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;

const RULES: &str = r#"
[[repo]]
folder = "/home/*/src/billing-api"
repo = "github.com/acme/billing-api"
[[repo]]
folder = "/home/*/src/web"
repo = "github.com/acme/web"
[[repo]]
folder = "/home/*/src/northwind"
repo = "github.com/northwind/shop"
[[project]]
repo = "github.com/northwind/*"
name = "shop relaunch"
client = "Northwind"
[developers]
"os-user:ada" = "ada@acme.example"
"os-user:grace" = "grace@acme.example"
"os-user:linus" = "linus@acme.example"
"os-user:margaret" = "margaret@acme.example"
"#;

const DEVELOPERS: [&str; 4] = ["ada", "grace", "linus", "margaret"];
const REPOS: [&str; 3] = ["billing-api", "web", "northwind"];
const BRANCHES: [&str; 5] =
    ["feat/ENG-412-usage-export", "fix/ENG-397-rounding", "main", "refactor/ledger", "docs/setup"];
const MODELS: [&str; 4] =
    ["claude-opus-5-5", "claude-sonnet-5-5", "claude-sonnet-5-5", "claude-haiku-4-5-20251001"];

/// The report on made-up logs, to see what it looks like
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: NoServer,
}

/// What the demonstration is, in every form of it.
const MADE_UP: &str = "DEMONSTRATION: these logs are made up; nothing of it was spent and nothing is stored.";
/// Rows of a report.
const ROWS: usize = 12;

/// Runs the command; gives what to print.
pub(crate) fn run(args: &DemoArgs, environment: &Environment) -> Result<String> {
    args.server.refuse("these logs are made up; `bursar report --server URL` shows a server's own")?;
    let folder = tempfile::tempdir().context("cannot make a folder for the demonstration")?;
    write_logs(folder.path(), now())?;
    let roots = Roots { claude: vec![folder.path().to_owned()], ..Roots::default() };
    let mut journal = Journal::ephemeral()?;
    let mut meter = Meter::new(pricer(&SourceOptions::default(), environment)?);
    scan::scan(&mut journal, &mut meter, &roots, &mut ProgressBar::hidden())?;
    let rules = Rules::parse(RULES)?;
    let mut opened =
        Opened { journal, meter, rules, scanned: Scanned::default(), environment: environment.clone() };
    let book = OwnedBook::of(&mut opened)?;
    let mut reports = Vec::new();
    for group_by in [
        vec![Dimension::Repo, Dimension::Developer, Dimension::Model],
        vec![Dimension::Client, Dimension::Task],
    ] {
        let query = Query { group_by, top: Some(ROWS), ..Query::total(TimeZone::UTC) };
        reports.push(report(&query, &book.book(), now())?);
    }
    printed(&reports, &book.provenance(), args.output.format, environment)
}

/// CSV has one head, and so the rows of the first report alone.
fn printed(
    reports: &[Report],
    provenance: &Provenance<'_>,
    format: Format,
    environment: &Environment,
) -> Result<String> {
    let asides = Asides::default();
    if format == Format::Csv {
        return Ok(reports.first().map(csv::report_csv).unwrap_or_default());
    }
    if format == Format::Json {
        let one = |it| anyhow::Ok(serde_json::from_str(&wire::report_json(it, &asides, provenance)?)?);
        let reports: Vec<Value> = reports.iter().map(one).collect::<Result<_>>()?;
        return document("bursar.demo/1", &json!({ "note": MADE_UP, "reports": reports }));
    }
    let mut out = format!("{MADE_UP}\n");
    for it in reports {
        out.push('\n');
        out.push_str(&render::report_text(it, &asides, provenance, &environment.terminal()));
    }
    out.push_str("\nYour own: use Claude Code, Codex, Gemini CLI, Cline, opencode or Copilot CLI, then `bursar report`.\n");
    Ok(out)
}

/// A month of sessions. The same every time, but for the dates.
fn write_logs(folder: &Path, until: Timestamp) -> Result<()> {
    let mut dice = Dice(0x5eed);
    for session in 0..60_u64 {
        let (developer, repo) = (dice.of(&DEVELOPERS), dice.of(&REPOS));
        let branch = dice.of(&BRANCHES);
        let model = dice.of(&MODELS);
        let ago = dice.below(DAYS * DAY_MILLIS);
        let mut at = until.millis().saturating_sub_unsigned(ago);
        let id = format!("demo-{session:04}");
        let cwd = format!("/home/{developer}/src/{repo}");
        let mut context = 12_000_u64;
        let mut lines = String::new();
        for call in 0..dice.below(60).saturating_add(4) {
            let fresh = dice.below(4_000).saturating_add(200);
            let record = json!({
                "type": "assistant", "sessionId": id, "version": "2.1.150", "cwd": cwd, "gitBranch": branch,
                "timestamp": timestamp(at), "requestId": format!("req_{session}_{call}"),
                "message": message(model, &format!("msg_demo_{session}_{call}"), context, fresh, &mut dice),
            });
            if call % 7 == 0 {
                let prompt = json!({"type": "user", "sessionId": id, "timestamp": timestamp(at), "message": {"role": "user", "content": "…"}});
                writeln!(lines, "{prompt}")?;
            }
            writeln!(lines, "{record}")?;
            context = context.saturating_add(fresh).min(180_000);
            at = at.saturating_add_unsigned(dice.below(150_000)).min(until.millis());
        }
        let project = folder.join("projects").join(repo);
        fs::create_dir_all(&project)?;
        fs::write(project.join(format!("{id}.jsonl")), lines)?;
    }
    Ok(())
}

fn message(model: &str, id: &str, context: u64, fresh: u64, dice: &mut Dice) -> Value {
    json!({
        "id": id, "model": model, "role": "assistant", "stop_reason": "tool_use",
        "usage": {
            "input_tokens": dice.below(12), "output_tokens": dice.below(1_800).saturating_add(40),
            "cache_read_input_tokens": context, "cache_creation_input_tokens": fresh,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": fresh},
        },
    })
}

fn timestamp(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map(|at| at.to_string()).unwrap_or_default()
}

/// Numbers that look thrown and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.checked_rem(bound).unwrap_or_default()
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let place = self.below(u64::try_from(all.len()).unwrap_or(1));
        usize::try_from(place).ok().and_then(|place| all.get(place)).copied().unwrap_or_default()
    }
}

//! `bursar insight verdict`: whether something unusual was to be expected. Without a server it
//! is remembered in a file beside the logbook.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use insight::anomaly::{Individuals, Judgement, Verdict, anomalies};
use insight::wire::WireJudgement;
use insight::{Query, Span};
use serde_json::{Value, json};

use crate::book::OwnedBook;
use crate::client::Ask;
use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::listing::Listing;
use crate::opened::{OR_EPHEMERAL, Opened, SourceOptions, journal_folder};
use crate::output::{OutputOption, Told};
use crate::report::WhenOptions;
use crate::server_option::ServerOption;

/// The file of verdicts, in the folder of the logbook.
const FILE: &str = "verdicts.jsonl";
/// The largest such file that is read.
const FILE_LIMIT: u64 = 16 * 1_024 * 1_024;
/// The days in which an anomaly is looked for, unless others are named.
const LOOKED_FOR: &str = "92d";
/// Letters and digits of an id.
const ID_LEN: usize = 17;

/// Says whether something unusual was to be expected: what was is not told again
#[derive(Debug, Args)]
pub(crate) struct VerdictArgs {
    /// The anomaly's id, as `bursar insight anomalies` prints it
    id: String,
    /// expected or unexpected
    #[arg(value_parser = ["expected", "unexpected"])]
    verdict: String,
    /// Why
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    when: WhenOptions,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    sources: SourceOptions,
    #[command(flatten)]
    server: ServerOption,
}

/// What was said on this machine, the last word first.
pub(super) fn remembered(environment: &Environment) -> Result<Vec<Judgement>> {
    let Some(folder) = environment.data_folder() else { return Ok(Vec::new()) };
    read(&folder.join(FILE))
}

fn read(path: &Path) -> Result<Vec<Judgement>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(anyhow!("cannot read {}: {error}", path.display())),
        Ok(it) if it.len() > FILE_LIMIT => {
            return Err(anyhow!("{} is larger than {FILE_LIMIT} bytes; move it away", path.display()));
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut said: Vec<Judgement> = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|it| !it.1.trim().is_empty()) {
        let line: Option<WireJudgement> = serde_json::from_str(line).ok();
        let judgement = line.and_then(WireJudgement::judgement).ok_or_else(|| {
            let number = number.saturating_add(1);
            anyhow!("line {number} of {} is no verdict; take it out", path.display())
        })?;
        said.push(judgement);
    }
    said.reverse();
    Ok(said)
}

/// Runs the command; gives what to print.
pub(super) fn run(args: &VerdictArgs, environment: &Environment) -> Result<String> {
    if args.id.len() != ID_LEN || !args.id.bytes().all(|it| it.is_ascii_alphanumeric()) {
        return Err(usage(format!("`{}` is no id: `bursar insight anomalies` prints them", args.id)));
    }
    if let Some(client) = args.server.client(environment)? {
        let body = json!({ "verdict": args.verdict, "note": args.note });
        let path = format!("/api/v1/anomalies/{}/verdict", args.id);
        let body = Some(("application/json", body.to_string()));
        let said = client.json(&Ask { method: "POST", path: &path, pairs: &[], body })?;
        return told(said).print(args.output.format);
    }
    let zone = args.when.zone()?;
    let mut span = args.when.span(&zone)?;
    if span.since.is_none() && !span.is_all_time() {
        span = Span { since: Span::parse(Some(LOOKED_FOR), None, &zone, now())?.since, ..span };
    }
    let query = Query { span, ..Query::total(zone) };
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let book = OwnedBook::of(&mut opened)?;
    let found = anomalies(&query, &book.book(), &[], Individuals::Shown, now())?;
    let found = found.told.iter().find(|it| it.id == args.id).ok_or_else(|| {
        usage(format!(
            "there is no anomaly `{}` there: `bursar insight anomalies` lists them, \
             --since and --until say of which days",
            args.id
        ))
    })?;
    let verdict =
        Verdict::from_name(&args.verdict).ok_or_else(|| usage("a verdict is `expected` or `unexpected`"))?;
    let said = Judgement::of(found, verdict, args.note.clone(), ("this machine".to_owned(), now()));
    append(&journal_folder(environment, OR_EPHEMERAL)?.join(FILE), &WireJudgement::of(&said))?;
    let at = jiff::Timestamp::from_millisecond(said.at.millis())?.to_string();
    let body = json!({
        "id": said.id, "verdict": said.verdict.name(), "note": said.note, "by": said.by, "at": at,
    });
    told(body).print(args.output.format)
}

/// Adds a line at the end.
fn append(path: &PathBuf, line: &WireJudgement) -> Result<()> {
    let text = format!("{}\n", serde_json::to_string(line)?);
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    Ok(())
}

fn told(said: Value) -> Told<Value> {
    let text_of = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let what = if text_of("verdict") == Verdict::Expected.name() {
        "was expected, and is not told again"
    } else {
        "was not expected, and the next of it is told at once"
    };
    let text = format!("{} {what}.\n", text_of("id"));
    let mut rows = Listing::new(&["id", "verdict", "note", "by", "at"]);
    rows.row(["id", "verdict", "note", "by", "at"].map(text_of).to_vec());
    Told { schema: "bursar.verdict/1", text, body: said, rows }
}

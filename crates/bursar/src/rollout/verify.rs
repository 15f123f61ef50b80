//! `bursar rollout verify`: who reports to the server, by what, since when; and who
//! does not.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::directory::Directory;
use crate::environment::Environment;
use crate::listing::Listing;
use crate::output::{Format, OutputOption, document};
use crate::server_option::ServerAddress;

const EXAMPLES: &str = "Examples:
  bursar rollout verify --server https://bursar.example.com
  bursar rollout verify --format csv > rollout.csv

Whoever is in the directory and was never heard from is listed too.";

/// Who reports, by which sources, since when, and who does not
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerAddress,
}

/// The server's word on who reports.
#[derive(Deserialize)]
struct Reporters {
    reporters: Vec<Reporter>,
}

#[derive(Deserialize)]
struct Reporter {
    reporter: String,
    source: String,
    developer: Option<String>,
    claimed: Option<String>,
    team: Option<String>,
    first_at: String,
    last_at: String,
    silent: bool,
    observations: u64,
    activities: u64,
}

/// How somebody reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Line {
    /// The person, or the reporter where nobody knows whose it is.
    who: String,
    team: Option<String>,
    /// reports, silent or never
    state: &'static str,
    sources: BTreeSet<String>,
    since: Option<String>,
    last: Option<String>,
    records: u64,
}

/// Runs the command; gives what to print.
pub(super) fn run(args: &VerifyArgs, environment: &Environment) -> Result<String> {
    let client = args.server.client(environment)?;
    let reporters: Reporters = client.read("/api/v1/reporters")?;
    let directory = Directory::ask(&client)?;
    let lines = lines(&reporters, &directory);
    Ok(match args.output.format {
        Format::Json => document("bursar.rollout/1", &json!({ "rollout": lines }))?,
        Format::Csv => listing(&lines).csv(),
        Format::Table => {
            let count = |state| lines.iter().filter(|it| it.state == state).count();
            let (reports, silent, never) = (count("reports"), count("silent"), count("never"));
            format!(
                "{}\n{reports} report, {silent} fell silent, {never} never reported\n",
                listing(&lines).table()
            )
        }
    })
}

/// A line for each person who reports or should.
fn lines(reporters: &Reporters, directory: &Directory) -> Vec<Line> {
    let by_identity = directory.by_identity();
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for it in &reporters.reporters {
        let person = it.developer.as_ref().or(it.claimed.as_ref());
        let who = person.map_or(it.reporter.as_str(), |person| {
            by_identity.get(&person.to_lowercase()).copied().unwrap_or(person)
        });
        let line = lines.entry(who.to_owned()).or_insert_with(|| Line::of_nobody(who, "silent"));
        line.add(it);
    }
    for developer in &directory.developer {
        let line =
            lines.entry(developer.id.clone()).or_insert_with(|| Line::of_nobody(&developer.id, "never"));
        if line.team.is_none() {
            line.team = developer.team.as_str().map(str::to_owned);
        }
    }
    lines.into_values().collect()
}

impl Line {
    fn of_nobody(who: &str, state: &'static str) -> Self {
        let (team, since, last) = (None, None, None);
        Self { who: who.to_owned(), team, state, sources: BTreeSet::new(), since, last, records: 0 }
    }

    /// One more reporter of that person. Somebody reports as long as one of them does.
    fn add(&mut self, it: &Reporter) {
        self.sources.insert(it.source.clone());
        if !it.silent {
            self.state = "reports";
        }
        if self.team.is_none() {
            self.team.clone_from(&it.team);
        }
        if self.since.as_ref().is_none_or(|since| it.first_at < *since) {
            self.since = Some(it.first_at.clone());
        }
        if self.last.as_ref().is_none_or(|last| it.last_at > *last) {
            self.last = Some(it.last_at.clone());
        }
        self.records = self.records.saturating_add(it.observations).saturating_add(it.activities);
    }
}

fn listing(lines: &[Line]) -> Listing {
    let mut listing = Listing::new(&["who", "team", "state", "sources", "since", "last", "records"]);
    for line in lines {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let sources: Vec<&str> = line.sources.iter().map(String::as_str).collect();
        let sources = if sources.is_empty() { "-".to_owned() } else { sources.join(" ") };
        listing.row(vec![
            line.who.clone(),
            or_dash(&line.team),
            line.state.to_owned(),
            sources,
            or_dash(&line.since),
            or_dash(&line.last),
            line.records.to_string(),
        ]);
    }
    listing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_should_report_has_a_line() {
        let reporter = |reporter: &str,
                        source: &str,
                        developer: Option<&str>,
                        claimed: Option<&str>,
                        silent: bool| {
            json!({
                "reporter": reporter, "source": source, "developer": developer, "claimed": claimed, "team": null,
                "first_at": format!("2026-03-0{}", source.len()), "last_at": format!("2026-04-0{}", source.len()),
                "silent": silent, "observations": 10, "activities": 1, "new": "field",
            })
        };
        let reporters = json!({"reporters": [
            reporter("m1", "log", Some("ada@example.com"), None, true),
            reporter("m1", "hook", Some("ADA@old.example.com"), None, false),
            reporter("m2", "log", None, Some("grace@example.com"), true),
            reporter("exporter", "otlp", None, None, false),
        ]});
        let directory = json!({"version": 3, "developer": [
            {"id": "ada@example.com", "identities": ["ada@old.example.com"]}, {"id": "linus@example.com", "team": "core"},
        ]});
        let lines =
            lines(&serde_json::from_value(reporters).unwrap(), &serde_json::from_value(directory).unwrap());
        assert_eq!(
            listing(&lines).table(),
            "\
who                team  state    sources   since       last        records
ada@example.com    -     reports  hook log  2026-03-03  2026-04-04  22
exporter           -     reports  otlp      2026-03-04  2026-04-04  11
grace@example.com  -     silent   log       2026-03-03  2026-04-03  11
linus@example.com  core  never    -         -           -           0
"
        );
    }
}

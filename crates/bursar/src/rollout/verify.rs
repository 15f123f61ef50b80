//! `bursar rollout verify`: who reports to the server, by what, since when; and who
//! does not.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::directory::Directory;
use crate::environment::Environment;
use crate::listing::Listing;
use crate::output::{OutputOption, Told};
use crate::server_option::ServerAddress;

const EXAMPLES: &str = "Examples:
  bursar rollout verify --server https://bursar.example.com
  bursar rollout verify --format csv > rollout.csv

Whoever is in the directory and was never heard from is listed too.
Exits with 1 where somebody does not report, or not by every source that was ever heard from.";

/// What is said where there is nothing to say.
const NOBODY: &str = "Nobody has reported yet, and nobody is in the directory: `bursar org apply` says who there is, \
                      and `bursar rollout claude-code` sets machines up.\n";
/// What is said where a reporter has no person.
const NOBODYS: &str = "Of some machines or exporters nobody knows whose they are: a token of its own says it of each, \
                       `bursar token create --role collector --developer E-MAIL`.\n";

/// Who reports, by which sources, since when, and who does not
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    /// Take it as reporting where some sources of somebody have fallen silent and others have not
    #[arg(long)]
    allow_partial: bool,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerAddress,
}

/// The server's word on one reporter.
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

impl Reporter {
    const fn records(&self) -> u64 {
        self.observations.saturating_add(self.activities)
    }
}

/// Whether somebody reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// By every source that was ever heard from.
    Reports,
    /// By some of them.
    Partly,
    /// Not any more.
    Silent,
    /// Nothing ever came.
    Never,
}

impl State {
    const ALL: [Self; 4] = [Self::Reports, Self::Partly, Self::Silent, Self::Never];

    const fn name(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Partly => "partly",
            Self::Silent => "silent",
            Self::Never => "never",
        }
    }

    /// What stands before how many there are.
    const fn told(self) -> &'static str {
        match self {
            Self::Reports => "reporting",
            Self::Partly => "reporting by some of their sources",
            Self::Silent => "silent",
            Self::Never => "never heard from",
        }
    }
}

/// How somebody reports.
#[derive(Debug, Clone, Serialize)]
struct Line {
    /// The person, or the reporter where nobody knows whose it is.
    who: String,
    /// Whether nobody knows whose it is.
    is_nobodys: bool,
    team: Option<String>,
    state: State,
    since: Option<String>,
    last: Option<String>,
    records: u64,
    sources: Vec<Source>,
}

/// One kind of source of somebody, on whichever machines.
#[derive(Debug, Clone, Serialize)]
struct Source {
    source: String,
    /// Silent where all of its reporters are: a machine that was replaced is no gap.
    silent: bool,
    /// Machines or exporters.
    reporters: usize,
    silent_reporters: usize,
    since: String,
    last: String,
    records: u64,
}

/// Runs the command; gives what to print.
pub(super) fn run(args: &VerifyArgs, environment: &Environment) -> Result<String> {
    let client = args.server.client(environment)?;
    let reporters = client.pages("/api/v1/reporters", "reporters")?;
    let reporters: Vec<Reporter> = serde_json::from_value(Value::Array(reporters))
        .context("the server's answer has another form; is it of another version?")?;
    let lines = lines(&reporters, &Directory::ask(&client)?);
    let told = Told {
        schema: "bursar.rollout/1",
        text: text(&lines),
        body: json!({ "rollout": lines }),
        rows: rows(&lines),
    };
    let text = told.print(args.output.format)?;
    let Some(gap) = gap(&lines, args.allow_partial) else { return Ok(text) };
    crate::print(&text)?;
    Err(anyhow!(gap))
}

/// What is missing, for scripts to stop at.
fn gap(lines: &[Line], allow_partial: bool) -> Option<String> {
    let count = |states: &[State]| lines.iter().filter(|it| states.contains(&it.state)).count();
    let (missing, partly) = (count(&[State::Silent, State::Never]), count(&[State::Partly]));
    let all = lines.len();
    match (missing, if allow_partial { 0 } else { partly }) {
        (0, 0) => None,
        (0, partly) => Some(format!(
            "{partly} of {all} report by some of their sources only; see above, or say --allow-partial"
        )),
        (missing, 0) => Some(format!("{missing} of {all} do not report; see above")),
        (missing, partly) => Some(format!(
            "{missing} of {all} do not report, and {partly} by some of their sources only; see above"
        )),
    }
}

/// A line for each person who reports or should.
fn lines(reporters: &[Reporter], directory: &Directory) -> Vec<Line> {
    let by_identity = directory.by_identity();
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for it in reporters {
        let person = it.developer.as_ref().or(it.claimed.as_ref());
        let who = person.map_or(it.reporter.as_str(), |person| {
            by_identity.get(&person.to_lowercase()).copied().unwrap_or(person)
        });
        lines.entry(who.to_owned()).or_insert_with(|| Line::of(who, person.is_none())).add(it);
    }
    for developer in &directory.developer {
        let line = lines.entry(developer.id.clone()).or_insert_with(|| Line::of(&developer.id, false));
        if line.team.is_none() {
            line.team = developer.team.as_str().map(str::to_owned);
        }
    }
    lines.into_values().map(Line::judged).collect()
}

impl Line {
    /// Somebody of whom nothing is heard yet.
    fn of(who: &str, is_nobodys: bool) -> Self {
        let (team, since, last, state) = (None, None, None, State::Never);
        Self { who: who.to_owned(), is_nobodys, team, state, since, last, records: 0, sources: Vec::new() }
    }

    /// One more reporter of that person.
    fn add(&mut self, it: &Reporter) {
        if self.team.is_none() {
            self.team.clone_from(&it.team);
        }
        match self.sources.iter_mut().find(|known| known.source == it.source) {
            Some(known) => known.add(it),
            None => self.sources.push(Source {
                source: it.source.clone(),
                silent: it.silent,
                reporters: 1,
                silent_reporters: usize::from(it.silent),
                since: it.first_at.clone(),
                last: it.last_at.clone(),
                records: it.records(),
            }),
        }
    }

    /// What its sources come to.
    fn judged(mut self) -> Self {
        self.sources.sort_by(|a, b| a.source.cmp(&b.source));
        let silent = self.sources.iter().filter(|it| it.silent).count();
        self.state = match (self.sources.len(), silent) {
            (0, _) => State::Never,
            (_, 0) => State::Reports,
            (all, silent) if all == silent => State::Silent,
            _ => State::Partly,
        };
        self.since = self.sources.iter().map(|it| it.since.clone()).min();
        self.last = self.sources.iter().map(|it| it.last.clone()).max();
        self.records = self.sources.iter().fold(0, |sum, it| it.records.saturating_add(sum));
        self
    }
}

impl Source {
    /// The same kind on another machine: it is heard from as long as one of them is.
    fn add(&mut self, it: &Reporter) {
        self.silent &= it.silent;
        self.reporters = self.reporters.saturating_add(1);
        self.silent_reporters = self.silent_reporters.saturating_add(usize::from(it.silent));
        self.since = self.since.clone().min(it.first_at.clone());
        self.last = self.last.clone().max(it.last_at.clone());
        self.records = self.records.saturating_add(it.records());
    }

    fn told(&self) -> String {
        if self.silent {
            format!("{} (silent since {})", self.source, self.last)
        } else if self.silent_reporters > 0 {
            format!("{} ({} of {} silent)", self.source, self.silent_reporters, self.reporters)
        } else {
            self.source.clone()
        }
    }
}

/// For people: a line a person, and how many there are of each kind.
fn text(lines: &[Line]) -> String {
    if lines.is_empty() {
        return NOBODY.to_owned();
    }
    let mut table = Listing::new(&["who", "team", "state", "sources", "since", "last", "records"]);
    let or_dash = |text: Option<String>| text.filter(|it| !it.is_empty()).unwrap_or_else(|| "-".to_owned());
    for line in lines {
        let sources: Vec<String> = line.sources.iter().map(Source::told).collect();
        table.row(vec![
            line.who.clone(),
            or_dash(line.team.clone()),
            line.state.name().to_owned(),
            or_dash(Some(sources.join(", "))),
            or_dash(line.since.clone()),
            or_dash(line.last.clone()),
            line.records.to_string(),
        ]);
    }
    let count = |state: State| lines.iter().filter(|it| it.state == state).count();
    let counts = State::ALL.map(|state| format!("{} {}", count(state), state.told()));
    let mut text = format!("{}\n{}\n", table.table(), counts.join(", "));
    if lines.iter().any(|it| it.is_nobodys) {
        text.push_str(NOBODYS);
    }
    text
}

/// A row a source, and one for whoever has none.
fn rows(lines: &[Line]) -> Listing {
    let mut rows =
        Listing::new(&["who", "team", "state", "source", "source_state", "since", "last", "records"]);
    for line in lines {
        let who = [line.who.clone(), line.team.clone().unwrap_or_default(), line.state.name().to_owned()];
        let of = |it: &Source| {
            let state = if it.silent { State::Silent } else { State::Reports };
            [
                it.source.clone(),
                state.name().to_owned(),
                it.since.clone(),
                it.last.clone(),
                it.records.to_string(),
            ]
        };
        let mut sources: Vec<[String; 5]> = line.sources.iter().map(of).collect();
        if sources.is_empty() {
            let [source, state, since, last] = <[String; 4]>::default();
            sources.push([source, state, since, last, "0".to_owned()]);
        }
        for source in sources {
            rows.row(who.iter().cloned().chain(source).collect());
        }
    }
    rows
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
        let reporters = json!([
            reporter("m1", "log", Some("ada@example.com"), None, true),
            reporter("m1", "hook", Some("ADA@old.example.com"), None, false),
            reporter("m2", "log", None, Some("grace@example.com"), true),
            reporter("m3", "log", Some("hedy@example.com"), None, true),
            reporter("m4", "log", Some("hedy@example.com"), None, false),
            reporter("shared/x", "otlp", None, None, false),
        ]);
        let directory = json!({"version": 3, "developer": [
            {"id": "ada@example.com", "identities": ["ada@old.example.com"]}, {"id": "linus@example.com", "team": "core"},
        ]});
        let reporters: Vec<Reporter> = serde_json::from_value(reporters).unwrap();
        let lines = lines(&reporters, &serde_json::from_value(directory).unwrap());
        insta::assert_snapshot!(text(&lines), @r"
        who                team  state    sources                              since       last        records
        ada@example.com    -     partly   hook, log (silent since 2026-04-03)  2026-03-03  2026-04-04  22
        grace@example.com  -     silent   log (silent since 2026-04-03)        2026-03-03  2026-04-03  11
        hedy@example.com   -     reports  log (1 of 2 silent)                  2026-03-03  2026-04-03  22
        linus@example.com  core  never    -                                    -           -           0
        shared/x           -     reports  otlp                                 2026-03-04  2026-04-04  11

        2 reporting, 1 reporting by some of their sources, 1 silent, 1 never heard from
        Of some machines or exporters nobody knows whose they are: a token of its own says it of each, `bursar token create --role collector --developer E-MAIL`.
        ");
        assert!(text(&[]).starts_with("Nobody has reported yet"));
        let gaps = |lines: &[Line]| [gap(lines, false), gap(lines, true)].map(Option::unwrap_or_default);
        assert_eq!(
            gaps(&lines),
            [
                "2 of 5 do not report, and 1 by some of their sources only; see above",
                "2 of 5 do not report; see above",
            ]
        );
        let some = "1 of 1 report by some of their sources only; see above, or say --allow-partial";
        assert_eq!(gaps(&lines[..1]), [some, ""]);
        assert_eq!(gaps(&lines[2..3]), ["", ""]);
        insta::assert_snapshot!(rows(&lines).csv().replace('\r', ""), @r"
        who,team,state,source,source_state,since,last,records
        ada@example.com,,partly,hook,reports,2026-03-04,2026-04-04,11
        ada@example.com,,partly,log,silent,2026-03-03,2026-04-03,11
        grace@example.com,,silent,log,silent,2026-03-03,2026-04-03,11
        hedy@example.com,,reports,log,reports,2026-03-03,2026-04-03,22
        linus@example.com,core,never,,,,,0
        shared/x,,reports,otlp,reports,2026-03-04,2026-04-04,11
        ");
    }
}

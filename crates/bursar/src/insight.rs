//! `bursar insight`: what an engineering lead and a finance partner look at on a Monday.

mod verdict;

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::Dimension;
use insight::anomaly::Individuals;
use insight::forecast::Plan;
use insight::overview::Beside;
use insight::{Known, Query, Topic, csv, insight, render, wire};

use self::verdict::VerdictArgs;
use crate::book::OwnedBook;
use crate::client::Pairs;
use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::opened::{Opened, SourceOptions};
use crate::output::{Format, OutputOption};
use crate::report::{FilterOptions, NO_LOGS, WhenOptions};
use crate::server_option::ServerOption;

const EXAMPLES: &str = "Examples:
  bursar insight overview                       one screen of this month
  bursar insight trends --by repo               30 days, week and month against those before
  bursar insight anomalies                      what is unusual, why, and where to look
  bursar insight forecast                       what month and quarter will come to
  bursar insight forecast --headcount 2026-12-01:48 --price '2026-12-01:*opus*:-20%'
  bursar insight teams --server https://bursar.example.com
  bursar insight models --since last-quarter --until last-quarter
  bursar insight verdict a3f0c1d2e4b5a6978 expected --note 'the migration'

As rows (--format csv) an answer is its main table: days of the overview, the rows of trends,
anomalies, forecast and teams, models and providers, and of efficiency the dearest branches and
pull requests. Cheaper models, the cache and sessions are in --format json.";

/// What moves, what is unusual, what will be spent: the figures behind the dashboard
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InsightArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One screen: how much, who and what, why, what next
    Overview(AskArgs),
    /// How spend moves: 30 days, week and month, each against the one before
    Trends(CutArgs),
    /// What is unusual, why, and where to look
    Anomalies(AskArgs),
    /// What month, quarter and next quarter will come to, and how far off that may be
    Forecast(ForecastArgs),
    /// How well the money is used: a developer's day, the cache, sessions, branches
    Efficiency(AskArgs),
    /// What teams were given and used, and when their budgets run out
    Teams(AskArgs),
    /// Models and providers, and what a cheaper model would have cost
    Models(AskArgs),
    Verdict(VerdictArgs),
}

/// A question.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    when: WhenOptions,
    #[command(flatten)]
    filters: FilterOptions,
    #[command(flatten)]
    sources: SourceOptions,
    #[command(flatten)]
    server: ServerOption,
}

/// A question that may be cut.
#[derive(Debug, Args)]
pub(crate) struct CutArgs {
    /// Cut by one dimension: team, developer, repo, model …
    #[arg(long, value_name = "DIMENSION")]
    by: Option<String>,
    /// Only the dearest N rows
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    #[command(flatten)]
    ask: AskArgs,
}

/// A question about the future.
#[derive(Debug, Args)]
pub(crate) struct ForecastArgs {
    /// How many developers there will be from a day on: 2026-12-01:48 (repeat, or separate by commas)
    #[arg(long, value_name = "DATE:DEVELOPERS")]
    headcount: Vec<String>,
    /// Prices that will change: 2026-12-01:-20%, or 2026-12-01:*opus*:-20% for some models
    #[arg(long, value_name = "DATE:[MODELS:]CHANGE")]
    price: Vec<String>,
    #[command(flatten)]
    cut: CutArgs,
}

/// What is asked, whatever the topic.
struct Question<'a> {
    topic: Topic,
    ask: &'a AskArgs,
    by: Option<&'a str>,
    top: Option<usize>,
    headcount: &'a [String],
    price: &'a [String],
}

impl<'a> Question<'a> {
    const fn plain(topic: Topic, ask: &'a AskArgs) -> Self {
        Self { topic, ask, by: None, top: None, headcount: &[], price: &[] }
    }

    fn cut(topic: Topic, cut: &'a CutArgs) -> Self {
        Self { by: cut.by.as_deref(), top: cut.top, ..Self::plain(topic, &cut.ask) }
    }
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &InsightArgs, environment: &Environment) -> Result<String> {
    let question = match &args.what {
        What::Overview(args) => Question::plain(Topic::Overview, args),
        What::Anomalies(args) => Question::plain(Topic::Anomalies, args),
        What::Efficiency(args) => Question::plain(Topic::Efficiency, args),
        What::Teams(args) => Question::plain(Topic::Teams, args),
        What::Models(args) => Question::plain(Topic::Models, args),
        What::Trends(args) => Question::cut(Topic::Trends, args),
        What::Forecast(args) => {
            let cut = Question::cut(Topic::Forecast, &args.cut);
            Question { headcount: &args.headcount, price: &args.price, ..cut }
        }
        What::Verdict(args) => return verdict::run(args, environment),
    };
    answer(&question, environment)
}

fn answer(question: &Question<'_>, environment: &Environment) -> Result<String> {
    let ask = question.ask;
    let by = question.by.map(dimension).transpose()?;
    let texts = |all: &'_ [String]| all.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let (headcount, price) = (texts(question.headcount), texts(question.price));
    let plan = Plan::parse(&[&headcount], &[&price]).map_err(|it| usage(it.to_string()))?;
    if let Some(client) = ask.server.client(environment)? {
        let mut pairs: Pairs = by.iter().map(|it| ("by", it.name().to_owned())).collect();
        pairs.extend(question.top.map(|it| ("top", it.to_string())));
        let planned = [("headcount", headcount), ("price", price)];
        pairs.extend(planned.into_iter().filter(|it| !it.1.is_empty()));
        pairs.extend(ask.output.format.pairs(environment));
        pairs.extend(ask.when.pairs());
        pairs.extend(ask.filters.pairs());
        return client.get(&format!("/api/v1/insight/{}", question.topic.name()), &pairs);
    }
    let zone = ask.when.zone()?;
    let query = Query {
        group_by: by.into_iter().collect(),
        filters: ask.filters.filters()?,
        span: ask.when.span(&zone)?,
        top: question.top,
        ..Query::total(zone)
    };
    let judgements = verdict::remembered(environment)?;
    let mut opened = Opened::up_to_date(&ask.sources, environment)?;
    let tallies = opened.journal.sessions()?;
    let book = OwnedBook::of(&mut opened)?;
    let provenance = book.provenance();
    if matches!(ask.output.format, Format::Table) && provenance.sources.files() == 0 {
        return Ok(NO_LOGS.to_owned());
    }
    let beside = Beside {
        budgets: &[],
        judgements: &judgements,
        individuals: Individuals::Shown,
        seen: None,
        newest: provenance.sources.newest,
    };
    let known = Known { beside, tallies: &tallies, pricer: opened.meter.pricer(), plan: &plan };
    let answer = insight(question.topic, &query, &book.book(), &known, now())?;
    Ok(match ask.output.format {
        Format::Table => render::insight_text(&answer, &environment.terminal()),
        Format::Json => wire::insight_json(&answer, &provenance)?,
        Format::Csv => csv::insight_csv(&answer),
    })
}

fn dimension(name: &str) -> Result<Dimension> {
    let found = Dimension::from_name(name.trim()).filter(|it| !it.is_time());
    let all = Dimension::ALL.into_iter().filter(|it| !it.is_time()).map(Dimension::name);
    found.ok_or_else(|| {
        let all = all.collect::<Vec<_>>().join(", ");
        usage(format!("`--by {name}`: give one of {all}"))
    })
}

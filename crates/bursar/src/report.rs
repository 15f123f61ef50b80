//! `bursar report`: what was spent, cut by whatever is asked for.

use anyhow::Result;
use clap::{Args, ValueEnum};
use domain::Dimension;
use insight::{
    Asides, Filter, Period, Query, Span, Swap, WhatIf, WhatIfCall, WhatIfDesk, csv, figures, render, report,
    wire,
};
use jiff::tz::TimeZone;

use crate::book::OwnedBook;
use crate::client::Pairs;
use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::opened::{Opened, SourceOptions};
use crate::output::{Format, OutputOption};
use crate::server_option::ServerOption;

const EXAMPLES: &str = "Examples:
  bursar report                              by repository and model, of all time
  bursar report --by repo,branch,model       where the money went
  bursar report daily --since this-month     by day
  bursar report weekly --since last-month    by week, from the first day of last month
  bursar report --by developer --compare --since 7d
  bursar report --by ticket --repo 'acme/*' --task '!review' --top 10
  bursar report monthly --format csv > spend.csv";

pub(crate) const NO_LOGS: &str = "No logs of coding tools were found on this machine.
`bursar doctor` says where they are looked for; `bursar demo` shows a made-up company.
";

/// Days, weeks or months.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Every {
    Daily,
    Weekly,
    Monthly,
}

/// What was spent, by day, repo, branch, model or whatever else is known
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Cut by day, week or month
    #[arg(value_enum)]
    every: Option<Every>,
    /// Cut by one to three of: developer, repo, branch, pr, ticket, model, provider, tool, session,
    /// task, client, project, team, cost_centre, day, week, month, hour
    #[arg(long, value_name = "DIMENSIONS", value_delimiter = ',')]
    by: Vec<String>,
    /// Compare with the period before
    #[arg(long)]
    compare: bool,
    /// Only the dearest N rows, the rest as one
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// The figures that leaders ask for: cost per active day, cache hits, model mix, top spenders, loops
    #[arg(long)]
    figures: bool,
    /// What the same tokens would have cost with other models: opus-5.5=sonnet-5.5
    #[arg(long, value_name = "MODEL=MODEL")]
    what_if: Option<String>,
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

/// Which period, and whose days.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Period")]
pub(crate) struct WhenOptions {
    /// From when: a date, 7d, 24h, today, yesterday, this-week, last-month, this-quarter, last-year …, all
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    since: Option<String>,
    /// Until when, included
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    until: Option<String>,
    #[command(flatten)]
    zone: ZoneOption,
}

/// Whose days and hours.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Period")]
pub(crate) struct ZoneOption {
    /// Whose days: Europe/Berlin, UTC … [default: this machine's]
    #[arg(long, value_name = "ZONE", short = 'z')]
    timezone: Option<String>,
}

impl ZoneOption {
    /// As parameters of a request.
    pub(crate) fn pairs(&self) -> Pairs {
        self.timezone.iter().map(|it| ("timezone", it.clone())).collect()
    }

    pub(crate) fn zone(&self) -> Result<TimeZone> {
        let Some(name) = self.timezone.as_deref() else {
            return Ok(TimeZone::try_system().unwrap_or(TimeZone::UTC));
        };
        // Asked for by name alone, it would be looked for in the whole database of zones.
        if name == "UTC" {
            return Ok(TimeZone::UTC);
        }
        TimeZone::get(name).map_err(|_| {
            usage(format!("`--timezone {name}` is no time zone; give one such as Europe/Berlin or UTC"))
        })
    }
}

impl WhenOptions {
    /// As parameters of a request.
    pub(crate) fn pairs(&self) -> Pairs {
        let mut pairs = self.zone.pairs();
        pairs.extend(self.since.iter().map(|it| ("since", it.clone())));
        pairs.extend(self.until.iter().map(|it| ("until", it.clone())));
        pairs
    }

    pub(crate) fn zone(&self) -> Result<TimeZone> {
        self.zone.zone()
    }

    pub(crate) fn span(&self, zone: &TimeZone) -> Result<Span> {
        Ok(Span::parse(self.since.as_deref(), self.until.as_deref(), zone, now())?)
    }
}

macro_rules! filter_options {
    ($($field:ident: $dimension:ident, $help:literal;)+) => {
        /// A filter for each dimension. `*` stands for anything, a leading `!` turns it round.
        #[derive(Debug, Clone, Default, Args)]
        #[command(next_help_heading = "Filters (repeat, or separate by commas; `*` for anything, a leading `!` for not)")]
        pub(crate) struct FilterOptions {
            $(
                #[doc = $help]
                #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
                $field: Vec<String>,
            )+
        }

        impl FilterOptions {
            /// As parameters of a request.
            pub(crate) fn pairs(&self) -> Pairs {
                let given = [$((Dimension::$dimension, &self.$field)),+];
                let given = given.into_iter().filter(|(_, patterns)| !patterns.is_empty());
                given.map(|(dimension, patterns)| (dimension.name(), patterns.join(","))).collect()
            }

            pub(crate) fn filters(&self) -> Result<Vec<Filter>> {
                let given = [$((Dimension::$dimension, &self.$field)),+];
                let given = given.into_iter().filter(|(_, patterns)| !patterns.is_empty());
                given.map(|(dimension, patterns)| Ok(Filter::parse(dimension, patterns)?)).collect()
            }
        }
    };
}

filter_options! {
    developer: Developer, "Only these developers";
    repo: Repo, "Only these repositories: acme/api, github.com/acme/*";
    branch: Branch, "Only these branches";
    pr: PullRequest, "Only these pull requests: acme/api#12";
    ticket: Ticket, "Only these tickets: ENG-12, 'ENG-*'";
    model: Model, "Only these models";
    provider: Provider, "Only these providers";
    tool: Tool, "Only these coding tools: claude-code, codex, gemini-cli, cline, roo, kilo, opencode, copilot-cli";
    session: Session, "Only these sessions";
    task: Task, "Only these kinds of work: feature, fix, review …";
    client: Client, "Only these clients";
    project: Project, "Only these projects";
    team: Team, "Only these teams (known to a server)";
    cost_centre: CostCentre, "Only these cost centres (known to a server)";
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &ReportArgs, environment: &Environment) -> Result<String> {
    if let Some(client) = args.server.client(environment)? {
        return client.get("/api/v1/report", &pairs(args, environment)?);
    }
    let zone = args.when.zone()?;
    let query = Query {
        group_by: dimensions(args)?,
        period: args.every.map(|every| match every {
            Every::Daily => Period::Daily,
            Every::Weekly => Period::Weekly,
            Every::Monthly => Period::Monthly,
        }),
        filters: args.filters.filters()?,
        span: args.when.span(&zone)?,
        timezone: zone,
        compare: args.compare,
        top: args.top,
    };
    if matches!(args.output.format, Format::Csv) && (args.figures || args.what_if.is_some()) {
        return Err(usage(
            "csv holds rows alone: for --figures and --what-if use the table or --format json",
        ));
    }
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let swaps = args.what_if.as_deref().map(|text| Swap::parse(text, opened.meter.pricer())).transpose()?;
    let tallies = if args.figures { opened.journal.sessions()? } else { Vec::new() };
    let book = OwnedBook::of(&mut opened)?;
    let report = report(&query, &book.book(), now())?;
    let mut asides = Asides::default();
    if args.figures {
        asides.figures = Some(figures(&query, &book.book(), &tallies, now())?);
    }
    if let Some(swaps) = swaps {
        asides.what_if = what_if(swaps, &query, &book, &mut opened)?;
    }
    Ok(match args.output.format {
        Format::Table if book.provenance().sources.files() == 0 => NO_LOGS.to_owned(),
        Format::Table => render::report_text(&report, &asides, &book.provenance(), &environment.terminal()),
        Format::Json => wire::report_json(&report, &asides, &book.provenance())?,
        Format::Csv => csv::report_csv(&report),
    })
}

/// The question as parameters of a request.
fn pairs(args: &ReportArgs, environment: &Environment) -> Result<Pairs> {
    let by: Vec<&str> = dimensions(args)?.into_iter().map(Dimension::name).collect();
    let mut pairs = vec![
        ("by", by.join(",")),
        ("compare", args.compare.to_string()),
        ("figures", args.figures.to_string()),
    ];
    let every = args.every.map(|it| match it {
        Every::Daily => "daily",
        Every::Weekly => "weekly",
        Every::Monthly => "monthly",
    });
    pairs.extend(every.map(|it| ("every", it.to_owned())));
    pairs.extend(args.top.map(|it| ("top", it.to_string())));
    pairs.extend(args.what_if.clone().map(|it| ("what_if", it)));
    pairs.extend(args.output.format.pairs(environment));
    pairs.extend(args.when.pairs());
    pairs.extend(args.filters.pairs());
    Ok(pairs)
}

/// Prices the calls that the query keeps again, under other models. Sums are not
/// enough for that: a price depends on the size of each prompt.
fn what_if(swaps: Vec<Swap>, query: &Query, book: &OwnedBook, opened: &mut Opened) -> Result<Vec<WhatIf>> {
    let kept = book.kept(query)?;
    let mut desk = WhatIfDesk::new(opened.meter.pricer(), swaps);
    let mut outcome = Ok(());
    opened.journal.for_each_call(&mut |cell, priced| {
        let (call, figures) = (&priced.call, &priced.call.figures);
        if outcome.is_ok() && kept.contains(&cell) {
            outcome = desk.add(&WhatIfCall {
                model: &figures.model,
                provider: figures.provider.as_ref(),
                at: call.at,
                used: figures.into(),
                terms: &figures.terms,
                cost: priced.price.as_ref().ok().map(|price| price.contract),
            });
        }
    })?;
    outcome?;
    Ok(desk.answers())
}

/// What to cut by; who asks for nothing gets the first answer that is worth having.
fn dimensions(args: &ReportArgs) -> Result<Vec<Dimension>> {
    if args.by.is_empty() && args.every.is_none() {
        return Ok(vec![Dimension::Repo, Dimension::Model]);
    }
    let all = || Dimension::ALL.map(Dimension::name).join(", ");
    args.by
        .iter()
        .map(|name| {
            Dimension::from_name(name.trim()).ok_or_else(|| {
                usage(format!("`--by {name}`: there is no such dimension; give one of {}", all()))
            })
        })
        .collect()
}

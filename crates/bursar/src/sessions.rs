//! `bursar sessions`: the sessions, the dearest first.

use anyhow::Result;
use clap::Args;
use insight::{Query, csv, render, sessions, wire};

use crate::book::OwnedBook;
use crate::environment::{Environment, now};
use crate::opened::{Opened, SourceOptions};
use crate::output::{Format, OutputOption};
use crate::report::{FilterOptions, WhenOptions};
use crate::server_option::ServerOption;

const EXAMPLES: &str = "Examples:
  bursar sessions --top 5                 the dearest five
  bursar sessions --since today           of today
  bursar sessions --repo acme/api --format json";

/// The sessions, the dearest first: length, turns, pace, context growth, cache hits, cost
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SessionsArgs {
    /// Only the dearest N sessions, the rest as one
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
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

/// Runs the command; gives what to print.
pub(crate) fn run(args: &SessionsArgs, environment: &Environment) -> Result<String> {
    if let Some(client) = args.server.client(environment)? {
        let mut pairs = vec![("top", args.top.to_string())];
        pairs.extend(args.output.format.pairs(environment));
        pairs.extend(args.when.pairs());
        pairs.extend(args.filters.pairs());
        return client.get("/api/v1/sessions", &pairs);
    }
    let zone = args.when.zone()?;
    let query = Query {
        filters: args.filters.filters()?,
        span: args.when.span(&zone)?,
        top: Some(args.top),
        ..Query::total(zone.clone())
    };
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let tallies = opened.journal.sessions()?;
    let book = OwnedBook::of(&mut opened)?;
    let sessions = sessions(&query, &book.book(), &tallies, now())?;
    Ok(match args.output.format {
        Format::Table => render::sessions_text(&sessions, &book.provenance(), &zone, &environment.terminal()),
        Format::Json => wire::sessions_json(&sessions, &book.provenance(), &zone)?,
        Format::Csv => csv::sessions_csv(&sessions, &zone),
    })
}

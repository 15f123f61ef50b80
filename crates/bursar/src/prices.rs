//! `bursar prices`: what models cost.

mod rows;

use anyhow::Result;
use clap::Args;
use insight::span::ALLOWED;
use insight::{Span, render, wire};
use jiff::tz::TimeZone;
use pricing::price_book::PriceQuery;

use crate::client::Client;
use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::opened::{SourceOptions, pricer};
use crate::output::{Format, OutputOption};
use crate::server_option::ServerOption;

const EXAMPLES: &str = "Examples:
  bursar prices opus                     all prices of models with that word in their name
  bursar prices claude-sonnet-5-5 --at 2026-09-01
  bursar prices 'openai gpt-6' --history
  bursar prices --format json            the whole book
  bursar prices --server https://bursar.example.com opus
                                         what a server prices with";

/// What models cost, from when, and who says so
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PricesArgs {
    /// A model, or words that its provider and name contain
    model: Option<String>,
    /// The prices of that day [default: today]
    #[arg(long, value_name = "DATE", conflicts_with = "history")]
    at: Option<String>,
    /// All prices that ever were
    #[arg(long)]
    history: bool,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerOption,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &PricesArgs, environment: &Environment) -> Result<String> {
    let format = args.output.format;
    if let Some(client) = args.server.client(environment)? {
        return asked(&client, args);
    }
    let at = match &args.at {
        Some(day) => Span::parse(Some(day), None, &TimeZone::UTC, now())
            .map_err(|_| usage(format!("`--at {day}` is not a time; give {ALLOWED}")))?
            .since
            .unwrap_or_else(now),
        None => now(),
    };
    let pricer = pricer(&SourceOptions::default(), environment)?;
    let query = PriceQuery { model: args.model.as_deref(), at: (!args.history).then_some(at) };
    let listings = pricer.book().entries(&query)?;
    let json = || wire::prices_json(&listings, pricer.book().digest());
    Ok(match format {
        Format::Table => {
            render::prices_text(&listings, pricer.book().short_digest(), &environment.terminal())
        }
        Format::Json => json()?,
        Format::Csv => rows::prices(&serde_json::from_str(&json()?)?).csv(),
    })
}

/// The prices of a server.
fn asked(client: &Client, args: &PricesArgs) -> Result<String> {
    let mut pairs: Vec<_> = args.model.iter().map(|it| ("model", it.clone())).collect();
    pairs.extend(args.at.iter().map(|it| ("at", it.clone())));
    pairs.extend(args.history.then(|| ("history", "true".to_owned())));
    let answer = client.get("/api/v1/prices", &pairs)?;
    let document = serde_json::from_str(&answer)?;
    Ok(match args.output.format {
        Format::Json => answer,
        Format::Csv => rows::prices(&document).csv(),
        Format::Table => rows::prices(&document).table(),
    })
}

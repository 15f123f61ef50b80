//! `bursar prices`: what models cost.

use anyhow::Result;
use clap::Args;
use insight::span::ALLOWED;
use insight::{Span, render, wire};
use jiff::tz::TimeZone;
use pricing::price_book::PriceQuery;

use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::opened::{SourceOptions, pricer};
use crate::report::Format;

const EXAMPLES: &str = "Examples:
  bursar prices opus                     all prices of models with that word in their name
  bursar prices claude-sonnet-5-5 --at 2026-09-01
  bursar prices 'openai gpt-6' --history
  bursar prices --format json            the whole book";

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
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &PricesArgs, environment: &Environment) -> Result<String> {
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
    Ok(match args.format {
        Format::Table => {
            render::prices_text(&listings, pricer.book().short_digest(), &environment.terminal())
        }
        Format::Json => wire::prices_json(&listings, pricer.book().digest())?,
        Format::Csv => {
            return Err(usage("`bursar prices` prints a table or json: a price has too many shapes for csv"));
        }
    })
}

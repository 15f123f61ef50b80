//! `bursar explain`: how a figure came about, line by line.

use anyhow::Result;
use attribution::attribute;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use domain::{PricedCall, SessionId, Unpriced};
use insight::{ExplainedCall, render, wire};
use pricing::{Derivation, Pricer};

use crate::environment::Environment;
use crate::failure::usage;
use crate::knowledge::Knowledge;
use crate::opened::{Opened, SourceOptions};
use crate::report::{Format, ZoneOption};

/// Candidates that are named where a beginning is not unique.
const CANDIDATES: u32 = 10;

const EXAMPLES: &str = "Examples:
  bursar explain msg_01Ab               one call, by the beginning of its id
  bursar explain 5a69ca08               every call of a session
  bursar explain msg_01Ab --format json";

/// How the cost of a call or of a session came about, line by line
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// The id of a call or of a session, or its beginning
    #[arg(value_name = "CALL|SESSION", value_parser = NonEmptyStringValueParser::new())]
    id: String,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    zone: ZoneOption,
    #[command(flatten)]
    sources: SourceOptions,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &ExplainArgs, environment: &Environment) -> Result<String> {
    let zone = args.zone.zone()?;
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let (calls, file) = asked_for(&mut opened, &args.id)?;
    let knowledge = Knowledge::gather(&mut opened)?;
    let known = knowledge.known(&opened.rules);
    let pricer = opened.meter.pricer();
    let explained: Vec<_> = calls
        .iter()
        .map(|priced| {
            let call = &priced.call;
            let attribution = attribute(&call.owner.place, call.at.quarter_hour(), &known);
            ExplainedCall { call, price: derive(priced, pricer), attribution, file: file.as_deref() }
        })
        .collect();
    match args.format {
        Format::Table => Ok(render::explain_text(&explained, &zone, &environment.terminal())),
        Format::Json => Ok(wire::explain_json(&explained, &zone)?),
        Format::Csv => Err(usage("`bursar explain` prints a table or json")),
    }
}

/// The call of that id, with the file that it was read from, or all calls of the
/// session of that id.
fn asked_for(opened: &mut Opened, id: &str) -> Result<(Vec<PricedCall>, Option<String>)> {
    let (mut calls, mut sessions) = opened.journal.names_beginning(id, CANDIDATES)?;
    // A whole id may be the beginning of others, as a call's is of its advisors'.
    for names in [&mut calls, &mut sessions] {
        if names.iter().any(|name| name == id) {
            names.retain(|name| name == id);
        }
    }
    match (calls.as_slice(), sessions.as_slice()) {
        ([call], []) => {
            let Some(row) = opened.journal.call(call)? else {
                return Err(usage(format!("no call has the id `{id}`")));
            };
            let file = row.file.map(|file| opened.environment.short(&file));
            Ok((vec![row.priced], file))
        }
        ([], [session]) => Ok((opened.journal.calls_of_session(&SessionId::new(session))?, None)),
        ([], []) => {
            Err(usage(format!("no call and no session begins with `{id}`; `bursar sessions` lists sessions")))
        }
        (calls, sessions) => {
            let names: Vec<&str> = calls.iter().chain(sessions).map(String::as_str).collect();
            Err(usage(format!("`{id}` is the beginning of several: {}; give more of it", names.join(", "))))
        }
    }
}

fn derive(priced: &PricedCall, pricer: &Pricer) -> std::result::Result<Derivation, Unpriced> {
    let figures = &priced.call.figures;
    let resolved = pricer.resolve(&figures.model, figures.provider.as_ref());
    pricer.derive(resolved.as_ref(), priced.call.at, figures, &figures.terms)
}

//! `bursar explain`: how a figure came about, line by line.

pub(crate) mod rows;

use std::collections::HashMap;

use anyhow::Result;
use attribution::attribute;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use domain::{CallKey, PricedCall, Unpriced};
use insight::turns::Belonging;
use insight::{ExplainedCall, TurnCall, render, wire};
use pricing::{Derivation, Pricer};

use crate::client::{Client, encoded};
use crate::environment::Environment;
use crate::failure::usage;
use crate::knowledge::Knowledge;
use crate::named::{self, Named};
use crate::opened::{Opened, SourceOptions};
use crate::output::{Format, OutputOption};
use crate::report::ZoneOption;
use crate::server_option::ServerOption;

const EXAMPLES: &str = "Examples:
  bursar explain msg_01Ab               one call, by the beginning of its id
  bursar explain 5a69ca08               every call of a session
  bursar explain msg_01Ab --format json
  bursar explain msg_01Ab --format csv  a row for each line of the account";

/// How the cost of a call or of a session came about, line by line
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// The id of a call or of a session, or its beginning
    #[arg(value_name = "CALL|SESSION", value_parser = NonEmptyStringValueParser::new())]
    id: String,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    zone: ZoneOption,
    #[command(flatten)]
    sources: SourceOptions,
    #[command(flatten)]
    server: ServerOption,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &ExplainArgs, environment: &Environment) -> Result<String> {
    let format = args.output.format;
    if let Some(client) = args.server.client(environment)? {
        return asked(&client, &args.id, &args.zone, format, environment);
    }
    let zone = args.zone.zone()?;
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let (calls, file) = asked_for(&mut opened, &args.id)?;
    let explained = accounts(&mut opened, &calls, file.as_deref())?;
    Ok(match format {
        Format::Table => render::explain_text(&explained, &zone, &environment.terminal()),
        Format::Json => wire::explain_json(&explained, &zone)?,
        Format::Csv => rows::account(&serde_json::from_str(&wire::explain_json(&explained, &zone)?)?).csv(),
    })
}

/// What a server says. Rows are made of its document here.
fn asked(
    client: &Client,
    id: &str,
    zone: &ZoneOption,
    format: Format,
    environment: &Environment,
) -> Result<String> {
    let path = format!("/api/v1/calls/{}", encoded(id));
    let flat = format == Format::Csv;
    let mut pairs = if flat { Format::Json } else { format }.pairs(environment);
    pairs.extend(zone.pairs());
    let answer = client.get(&path, &pairs)?;
    Ok(if flat { rows::account(&serde_json::from_str(&answer)?).csv() } else { answer })
}

/// The accounts of calls.
pub(crate) fn accounts<'a>(
    opened: &mut Opened,
    calls: &'a [PricedCall],
    file: Option<&'a str>,
) -> Result<Vec<ExplainedCall<'a>>> {
    let turns = turns_of(opened, calls)?;
    let knowledge = Knowledge::gather(opened)?;
    let known = knowledge.known(&opened.rules);
    let pricer = opened.meter.pricer();
    let explained = calls.iter().map(|priced| {
        let call = &priced.call;
        let attribution = attribute(&call.owner.place, call.at.quarter_hour(), &known);
        let turn = turns.get(&call.key).copied();
        ExplainedCall { call, price: derive(priced, pricer), attribution, turn, file }
    });
    Ok(explained.collect())
}

/// Which turn of its session each call is of, and of how many; calls are of one session.
fn turns_of(opened: &mut Opened, calls: &[PricedCall]) -> Result<HashMap<CallKey, (Belonging, u32)>> {
    let Some(first) = calls.first() else { return Ok(HashMap::new()) };
    let all = opened.journal.calls_of_session(&first.call.owner.place.session)?;
    let told: Vec<_> = all.iter().map(TurnCall::of).collect();
    let turns = insight::turns(&told)?;
    let count = turns.count();
    let keys = all.into_iter().map(|it| it.call.key);
    Ok(keys.zip(turns.of_calls.into_iter().map(|it| (it, count))).collect())
}

/// The call that was named, with the file that it was read from, or all calls of
/// the session that was.
fn asked_for(opened: &mut Opened, id: &str) -> Result<(Vec<PricedCall>, Option<String>)> {
    match named::call_or_session(opened, id)? {
        Named::Session(session) => Ok((opened.journal.calls_of_session(&session)?, None)),
        Named::Call(call) => {
            let row = opened.journal.call(call.as_str())?;
            let row = row.ok_or_else(|| usage(format!("no call has the id `{call}`")))?;
            let file = row.file.map(|file| opened.environment.short(&file));
            Ok((vec![row.priced], file))
        }
    }
}

fn derive(priced: &PricedCall, pricer: &Pricer) -> std::result::Result<Derivation, Unpriced> {
    let figures = &priced.call.figures;
    let resolved = pricer.resolve(&figures.model, figures.provider.as_ref());
    pricer.derive(resolved.as_ref(), priced.call.at, figures, &figures.terms)
}

//! `bursar up`: everything in one process on this machine.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use server::Addresses;
use store::Database;

use crate::environment::Environment;
use crate::opened::journal_folder;
use crate::serve::{announce, runtime, tell, until_told};
use crate::server_settings::{ServerOptions, start_log};

/// The folder of the book in Bursar's own.
const BOOK: &str = "book";

const EXAMPLES: &str = "Examples:
  bursar up                                  on this machine, the logs that are found imported
  bursar up --no-import --otlp-http off --otlp-grpc off
  bursar up --data /tmp/try --listen 127.0.0.1:0";

/// The server on this machine: API, OpenTelemetry receivers and the book in one process
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct UpArgs {
    /// The folder of the book [default: ~/.local/share/bursar/book]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Do not open the page
    #[arg(long)]
    no_open: bool,
    /// Do not import the logs of this machine
    #[arg(long)]
    no_import: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Runs until it is told to stop.
pub(crate) fn run(args: &UpArgs, environment: &Environment) -> Result<String> {
    let (named, otherwise) = match &args.data {
        Some(folder) => (Some(format!("sqlite:{}", folder.display())), None),
        None => (None, Some(Database::Sqlite(journal_folder(environment)?.join(BOOK)))),
    };
    let prepared = args.server.prepare(named.as_deref(), otherwise, environment)?;
    start_log(prepared.log_format, prepared.log_level)?;
    runtime()?.block_on(until_told(prepared.options, |addresses| {
        announce(addresses);
        tell(&greeting(addresses));
    }))?;
    Ok(String::new())
}

/// What a person is told who started it by hand.
fn greeting(addresses: &Addresses) -> String {
    let scheme = if addresses.tls { "https" } else { "http" };
    let api = format!("{scheme}://{}", addresses.api);
    let mut lines = vec!["Bursar is up.".to_owned(), format!("  API             {api}")];
    for (name, address) in [("OTLP over HTTP", addresses.otlp_http), ("OTLP over gRPC", addresses.otlp_grpc)]
    {
        lines.extend(address.map(|it| format!("  {name:<15} {scheme}://{it}")));
    }
    if let Some(token) = &addresses.owner_token {
        lines.push(format!("The owner's token, shown this once:\n  {token}"));
        lines.push(format!("Try it:\n  BURSAR_TOKEN={token} bursar report --server {api}"));
    }
    lines.push(String::new());
    lines.join("\n")
}

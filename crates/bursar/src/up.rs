//! `bursar up`: everything in one process on this machine.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use domain::Measures;
use ingest::delivery::Delivery;
use server::{Addresses, Inlet, InletError};
use store::Database;
use tokio::runtime::Handle;

use crate::collect::sink::{Sink, Undelivered};
use crate::collect::{Arrangement, Collector, Stop};
use crate::environment::Environment;
use crate::opened::{Opened, journal_folder};
use crate::page_link::{Opening, near, page, show};
use crate::serve::{NotAsked, announce, runtime, tell, until_told, warn_of_plain};
use crate::server_settings::{ServerOptions, start_log};

/// The folder of the book in Bursar's own.
const BOOK: &str = "book";
/// The logs are looked at once in so long, at least.
const IMPORT_INTERVAL: Duration = Duration::from_secs(30);

const EXAMPLES: &str = "Examples:
  bursar up                                  on this machine, the logs that are found imported
  bursar up --no-import --otlp-http off --otlp-grpc off
  bursar up --gateway 127.0.0.1:4321         and coding clients call through it
  bursar up --data /tmp/try --listen 127.0.0.1:0";

/// The server on this machine: page, API, receivers and the book in one process
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
    #[command(flatten)]
    asked: NotAsked,
}

/// Runs until it is told to stop.
pub(crate) fn run(args: &UpArgs, environment: &Environment) -> Result<String> {
    args.asked.refuse(
        "this starts one; `bursar collect --server URL` reports this machine's logs to another, and \
         `bursar report --server URL` asks it",
    )?;
    let (named, otherwise) = match &args.data {
        Some(folder) => (Some(format!("sqlite:{}", folder.display())), None),
        None => {
            let folder = journal_folder(environment, ", or name the folder of the book with --data DIR")?;
            (None, Some(Database::Sqlite(folder.join(BOOK))))
        }
    };
    let prepared = args.server.prepare(named.as_deref(), otherwise, environment)?;
    warn_of_plain(&prepared.options);
    start_log(prepared.log_format, prepared.log_level)?;
    let runtime = runtime()?;
    // It stops when nobody can tell it to go on.
    let (keep, stop) = channel();
    let mut importing = None;
    let served = runtime.block_on(until_told(prepared.options, |addresses, inlet| {
        announce(addresses);
        tell(&greeting(addresses));
        let opening = if args.no_open { Opening::Unwanted } else { Opening::Wanted };
        show(addresses, &inlet, opening, environment);
        if !args.no_import {
            tell("Importing the logs of this machine …\n");
            let near = Near { inlet, handle: runtime.handle().clone() };
            let environment = environment.clone();
            importing = Some(thread::spawn(move || import(near, &environment, &Stop(stop))));
        }
    }));
    drop(keep);
    if importing.is_some_and(|it| it.join().is_err()) {
        return Err(anyhow!("the import of this machine's logs broke off; the next start goes on with it"));
    }
    served?;
    Ok(String::new())
}

/// The book of this process, for this machine's collector.
struct Near {
    inlet: Inlet,
    handle: Handle,
}

impl Sink for Near {
    fn place(&self) -> &str {
        "here"
    }

    fn book(&self) -> Option<&str> {
        Some(self.inlet.book())
    }

    fn greet(&mut self) -> Result<(), Undelivered> {
        Ok(())
    }

    fn deliver(&mut self, delivery: &Delivery) -> Result<(), Undelivered> {
        let delivered = self.handle.block_on(self.inlet.deliver(delivery.clone()));
        delivered.map_err(|error| match error {
            InletError::Later(why) => Undelivered::Later { after: None, why },
            InletError::Refused(why) => Undelivered::Refused { why },
        })
    }
}

/// Reads this machine's logs into the book, and goes on with what is new in them.
fn import(mut near: Near, environment: &Environment, stop: &Stop) {
    let arrangement = Arrangement { interval: IMPORT_INTERVAL, developer: None };
    match Collector::new(environment, arrangement, &mut near) {
        Ok(mut collector) => {
            collector.work(stop, |opened| match held(opened) {
                Ok(held) => tell(&format!("This machine's logs are in the book: {held}.\n")),
                Err(error) => tracing::warn!("what was imported cannot be summed up: {error:#}"),
            });
        }
        Err(error) => tracing::warn!("the logs of this machine are not imported: {error:#}"),
    }
}

/// What the logbook holds, now that all of it is in the book.
fn held(opened: &mut Opened) -> Result<String> {
    let files = opened.journal.sources_by_tool()?.iter().fold(0_u64, |sum, it| sum.saturating_add(it.1));
    let mut sum = Measures::ZERO;
    for cell in opened.journal.cells(&mut opened.meter)? {
        sum = sum.plus(&cell.measures)?;
    }
    let Measures { calls, cost, unpriced_calls, .. } = sum;
    let count = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let unpriced = match unpriced_calls {
        0 => String::new(),
        some => format!(", {some} of them without a price"),
    };
    let cost = insight::dollars(cost);
    Ok(format!("{}, {}, {cost}{unpriced}", count(files, "file"), count(calls, "call")))
}

/// What a person is told who started it by hand.
fn greeting(addresses: &Addresses) -> String {
    let scheme = if addresses.tls { "https" } else { "http" };
    let api = format!("{scheme}://{}", addresses.api);
    let mut lines = vec![
        "Bursar is up.".to_owned(),
        format!("  Page            {}", page(addresses)),
        format!("  API             {api}"),
    ];
    for (name, address) in [
        ("OTLP over HTTP", addresses.otlp_http),
        ("OTLP over gRPC", addresses.otlp_grpc),
        ("Gateway", addresses.gateway),
    ] {
        lines.extend(address.map(|it| format!("  {name:<15} {scheme}://{it}")));
    }
    if let Some(token) = &addresses.owner_token {
        lines.push(format!("The owner's token, shown this once:\n  {token}"));
        lines.push(format!(
            "Try it:\n  BURSAR_TOKEN={token} bursar report --server {}",
            near(scheme, addresses.api)
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

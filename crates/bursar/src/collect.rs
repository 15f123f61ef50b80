//! `bursar collect`: reports this machine's usage to the company's server.
//!
//! The logbook is its spool: a call is in it before anything is sent, and remains to
//! be reported until the server has said that it is stored. So a collector may be
//! offline for a week, or be killed at any moment.
//!
//! Reading order: `collector.rs` (what it does), `packing.rs` (what leaves), `http.rs`
//! (how), `pace.rs` (when).

mod collector;
pub(crate) mod http;
mod install;
pub(crate) mod installation;
mod pace;
mod packing;
pub(crate) mod sink;

use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::Developer;
use serde_json::{Value, json};

use self::collector::Done;
use self::collector::tell;
pub(crate) use self::collector::{Arrangement, Collector, Stop};
use self::http::Server;
use crate::environment::Environment;
use crate::failure::usage;
use crate::listing::Listing;
use crate::output::{OutputOption, Told};
use crate::server_option::ServerOptions;

const EXAMPLES: &str = "Examples:
  bursar collect --server https://bursar.example.com          watches the logs and reports
  bursar collect --server https://bursar.example.com --once   reports what is new and ends
  bursar collect install --server https://bursar.example.com  runs it whenever you are logged in

What is sent, field by field: docs/delivery.md. Prompts, code and paths are not.";

/// Reports this machine's usage to the company's server
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct CollectArgs {
    #[command(subcommand)]
    command: Option<CollectCommand>,
    /// Reports what is new and ends
    #[arg(long)]
    once: bool,
    /// Reports everything anew, as after the server was restored from a backup
    #[arg(long)]
    everything: bool,
    /// Looks at the logs at least once in so many seconds; hooks make it look at once
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(2..=3_600))]
    interval: u64,
    /// Whose machine it is, where git does not know: an e-mail address
    #[arg(long, value_name = "E-MAIL")]
    developer: Option<String>,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Debug, Subcommand)]
enum CollectCommand {
    Install(install::InstallArgs),
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &CollectArgs, environment: &Environment) -> Result<String> {
    if let Some(CollectCommand::Install(args)) = &args.command {
        return install::run(args, environment);
    }
    let developer = args.developer.as_deref().map(|text| {
        let address = attribution::identity::developer(text);
        address.ok_or_else(|| usage(format!("`{text}` is no e-mail address")))
    });
    let developer: Option<Developer> = developer.transpose()?;
    let arrangement = Arrangement { interval: Duration::from_secs(args.interval), developer };
    let mut server = Server::of(&args.server, environment)?;
    let url = server.url().to_owned();
    let mut collector = Collector::new(environment, arrangement, &mut server)?;
    if args.everything {
        collector.report_everything()?;
    }
    if args.once {
        return told(&collector.work_once()?).print(args.output.format);
    }
    // Nobody sends: it works until the process ends, which it may at any moment.
    let (_keep, stop) = channel();
    collector.work(&Stop(stop), |_| tell(&format!("everything is reported to {url}")));
    Ok(String::new())
}

/// What `--once` did, in all forms.
fn told(done: &Done) -> Told<Value> {
    let Done { sent, refused } = *done;
    let text = match refused {
        0 => "Everything is reported.\n".to_owned(),
        1 => "Everything is reported but 1 record, which the server refused.\n".to_owned(),
        _ => format!("Everything is reported but {refused} records, which the server refused.\n"),
    };
    let mut rows = Listing::new(&["sent", "refused"]);
    rows.row(vec![sent.to_string(), refused.to_string()]);
    Told { schema: "bursar.collect/1", text, body: json!({ "sent": sent, "refused": refused }), rows }
}

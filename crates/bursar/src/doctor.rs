//! `bursar doctor`: what is read, what could not be, and what is not known; of a server,
//! whether it works and whether it lets one in.

mod machine;
mod server;

use anyhow::Result;
use clap::Args;

use self::machine::Findings;
use crate::environment::Environment;
use crate::opened::{OR_EPHEMERAL, Opened, SourceOptions, journal_folder};
use crate::output::{OutputOption, Told};
use crate::server_option::ServerOption;

const EXAMPLES: &str = "Examples:
  bursar doctor                 where logs are looked for, what was found, what could not be read
  bursar doctor --ephemeral     the same for what is on the disk now, without the store
  bursar doctor --server https://bursar.example.com
                                whether the server works, its version, whose the token is

With --server it exits with 1 where something is wrong.";

/// What is read, what could not be, and what is not known; of a server, what is wrong
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    sources: SourceOptions,
    #[command(flatten)]
    server: ServerOption,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &DoctorArgs, environment: &Environment) -> Result<String> {
    if args.server.options.server.is_some() {
        return server::run(&args.server.options, args.output.format, environment);
    }
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let store = if args.sources.ephemeral {
        "in memory".to_owned()
    } else {
        environment.short(&journal_folder(environment, OR_EPHEMERAL)?.join("journal.db"))
    };
    let findings = Findings::of(store, &mut opened)?;
    let (text, rows) = (findings.text()?, findings.rows());
    Told { schema: "bursar.doctor/1", text, body: &findings, rows }.print(args.output.format)
}

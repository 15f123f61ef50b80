//! `bursar rollout verify`: who reports to the server, by what, since when; and who
//! does not.

use anyhow::Result;
use clap::Args;

use crate::collect::http::{Server, ServerOptions};
use crate::environment::Environment;

/// Who reports, by which sources, since when, and who does not
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    server: ServerOptions,
}

/// Runs the command; gives what to print.
pub(super) fn run(args: &VerifyArgs, environment: &Environment) -> Result<String> {
    let server = Server::of(&args.server, environment)?;
    server.get("/api/v1/reporters")
}

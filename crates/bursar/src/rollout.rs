//! `bursar rollout`: a company's machines are set up, and it is seen which report.
//!
//! It prints; whoever manages the machines hands it out. The settings make Claude Code
//! send its telemetry to the company's server, run Bursar's hook and status line, and,
//! where there is one, go through its gateway. None of them sends prompts or code.

mod claude_code;
mod forms;
mod verify;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::collect::http::Server;
use crate::environment::Environment;
use crate::server_option::ServerOptions;

pub(crate) use self::forms::{quoted, xml};

const EXAMPLES: &str = "Examples:
  bursar rollout claude-code --server https://bursar.example.com --team payments
  bursar rollout claude-code --server https://bursar.example.com --team payments --form mobileconfig
  bursar rollout verify --server https://bursar.example.com";

/// Settings for a company's machines, and who reports already
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RolloutArgs {
    #[command(subcommand)]
    command: RolloutCommand,
}

#[derive(Debug, Subcommand)]
enum RolloutCommand {
    ClaudeCode(claude_code::ClaudeCodeArgs),
    Verify(verify::VerifyArgs),
    Headers(HeadersArgs),
}

/// Prints the headers that let Claude Code's telemetry in: what its otelHeadersHelper runs
#[derive(Debug, Args)]
struct HeadersArgs {
    /// A file with the token, readable by nobody else [default: BURSAR_TOKEN, then ~/.config/bursar/token]
    #[arg(long, value_name = "FILE")]
    token_file: Option<std::path::PathBuf>,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &RolloutArgs, environment: &Environment) -> Result<String> {
    match &args.command {
        RolloutCommand::ClaudeCode(args) => claude_code::run(args, environment),
        RolloutCommand::Verify(args) => verify::run(args, environment),
        RolloutCommand::Headers(args) => Ok(headers(args, environment)),
    }
}

/// Without a token it prints no headers and ends well: whatever a helper prints or ends
/// with, the tool must go on. Who runs it by hand is told what is missing; the server
/// refuses the telemetry and says the same.
fn headers(args: &HeadersArgs, environment: &Environment) -> String {
    let options = ServerOptions { token_file: args.token_file.clone(), ..ServerOptions::default() };
    let missing = match Server::token_of(&options, environment) {
        Ok(Some(token)) => {
            let headers = serde_json::json!({"Authorization": format!("Bearer {token}")});
            return format!("{headers}\n");
        }
        Ok(None) => "there is no token: put one that `bursar token create` printed into \
                     ~/.config/bursar/token or BURSAR_TOKEN"
            .to_owned(),
        Err(error) => format!("{error:#}"),
    };
    crate::warn(&format!("{missing}; until then the server refuses this machine's telemetry"));
    "{}\n".to_owned()
}

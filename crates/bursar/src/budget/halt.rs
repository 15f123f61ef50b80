//! `bursar kill` and `unkill`, `bursar budget freeze` and `unfreeze`.

use anyhow::Result;
use clap::Args;
use domain::Scope;
use insight::printable;
use serde_json::{Value, json};

use super::options::{Common, SCOPE_HELP, scope};
use crate::client::{Ask, encoded};
use crate::environment::Environment;
use crate::listing::{Listing, text};
use crate::output::Told;

/// The contract of something that is stopped.
const STOP: &str = "bursar.stop/1";

/// What is to be stopped, or let go on.
#[derive(Debug, Args)]
struct Halt {
    #[arg(value_name = "SCOPE", value_parser = scope, help = SCOPE_HELP)]
    scope: Scope,
    /// Why: it is shown to whoever is stopped
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// Stops a scope at once: running calls are cut off, and nothing new is granted
#[derive(Debug, Args)]
#[command(after_help = "It is in force on every gateway within a second.

Examples:
  bursar kill session/5a69ca08-7c11 --reason 'it runs in circles'
  bursar kill model/claude-opus-5-5 --reason 'an incident'
  bursar kill org --reason 'a leaked token'")]
pub(crate) struct KillArgs {
    #[command(flatten)]
    halt: Halt,
}

/// Lets a scope that was killed go on
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar unkill session/5a69ca08-7c11 --reason 'mended'")]
pub(crate) struct UnkillArgs {
    #[command(flatten)]
    halt: Halt,
}

/// Grants and moves nothing new of a scope; calls that run may end
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget freeze team/web --reason 'the books are being closed'")]
pub(super) struct FreezeArgs {
    #[command(flatten)]
    halt: Halt,
}

/// Lets a scope that was frozen go on
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget unfreeze team/web")]
pub(super) struct UnfreezeArgs {
    #[command(flatten)]
    halt: Halt,
}

pub(crate) fn kill(args: &KillArgs, environment: &Environment) -> Result<String> {
    args.halt.stop("/api/v1/kills", environment)
}

pub(crate) fn unkill(args: &UnkillArgs, environment: &Environment) -> Result<String> {
    args.halt.lift("/api/v1/kills", environment)
}

pub(super) fn freeze(args: &FreezeArgs, environment: &Environment) -> Result<String> {
    args.halt.stop("/api/v1/freezes", environment)
}

pub(super) fn unfreeze(args: &UnfreezeArgs, environment: &Environment) -> Result<String> {
    args.halt.lift("/api/v1/freezes", environment)
}

impl Halt {
    fn stop(&self, path: &str, environment: &Environment) -> Result<String> {
        let body = json!({ "scope": self.scope.to_string(), "reason": self.reason });
        let body = Some(("application/json", body.to_string()));
        self.ask(&Ask { method: "POST", path, pairs: &[], body }, environment)
    }

    fn lift(&self, path: &str, environment: &Environment) -> Result<String> {
        let path = format!("{path}/{}", encoded(&self.scope.to_string()));
        let pairs = [("reason", self.reason.clone())];
        self.ask(&Ask { method: "DELETE", path: &path, pairs: &pairs, body: None }, environment)
    }

    fn ask(&self, ask: &Ask<'_>, environment: &Environment) -> Result<String> {
        let stopped = self.common.server.client(environment)?.json(ask)?;
        let mut rows = Listing::new(&["scope", "stop", "at", "by", "reason"]);
        let mut said: Vec<String> = Vec::new();
        for name in ["killed", "frozen"] {
            let Some(stop) = stopped.get(name).filter(|it| it.is_object()) else { continue };
            let [at, by, reason] = ["at", "by", "reason"].map(|it| text(stop, it));
            said.push(format!("{name} by {by}: {reason}"));
            rows.row(vec![text(&stopped, "scope"), name.to_owned(), at, by, reason]);
        }
        let how = if said.is_empty() { "not stopped".to_owned() } else { said.join("; ") };
        let text = printable(&format!("{} is {how}.", text(&stopped, "scope"))) + "\n";
        Told::<Value> { schema: STOP, text, rows, body: stopped }.print(self.common.output.format)
    }
}

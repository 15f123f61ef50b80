//! `bursar seal`: a secret as it may stand in a settings file.

use std::io::{self, IsTerminal, Read};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::environment::Environment;
use crate::failure::usage;
use crate::listing::Listing;
use crate::output::{OutputOption, Told};
use crate::sealed::{Missing, SealKey};
use crate::server_option::NoServer;

/// The longest secret that is sealed.
const LONGEST: u64 = 64 * 1_024;

const EXAMPLES: &str = "Examples:
  pass show anthropic | bursar seal      what it prints goes into server.toml as api_key
  BURSAR_SEAL_KEY=... bursar seal < key  with the key that the server has

The key that seals is BURSAR_SEAL_KEY, or ~/.config/bursar/seal.key, which is made where it is
missing. The server opens with the same.";

/// Seals a secret from standard input, for a settings file
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SealArgs {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: NoServer,
}

/// Seals what comes in.
pub(crate) fn run(args: &SealArgs, environment: &Environment) -> Result<String> {
    args.server.refuse("the key that seals is on this machine; run it where the server runs")?;
    if io::stdin().is_terminal() {
        crate::warn("type the secret and end with Ctrl-D; it is shown while you type");
    }
    let mut secret = String::new();
    io::stdin().lock().take(LONGEST).read_to_string(&mut secret).context("cannot read the secret")?;
    let secret = secret.trim();
    if secret.is_empty() {
        return Err(usage("there is nothing to seal: give the secret on standard input"));
    }
    let sealed = SealKey::of(environment, Missing::Make)?.seal(secret)?;
    let mut rows = Listing::new(&["sealed"]);
    rows.row(vec![sealed.clone()]);
    let (text, body) = (format!("{sealed}\n"), json!({ "sealed": sealed }));
    Told { schema: "bursar.sealed/1", text, body, rows }.print(args.output.format)
}

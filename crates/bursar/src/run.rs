//! `bursar run`: starts a coding client with everything that it needs to call through the
//! gateway, and says at the end what that cost.
//!
//! What the client prints, reads, is told by signals and exits with is its own: this stands
//! beside it and is not noticed. Whatever goes wrong after it ended is no failure of the run.

mod child;
mod launch;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow};
use attribution::GitReader;
use attribution::git;
use clap::Args;
use domain::{Folder, NanoUsd};
use insight::dollars;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use self::launch::{Credential, Through};
use crate::client::{Ask, Client, encoded};
use crate::collect::http::address;
use crate::environment::{Environment, now};
use crate::failure::{self, usage};
use crate::serve::runtime;
use crate::server_option::ServerAddress;
use crate::server_settings::GATEWAY;

/// How long the end waits to hear what the run cost.
const ASK_TIME: Duration = Duration::from_secs(4);
/// How often is asked, until the calls are in the book.
const ASKS: u32 = 6;
/// The pause between.
const PAUSE: Duration = Duration::from_millis(300);
/// Random bytes of a run's id.
const ID_BYTES: usize = 8;
/// What a shell says of a program that it does not find.
const NOT_FOUND: u8 = 127;

/// Starts a coding client through the gateway, and says at the end what that cost
#[derive(Debug, Args)]
#[command(
    after_help = "Claude Code, Codex, Gemini CLI, opencode, Copilot CLI, aider and whatever else reads the usual
variables. Repository and branch are those of the working folder.

Examples:
  bursar run -- claude
  bursar run --task review --ticket ENG-412 -- claude -p 'review the last commit'
  bursar run --client Northwind --tag env=prod -- codex exec 'fix the tests'
  bursar run --own-credential -- claude          with a subscription
  bursar run --gateway https://gateway.example.com -- gemini"
)]
pub(crate) struct RunArgs {
    /// The kind of work: feature, fix, review ...
    #[arg(long)]
    task: Option<String>,
    /// The client that it is for
    #[arg(long)]
    client: Option<String>,
    /// The project that it is for
    #[arg(long)]
    project: Option<String>,
    /// The ticket [default: what the branch names]
    #[arg(long)]
    ticket: Option<String>,
    /// What else is said of it; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Vec<String>,
    /// The client keeps its own login or key, such as a subscription's, and the gateway passes it on
    #[arg(long)]
    own_credential: bool,
    /// The gateway [default: BURSAR_GATEWAY, then http://127.0.0.1:4321]
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    #[command(flatten)]
    server: ServerAddress,
    /// The program and what it is started with
    #[arg(required = true, last = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

fn tag(text: &str) -> Result<String, String> {
    let no = || format!("`{text}` is no tag: write KEY=VALUE, without a comma");
    let (key, value) = text.split_once('=').ok_or_else(no)?;
    let is_plain = !key.trim().is_empty() && !value.trim().is_empty() && !text.contains(',');
    if is_plain { Ok(format!("{}={}", key.trim(), value.trim())) } else { Err(no()) }
}

/// Runs the client; its exit code is that of the run.
pub(crate) fn main(args: &RunArgs, environment: &Environment) -> ExitCode {
    let started = prepare(args, environment).and_then(|it| Ok((it, runtime()?)));
    let (prepared, runtime) = match started {
        Ok(it) => it,
        Err(error) => {
            crate::warn(&format!("{error:#}"));
            return failure::exit_code(&error);
        }
    };
    let Prepared { through, client, began_ms } = prepared;
    let launch = launch::plan(&args.command, &through);
    for header in &launch.left_out {
        crate::warn(&format!("{header} has characters that no header can have, and is left out"));
    }
    let code = match runtime.block_on(child::run(&launch)) {
        Ok(code) => code,
        Err(error) => {
            crate::warn(&format!("cannot start {}: {error}", launch.program.display()));
            return ExitCode::from(NOT_FOUND);
        }
    };
    let run = through.run;
    let told = runtime.block_on(async { timeout(ASK_TIME, cost(client, run, began_ms)).await });
    crate::warn(&match told {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => format!("what this run cost is not known: {error:#}"),
        Err(_) => "what this run cost is not known: the server takes too long".to_owned(),
    });
    // Whoever still asks is not waited for.
    runtime.shutdown_background();
    ExitCode::from(code)
}

/// Everything that is known before the client starts.
struct Prepared {
    through: Through,
    client: Client,
    began_ms: i64,
}

fn prepare(args: &RunArgs, environment: &Environment) -> Result<Prepared> {
    let client = args.server.client(environment)?;
    let gateway = args.gateway.clone().or_else(|| environment.gateway());
    let gateway = address(&gateway.unwrap_or_else(|| format!("http://{GATEWAY}")))?;
    let mut bytes = [0_u8; ID_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    let run: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
    let mut headers = facts(environment);
    let said = [
        ("X-Bursar-Ticket", &args.ticket),
        ("X-Bursar-Task", &args.task),
        ("X-Bursar-Client", &args.client),
        ("X-Bursar-Project", &args.project),
    ];
    headers.extend(said.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    let tags: Vec<&str> = args.tag.iter().map(String::as_str).collect();
    let tags: Vec<String> =
        std::iter::once(format!("run={run}")).chain(tags.into_iter().map(str::to_owned)).collect();
    headers.push(("X-Bursar-Tag", tags.join(", ")));
    let token = client.token().to_owned();
    let credential = if args.own_credential { Credential::Own } else { Credential::Token };
    let own_headers = environment.claude_headers();
    Ok(Prepared {
        through: Through { gateway, token, credential, headers, run, own_headers },
        client,
        began_ms: now().millis(),
    })
}

/// What git says of the working folder.
fn facts(environment: &Environment) -> Vec<(&'static str, String)> {
    let Some(folder) = environment.working_folder() else { return Vec::new() };
    let folder = folder.to_string_lossy();
    let facts = GitReader::new(&environment.machine()).look_up(&Folder::new(&folder));
    let branch = git::head(&folder).and_then(|it| it.branch);
    let repo = facts.repo.map(|it| ("X-Bursar-Repo", it.value.to_string()));
    repo.into_iter().chain(branch.map(|it| ("X-Bursar-Branch", it.to_string()))).collect()
}

/// What the run cost, once its calls are in the book.
async fn cost(client: Client, run: String, began_ms: i64) -> Result<String> {
    let client = std::sync::Arc::new(client);
    let mut last = String::new();
    for _ in 0..ASKS {
        let (client, run) = (std::sync::Arc::clone(&client), run.clone());
        let asked = tokio::task::spawn_blocking(move || ask(&client, &run, began_ms)).await;
        let (text, is_there) = asked.map_err(|_| anyhow!("the question broke off"))??;
        if is_there && text == last {
            break;
        }
        last = text;
        sleep(PAUSE).await;
    }
    Ok(last)
}

/// What the server says now, and whether it knows of any call.
fn ask(client: &Client, run: &str, began_ms: i64) -> Result<(String, bool)> {
    let path = format!("/api/v1/runs/{}", encoded(run));
    let pairs = [("since_ms", began_ms.to_string())];
    let told = client.json(&Ask { method: "GET", path: &path, pairs: &pairs, body: None })?;
    let calls = told.get("calls").and_then(Value::as_u64).unwrap_or_default();
    if calls == 0 {
        return Ok(("this run made no call through the gateway".to_owned(), false));
    }
    let nano = told.get("cost_nano_usd").and_then(Value::as_str).and_then(|it| it.parse().ok());
    let cost = nano.map(NanoUsd::new).ok_or_else(|| usage("the server's answer names no cost"))?;
    let unpriced = told.get("unpriced_calls").and_then(Value::as_u64).filter(|it| *it > 0);
    let unpriced = unpriced.map_or_else(String::new, |it| format!(", {it} of them without a price"));
    let noun = if calls == 1 { "call" } else { "calls" };
    Ok((format!("this run cost {}: {calls} {noun}{unpriced}", dollars(cost)), true))
}

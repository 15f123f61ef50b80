//! `bursar serve`: the company's server.

use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::json;
use server::{Addresses, Inlet, Role, ServeOptions};

use crate::environment::Environment;
use crate::failure::usage;
use crate::opened::make_private;
use crate::output::{Format, OutputOption};
use crate::server_option::NoServer;
use crate::server_settings::{ServerOptions, start_log};

const EXAMPLES: &str = "Examples:
  bursar serve --database sqlite:/var/lib/bursar --listen 0.0.0.0:4320
  bursar serve --config /etc/bursar/server.toml
  BURSAR_DATABASE=postgres://bursar@db:5432/bursar bursar serve --log-format json
  bursar serve --role gateway --gateway 0.0.0.0:4321 --listen 127.0.0.1:4322
                                             one of several gateways on the same database";

/// The company's server: API, OpenTelemetry receivers, one book for all
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// What keeps the book: sqlite:FOLDER or postgres://USER@HOST:PORT/NAME
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,
    /// What of the server this process is: everything, the API and the receivers, or the gateway
    #[arg(long, value_enum, default_value_t)]
    role: Part,
    #[command(flatten)]
    server: ServerOptions,
    #[command(flatten)]
    asked: NotAsked,
}

/// What of the server a process is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Part {
    #[default]
    All,
    Api,
    Gateway,
}

impl Part {
    const fn role(self) -> Role {
        match self {
            Self::All => Role::All,
            Self::Api => Role::Api,
            Self::Gateway => Role::Gateway,
        }
    }
}

/// What a command takes that asks a server, told to one that is a server.
#[derive(Debug, Clone, Default, Args)]
#[command(mut_arg("format", |it| it.hide(true)))]
pub(crate) struct NotAsked {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: NoServer,
}

impl NotAsked {
    /// Refuses another server, and rows: the one line that is printed is JSON.
    pub(crate) fn refuse(&self, instead: &str) -> Result<()> {
        self.server.refuse(instead)?;
        match self.output.format {
            Format::Table | Format::Json => Ok(()),
            Format::Csv => Err(usage("a server says where it listens as one line of JSON, and in no csv")),
        }
    }
}

/// Runs until it is told to stop.
pub(crate) fn run(args: &ServeArgs, environment: &Environment) -> Result<String> {
    args.asked.refuse("this starts one; `bursar report --server URL` and its kin ask it")?;
    let prepared = args.server.prepare_as(args.role.role(), (args.database.as_deref(), None), environment)?;
    warn_of_plain(&prepared.options);
    start_log(prepared.log_format, prepared.log_level)?;
    runtime()?.block_on(async {
        until_told(prepared.options, |addresses, _| {
            announce(addresses);
            if let Some(token) = &addresses.owner_token {
                tell(&format!("The owner's token, shown this once: {token}\n"));
            }
        })
        .await
    })?;
    Ok(String::new())
}

/// Says where tokens and figures would go over a network for everybody to read.
pub(crate) fn warn_of_plain(options: &ServeOptions) {
    let gateway = options.gateway.as_ref().map(|it| it.listen);
    let listeners = [Some(options.api), options.otlp_http, options.otlp_grpc, gateway];
    let open: Vec<String> = listeners
        .into_iter()
        .flatten()
        .filter(|it| !it.ip().is_loopback())
        .map(|it| it.to_string())
        .collect();
    if options.tls.is_none() && !open.is_empty() {
        crate::warn(&format!(
            "{} can be reached from other machines, and nothing is encrypted: tokens and figures go over the \
             network in the clear. Name a certificate under [tls] in the settings file, or let nothing but a \
             proxy that encrypts reach it",
            open.join(", ")
        ));
    }
}

/// Threads for many requests at once.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")
}

/// Serves until the system says to stop.
pub(crate) async fn until_told(options: ServeOptions, ready: impl FnOnce(&Addresses, Inlet)) -> Result<()> {
    let stop = stop_signal()?;
    make_private(&options.database);
    Ok(server::serve(options, Box::new(ready), Box::pin(stop)).await?)
}

/// Comes to an end at Ctrl-C, and where there is one at SIGTERM.
#[cfg(unix)]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a signal to wait for it runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// The one line for programs: where the server listens, now that it does.
pub(crate) fn announce(addresses: &Addresses) {
    let scheme = if addresses.tls { "https" } else { "http" };
    let url = |it: std::net::SocketAddr| format!("{scheme}://{it}");
    let line = json!({
        "bursar": env!("CARGO_PKG_VERSION"),
        "api": url(addresses.api),
        "otlp_http": addresses.otlp_http.map(url),
        "otlp_grpc": addresses.otlp_grpc.map(url),
        "gateway": addresses.gateway.map(url),
    });
    // Nobody may be listening to it, and that is no reason to stop.
    drop(crate::print(&format!("{line}\n")));
}

/// A line for people, who may not be there.
pub(crate) fn tell(text: &str) {
    let mut err = io::stderr().lock();
    drop(err.write_all(text.as_bytes()).and_then(|()| err.flush()));
}

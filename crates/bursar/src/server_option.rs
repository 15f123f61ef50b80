//! `--server` and how to be let in: one group of options, and what each kind of command
//! takes it for.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::client::Client;
use crate::collect::http::address;
use crate::environment::Environment;
use crate::failure::usage;

/// Where `bursar up` listens, and so where commands that need a server look for one.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:4320";

/// Which server, and how to be let in.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerOptions {
    #[arg(
        long,
        value_name = "URL",
        help = "The company's server: https://bursar.example.com [default: BURSAR_SERVER]"
    )]
    pub(crate) server: Option<String>,
    /// A file with the token, readable by nobody else [default: BURSAR_TOKEN, then
    /// ~/.config/bursar/token]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates in PEM that the server is to be known by, in place of the public ones
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// A server that may be asked in place of this machine.
#[derive(Debug, Clone, Default, Args)]
#[command(
    mut_arg("server", |it| it.help("Ask this server in place of this machine")),
    mut_arg("token_file", |it| it.requires("server")),
    mut_arg("ca", |it| it.requires("server"))
)]
pub(crate) struct ServerOption {
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// The server that a command is about.
#[derive(Debug, Clone, Default, Args)]
#[command(
    mut_arg("server", |it| it.help("The server [default: BURSAR_SERVER, then http://127.0.0.1:4320]"))
)]
pub(crate) struct ServerAddress {
    #[command(flatten)]
    options: ServerOptions,
}

/// For a command that no server does: whoever names one is told what does it instead.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NoServer {
    #[arg(long, value_name = "URL", hide = true)]
    server: Option<String>,
}

impl ServerOptions {
    /// The server's address, without a slash at the end.
    pub(crate) fn url(&self, environment: &Environment) -> Result<String> {
        let url = self.server.clone().or_else(|| environment.server());
        let url = url.ok_or_else(|| usage("which server? Name it with --server URL, or in BURSAR_SERVER"))?;
        address(&url)
    }
}

impl ServerOption {
    /// The server, where one was named.
    pub(crate) fn client(&self, environment: &Environment) -> Result<Option<Client>> {
        let named = self.options.server.is_some();
        named.then(|| Client::new(&self.options, environment)).transpose()
    }
}

impl ServerAddress {
    /// The server.
    pub(crate) fn client(&self, environment: &Environment) -> Result<Client> {
        let mut options = self.options.clone();
        let named = options.server.or_else(|| environment.server());
        options.server = Some(named.unwrap_or_else(|| DEFAULT_SERVER.to_owned()));
        Client::new(&options, environment)
    }
}

impl NoServer {
    /// Refuses one that was named. `instead` goes on after "`--server` is of no use here:".
    pub(crate) fn refuse(&self, instead: &str) -> Result<()> {
        match &self.server {
            None => Ok(()),
            Some(_) => Err(usage(format!("`--server` is of no use here: {instead}"))),
        }
    }
}

//! What a server is started with: the command line first, then the environment, then
//! the settings file, then the defaults. docs/server.md explains every key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use pricing::Pricer;
use serde::Deserialize;
use server::{Clock, Limits, Role, ServeOptions, TlsFiles};
use store::Database;

use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::gateway_settings::{self, GatewayTable, UpstreamTable};
use crate::opened::{SourceOptions, journal_folder, pricer, rules, settings_file};

/// Where the API listens, unless told otherwise.
const API: &str = "127.0.0.1:4320";
/// Where OTLP over HTTP listens, unless told otherwise: the port that exporters expect.
const OTLP_HTTP: &str = "127.0.0.1:4318";
/// Where OTLP over gRPC listens, unless told otherwise: the port that exporters expect.
const OTLP_GRPC: &str = "127.0.0.1:4317";
/// Where the gateway listens, where it is only said that there is one.
pub(crate) const GATEWAY: &str = "127.0.0.1:4321";
/// What switches a listener off.
const OFF: &str = "off";

/// Options of every command that runs a server.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerOptions {
    /// The settings file; docs/server.md explains every key
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the API listens [default: 127.0.0.1:4320]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where OTLP over HTTP listens, or `off` [default: 127.0.0.1:4318]
    #[arg(long, value_name = "ADDR")]
    otlp_http: Option<String>,
    /// Where OTLP over gRPC listens, or `off` [default: 127.0.0.1:4317]
    #[arg(long, value_name = "ADDR")]
    otlp_grpc: Option<String>,
    /// Where coding clients call through, or `off` [default: off]
    #[arg(long, value_name = "ADDR")]
    gateway: Option<String>,
    /// The organisation's time zone: Europe/Berlin, UTC ... [default: this machine's]
    #[arg(long, value_name = "ZONE", short = 'z')]
    timezone: Option<String>,
    /// How log lines are written to standard error
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// How much is logged
    #[arg(long, value_enum)]
    log_level: Option<LogLevel>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

/// The settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    database: Option<String>,
    listen: Option<String>,
    otlp_http: Option<String>,
    otlp_grpc: Option<String>,
    timezone: Option<String>,
    rules: Option<PathBuf>,
    contract: Option<PathBuf>,
    log_format: Option<LogFormat>,
    log_level: Option<LogLevel>,
    tls: Option<TlsTable>,
    limits: LimitsTable,
    gateway: GatewayTable,
    upstreams: BTreeMap<String, UpstreamTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsTable {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsTable {
    connections: Option<usize>,
    requests: Option<usize>,
    body_bytes: Option<usize>,
    unpacked_bytes: Option<usize>,
    request_seconds: Option<u64>,
    head_seconds: Option<u64>,
    drain_seconds: Option<u64>,
    watchers: Option<usize>,
    page_rows: Option<usize>,
}

/// Everything that is needed to start.
pub(crate) struct Prepared {
    pub(crate) options: ServeOptions,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: LogLevel,
}

impl ServerOptions {
    /// What a settings file says, and nothing else.
    pub(crate) fn of_file(config: PathBuf) -> Self {
        Self { config: Some(config), ..Self::default() }
    }

    /// With what the environment and the settings file say besides. `database` is what
    /// the command line says of it, and `otherwise` what holds where nobody does.
    pub(crate) fn prepare(
        &self,
        database: Option<&str>,
        otherwise: Option<Database>,
        environment: &Environment,
    ) -> Result<Prepared> {
        self.prepare_as(Role::All, (database, otherwise), environment)
    }

    /// The same for a part of the company's server.
    pub(crate) fn prepare_as(
        &self,
        role: Role,
        (database, otherwise): (Option<&str>, Option<Database>),
        environment: &Environment,
    ) -> Result<Prepared> {
        let file = File::read(self.config.as_deref(), environment)?;
        let sources = SourceOptions { ephemeral: false, rules: file.rules, contract: file.contract };
        let database = match database.map(str::to_owned).or_else(|| environment.database()).or(file.database)
        {
            Some(text) => parsed(&text)?,
            None => otherwise.ok_or_else(no_database)?,
        };
        let listen = self.listen.as_deref().or(file.listen.as_deref());
        let http = self.otlp_http.as_deref().or(file.otlp_http.as_deref());
        let grpc = self.otlp_grpc.as_deref().or(file.otlp_grpc.as_deref());
        let prices = pricer(&sources, environment)?;
        let listens = self.gateway.as_deref().or(file.gateway.listen.as_deref());
        let listens = match (role, listens) {
            (Role::Api, _) => None,
            (Role::Gateway, None | Some(OFF)) => listener("gateway", GATEWAY)?,
            (Role::All | Role::Gateway, listens) => listener("gateway", listens.unwrap_or(OFF))?,
        };
        let gateway = match listens {
            Some(listen) => {
                let folder = till_folder(file.gateway.folder.as_deref(), &database, environment)?;
                let tables = (file.gateway, file.upstreams);
                Some(gateway_settings::options((listen, folder), tables, &prices, environment)?)
            }
            None => None,
        };
        let options = ServeOptions {
            database,
            gateway,
            role,
            prices,
            rules: rules(&sources, environment)?,
            zone: zone(self.timezone.as_deref().or(file.timezone.as_deref()))?,
            api: address("listen", listen.unwrap_or(API))?,
            otlp_http: listener("otlp-http", http.unwrap_or(OTLP_HTTP))?,
            otlp_grpc: listener("otlp-grpc", grpc.unwrap_or(OTLP_GRPC))?,
            tls: file.tls.map(|it| TlsFiles { certificate: it.certificate, key: it.key }),
            owner_token: environment.owner_token(),
            limits: file.limits.limits()?,
            clock: Clock::new(now),
        };
        Ok(Prepared {
            options,
            log_format: self.log_format.or(file.log_format).unwrap_or_default(),
            log_level: self.log_level.or(file.log_level).unwrap_or_default(),
        })
    }
}

/// What opening a database takes.
pub(crate) struct Opening {
    pub(crate) database: Database,
    pub(crate) prices: Pricer,
}

/// The database that the command line, the environment or the settings file names, with
/// the prices of its server.
pub(crate) fn opening(
    named: Option<&str>,
    config: Option<&Path>,
    environment: &Environment,
) -> Result<Opening> {
    let file = File::read(config, environment)?;
    let database = named.map(str::to_owned).or_else(|| environment.database()).or(file.database);
    let sources = SourceOptions { ephemeral: false, rules: None, contract: file.contract };
    Ok(Opening {
        database: parsed(&database.ok_or_else(no_database)?)?,
        prices: pricer(&sources, environment)?,
    })
}

/// Where a gateway keeps its files: as it is told, beside an embedded book, or among
/// Bursar's own data.
fn till_folder(named: Option<&Path>, database: &Database, environment: &Environment) -> Result<PathBuf> {
    const FOLDER: &str = "gateway";
    let otherwise = ", or name `gateway.folder` in the settings file";
    match (named, database) {
        (Some(named), _) => Ok(named.to_owned()),
        (None, Database::Sqlite(folder)) => Ok(folder.join(FOLDER)),
        (None, Database::Postgres(_)) => Ok(journal_folder(environment, otherwise)?.join(FOLDER)),
    }
}

fn parsed(text: &str) -> Result<Database> {
    Database::parse(text).map_err(|error| usage(error.to_string()))
}

fn no_database() -> anyhow::Error {
    usage(
        "no database is named: give --database, BURSAR_DATABASE or `database` in the settings file, as \
         sqlite:FOLDER or postgres://USER@HOST:PORT/NAME",
    )
}

impl File {
    fn read(path: Option<&Path>, environment: &Environment) -> Result<Self> {
        let Some((path, text)) = settings_file(path, "server.toml", environment)? else {
            return Ok(Self::default());
        };
        let mut file: Self =
            toml::from_str(&text).map_err(|error| usage(format!("{}: {error}", path.display())))?;
        // Files are named from where the settings are.
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let beside = |it: &mut PathBuf| *it = folder.join(&*it);
        file.rules.iter_mut().chain(&mut file.contract).chain(&mut file.gateway.folder).for_each(beside);
        file.upstreams.values_mut().filter_map(|it| it.certificate_authority.as_mut()).for_each(beside);
        if let Some(tls) = &mut file.tls {
            [&mut tls.certificate, &mut tls.key].into_iter().for_each(beside);
        }
        Ok(file)
    }
}

impl LimitsTable {
    fn limits(&self) -> Result<Limits> {
        let mut limits = Limits::default();
        let sizes = [
            ("connections", self.connections, &mut limits.connections),
            ("requests", self.requests, &mut limits.requests),
            ("body_bytes", self.body_bytes, &mut limits.body_bytes),
            ("unpacked_bytes", self.unpacked_bytes, &mut limits.unpacked_bytes),
            ("watchers", self.watchers, &mut limits.watchers),
            ("page_rows", self.page_rows, &mut limits.page_rows),
        ];
        for (name, given, limit) in sizes {
            *limit = positive(name, given, *limit)?;
        }
        let times = [
            ("request_seconds", self.request_seconds, &mut limits.request_time),
            ("head_seconds", self.head_seconds, &mut limits.head_time),
            ("drain_seconds", self.drain_seconds, &mut limits.drain_time),
        ];
        for (name, given, limit) in times {
            *limit = Duration::from_secs(positive(name, given, limit.as_secs())?);
        }
        Ok(limits)
    }
}

fn positive<T: Default + PartialEq>(name: &str, given: Option<T>, otherwise: T) -> Result<T> {
    match given {
        Some(given) if given == T::default() => {
            Err(usage(format!("`limits.{name}` is 0, and nothing would be answered: give a larger number")))
        }
        Some(given) => Ok(given),
        None => Ok(otherwise),
    }
}

fn zone(named: Option<&str>) -> Result<TimeZone> {
    let Some(name) = named else { return Ok(TimeZone::try_system().unwrap_or(TimeZone::UTC)) };
    TimeZone::get(name)
        .map_err(|_| usage(format!("`{name}` is no time zone; give one such as Europe/Berlin or UTC")))
}

fn listener(option: &str, text: &str) -> Result<Option<SocketAddr>> {
    if text == OFF { Ok(None) } else { address(option, text).map(Some) }
}

fn address(option: &str, text: &str) -> Result<SocketAddr> {
    text.parse().map_err(|_| {
        usage(format!("`--{option} {text}` is no address; give an IP address and a port, such as {API}"))
    })
}

/// Starts writing log lines to standard error.
pub(crate) fn start_log(format: LogFormat, level: LogLevel) -> Result<()> {
    let level = match level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => log.with_target(false).with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_target(false).try_init(),
    };
    started.map_err(|error| anyhow!("cannot start the log: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_has_every_limit_with_its_default() {
        let text = include_str!("../../../docs/examples/server.toml");
        let file: File = toml::from_str(text).expect("a settings file");
        assert_eq!(file.limits.limits().expect("limits"), Limits::default());
        let table: toml::Table = text.parse().expect("a table");
        let keys = table.get("limits").and_then(toml::Value::as_table).map_or(0, toml::Table::len);
        assert_eq!(keys, 9);
        let listeners = [file.listen, file.otlp_http, file.otlp_grpc].map(Option::unwrap_or_default);
        assert_eq!(listeners, [API, OTLP_HTTP, OTLP_GRPC]);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let check = |outcome: Result<Option<SocketAddr>>, expected: &str| {
            assert_eq!(outcome.map_or_else(|it| it.to_string(), |it| format!("{it:?}")), expected);
        };
        check(listener("otlp-http", "off"), "None");
        check(
            listener("otlp-http", "localhost"),
            "`--otlp-http localhost` is no address; give an IP address and a port, such as 127.0.0.1:4320",
        );
        let limits = LimitsTable { requests: Some(0), ..LimitsTable::default() };
        assert_eq!(
            limits.limits().map_err(|it| it.to_string()),
            Err("`limits.requests` is 0, and nothing would be answered: give a larger number".to_owned())
        );
    }
}

//! What a server is started with.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use attribution::Rules;
use jiff::tz::TimeZone;
use pricing::Pricer;
use store::Database;

use crate::clock::Clock;

/// Everything that a server needs to know.
#[derive(Clone)]
pub struct ServeOptions {
    /// What keeps the book.
    pub database: Database,
    /// The prices.
    pub prices: Pricer,
    /// The organisation's rules for repositories, tasks, projects and clients.
    pub rules: Rules,
    /// The organisation's time zone: whose days are summed up.
    pub zone: TimeZone,
    /// Where the API listens.
    pub api: SocketAddr,
    /// Where OTLP over HTTP listens; nowhere where `None`.
    pub otlp_http: Option<SocketAddr>,
    /// Where OTLP over gRPC listens; nowhere where `None`.
    pub otlp_grpc: Option<SocketAddr>,
    /// Where coding clients call through; nowhere where `None`.
    pub gateway: Option<GatewayOptions>,
    /// What of the company's server this process is.
    pub role: Role,
    /// The certificate of all listeners; without one a proxy in front encrypts.
    pub tls: Option<TlsFiles>,
    /// The owner's token, to be known from the first start on. Without one the first
    /// start makes one up.
    pub owner_token: Option<String>,
    /// The limits on everything.
    pub limits: Limits,
    /// What tells the time.
    pub clock: Clock,
}

impl fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the owner's token nor the address of the database, which may hold a password.
        f.debug_struct("ServeOptions")
            .field("database", &self.database.kind())
            .field("api", &self.api)
            .field("otlp_http", &self.otlp_http)
            .field("otlp_grpc", &self.otlp_grpc)
            .field("gateway", &self.gateway.as_ref().map(|it| it.listen))
            .field("role", &self.role)
            .field("tls", &self.tls.is_some())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What of the company's server a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// The API and the receivers; calls go through other processes.
    Api,
    /// The gateway, and whether it lives and works; everything else is answered elsewhere.
    Gateway,
}

/// What the gateway is started with.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it writes down what it was lent, and has spent. On this machine.
    pub folder: PathBuf,
    /// Where calls go, and what is allowed.
    pub settings: gateway::Settings,
}

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// The limits of a server. Every one has a default, and a key in the settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, of one listener; more wait to be accepted.
    pub connections: usize,
    /// Requests to the API that are worked on at once; more are refused.
    pub requests: usize,
    /// Bytes of a body as they arrive.
    pub body_bytes: usize,
    /// Bytes of a body after decompression.
    pub unpacked_bytes: usize,
    /// How long a request may take, its body included.
    pub request_time: Duration,
    /// How long the head of a request may take to arrive.
    pub head_time: Duration,
    /// How long open requests may go on after the server was told to stop.
    pub drain_time: Duration,
    /// Listeners to live events at once.
    pub watchers: usize,
    /// Rows of one page.
    pub page_rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            requests: 256,
            body_bytes: 8 * 1_024 * 1_024,
            unpacked_bytes: ingest::delivery::MAX_BYTES,
            request_time: Duration::from_secs(30),
            head_time: Duration::from_secs(10),
            drain_time: Duration::from_secs(20),
            watchers: 128,
            page_rows: 1_000,
        }
    }
}

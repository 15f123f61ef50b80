//! A server of its own for each test, and what is sent to it.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use domain::call::{Figures, Owner};
use domain::{
    Call, CallKey, Developer, Lineage, ModelName, Origin, OutputConfidence, Place, Provider, ReporterId,
    SessionId, Terms, Timestamp, Tokens, Tool, Usage,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use ingest::delivery::{Delivery, ReportedCall};
use jiff::tz::TimeZone;
use pricing::{PriceBook, Pricer};
use serde_json::{Value, json};
use server::{Clock, Inlet, Limits, ServeOptions, TlsFiles};
use store::Database;
use tempfile::TempDir;
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The owner's token of every test.
pub(crate) const OWNER: &str = "the-owner-of-this-test";

/// A server that runs until it is dropped.
pub(crate) struct World {
    folder: TempDir,
    scheme: &'static str,
    clock: Arc<AtomicI64>,
    inlet: Inlet,
    pub(crate) api: SocketAddr,
    pub(crate) otlp_http: SocketAddr,
    pub(crate) otlp_grpc: SocketAddr,
    agent: Agent,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) cache_control: String,
    headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// A header as text; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().expect("text"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The status, and the code where it is a problem.
    pub(crate) fn outcome(&self) -> String {
        let problem: Value = serde_json::from_str(&self.text).unwrap_or_default();
        match problem["code"].as_str() {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    pub(crate) fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{self:?}");
        self
    }
}

/// A moment of the tests' year.
pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect(text).as_millisecond())
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self::start(tempfile::tempdir().expect("a folder"), OWNER, limits, None)
    }

    /// Stops, and starts again on the same book with another owner's token.
    pub(crate) fn again(mut self, owner: &str) -> Self {
        self.stop();
        let empty = tempfile::tempdir().expect("a folder");
        let folder = std::mem::replace(&mut self.folder, empty);
        Self::start(folder, owner, Limits::default(), None)
    }

    /// One that encrypts, with the certificate in `tls/`, which is good for this alone.
    pub(crate) fn encrypted() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let folder = tempfile::tempdir().expect("a folder");
        Self::start(folder, OWNER, Limits::default(), Some(&TlsFiles { certificate, key }))
    }

    fn start(folder: TempDir, owner: &str, limits: Limits, tls: Option<&TlsFiles>) -> Self {
        let clock = Arc::new(AtomicI64::new(at("2026-11-22T12:00:00Z").millis()));
        let told = Arc::clone(&clock);
        let port = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = ServeOptions {
            database: Database::Sqlite(folder.path().join("book")),
            prices: Pricer::new(PriceBook::bundled().expect("a price book"), None),
            rules: attribution::Rules::default(),
            zone: TimeZone::UTC,
            api: port,
            otlp_http: Some(port),
            otlp_grpc: Some(port),
            gateway: None,
            role: server::Role::All,
            tls: tls.cloned(),
            owner_token: Some(owner.to_owned()),
            limits,
            clock: Clock::new(move || Timestamp::from_millis(told.load(Ordering::SeqCst))),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, listening) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
            let shutdown = async {
                drop(stopped.await);
            };
            let served = server::serve(
                options,
                Box::new(|it, inlet| ready.send((it.clone(), inlet)).expect("a test")),
                Box::pin(shutdown),
            );
            runtime.block_on(served).expect("it stops in order");
        });
        let (addresses, inlet) = listening.recv().expect("a server that starts");
        let roots = tls.map(|it| fs::read(&it.certificate).expect("a certificate"));
        let roots = roots.map(|pem| Certificate::from_pem(&pem).expect("a certificate"));
        let roots = RootCerts::new_with_certs(&roots.into_iter().collect::<Vec<_>>());
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self {
            folder,
            scheme,
            clock,
            inlet,
            api: addresses.api,
            otlp_http: addresses.otlp_http.expect("it listens"),
            otlp_grpc: addresses.otlp_grpc.expect("it listens"),
            agent,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, days: i64) {
        self.pass_minutes(days * 24 * 60);
    }

    /// The same, by less.
    pub(crate) fn pass_minutes(&self, minutes: i64) {
        self.clock.fetch_add(minutes * 60 * 1_000, Ordering::SeqCst);
    }

    /// The end of a one-time link, as who starts the server gets it.
    pub(crate) fn code(&self) -> String {
        self.inlet.sign_in_code().expect("a code")
    }

    /// Tells the server to stop, and waits until it has.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it stops in order");
        }
    }

    /// Any request; headers are separated from their values by a colon.
    pub(crate) fn ask(&self, request: &str, token: &str, headers: &[&str], body: &[u8]) -> Answer {
        self.ask_at(self.api, request, token, (headers, body))
    }

    /// What an exporter sends over HTTP, as JSON.
    pub(crate) fn export(&self, path: &str, token: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let request = format!("POST {path}");
        self.ask_at(self.otlp_http, &request, token, (&["content-type: application/json"], body.as_bytes()))
    }

    fn ask_at(
        &self,
        address: SocketAddr,
        request: &str,
        token: &str,
        (headers, body): (&[&str], &[u8]),
    ) -> Answer {
        let (method, path) = request.split_once(' ').expect("a method and a path");
        let mut builder = Request::builder().method(method).uri(format!("{}://{address}{path}", self.scheme));
        if !token.is_empty() {
            builder = builder.header("authorization", format!("Bearer {token}"));
        }
        for header in headers {
            let (name, value) = header.split_once(": ").expect("a header");
            builder = builder.header(name, value);
        }
        let mut response = self.agent.run(builder.body(body).expect("a request")).expect("an answer");
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|it| it.to_str().expect("text").to_owned()).unwrap_or_default()
        };
        let (request_id, cache_control) = (header("x-request-id"), header("cache-control"));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        Answer {
            status,
            request_id,
            cache_control,
            headers,
            text: response.body_mut().read_to_string().expect("a text"),
        }
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(&format!("GET {path}"), token, &[], b"")
    }

    pub(crate) fn send(&self, request: &str, token: &str, body: &Value) -> Answer {
        self.ask(request, token, &["content-type: application/json"], body.to_string().as_bytes())
    }

    /// A token, made by the owner.
    pub(crate) fn token(&self, wanted: &Value) -> String {
        let made = self.send("POST /api/v1/tokens", OWNER, wanted).ok().json();
        made["token"].as_str().expect("a token").to_owned()
    }

    pub(crate) fn collector(&self, developer: &str) -> String {
        self.token(&json!({ "role": "collector", "developer": developer }))
    }

    /// Sends what a collector has, as gzip.
    pub(crate) fn deliver(&self, token: &str, delivery: &Delivery) -> Answer {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&delivery.to_json().expect("json")).expect("written");
        let body = packed.finish().expect("gzip");
        self.ask("POST /api/v1/deliveries", token, &["content-encoding: gzip"], &body)
    }

    /// Applies an organisation's file.
    pub(crate) fn organisation(&self, file: &str) -> Answer {
        self.ask("PUT /api/v1/org", OWNER, &["content-type: application/toml"], file.as_bytes())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the server did not stop in order");
        }
    }
}

/// What a machine sends of one session: a call for each key, a minute apart.
pub(crate) fn delivery(machine: &str, session: &str, repo: &str, first: &str, keys: &[&str]) -> Delivery {
    let mut delivery = Delivery::new(ReporterId::new(machine), "0.1.0", None);
    let place = Arc::new(Place {
        remote: Some(Arc::from(format!("https://{repo}").as_str())),
        ..Place::of(Tool::ClaudeCode, SessionId::new(session))
    });
    for (minute, key) in (0_i64..).zip(keys) {
        let at = Timestamp::from_millis(at(first).millis() + minute * 60_000);
        let figures = Figures {
            model: ModelName::new("claude-sonnet-4-6"),
            provider: Some(Provider::new("anthropic")),
            usage: Usage { input: Tokens::new(1_000), output: Tokens::new(100), ..Usage::ZERO },
            terms: Terms::default(),
            output: OutputConfidence::Final,
            reported_cost: None,
            lineage: Lineage::Own,
            at,
            origin: Origin::default(),
        };
        let owner = Owner { place: Arc::clone(&place), turn: None, lineage: Lineage::Own, at };
        let tools = domain::ToolUses::NONE;
        let call = Call { key: CallKey::new(key), request: None, at, figures, owner, tools };
        delivery.calls.push(ReportedCall { naming: domain::Naming::Provider, call });
    }
    delivery
}

/// The same, of whom the machine says that it belongs to somebody.
pub(crate) fn claiming(mut delivery: Delivery, developer: &str) -> Delivery {
    delivery.claimed = Some(Developer::new(developer));
    delivery
}

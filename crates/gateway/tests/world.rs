//! A gateway between a client and a provider, with a desk.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway::{BudgetDesk, Gateway, Metered, Settings, UpstreamSettings};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pricing::{PriceBook, Pricer};
use tokio::net::TcpListener;

use crate::client::{Client, Reply};
use crate::desk::Desk;
use crate::provider::Provider;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const MESSAGES: &str = "/v1/messages?beta=true";
pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const RESPONSES: &str = "/v1/responses";
pub(crate) const GEMINI: &str = "/v1beta/models/gemini-2.5-pro:generateContent";
pub(crate) const GEMINI_STREAM: &str = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse";

pub(crate) struct World {
    pub(crate) desk: Arc<Desk>,
    pub(crate) provider: Provider,
    pub(crate) gateway: Gateway,
    pub(crate) address: SocketAddr,
}

impl World {
    /// With a key of the gateway's own for each provider.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let provider = Provider::start().await;
        let desk = Arc::new(Desk::new());
        let mut settings = Settings::new(Pricer::new(PriceBook::bundled().unwrap(), None));
        let base = format!("http://{}", provider.address);
        settings.upstreams = ["anthropic", "openai", "gemini"]
            .map(|name| UpstreamSettings::new(name, &base).with_keys(["sk-ours"]))
            .to_vec();
        change(&mut settings);
        let keeper: Arc<dyn BudgetDesk> = Arc::<Desk>::clone(&desk);
        let gateway = Gateway::new(keeper, settings).unwrap();
        let address = serve(gateway.clone()).await;
        Self { desk, provider, gateway, address }
    }

    /// Another gateway in its place, with those upstreams.
    pub(crate) async fn serve_with(&mut self, upstreams: Vec<UpstreamSettings>) {
        let mut settings = Settings::new(Pricer::new(PriceBook::bundled().unwrap(), None));
        settings.upstreams = upstreams;
        let keeper: Arc<dyn BudgetDesk> = Arc::<Desk>::clone(&self.desk);
        self.gateway = Gateway::new(keeper, settings).unwrap();
        self.address = serve(self.gateway.clone()).await;
    }

    /// Why there is no gateway with those upstreams.
    pub(crate) fn refused(upstreams: Vec<UpstreamSettings>) -> String {
        let mut settings = Settings::new(Pricer::new(PriceBook::bundled().unwrap(), None));
        settings.upstreams = upstreams;
        Gateway::new(Arc::new(Desk::new()), settings).unwrap_err().to_string()
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.open(&format!("POST {path}"), headers, body.as_bytes()).await.reply().await
    }

    /// Posts with the token of Dana's.
    pub(crate) async fn call(&self, path: &str, body: &str) -> Reply {
        self.post(path, &[("Authorization", "Bearer bsr_dana_secret")], body).await
    }

    /// Begins a request with the token of Dana's.
    pub(crate) async fn begin(&self, path: &str, body: &str) -> Client {
        let token = [("Authorization", "Bearer bsr_dana_secret")];
        self.open(&format!("POST {path}"), &token, body.as_bytes()).await
    }

    pub(crate) async fn open(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Client {
        Client::send(self.address, line, headers, body).await
    }

    /// Waits until that is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "never: {what}");
    }

    /// How all reservations ended, and what came into the book.
    pub(crate) fn ended(&self) -> String {
        assert_eq!(self.desk.open(), 0, "a reservation is open");
        let book = self.desk.recorded();
        let lines = book.iter().flat_map(lines);
        self.desk.endings().into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }
}

/// What was metered of a call.
pub(crate) fn lines(metered: &Metered) -> Vec<String> {
    let line = |it: &domain::Observation| {
        let usage = it.usage;
        let key = if it.key.as_str().starts_with("req_bursar_") { "(ours)" } else { it.key.as_str() };
        format!(
            "{key} {} in {} cached {} written {} out {} {}",
            it.model,
            usage.input,
            usage.cache_read,
            usage.cache_write_5m,
            usage.output,
            it.output.name(),
        )
    };
    metered.observations.iter().map(line).collect()
}

async fn serve(gateway: Gateway) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let gateway = gateway.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let gateway = gateway.clone();
                    async move { Ok::<_, std::convert::Infallible>(gateway.handle(request).await) }
                });
                let mut builder = http1::Builder::new();
                let connection =
                    builder.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
                // A response that is cut ends its connection with an error.
                drop(connection.await);
            });
        }
    });
    address
}

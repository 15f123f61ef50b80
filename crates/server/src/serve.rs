//! The wiring: opens the store and the ports, starts what runs, and stops it in order.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use futures_util::future::LocalBoxFuture;
use store::{News, Settings, Store};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use crate::api;
use crate::backup;
use crate::desk::Desk;
use crate::failure::ServeError;
use crate::inlet::Inlet;
use crate::listener::{Listener, Port};
use crate::options::ServeOptions;
use crate::otlp_receiver::{self, Receiver};
use crate::{owner, tls, traffic};

/// Where a server listens, told once it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The API.
    pub api: SocketAddr,
    /// OTLP over HTTP.
    pub otlp_http: Option<SocketAddr>,
    /// OTLP over gRPC.
    pub otlp_grpc: Option<SocketAddr>,
    /// Whether all of them are encrypted.
    pub tls: bool,
    /// The owner's token, where it was made up just now: nobody ever sees it again.
    pub owner_token: Option<String>,
}

/// What is called when all listeners are open, with the way into the book for this process.
pub type Ready<'a> = Box<dyn FnOnce(&Addresses, Inlet) + 'a>;

/// Serves until `shutdown` comes to an end, then drains. `ready` is called once.
///
/// # Errors
/// [`ServeError`] where it cannot start, and where a part of it ends by itself.
pub fn serve<'a>(
    options: ServeOptions,
    ready: Ready<'a>,
    shutdown: LocalBoxFuture<'a, ()>,
) -> LocalBoxFuture<'a, Result<(), ServeError>> {
    Box::pin(start(options, ready, shutdown))
}

async fn start(
    options: ServeOptions,
    ready: Ready<'_>,
    shutdown: LocalBoxFuture<'_, ()>,
) -> Result<(), ServeError> {
    let acceptor = options.tls.as_ref().map(tls::acceptor).transpose()?;
    let settings = Settings { prices: options.prices.clone(), zone: Some(options.zone.clone()) };
    let store = Store::open(&options.database, settings).await?;
    if backup::is_half_restored(&store).await? {
        return Err(ServeError::HalfRestored);
    }
    let (stop, stopping) = watch::channel(false);
    let desk = Desk::new(store, &options, stopping);
    // From before the first request on, so that nothing that is accepted is missed.
    let news = desk.store().watch();
    let mut listeners = Vec::new();
    let mut open = async |address: Option<SocketAddr>, what: &'static str, router: Router| {
        let Some(address) = address else { return Ok::<_, ServeError>(None) };
        let port = Port::open(address, what).await?;
        let address = port.address;
        listeners.push(port.answered_by(router, acceptor.clone(), desk.clone()));
        Ok(Some(address))
    };
    let api = open(Some(options.api), "api", api::router(desk.clone())).await?.unwrap_or(options.api);
    let receiver = Receiver::new(desk.clone());
    let counted = from_fn_with_state(desk.clone(), traffic::counted);
    let otlp_http = otlp_receiver::http_router(receiver.clone()).layer(counted.clone());
    let otlp_http = open(options.otlp_http, "OTLP over HTTP", otlp_http).await?;
    let otlp_grpc = otlp_receiver::grpc_router(receiver).layer(counted);
    let otlp_grpc = open(options.otlp_grpc, "OTLP over gRPC", otlp_grpc).await?;
    // Last of all: a token that was made up is never shown by a start that fails.
    let owner_token = owner::first(&desk, options.owner_token.as_deref()).await?;
    let addresses = Addresses { api, otlp_http, otlp_grpc, tls: options.tls.is_some(), owner_token };
    ready(&addresses, Inlet::new(desk.clone()));
    run(&desk, news, listeners, (stop, shutdown)).await
}

/// Runs everything until it is told to stop, or one of them ends by itself.
async fn run(
    desk: &Desk,
    news: broadcast::Receiver<Arc<News>>,
    listeners: Vec<Listener>,
    (stop, shutdown): (watch::Sender<bool>, LocalBoxFuture<'_, ()>),
) -> Result<(), ServeError> {
    let mut tasks = JoinSet::new();
    for listener in listeners {
        tasks.spawn(listener.run());
    }
    let (pricing, reporting) = (desk.clone(), desk.clone());
    let mut jobs = JoinSet::new();
    jobs.spawn(async move { reporting.newsroom().follow(news, reporting.stopping()).await });
    jobs.spawn(async move { reprice(&pricing).await });
    let outcome = tokio::select! {
        () = shutdown => Ok(()),
        ended = tasks.join_next() => Err(ServeError::Task(ended.and_then(Result::ok).unwrap_or("listener"))),
    };
    tracing::info!("stopping");
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    // Repricing goes on where it was at the next start.
    jobs.shutdown().await;
    tracing::info!("stopped");
    outcome
}

/// Brings calls up to the prices that the server was started with.
async fn reprice(desk: &Desk) {
    match desk.store().reprice().await {
        Ok(0) => {}
        Ok(calls) => tracing::info!(calls, "priced anew"),
        Err(error) => tracing::error!(%error, "cannot price anew; the next start tries again"),
    }
}

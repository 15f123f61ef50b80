//! The wiring: opens the store and the ports, starts what runs, and stops it in order.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use futures_util::future::LocalBoxFuture;
use store::{News, Settings, Store};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use crate::api;
use crate::backup;
use crate::budgets;
use crate::call_path::CallPath;
use crate::desk::Desk;
use crate::failure::ServeError;
use crate::inlet::Inlet;
use crate::listener::{Answers, Listener, Port};
use crate::options::{Role, ServeOptions};
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
    /// Where coding clients call through.
    pub gateway: Option<SocketAddr>,
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
    let policy = budgets::policy::of(&desk).await.map_err(|it| ServeError::Start(it.to_string()))?;
    desk.store().budgets().follow(policy.clone());
    let call_path =
        options.gateway.as_ref().map(|it| CallPath::open(&desk, &options, it, policy)).transpose()?;
    let is_all = options.role != Role::Gateway;
    let mut listeners = Vec::new();
    let mut open = async |address: Option<SocketAddr>, what: &'static str, router: Answers| {
        let Some(address) = address else { return Ok::<_, ServeError>(None) };
        let port = Port::open(address, what).await?;
        let address = port.address;
        listeners.push(port.answered_by(router, acceptor.clone(), desk.clone()));
        Ok(Some(address))
    };
    let router = if is_all { api::router(desk.clone()) } else { api::health_router(desk.clone()) };
    let api = open(Some(options.api), "api", Answers::Own(router)).await?.unwrap_or(options.api);
    let receiver = Receiver::new(desk.clone());
    let counted = from_fn_with_state(desk.clone(), traffic::counted);
    let otlp_http = otlp_receiver::http_router(receiver.clone()).layer(counted.clone());
    let address = options.otlp_http.filter(|_| is_all);
    let otlp_http = open(address, "OTLP over HTTP", Answers::Own(otlp_http)).await?;
    let otlp_grpc = otlp_receiver::grpc_router(receiver).layer(counted);
    let address = options.otlp_grpc.filter(|_| is_all);
    let otlp_grpc = open(address, "OTLP over gRPC", Answers::Own(otlp_grpc)).await?;
    let router = call_path.as_ref().map(CallPath::router).unwrap_or_default();
    let address = options.gateway.as_ref().map(|it| it.listen);
    let gateway = open(address, "gateway", Answers::Relayed(router)).await?;
    // Last of all: a token that was made up is never shown by a start that fails.
    let owner_token = owner::first(&desk, options.owner_token.as_deref()).await?;
    let tls = options.tls.is_some();
    let addresses = Addresses { api, otlp_http, otlp_grpc, gateway, tls, owner_token };
    ready(&addresses, Inlet::new(desk.clone()));
    let parts = Parts { news, listeners, call_path, role: options.role };
    run(&desk, parts, (stop, shutdown)).await
}

/// What runs.
struct Parts {
    news: broadcast::Receiver<Arc<News>>,
    listeners: Vec<Listener>,
    call_path: Option<CallPath>,
    role: Role,
}

/// Runs everything until it is told to stop, or one of them ends by itself.
async fn run(
    desk: &Desk,
    Parts { news, listeners, call_path, role }: Parts,
    (stop, shutdown): (watch::Sender<bool>, LocalBoxFuture<'_, ()>),
) -> Result<(), ServeError> {
    let mut tasks = JoinSet::new();
    for listener in listeners {
        tasks.spawn(listener.run());
    }
    let (pricing, reporting) = (desk.clone(), desk.clone());
    let mut jobs = JoinSet::new();
    jobs.spawn(async move { reporting.newsroom().follow(news, reporting.stopping()).await });
    if role != Role::Gateway {
        jobs.spawn(async move { reprice(&pricing).await });
        let reading = desk.clone();
        jobs.spawn(async move { read_ahead(&reading).await });
    }
    let (hang_up, hung_up) = watch::channel(false);
    let (end, ending) = watch::channel(false);
    let (mut calls, mut upkeep) = (JoinSet::new(), JoinSet::new());
    upkeep.spawn(budgets::upkeep::run(desk.clone(), ending));
    if let Some(call_path) = call_path {
        calls.spawn(call_path.run(hung_up));
    }
    let outcome = tokio::select! {
        () = shutdown => Ok(()),
        ended = tasks.join_next() => Err(ServeError::Task(ended.and_then(Result::ok).unwrap_or("listener"))),
    };
    tracing::info!("stopping");
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    hang_up.send_replace(true);
    while calls.join_next().await.is_some() {}
    // What the gateway saw is in the book, and is not booked as if it had not.
    end.send_replace(true);
    while upkeep.join_next().await.is_some() {}
    // Repricing goes on where it was at the next start.
    jobs.shutdown().await;
    tracing::info!("stopped");
    outcome
}

/// Reads what the first page will show, while its first reader is still on the way.
async fn read_ahead(desk: &Desk) {
    if let Err(error) = desk.figures().read_ahead(desk.now()).await {
        tracing::warn!(%error, "nothing was read ahead; the first pages take longer");
    }
}

/// Brings calls up to the prices that the server was started with.
async fn reprice(desk: &Desk) {
    match desk.store().reprice().await {
        Ok(0) => {}
        Ok(calls) => tracing::info!(calls, "priced anew"),
        Err(error) => tracing::error!(%error, "cannot price anew; the next start tries again"),
    }
}

//! Listeners: connections within a limit, encrypted where a certificate is given, and
//! let go in order when the server stops.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::header::CONNECTION;
use http::{HeaderValue, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::util::MapRequest;

use crate::access::Peer;
use crate::desk::Desk;
use crate::failure::ServeError;

/// How long to wait after a failure to accept, as when there are no file descriptors.
const AFTER_FAILURE: Duration = Duration::from_millis(50);
/// Streams at once on one HTTP/2 connection.
const STREAMS: u32 = 256;

/// An open port, and what answers there.
pub(crate) struct Listener {
    what: &'static str,
    socket: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    desk: Desk,
}

/// What answers at a port.
pub(crate) enum Answers {
    /// The server itself.
    Own(Router),
    /// Somebody else for the most part, whose answers are given as they are.
    Relayed(Router),
}

/// A port that was opened.
pub(crate) struct Port {
    what: &'static str,
    socket: TcpListener,
    /// Where it is.
    pub(crate) address: SocketAddr,
}

impl Port {
    /// Opens it.
    pub(crate) async fn open(address: SocketAddr, what: &'static str) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen { address, what, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { what, socket, address })
    }

    /// Lets the router answer there.
    pub(crate) fn answered_by(self, answers: Answers, tls: Option<TlsAcceptor>, desk: Desk) -> Listener {
        let router = match answers {
            Answers::Own(router) => router.layer(from_fn(ending_where_unread)),
            Answers::Relayed(router) => router,
        };
        Listener { what: self.what, socket: self.socket, router, tls, desk }
    }
}

impl Listener {
    /// Answers until the server is told to stop, then lets open requests come to an end.
    pub(crate) async fn run(self) -> &'static str {
        let Self { what, socket, router, tls, desk } = self;
        let limits = *desk.limits();
        let places = Arc::new(Semaphore::new(limits.connections));
        let mut stopping = desk.stopping();
        let mut open = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = accept(&socket, &places) => accepted,
                () = told(&mut stopping) => break,
            };
            while open.try_join_next().is_some() {}
            let Some((stream, peer, place)) = accepted else { continue };
            let taken = Taken { stream, peer, router: router.clone() };
            let (tls, desk) = (tls.clone(), desk.clone());
            open.spawn(async move {
                taken.connection(tls, &desk).await;
                drop(place);
            });
        }
        let drained = timeout(limits.drain_time, async { while open.join_next().await.is_some() {} });
        if drained.await.is_err() {
            tracing::warn!(listener = what, connections = open.len(), "cut connections that did not end");
        }
        what
    }
}

/// Says that a connection ends, where it does: of a request that is refused the body may
/// not have been read, and what comes behind it never will be.
async fn ending_where_unread(request: Request, next: Next) -> Response {
    let may_end = request.version() == Version::HTTP_11 && !request.body().is_end_stream();
    let mut response = next.run(request).await;
    if may_end && (response.status().is_client_error() || response.status().is_server_error()) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The next connection, when there is a place for it.
async fn accept(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, Peer, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, address)) => Some((stream, Peer(address.ip()), place)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(AFTER_FAILURE).await;
            None
        }
    }
}

/// A connection, who is at its other end, and what answers there.
struct Taken {
    stream: TcpStream,
    peer: Peer,
    router: Router,
}

impl Taken {
    async fn connection(self, tls: Option<TlsAcceptor>, desk: &Desk) {
        let Self { stream, peer, router } = self;
        // Small answers go out at once.
        drop(stream.set_nodelay(true));
        let Some(acceptor) = tls else { return answer(stream, peer, router, desk).await };
        match timeout(desk.limits().head_time, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => answer(stream, peer, router, desk).await,
            Ok(Err(_)) | Err(_) => desk.metrics().connection_failed(),
        }
    }
}

async fn answer<S>(stream: S, peer: Peer, router: Router, desk: &Desk)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(desk.limits().head_time);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS);
    // The connection says where a request is from, whatever that claims.
    let service = MapRequest::new(router, move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    });
    let service = TowerToHyperService::new(service);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopping = desk.stopping();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if ended.is_err() {
        desk.metrics().connection_failed();
    }
}

/// Comes to an end when the server is told to stop.
pub(crate) async fn told(stopping: &mut watch::Receiver<bool>) {
    // Whoever would tell is gone: that is as good as being told.
    drop(stopping.wait_for(|it| *it).await);
}

//! The gateway as a part of the server: its desk, its listener's answers, its end.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use gateway::Gateway;
use ledger::Policy;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::budget_desk::{GatewayDesk, Work};
use crate::desk::Desk;
use crate::failure::ServeError;
use crate::listener::told;
use crate::options::{GatewayOptions, ServeOptions};

/// How long before connections are cut their calls are, so that clients hear of it.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The gateway, and what goes on beside its calls.
pub(crate) struct CallPath {
    desk: Desk,
    gateway: Gateway,
    work: Work,
}

impl CallPath {
    /// Opens it. Nothing listens yet.
    pub(crate) fn open(
        desk: &Desk,
        options: &ServeOptions,
        gateway: &GatewayOptions,
        policy: Policy,
    ) -> Result<Self, ServeError> {
        let folder = &gateway.folder;
        let (budget_desk, work) = GatewayDesk::open(desk, options, (policy, folder))
            .map_err(|source| ServeError::Folder { path: folder.clone(), source })?;
        let gateway = Gateway::new(budget_desk, gateway.settings.clone())?;
        Ok(Self { desk: desk.clone(), gateway, work })
    }

    /// What answers to coding clients.
    pub(crate) fn router(&self) -> Router {
        let gateway = self.gateway.clone();
        Router::new().fallback(move |request: Request| {
            let gateway = gateway.clone();
            async move { gateway.handle(request).await.map(Body::new) }
        })
    }

    /// Goes on until it is told that nobody calls any more. Once the server stops, calls have
    /// their time to end by themselves; then they are cut while their clients can still be told,
    /// and what they used so far is booked.
    pub(crate) async fn run(self, mut hung_up: watch::Receiver<bool>) {
        let Self { desk, gateway, work } = self;
        let budget_desk = work.desk();
        let ended = async {
            told(&mut desk.stopping()).await;
            let patience = desk.limits().drain_time.saturating_sub(LAST_WORDS);
            if timeout(patience, gateway.drained()).await.is_err() {
                tracing::warn!("calls that still run are cut");
                budget_desk.end_calls();
            }
            told(&mut hung_up).await;
            if timeout(LAST_WORDS, gateway.drained()).await.is_err() {
                tracing::error!("some calls did not end; what was held for them counts as spent");
            }
        };
        work.run(ended).await;
    }
}

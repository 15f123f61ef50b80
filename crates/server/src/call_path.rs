//! The gateway as a part of the server: its desk, its listener's answers, its end.

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

    /// Goes on until it is told that nobody calls any more, and the calls that run have
    /// ended, or have had their time.
    pub(crate) async fn run(self, mut hung_up: watch::Receiver<bool>) {
        let Self { desk, gateway, work } = self;
        let ended = async {
            told(&mut hung_up).await;
            let drained = timeout(desk.limits().drain_time, gateway.drained());
            if drained.await.is_err() {
                tracing::warn!("calls whose client went away are not waited for any longer");
            }
        };
        work.run(ended).await;
    }
}

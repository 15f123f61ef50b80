//! Connections to upstreams, plain or encrypted, within a time.
//!
//! HTTP/1.1 alone is spoken: a call has its connection to itself, so that none waits
//! behind another one's stream, nor for a provider's limit of streams on a connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Makes connections.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    https: HttpsConnector<HttpConnector>,
    within: Duration,
}

impl Connector {
    /// With the public authorities, or with those.
    pub(crate) fn new(
        http: HttpConnector,
        within: Duration,
        authorities: Option<&str>,
    ) -> Result<Self, rustls::Error> {
        let builder = HttpsConnectorBuilder::new();
        let builder = match authorities {
            None => builder.with_webpki_roots(),
            Some(authorities) => builder.with_tls_config(trusting(authorities)?),
        };
        let https = builder.https_or_http().enable_http1();
        Ok(Self { https: https.wrap_connector(http), within })
    }
}

/// Encryption towards those for whom one of these authorities vouches.
fn trusting(authorities: &str) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
        roots.add(certificate.map_err(|error| rustls::Error::General(error.to_string()))?)?;
    }
    if roots.is_empty() {
        return Err(rustls::Error::General("there is no certificate in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let (connecting, within) = (self.https.call(address), self.within);
        Box::pin(async move {
            let late = |_| BoxError::from(io::Error::from(io::ErrorKind::TimedOut));
            tokio::time::timeout(within, connecting).await.map_err(late)?
        })
    }
}

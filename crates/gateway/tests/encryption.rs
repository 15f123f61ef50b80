//! Upstreams that are spoken to over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use testkit::tls;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::provider::{chunk, end};
use crate::world::{MESSAGES, World};

const ASKED: &str = r#"{"model":"claude-haiku-4-5","max_tokens":9,"stream":true,"messages":[]}"#;
const SAID: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// Speaks TLS with whoever comes, and plainly with the provider behind.
async fn encrypted(provider: SocketAddr) -> SocketAddr {
    let certificate = CertificateDer::from_pem_slice(tls::CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(tls::KEY.as_bytes()).unwrap();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust it hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut behind = TcpStream::connect(provider).await.unwrap();
                drop(copy_bidirectional(&mut stream, &mut behind).await);
            });
        }
    });
    address
}

async fn world(authorities: Option<&str>) -> World {
    let mut upstream = None;
    let mut world = World::with(|it| upstream = it.upstreams.first().cloned()).await;
    let address = encrypted(world.provider.address).await;
    let mut upstream = upstream.unwrap();
    upstream.base_url = format!("https://localhost:{}", address.port());
    upstream.authorities = authorities.map(str::to_owned);
    world.serve_with(vec![upstream]).await;
    world
}

#[tokio::test]
async fn a_stream_comes_through_from_whom_a_private_authority_vouches_for() {
    let world = world(Some(tls::AUTHORITY)).await;
    world.provider.says(vec![
        crate::provider::begin("text/event-stream", &[]),
        chunk(SAID.as_bytes()),
        end(),
    ]);
    let reply = world.call(MESSAGES, ASKED).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, SAID));
    assert_eq!(world.provider.last().text(), ASKED);
    assert_eq!(world.provider.last().header("x-api-key"), Some("sk-ours"));
}

#[tokio::test]
async fn who_is_vouched_for_by_nobody_is_told_nothing() {
    let world = world(None).await;
    let reply = world.call(MESSAGES, ASKED).await;
    assert_eq!((reply.status, reply.header("x-bursar-refusal")), (529, Some("upstream_unreachable")));
    assert!(world.provider.seen().is_empty());
}

#[tokio::test]
async fn authorities_that_are_none_are_refused() {
    for (text, problem) in
        [("", "there is no certificate in it"), (tls::KEY, "there is no certificate in it")]
    {
        let mut upstream = gateway::UpstreamSettings::new("anthropic", "https://localhost");
        upstream.authorities = Some(text.to_owned());
        let refused = World::refused(vec![upstream]);
        assert!(refused.ends_with(problem), "{refused}");
    }
}

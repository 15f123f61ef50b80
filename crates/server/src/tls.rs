//! The certificate of the listeners.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::failure::ServeError;
use crate::options::TlsFiles;

/// What both kinds of HTTP are agreed on by.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Encrypts with the certificate and key of these files.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ServeError> {
    let failed = |path: &Path, problem: String| ServeError::Tls { path: path.to_owned(), problem };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(failed(&files.certificate, "it holds no certificate in PEM".to_owned()));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| failed(&files.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|it| it.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| failed(&files.certificate, error.to_string()))?;
    config.alpn_protocols = PROTOCOLS.iter().map(|it| it.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

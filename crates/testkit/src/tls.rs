//! A certificate of `localhost` and `127.0.0.1`, the authority that vouches for it, and
//! its key, which is no secret. Valid for a hundred years.

/// The authority, in PEM.
pub const AUTHORITY: &str = include_str!("../fixtures/tls/authority.pem");
/// The certificate, in PEM.
pub const CERTIFICATE: &str = include_str!("../fixtures/tls/certificate.pem");
/// Its key, in PEM.
pub const KEY: &str = include_str!("../fixtures/tls/key.pem");

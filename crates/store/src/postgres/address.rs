//! The address of a database: where it is, and whether the way there is encrypted.
//!
//! `sslmode=disable` asks for no encryption, `sslmode=require`, `verify-ca` and
//! `verify-full` for encryption to a server that proves its name: an encryption to
//! whoever answers would be none. Without any of them, only a server on this machine
//! is talked to in the clear. `sslrootcert=FILE` names the authorities to trust in
//! place of the machine's own.

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::StoreError;

/// Where the database is, and how it is reached.
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) way: Way,
}

/// How it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// In the clear.
    Plain,
    /// Encrypted, to a server that those in this file vouch for; or those that the
    /// machine trusts.
    Encrypted(Option<PathBuf>),
}

impl Address {
    /// Read from `postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=…&sslrootcert=…`.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let (front, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut authorities, mut rest) = (None, None, Vec::new());
        for setting in query.split('&').filter(|setting| !setting.is_empty()) {
            match setting.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => authorities = Some(PathBuf::from(value.replace("%2F", "/"))),
                _ => rest.push(setting),
            }
        }
        let mut config: Config =
            format!("{front}?{}", rest.join("&")).parse().map_err(StoreError::Address)?;
        let encrypted = match mode {
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            None => !config.get_hosts().iter().all(is_here),
            Some(_) => return Err(StoreError::EncryptionMode),
        };
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        if config.get_application_name().is_none() {
            config.application_name("bursar");
        }
        let way = if encrypted { Way::Encrypted(authorities) } else { Way::Plain };
        Ok(Self { config, way })
    }
}

/// Whether nobody else can listen on the way there.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let way = match Address::parse(url) {
            Ok(Address { way: Way::Plain, .. }) => "plain".to_owned(),
            Ok(Address { way: Way::Encrypted(None), .. }) => "encrypted".to_owned(),
            Ok(Address { way: Way::Encrypted(Some(file)), .. }) => format!("encrypted by {}", file.display()),
            Err(error) => error.to_string(),
        };
        assert_eq!(way, expected, "{url}");
    }

    #[test]
    fn the_way_to_another_machine_is_encrypted() {
        check("postgres://bursar@localhost/bursar", "plain");
        check("postgres://bursar@127.0.0.1:5433/bursar", "plain");
        check("postgres://bursar@%2Frun%2Fpostgresql/bursar", "plain");
        check("postgres://bursar:secret@db.example.com/bursar", "encrypted");
        check("postgres://bursar@db,localhost/bursar", "encrypted");
        check("postgres://bursar@db/bursar?sslmode=disable", "plain");
        check("postgres://bursar@localhost/bursar?sslmode=verify-full", "encrypted");
        check("postgres://db/bursar?connect_timeout=3&sslrootcert=/etc/ca.pem", "encrypted by /etc/ca.pem");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let how =
            "sslmode must be disable, require or verify-full: an encryption that anybody may end is none";
        check("postgres://db/bursar?sslmode=prefer", how);
        let what = "the address of the database is not understood: give `postgres://USER@HOST:PORT/NAME`";
        check("postgres://db:port/bursar", what);
        check("postgres://db/bursar?color=blue", what);
    }
}

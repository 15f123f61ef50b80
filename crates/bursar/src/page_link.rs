//! The page of a server that this process started: its one-time link, and the browser that
//! opens it.

mod browser;

use std::net::{Ipv4Addr, SocketAddr};

use server::{Addresses, Inlet};

use crate::environment::Environment;
use crate::serve::tell;

/// Whether a browser is to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Where there is a screen.
    Wanted,
    /// Never.
    Unwanted,
}

/// Tells a link that signs in whoever opens it first, and opens another in a browser. That
/// neither comes about is no reason not to go on: a token signs in as well.
pub(crate) fn show(addresses: &Addresses, inlet: &Inlet, opening: Opening, environment: &Environment) {
    let base = page(addresses);
    let link = || inlet.sign_in_code().map(|code| format!("{base}/sign-in#{code}"));
    match link() {
        Ok(link) => tell(&format!("Open the page, signed in (good once, for an hour):\n  {link}\n")),
        Err(error) => tracing::warn!("there is no link to sign in with: {error}"),
    }
    if opening == Opening::Wanted
        && let Some(opener) = environment.opener()
        && let Ok(link) = link()
    {
        browser::open(opener, &link);
    }
}

/// Where this machine finds the page.
pub(crate) fn page(addresses: &Addresses) -> String {
    near(if addresses.tls { "https" } else { "http" }, addresses.api)
}

/// Where this machine finds a listener, which may be open to all addresses.
pub(crate) fn near(scheme: &str, mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("{scheme}://{address}")
}

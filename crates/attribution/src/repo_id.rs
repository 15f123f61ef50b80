//! The identity of a repository, from the URL of its remote.
//!
//! One repository is reached by many URLs: over ssh and https, by alternative
//! hosts, with a user name or a token in front. All of them have to give one id.
//! What stands before the `@` of an address is dropped while parsing and is in
//! no value of this module, not even in the ones for addresses it cannot use.

mod address;
mod service;

use std::sync::Arc;

use domain::RepoId;

use address::{Address, Scp, Transport, is_path, path_segments, remote_helper, scp_address, url_address};
use service::{azure, codecommit_helper, codecommit_host};

/// An address longer than this is not looked at.
pub const MAX_URL_BYTES: usize = 4_096;

/// No name of a host is longer than this.
const MAX_HOST_BYTES: usize = 255;

/// What starts the id of a repository behind an ssh alias that nobody can resolve.
pub const SSH_ALIAS: &str = "ssh-alias:";

/// The hosts whose paths mean the same in upper and lower case, and whose ports say nothing.
const FOLDED_HOSTS: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "dev.azure.com"];

/// The ssh port of Bitbucket Data Center, whose web addresses start with `/scm/`.
const BITBUCKET_SSH_PORT: u16 = 7_999;

/// The ssh port of Gerrit.
const GERRIT_SSH_PORT: u16 = 29_418;

/// What the URL of a remote says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// A repository on a server.
    Repo {
        /// Its id.
        id: RepoId,
        /// The same text with the upper and lower case of the address.
        display: Arc<str>,
    },
    /// A repository behind a name of the user's ssh configuration.
    SshAlias {
        /// The name, in lower case.
        host: String,
        /// The port, where the address names one.
        port: Option<u16>,
        /// The path on the server.
        path: String,
    },
    /// A place on this machine, which says nothing to anyone else.
    Local,
    /// Not an address that names a repository.
    Unusable,
}

impl Remote {
    /// The id that it gives a repository. An alias gives one that holds on this machine alone.
    #[must_use]
    pub fn id(&self) -> Option<RepoId> {
        match self {
            Self::Repo { id, .. } => Some(id.clone()),
            Self::SshAlias { host, path, .. } => Some(RepoId::new(&format!("{SSH_ALIAS}{host}/{path}"))),
            Self::Local | Self::Unusable => None,
        }
    }

    /// This, with an ssh alias replaced by what the ssh configuration says of it.
    /// `lookup` gets the alias and returns the host's name and port.
    #[must_use]
    pub fn resolved(self, lookup: impl FnOnce(&str) -> Option<(String, Option<u16>)>) -> Self {
        let Self::SshAlias { host, port, path } = &self else { return self };
        let Some((name, configured_port)) = lookup(host) else { return self };
        let address =
            Address { transport: Transport::Ssh, host: &name, port: port.or(configured_port), path };
        match address.remote(AliasRule::IsName) {
            resolved @ Self::Repo { .. } => resolved,
            Self::SshAlias { .. } | Self::Local | Self::Unusable => self,
        }
    }
}

/// What the URL of a remote says. Never fails: what is no address is [`Remote::Unusable`].
#[must_use]
pub fn normalise(remote_url: &str) -> Remote {
    let url = remote_url.trim();
    if url.is_empty() || url.len() > MAX_URL_BYTES || url.chars().any(char::is_control) {
        return Remote::Unusable;
    }
    if is_path(url) {
        return Remote::Local;
    }
    if let Some((helper, address)) = remote_helper(url) {
        return codecommit_helper(helper, address);
    }
    if let Some((scheme, rest)) = url.split_once("://") {
        return match Transport::of(scheme) {
            Some(Transport::File) => Remote::Local,
            Some(transport) => {
                url_address(transport, rest).map_or(Remote::Unusable, |it| it.remote(AliasRule::MayBeAlias))
            }
            None => Remote::Unusable,
        };
    }
    match scp_address(url) {
        Scp::Address(address) => address.remote(AliasRule::MayBeAlias),
        Scp::Path => Remote::Local,
        Scp::Broken => Remote::Unusable,
    }
}

/// The repository that a person names: `github.com/Acme/Billing`, or any remote URL.
#[must_use]
pub fn from_name(name: &str) -> Option<RepoId> {
    let name = name.trim();
    if name.starts_with("local:") || name.starts_with(SSH_ALIAS) {
        return Some(RepoId::new(name));
    }
    if is_path(name) {
        return None;
    }
    let is_url = name.contains("://") || name.contains('@');
    let short = if is_url { None } else { normalise(&format!("https://{name}")).id() };
    short.or_else(|| normalise(name).id())
}

/// Whether a host of an ssh address may turn out to be an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AliasRule {
    MayBeAlias,
    IsName,
}

impl Address<'_> {
    fn remote(&self, alias_rule: AliasRule) -> Remote {
        let Some(host) = host_name(self.host) else { return Remote::Unusable };
        let Some(segments) = path_segments(self.path) else { return Remote::Unusable };
        if let Some(remote) = codecommit_host(&host, &segments) {
            return remote;
        }
        if self.transport == Transport::Ssh && alias_rule == AliasRule::MayBeAlias && is_alias(&host) {
            return Remote::SshAlias { host, port: self.port, path: segments.join("/") };
        }
        if host == "dev.azure.com" || host.ends_with(".visualstudio.com") {
            return azure(&host, &segments);
        }
        if FOLDED_HOSTS.contains(&host.as_str()) {
            return repo(&host, &segments, Case::Folded);
        }
        self.self_hosted(&host, &segments)
    }

    /// A server of an unknown kind: its port stays, unless it is known to mean nothing.
    fn self_hosted(&self, host: &str, segments: &[String]) -> Remote {
        match (self.transport, self.port, segments) {
            (Transport::Ssh, Some(BITBUCKET_SSH_PORT), _) => repo(host, segments, Case::Folded),
            (Transport::Http, _, [scm, project, name]) if scm == "scm" => {
                repo(&self.with_port(host), &[project.clone(), name.clone()], Case::Folded)
            }
            (Transport::Ssh, Some(GERRIT_SSH_PORT), _) => repo(host, segments, Case::Kept),
            _ => repo(&self.with_port(host), segments, Case::Kept),
        }
    }

    fn with_port(&self, host: &str) -> String {
        match self.port {
            Some(port) if !self.transport.has_default(port) => format!("{host}:{port}"),
            Some(_) | None => host.to_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Folded,
    Kept,
}

fn repo(host: &str, segments: &[String], case: Case) -> Remote {
    let display = format!("{host}/{}", segments.join("/"));
    let id = match case {
        Case::Folded => RepoId::new(&display.to_lowercase()),
        Case::Kept => RepoId::new(&display),
    };
    Remote::Repo { id, display: Arc::from(display) }
}

/// The host in lower case, under the name by which its service is known.
fn host_name(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_lowercase();
    if host.contains(':') {
        let is_ipv6 = host.bytes().all(|it| it.is_ascii_hexdigit() || it == b':' || it == b'.');
        return is_ipv6.then(|| format!("[{host}]"));
    }
    let starts_well = host.chars().next().is_some_and(|it| it.is_alphanumeric() || it == '_');
    if !starts_well
        || host.len() > MAX_HOST_BYTES
        || !host.chars().all(|it| it.is_alphanumeric() || matches!(it, '.' | '-' | '_'))
    {
        return None;
    }
    let known = match host.as_str() {
        "www.github.com" | "ssh.github.com" => "github.com",
        "www.gitlab.com" | "altssh.gitlab.com" => "gitlab.com",
        "www.bitbucket.org" | "altssh.bitbucket.org" => "bitbucket.org",
        "ssh.dev.azure.com" => "dev.azure.com",
        _ => return Some(host),
    };
    Some(known.to_owned())
}

/// Names without a dot, and `github.com-work`, which no name server can know.
fn is_alias(host: &str) -> bool {
    let suffixed = FOLDED_HOSTS.iter().any(|known| {
        host.strip_prefix(known).is_some_and(|rest| rest.starts_with(['-', '_']) && !rest.contains('.'))
    });
    suffixed || (!host.contains('.') && !host.starts_with('[') && host != "localhost")
}

#[cfg(test)]
mod tests;

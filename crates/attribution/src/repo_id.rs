//! The identity of a repository, from the URL of its remote.
//!
//! One repository is reached by many URLs: over ssh and https, by alternative
//! hosts, with a user name or a token in front. All of them have to give one id.
//! What stands before the `@` of an address is dropped while parsing and is in
//! no value of this module, not even in the ones for addresses it cannot use.

use std::sync::Arc;

use domain::RepoId;

/// An address longer than this is not looked at.
pub const MAX_URL_BYTES: usize = 4_096;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Ssh,
    Http,
    Git,
    File,
}

impl Transport {
    fn of(scheme: &str) -> Option<Self> {
        match scheme.to_ascii_lowercase().as_str() {
            "ssh" | "git+ssh" | "ssh+git" => Some(Self::Ssh),
            "http" | "https" => Some(Self::Http),
            "git" => Some(Self::Git),
            "file" => Some(Self::File),
            _ => None,
        }
    }

    const fn has_default(self, port: u16) -> bool {
        match self {
            Self::Ssh => port == 22,
            Self::Http => port == 443 || port == 80,
            Self::Git => port == 9418,
            Self::File => false,
        }
    }
}

/// Whether a host of an ssh address may turn out to be an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AliasRule {
    MayBeAlias,
    IsName,
}

/// An address, cut into its parts; what stood before the `@` is gone already.
struct Address<'a> {
    transport: Transport,
    host: &'a str,
    port: Option<u16>,
    path: &'a str,
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

/// A path on this machine, of any system.
fn is_path(url: &str) -> bool {
    let bytes = url.as_bytes();
    let drive = matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic());
    drive || matches!(bytes, [b'/' | b'\\' | b'.' | b'~', ..])
}

/// `helper::address`, git's way to name a program that speaks for a remote.
fn remote_helper(url: &str) -> Option<(&str, &str)> {
    let (helper, address) = url.split_once("::")?;
    let is_word = helper.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_');
    (is_word && !helper.is_empty()).then_some((helper, address))
}

/// `codecommit::REGION://[PROFILE@]REPOSITORY`. Any other helper may be a command line.
fn codecommit_helper(helper: &str, address: &str) -> Remote {
    if helper != "codecommit" {
        return Remote::Unusable;
    }
    let Some((region, rest)) = address.split_once("://") else { return Remote::Unusable };
    let name = rest.rsplit_once('@').map_or(rest, |(_, name)| name);
    match path_segments(name).as_deref() {
        Some([name]) if is_region(region) => codecommit(region, name),
        _ => Remote::Unusable,
    }
}

/// `git-codecommit.REGION.amazonaws.com/v1/repos/REPOSITORY`.
fn codecommit_host(host: &str, segments: &[String]) -> Option<Remote> {
    let rest = host.strip_prefix("git-codecommit.").or_else(|| host.strip_prefix("git-codecommit-fips."))?;
    let (region, domain) = rest.split_once('.')?;
    match (domain, segments) {
        ("amazonaws.com" | "amazonaws.com.cn", [v1, repos, name]) if v1 == "v1" && repos == "repos" => {
            Some(codecommit(region, name))
        }
        _ => None,
    }
}

fn codecommit(region: &str, name: &str) -> Remote {
    repo("codecommit", &[region.to_owned(), name.to_owned()], Case::Kept)
}

fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
}

/// What follows `scheme://`.
fn url_address(transport: Transport, rest: &str) -> Option<Address<'_>> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    // An `@` further on means that a password holds a `/`, `?` or `#`: its first
    // part would pass for the host.
    if path.contains('@') {
        return None;
    }
    let (host, port) = host_and_port(without_user(authority))?;
    Some(Address { transport, host, port, path })
}

enum Scp<'a> {
    Address(Address<'a>),
    Path,
    Broken,
}

/// `user@host:path`, `[user@host:port]:path` and `user@[2001:db8::1]:path`.
fn scp_address(url: &str) -> Scp<'_> {
    let found = match url.split_once('[') {
        Some((before, rest)) if before.is_empty() || is_bare_user(before) => {
            rest.split_once("]:").and_then(|(inside, path)| {
                let inside = without_user(inside);
                let is_ipv6 = inside.matches(':').count() > 1;
                let (host, port) = if is_ipv6 { (inside, None) } else { host_and_port(inside)? };
                Some((host, port, path))
            })
        }
        Some(_) | None => match url.split_once(':') {
            Some((before, path)) if !before.contains('/') => Some((without_user(before), None, path)),
            Some(_) | None => return Scp::Path,
        },
    };
    match found {
        // An `@` after the colon means that what stood before it was a user and not a host.
        Some((host, port, path)) if !path.contains('@') => {
            Scp::Address(Address { transport: Transport::Ssh, host, port, path })
        }
        Some(_) | None => Scp::Broken,
    }
}

fn is_bare_user(before: &str) -> bool {
    before.strip_suffix('@').is_some_and(|user| !user.contains(['/', ':']))
}

fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, if after.is_empty() { "" } else { after.strip_prefix(':')? })
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    match port {
        "" => Some((host, None)),
        digits if digits.bytes().all(|it| it.is_ascii_digit()) => Some((host, Some(digits.parse().ok()?))),
        _ => None,
    }
}

/// The host in lower case, under the name by which its service is known.
fn host_name(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_lowercase();
    if host.contains(':') {
        let is_ipv6 = host.bytes().all(|it| it.is_ascii_hexdigit() || it == b':' || it == b'.');
        return is_ipv6.then(|| format!("[{host}]"));
    }
    let starts_well = host.chars().next().is_some_and(|it| it.is_alphanumeric() || it == '_');
    if !starts_well || !host.chars().all(|it| it.is_alphanumeric() || matches!(it, '.' | '-' | '_')) {
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

/// The parts of a path between its slashes, decoded, without `.git` at the end.
fn path_segments(path: &str) -> Option<Vec<String>> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = percent_decoded(path);
    if path.contains(['@', '\\']) || path.chars().any(char::is_control) {
        return None;
    }
    let mut segments: Vec<String> =
        path.split('/').filter(|it| !it.is_empty() && *it != ".").map(str::to_owned).collect();
    if segments.iter().any(|it| it == "..") {
        return None;
    }
    let last = segments.pop()?;
    let last = last.strip_suffix(".git").unwrap_or(&last);
    if !last.is_empty() {
        segments.push(last.to_owned());
    }
    (!segments.is_empty()).then_some(segments)
}

/// With `%20` and its like replaced once; as it was where that gives no text.
fn percent_decoded(path: &str) -> String {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escape = match tail {
            [high, low, after @ ..] if byte == b'%' => hex_byte(*high, *low).map(|it| (it, after)),
            _ => None,
        };
        let (byte, tail) = escape.unwrap_or((byte, tail));
        decoded.push(byte);
        rest = tail;
    }
    String::from_utf8(decoded).unwrap_or_else(|_| path.to_owned())
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()
}

/// Azure DevOps, under its new and old hosts: `dev.azure.com/organisation/project/repository`.
fn azure(host: &str, segments: &[String]) -> Remote {
    const HOST: &str = "dev.azure.com";
    let mut parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    if parts.first() == Some(&"v3") {
        parts.remove(0);
    } else if let Some(organisation) = host.strip_suffix(".visualstudio.com") {
        if parts.first().is_some_and(|it| it.eq_ignore_ascii_case("DefaultCollection")) {
            parts.remove(0);
        }
        if organisation != "vs-ssh" {
            parts.insert(0, organisation);
        }
    }
    parts.retain(|it| !matches!(*it, "_full" | "_optimized"));
    let [organisation, project, name] = match parts.as_slice() {
        [organisation, "_git" | "_ssh", name] => [*organisation, *name, *name],
        [organisation, project, "_git" | "_ssh", name] => [*organisation, *project, *name],
        [organisation, project, name] => [*organisation, *project, *name],
        _ => return Remote::Unusable,
    };
    repo(HOST, &[organisation.to_owned(), project.to_owned(), name.to_owned()], Case::Folded)
}

#[cfg(test)]
mod tests;

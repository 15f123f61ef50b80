//! Addresses of remotes, cut into parts. Nothing here knows any service.
//!
//! User names and passwords end here: no value that leaves this module holds one.

use std::borrow::Cow;

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Ssh,
    Http,
    Git,
    File,
}

impl Transport {
    pub(super) fn of(scheme: &str) -> Option<Self> {
        match scheme.to_ascii_lowercase().as_str() {
            "ssh" | "git+ssh" | "ssh+git" => Some(Self::Ssh),
            "http" | "https" => Some(Self::Http),
            "git" => Some(Self::Git),
            "file" => Some(Self::File),
            _ => None,
        }
    }

    pub(super) const fn has_default(self, port: u16) -> bool {
        match self {
            Self::Ssh => port == 22,
            Self::Http => port == 443 || port == 80,
            Self::Git => port == 9418,
            Self::File => false,
        }
    }
}

/// An address, cut into its parts; what stood before the `@` is gone already.
pub(super) struct Address<'a> {
    pub(super) transport: Transport,
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    pub(super) path: &'a str,
}

/// A path on this machine, of any system.
pub(super) fn is_path(url: &str) -> bool {
    let bytes = url.as_bytes();
    let drive = matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic());
    drive || matches!(bytes, [b'/' | b'\\' | b'.' | b'~', ..])
}

/// `helper::address`, git's way to name a program that speaks for a remote.
pub(super) fn remote_helper(url: &str) -> Option<(&str, &str)> {
    let (helper, address) = url.split_once("::")?;
    let is_word = helper.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_');
    (is_word && !helper.is_empty()).then_some((helper, address))
}

/// What follows `scheme://`.
pub(super) fn url_address(transport: Transport, rest: &str) -> Option<Address<'_>> {
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

/// What an address without a scheme turns out to be.
pub(super) enum Scp<'a> {
    Address(Address<'a>),
    Path,
    Broken,
}

/// `user@host:path`, `[user@host:port]:path` and `user@[2001:db8::1]:path`.
pub(super) fn scp_address(url: &str) -> Scp<'_> {
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

pub(super) fn without_user(authority: &str) -> &str {
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

/// The parts of a path between its slashes, decoded, without `.git` at the end.
pub(super) fn path_segments(path: &str) -> Option<Vec<String>> {
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
fn percent_decoded(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
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
    String::from_utf8(decoded).map_or(Cow::Borrowed(path), Cow::Owned)
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()
}

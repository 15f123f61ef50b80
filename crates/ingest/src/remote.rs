//! Remote URLs as tools record them.

use std::borrow::Cow;
use std::sync::Arc;

/// A remote URL without user name, password, query or fragment: whatever in it
/// may be a secret. The account name of the `git@host:path` form stays, as it is
/// part of the address and never secret.
///
/// Tools write what `git remote -v` says, and CI checkouts put tokens there:
/// `https://x-access-token:ghs_…@github.com/o/r.git`.
pub(crate) fn without_credentials(url: &str) -> Arc<str> {
    Arc::from(cut(url.trim()).as_ref())
}

fn cut(url: &str) -> Cow<'_, str> {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return scp_form(url);
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, Some(path)),
        None => (rest, None),
    };
    // A password may itself hold an `@`: the host begins behind the last one.
    let Some((_, host)) = authority.rsplit_once('@') else {
        return Cow::Borrowed(url);
    };
    Cow::Owned(match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    })
}

/// `user@host:path`. Anything like a password before the `@` is cut off with the user.
fn scp_form(url: &str) -> Cow<'_, str> {
    match url.rsplit_once('@') {
        Some((user, address)) if user.contains([':', '/']) => Cow::Owned(address.to_owned()),
        Some(_) | None => Cow::Borrowed(url),
    }
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn cuts_off_what_may_be_secret() {
        for (url, clean) in [
            ("https://github.com/acme/shop.git", "https://github.com/acme/shop.git"),
            ("https://x-access-token:secret@github.com/acme/shop.git", "https://github.com/acme/shop.git"),
            ("https://secret@github.com/acme/shop", "https://github.com/acme/shop"),
            ("https://user:p@ss@git.example.com/a", "https://git.example.com/a"),
            ("https://git.example.com/a?private_token=secret#x", "https://git.example.com/a"),
            ("ssh://git@git.example.com:2222/a/b.git", "ssh://git.example.com:2222/a/b.git"),
            ("https://secret@git.example.com", "https://git.example.com"),
            ("git@github.com:acme/shop.git", "git@github.com:acme/shop.git"),
            ("user:secret@github.com:acme/shop.git", "github.com:acme/shop.git"),
            ("/srv/git/shop.git", "/srv/git/shop.git"),
            ("  https://github.com/acme/shop\n", "https://github.com/acme/shop"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(url).as_ref(), clean, "{url}");
        }
    }
}

//! Sign-ins: what a browser holds in place of a token.
//!
//! A sign-in belongs to a token, sees and may what that does, and ends with it. It also
//! ends when it was not used for [`DISUSED_AFTER_MS`], and after [`ENDS_AFTER_MS`]. The books
//! know the SHA-256 of its secret, so it outlives the server. When it was used last stands in
//! the cookie itself, under a seal that only who knows the token's entry can make: neither
//! reading a page nor copying an old cookie writes anything into the books.

use domain::Timestamp;
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};
use ring::hmac;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::token::{TokenEntry, hex, random, same, unhex};
use crate::failure::Failure;

/// How long a sign-in lasts that nobody uses.
pub(crate) const DISUSED_AFTER_MS: i64 = 12 * HOUR_MS;
/// How long a sign-in lasts at most.
pub(crate) const ENDS_AFTER_MS: i64 = 30 * 24 * HOUR_MS;
/// How old the moment of the last use in a cookie gets before another is given out.
pub(crate) const RENEWED_AFTER_MS: i64 = 5 * 60 * 1_000;
/// Sign-ins of one token at once; the oldest goes where there are more.
pub(crate) const MOST_OF_A_TOKEN: usize = 16;
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Letters of the public part: 60 bits.
const PUBLIC_LETTERS: usize = 12;
/// Letters of the secret: 260 bits.
const SECRET_LETTERS: usize = 52;
/// The longest cookie that is looked at.
const LONGEST: usize = 512;

/// How the names of cookies begin.
const NAME: &str = "bursar_session";
/// How they begin where browsers see to it that nobody but this host sets them.
const HOST_NAME: &str = "__Host-bursar_session";
/// Letters of a book's id in a name: 48 bits.
const BOOK_LETTERS: usize = 12;

/// What a server calls its cookie, and whether it goes over TLS alone. Browsers keep cookies
/// by host and know no port: the name has the book's id in it, so that servers on one host
/// leave each other's alone, and those that share a book take each other's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CookieName {
    text: String,
    is_encrypted: bool,
}

impl CookieName {
    /// The one of a book.
    pub(crate) fn of(book: &str, is_encrypted: bool) -> Self {
        let first = if is_encrypted { HOST_NAME } else { NAME };
        let letters = book.chars().filter(char::is_ascii_alphanumeric).take(BOOK_LETTERS);
        Self { text: format!("{first}_{}", letters.collect::<String>()), is_encrypted }
    }
}

/// What the books know of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignIn {
    /// The public part of its token.
    pub(crate) token: String,
    /// When it was made.
    pub(crate) at: Timestamp,
    digest: [u8; 32],
}

impl SignIn {
    /// Whether it is too old, however much it was used.
    pub(crate) const fn is_over(&self, now: Timestamp) -> bool {
        now.millis_since(self.at) >= ENDS_AFTER_MS
    }
}

/// A sign-in as the books keep it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireSignIn {
    token: String,
    at_ms: i64,
    secret_sha256: String,
}

impl WireSignIn {
    /// Of an entry.
    pub(crate) fn of(it: &SignIn) -> Self {
        Self { token: it.token.clone(), at_ms: it.at.millis(), secret_sha256: hex(&it.digest) }
    }

    /// The entry; `None` where the hash is none.
    pub(crate) fn entry(self) -> Option<SignIn> {
        let digest = unhex(&self.secret_sha256)?;
        Some(SignIn { token: self.token, at: Timestamp::from_millis(self.at_ms), digest })
    }
}

/// What a browser shows: a sign-in, and when it was used last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// By which it is found.
    pub(crate) public: String,
    secret: String,
    used: Timestamp,
    seal: String,
}

impl Shown {
    /// A new one of that token, with what the books are to know of it.
    pub(crate) fn new(token: (&str, &TokenEntry), now: Timestamp) -> Result<(Self, SignIn), Failure> {
        let (public, secret) = (random(PUBLIC_LETTERS)?, random(SECRET_LETTERS)?);
        let entry = SignIn { token: token.0.to_owned(), at: now, digest: digest(&secret) };
        let shown = Self { seal: seal(&public, now, token.1), public, secret, used: now };
        Ok((shown, entry))
    }

    /// Of the headers of a request; `None` where there is none that could be one.
    pub(crate) fn of(headers: &HeaderMap, name: &CookieName) -> Option<Self> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
        let mut cookies = lines.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
        cookies.find(|it| it.0 == name.text).and_then(|it| Self::parse(it.1))
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut parts = text.split('.');
        let (public, secret) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let used = Timestamp::from_millis(parts.next()?.parse().ok()?);
        let seal = parts.next()?.to_owned();
        parts.next().is_none().then_some(Self { public, secret, used, seal })
    }

    /// Whether it is the one of the books, in use or not.
    pub(crate) fn has_secret_of(&self, entry: &SignIn) -> bool {
        same(&digest(&self.secret), &entry.digest)
    }

    /// Whether it is the one of the books, unbroken and still in use.
    pub(crate) fn is(&self, entry: &SignIn, token: &TokenEntry, now: Timestamp) -> bool {
        let is_sealed = same(seal(&self.public, self.used, token).as_bytes(), self.seal.as_bytes());
        let in_use = now.millis_since(self.used) < DISUSED_AFTER_MS;
        is_sealed && self.has_secret_of(entry) && in_use && !entry.is_over(now)
    }

    /// The same, used just now; `None` where the last use is as good as now.
    pub(crate) fn renewed(&self, token: &TokenEntry, now: Timestamp) -> Option<Self> {
        let is_due = now.millis_since(self.used) >= RENEWED_AFTER_MS;
        is_due.then(|| Self { used: now, seal: seal(&self.public, now, token), ..self.clone() })
    }

    /// What a browser is told to keep. Scripts never see it, and no other site sends it.
    pub(crate) fn cookie(&self, name: &CookieName) -> Result<HeaderValue, Failure> {
        let Self { public, secret, used, seal } = self;
        let value = format!("{public}.{secret}.{}.{seal}", used.millis());
        set(name, &value, ENDS_AFTER_MS / 1_000)
    }
}

/// What makes a browser forget its sign-in.
pub(crate) fn no_cookie(name: &CookieName) -> Result<HeaderValue, Failure> {
    set(name, "", 0)
}

fn set(name: &CookieName, value: &str, seconds: i64) -> Result<HeaderValue, Failure> {
    let secure = if name.is_encrypted { "; Secure" } else { "" };
    let text = format!("{}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}", name.text);
    let mut value = HeaderValue::from_str(&text).map_err(|_| Failure::NoRandomness)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What shows that the server itself wrote down when a sign-in was used last. Whoever has
/// a copied cookie has its secret, but not what the books know of the token.
fn seal(public: &str, used: Timestamp, token: &TokenEntry) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &token.digest);
    hex(hmac::sign(&key, format!("{public}.{}", used.millis()).as_bytes()).as_ref())
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Role;
    use super::*;

    const NOW: i64 = 1_795_000_000_000;
    const BOOK: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

    fn named(is_encrypted: bool) -> CookieName {
        CookieName::of(BOOK, is_encrypted)
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(NOW + minutes * 60_000)
    }

    fn token(secret: u8) -> TokenEntry {
        TokenEntry {
            role: Role::Lead,
            developer: None,
            teams: BTreeSet::new(),
            label: String::new(),
            created_at: at(0),
            created_by: "owner".to_owned(),
            expires_at: None,
            revoked_at: None,
            digest: [secret; 32],
        }
    }

    fn sent(cookie: &HeaderValue) -> HeaderMap {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&format!("theme=dark; {pair}")).unwrap())])
    }

    #[test]
    fn what_a_browser_keeps_is_known_again_until_it_is_not_used() {
        let token = token(7);
        let (shown, entry) = Shown::new(("abc", &token), at(0)).unwrap();
        let cookie = shown.cookie(&named(false)).unwrap();
        let text = cookie.to_str().unwrap();
        assert!(text.starts_with("bursar_session_0f1e2d3c4b5a=") && !text.contains("Secure"), "{text}");
        assert!(text.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000"), "{text}");
        let back = Shown::of(&sent(&cookie), &named(false)).unwrap();
        assert_eq!(back, shown);
        assert_eq!(Shown::of(&sent(&cookie), &named(true)), None);
        assert_eq!(Shown::of(&sent(&cookie), &CookieName::of("another", false)), None);
        assert!(back.is(&entry, &token, at(12 * 60 - 1)));
        assert!(!back.is(&entry, &token, at(12 * 60)));
        let wire = serde_json::to_string(&WireSignIn::of(&entry)).unwrap();
        assert_eq!(serde_json::from_str::<WireSignIn>(&wire).unwrap().entry(), Some(entry));
    }

    #[test]
    fn use_keeps_a_sign_in_for_thirty_days_and_no_longer() {
        let token = token(7);
        let (mut shown, entry) = Shown::new(("abc", &token), at(0)).unwrap();
        assert_eq!(shown.renewed(&token, at(4)), None);
        for hours in (11..30 * 24).step_by(11) {
            assert!(shown.is(&entry, &token, at(hours * 60)), "{hours}");
            shown = shown.renewed(&token, at(hours * 60)).unwrap();
        }
        assert!(shown.is(&entry, &token, at(30 * 24 * 60 - 1)));
        assert!(!shown.is(&entry, &token, at(30 * 24 * 60)));
    }

    #[test]
    fn what_was_tampered_with_is_not_taken() {
        let token = token(7);
        let (shown, entry) = Shown::new(("abc", &token), at(0)).unwrap();
        let later = Shown { used: at(60), ..shown.clone() };
        let guessed = Shown { secret: "0".repeat(SECRET_LETTERS), ..shown.clone() };
        let of_another = Shown { seal: seal(&shown.public, at(0), &self::token(8)), ..shown.clone() };
        for (what, forged) in [("later", later), ("guessed", guessed), ("of another", of_another)] {
            assert!(!forged.is(&entry, &token, at(1)), "{what}");
        }
        for text in ["", "a", "a.b.c.d", "a.b.1", "a.b.1.d.e", &format!("a.b.1.{}", "d".repeat(LONGEST))] {
            assert_eq!(Shown::parse(text), None, "{text}");
        }
    }

    #[test]
    fn over_tls_no_other_host_may_set_it() {
        let (shown, _) = Shown::new(("abc", &token(7)), at(0)).unwrap();
        let cookie = shown.cookie(&named(true)).unwrap();
        let text = cookie.to_str().unwrap();
        assert!(
            text.starts_with("__Host-bursar_session_0f1e2d3c4b5a=") && text.ends_with("; Secure"),
            "{text}"
        );
        assert_eq!(Shown::of(&sent(&cookie), &named(true)), Some(shown));
        assert_eq!(
            no_cookie(&named(false)).unwrap(),
            "bursar_session_0f1e2d3c4b5a=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        );
    }
}

//! Tokens: `bsr_<public>_<secret>`. The public part names a token in lists and logs;
//! of the secret the books know the SHA-256 alone.

use std::collections::BTreeSet;

use domain::{Developer, Team, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::role::Role;
use crate::failure::Failure;

/// How every token begins that the server makes.
const PREFIX: &str = "bsr_";
/// Letters of the public part: 60 bits.
const PUBLIC_LETTERS: usize = 12;
/// Letters of the secret: 260 bits, so that one hash is enough to keep it.
const SECRET_LETTERS: usize = 52;
/// 32 letters that are not mistaken for each other; five bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The shortest token that an owner may choose.
const SHORTEST: usize = 16;
/// The longest token that is looked at.
const LONGEST: usize = 512;

/// A token that was shown to the server, taken apart.
pub(crate) struct Presented {
    /// By which it is found.
    pub(crate) public: String,
    digest: [u8; 32],
}

impl Presented {
    /// Of a token's text; `None` for what can be none. An owner may choose a token of
    /// any form: then its public part follows from it.
    pub(crate) fn of(text: &str) -> Option<Self> {
        if text.len() < SHORTEST || text.len() > LONGEST || !text.bytes().all(|it| it.is_ascii_graphic()) {
            return None;
        }
        if let Some((public, secret)) = text.strip_prefix(PREFIX).and_then(|it| it.split_once('_')) {
            let is_plain = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric());
            return (is_plain(public) && !secret.is_empty())
                .then(|| Self { public: public.to_owned(), digest: digest(secret) });
        }
        let whole = digest(text);
        let public: String = hex(&digest(&hex(&whole))).chars().take(PUBLIC_LETTERS).collect();
        Some(Self { public, digest: whole })
    }

    /// Whether its secret is that of the entry. Takes as long whatever differs.
    pub(crate) fn is(&self, entry: &TokenEntry) -> bool {
        same(&self.digest, &entry.digest)
    }

    /// The hash of its secret.
    pub(crate) const fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// A token that was just made: the only moment at which its text is known.
pub(crate) struct Minted {
    /// The token.
    pub(crate) text: String,
    /// Taken apart.
    pub(crate) presented: Presented,
}

impl Minted {
    /// A new one.
    pub(crate) fn new() -> Result<Self, Failure> {
        let text = format!("{PREFIX}{}_{}", random(PUBLIC_LETTERS)?, random(SECRET_LETTERS)?);
        let presented = Presented::of(&text).ok_or(Failure::NoRandomness)?;
        Ok(Self { text, presented })
    }
}

/// Random letters of the alphabet.
pub(crate) fn random(letters: usize) -> Result<String, Failure> {
    let mut bytes = vec![0_u8; letters];
    getrandom::fill(&mut bytes).map_err(|_| Failure::NoRandomness)?;
    Ok(bytes.into_iter().filter_map(letter).collect())
}

/// The letter that stands for five bits of a byte.
pub(super) fn letter(byte: u8) -> Option<char> {
    ALPHABET.get(usize::from(byte % 32)).copied().map(char::from)
}

/// Whether both are the same. Takes as long whatever differs.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differing) == 0
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |it: u8| char::from_digit(u32::from(it), 16);
    bytes.iter().flat_map(|it| [digit(it >> 4), digit(it & 15)]).flatten().collect()
}

pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        let start = at.checked_mul(2)?;
        *byte = u8::from_str_radix(text.get(start..start.checked_add(2)?)?, 16).ok()?;
    }
    Some(bytes)
}

/// What the books know of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenEntry {
    pub(crate) role: Role,
    pub(crate) developer: Option<Developer>,
    pub(crate) teams: BTreeSet<Team>,
    pub(crate) label: String,
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: String,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) digest: [u8; 32],
}

impl TokenEntry {
    /// How it stands at that moment: `active`, `expired` or `revoked`.
    pub(crate) fn state(&self, now: Timestamp) -> &'static str {
        if self.revoked_at.is_some() {
            "revoked"
        } else if self.expires_at.is_some_and(|it| it <= now) {
            "expired"
        } else {
            "active"
        }
    }
}

/// A token's entry as the books keep it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WireToken {
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    developer: Option<String>,
    #[serde(default)]
    teams: BTreeSet<String>,
    #[serde(default)]
    label: String,
    created_at_ms: i64,
    created_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at_ms: Option<i64>,
    secret_sha256: String,
}

impl WireToken {
    /// Of an entry.
    pub(crate) fn of(entry: &TokenEntry) -> Self {
        Self {
            role: entry.role.name().to_owned(),
            developer: entry.developer.as_ref().map(|it| it.as_str().to_owned()),
            teams: entry.teams.iter().map(|it| it.as_str().to_owned()).collect(),
            label: entry.label.clone(),
            created_at_ms: entry.created_at.millis(),
            created_by: entry.created_by.clone(),
            expires_at_ms: entry.expires_at.map(Timestamp::millis),
            revoked_at_ms: entry.revoked_at.map(Timestamp::millis),
            secret_sha256: hex(&entry.digest),
        }
    }

    /// The entry, where it is one.
    pub(crate) fn entry(&self) -> Option<TokenEntry> {
        Some(TokenEntry {
            role: Role::from_name(&self.role)?,
            developer: self.developer.as_deref().map(Developer::new),
            teams: self.teams.iter().map(|it| Team::new(it)).collect(),
            label: self.label.clone(),
            created_at: Timestamp::from_millis(self.created_at_ms),
            created_by: self.created_by.clone(),
            expires_at: self.expires_at_ms.map(Timestamp::from_millis),
            revoked_at: self.revoked_at_ms.map(Timestamp::from_millis),
            digest: unhex(&self.secret_sha256)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> TokenEntry {
        TokenEntry {
            role: Role::Lead,
            developer: Some(Developer::new("ada@example.com")),
            teams: BTreeSet::from([Team::new("core")]),
            label: "laptop".to_owned(),
            created_at: Timestamp::from_millis(1),
            created_by: "owner".to_owned(),
            expires_at: Some(Timestamp::from_millis(10)),
            revoked_at: None,
            digest: Presented::of(text).expect("a token").digest,
        }
    }

    #[test]
    fn a_minted_token_is_known_again_and_no_other_is() {
        let minted = Minted::new().expect("a token");
        let entry = entry(&minted.text);
        assert_eq!(minted.text.len(), 4 + 12 + 1 + 52);
        assert!(Presented::of(&minted.text).expect("a token").is(&entry));
        let mut other = minted.text.clone();
        let last = other.pop();
        other.push(if last == Some('0') { '1' } else { '0' });
        let other = Presented::of(&other).expect("a token");
        assert_eq!(other.public, minted.presented.public);
        assert!(!other.is(&entry));
    }

    #[test]
    fn what_is_no_token_is_not_looked_up() {
        for text in [
            "",
            "short",
            "bsr__secretsecretsecret",
            "bsr_abcabcabcabcabc_",
            "with a space in it ...",
            "bsr_p-q_secretsecret",
        ] {
            assert!(Presented::of(text).is_none(), "{text}");
        }
        let chosen = Presented::of("an-owner-chose-this").expect("a token");
        assert_eq!(chosen.public.len(), 12);
        assert!(chosen.is(&entry("an-owner-chose-this")));
    }

    #[test]
    fn entries_go_to_the_books_and_back() {
        let entry = entry("an-owner-chose-this");
        let text = serde_json::to_string(&WireToken::of(&entry)).expect("json");
        let back: WireToken = serde_json::from_str(&text).expect("json");
        assert_eq!(back.entry(), Some(entry.clone()));
        assert_eq!(entry.state(Timestamp::from_millis(9)), "active");
        assert_eq!(entry.state(Timestamp::from_millis(10)), "expired");
    }
}

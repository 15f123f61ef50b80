//! Secrets in settings files, sealed: whoever reads the file has nothing without the key,
//! which lies elsewhere.
//!
//! `sealed:1:` and hex digits: a nonce, and what ChaCha20-Poly1305 made of the secret.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::environment::Environment;
use crate::failure::usage;

/// How a sealed secret begins.
const PREFIX: &str = "sealed:1:";
/// What else goes into the seal, so that it opens nothing that was sealed for another purpose.
const PURPOSE: &[u8] = b"bursar settings";
const KEY_BYTES: usize = 32;
/// The file of the key, in Bursar's own settings folder.
const KEY_FILE: &str = "seal.key";

/// The key that seals and opens.
pub(crate) struct SealKey(LessSafeKey);

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It must be there.
    Refuse,
    /// One is made.
    Make,
}

impl SealKey {
    /// The key of this machine: `BURSAR_SEAL_KEY`, or its file.
    pub(crate) fn of(environment: &Environment, missing: Missing) -> Result<Self> {
        if let Some(text) = environment.seal_key() {
            return Self::parse(&text).ok_or_else(|| usage("BURSAR_SEAL_KEY is no key: give 64 hex digits"));
        }
        let folder = environment.config_folder();
        let path = folder.context("neither HOME nor XDG_CONFIG_HOME is set: set one, or BURSAR_SEAL_KEY")?;
        let path = path.join(KEY_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(text.trim())
                .ok_or_else(|| usage(format!("{} is no key: it has 64 hex digits", path.display()))),
            Err(error) if error.kind() == ErrorKind::NotFound && missing == Missing::Make => made(&path),
            Err(error) => Err(usage(format!(
                "the key that opens sealed secrets is not there ({}: {error}): set BURSAR_SEAL_KEY, or bring the \
                 file from where `bursar seal` was run",
                path.display()
            ))),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = unhex(text).filter(|it| it.len() == KEY_BYTES)?;
        Some(Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok()?)))
    }

    /// Seals a secret.
    pub(crate) fn seal(&self, secret: &str) -> Result<String> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut bytes = secret.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(PURPOSE), &mut bytes)
            .map_err(|_| anyhow!("the secret cannot be sealed: it is too long"))?;
        Ok(format!("{PREFIX}{}{}", hex(&nonce), hex(&bytes)))
    }

    fn open(&self, digits: &str) -> Option<String> {
        let mut bytes = unhex(digits)?;
        let (nonce, sealed) = bytes.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(PURPOSE), sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

/// What a settings file means by a secret: itself, or what was sealed. `key` says where it
/// stands.
pub(crate) fn plain(text: &str, key: &str, environment: &Environment) -> Result<String> {
    let Some(digits) = text.strip_prefix(PREFIX) else { return Ok(text.to_owned()) };
    SealKey::of(environment, Missing::Refuse)?.open(digits).ok_or_else(|| {
        usage(format!("`{key}` cannot be opened: it was sealed with another key, or changed since"))
    })
}

/// Makes a key, in a file of this account alone.
fn made(path: &Path) -> Result<SealKey> {
    let failed = || format!("cannot make the key {}; set BURSAR_SEAL_KEY to 64 hex digits", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    let bytes: [u8; KEY_BYTES] = random()?;
    let text = hex(&bytes);
    write_private(path, &format!("{text}\n")).with_context(failed)?;
    SealKey::parse(&text).context("the key that was made is none")
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |it: u8| char::from_digit(u32::from(it), 16);
    bytes.iter().flat_map(|it| [digit(it >> 4), digit(it & 15)]).flatten().collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|it| it.to_digit(16).and_then(|it| u8::try_from(it).ok())).collect();
    digits?
        .chunks(2)
        .map(|pair| if let [high, low] = pair { Some((high << 4) | low) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: char) -> SealKey {
        SealKey::parse(&digit.to_string().repeat(64)).unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_with_the_same_key_alone() {
        let sealed = key('a').seal("sk-ant-secret").unwrap();
        assert!(!sealed.contains("secret"));
        assert_ne!(key('a').seal("sk-ant-secret").unwrap(), sealed, "no two seals are alike");
        let digits = sealed.strip_prefix(PREFIX).unwrap();
        assert_eq!(key('a').open(digits).as_deref(), Some("sk-ant-secret"));
        assert_eq!(key('b').open(digits), None);
        for at in [0, digits.len() / 2, digits.len() - 1] {
            let mut changed = digits.to_owned();
            let other = if changed.as_bytes()[at] == b'0' { "1" } else { "0" };
            changed.replace_range(at..=at, other);
            assert_eq!(key('a').open(&changed), None, "changed at {at}");
        }
        for broken in ["", "00", "zz", "0"] {
            assert_eq!(key('a').open(broken), None, "{broken}");
        }
    }
}

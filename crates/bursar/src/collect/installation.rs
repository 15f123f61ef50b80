//! Who this machine is to the company's server, made up once: a random name, and the
//! key under which folders get theirs. Neither says anything of the machine.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use domain::{Folder, ReporterId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The name of the file, in the data folder.
const FILE: &str = "installation.json";
/// Bytes of the key of folders.
const KEY_BYTES: usize = 32;
/// Bytes of a folder's name: enough that no two are ever the same by chance.
const NAME_BYTES: usize = 16;

/// The name and the key.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    reporter: ReporterId,
    key: [u8; KEY_BYTES],
}

/// As it is in the file, in hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct Written {
    reporter: String,
    folder_key: String,
}

impl Installation {
    /// What was made up once, or is now. Only whoever holds the collector's lock asks.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).ok_or_else(|| {
                let path = path.display();
                anyhow!("{path} is damaged: restore it, or delete it to report as a new machine")
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let made = Self::make_up()?;
                made.write(&path).with_context(|| format!("cannot write {}", path.display()))?;
                Ok(made)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn make_up() -> Result<Self> {
        let (mut name, mut key) = ([0; NAME_BYTES], [0; KEY_BYTES]);
        for bytes in [&mut name[..], &mut key[..]] {
            getrandom::fill(bytes).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
        }
        Ok(Self { reporter: ReporterId::new(&format!("machine-{}", hex(&name))), key })
    }

    fn parse(text: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        let digits = written.folder_key.as_bytes();
        let mut key = [0; KEY_BYTES];
        if digits.len() != KEY_BYTES * 2 || written.reporter.is_empty() {
            return None;
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self { reporter: ReporterId::new(&written.reporter), key })
    }

    /// Written whole or not at all, for this account alone.
    fn write(&self, path: &Path) -> io::Result<()> {
        let written = Written { reporter: self.reporter.to_string(), folder_key: hex(&self.key) };
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(serde_json::to_string_pretty(&written)?.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// The machine's name.
    pub(crate) const fn reporter(&self) -> &ReporterId {
        &self.reporter
    }

    /// The name that stands for a folder outside of this machine. The same folder has
    /// the same one always; without the key it cannot be told from a guess of the path.
    pub(crate) fn folder(&self, folder: &Folder) -> Folder {
        // The digest is cut off, so that nobody can go on from it.
        let digest = Sha256::new().chain_update(self.key).chain_update(folder.as_str()).finalize();
        Folder::new(&format!("folder-{}", hex(digest.get(..NAME_BYTES).unwrap_or_default())))
    }
}

/// In hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_up_once() {
        let folder = tempfile::tempdir().unwrap();
        let (one, again) =
            (Installation::of(folder.path()).unwrap(), Installation::of(folder.path()).unwrap());
        assert_eq!(one.reporter(), again.reporter());
        let path = Folder::new("/home/ada/src/web");
        let name = one.folder(&path);
        assert_eq!(name, again.folder(&path));
        assert_ne!(name, one.folder(&Folder::new("/home/ada/src/shop")));
        assert!(name.as_str().len() == 39 && !name.as_str().contains("ada"), "{name}");

        let other = tempfile::tempdir().unwrap();
        let other = Installation::of(other.path()).unwrap();
        assert_ne!(other.reporter(), one.reporter());
        assert_ne!(other.folder(&path), name, "names are of one machine");
    }

    #[test]
    fn a_damaged_file_is_not_made_up_anew() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "",
            "{}",
            "{\"reporter\":\"\",\"folder_key\":\"00\"}",
            "{\"reporter\":\"m\",\"folder_key\":\"é\"}",
        ] {
            fs::write(folder.path().join(FILE), text).unwrap();
            let error = Installation::of(folder.path()).unwrap_err().to_string();
            assert!(error.contains("is damaged: restore it"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Installation::of(folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

//! The folder of a demonstration: what is in it, and under which name.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use domain::Day;
use serde::{Deserialize, Serialize};

use super::plan::Terms;
use super::size::Size;
use crate::failure::usage;
use crate::opened::keep_private;

/// Written last of all: a folder without it was not finished.
const MARK: &str = "demo.json";
/// What makes a folder one of this version of the program.
const FORMAT: &str = "bursar.demo_folder/1";

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// What a folder was made from.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    format: String,
    until: String,
    seed: u64,
    size: String,
}

impl Folder {
    /// That folder, which is made where there is none.
    pub(super) fn at(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))?;
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        keep_private(&path);
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The home folder of an account.
    pub(super) fn home(&self, user: &str) -> PathBuf {
        self.0.join("machines").join(user)
    }

    /// The file with somebody's token.
    pub(super) fn token(&self, whose: &str) -> PathBuf {
        self.0.join("tokens").join(whose)
    }

    /// The terms that it was made from; none where it is empty.
    pub(super) fn made_from(&self) -> Result<Option<Terms>> {
        let shown = self.0.display();
        if fs::read_dir(&self.0).with_context(|| format!("cannot read {shown}"))?.next().is_none() {
            return Ok(None);
        }
        let no_demo = || {
            usage(format!(
                "{shown} is not empty and holds no finished demonstration: name another folder, or delete it"
            ))
        };
        let text = fs::read_to_string(self.file(MARK)).map_err(|_| no_demo())?;
        let mark: Mark = serde_json::from_str(&text).map_err(|_| no_demo())?;
        let until = Day::parse(&mark.until).filter(|_| mark.format == FORMAT);
        let size = [Size::Full, Size::Small].into_iter().find(|it| it.name() == mark.size);
        let (until, size) = until.zip(size).ok_or_else(no_demo)?;
        Ok(Some(Terms { until, seed: mark.seed, size }))
    }

    /// Says that it is finished.
    pub(super) fn finish(&self, terms: Terms) -> Result<()> {
        let Terms { until, seed, size } = terms;
        let (format, until, size) = (FORMAT.to_owned(), until.to_string(), size.name().to_owned());
        self.write(MARK, &serde_json::to_string_pretty(&Mark { format, until, seed, size })?)
    }

    /// Writes a file.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.file(name);
        fs::write(&path, format!("{}\n", text.trim_end()))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads a file.
    pub(super) fn read(&self, name: &str) -> Result<String> {
        let path = self.file(name);
        fs::read_to_string(&path).map_err(|error| anyhow!("cannot read {}: {error}", path.display()))
    }

    /// Writes somebody's token, for this account alone.
    pub(super) fn keep_token(&self, whose: &str, token: &str) -> Result<()> {
        let path = self.token(whose);
        let folder = path.parent().unwrap_or(&self.0);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        fs::create_dir_all(folder)
            .and_then(|()| options.open(&path))
            .and_then(|mut file| writeln!(file, "{token}"))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

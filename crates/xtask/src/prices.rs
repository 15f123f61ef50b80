//! `cargo xtask prices`: writes the price book that `pricing` embeds.
//!
//! Two inputs: the data file inside of the `genai-prices` package, and our reviewed
//! `overrides.toml`, which says which providers are kept, corrects and completes
//! them, and gives a source for every line. With `--check` nothing is written; the
//! command fails where the committed book is not what the inputs make.
//!
//! Reading order: [`genai`] and [`overrides`] (what is read), [`rate_card`]
//! (columns of prices to rates and thresholds), [`bedrock`] (global and regional
//! ids to one model), [`names`], then [`build`] (how all of it becomes one book).

mod bedrock;
mod build;
mod genai;
mod names;
mod overrides;
mod rate_card;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

const BOOK: &str = "crates/pricing/data/price_book.txt";
const OVERRIDES: &str = "crates/pricing/data/overrides.toml";
const DATA_PACKAGE: &str = "genai-prices";

/// Writes the book, or checks that it is up to date.
pub(crate) fn run(check_only: bool) -> Result<()> {
    let workspace = Workspace::read()?;
    let data_path = workspace.data_file()?;
    let data =
        std::fs::read_to_string(&data_path).with_context(|| format!("reading {}", data_path.display()))?;
    let overrides_path = workspace.root.join(OVERRIDES);
    let overrides =
        std::fs::read_to_string(&overrides_path).with_context(|| format!("reading {OVERRIDES}"))?;
    let built = build::book(&genai::read(&data)?, &overrides::read(&overrides)?, workspace.data_version()?)?;
    let text = built.parts.write();
    pricing::PriceBook::parse(&text).context("the book that was built does not read back")?;

    let book_path = workspace.root.join(BOOK);
    let committed = std::fs::read_to_string(&book_path).unwrap_or_default();
    if committed == text {
        return Ok(());
    }
    if check_only {
        bail!("{BOOK} is not what its inputs make; run `cargo xtask prices` and commit the result");
    }
    std::fs::write(&book_path, &text).with_context(|| format!("writing {BOOK}"))?;
    tell(&built, &text);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a chore's command says what it did")]
fn tell(built: &build::Built, text: &str) {
    for left_out in &built.left_out {
        println!("left out: {left_out}");
    }
    let (models, names) = (built.parts.models.len(), built.parts.names.len());
    println!("wrote {BOOK}: {models} models, {names} names, {} bytes", text.len());
}

/// What `cargo metadata` says.
#[derive(Deserialize)]
struct Workspace {
    #[serde(rename = "workspace_root")]
    root: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
}

impl Workspace {
    fn read() -> Result<Self> {
        let output = Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("running cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).context("reading what cargo metadata says")
    }

    fn data_package(&self) -> Result<&Package> {
        let found = self.packages.iter().find(|package| package.name == DATA_PACKAGE);
        found
            .with_context(|| format!("{DATA_PACKAGE} is not among the packages; see crates/xtask/Cargo.toml"))
    }

    fn data_file(&self) -> Result<PathBuf> {
        let folder = self.data_package()?.manifest_path.parent().unwrap_or_else(|| Path::new("."));
        Ok(folder.join("data/prices.json"))
    }

    fn data_version(&self) -> Result<&str> {
        Ok(&self.data_package()?.version)
    }
}

//! `bursar completions` and `bursar man`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use clap_complete::Shell;

/// Prints completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar completions bash > ~/.local/share/bash-completion/completions/bursar
  bursar completions zsh > ~/.zfunc/_bursar
  bursar completions fish > ~/.config/fish/completions/bursar.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Writes manual pages into a folder
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar man ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Where to
    folder: PathBuf,
}

pub(crate) fn completions(args: &CompletionsArgs, mut command: clap::Command) -> Result<String> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut command, "bursar", &mut out);
    Ok(String::from_utf8(out)?)
}

pub(crate) fn man(args: &ManArgs, command: clap::Command) -> Result<String> {
    let folder = &args.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    clap_mangen::generate_to(command, folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    Ok(format!("Manual pages are in {}.\n", folder.display()))
}

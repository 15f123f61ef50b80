//! `bursar doctor`: what is read, what could not be, and what is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use attribution::GitReader;
use clap::Args;
use domain::{OutputConfidence, Tool};
use ingest::{Problem, Roots};

use crate::book::OwnedBook;
use crate::environment::Environment;
use crate::knowledge::folders;
use insight::printable;

use crate::opened::{Opened, SourceOptions, journal_folder};

/// Files named by problem; the rest are counted.
const FILES_NAMED: usize = 20;
/// Folders named where a tool was not found; editors have many.
const FOLDERS_NAMED: usize = 2;

const EXAMPLES: &str = "Examples:
  bursar doctor                 where logs are looked for, what was found, what could not be read
  bursar doctor --ephemeral     the same for what is on the disk now, without the store";

/// What is read, what could not be, and what is not known
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    sources: SourceOptions,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &DoctorArgs, environment: &Environment) -> Result<String> {
    let mut opened = Opened::up_to_date(&args.sources, environment)?;
    let mut out = String::new();
    let store = if args.sources.ephemeral {
        "in memory".to_owned()
    } else {
        environment.short(&journal_folder(environment)?.join("journal.db"))
    };
    writeln!(out, "Store        {store}")?;
    writeln!(out, "Prices       {}", opened.meter.pricer().short_digest())?;
    logs(&mut out, &opened)?;
    problems(&mut out, &opened)?;
    calls(&mut out, &mut opened)?;
    git(&mut out, &mut opened)?;
    Ok(out)
}

/// Where each tool's logs are looked for, and how many there are.
fn logs(out: &mut String, opened: &Opened) -> Result<()> {
    let roots = opened.environment.roots();
    let mut counts: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for source in opened.journal.sources()? {
        let (files, bytes, gone) = counts.entry(source.file.tool.name()).or_default();
        *files = files.saturating_add(1);
        *bytes = bytes.saturating_add(source.progress.stamp.size);
        *gone = gone.saturating_add(u64::from(!source.file.path.exists()));
    }
    writeln!(out, "\nLogs")?;
    for tool in Tool::ALL {
        let short = |folder: &PathBuf| opened.environment.short(folder);
        let folders: Vec<String> = folders_of(&roots, tool).filter(|it| it.exists()).map(short).collect();
        let name = tool.name();
        match counts.get(name) {
            Some((files, bytes, gone)) => {
                let kept = if *gone > 0 {
                    format!(", {gone} of them gone since and kept here")
                } else {
                    String::new()
                };
                writeln!(out, "  {name:<12} {files} files, {}{kept}; {}", size(*bytes), folders.join(", "))?;
            }
            // Only telemetry tells of it.
            None if folders_of(&roots, tool).next().is_none() => {}
            None if folders.is_empty() => {
                let first: Vec<String> = folders_of(&roots, tool).take(FOLDERS_NAMED).map(short).collect();
                writeln!(out, "  {name:<12} not found; looked in {}", first.join(", "))?;
            }
            None => writeln!(out, "  {name:<12} no usage in {}", folders.join(", "))?,
        }
    }
    Ok(())
}

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..=999 => format!("{bytes} bytes"),
        1_000..=999_999 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

fn folders_of(roots: &Roots, tool: Tool) -> impl Iterator<Item = &PathBuf> {
    let folders: [&[PathBuf]; 2] = match tool {
        Tool::ClaudeCode => [&roots.claude, &[]],
        Tool::Codex => [&roots.codex, &[]],
        Tool::GeminiCli => [&roots.gemini, &[]],
        Tool::Cline => [&roots.cline, &roots.editors],
        Tool::Roo | Tool::Kilo => [&roots.editors, &[]],
        Tool::Opencode => [&roots.opencode, &[]],
        Tool::CopilotCli => [&roots.copilot, &[]],
        Tool::CopilotChat | Tool::Other => [&[], &[]],
    };
    folders.into_iter().flatten()
}

/// What could not be read, by file.
fn problems(out: &mut String, opened: &Opened) -> Result<()> {
    let unreadable = &opened.scanned.unreadable;
    let mut problems = opened.journal.problems()?;
    // Of a file that could not be read just now, the reason is known and says more.
    problems
        .retain(|it| it.1 != Problem::Unreadable.name() || unreadable.iter().all(|(path, _)| *path != it.0));
    if problems.is_empty() && unreadable.is_empty() {
        writeln!(out, "\nEverything that was found could be read.")?;
        return Ok(());
    }
    writeln!(out, "\nNot read")?;
    let short = |path: &Path| opened.environment.short(path);
    for (path, error) in unreadable.iter().take(FILES_NAMED) {
        writeln!(out, "  {}: {error}", short(path))?;
    }
    for (path, kind, count, offset) in problems.iter().take(FILES_NAMED) {
        let what = Problem::from_name(kind).map_or("not known", Problem::describe);
        let records = if *count == 1 { "record" } else { "records" };
        writeln!(out, "  {}: {count} {records} {what}, the first at byte {offset}", short(path))?;
    }
    let shown = unreadable.len().min(FILES_NAMED).saturating_add(problems.len().min(FILES_NAMED));
    let rest = unreadable.len().saturating_add(problems.len()).saturating_sub(shown);
    if rest > 0 {
        writeln!(out, "  and {rest} more")?;
    }
    Ok(())
}

/// How sure the calls are, and which have no price.
fn calls(out: &mut String, opened: &mut Opened) -> Result<()> {
    let book = OwnedBook::of(opened)?;
    let book = book.book();
    let mut by_confidence: BTreeMap<OutputConfidence, u64> = BTreeMap::new();
    let mut unpriced: BTreeMap<&str, u64> = BTreeMap::new();
    for cell in book.cells {
        let calls = by_confidence.entry(cell.output).or_default();
        *calls = calls.saturating_add(cell.measures.calls);
        if cell.measures.unpriced_calls > 0 {
            let service = usize::try_from(cell.service).ok().and_then(|it| book.services.get(it));
            let calls = unpriced.entry(service.map_or("?", |it| it.service.model.as_str())).or_default();
            *calls = calls.saturating_add(cell.measures.unpriced_calls);
        }
    }
    if by_confidence.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nCalls")?;
    for (confidence, calls) in by_confidence {
        writeln!(out, "  {calls:>8}  output count {}: {}", confidence.name(), confidence.reason())?;
    }
    for (model, calls) in unpriced {
        writeln!(out, "  {calls:>8}  without a price: {model}")?;
    }
    Ok(())
}

/// Folders whose repository is not known, and what git complains about.
fn git(out: &mut String, opened: &mut Opened) -> Result<()> {
    let folders = folders(opened)?;
    let book = OwnedBook::of(opened)?;
    let places = book.book().places.iter().filter(|it| it.attribution.repo.is_none());
    let unknown: BTreeSet<&str> =
        places.filter_map(|it| it.place.folder.as_ref()).map(domain::Folder::as_str).collect();
    let mut git = GitReader::new(&opened.environment.machine());
    for folder in folders.keys().filter(|folder| Path::new(folder.as_str()).exists()) {
        git.look_up(folder);
    }
    for problem in git.problems() {
        writeln!(out, "\n{problem}")?;
    }
    if !unknown.is_empty() {
        writeln!(
            out,
            "\nFolders whose repository is not known (name it in rules.toml: [[repo]] folder, repo)"
        )?;
        for folder in unknown.iter().take(FILES_NAMED) {
            writeln!(out, "  {}", printable(folder))?;
        }
        let rest = unknown.len().saturating_sub(FILES_NAMED);
        if rest > 0 {
            writeln!(out, "  and {rest} more")?;
        }
    }
    Ok(())
}

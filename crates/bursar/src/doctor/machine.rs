//! What `bursar doctor` finds on this machine: its logs, what of them could not be read,
//! and what is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use attribution::GitReader;
use domain::{OutputConfidence, Tool};
use ingest::{Problem, Roots};
use insight::printable;
use serde::Serialize;

use crate::book::OwnedBook;
use crate::knowledge::folders;
use crate::listing::Listing;
use crate::opened::Opened;

/// Files named by problem, for people; the rest are counted.
const FILES_NAMED: usize = 20;
/// Folders named where a tool was not found; editors have many.
const FOLDERS_NAMED: usize = 2;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    /// The logbook's file.
    store: String,
    /// The digest of the prices.
    price_book: String,
    logs: Vec<ToolLogs>,
    /// What could not be read.
    unread: Vec<Unread>,
    /// Calls by how far their output counts can be trusted.
    calls: Vec<Trusted>,
    /// Calls without a price, by model.
    unpriced: Vec<Priceless>,
    /// What git complains about.
    git: Vec<String>,
    /// Folders whose repository is not known.
    unknown_folders: Vec<String>,
}

/// The logs of one tool.
#[derive(Debug, Serialize)]
struct ToolLogs {
    tool: &'static str,
    files: u64,
    bytes: u64,
    /// Files that are gone from the disk, and kept in the logbook.
    gone: u64,
    /// Where its logs are looked for.
    looked_in: Vec<String>,
    /// Those of them that are there.
    found_in: Vec<String>,
}

/// A file, or records of one.
#[derive(Debug, Serialize)]
struct Unread {
    file: String,
    what: String,
    /// Records of it; none where it is the whole file.
    records: Option<u64>,
    first_at_byte: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Trusted {
    output_count: &'static str,
    reason: &'static str,
    calls: u64,
}

#[derive(Debug, Serialize)]
struct Priceless {
    model: String,
    calls: u64,
}

impl Findings {
    /// Looks at everything.
    pub(super) fn of(store: String, opened: &mut Opened) -> Result<Self> {
        let (calls, unpriced) = calls(opened)?;
        let (git, unknown_folders) = git(opened)?;
        Ok(Self {
            store,
            price_book: opened.meter.pricer().short_digest().to_owned(),
            logs: logs(opened)?,
            unread: unread(opened)?,
            calls,
            unpriced,
            git,
            unknown_folders,
        })
    }

    /// For people: what is long is cut.
    pub(super) fn text(&self) -> Result<String> {
        let mut out = String::new();
        writeln!(out, "Store        {}", self.store)?;
        writeln!(out, "Prices       {}", self.price_book)?;
        writeln!(out, "\nLogs")?;
        for it in &self.logs {
            it.tell(&mut out)?;
        }
        if self.unread.is_empty() {
            writeln!(out, "\nEverything that was found could be read.")?;
        } else {
            writeln!(out, "\nNot read")?;
            list(&mut out, self.unread.iter().map(Unread::line))?;
        }
        if !self.calls.is_empty() {
            writeln!(out, "\nCalls")?;
            for it in &self.calls {
                writeln!(out, "  {:>8}  output count {}: {}", it.calls, it.output_count, it.reason)?;
            }
            for it in &self.unpriced {
                writeln!(out, "  {:>8}  without a price: {}", it.calls, printable(&it.model))?;
            }
        }
        for problem in &self.git {
            writeln!(out, "\n{problem}")?;
        }
        if !self.unknown_folders.is_empty() {
            writeln!(
                out,
                "\nFolders whose repository is not known (name it in rules.toml: [[repo]] folder, repo)"
            )?;
            list(&mut out, self.unknown_folders.iter().map(|it| printable(it)))?;
        }
        Ok(out)
    }

    /// A row a finding.
    pub(super) fn rows(&self) -> Listing {
        let mut rows = Listing::new(&["subject", "name", "count", "says"]);
        let mut row = |subject: &str, name: &str, count: Option<u64>, says: &str| {
            let count = count.map(|it| it.to_string()).unwrap_or_default();
            rows.row(vec![subject.to_owned(), name.to_owned(), count, says.to_owned()]);
        };
        row("store", &self.store, None, "");
        row("price_book", &self.price_book, None, "");
        for it in &self.logs {
            let folders = if it.found_in.is_empty() { &it.looked_in } else { &it.found_in };
            row("logs", it.tool, Some(it.files), &folders.join(", "));
        }
        for it in &self.unread {
            row("unread", &it.file, it.records, &it.what);
        }
        for it in &self.calls {
            row("calls", it.output_count, Some(it.calls), it.reason);
        }
        for it in &self.unpriced {
            row("unpriced", &it.model, Some(it.calls), "");
        }
        for it in &self.git {
            row("git", "", None, it);
        }
        for it in &self.unknown_folders {
            row("unknown_folder", it, None, "");
        }
        rows
    }
}

/// Lines, and how many more there are.
fn list(out: &mut String, lines: impl ExactSizeIterator<Item = String>) -> Result<()> {
    let rest = lines.len().saturating_sub(FILES_NAMED);
    for line in lines.take(FILES_NAMED) {
        writeln!(out, "  {line}")?;
    }
    if rest > 0 {
        writeln!(out, "  and {rest} more")?;
    }
    Ok(())
}

impl ToolLogs {
    fn tell(&self, out: &mut String) -> Result<()> {
        let name = self.tool;
        if self.files > 0 {
            let kept = match self.gone {
                0 => String::new(),
                gone => format!(", {gone} of them gone since and kept here"),
            };
            let (files, size) = (self.files, size(self.bytes));
            writeln!(out, "  {name:<12} {files} files, {size}{kept}; {}", self.found_in.join(", "))?;
        } else if self.found_in.is_empty() {
            let first: Vec<&str> = self.looked_in.iter().take(FOLDERS_NAMED).map(String::as_str).collect();
            writeln!(out, "  {name:<12} not found; looked in {}", first.join(", "))?;
        } else {
            writeln!(out, "  {name:<12} no usage in {}", self.found_in.join(", "))?;
        }
        Ok(())
    }
}

impl Unread {
    fn line(&self) -> String {
        match (self.records, self.first_at_byte) {
            (Some(count), Some(offset)) => {
                let records = if count == 1 { "record" } else { "records" };
                format!("{}: {count} {records} {}, the first at byte {offset}", self.file, self.what)
            }
            _ => format!("{}: {}", self.file, self.what),
        }
    }
}

/// Where each tool's logs are looked for, and how many there are.
fn logs(opened: &Opened) -> Result<Vec<ToolLogs>> {
    let roots = opened.environment.roots();
    let mut counts: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for source in opened.journal.sources()? {
        let (files, bytes, gone) = counts.entry(source.file.tool.name()).or_default();
        *files = files.saturating_add(1);
        *bytes = bytes.saturating_add(source.progress.stamp.size);
        *gone = gone.saturating_add(u64::from(!source.file.path.exists()));
    }
    let short = |folder: &PathBuf| opened.environment.short(folder);
    let of = |tool: Tool| {
        let (files, bytes, gone) = counts.get(tool.name()).copied().unwrap_or_default();
        ToolLogs {
            tool: tool.name(),
            files,
            bytes,
            gone,
            looked_in: folders_of(&roots, tool).map(short).collect(),
            found_in: folders_of(&roots, tool).filter(|it| it.exists()).map(short).collect(),
        }
    };
    // Of a tool without folders only telemetry tells.
    Ok(Tool::ALL.into_iter().map(of).filter(|it| it.files > 0 || !it.looked_in.is_empty()).collect())
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
        Tool::CopilotChat | Tool::Cursor | Tool::Other => [&[], &[]],
    };
    folders.into_iter().flatten()
}

/// What could not be read, by file.
fn unread(opened: &Opened) -> Result<Vec<Unread>> {
    let unreadable = &opened.scanned.unreadable;
    let mut problems = opened.journal.problems()?;
    // Of a file that could not be read just now, the reason is known and says more.
    problems
        .retain(|it| it.1 != Problem::Unreadable.name() || unreadable.iter().all(|(path, _)| *path != it.0));
    let short = |path: &Path| opened.environment.short(path);
    let whole = unreadable.iter().map(|(path, error)| Unread {
        file: short(path),
        what: error.to_string(),
        records: None,
        first_at_byte: None,
    });
    let records = problems.iter().map(|(path, kind, count, offset)| Unread {
        file: short(path),
        what: Problem::from_name(kind).map_or("not known", Problem::describe).to_owned(),
        records: Some(*count),
        first_at_byte: Some(*offset),
    });
    Ok(whole.chain(records).collect())
}

/// How sure the calls are, and which have no price.
fn calls(opened: &mut Opened) -> Result<(Vec<Trusted>, Vec<Priceless>)> {
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
    let trusted = |(confidence, calls): (OutputConfidence, u64)| Trusted {
        output_count: confidence.name(),
        reason: confidence.reason(),
        calls,
    };
    let priceless = |(model, calls): (&str, u64)| Priceless { model: model.to_owned(), calls };
    Ok((by_confidence.into_iter().map(trusted).collect(), unpriced.into_iter().map(priceless).collect()))
}

/// What git complains about, and folders whose repository is not known.
fn git(opened: &mut Opened) -> Result<(Vec<String>, Vec<String>)> {
    let folders = folders(opened)?;
    let book = OwnedBook::of(opened)?;
    let places = book.book().places.iter().filter(|it| it.attribution.repo.is_none());
    let unknown: BTreeSet<&str> =
        places.filter_map(|it| it.place.folder.as_ref()).map(domain::Folder::as_str).collect();
    let mut git = GitReader::new(&opened.environment.machine());
    for folder in folders.keys().filter(|folder| Path::new(folder.as_str()).exists()) {
        git.look_up(folder);
    }
    let problems = git.problems().iter().map(ToString::to_string).collect();
    Ok((problems, unknown.into_iter().map(str::to_owned).collect()))
}

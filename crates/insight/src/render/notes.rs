//! What must be known to read a table: the lines under it.

use domain::{Dimension, NanoUsd};

use crate::book::Sources;
use crate::report::{Coverage, Report, Row};
use crate::table::{Terminal, Tone, printable, prose};
use crate::text::{compact, counted, share};

/// Models without a price that are named one by one.
const UNPRICED_SHOWN: usize = 5;

/// A line under a table.
pub(super) struct Note {
    tone: Tone,
    text: String,
}

impl Note {
    pub(super) const fn quiet(text: String) -> Self {
        Self { tone: Tone::Quiet, text }
    }

    const fn alarm(text: String) -> Self {
        Self { tone: Tone::Alarm, text }
    }
}

/// The notes as text, with an empty line before them.
pub(super) fn print_notes(notes: &[Note], terminal: &Terminal) -> String {
    let mut out = String::new();
    if !notes.is_empty() {
        out.push('\n');
    }
    for note in notes {
        out.push_str(&terminal.tint(note.tone, prose(&note.text, terminal).trim_end()));
        out.push('\n');
    }
    out
}

/// What a report must say of itself.
pub(super) fn notes(report: &Report, sources: &Sources) -> Vec<Note> {
    let mut notes = Vec::new();
    for idle in &report.idle_patterns {
        let there_are: Vec<&str> = idle.there_are.iter().map(|it| &**it).collect();
        let hint = if there_are.is_empty() {
            "none is known".to_owned()
        } else {
            format!("there are: {}", there_are.join(", "))
        };
        let text = format!(
            "No {} matches `{}`; {hint}. `*` stands for anything.",
            idle.dimension.name(),
            idle.pattern
        );
        notes.push(Note::alarm(printable(&text)));
    }
    notes.extend(unpriced(report));
    notes.extend(low_output(report));
    notes.extend(report.attribution.iter().filter_map(|it| coverage(it, report.total.measures.cost)));
    let flagged = |it: &Row| it.figures.change.is_some_and(|it| it.is_flagged());
    if report.rows.iter().any(flagged) {
        notes.push(Note::quiet("! changed by more than 30%.".to_owned()));
    }
    notes.extend(unread(sources));
    notes
}

fn unpriced(report: &Report) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for it in report.unpriced.iter().take(UNPRICED_SHOWN) {
        let prompt = it.usage.prompt().map_or(u64::MAX, domain::Tokens::count);
        let why = if it.known { "in part without a price" } else { "without a price" };
        let text = format!(
            "{}: {} {why} ({} tokens in, {} out); not in the cost.",
            it.model,
            counted(it.calls, "call", "calls"),
            compact(prompt),
            compact(it.usage.output.count())
        );
        notes.push(Note::alarm(printable(&text)));
    }
    if let Some(more @ 1..) = report.unpriced.len().checked_sub(UNPRICED_SHOWN) {
        notes.push(Note::alarm(format!("{more} more models have no price; `--format json` lists them.")));
    }
    notes
}

fn low_output(report: &Report) -> Option<Note> {
    let low = &report.total.may_be_low;
    if low.calls == 0 {
        return None;
    }
    Some(Note::quiet(format!(
        "Output may be counted too low in {} ({} of the cost): the tool logged no final count.",
        counted(low.calls, "call", "calls"),
        share(low.cost, report.total.measures.cost)
    )))
}

fn coverage(coverage: &Coverage, total: NanoUsd) -> Option<Note> {
    if coverage.unknown.calls == 0 {
        return None;
    }
    Some(Note::quiet(format!(
        "The {} of {} is unknown ({} of the cost).",
        spoken(coverage.dimension),
        counted(coverage.unknown.calls, "call", "calls"),
        share(coverage.unknown.cost, total)
    )))
}

fn spoken(dimension: Dimension) -> &'static str {
    if dimension == Dimension::PullRequest { "pull request" } else { dimension.name() }
}

fn unread(sources: &Sources) -> Option<Note> {
    let records = counted(sources.problem_records, "record", "records");
    let files = counted(sources.unreadable_files, "file", "files");
    let what = match (sources.problem_records, sources.unreadable_files) {
        (0, 0) => return None,
        (_, 0) => records,
        (0, _) => files,
        (_, _) => format!("{records} and {files}"),
    };
    Some(Note::alarm(format!("{what} could not be read; see `bursar doctor`.")))
}

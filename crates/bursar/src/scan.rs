//! Reads what is new in the logs on this machine into the journal.
//!
//! Readers work side by side, one file each; this thread alone writes. What
//! flows between them is bounded, so that memory is too.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use anyhow::{Result, anyhow};
use domain::{Progress, SessionTally, SourceFile, Stamp};
use ingest::reading::{self, Reading};
use ingest::{Harvest, Problem, Roots};
use metering::{Gathering, Meter};
use store::{Batch, Journal, Met, SourceReading};

use crate::progress::ProgressBar;

/// Calls in one transaction, about.
const BATCH_CALLS: usize = 2_048;
/// Files in one transaction, at most.
const BATCH_FILES: usize = 64;
/// Parts that wait to be written.
const PARTS_WAITING: usize = 2;
/// Observations that are held before they are joined.
const OBSERVATIONS_HELD: usize = 512;
/// Readers, at most.
const READERS: usize = 8;

/// What a scan did.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Bytes that were new.
    pub(crate) bytes: u64,
    /// Calls that were not known.
    pub(crate) new_calls: u64,
    /// Folders and files that could not be looked into.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
}

/// One file to read.
struct Task {
    source: u32,
    file: SourceFile,
    before: Progress,
    tallies: Vec<SessionTally>,
    problems: Vec<(Problem, ingest::Met)>,
    size: u64,
}

/// Reads everything that is new.
pub(crate) fn scan(
    journal: &mut Journal,
    meter: &mut Meter,
    roots: &Roots,
    bar: &mut ProgressBar,
) -> Result<Scanned> {
    let (files, unreadable, known) = thread::scope(|scope| {
        let search = scope.spawn(|| {
            let found = ingest::logs::find(roots);
            (reading::stamped(found.files), found.unreadable)
        });
        // Meanwhile, what the journal knows: the files, and the places for whoever asks next.
        let known = known_sources(journal)?;
        journal.interned()?;
        let (files, unreadable) = search.join().map_err(|_| anyhow!("the search for logs failed"))?;
        anyhow::Ok((files, unreadable, known))
    })?;
    let mut scanned = Scanned { unreadable, ..Scanned::default() };
    let tasks = plan(journal, files, known, &mut scanned)?;
    read(journal, meter, &tasks, &mut scanned, bar)?;
    Ok(scanned)
}

/// Reads what is new in some files if that is not more than so many bytes; whether
/// it was.
pub(crate) fn scan_within(
    journal: &mut Journal,
    meter: &mut Meter,
    files: Vec<SourceFile>,
    at_most: u64,
) -> Result<bool> {
    let mut scanned = Scanned::default();
    let known = known_sources(journal)?;
    let tasks = plan(journal, reading::stamped(files), known, &mut scanned)?;
    if new_bytes(&tasks) > at_most {
        return Ok(false);
    }
    read(journal, meter, &tasks, &mut scanned, &mut ProgressBar::hidden())?;
    Ok(true)
}

fn new_bytes(tasks: &[Task]) -> u64 {
    tasks.iter().map(|task| task.size.saturating_sub(task.before.offset)).sum()
}

fn read(
    journal: &mut Journal,
    meter: &mut Meter,
    tasks: &[Task],
    scanned: &mut Scanned,
    bar: &mut ProgressBar,
) -> Result<()> {
    bar.expect(new_bytes(tasks));
    let next = AtomicUsize::new(0);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| -> Result<()> {
        let (sender, parts) = sync_channel(PARTS_WAITING);
        for _ in 0..cores.min(READERS).min(tasks.len()) {
            let sender = sender.clone();
            let next = &next;
            scope.spawn(move || {
                Reader { sender, part: Part::default(), gathering: Gathering::default() }.work(tasks, next);
            });
        }
        drop(sender);
        // Leaving early closes the channel, which ends the readers.
        for part in parts {
            let written = journal.write(meter, &part.batch)?;
            scanned.new_calls = scanned.new_calls.saturating_add(written.new_calls);
            scanned.bytes = scanned.bytes.saturating_add(part.bytes);
            scanned.unreadable.extend(part.unreadable);
            bar.advance(part.bytes);
        }
        Ok(())
    })?;
    bar.finish();
    Ok(())
}

/// The files that changed since they were read, the largest first so that none
/// is left to one reader at the end.
fn plan(
    journal: &mut Journal,
    files: Vec<(SourceFile, io::Result<Stamp>)>,
    mut known: KnownSources,
    scanned: &mut Scanned,
) -> Result<Vec<Task>> {
    let mut changed = Vec::new();
    for (file, stamp) in files {
        match stamp {
            Ok(stamp) if known.get(file.path.as_os_str()).is_some_and(|it| it.1.stamp == stamp) => {}
            Ok(stamp) => changed.push((file, stamp.size)),
            // Gone since it was found.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => scanned.unreadable.push((file.path, error)),
        }
    }
    let new: Vec<_> = changed
        .iter()
        .map(|(file, _)| file)
        .filter(|file| !known.contains_key(file.path.as_os_str()))
        .cloned()
        .collect();
    if !new.is_empty() {
        journal.register(&new)?;
        known = known_sources(journal)?;
    }
    let mut tasks = Vec::with_capacity(changed.len());
    for (file, size) in changed {
        let Some((source, before)) = known.remove(file.path.as_os_str()) else { continue };
        let mut task = Task { source, file, before, tallies: Vec::new(), problems: Vec::new(), size };
        if task.before != Progress::default() {
            task.before.state = journal.state_of(source)?;
            task.tallies = journal.tallies_of(source)?;
            task.problems = problems_of(journal, source)?;
        }
        tasks.push(task);
    }
    tasks.sort_unstable_by(|a, b| b.size.cmp(&a.size).then_with(|| a.file.path.cmp(&b.file.path)));
    Ok(tasks)
}

/// The files that were ever read, by their paths as they stand: to hash a `PathBuf` is
/// to take it apart.
type KnownSources = HashMap<OsString, (u32, Progress)>;

fn known_sources(journal: &Journal) -> Result<KnownSources> {
    Ok(journal.sources()?.into_iter().map(|it| (it.file.path.into(), (it.id, it.progress))).collect())
}

fn problems_of(journal: &Journal, source: u32) -> Result<Vec<(Problem, ingest::Met)>> {
    let stored = journal.problems_of(source)?.into_iter();
    let known = stored.filter_map(|(kind, count, first_offset)| {
        Problem::from_name(&kind).map(|problem| (problem, ingest::Met { count, first_offset }))
    });
    // A file that could not be read is another reading's news.
    Ok(known.filter(|(problem, _)| *problem != Problem::Unreadable).collect())
}

/// What some files gave: one transaction's worth.
#[derive(Default)]
struct Part {
    batch: Batch,
    bytes: u64,
    unreadable: Vec<(PathBuf, io::Error)>,
}

/// Reads files and hands over what they give, in parts.
struct Reader {
    sender: SyncSender<Part>,
    part: Part,
    gathering: Gathering,
}

impl Reader {
    fn work(mut self, tasks: &[Task], next: &AtomicUsize) {
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut stopped = false;
            let earlier = Harvest::resume(task.tallies.iter().cloned(), task.problems.iter().copied());
            let outcome = reading::read(&task.file, &task.before, earlier, &mut |harvest| {
                if harvest.observations.len() >= OBSERVATIONS_HELD && !stopped {
                    self.gather(task.source, harvest);
                    stopped = self.gathering.len() >= BATCH_CALLS && !self.hand_over();
                }
            });
            self.finish(task, outcome);
            let full = self.gathering.len() >= BATCH_CALLS || self.part.batch.readings.len() >= BATCH_FILES;
            if stopped || (full && !self.hand_over()) {
                return;
            }
        }
        self.hand_over();
    }

    /// Joins what was harvested so far.
    fn gather(&mut self, source: u32, harvest: &mut Harvest) {
        for mut observation in harvest.observations.drain(..) {
            observation.origin.file = source;
            self.gathering.add(observation);
        }
    }

    fn finish(&mut self, task: &Task, mut outcome: Reading) {
        self.gather(task.source, &mut outcome.harvest);
        let problems = outcome.harvest.problems.iter();
        self.part.batch.readings.push(SourceReading {
            source: task.source,
            before: task.before.clone(),
            after: outcome.progress,
            tallies: outcome.harvest.tallies.iter().cloned().collect(),
            problems: problems
                .map(|(kind, met)| Met {
                    kind: kind.name(),
                    count: met.count,
                    first_offset: met.first_offset,
                })
                .collect(),
        });
        self.part.batch.pull_requests.append(&mut outcome.harvest.pull_requests);
        self.part.bytes = self.part.bytes.saturating_add(outcome.bytes);
        self.part.unreadable.extend(outcome.error.map(|error| (task.file.path.clone(), error)));
    }

    /// Sends what there is; whether anybody still takes it.
    fn hand_over(&mut self) -> bool {
        let mut part = std::mem::take(&mut self.part);
        part.batch.calls = self.gathering.take();
        self.sender.send(part).is_ok()
    }
}

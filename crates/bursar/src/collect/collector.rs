//! The collector at work: what hooks noted, what is new in the logs, and what the
//! server was not told yet, again and again.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use attribution::GitReader;
use domain::{Developer, Evidence, Folder};
use ingest::hooks::Heard;
use store::{ActivityRow, Pending};

use super::installation::Installation;
use super::pace::{Backoff, Failing, Pace};
use super::packing::Packer;
use super::sink::{Sink, Undelivered};
use crate::environment::{Environment, now};
use crate::hook::spool::Spool;
use crate::knowledge;
use crate::opened::{Opened, SourceOptions, journal_folder, keep_private};
use crate::progress::ProgressBar;
use crate::scan;

/// How often the hooks' notes are looked for.
const TICK: Duration = Duration::from_secs(1);
/// Entries of the outbox in one delivery.
const BATCH: u32 = 2_000;
/// Entries of one delivery that may be refused; where more are, something else is wrong.
const REFUSED_AT_MOST: usize = 20;
/// Settings and prices are read again after this long, where there is something to do.
const REOPENED_AFTER_MILLIS: i64 = 10 * 60 * 1_000;
/// Looks that empty the spool: what an earlier collector had taken, then what was noted
/// since, each read with one look and given up with the next.
const LOOKS: usize = 4;
/// How long the logbook is left alone after it failed.
const FAILED_MILLIS: u64 = 10_000;

/// How a collector works.
#[derive(Debug, Clone)]
pub(crate) struct Arrangement {
    /// The logs are looked at once in so long, at least.
    pub(crate) interval: Duration,
    /// The person that the machine belongs to, where git does not say.
    pub(crate) developer: Option<Developer>,
}

/// What ends a collector: a message, or the end of whoever could send one.
pub(crate) struct Stop(pub(crate) Receiver<()>);

impl Stop {
    /// Waits so long; whether it is to stop.
    fn within(&self, duration: Duration) -> bool {
        !matches!(self.0.recv_timeout(duration), Err(RecvTimeoutError::Timeout))
    }
}

/// One machine's collector. There is one at a time.
pub(crate) struct Collector<'a> {
    environment: &'a Environment,
    sink: &'a mut dyn Sink,
    /// What the logbook calls the book that it reports to.
    told: String,
    opened: Opened,
    opened_at: domain::Timestamp,
    packer: Packer,
    spool: Spool,
    pace: Pace,
    backoff: Backoff,
    batch: u32,
    /// What went wrong last, so that it is said once.
    complaint: Option<String>,
    _lock: File,
}

/// What the logbook calls a book: its place, which has no blank, and its name.
fn label(place: &str, book: &str) -> String {
    format!("{place} {book}")
}

fn place_in(label: &str) -> &str {
    label.split_once(' ').map_or(label, |(place, _)| place)
}

impl<'a> Collector<'a> {
    /// Gets ready to report to a book.
    pub(crate) fn new(
        environment: &'a Environment,
        arrangement: Arrangement,
        sink: &'a mut dyn Sink,
    ) -> Result<Self> {
        let folder = journal_folder(environment, "")?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        keep_private(&folder);
        let lock = lock(&folder.join("collector.lock"))?;
        let installation = Installation::of(&folder)?;
        let claimed = arrangement.developer.or_else(|| account(environment));
        let mut opened = Opened::as_it_is(&SourceOptions::default(), environment)?;
        // Until the server says which book it keeps, it is the one that it kept before.
        let before = opened.journal.reports_to()?.filter(|it| place_in(it) == sink.place());
        let told = match sink.book() {
            Some(book) => label(sink.place(), book),
            None => before.unwrap_or_else(|| sink.place().to_owned()),
        };
        opened.journal.report_to(&told)?;
        Ok(Self {
            environment,
            pace: Pace::new(arrangement.interval),
            sink,
            told,
            opened,
            opened_at: now(),
            packer: Packer::new(installation, claimed),
            spool: Spool::new(&folder),
            backoff: Backoff::default(),
            batch: BATCH,
            complaint: None,
            _lock: lock,
        })
    }

    /// Forgets what the server was told.
    pub(crate) fn report_everything(&mut self) -> Result<()> {
        self.opened.journal.report_to("")?;
        Ok(self.opened.journal.report_to(&self.told)?)
    }

    /// Begins anew where the server keeps another book than before: the one that was told
    /// is lost, or was restored from a copy that is older.
    fn know_book(&mut self) -> Result<()> {
        let Some(book) = self.sink.book() else { return Ok(()) };
        let label = label(self.sink.place(), book);
        if label != self.told {
            self.opened.journal.report_to(&label)?;
            self.told = label;
        }
        Ok(())
    }

    /// Works until it is stopped. What fails is tried again: nothing ends it but that.
    /// `through` is told once everything is delivered for the first time.
    pub(crate) fn work(&mut self, stop: &Stop, through: impl FnOnce(&mut Opened)) {
        let mut through = Some(through);
        match self.sink.greet() {
            Ok(()) => {
                if let Err(error) = self.know_book() {
                    self.complain(&format!("{error:#}"));
                }
            }
            Err(why) => self.complain(&why.to_string()),
        }
        loop {
            let wait = match self.step() {
                Ok(true) => Duration::ZERO,
                Ok(false) => {
                    if self.complaint.is_none()
                        && let Some(through) = through.take()
                    {
                        through(&mut self.opened);
                    }
                    TICK
                }
                Err(error) => {
                    self.complain(&format!("{error:#}"));
                    Duration::from_millis(FAILED_MILLIS)
                }
            };
            if stop.within(wait) {
                return;
            }
        }
    }

    /// Reads everything and delivers everything, or says why not.
    pub(crate) fn work_once(&mut self) -> Result<Done> {
        for _ in 0..LOOKS {
            self.hear()?;
        }
        self.read()?;
        self.sink.greet()?;
        self.know_book()?;
        let mut taken = 0_usize;
        loop {
            match self.deliver_some() {
                Ok(0) => break,
                Ok(some) => taken = taken.saturating_add(some),
                Err(Halt::Undelivered(why)) => return Err(why.into()),
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
        let refused = self.opened.journal.outbox()?.parked;
        let sent = u64::try_from(taken).unwrap_or(u64::MAX).saturating_sub(refused);
        Ok(Done { sent, refused })
    }

    /// Does what is due; whether there is more to do at once.
    fn step(&mut self) -> Result<bool> {
        self.hear()?;
        if self.pace.is_due(now()) {
            self.reopen()?;
            self.read()?;
        }
        if self.backoff.is_waiting(now()) {
            return Ok(false);
        }
        match self.deliver_some() {
            Ok(sent) => Ok(sent > 0),
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::Undelivered(why)) => {
                let failing = match &why {
                    Undelivered::Later { after, .. } => Failing::ForAWhile(*after),
                    Undelivered::Locked { .. } | Undelivered::Refused { .. } | Undelivered::TooLarge => {
                        Failing::UntilMended
                    }
                };
                self.backoff.failed(now(), failing, random());
                self.complain(&format!("{why}; what is not delivered is kept and tried again"));
                Ok(false)
            }
        }
    }

    /// What hooks noted.
    fn hear(&mut self) -> Result<()> {
        let notes = self.spool.look().context("cannot read what hooks noted")?;
        if notes.iter().any(|note| matches!(note.heard, Heard::Turn { .. })) {
            self.pace.hint(now());
        }
        let activities: Vec<ActivityRow> = notes
            .iter()
            .filter_map(ingest::hooks::Note::activity)
            .map(|it| ActivityRow {
                identity: it.identity,
                at: it.at,
                kind: it.kind,
                amount: it.amount,
                subject: it.subject,
                tool: it.tool,
                session: it.session,
                folder: it.folder,
                branch: it.branch,
            })
            .collect();
        if activities.is_empty() {
            return Ok(());
        }
        let recorded = self.opened.journal.record(&activities);
        if recorded.is_err() {
            self.spool.again();
        }
        recorded?;
        // Of a commit the repository is told as well, also where no call was made.
        knowledge::folders(&mut self.opened).map(drop)
    }

    /// Reads what is new in the logs, and asks git about folders that are.
    fn read(&mut self) -> Result<()> {
        let began = now();
        let opened = &mut self.opened;
        let roots = self.environment.roots();
        let scanned = scan::scan(&mut opened.journal, &mut opened.meter, &roots, &mut ProgressBar::hidden());
        opened.scanned = match scanned {
            Ok(scanned) => scanned,
            Err(error) => {
                self.pace.looked(began, now(), false);
                return Err(error);
            }
        };
        if opened.scanned.new_calls > 0 {
            knowledge::folders(opened)?;
        }
        let changed = self.opened.scanned.bytes > 0;
        self.pace.looked(began, now(), changed);
        Ok(())
    }

    /// Settings and prices may have changed; a logbook that was replaced is another file.
    fn reopen(&mut self) -> Result<()> {
        if now().millis_since(self.opened_at).abs() < REOPENED_AFTER_MILLIS {
            return Ok(());
        }
        self.opened = Opened::as_it_is(&SourceOptions::default(), self.environment)?;
        self.opened.journal.report_to(&self.told)?;
        self.opened_at = now();
        Ok(())
    }

    /// Delivers what comes next; how much that was.
    fn deliver_some(&mut self) -> Result<usize, Halt> {
        let pending = self.opened.journal.pending(self.batch).map_err(anyhow::Error::from)?;
        if pending.is_empty() {
            return Ok(0);
        }
        self.deliver(&pending)?;
        self.backoff.succeeded();
        self.batch = BATCH;
        if self.complaint.take().is_some() {
            tell("delivers again");
        }
        Ok(pending.len())
    }

    /// Delivers entries: where the server takes less at once or refuses something of
    /// it, in halves, until what it refuses stands alone and is put aside.
    fn deliver(&mut self, pending: &[Pending]) -> Result<(), Halt> {
        let mut parts = vec![pending];
        let mut refused = Vec::new();
        while let Some(part) = parts.pop() {
            let delivery = self.packer.pack(part);
            let outcome = if delivery.is_empty() { Ok(()) } else { self.sink.deliver(&delivery) };
            match outcome {
                Ok(()) => {
                    self.know_book().map_err(Halt::Failed)?;
                    let tickets = part.iter().map(|it| &it.ticket);
                    self.opened.journal.acknowledge(tickets).map_err(anyhow::Error::from)?;
                }
                Err(why @ (Undelivered::Later { .. } | Undelivered::Locked { .. })) => {
                    return Err(Halt::Undelivered(why));
                }
                Err(why @ (Undelivered::TooLarge | Undelivered::Refused { .. })) => match part {
                    [one] => {
                        refused.push((one, why.to_string()));
                        if refused.len() > REFUSED_AT_MOST {
                            let why = format!(
                                "{why}; the server refuses whatever it is sent: are both up to date?"
                            );
                            return Err(Halt::Undelivered(Undelivered::Locked { why }));
                        }
                    }
                    _ => {
                        let (first, rest) = part.split_at(part.len() / 2);
                        parts.extend([rest, first]);
                    }
                },
            }
        }
        for (one, why) in refused {
            tell(&format!(
                "one record was refused and is put aside until it changes or the collector starts: {why}"
            ));
            self.opened.journal.park(&one.ticket, &why, now()).map_err(anyhow::Error::from)?;
        }
        Ok(())
    }

    /// Says once what goes wrong.
    fn complain(&mut self, what: &str) {
        if self.complaint.as_deref() != Some(what) {
            tell(what);
            self.complaint = Some(what.to_owned());
        }
    }
}

/// What one round of work came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    /// Records that the server took.
    pub(crate) sent: u64,
    /// Records that it refused, put aside.
    pub(crate) refused: u64,
}

/// Why delivering stopped.
enum Halt {
    /// The server's side.
    Undelivered(Undelivered),
    /// This side.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Halt {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// The lock that one collector holds while it lives. It ends with the process,
/// however that ends.
fn lock(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(anyhow!(
            "another collector is at work on this machine, `bursar up` with its import maybe, and reports \
                 what is new by itself ({} is locked)",
            path.display()
        )),
        // Where locks do not exist, nobody can hold one.
        Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// The person whom git knows for this account.
fn account(environment: &Environment) -> Option<Developer> {
    let home = environment.home()?;
    let facts = GitReader::new(&environment.machine()).look_up(&Folder::new(home.to_str()?));
    let by_git = |it: &Evidence| matches!(it, Evidence::GitIdentity | Evidence::AccountIdentity);
    facts.developer.filter(|it| by_git(&it.evidence)).map(|it| it.value)
}

/// Any number; none where the system gives none, which spreads nothing.
fn random() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_or(0, |()| u64::from_le_bytes(bytes))
}

/// A line for whoever reads the collector's own log.
pub(super) fn tell(what: &str) {
    // Nobody may be reading.
    drop(writeln!(io::stderr(), "bursar collect: {what}"));
}

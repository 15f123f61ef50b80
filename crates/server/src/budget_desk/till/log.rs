//! What a gateway was lent and did with it, written down as it happens: so a process that
//! comes back knows the last word of the one that died.
//!
//! One file a lease, a line of JSON for each thing. A line is written before anybody is
//! told of what it says, so a death of the process loses nothing; the file is not forced to
//! the disk, so the loss of power may lose the end of it. Then nothing is concluded from
//! it, and what it does not tell of stays committed in the ledger.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use domain::{NanoUsd, Scope, Timestamp};
use ledger::command::{Reserve, Settle};
use ledger::{Command, Grant, LeaseId, Ledger, Policy, ReservationId, Row, Subject};
use serde::{Deserialize, Serialize};
use store::LedgerRow;

/// How a file is called that is in use.
const ENDING: &str = "till";
/// How a file is called that ends nobody knows where.
const TORN: &str = "torn";
/// Names the time since the machine started last.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// One thing that happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Begun { lease: String, boot: Option<String> },
    Lent { scopes: Vec<String>, expires_at: i64, rows: Vec<(String, String)> },
    Held { id: String, scopes: Vec<String>, amount: i64, hold_ms: i64, at: i64 },
    Settled { id: String, cost: i64, at: i64 },
    Released { id: String, at: i64 },
}

/// The file of one lease.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// How many calls were written into it.
    pub(super) calls: u64,
}

/// What the process before told of a lease.
pub(super) struct Left {
    pub(super) lease: LeaseId,
    pub(super) ledger: Ledger,
    /// Calls that nobody knows the end of.
    pub(super) open: Vec<ReservationId>,
    pub(super) expires_at: Timestamp,
    pub(super) log: Log,
}

impl Log {
    /// Begins the file of a lease.
    pub(super) fn begin(folder: &Path, lease: &LeaseId) -> io::Result<Self> {
        let path = folder.join(format!("{lease}.{ENDING}"));
        let mut options = File::options();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        // Whoever starts beside this process must not take it for one that died.
        file.try_lock()?;
        let mut log = Self { path, file, calls: 0 };
        log.write(&Line::Begun { lease: lease.to_string(), boot: boot() })?;
        Ok(log)
    }

    /// Slices were lent.
    pub(super) fn lent(&mut self, grant: &Grant) -> io::Result<()> {
        let budgets = grant.budgets.iter().cloned().map(Row::Budget);
        let accounts = grant.accounts.iter().cloned().map(Row::Account);
        let mut rows = Vec::new();
        for row in budgets.chain(accounts) {
            let LedgerRow { kind, body } = LedgerRow::of(&row).map_err(io::Error::other)?;
            rows.push((kind, body));
        }
        let scopes = grant.scopes.iter().map(ToString::to_string).collect();
        self.write(&Line::Lent { scopes, expires_at: grant.expires_at.millis(), rows })
    }

    /// A reservation was made, or ended.
    pub(super) fn done(&mut self, command: &Command, at: Timestamp) -> io::Result<()> {
        let at = at.millis();
        let line = if let Command::Reserve(it) = command {
            self.calls = self.calls.saturating_add(1);
            let scopes = it.subject.scopes().map(ToString::to_string).collect();
            let (id, amount, hold_ms) = (it.id.to_string(), it.amount.nano(), it.hold_ms);
            Line::Held { id, scopes, amount, hold_ms, at }
        } else if let Command::Settle(it) = command {
            Line::Settled { id: it.id.to_string(), cost: it.cost.nano(), at }
        } else if let Command::Release(id) = command {
            Line::Released { id: id.to_string(), at }
        } else {
            return Err(io::Error::other(format!("nothing that a gateway does: {command}")));
        };
        self.write(&line)
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }

    /// The last word was heard.
    pub(super) fn end(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the file of a lease that is over stays");
        }
    }
}

/// What processes before left in the folder that nobody works with any more.
pub(super) fn left(folder: &Path, policy: &Policy) -> io::Result<Vec<Left>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|it| it != ENDING) {
            continue;
        }
        let file = match File::options().read(true).append(true).open(&path) {
            // Whoever worked with it has just ended in order.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        if file.try_lock().is_err() {
            continue;
        }
        match read(&path, file, policy) {
            Ok(left) => all.push(left),
            Err(why) => {
                tracing::warn!(
                    path = %path.display(), why,
                    "what a gateway spent before it stopped is not known for certain: what was lent to it stays \
                     committed until the budgets begin anew"
                );
                fs::rename(&path, path.with_extension(TORN))?;
            }
        }
    }
    Ok(all)
}

/// Does again what was done.
fn read(path: &Path, file: File, policy: &Policy) -> Result<Left, String> {
    let lines = BufReader::new(&file).split(b'\n');
    let mut lines = lines.map(|it| it.map_err(|error| error.to_string())).map(|it| {
        let read = serde_json::from_slice::<Line>(&it?);
        read.map_err(|error| error.to_string())
    });
    let lease = match lines.next() {
        Some(Ok(Line::Begun { lease, boot: Some(then) })) if boot().is_some_and(|now| now == then) => lease,
        Some(Ok(Line::Begun { .. })) => return Err("the machine has started anew since".to_owned()),
        _ => return Err("it does not begin as such files do".to_owned()),
    };
    let lease = LeaseId::new(&lease);
    let mut replay = Replay { ledger: Ledger::lent(policy.clone()), open: Vec::new(), expires_at: None };
    while let Some(line) = lines.next() {
        match line {
            Ok(line) => replay.go_on(&lease, line).map_err(|error| error.to_string())?,
            // The last line may be a part of one: what it would say, nobody was told.
            Err(_) if lines.next().is_none() => break,
            Err(why) => return Err(why),
        }
    }
    let Replay { ledger, open, expires_at } = replay;
    let log = Log { path: path.to_owned(), file, calls: 0 };
    Ok(Left { lease, ledger, open, expires_at: expires_at.unwrap_or_default(), log })
}

struct Replay {
    ledger: Ledger,
    open: Vec<ReservationId>,
    expires_at: Option<Timestamp>,
}

impl Replay {
    fn go_on(&mut self, lease: &LeaseId, line: Line) -> Result<(), Box<dyn std::error::Error>> {
        let (command, at) = match line {
            Line::Begun { .. } => return Err("it begins twice".into()),
            Line::Lent { scopes, expires_at, rows } => {
                let grant = grant(lease, (&scopes, expires_at), rows)?;
                self.expires_at = Some(grant.expires_at);
                self.ledger.adopt(&grant);
                return Ok(());
            }
            Line::Held { id, scopes, amount, hold_ms, at } => {
                let id = ReservationId::new(&id);
                self.open.push(id.clone());
                let scopes: Vec<Scope> = scopes.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
                let (subject, amount) = (Subject::new(scopes)?, NanoUsd::new(amount));
                (Command::Reserve(Reserve { id, subject, amount, hold_ms }), at)
            }
            Line::Settled { id, cost, at } => {
                let id = ReservationId::new(&id);
                self.open.retain(|it| *it != id);
                (Command::Settle(Settle { id, cost: NanoUsd::new(cost) }), at)
            }
            Line::Released { id, at } => {
                let id = ReservationId::new(&id);
                self.open.retain(|it| *it != id);
                (Command::Release(id), at)
            }
        };
        let decision = self.ledger.decide(&command, Timestamp::from_millis(at))?;
        self.ledger.absorb(&decision.changes);
        Ok(())
    }
}

fn grant(
    lease: &LeaseId,
    (scopes, expires_at): (&[String], i64),
    rows: Vec<(String, String)>,
) -> Result<Grant, Box<dyn std::error::Error>> {
    let (mut budgets, mut accounts) = (Vec::new(), Vec::new());
    for (kind, body) in rows {
        let row = LedgerRow { kind, body }.row()?;
        if let Row::Budget(it) = row {
            budgets.push(it);
        } else if let Row::Account(it) = row {
            accounts.push(it);
        } else {
            return Err(format!("{:?} is not lent", row.key()).into());
        }
    }
    let scopes = scopes.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
    let expires_at = Timestamp::from_millis(expires_at);
    Ok(Grant { lease: lease.clone(), expires_at, scopes, budgets, accounts })
}

fn boot() -> Option<String> {
    fs::read_to_string(BOOT).ok().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
}

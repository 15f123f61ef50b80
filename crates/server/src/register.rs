//! The books as the server uses them: tokens, sign-ins, directory and settings, remembered
//! until they change.
//!
//! Several servers may share one database. Each looks at the version of the books at
//! most every [`LOOK_AFTER`], so that is how long a token that was revoked elsewhere
//! is still taken.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::Directory;
use domain::directory::{Entries, EntryKind};
use serde::{Deserialize, Serialize};
use store::{Act, Books, Change, StoreError};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::access::sign_in::{SignIn, WireSignIn};
use crate::access::{TokenEntry, WireToken};
use crate::budgets::policy::BudgetSettings;
use crate::failure::Failure;
use crate::org::WireEntry;

/// How long the books are taken to be as they were.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// How long calls go on with what stood in books that cannot be asked any more.
const GOOD_FOR: Duration = Duration::from_secs(15 * 60);
/// How long a call waits for the books.
const ASK_TIME: Duration = Duration::from_secs(2);
/// How often a deed is thought over anew because the books changed meanwhile.
const MOST_TRIES: usize = 12;

/// The kind of tokens in the books.
pub(crate) const TOKEN: &str = "token";
/// The kind of settings in the books.
pub(crate) const SETTING: &str = "setting";
/// The kind of verdicts on anomalies in the books.
pub(crate) const VERDICT: &str = "verdict";
/// The kind of sign-ins in the books.
pub(crate) const SIGN_IN: &str = "sign_in";
/// The one entry of the kind of settings.
pub(crate) const ORGANISATION: &str = "organisation";

/// What stands in the books at one version of them.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Which version.
    pub(crate) version: u64,
    /// Tokens by their public part.
    pub(crate) tokens: HashMap<String, TokenEntry>,
    /// Sign-ins of browsers by their public part.
    pub(crate) sign_ins: HashMap<String, SignIn>,
    /// The organisation's directory.
    pub(crate) directory: Arc<Directory>,
    /// The version since which the directory is as it is: what follows from it stays as
    /// long as this does, however many tokens are made meanwhile.
    pub(crate) directory_since: u64,
    /// What the organisation has set.
    pub(crate) settings: Settings,
}

/// What an organisation sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Whether tokens of the role finance see developers and sessions.
    pub(crate) individuals_visible_to_finance: bool,
    /// What holds for all budgets.
    pub(crate) budgets: BudgetSettings,
}

/// Reads the books, and remembers.
pub(crate) struct Register {
    books: Books,
    held: RwLock<Option<Held>>,
    /// One reads, the others wait for what it finds.
    reading: Mutex<()>,
    /// One changes the books, so that those of this process never disturb each other.
    acting: Mutex<()>,
    /// When they could not be asked.
    failed: RwLock<Option<Instant>>,
}

#[derive(Clone)]
struct Held {
    standing: Arc<Standing>,
    looked: Instant,
}

impl Register {
    pub(crate) const fn new(books: Books) -> Self {
        Self {
            books,
            held: RwLock::new(None),
            reading: Mutex::const_new(()),
            acting: Mutex::const_new(()),
            failed: RwLock::new(None),
        }
    }

    /// The books themselves.
    pub(crate) const fn books(&self) -> &Books {
        &self.books
    }

    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What stands in the books, at most [`LOOK_AFTER`] ago.
    pub(crate) async fn current(&self) -> Result<Arc<Standing>, Failure> {
        let recent = |it: &Held| it.looked.elapsed() < LOOK_AFTER;
        if let Some(held) = self.held().filter(recent) {
            return Ok(held.standing);
        }
        let _turn = self.reading.lock().await;
        if let Some(held) = self.held().filter(recent) {
            return Ok(held.standing);
        }
        self.look().await
    }

    /// What stands in the books, or stood when they could be asked last: calls go on for
    /// [`GOOD_FOR`] without them.
    pub(crate) async fn current_or_last(&self) -> Result<Arc<Standing>, Failure> {
        let asked_in_vain = || *self.failed.read().unwrap_or_else(PoisonError::into_inner);
        let held = self.held().filter(|it| it.looked.elapsed() < GOOD_FOR);
        if let Some(held) = &held
            && asked_in_vain().is_some_and(|at| at.elapsed() < LOOK_AFTER)
        {
            return Ok(Arc::clone(&held.standing));
        }
        let silent = || Failure::from(StoreError::Unreachable("no answer in time".to_owned()));
        let asked = timeout(ASK_TIME, self.current()).await.unwrap_or_else(|_| Err(silent()));
        let failed = asked.is_err().then(Instant::now);
        if failed.is_some() || asked_in_vain().is_some() {
            *self.failed.write().unwrap_or_else(PoisonError::into_inner) = failed;
        }
        asked.or_else(|failure| held.map(|it| it.standing).ok_or(failure))
    }

    /// What stands in the books now.
    pub(crate) async fn fresh(&self) -> Result<Arc<Standing>, Failure> {
        let _turn = self.reading.lock().await;
        self.look().await
    }

    async fn look(&self) -> Result<Arc<Standing>, Failure> {
        let looked = Instant::now();
        let version = self.books.version().await?;
        let standing = match self.held() {
            Some(held) if held.standing.version == version => held.standing,
            held => Arc::new(self.read(version, held.map(|it| it.standing).as_deref()).await?),
        };
        let held = Held { standing: Arc::clone(&standing), looked };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(standing)
    }

    /// Reads all of it. An act in between makes parts of it newer than the version says,
    /// and the next look reads again.
    async fn read(&self, version: u64, earlier: Option<&Standing>) -> Result<Standing, Failure> {
        let mut tokens = HashMap::new();
        for entry in self.books.entries(TOKEN).await? {
            let wire: WireToken = understood(TOKEN, &entry.id, &entry.body)?;
            let token = wire.entry().ok_or_else(|| damaged(TOKEN, &entry.id))?;
            tokens.insert(entry.id, token);
        }
        let mut sign_ins = HashMap::new();
        for entry in self.books.entries(SIGN_IN).await? {
            let wire: WireSignIn = understood(SIGN_IN, &entry.id, &entry.body)?;
            let sign_in = wire.entry().ok_or_else(|| damaged(SIGN_IN, &entry.id))?;
            sign_ins.insert(entry.id, sign_in);
        }
        let mut entries = Entries::default();
        for kind in EntryKind::ALL {
            for entry in self.books.entries(kind.name()).await? {
                let wire = WireEntry::from_json(kind, &entry.body)?;
                entries.put(&entry.id, wire.entry().map_err(|_| damaged(kind.name(), &entry.id))?);
            }
        }
        let (directory, directory_since) = match earlier {
            Some(earlier) if *earlier.directory.entries() == entries => {
                (Arc::clone(&earlier.directory), earlier.directory_since)
            }
            _ => (Arc::new(directory(entries)?), version),
        };
        let settings = match self.books.entry(SETTING, ORGANISATION).await? {
            Some(entry) => understood(SETTING, ORGANISATION, &entry.body)?,
            None => Settings::default(),
        };
        Ok(Standing { version, tokens, sign_ins, directory, directory_since, settings })
    }

    /// Does something to the books, and sees it at once.
    pub(crate) async fn act(&self, act: Act) -> Result<u64, Failure> {
        let _turn = self.acting.lock().await;
        self.acted(act).await
    }

    /// Does what follows from what stands in the books, and sees it at once. Where something
    /// else changed them meanwhile, what to do is thought over anew: it fails only where it makes
    /// no sense any more, or after [`MOST_TRIES`]. Returns the version that it stands in, too.
    pub(crate) async fn decide<T>(
        &self,
        decision: impl Fn(&Standing) -> Result<Decision<T>, Failure>,
    ) -> Result<(T, u64), Failure> {
        let _turn = self.acting.lock().await;
        let mut tries = 0_usize;
        loop {
            let standing = self.fresh().await?;
            let (mut act, answer) = match decision(&standing)? {
                Decision::Nothing(answer) => return Ok((answer, standing.version)),
                Decision::Act(act, answer) => (act, answer),
            };
            act.expected = Some(standing.version);
            tries = tries.saturating_add(1);
            match self.acted(act).await {
                Ok(version) => return Ok((answer, version)),
                Err(Failure::Store(StoreError::Stale { .. })) if tries < MOST_TRIES => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn acted(&self, act: Act) -> Result<u64, Failure> {
        let version = self.books.act(act).await?;
        self.fresh().await?;
        Ok(version)
    }
}

/// What follows from what stands in the books.
pub(crate) enum Decision<T> {
    /// Everything is so already.
    Nothing(T),
    /// An act, on these books and no other version, and what is answered once it is done.
    Act(Act, T),
}

/// What shall stand in the books, as JSON.
pub(crate) fn change<T: Serialize>(kind: &str, id: &str, after: Option<&T>) -> Result<Change, Failure> {
    let after = after.map(serde_json::to_string).transpose()?;
    Ok(Change { kind: kind.to_owned(), id: id.to_owned(), after })
}

fn directory(entries: Entries) -> Result<Directory, Failure> {
    Directory::new(entries)
        .map_err(|problems| Failure::Damaged(problems.first().map_or_else(String::new, ToString::to_string)))
}

fn understood<T: for<'a> Deserialize<'a>>(kind: &str, id: &str, body: &str) -> Result<T, Failure> {
    serde_json::from_str(body).map_err(|_| damaged(kind, id))
}

fn damaged(kind: &str, id: &str) -> Failure {
    Failure::Damaged(format!("the {kind} `{id}`"))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use domain::Timestamp;
    use tokio::runtime::Handle;
    use tokio::task::block_in_place;

    use super::*;

    fn act(id: &str) -> Act {
        Act {
            at: Timestamp::default(),
            actor: "ada".to_owned(),
            action: "test".to_owned(),
            reason: None,
            changes: vec![Change {
                kind: "note".to_owned(),
                id: id.to_owned(),
                after: Some("{}".to_owned()),
            }],
            expected: None,
        }
    }

    /// What comes of a decision during which another process acts so many times.
    async fn decided(disturbed: usize) -> (Result<(usize, u64), String>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let (register, other) =
            (Register::new(Books::sqlite(folder.path()).unwrap()), Books::sqlite(folder.path()).unwrap());
        let tries = Cell::new(0);
        let decision = |_: &Standing| {
            tries.set(tries.get() + 1);
            if tries.get() <= disturbed {
                block_in_place(|| Handle::current().block_on(other.act(act("other")))).unwrap();
            }
            Ok(Decision::Act(act("own"), tries.get()))
        };
        let outcome = register.decide(decision).await.map_err(|it| it.code().1.to_owned());
        (outcome, tries.get())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_decision_is_made_anew_while_others_act_and_not_for_ever() {
        assert_eq!(decided(0).await, (Ok((1, 1)), 1));
        assert_eq!(decided(1).await, (Ok((2, 2)), 2));
        assert_eq!(
            decided(MOST_TRIES - 1).await,
            (Ok((MOST_TRIES, u64::try_from(MOST_TRIES).unwrap())), MOST_TRIES)
        );
        assert_eq!(decided(99).await, (Err("changed_meanwhile".to_owned()), MOST_TRIES));
    }
}

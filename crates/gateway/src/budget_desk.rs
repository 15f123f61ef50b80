//! What the call path asks of whoever keeps tokens, budgets and the book.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Developer, NanoUsd, Observation, ReporterId, Scope, SessionId, Timestamp, Tool};
use futures_util::future::BoxFuture;
use ledger::{Outlook, Refusal, ReservationId, Stop, Subject};
use tokio::sync::watch;

/// Tokens, budgets and the book, as the call path needs them.
pub trait BudgetDesk: Send + Sync + 'static {
    /// Whose credential that is.
    fn identify<'a>(&'a self, credential: &'a str) -> BoxFuture<'a, Result<Arc<Identity>, DeskError>>;

    /// Everything whose budgets a call counts against: what the credential says of
    /// developer and teams, what is claimed of everything else.
    ///
    /// # Errors
    /// [`DeskError::BadClaim`] where something that is claimed cannot be a scope.
    fn subject(&self, identity: &Identity, claims: &Claims) -> Result<Subject, DeskError>;

    /// How things stand for a call, before it is asked for.
    fn outlook<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Outlook, DeskError>>;

    /// Holds money for a call; when this returns, it is held whatever happens. Where no
    /// budget can be asked, the desk decides by the policies of the budgets that it knows.
    fn reserve(
        &self,
        id: ReservationId,
        subject: Subject,
        amount: NanoUsd,
    ) -> BoxFuture<'_, Result<(), DeskError>>;

    /// The call ended, and cost so much. Never fails: what cannot be written now is
    /// kept and written later.
    fn settle(&self, id: ReservationId, cost: NanoUsd);

    /// There was no call. Never fails, as [`BudgetDesk::settle`].
    fn release(&self, id: ReservationId);

    /// What is stopped now. Calls that run look at it.
    fn stops(&self) -> watch::Receiver<Arc<Stops>>;

    /// Takes what was metered of a call, to be put into the book. Never fails, and never
    /// waits: what cannot be written now is kept and written later.
    fn record(&self, metered: Metered);

    /// The moment of now.
    fn now(&self) -> Timestamp;
}

/// Why the desk does not say yes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// The credential is nobody's, or is not good any more. The text says which, and what to do.
    #[error("{0}")]
    NotKnown(String),
    /// Something that the client claims of its call cannot be.
    #[error("{0}")]
    BadClaim(String),
    /// A budget, a freeze or a kill forbids it.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// It cannot be decided now.
    #[error("{0}")]
    Unavailable(String),
}

/// Who a call is from, by its credential and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The public part of the token.
    pub reporter: ReporterId,
    /// The person whose token it is; none where several share one.
    pub developer: Option<Developer>,
    /// How people are told who it is.
    pub name: String,
}

/// What a client says of its call: session and agent, repository, branch, tags. None of
/// it can name another developer or team.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Claims {
    /// The tool, by its user agent.
    pub tool: Option<Tool>,
    /// The conversation.
    pub session: Option<SessionId>,
    /// The call is a subagent's.
    pub is_subagent: bool,
    /// The repository, as its remote has it, or as an id.
    pub repo: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// The kind of work.
    pub task: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// Tags, by their keys.
    pub tags: BTreeMap<String, String>,
    /// The model, as the price book names it, or as it was asked for.
    pub model: String,
    /// Who serves it.
    pub provider: String,
}

/// What is stopped: calls of a killed scope are cut, and at the end of the process all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stops {
    /// What is killed, by scope, and why.
    pub killed: BTreeMap<Scope, Stop>,
    /// The process ends, and waits for no call any longer.
    pub is_closing: bool,
}

impl Stops {
    /// What kills calls that are about that, and why.
    pub(crate) fn killing(&self, subject: &Subject) -> Option<(&Scope, &Stop)> {
        if self.killed.is_empty() {
            return None;
        }
        let killed = |it: &Scope| {
            let each = it.each().and_then(|each| self.killed.get_key_value(&each));
            self.killed.get_key_value(it).or(each)
        };
        subject.scopes().find_map(killed)
    }

    /// Whether calls that are about that are killed.
    #[must_use]
    pub fn kills(&self, subject: &Subject) -> bool {
        self.killing(subject).is_some()
    }
}

/// A call that was metered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metered {
    /// Who made it.
    pub identity: Arc<Identity>,
    /// What was said of it.
    pub claims: Arc<Claims>,
    /// What it used; one for the call itself, and one for each call inside of it.
    pub observations: Vec<Observation>,
    /// Whether the key of the first is the provider's own id.
    pub is_named_by_provider: bool,
}

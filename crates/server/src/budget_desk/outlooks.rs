//! How things stand for calls, asked of the ledger at most once a second for calls that
//! are alike. It may be a moment old: whether money is there is asked each time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Timestamp;
use gateway::DeskError;
use ledger::{Outlook, Subject};
use store::Budgets;

use crate::clock::Clock;

/// How long an outlook is taken to be as it was.
const FRESH_MS: i64 = 1_000;
/// Kinds of calls that are remembered.
const REMEMBERED: usize = 20_000;

/// What was heard of the ledger.
pub(super) struct Outlooks {
    budgets: Budgets,
    clock: Clock,
    heard: Mutex<HashMap<Subject, (Outlook, Timestamp)>>,
}

impl Outlooks {
    pub(super) fn new(budgets: Budgets, clock: Clock) -> Self {
        Self { budgets, clock, heard: Mutex::default() }
    }

    fn heard(&self) -> MutexGuard<'_, HashMap<Subject, (Outlook, Timestamp)>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How things stand, or stood when the ledger could be asked last.
    pub(super) async fn of(&self, subject: &Subject) -> Result<Outlook, DeskError> {
        let now = self.clock.now();
        let known = self.heard().get(subject).cloned();
        if let Some((outlook, at)) = &known
            && now.millis_since(*at) < FRESH_MS
        {
            return Ok(outlook.clone());
        }
        match self.budgets.outlook(subject.clone(), now).await {
            Ok(Ok(outlook)) => {
                let mut heard = self.heard();
                if heard.len() >= REMEMBERED {
                    heard.clear();
                }
                heard.insert(subject.clone(), (outlook.clone(), now));
                Ok(outlook)
            }
            Ok(Err(refusal)) => Err(DeskError::Refused(refusal)),
            Err(error) => known.map(|(outlook, _)| outlook).ok_or_else(|| {
                DeskError::Unavailable(format!("the budgets cannot be asked at the moment ({error})"))
            }),
        }
    }
}

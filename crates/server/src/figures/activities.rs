//! What happened beside calls, by day, developer, team and kind, for whoever may see it.

use std::collections::BTreeMap;

use attribution::organisation;
use domain::{ActivityKind, Attributed, Attribution, Day, Developer, Evidence, Overflow, SessionId, Team};
use insight::{ReportError, Span};
use store::ActivitySum;

use super::{Asked, FiguresDesk, FiguresError};

/// Digits of a commit's hash that tell it from others of its session: git abbreviates.
const HASH_DIGITS: usize = 7;

/// What a row is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityKey {
    /// The day.
    pub day: Day,
    /// Whose it was; none where nobody is known.
    pub developer: Option<Developer>,
    /// Their team on that day.
    pub team: Option<Team>,
    /// What happened.
    pub kind: ActivityKind,
}

/// Rows by what they are of, with how much.
pub type Activities = BTreeMap<ActivityKey, u64>;

impl FiguresDesk {
    /// What happened on the days of a period that the asker sees.
    ///
    /// # Errors
    /// [`FiguresError`] where the store fails or a sum does not fit.
    pub async fn activities(&self, asked: &Asked) -> Result<Activities, FiguresError> {
        let Span { since, until } = asked.parameters.query.span;
        let from = since.unwrap_or_default();
        let sums = self.store.activities(from, until.unwrap_or(asked.now)).await?;
        let mut rows = Activities::new();
        for sum in each_commit_once(sums) {
            let attribution = self.whose(&sum, asked);
            let sight = &asked.sight;
            if !sight.sees_whom(&attribution, &asked.directory.directory, sum.day) {
                continue;
            }
            let key = ActivityKey {
                day: sum.day,
                developer: attribution.developer.map(|it| it.value),
                team: attribution.team.map(|it| it.value),
                kind: sum.kind,
            };
            let amount = rows.entry(key).or_default();
            *amount = amount.checked_add(sum.amount).ok_or_else(|| ReportError::from(Overflow))?;
        }
        Ok(rows)
    }

    /// The person whose credential reported it, else the one who was claimed; with their
    /// team on that day.
    fn whose(&self, sum: &ActivitySum, asked: &Asked) -> Attribution {
        let by_credential = sum.developer.as_ref().map(|it| (it, Evidence::Credential));
        let named = by_credential.or_else(|| sum.claimed.as_ref().map(|it| (it, Evidence::Claim)));
        let developer = named.map(|(it, evidence)| Attributed { value: self.rules.developer(it), evidence });
        let attribution = Attribution { developer, ..Attribution::default() };
        organisation::on_day(attribution, &asked.directory.directory, sum.day)
    }
}

/// A commit that a hook names, telemetry names, and a counter of the tool counts is one.
/// What a session's counter says beyond the commits that have a name stays.
fn each_commit_once(sums: Vec<ActivitySum>) -> Vec<ActivitySum> {
    let mut named: BTreeMap<SessionId, Vec<String>> = BTreeMap::new();
    let mut kept = Vec::with_capacity(sums.len());
    let mut counted = Vec::new();
    for mut sum in sums {
        match (sum.kind, sum.session.clone(), sum.subject.as_deref()) {
            (ActivityKind::Commit, Some(session), Some(hash)) => {
                let hashes = named.entry(session).or_default();
                if hashes.iter().any(|it| is_same(it, hash)) {
                    continue;
                }
                hashes.push(hash.to_owned());
                sum.amount = 1;
                kept.push(sum);
            }
            (ActivityKind::Commit, Some(session), None) => counted.push((session, sum)),
            _ => kept.push(sum),
        }
    }
    for (session, mut sum) in counted {
        let named = named.get_mut(&session).map(std::mem::take).unwrap_or_default();
        sum.amount = sum.amount.saturating_sub(u64::try_from(named.len()).unwrap_or(u64::MAX));
        if sum.amount > 0 {
            kept.push(sum);
        }
    }
    kept
}

/// Whether one hash is the other or its beginning.
fn is_same(one: &str, other: &str) -> bool {
    one.len().min(other.len()) >= HASH_DIGITS && (one.starts_with(other) || other.starts_with(one))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn commits(session: &str, subject: Option<&str>, amount: u64) -> ActivitySum {
        ActivitySum {
            day: Day::new(20_000),
            kind: ActivityKind::Commit,
            subject: subject.map(Arc::from),
            tool: None,
            session: Some(SessionId::new(session)),
            developer: None,
            claimed: None,
            amount,
        }
    }

    fn check(sums: &[ActivitySum], expected: &str) {
        let told: Vec<String> = each_commit_once(sums.to_vec())
            .iter()
            .map(|it| format!("{}:{}", it.subject.as_deref().unwrap_or("-"), it.amount))
            .collect();
        assert_eq!(told.join(" "), expected);
    }

    #[test]
    fn a_commit_counts_once_whoever_tells_of_it() {
        let hook = commits("s", Some("1f0a2b3"), 1);
        let event = commits("s", Some("1f0a2b3c4d5e6f"), 1);
        check(&[hook.clone(), event, commits("s", None, 1)], "1f0a2b3:1");
        check(&[commits("s", None, 3), hook.clone()], "1f0a2b3:1 -:2");
        check(&[hook.clone(), commits("t", None, 1)], "1f0a2b3:1 -:1");
        check(&[hook, commits("s", Some("2222222"), 1)], "1f0a2b3:1 2222222:1");
    }
}

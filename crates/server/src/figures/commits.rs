//! Commits that hooks and telemetry tell of, each once, with where they were made.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{ActivityKind, Attribution, Day, Developer, Place, QuarterHour, SessionId, Tool, Whereabouts};
use insight::{PlaceFacts, Span};
use store::ActivitySum;

use super::{Asked, FiguresDesk, FiguresError};

/// Digits of a commit's hash that tell it from others of its session: git abbreviates.
const HASH_DIGITS: usize = 7;
const QUARTERS_OF_DAY: i64 = 96;

/// A commit that was told of by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The day, in the organisation's time zone.
    pub day: Day,
    /// Its hash, or the beginning of it.
    pub hash: Arc<str>,
    /// The session that made it.
    pub session: SessionId,
    /// The tool, where the source says so.
    pub tool: Option<Tool>,
    /// Whose it is, of which repository and branch.
    pub attribution: Attribution,
}

impl FiguresDesk {
    /// The commits of a period that the asker sees, in the order of days, sessions and hashes.
    ///
    /// # Errors
    /// [`FiguresError`] where the store fails.
    pub async fn commits(&self, asked: &Asked) -> Result<Vec<Commit>, FiguresError> {
        let Span { since, until, .. } = asked.parameters.query.span;
        let sums = self.store.activities(since.unwrap_or_default(), until.unwrap_or(asked.now)).await?;
        let named: Vec<ActivitySum> = each_once(sums)
            .into_iter()
            .filter(|it| it.kind == ActivityKind::Commit && it.subject.is_some())
            .collect();
        let sessions = self.sessions_of(&named).await?;
        let surroundings = self.surroundings(&asked.directory).await?;
        let mut commits = Vec::with_capacity(named.len());
        for sum in named {
            let (Some(hash), Some(session)) = (sum.subject.clone(), sum.session.clone()) else { continue };
            // Anybody can name another's session: only the calls of the same credential are believed.
            let of = (session.clone(), sum.developer.clone());
            let there = whereabouts(&sum, sessions.get(&of));
            let mut attribution = surroundings.attribution(&there, sum.day, last_quarter(sum.day));
            let whose = self.whose(&sum, asked);
            (attribution.developer, attribution.team) = (whose.developer, whose.team);
            let facts = PlaceFacts { place: there.place.as_ref().clone(), attribution };
            if asked.sight.sees(&facts, &asked.directory.directory, sum.day) {
                let attribution = facts.attribution;
                commits.push(Commit { day: sum.day, hash, session, tool: sum.tool, attribution });
            }
        }
        commits.sort_by(|a, b| (a.day, &a.session, &a.hash).cmp(&(b.day, &b.session, &b.hash)));
        Ok(commits)
    }

    /// Where the calls of the sessions of these commits were made, by session and credential.
    async fn sessions_of(
        &self,
        commits: &[ActivitySum],
    ) -> Result<HashMap<(SessionId, Option<Developer>), Arc<Whereabouts>>, FiguresError> {
        let mut sessions: Vec<SessionId> = commits.iter().filter_map(|it| it.session.clone()).collect();
        sessions.sort_unstable();
        sessions.dedup();
        let mut all = self.store.whereabouts_of(sessions).await?;
        // The same one every time, and one that knows where it is if there is any.
        all.sort_by_cached_key(|it| (it.place.folder.is_none() && it.place.remote.is_none(), Arc::clone(it)));
        let mut of = HashMap::new();
        for it in all {
            of.entry((it.place.session.clone(), it.developer.clone())).or_insert(it);
        }
        Ok(of)
    }
}

/// A quarter of an hour at the end of a day: a pull request that was named on it is known by then.
const fn last_quarter(day: Day) -> QuarterHour {
    QuarterHour::new(day.next().number().saturating_mul(QUARTERS_OF_DAY).saturating_sub(1))
}

/// Where a commit was made: what was said of it, else what its session's calls say.
fn whereabouts(sum: &ActivitySum, calls: Option<&Arc<Whereabouts>>) -> Whereabouts {
    let session = sum.session.clone().unwrap_or_else(|| SessionId::new(""));
    let tool = sum.tool.or_else(|| calls.map(|it| it.place.tool)).unwrap_or(Tool::ClaudeCode);
    let said = calls.map(|it| &it.place);
    let place = Place {
        folder: sum.folder.clone().or_else(|| said?.folder.clone()),
        remote: sum.folder.is_none().then(|| said?.remote.clone()).flatten(),
        branch: sum.branch.clone().or_else(|| said?.branch.clone()),
        ..Place::of(tool, session)
    };
    Whereabouts { place: Arc::new(place), developer: sum.developer.clone(), claimed: sum.claimed.clone() }
}

/// A commit that a hook names, telemetry names, and a counter of the tool counts is one.
/// What a session's counter says beyond the commits that have a name stays.
pub(super) fn each_once(sums: Vec<ActivitySum>) -> Vec<ActivitySum> {
    let mut named: BTreeMap<SessionId, Vec<ActivitySum>> = BTreeMap::new();
    let (mut kept, mut counted) = (Vec::with_capacity(sums.len()), Vec::new());
    for mut sum in sums {
        match (sum.kind, sum.session.clone(), sum.subject.as_deref()) {
            (ActivityKind::Commit, Some(session), Some(hash)) => {
                let commits = named.entry(session).or_default();
                let known = commits.iter_mut().find(|it| is_same(it.subject.as_deref(), hash));
                sum.amount = 1;
                match known {
                    Some(known) => join(known, sum),
                    None => commits.push(sum),
                }
            }
            (ActivityKind::Commit, Some(session), None) => counted.push((session, sum)),
            _ => kept.push(sum),
        }
    }
    let mut names: BTreeMap<SessionId, u64> = BTreeMap::new();
    for (session, commits) in named {
        names.insert(session, u64::try_from(commits.len()).unwrap_or(u64::MAX));
        kept.extend(commits);
    }
    for (session, mut sum) in counted {
        sum.amount = sum.amount.saturating_sub(names.remove(&session).unwrap_or_default());
        if sum.amount > 0 {
            kept.push(sum);
        }
    }
    kept
}

/// Adds what another source knows of the same commit: the longer hash, and where it was made.
fn join(known: &mut ActivitySum, other: ActivitySum) {
    let length = |it: &ActivitySum| it.subject.as_deref().map_or(0, str::len);
    if length(&other) > length(known) {
        known.subject = other.subject;
    }
    known.folder = known.folder.take().or(other.folder);
    known.branch = known.branch.take().or(other.branch);
}

/// Whether one hash is the other or its beginning.
fn is_same(one: Option<&str>, other: &str) -> bool {
    one.is_some_and(|one| {
        one.len().min(other.len()) >= HASH_DIGITS && (one.starts_with(other) || other.starts_with(one))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{Branch, Day};

    use super::*;

    fn commits(session: &str, subject: Option<&str>, amount: u64) -> ActivitySum {
        ActivitySum {
            day: Day::new(20_000),
            kind: ActivityKind::Commit,
            subject: subject.map(Arc::from),
            tool: None,
            session: Some(SessionId::new(session)),
            folder: None,
            branch: None,
            developer: None,
            claimed: None,
            amount,
        }
    }

    fn check(sums: &[ActivitySum], expected: &str) {
        let told: Vec<String> = each_once(sums.to_vec())
            .iter()
            .map(|it| {
                let branch = it.branch.as_ref().map(|it| format!("@{it}")).unwrap_or_default();
                format!("{}{branch}:{}", it.subject.as_deref().unwrap_or("-"), it.amount)
            })
            .collect();
        assert_eq!(told.join(" "), expected);
    }

    #[test]
    fn what_only_one_of_them_knows_is_kept() {
        let hook = ActivitySum { branch: Some(Branch::new("next")), ..commits("s", Some("1f0a2b3"), 1) };
        let event = commits("s", Some("1f0a2b3c4d5e6f"), 1);
        check(&[event.clone(), hook.clone()], "1f0a2b3c4d5e6f@next:1");
        check(&[hook, event], "1f0a2b3c4d5e6f@next:1");
    }

    #[test]
    fn a_commit_counts_once_whoever_tells_of_it() {
        let hook = commits("s", Some("1f0a2b3"), 1);
        let event = commits("s", Some("1f0a2b3c4d5e6f"), 1);
        check(&[hook.clone(), event, commits("s", None, 1)], "1f0a2b3c4d5e6f:1");
        check(&[commits("s", None, 3), hook.clone()], "1f0a2b3:1 -:2");
        check(&[hook.clone(), commits("t", None, 1)], "1f0a2b3:1 -:1");
        check(&[hook, commits("s", Some("2222222"), 1)], "1f0a2b3:1 2222222:1");
    }
}

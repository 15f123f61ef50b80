//! Whom and what a call counts against: by its credential, by what is claimed of it, and
//! by the organisation's directory of today.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use attribution::{Known, PullRequests, Rules, TagKey, Tags, attribute_reported, organisation};
use domain::{
    Attribution, Branch, Day, Developer, Directory, Place, Scope, ScopeKind, SessionId, Timestamp, Tool,
    Whereabouts,
};
use gateway::{Claims, DeskError, Identity};
use jiff::tz::TimeZone;
use ledger::Subject;

use crate::figures::calls::day_at;
use crate::register::Standing;

/// Calls that are alike count against the same: so many kinds are remembered.
const REMEMBERED: usize = 20_000;

/// Finds subjects, and remembers them.
pub(super) struct Subjects {
    rules: Rules,
    zone: TimeZone,
    remembered: Mutex<Remembered>,
}

/// What was found, good for a day and a state of the directory.
#[derive(Default)]
struct Remembered {
    good_for: Option<(Day, u64)>,
    subjects: HashMap<(Option<Developer>, Claims), Subject>,
}

impl Subjects {
    pub(super) fn new(rules: Rules, zone: TimeZone) -> Self {
        Self { rules, zone, remembered: Mutex::default() }
    }

    /// What a call of that moment counts against.
    pub(super) fn of(
        &self,
        (identity, claims): (&Identity, &Claims),
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Subject, DeskError> {
        let day = day_at(now, &self.zone)
            .ok_or_else(|| DeskError::Unavailable("the server's clock shows no day".to_owned()))?;
        let key = (identity.developer.clone(), claims.clone());
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let good_for = Some((day, standing.directory_since));
        if remembered.good_for != good_for || remembered.subjects.len() >= REMEMBERED {
            *remembered = Remembered { good_for, subjects: HashMap::new() };
        }
        if let Some(known) = remembered.subjects.get(&key) {
            return Ok(known.clone());
        }
        let subject = self.find((identity, claims), &standing.directory, (now, day))?;
        remembered.subjects.insert(key, subject.clone());
        Ok(subject)
    }

    fn find(
        &self,
        (identity, claims): (&Identity, &Claims),
        directory: &Directory,
        (now, day): (Timestamp, Day),
    ) -> Result<Subject, DeskError> {
        let attribution = self.attribution((identity, claims), directory, (now, day));
        let mut named: Vec<(ScopeKind, &str)> = vec![
            (ScopeKind::Model, claims.model.as_str()),
            (ScopeKind::Provider, claims.provider.as_str()),
            // Calls that name no session are one, by whoever makes them; the book has it so too.
            (
                ScopeKind::Session,
                claims.session.as_ref().map_or(identity.reporter.as_str(), SessionId::as_str),
            ),
        ];
        let answer = |kind, value: Option<&'_ str>| (kind, value.unwrap_or_default().to_owned());
        let answers = [
            answer(ScopeKind::Developer, attribution.developer.as_ref().map(|it| it.value.as_str())),
            answer(ScopeKind::Repo, attribution.repo.as_ref().map(|it| it.value.as_str())),
            answer(ScopeKind::Project, attribution.project.as_ref().map(|it| it.value.as_str())),
            answer(ScopeKind::Client, attribution.client.as_ref().map(|it| it.value.as_str())),
            answer(ScopeKind::Task, attribution.task.as_ref().map(|it| it.value.as_str())),
        ];
        named.extend(answers.iter().map(|(kind, name)| (*kind, name.as_str())));
        let teams = attribution.team.as_ref().map(|it| directory.lineage(&it.value, day));
        named.extend(teams.iter().flatten().map(|it| (ScopeKind::Team, it.as_str())));
        let tags: Vec<String> = claims.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        named.extend(tags.iter().map(|it| (ScopeKind::Tag, it.as_str())));
        let scopes: Result<Vec<Scope>, _> = named
            .into_iter()
            .filter(|(_, name)| !name.is_empty())
            .map(|(kind, name)| Scope::new(kind, name))
            .collect();
        let scopes = scopes.map_err(|error| DeskError::BadClaim(error.to_string()))?;
        Subject::new(scopes).map_err(|error| DeskError::BadClaim(error.to_string()))
    }

    /// What reports will say of the call, as far as it can be known now.
    fn attribution(
        &self,
        (identity, claims): (&Identity, &Claims),
        directory: &Directory,
        (now, day): (Timestamp, Day),
    ) -> Attribution {
        let session = claims.session.clone().unwrap_or_else(|| SessionId::new(""));
        let mut tags = Tags::default();
        for (key, value) in tagged(claims) {
            tags.set(session.clone(), key, value);
        }
        let place = Place {
            branch: claims.branch.as_deref().map(Branch::new),
            remote: claims.repo.as_deref().map(Arc::from),
            ..Place::of(claims.tool.unwrap_or(Tool::Other), session)
        };
        let there =
            Whereabouts { place: Arc::new(place), developer: identity.developer.clone(), claimed: None };
        let (folders, pull_requests) = (HashMap::new(), PullRequests::default());
        let known =
            Known { rules: &self.rules, folders: &folders, pull_requests: &pull_requests, tags: &tags };
        organisation::on_day(attribute_reported(&there, now.quarter_hour(), &known), directory, day)
    }
}

/// What a client says of its session that holds against what is found out.
pub(super) fn tagged(claims: &Claims) -> impl Iterator<Item = (TagKey, &str)> {
    let said: BTreeMap<TagKey, Option<&str>> = BTreeMap::from([
        (TagKey::Task, claims.task.as_deref()),
        (TagKey::Client, claims.client.as_deref()),
        (TagKey::Project, claims.project.as_deref()),
        (TagKey::Ticket, claims.ticket.as_deref()),
    ]);
    said.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

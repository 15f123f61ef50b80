//! What the collector of each simulated machine does: reads the logs, and packs what is in
//! them into deliveries, week by week.
//!
//! Two things are as the simulation says, where a machine would look: the key under which
//! folders get their names, and what git says of them. There are no working copies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use attribution::FolderFacts;
use domain::{
    Attributed, Branch, Call, Day, Developer, Evidence, Folder, Origin, Place, PrLink, Progress, RepoId,
    SessionId, SessionTally, Timestamp,
};
use ingest::delivery::{self, Delivery, FolderReport, ReportedCall};
use ingest::{Harvest, Roots, logs, reading};
use metering::Gathering;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::organisation::Person;
use super::plan::Plan;
use crate::collect::installation::{Installation, hex};

/// Days that are delivered at once.
const TOGETHER: i64 = 7;

/// Everything that one machine reports, by the first day of the week.
pub(super) type Weeks = BTreeMap<Day, Delivery>;

/// Reads the logs of a machine and packs them.
pub(super) fn pack(plan: &Plan, person: &Person, home: &Path) -> Result<Weeks> {
    let installation = installation(home, plan.terms.seed, person.user)?;
    let seen = read(home)?;
    let mut packer = Packer {
        plan,
        person,
        installation: &installation,
        places: BTreeMap::new(),
        known: BTreeSet::new(),
        weeks: Weeks::new(),
    };
    for call in seen.calls {
        packer.call(call);
    }
    for tally in seen.tallies.into_values() {
        packer.week(tally.last_at).sessions.push(tally);
    }
    for link in seen.pull_requests {
        packer.week(link.first_at).pull_requests.push(link);
    }
    Ok(packer.weeks)
}

/// A machine's name and key, as a collector would have made them up.
fn installation(home: &Path, seed: u64, user: &str) -> Result<Installation> {
    let key = hex(&Sha256::new().chain_update(seed.to_le_bytes()).chain_update(user).finalize());
    let folder = home.join(".local/share/bursar");
    let file = folder.join("installation.json");
    let made = json!({ "reporter": format!("machine-{user}"), "folder_key": key });
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&file, made.to_string()))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Installation::of(&folder)
}

/// What all logs of a machine say.
struct Seen {
    calls: Vec<Call>,
    tallies: BTreeMap<SessionId, SessionTally>,
    pull_requests: Vec<PrLink>,
}

fn read(home: &Path) -> Result<Seen> {
    let below = |name: &str| vec![home.join(name)];
    let roots = Roots {
        claude: below(".claude"),
        codex: below(".codex"),
        gemini: below(".gemini"),
        ..Roots::default()
    };
    let mut gathering = Gathering::default();
    let (mut tallies, mut pull_requests) = (BTreeMap::<SessionId, SessionTally>::new(), Vec::new());
    for file in logs::find(&roots).files {
        let read = reading::read(&file, &Progress::default(), Harvest::default(), &mut |_| {});
        if let Some(error) = read.error {
            return Err(error).with_context(|| format!("cannot read {}", file.path.display()));
        }
        let Harvest { observations, pull_requests: links, tallies: of_file, problems } = read.harvest;
        if let Some((problem, met)) = problems.iter().next() {
            bail!("{} is {} at byte {}", file.path.display(), problem.describe(), met.first_offset);
        }
        observations.into_iter().for_each(|it| gathering.add(it));
        pull_requests.extend(links);
        for tally in of_file.iter() {
            let known = tallies.entry(tally.session.clone());
            known.and_modify(|it| it.join(tally)).or_insert_with(|| tally.clone());
        }
    }
    let mut calls = gathering.take();
    calls.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
    Ok(Seen { calls, tallies, pull_requests })
}

/// Packs what one machine reports.
struct Packer<'a> {
    plan: &'a Plan,
    person: &'a Person,
    installation: &'a Installation,
    places: BTreeMap<Place, Arc<Place>>,
    /// Folders that the server was told of.
    known: BTreeSet<Folder>,
    weeks: Weeks,
}

impl Packer<'_> {
    fn week(&mut self, at: Timestamp) -> &mut Delivery {
        let first = self.plan.calendar.first.number();
        let days = Day::of(at).number().saturating_sub(first);
        let week = Day::new(first.saturating_add(days.saturating_sub(days.rem_euclid(TOGETHER))));
        let reporter = self.installation.reporter();
        let empty = || Delivery::new(reporter.clone(), env!("CARGO_PKG_VERSION"), None);
        self.weeks.entry(week).or_insert_with(empty)
    }

    fn call(&mut self, mut call: Call) {
        let known = Arc::clone(&call.owner.place);
        if let Some(folder) = known.folder.clone()
            && self.known.insert(folder.clone())
        {
            let report = self.folder(&folder, call.at);
            self.week(call.at).folders.push(report);
        }
        let installation = self.installation;
        let named = || {
            let folder = known.folder.as_ref().map(|it| installation.folder(it));
            Arc::new(Place { folder, ..(*known).clone() })
        };
        call.owner.place = Arc::clone(self.places.entry((*known).clone()).or_insert_with(named));
        call.figures.origin = Origin::default();
        let naming = delivery::naming(known.tool, call.key.as_str());
        self.week(call.at).calls.push(ReportedCall { naming, call });
    }

    /// What git would say of a working copy.
    fn folder(&self, folder: &Folder, at: Timestamp) -> FolderReport {
        let name = folder.as_str().rsplit('/').next().unwrap_or_default();
        let is_copy = folder.as_str().contains("/src/");
        let repos = &self.plan.organisation.repos;
        let repo = repos.iter().find(|it| is_copy && it.id.rsplit('/').next() == Some(name));
        let email = Developer::new(&self.person.email());
        let facts = FolderFacts {
            repo: repo.map(|it| Attributed { value: RepoId::new(it.id), evidence: Evidence::Remote }),
            display: repo.map(|it| Arc::from(it.id)),
            remote: repo.map(|_| Arc::from("origin")),
            default_branch: repo.map(|_| Branch::new("main")),
            developer: Some(Attributed { value: email, evidence: Evidence::GitIdentity }),
            unanswered: false,
        };
        FolderReport { folder: self.installation.folder(folder), at, facts: Arc::from(facts.to_text()) }
    }
}

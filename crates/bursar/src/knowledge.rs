//! What attribution rests on besides the calls themselves: what git says of
//! folders, what sessions said of pull requests, and what people said of sessions.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use attribution::{FolderFacts, GitReader, Known, PullRequests, Rules, TagKey, Tags};
use domain::{Folder, SessionId};
use store::{FolderRow, Journal};

use crate::environment::now;
use crate::opened::Opened;

/// Git is asked again about a folder after this long, if there are new calls.
const FOLDER_STALE_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// All of it.
pub(crate) struct Knowledge {
    folders: HashMap<Folder, FolderFacts>,
    pull_requests: PullRequests,
    tags: Tags,
}

impl Knowledge {
    /// From the journal, and from git for folders that it was never asked about.
    pub(crate) fn gather(opened: &mut Opened) -> Result<Self> {
        let folders = folders(opened)?;
        let tags = tags(&opened.journal)?;
        let links = opened.journal.pull_requests()?;
        let (places, _) = opened.journal.interned()?;
        let places = places.iter().map(Arc::as_ref);
        let pull_requests = PullRequests::new(&links, places, &folders, &opened.rules);
        Ok(Self { folders, pull_requests, tags })
    }

    /// For `attribution`.
    pub(crate) const fn known<'a>(&'a self, rules: &'a Rules) -> Known<'a> {
        Known { rules, folders: &self.folders, pull_requests: &self.pull_requests, tags: &self.tags }
    }
}

/// What is known of the working folders: what git said before, and what it says
/// now of those it was never asked about.
pub(crate) fn folders(opened: &mut Opened) -> Result<HashMap<Folder, FolderFacts>> {
    let at = now();
    let mut known: HashMap<Folder, FolderFacts> = HashMap::new();
    let mut fresh: HashSet<Folder> = HashSet::new();
    for row in opened.journal.folders()? {
        let folder = Folder::new(&row.path);
        let due = opened.scanned.new_calls > 0 && at.millis_since(row.looked_up_at) > FOLDER_STALE_MILLIS;
        if let Ok(facts) = FolderFacts::from_text(&row.facts) {
            if !due {
                fresh.insert(folder.clone());
            }
            known.insert(folder, facts);
        }
    }
    let mut git = GitReader::new(&opened.environment.machine());
    let mut rows = Vec::new();
    let noted = opened.journal.noted_folders()?;
    let (places, _) = opened.journal.interned()?;
    for folder in places.iter().filter_map(|place| place.folder.as_ref()).chain(&noted) {
        if fresh.contains(folder) {
            continue;
        }
        fresh.insert(folder.clone());
        let mut facts = git.look_up(folder);
        if let Some(earlier) = known.remove(folder) {
            facts = facts.keeping(earlier);
        }
        // Git was missing or too slow: it is asked again next time.
        if !facts.unanswered {
            rows.push(FolderRow {
                path: folder.as_str().to_owned(),
                looked_up_at: at,
                facts: facts.to_text(),
            });
        }
        known.insert(folder.clone(), facts);
    }
    if !rows.is_empty() {
        opened.journal.store_folders(&rows)?;
    }
    Ok(known)
}

fn tags(journal: &Journal) -> Result<Tags> {
    let mut tags = Tags::default();
    for tag in journal.tags()? {
        if let Some(key) = TagKey::from_name(&tag.key) {
            tags.set(SessionId::new(&tag.session), key, &tag.value);
        }
    }
    Ok(tags)
}

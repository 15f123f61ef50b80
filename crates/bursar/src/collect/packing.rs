//! The logbook's entries, packed to leave the machine: folders under the names that
//! stand for them, remotes only where they are addresses, and nothing of where on the
//! disk anything was read.

use std::collections::HashMap;
use std::sync::Arc;

use attribution::FolderFacts;
use attribution::repo_id::{self, Remote};
use domain::{Call, Developer, Folder, Origin, Place, SourceKind};
use ingest::delivery::{self, Delivery, FolderReport, ReportedActivity, ReportedCall, SessionTag};
use store::{ActivityRow, FolderRow, Outgoing, Pending, Tag};

use super::installation::Installation;

/// Packs deliveries.
#[derive(Debug)]
pub(super) struct Packer {
    installation: Installation,
    claimed: Option<Developer>,
}

impl Packer {
    pub(super) const fn new(installation: Installation, claimed: Option<Developer>) -> Self {
        Self { installation, claimed }
    }

    /// A delivery of these entries; what is gone is left out.
    pub(super) fn pack(&self, pending: &[Pending]) -> Delivery {
        let reporter = self.installation.reporter().clone();
        let mut delivery = Delivery::new(reporter, env!("CARGO_PKG_VERSION"), self.claimed.clone());
        let mut places = HashMap::new();
        for item in pending.iter().filter_map(|it| it.item.as_ref()) {
            match item {
                Outgoing::Call(call) => delivery.calls.push(self.call(call, &mut places)),
                Outgoing::Session(tally) => delivery.sessions.push(tally.clone()),
                Outgoing::PullRequest(link) => delivery.pull_requests.push(link.clone()),
                Outgoing::Folder(row) => delivery.folders.push(self.folder(row)),
                Outgoing::Tag(row) => delivery.tags.push(tag(row)),
                Outgoing::Activity(row) => delivery.activities.push(self.activity(row)),
            }
        }
        delivery
    }

    fn call<'a>(&self, call: &'a Call, places: &mut HashMap<&'a Place, Arc<Place>>) -> ReportedCall {
        let known = &*call.owner.place;
        let place = places.entry(known).or_insert_with(|| Arc::new(self.place(known)));
        let naming = delivery::naming(known.tool, call.key.as_str());
        let mut call = call.clone();
        call.owner.place = Arc::clone(place);
        call.figures.origin = Origin::default();
        ReportedCall { naming, call }
    }

    fn place(&self, place: &Place) -> Place {
        Place {
            folder: place.folder.as_ref().map(|it| self.installation.folder(it)),
            remote: place.remote.clone().filter(|it| is_address(it)),
            ..place.clone()
        }
    }

    fn folder(&self, row: &FolderRow) -> FolderReport {
        // What is not of its own making does not leave.
        let facts = FolderFacts::from_text(&row.facts).unwrap_or_default();
        FolderReport {
            folder: self.installation.folder(&Folder::new(&row.path)),
            at: row.looked_up_at,
            facts: Arc::from(facts.to_text()),
        }
    }

    fn activity(&self, row: &ActivityRow) -> ReportedActivity {
        let ActivityRow { identity, at, kind, amount, subject, tool, session, folder, branch } = row.clone();
        let (source, folder) = (SourceKind::Hook, folder.map(|it| self.installation.folder(&it)));
        ReportedActivity { identity, source, at, kind, amount, subject, tool, session, folder, branch }
    }
}

/// Whether a remote is the address of a repository: a path of this machine is none.
fn is_address(remote: &str) -> bool {
    matches!(repo_id::normalise(remote), Remote::Repo { .. } | Remote::SshAlias { .. })
}

fn tag(row: &Tag) -> SessionTag {
    SessionTag {
        session: domain::SessionId::new(&row.session),
        at: row.at,
        key: Arc::from(row.key.as_str()),
        value: Arc::from(row.value.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn remotes_are_sent_where_they_are_addresses() {
        for (remote, sent) in [
            ("https://github.com/acme/web.git", true),
            ("git@github.com:acme/web.git", true),
            ("work-github:acme/web", true),
            ("/srv/git/web.git", false),
            ("file:///srv/git/web.git", false),
            ("../web", false),
            (r"C:\src\web", false),
            ("", false),
        ] {
            assert_eq!(is_address(remote), sent, "{remote}");
        }
    }
}

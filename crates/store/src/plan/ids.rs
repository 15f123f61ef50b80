//! Ids that follow from what they stand for: 64 bits of a SHA-256. A database keeps
//! them as signed integers, and they are never changed.

use std::sync::Arc;

use domain::{Activity, Branch, Developer, Folder, Provider, Service, Whereabouts, Witness};
use sha2::{Digest as _, Sha256};

use crate::journal::code::Code as _;

/// The id of whereabouts, and of a site.
pub(crate) fn whereabouts(it: &Whereabouts) -> i64 {
    let place = &it.place;
    let mut parts = Parts::default();
    parts.text(Some(place.tool.name()));
    parts.text(Some(place.session.as_str()));
    parts.number(place.thread.code());
    parts.text(place.folder.as_ref().map(Folder::as_str));
    parts.text(place.branch.as_ref().map(Branch::as_str));
    parts.text(place.remote.as_deref());
    parts.text(place.command.as_deref());
    parts.text(place.skill.as_deref());
    parts.text(it.developer.as_ref().map(Developer::as_str));
    parts.text(it.claimed.as_ref().map(Developer::as_str));
    parts.id()
}

/// The id of a service.
pub(crate) fn service(it: &Service) -> i64 {
    let mut parts = Parts::default();
    parts.text(Some(it.model.as_str()));
    parts.text(it.provider.as_ref().map(Provider::as_str));
    parts.text(Some(it.terms.tier.name()));
    parts.text(Some(it.terms.speed.name()));
    parts.text(Some(it.terms.geo.name()));
    parts.id()
}

/// The id of a witness.
pub(crate) fn witness(it: &Witness) -> i64 {
    let mut parts = Parts::default();
    parts.number(it.source.code());
    parts.text(Some(it.reporter.as_str()));
    parts.text(it.developer.as_ref().map(Developer::as_str));
    parts.text(it.claimed.as_ref().map(Developer::as_str));
    parts.id()
}

/// The id of the witness of an activity.
pub(crate) fn witness_of(it: &Activity) -> i64 {
    witness(&it.witness)
}

/// Ids of what rows name, one after the other: most name what the one before them does.
#[derive(Default)]
pub(crate) struct Ids {
    whereabouts: Option<(Whereabouts, i64)>,
    service: Option<(Service, i64)>,
    witness: Option<(Arc<Witness>, i64)>,
}

impl Ids {
    pub(crate) fn whereabouts(&mut self, it: &Whereabouts) -> i64 {
        known(&mut self.whereabouts, it, whereabouts)
    }

    pub(crate) fn service(&mut self, it: &Service) -> i64 {
        known(&mut self.service, it, service)
    }

    pub(crate) fn witness(&mut self, it: &Arc<Witness>) -> i64 {
        known(&mut self.witness, it, |it| witness(it))
    }
}

fn known<T: Clone + PartialEq>(last: &mut Option<(T, i64)>, it: &T, id: impl Fn(&T) -> i64) -> i64 {
    match last {
        Some((last, id)) if last == it => *id,
        _ => last.insert((it.clone(), id(it))).1,
    }
}

/// Parts, each told apart from the next.
#[derive(Default)]
struct Parts(Sha256);

impl Parts {
    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.0.update([0]),
            Some(text) => {
                self.0.update([1]);
                self.0.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
                self.0.update(text.as_bytes());
            }
        }
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn id(self) -> i64 {
        let digest = self.0.finalize();
        let mut first = [0; 8];
        first.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        i64::from_be_bytes(first)
    }
}

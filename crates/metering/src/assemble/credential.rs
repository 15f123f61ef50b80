//! Whose call it is where credentials of several people report it, and who is believed
//! about it then.

use domain::{Developer, Lineage, Observed, SourceKind};

/// How far a credential is believed; the least is believed most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Standing<'a> {
    /// The gateway saw the request itself, and let it through with this credential.
    no_gateway: bool,
    /// Kinds of source that report it with this credential, as a number that falls.
    kinds_missing: usize,
    /// Its best record: with a session, not in a copy of it, of the best kind.
    record: (bool, bool, SourceKind, Lineage),
    /// Nobody chooses their name: what is left is decided the same everywhere, and not by
    /// anything that a record says.
    developer: &'a Developer,
}

impl<'a> Standing<'a> {
    fn of(developer: &'a Developer, said: &[&'a Observed]) -> Option<Self> {
        let own = || said.iter().filter(|it| it.witness.developer.as_ref() == Some(developer));
        let has = |kind| own().any(|it| it.witness.source == kind);
        let record = |it: &&&Observed| {
            let owner = &it.call.owner;
            let elsewhere = matches!(owner.lineage, Lineage::Copied | Lineage::Quoted);
            (owner.place.session.as_str().is_empty(), elsewhere, it.witness.source, owner.lineage)
        };
        Some(Self {
            no_gateway: !has(SourceKind::Gateway),
            kinds_missing: SourceKind::ALL.into_iter().filter(|kind| !has(*kind)).count(),
            record: own().map(|it| record(&it)).min()?,
            developer,
        })
    }
}

/// The people whose credentials report a call, who is believed first; mostly one or none.
pub(super) fn rivals<'a>(said: &[&'a Observed]) -> Vec<&'a Developer> {
    let mut rivals: Vec<&Developer> = said.iter().filter_map(|it| it.witness.developer.as_ref()).collect();
    rivals.sort_unstable();
    rivals.dedup();
    if rivals.len() > 1 {
        rivals.sort_by_cached_key(|it| Standing::of(it, said));
    }
    rivals
}

/// What is said with the credential of the first of them, and with those of nobody.
pub(super) fn believed<'a>(said: &[&'a Observed], rivals: &[&Developer]) -> Vec<&'a Observed> {
    let is_of_the_first = |it: &&Observed| match (&it.witness.developer, rivals.first()) {
        (Some(developer), Some(first)) => developer == *first,
        _ => true,
    };
    said.iter().copied().filter(is_of_the_first).collect()
}

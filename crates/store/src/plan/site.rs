//! Sites: what is left of whereabouts in the sums by day.

use std::sync::Arc;

use domain::{Place, SessionId, Whereabouts};

/// What is said of a session, and may decide whom its calls belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// A person tagged it.
    pub(crate) tag: bool,
    /// It opened or named a pull request.
    pub(crate) pull_request: bool,
}

/// The site of whereabouts: without thread, branch, command and skill, and without the
/// session unless something is said of it: then attribution may go by the session.
pub(crate) fn site(it: &Whereabouts, said: Said) -> Whereabouts {
    let place = &it.place;
    let apart = said.tag || said.pull_request;
    let session = if apart { place.session.clone() } else { SessionId::new("") };
    let place = Place {
        folder: place.folder.clone(),
        remote: place.remote.clone(),
        ..Place::of(place.tool, session)
    };
    Whereabouts { place: Arc::new(place), developer: it.developer.clone(), claimed: it.claimed.clone() }
}

//! The names by which observations of one call find each other.

use domain::{Naming, Observed, SourceKind};

/// A name that makes those who share it one call. The order decides which is the
/// smallest: what the provider says comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Strong<'a> {
    /// The provider's id of the message.
    Message(&'a str),
    /// The provider's id of the request.
    Request(&'a str),
    /// An id that this kind of source made up.
    Derived(SourceKind, &'a str),
}

impl Strong<'_> {
    pub(super) fn text(self) -> String {
        match self {
            Self::Message(key) => format!("m:{key}"),
            Self::Request(request) => format!("r:{request}"),
            Self::Derived(kind, key) => format!("d:{}:{key}", kind.name()),
        }
    }
}

/// All strong names of an observation.
pub(super) fn strong(observed: &Observed) -> impl Iterator<Item = Strong<'_>> {
    [Some(key(observed)), request(observed)].into_iter().flatten()
}

fn key(observed: &Observed) -> Strong<'_> {
    let key = observed.key().as_str();
    match observed.naming {
        Naming::Provider => Strong::Message(key),
        Naming::Derived => Strong::Derived(observed.witness.source, key),
    }
}

fn request(observed: &Observed) -> Option<Strong<'_>> {
    observed.request.as_ref().map(|it| Strong::Request(it.as_str()))
}

/// The counts by which a source that lacks an id is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Weak<'a> {
    session: &'a str,
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write: u64,
}

/// The counts of an observation; none where it names no session, or where nothing was
/// counted. One that has both ids of the provider may be matched as well: with a source
/// that has neither.
pub(super) fn weak(observed: &Observed) -> Option<Weak<'_>> {
    let usage = &observed.call.figures.usage;
    let weak = Weak {
        session: observed.call.owner.place.session.as_str(),
        input: usage.input.count(),
        output: usage.output.count(),
        cache_read: usage.cache_read.count(),
        cache_write: usage.cache_write_5m.count().saturating_add(usage.cache_write_1h.count()),
    };
    let counted = [weak.input, weak.output, weak.cache_read, weak.cache_write];
    (!weak.session.is_empty() && counted.iter().any(|count| *count > 0)).then_some(weak)
}

/// Hashes of the names of an observation, for an index of a database: who shares a name
/// shares its hash. Who shares a hash need not share the name; [`super::assemble`] looks
/// at the names themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Names {
    /// Of its key.
    pub key: u64,
    /// Of its request id.
    pub request: Option<u64>,
    /// Of its counts. What it may match has the same, another kind of source, and a moment at most
    /// [`super::TOLERANCE_MILLIS`] away.
    pub tokens: Option<u64>,
}

/// The hashes of an observation's names.
#[must_use]
pub fn names(observed: &Observed) -> Names {
    let hash_of = |name: Strong<'_>| match name {
        Strong::Message(key) => Hash::of(b"m", key.as_bytes()).0,
        Strong::Request(request) => Hash::of(b"r", request.as_bytes()).0,
        Strong::Derived(kind, key) => Hash::of(kind.name().as_bytes(), key.as_bytes()).0,
    };
    Names {
        key: hash_of(key(observed)),
        request: request(observed).map(hash_of),
        tokens: weak(observed).map(|weak| {
            let counts = [weak.input, weak.output, weak.cache_read, weak.cache_write];
            counts
                .iter()
                .fold(Hash::of(b"t", weak.session.as_bytes()), |hash, count| hash.and(&count.to_be_bytes()))
                .0
        }),
    }
}

/// The hashes under which a text may stand as a key or as a request id.
#[must_use]
pub fn hashes_of_text(text: &str) -> (Vec<u64>, u64) {
    let text = text.as_bytes();
    let made_up = SourceKind::ALL.iter().map(|kind| Hash::of(kind.name().as_bytes(), text).0);
    (std::iter::once(Hash::of(b"m", text).0).chain(made_up).collect(), Hash::of(b"r", text).0)
}

/// FNV-1a in 64 bits, the parts kept apart. Kept in databases: never changed.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn of(kind: &[u8], text: &[u8]) -> Self {
        Self(0xCBF2_9CE4_8422_2325).and(kind).and(text)
    }

    fn and(self, bytes: &[u8]) -> Self {
        let end = [0xFF_u8];
        let mixed = bytes
            .iter()
            .chain(&end)
            .fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3));
        Self(mixed)
    }
}

//! Which observations are one call.

use std::collections::HashMap;

use domain::{Naming, Observed, Seen, Timestamp};

use super::name::{self, Strong, Weak};
use super::{Matching, TOLERANCE_MILLIS};

/// The observations of one call.
pub(super) struct Cluster<'a> {
    pub(super) members: Vec<usize>,
    pub(super) smallest: Strong<'a>,
    pub(super) matching: Matching,
}

pub(super) fn clusters<'a>(observed: &[&'a Observed]) -> Vec<Cluster<'a>> {
    let (groups, group_of) = strong_groups(observed);
    let mut matched = Sets::new(groups.len());
    let mut traits: Vec<Traits> = groups.iter().map(|it| it.traits).collect();
    for edge in edges(observed, &groups, &group_of) {
        matched.join_if(edge.one, edge.other, &mut traits);
    }
    let mut clusters: HashMap<usize, Cluster<'a>> = HashMap::with_capacity(groups.len());
    for (number, group) in groups.into_iter().enumerate() {
        match clusters.entry(matched.root(number)) {
            std::collections::hash_map::Entry::Vacant(place) => {
                let Group { members, smallest, .. } = group;
                place.insert(Cluster { members, smallest, matching: Matching::ById });
            }
            std::collections::hash_map::Entry::Occupied(mut place) => {
                let cluster = place.get_mut();
                cluster.members.extend(group.members);
                cluster.smallest = cluster.smallest.min(group.smallest);
                cluster.matching = Matching::ByTokens;
            }
        }
    }
    let mut clusters: Vec<_> = clusters.into_values().collect();
    clusters.iter_mut().for_each(|it| it.members.sort_unstable());
    clusters
}

/// Observations that names connect.
struct Group<'a> {
    members: Vec<usize>,
    smallest: Strong<'a>,
    traits: Traits,
}

/// What keeps groups from being matched.
#[derive(Clone, Copy, Default)]
struct Traits {
    seen: Seen,
    message: bool,
    request: bool,
}

impl Traits {
    fn of(observed: &Observed) -> Self {
        Self {
            seen: Seen::by(observed.witness.source),
            message: observed.naming == Naming::Provider,
            request: observed.request.is_some(),
        }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            seen: self.seen.and(other.seen),
            message: self.message || other.message,
            request: self.request || other.request,
        }
    }

    /// Names of the same kind would have connected them if they were one.
    const fn exclude(self, other: Self) -> bool {
        self.seen.shares(other.seen) || (self.message && other.message) || (self.request && other.request)
    }
}

/// The groups, and the number of each observation's.
fn strong_groups<'a>(observed: &[&'a Observed]) -> (Vec<Group<'a>>, Vec<usize>) {
    let mut sets = Sets::new(observed.len());
    let mut first: HashMap<Strong<'a>, usize> = HashMap::with_capacity(observed.len());
    for (index, one) in observed.iter().enumerate() {
        for name in name::strong(one) {
            sets.join(*first.entry(name).or_insert(index), index);
        }
    }
    let mut groups: Vec<Group<'a>> = Vec::with_capacity(observed.len());
    let mut number_of: HashMap<usize, usize> = HashMap::with_capacity(observed.len());
    let mut group_of = Vec::with_capacity(observed.len());
    for (index, one) in observed.iter().enumerate() {
        let Some(smallest) = name::strong(one).min() else { continue };
        let number = *number_of.entry(sets.root(index)).or_insert(groups.len());
        group_of.push(number);
        match groups.get_mut(number) {
            Some(group) => {
                group.members.push(index);
                group.smallest = group.smallest.min(smallest);
                group.traits = group.traits.and(Traits::of(one));
            }
            None => groups.push(Group { members: vec![index], smallest, traits: Traits::of(one) }),
        }
    }
    (groups, group_of)
}

/// Two groups that counts would match, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge<'a> {
    distance: i64,
    names: (Strong<'a>, Strong<'a>),
    one: usize,
    other: usize,
}

fn edges<'a>(observed: &[&'a Observed], groups: &[Group<'a>], group_of: &[usize]) -> Vec<Edge<'a>> {
    let mut alike: HashMap<Weak<'a>, Vec<(Timestamp, usize)>> = HashMap::new();
    for (one, group) in observed.iter().zip(group_of) {
        if let Some(weak) = name::weak(one) {
            alike.entry(weak).or_default().push((one.call.at, *group));
        }
    }
    let mut edges = Vec::new();
    for mut moments in alike.into_values().filter(|it| it.len() > 1) {
        moments.sort_unstable();
        moments.dedup();
        for (index, (at, one)) in moments.iter().enumerate() {
            for (later, other) in moments.iter().skip(index.saturating_add(1)) {
                let distance = later.millis_since(*at);
                if distance > TOLERANCE_MILLIS {
                    break;
                }
                edges.extend(edge(groups, distance, *one, *other));
            }
        }
    }
    edges.sort_unstable();
    edges
}

fn edge<'a>(groups: &[Group<'a>], distance: i64, one: usize, other: usize) -> Option<Edge<'a>> {
    let (a, b) = (groups.get(one)?, groups.get(other)?);
    if one == other || a.traits.exclude(b.traits) {
        return None;
    }
    let names = (a.smallest.min(b.smallest), a.smallest.max(b.smallest));
    Some(Edge { distance, names, one, other })
}

/// Disjoint sets of numbers.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut number: usize) -> usize {
        while let Some(parent) = self.0.get(number).copied()
            && parent != number
        {
            let grandparent = self.0.get(parent).copied().unwrap_or(parent);
            if let Some(place) = self.0.get_mut(number) {
                *place = grandparent;
            }
            number = grandparent;
        }
        number
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(place) = self.0.get_mut(one.max(other)) {
            *place = one.min(other);
        }
    }

    /// Joins two sets unless their traits exclude each other.
    fn join_if(&mut self, one: usize, other: usize, traits: &mut [Traits]) {
        let (one, other) = (self.root(one), self.root(other));
        let (Some(a), Some(b)) = (traits.get(one).copied(), traits.get(other).copied()) else { return };
        if one == other || a.exclude(b) {
            return;
        }
        self.join(one, other);
        if let Some(place) = traits.get_mut(one.min(other)) {
            *place = a.and(b);
        }
    }
}

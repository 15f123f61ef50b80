//! The same rules, written the slow way.

use std::collections::BTreeSet;

use domain::{InferenceGeo, Seen, Speed, Whereabouts};

use super::*;
use crate::assemble::{Assembled, CallId, TOLERANCE_MILLIS};
use crate::merge;

type Group = Vec<Observed>;

pub(super) fn calls(observed: &[Observed]) -> Vec<Assembled> {
    let mut groups: Vec<(Group, usize)> = closed(observed).into_iter().map(|it| (it, 1)).collect();
    // The nearest two that may go together are put together, until there are none.
    let origin: Vec<Group> = groups.iter().map(|(it, _)| it.clone()).collect();
    let mut pairs: Vec<(i64, [String; 2])> = Vec::new();
    for (index, one) in origin.iter().enumerate() {
        for other in &origin[..index] {
            if let Some(distance) = distance(one, other) {
                let mut names = [smallest(one), smallest(other)];
                names.sort_by_key(|it| rank(it));
                pairs.push((distance, names));
            }
        }
    }
    pairs.sort_by_key(|(distance, [one, other])| (*distance, rank(one), rank(other)));
    for (_, [one, other]) in pairs {
        let place = |groups: &[(Group, usize)], name: &str| {
            groups.iter().position(|(it, _)| all_names(it).contains(name)).unwrap()
        };
        let (one, other) = (place(&groups, &one), place(&groups, &other));
        if one != other && may_be_one(&groups[one].0, &groups[other].0) {
            let (taken, parts) = groups.remove(one.max(other));
            let kept = &mut groups[one.min(other)];
            kept.0.extend(taken);
            kept.1 = kept.1.checked_add(parts).unwrap();
        }
    }
    let mut calls: Vec<Assembled> = groups.iter().map(|(group, parts)| believed(group, *parts)).collect();
    calls.sort_by_key(|it| it.id);
    calls
}

/// Groups that grow until no name leads out of them.
fn closed(observed: &[Observed]) -> Vec<Group> {
    let mut left: Vec<Observed> = observed.to_vec();
    let mut groups = Vec::new();
    while let Some(first) = left.pop() {
        let mut group = vec![first];
        loop {
            let names = all_names(&group);
            let (more, rest): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|it| own_names(it).iter().any(|name| names.contains(name)));
            left = rest;
            if more.is_empty() {
                break;
            }
            group.extend(more);
        }
        groups.push(group);
    }
    groups
}

fn own_names(it: &Observed) -> Vec<String> {
    let key = match it.naming {
        Naming::Provider => format!("m:{}", it.call.key),
        Naming::Derived => format!("d:{}:{}", it.witness.source.name(), it.call.key),
    };
    std::iter::once(key).chain(it.request.as_ref().map(|it| format!("r:{it}"))).collect()
}

fn all_names(group: &Group) -> BTreeSet<String> {
    group.iter().flat_map(own_names).collect()
}

/// The provider's names come first, then requests, then kinds by authority.
fn rank(name: &str) -> (usize, usize, String) {
    let kind = SourceKind::ALL.iter().position(|kind| name.starts_with(&format!("d:{}:", kind.name())));
    let class = ["m:", "r:", "d:"].iter().position(|it| name.starts_with(it)).unwrap();
    (class, kind.unwrap_or(0), name.to_owned())
}

fn smallest(group: &Group) -> String {
    all_names(group).into_iter().min_by_key(|it| rank(it)).unwrap()
}

fn may_be_one(one: &Group, other: &Group) -> bool {
    let kinds = |group: &Group| group.iter().map(|it| it.witness.source).collect::<BTreeSet<_>>();
    let both = |has: fn(&Observed) -> bool| one.iter().any(has) && other.iter().any(has);
    kinds(one).is_disjoint(&kinds(other))
        && !both(|it| it.naming == Naming::Provider)
        && !both(|it| it.request.is_some())
}

fn distance(one: &Group, other: &Group) -> Option<i64> {
    let mut nearest = None;
    for a in one {
        for b in other {
            let (x, y) = (&a.call.figures.usage, &b.call.figures.usage);
            let writes = |it: &Usage| it.cache_write_5m.plus(it.cache_write_1h).unwrap();
            let alike =
                (x.input, x.output, x.cache_read, writes(x)) == (y.input, y.output, y.cache_read, writes(y));
            let session = |it: &Observed| it.call.owner.place.session.clone();
            let apart = a.call.at.millis_since(b.call.at).abs();
            if alike
                && session(a) == session(b)
                && !session(a).as_str().is_empty()
                && apart <= TOLERANCE_MILLIS
                && nearest.is_none_or(|it| apart < it)
            {
                nearest = Some(apart);
            }
        }
    }
    nearest.filter(|_| may_be_one(one, other))
}

/// The figures of the best kind, and what it leaves out.
fn figures_of(mut by_figures: Vec<(SourceKind, Call, Vec<Observed>)>) -> Figures {
    by_figures.sort_by_key(|(kind, call, _)| {
        (merge::replayed(call.figures.lineage), call.figures.output.may_be_low(), *kind)
    });
    let mut figures = by_figures[0].1.figures.clone();
    for (_, call, _) in &by_figures[1..] {
        let other = &call.figures;
        let usage = &mut figures.usage;
        let writes = |it: &Usage| it.cache_write_5m.plus(it.cache_write_1h).unwrap();
        if usage.cache_write_1h == Tokens::ZERO && writes(usage) == writes(&other.usage) {
            (usage.cache_write_5m, usage.cache_write_1h) =
                (other.usage.cache_write_5m, other.usage.cache_write_1h);
        }
        if usage.web_searches == 0 {
            usage.web_searches = other.usage.web_searches;
        }
        if usage.reasoning == Tokens::ZERO && other.usage.reasoning <= usage.output {
            usage.reasoning = other.usage.reasoning;
        }
        figures.provider = figures.provider.or_else(|| other.provider.clone());
        figures.reported_cost = figures.reported_cost.or(other.reported_cost);
        if figures.terms.tier == ServiceTier::Standard {
            figures.terms.tier = other.terms.tier;
        }
        if figures.terms.speed == Speed::Standard {
            figures.terms.speed = other.terms.speed;
        }
        if figures.terms.geo == InferenceGeo::Global {
            figures.terms.geo = other.terms.geo;
        }
    }
    figures
}

/// Whose call it is: the first by the rules, compared one by one.
fn whose(group: &Group) -> Option<Developer> {
    let mut all: Vec<Developer> = group.iter().filter_map(|it| it.witness.developer.clone()).collect();
    all.sort();
    let of = |who: &Developer| -> Vec<Observed> {
        group.iter().filter(|it| it.witness.developer.as_ref() == Some(who)).cloned().collect()
    };
    let kinds = |who: &Developer| -> BTreeSet<SourceKind> {
        of(who).into_iter().map(|it| it.witness.source).collect()
    };
    if all.iter().any(|it| kinds(it).contains(&SourceKind::Gateway)) {
        all.retain(|it| kinds(it).contains(&SourceKind::Gateway));
    }
    let most = all.iter().map(|it| kinds(it).len()).max()?;
    all.retain(|it| kinds(it).len() == most);
    let record = |who: &Developer| {
        let ranks = of(who).into_iter().map(|it| {
            let owner = it.call.owner;
            let copied = matches!(owner.lineage, Lineage::Copied | Lineage::Quoted);
            (owner.place.session.as_str().is_empty(), copied, it.witness.source, owner.lineage)
        });
        ranks.min().unwrap()
    };
    let best = all.iter().map(&record).min()?;
    all.into_iter().find(|it| record(it) == best)
}

fn believed(all: &Group, parts: usize) -> Assembled {
    let developer = whose(all);
    let group: &Group = &all
        .iter()
        .filter(|it| it.witness.developer.is_none() || it.witness.developer == developer)
        .cloned()
        .collect();
    // Each kind of source by itself, as one machine joins its logs.
    let mut kinds: Vec<(SourceKind, Call, Vec<Observed>)> = Vec::new();
    for kind in SourceKind::ALL {
        let of_kind: Vec<Observed> = group.iter().filter(|it| it.witness.source == kind).cloned().collect();
        if let Some(call) = of_kind.iter().map(|it| it.call.clone()).reduce(join) {
            kinds.push((kind, call, of_kind));
        }
    }
    let figures = figures_of(kinds.clone());
    let mut by_owner = kinds;
    by_owner.sort_by_key(|(kind, call, _)| {
        let copied = matches!(call.owner.lineage, Lineage::Copied | Lineage::Quoted);
        (call.owner.place.session.as_str().is_empty(), copied, *kind)
    });
    let mut place = Place::clone(&by_owner[0].1.owner.place);
    for (_, call, _) in &by_owner[1..] {
        place.branch = place.branch.or_else(|| call.owner.place.branch.clone());
    }
    let person = |named: fn(&Witness) -> Option<Developer>| {
        by_owner.iter().find_map(|(_, _, said)| {
            let mut said = said.clone();
            said.sort_by_key(|it| {
                (it.call.owner.lineage, it.call.owner.at, it.call.owner.place.clone(), it.witness.clone())
            });
            said.iter().find_map(|it| named(&it.witness))
        })
    };
    let own: Vec<Timestamp> =
        group.iter().filter(|it| it.witness.source != SourceKind::Vendor).map(|it| it.call.at).collect();
    let at = own.into_iter().min().unwrap_or_else(|| group.iter().map(|it| it.call.at).min().unwrap());
    let place = Arc::new(place);
    let turn = by_owner.iter().find_map(|(_, call, _)| call.owner.turn);
    let owner = Owner { place: place.clone(), turn, ..by_owner[0].1.owner.clone() };
    let tools = ToolUses::of(group.iter().flat_map(|it| &it.call.tools).cloned());
    let named = group.iter().min_by_key(|it| (it.naming, it.witness.source, it.call.key.clone())).unwrap();
    Assembled {
        id: CallId::of(at, &smallest(all)),
        call: Call { key: named.call.key.clone(), request: None, at, figures, owner, tools },
        whereabouts: Whereabouts { place, developer, claimed: person(|it| it.claimed.clone()) },
        seen: all.iter().fold(Seen::NONE, |seen, it| seen.and(Seen::by(it.witness.source))),
        matching: if parts > 1 { Matching::ByTokens } else { Matching::ById },
        members: Vec::new(),
    }
}

//! What is believed of a call, out of all that was said of it.

use std::cmp::Ordering;
use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Call, Developer, InferenceGeo, Lineage, Observed, Place, Seen, ServiceTier, SourceKind, Speed, Terms,
    Timestamp, ToolUses, TurnId, Usage, Whereabouts,
};

use super::grouping::Cluster;
use super::{Assembled, CallId, credential};
use crate::merge;

/// The call of one cluster; `None` only for a cluster without members.
pub(super) fn call(observed: &[&Observed], cluster: Cluster<'_>) -> Option<Assembled> {
    let Cluster { members, smallest, matching } = cluster;
    let all: Vec<&Observed> = members.iter().filter_map(|member| observed.get(*member).copied()).collect();
    let rivals = credential::rivals(&all);
    let said = credential::believed(&all, &rivals);
    let by_figures = by_kind(&said, figures_of_kind, figures_order);
    let by_owner = by_kind(&said, owner_of_kind, owner_order);
    let (best, owner) = (by_figures.first()?.1, by_owner.first()?.1);
    let named = said.iter().min_by_key(|it| (it.naming, it.witness.source, it.key()))?;
    let at = moment(&said)?;
    let place = place(&by_owner, owner);
    let kinds: Vec<SourceKind> = by_owner.iter().map(|(kind, _)| *kind).collect();
    let whereabouts = Whereabouts {
        place: Arc::clone(&place),
        developer: rivals.first().map(|it| Developer::clone(it)),
        claimed: claimed(&said, &kinds),
    };
    let call = Call {
        key: named.key().clone(),
        request: None,
        at,
        figures: figures(best, &by_figures),
        owner: Owner { place, turn: turn(&by_owner), lineage: owner.lineage, at: owner.at },
        tools: said.iter().fold(ToolUses::NONE, |tools, it| tools.join(it.call.tools.clone())),
    };
    let seen = all.iter().fold(Seen::NONE, |seen, it| seen.and(Seen::by(it.witness.source)));
    Some(Assembled { id: CallId::of(at, &smallest.text()), call, whereabouts, seen, matching, members })
}

/// The best of each kind of source, the best kind first.
pub(super) fn by_kind<'a, T>(
    said: &[&'a Observed],
    best: fn(&[&'a Observed], SourceKind) -> Option<&'a T>,
    order: fn(&(SourceKind, &'a T), &(SourceKind, &'a T)) -> Ordering,
) -> Vec<(SourceKind, &'a T)> {
    let mut kinds: Vec<(SourceKind, &'a T)> =
        SourceKind::ALL.into_iter().filter_map(|kind| best(said, kind).map(|it| (kind, it))).collect();
    kinds.sort_by(order);
    kinds
}

fn of_kind<'a>(said: &[&'a Observed], kind: SourceKind) -> impl Iterator<Item = &'a Observed> {
    said.iter().copied().filter(move |it| it.witness.source == kind)
}

pub(super) fn figures_of_kind<'a>(said: &[&'a Observed], kind: SourceKind) -> Option<&'a Figures> {
    of_kind(said, kind)
        .map(|it| &it.call.figures)
        .reduce(|known, new| if merge::better_figures(new, known) { new } else { known })
}

fn owner_of_kind<'a>(said: &[&'a Observed], kind: SourceKind) -> Option<&'a Owner> {
    of_kind(said, kind)
        .map(|it| &it.call.owner)
        .reduce(|known, new| if merge::better_owner(new, known) { new } else { known })
}

pub(super) fn figures_order(a: &(SourceKind, &Figures), b: &(SourceKind, &Figures)) -> Ordering {
    let rank =
        |(kind, it): &(SourceKind, &Figures)| (merge::replayed(it.lineage), it.output.may_be_low(), *kind);
    rank(a).cmp(&rank(b))
}

fn owner_order(a: &(SourceKind, &Owner), b: &(SourceKind, &Owner)) -> Ordering {
    let rank = |(kind, it): &(SourceKind, &Owner)| {
        let elsewhere = matches!(it.lineage, Lineage::Copied | Lineage::Quoted);
        (it.place.session.as_str().is_empty(), elsewhere, *kind)
    };
    rank(a).cmp(&rank(b))
}

/// The figures of the best kind, with what only others state.
fn figures(best: &Figures, all: &[(SourceKind, &Figures)]) -> Figures {
    let others = || all.iter().skip(1).map(|(_, it)| *it);
    let terms = |pick: fn(&Terms) -> bool| all.iter().map(|(_, it)| it.terms).find(pick);
    Figures {
        provider: all.iter().find_map(|(_, it)| it.provider.clone()),
        usage: others().fold(best.usage, usage_with),
        terms: Terms {
            tier: terms(|it| it.tier != ServiceTier::Standard).map(|it| it.tier).unwrap_or_default(),
            speed: terms(|it| it.speed != Speed::Standard).map(|it| it.speed).unwrap_or_default(),
            geo: terms(|it| it.geo != InferenceGeo::Global).map(|it| it.geo).unwrap_or_default(),
        },
        reported_cost: all.iter().find_map(|(_, it)| it.reported_cost),
        ..best.clone()
    }
}

/// Details that the best may not know of, where they are at one with its counts.
fn usage_with(mut usage: Usage, other: &Figures) -> Usage {
    let other = &other.usage;
    let writes = |it: &Usage| it.cache_write_5m.count().checked_add(it.cache_write_1h.count());
    if usage.cache_write_1h.count() == 0 && writes(&usage) == writes(other) {
        usage.cache_write_5m = other.cache_write_5m;
        usage.cache_write_1h = other.cache_write_1h;
    }
    if usage.web_searches == 0 {
        usage.web_searches = other.web_searches;
    }
    if usage.reasoning.count() == 0 && other.reasoning <= usage.output {
        usage.reasoning = other.reasoning;
    }
    usage
}

/// The place of the best owner, with what only others know of it.
fn place(all: &[(SourceKind, &Owner)], best: &Owner) -> Arc<Place> {
    if all.len() == 1 {
        return Arc::clone(&best.place);
    }
    let places = || all.iter().map(|(_, it)| &it.place);
    let merged = Place {
        tool: best.place.tool,
        session: best.place.session.clone(),
        thread: best.place.thread,
        folder: places().find_map(|it| it.folder.clone()),
        branch: places().find_map(|it| it.branch.clone()),
        remote: places().find_map(|it| it.remote.clone()),
        command: places().find_map(|it| it.command.clone()),
        skill: places().find_map(|it| it.skill.clone()),
    };
    if merged == *best.place { Arc::clone(&best.place) } else { Arc::new(merged) }
}

/// The turn that the best owner names who names one.
fn turn(all: &[(SourceKind, &Owner)]) -> Option<TurnId> {
    all.iter().find_map(|(_, it)| it.turn)
}

/// The person that the best witness claims who claims one.
fn claimed(said: &[&Observed], kinds: &[SourceKind]) -> Option<Developer> {
    let rank = |it: &&Observed| {
        let kind = kinds.iter().position(|kind| *kind == it.witness.source);
        let owner = &it.call.owner;
        (kind, owner.lineage, owner.at, Arc::clone(&owner.place), Arc::clone(&it.witness))
    };
    let mut claiming = said.iter().copied().filter(|it| it.witness.claimed.is_some());
    let first = claiming.next()?;
    let best = claiming.fold(first, |best, it| if rank(&it) < rank(&best) { it } else { best });
    best.witness.claimed.clone()
}

/// The earliest moment.
fn moment(said: &[&Observed]) -> Option<Timestamp> {
    let first = |keep: fn(SourceKind) -> bool| {
        said.iter().filter(|it| keep(it.witness.source)).map(|it| it.call.at).min()
    };
    first(|kind| kind != SourceKind::Vendor).or_else(|| first(|_| true))
}

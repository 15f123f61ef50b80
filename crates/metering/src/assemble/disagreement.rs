//! Where the sources of a call say different things, for whoever explains it.

use std::borrow::Borrow;
use std::cmp::Ordering;

use domain::call::Figures;
use domain::{Observed, ReporterId, SourceKind};

use super::{belief, credential};
use crate::merge;

/// Something that sources say differently of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// What it is about.
    pub what: &'static str,
    /// What each says, the one that is believed first.
    pub said: Vec<Said>,
}

/// What one source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What kind of source it is.
    pub source: SourceKind,
    /// Which one.
    pub reporter: ReporterId,
    /// What it says.
    pub text: String,
}

/// How a figure is told of.
type Telling = (&'static str, fn(&Figures) -> String);

const TOLD: [Telling; 5] = [
    ("model", |it| it.model.to_string()),
    ("input", |it| it.usage.input.to_string()),
    ("output", |it| it.usage.output.to_string()),
    ("cache_read", |it| it.usage.cache_read.to_string()),
    ("cache_write", |it| {
        let (five, hour) = (it.usage.cache_write_5m.count(), it.usage.cache_write_1h.count());
        five.saturating_add(hour).to_string()
    }),
];

/// Whose call it is and which figures it has, where those that observed it disagree. What
/// one of them said at different moments is no disagreement, since counts grow: its best
/// counts. What a session replays or quotes of another is none either.
#[must_use]
pub fn disagreements<T: Borrow<Observed>>(observed: &[T]) -> Vec<Disagreement> {
    let said: Vec<&Observed> = observed.iter().map(Borrow::borrow).collect();
    let rivals = credential::rivals(&said);
    let believed = credential::believed(&said, &rivals);
    let mut sides = sides(&believed);
    let others: Vec<&Observed> = said.iter().copied().filter(|it| !believed.contains(it)).collect();
    sides.extend(self::sides(&others));
    let told = |(what, tell): Telling| {
        let said = |it: &&Observed| Said {
            source: it.witness.source,
            reporter: it.witness.reporter.clone(),
            text: tell(&it.call.figures),
        };
        differing(what, sides.iter().map(said).collect())
    };
    let whose = rivals.iter().filter_map(|rival| {
        let of_rival = said.iter().filter(|it| it.witness.developer.as_ref() == Some(*rival));
        let best = of_rival.min_by_key(|it| (it.witness.source, &it.witness.reporter))?;
        let (source, reporter) = (best.witness.source, best.witness.reporter.clone());
        Some(Said { source, reporter, text: rival.to_string() })
    });
    let whose = differing("developer", whose.collect());
    whose.into_iter().chain(TOLD.into_iter().filter_map(told)).collect()
}

fn differing(what: &'static str, mut said: Vec<Said>) -> Option<Disagreement> {
    let first = said.first()?.text.clone();
    if said.iter().all(|it| it.text == first) {
        return None;
    }
    // Of several of one kind that say the same, one is enough.
    let mut told = Vec::new();
    said.retain(|it| {
        let is_new = !told.contains(&(it.source, it.text.clone()));
        told.push((it.source, it.text.clone()));
        is_new
    });
    Some(Disagreement { what, said })
}

/// The best of each reporter by each kind, the one that is believed first.
fn sides<'a>(said: &[&'a Observed]) -> Vec<&'a Observed> {
    let figures = |it: &&'a Observed| &it.call.figures;
    let mut best: Vec<&Observed> = Vec::new();
    for it in said {
        let side = |it: &Observed| (it.witness.source, it.witness.reporter.clone());
        match best.iter_mut().find(|known| side(known) == side(it)) {
            Some(known) if merge::better_figures(figures(it), figures(known)) => *known = it,
            Some(_) => {}
            None => best.push(it),
        }
    }
    let within = |a: &Figures, b: &Figures| match (merge::better_figures(a, b), merge::better_figures(b, a)) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Greater,
        _ => Ordering::Equal,
    };
    let kinds = belief::by_kind(said, belief::figures_of_kind, belief::figures_order);
    let mut sides = Vec::new();
    for (kind, believed) in kinds {
        let is_as_original = |it: &&&Observed| {
            it.witness.source == kind
                && merge::replayed(it.call.figures.lineage) == merge::replayed(believed.lineage)
        };
        let mut of_kind: Vec<&Observed> = best.iter().filter(is_as_original).copied().collect();
        of_kind.sort_by(|a, b| within(figures(a), figures(b)).then_with(|| a.witness.cmp(&b.witness)));
        sides.extend(of_kind);
    }
    sides
}

//! Where the sources of a call say different things, for whoever explains it.

use std::borrow::Borrow;

use domain::call::Figures;
use domain::{Observed, SourceKind};

use super::belief;

/// Something that kinds of source say differently of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// What it is about.
    pub what: &'static str,
    /// What each kind says, the one that is believed first.
    pub said: Vec<(SourceKind, String)>,
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

/// Where kinds of source disagree on the figures of the call that these observations
/// make. What one kind said at different moments is no disagreement: its best counts.
#[must_use]
pub fn disagreements<T: Borrow<Observed>>(observed: &[T]) -> Vec<Disagreement> {
    let said: Vec<&Observed> = observed.iter().map(Borrow::borrow).collect();
    let kinds = belief::by_kind(&said, belief::figures_of_kind, belief::figures_order);
    let told = |(what, tell): Telling| {
        let said: Vec<(SourceKind, String)> = kinds.iter().map(|(kind, it)| (*kind, tell(it))).collect();
        let first = said.first().map(|(_, text)| text.clone());
        let differ = said.iter().any(|(_, text)| Some(text) != first.as_ref());
        differ.then_some(Disagreement { what, said })
    };
    TOLD.into_iter().filter_map(told).collect()
}

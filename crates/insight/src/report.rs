//! The report: calls of a period, cut by up to three dimensions and a period.
//!
//! Whatever it is cut by, the rows and the rest add up to the total, and the
//! total is the sum over the cells that the filters keep, to the nano-dollar.

mod period;

pub use period::{Edge, ReportPeriod};

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::{
    Cell, Confidence, Dimension, Measures, NanoUsd, OutputConfidence, Overflow, QuarterHour, Timestamp, Usage,
};

use crate::book::{Book, is_attributed};
use crate::calendar::Shift;
use crate::change::Change;
use crate::codes::CodeMap;
use crate::cut::{Cut, CutError, Side, Sieves, UNKNOWN_CODE};
use crate::query::{Query, QueryError};

/// The most dimensions of a row: those of `--by`, and the period.
const KEY_LEN: usize = crate::query::MAX_DIMENSIONS + 1;

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What the rows are cut by, in the order of their keys.
    pub dimensions: Vec<Dimension>,
    /// Filters as written, by dimension.
    pub filters: Vec<(Dimension, Vec<String>)>,
    /// Patterns of filters that match no value that there is.
    pub idle_patterns: Vec<IdlePattern>,
    /// The period.
    pub period: ReportPeriod,
    /// The period compared with.
    pub compared_with: Option<ReportPeriod>,
    /// The rows: the dearest first, or in order of time where that is the first cut.
    pub rows: Vec<Row>,
    /// What `top` left out.
    pub rest: Option<Rest>,
    /// Everything.
    pub total: Figures,
    /// How far output counts can be trusted, the surest first; what there is none of is left out.
    pub output: Vec<OutputShare>,
    /// How sure the attributions are that the rows are cut by.
    pub attribution: Vec<Coverage>,
    /// Models with calls that have no price, those with the most tokens first.
    pub unpriced: Vec<UnpricedModel>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its values, one for each dimension.
    pub key: Vec<Key>,
    /// Its figures.
    pub figures: Figures,
}

/// A value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The value, or [`crate::UNKNOWN`].
    pub value: Arc<str>,
    /// The least sure of the attributions in it; `None` where that is no question.
    pub confidence: Option<Confidence>,
}

/// What rows, rest and total have alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// The sums.
    pub measures: Measures,
    /// The part of them whose output count may be too low.
    pub may_be_low: Measures,
    /// Against the period before, where that is asked.
    pub change: Option<Change>,
}

/// The rows that `top` left out, as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// How many.
    pub rows: usize,
    /// Their sums.
    pub figures: Figures,
}

/// The calls of one output confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputShare {
    /// How far their output counts can be trusted.
    pub confidence: OutputConfidence,
    /// Their sums.
    pub measures: Measures,
}

/// How much of a report rests on how sure an attribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// The dimension.
    pub dimension: Dimension,
    /// By [`Confidence`], the surest first.
    pub known: [Measures; 4],
    /// What nobody knows.
    pub unknown: Measures,
}

/// A model that has calls without a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpricedModel {
    /// The model, as the price book calls it or as it occurred.
    pub model: Arc<str>,
    /// Who serves it.
    pub provider: Arc<str>,
    /// Whether the price book knows it at all.
    pub known: bool,
    /// Calls without a price.
    pub calls: u64,
    /// What was used in the quarter hours that hold them.
    pub usage: Usage,
}

/// A pattern that matches no value that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdlePattern {
    /// The dimension.
    pub dimension: Dimension,
    /// As written.
    pub pattern: String,
    /// Some values that there are.
    pub there_are: Vec<Arc<str>>,
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The question makes no sense.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A sum does not fit.
    #[error("a sum is out of range: one record claims an absurd count; `bursar doctor` names the file")]
    Overflow(#[from] Overflow),
    /// The period cannot be laid on the calendar.
    #[error("the period before lies outside of the calendar; choose a later --since")]
    OutsideCalendar,
    /// The book cannot be cut.
    #[error(transparent)]
    Cut(#[from] CutError),
}

/// Answers the question from the book.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn report(query: &Query, book: &Book<'_>, now: Timestamp) -> Result<Report, ReportError> {
    let dimensions = query.dimensions()?;
    query.check_filters()?;
    let zone = &query.timezone;
    let before = if query.compare {
        query.span.since.ok_or(QueryError::NothingToCompare)?;
        Some(query.span.before(zone, now).ok_or(ReportError::OutsideCalendar)?)
    } else {
        None
    };
    let mut sieves = Sieves::new(query, book)?;
    let mut tally = Tally::new(&dimensions, book, query)?;
    for cell in book.cells {
        let side = match &before {
            _ if query.span.holds(cell.quarter) => Side::Now,
            Some((earlier, _)) if earlier.holds(cell.quarter) => Side::Before,
            _ => continue,
        };
        if sieves.keep(cell)? {
            tally.add(cell, side, before.map_or(Shift::Millis(0), |it| it.1))?;
        }
    }
    let idle = sieves.idle_patterns()?.into_iter();
    let idle = idle.map(|(dimension, (pattern, there_are))| IdlePattern { dimension, pattern, there_are });
    let written = |it: &crate::query::Filter| {
        (it.dimension, it.patterns.iter().map(crate::query::Pattern::to_text).collect())
    };
    let (rows, rest) = tally.rows(query)?;
    Ok(Report {
        filters: query.filters.iter().map(written).collect(),
        idle_patterns: idle.collect(),
        period: ReportPeriod::of(query.span, zone, tally.quarters, now),
        compared_with: before.map(|it| ReportPeriod::of(it.0, zone, None, now)),
        rows,
        rest,
        total: tally.total.figures(query.compare)?,
        output: tally.output(),
        attribution: tally.coverage,
        unpriced: tally.unpriced,
        dimensions,
    }
    .sorted())
}

impl Report {
    fn sorted(mut self) -> Self {
        let tokens = |it: &UnpricedModel| it.usage.prompt().map_or(u64::MAX, domain::Tokens::count);
        self.unpriced.sort_by_key(|it| (Reverse(tokens(it)), Arc::clone(&it.model)));
        self
    }
}

/// What one group has come to so far.
#[derive(Clone, Copy, Default)]
struct Sums {
    now: Measures,
    may_be_low: Measures,
    before: Measures,
}

impl Sums {
    fn add(&mut self, cell: &Cell, side: Side) -> Result<(), Overflow> {
        match side {
            Side::Before => self.before = self.before.plus(&cell.measures)?,
            Side::Now => {
                self.now = self.now.plus(&cell.measures)?;
                if cell.output.may_be_low() {
                    self.may_be_low = self.may_be_low.plus(&cell.measures)?;
                }
            }
        }
        Ok(())
    }

    fn plus(&self, other: &Self) -> Result<Self, Overflow> {
        Ok(Self {
            now: self.now.plus(&other.now)?,
            may_be_low: self.may_be_low.plus(&other.may_be_low)?,
            before: self.before.plus(&other.before)?,
        })
    }

    fn figures(&self, compare: bool) -> Result<Figures, Overflow> {
        let change = if compare { Some(Change::between(&self.before, &self.now)?) } else { None };
        Ok(Figures { measures: self.now, may_be_low: self.may_be_low, change })
    }
}

struct Group {
    codes: [u32; KEY_LEN],
    weakest: [Option<Confidence>; KEY_LEN],
    sums: Sums,
}

/// Everything that one walk over the cells collects.
struct Tally<'a> {
    book: &'a Book<'a>,
    cuts: Vec<Cut<'a>>,
    index: CodeMap<[u32; KEY_LEN], usize>,
    groups: Vec<Group>,
    total: Sums,
    outputs: [Measures; 4],
    coverage: Vec<Coverage>,
    unpriced: Vec<UnpricedModel>,
    unpriced_index: HashMap<u32, usize>,
    quarters: Option<(QuarterHour, QuarterHour)>,
}

impl<'a> Tally<'a> {
    fn new(dimensions: &[Dimension], book: &'a Book<'a>, query: &Query) -> Result<Self, ReportError> {
        let cuts = dimensions.iter().map(|&it| Cut::new(it, book, &query.timezone));
        let covered = dimensions.iter().copied().filter(|&it| is_attributed(it));
        Ok(Self {
            book,
            cuts: cuts.collect::<Result<_, _>>()?,
            index: CodeMap::default(),
            groups: Vec::new(),
            total: Sums::default(),
            outputs: [Measures::ZERO; 4],
            coverage: covered
                .map(|dimension| Coverage { dimension, known: [Measures::ZERO; 4], unknown: Measures::ZERO })
                .collect(),
            unpriced: Vec::new(),
            unpriced_index: HashMap::new(),
            quarters: None,
        })
    }

    fn add(&mut self, cell: &Cell, side: Side, shift: Shift) -> Result<(), ReportError> {
        let mut codes = [UNKNOWN_CODE; KEY_LEN];
        let mut sureness = [None; KEY_LEN];
        for ((cut, code), sure) in self.cuts.iter_mut().zip(&mut codes).zip(&mut sureness) {
            let answer = cut.answer(cell, side, shift)?;
            *code = answer.code;
            *sure = answer.confidence;
            if side == Side::Now && is_attributed(cut.dimension) {
                cover(&mut self.coverage, cut.dimension, answer.confidence, &cell.measures)?;
            }
        }
        let place = match self.index.entry(codes) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                self.groups.push(Group { codes, weakest: [None; KEY_LEN], sums: Sums::default() });
                *free.insert(self.groups.len().saturating_sub(1))
            }
        };
        if let Some(group) = self.groups.get_mut(place) {
            group.sums.add(cell, side)?;
            for (weakest, sure) in group.weakest.iter_mut().zip(sureness) {
                *weakest = (*weakest).max(sure);
            }
        }
        self.total.add(cell, side)?;
        if side == Side::Now {
            self.note(cell)?;
        }
        Ok(())
    }

    /// What is told of the period besides its sums.
    fn note(&mut self, cell: &Cell) -> Result<(), ReportError> {
        for (confidence, sum) in OutputConfidence::ALL.into_iter().zip(&mut self.outputs) {
            if confidence == cell.output {
                *sum = sum.plus(&cell.measures)?;
            }
        }
        self.quarters = match self.quarters {
            None => Some((cell.quarter, cell.quarter)),
            Some((first, last)) => Some((first.min(cell.quarter), last.max(cell.quarter))),
        };
        if cell.measures.unpriced_calls > 0 { self.note_unpriced(cell) } else { Ok(()) }
    }

    fn note_unpriced(&mut self, cell: &Cell) -> Result<(), ReportError> {
        let place = match self.unpriced_index.entry(cell.service) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let facts = usize::try_from(cell.service).ok().and_then(|it| self.book.services.get(it));
                let facts = facts.ok_or(CutError::NoSuchService(cell.service))?;
                let same =
                    |it: &UnpricedModel| it.model == facts.model && *it.provider == *facts.provider.as_str();
                let place = self.unpriced.iter().position(same).unwrap_or(self.unpriced.len());
                if place == self.unpriced.len() {
                    self.unpriced.push(UnpricedModel {
                        model: Arc::clone(&facts.model),
                        provider: Arc::from(facts.provider.as_str()),
                        known: facts.priced,
                        calls: 0,
                        usage: Usage::ZERO,
                    });
                }
                *free.insert(place)
            }
        };
        if let Some(model) = self.unpriced.get_mut(place) {
            model.calls = model.calls.checked_add(cell.measures.unpriced_calls).ok_or(Overflow)?;
            model.usage = model.usage.plus(&cell.measures.usage)?;
        }
        Ok(())
    }

    fn output(&self) -> Vec<OutputShare> {
        let all = OutputConfidence::ALL.into_iter().zip(self.outputs);
        all.filter(|it| it.1.calls > 0)
            .map(|(confidence, measures)| OutputShare { confidence, measures })
            .collect()
    }

    fn rows(&self, query: &Query) -> Result<(Vec<Row>, Option<Rest>), ReportError> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        let keep = query.top.unwrap_or(usize::MAX).min(groups.len());
        if keep < groups.len() {
            // Of a hundred thousand sessions mostly twenty are asked for.
            groups.select_nth_unstable_by(keep, |a, b| self.dearest_first(a, b));
        }
        let left = groups.split_off(keep);
        groups.sort_unstable_by(|a, b| self.dearest_first(a, b));
        if self.cuts.first().is_some_and(|it| it.dimension.is_time()) {
            // Stable: within one stretch of time the dearest stays first. What was
            // only in the period before comes last, whatever its date.
            groups.sort_by_cached_key(|it| (it.sums.now.calls == 0, self.time(it)));
        }
        let row = |it: &&Group| {
            let key = self.labels(it).into_iter().zip(it.weakest);
            let key = key.map(|(value, confidence)| Key { value, confidence }).collect();
            Ok(Row { key, figures: it.sums.figures(query.compare)? })
        };
        let rows = groups.iter().map(row).collect::<Result<_, ReportError>>()?;
        if left.is_empty() {
            return Ok((rows, None));
        }
        let mut sums = Sums::default();
        for group in &left {
            sums = sums.plus(&group.sums)?;
        }
        Ok((rows, Some(Rest { rows: left.len(), figures: sums.figures(query.compare)? })))
    }

    fn labels(&self, group: &Group) -> Vec<Arc<str>> {
        self.cuts.iter().zip(group.codes).map(|(cut, code)| cut.label(code)).collect()
    }

    /// By cost, and by labels where that is the same.
    fn dearest_first(&self, one: &Group, other: &Group) -> Ordering {
        let by_label = || {
            let mut cuts = self.cuts.iter().zip(one.codes.into_iter().zip(other.codes));
            let apart = cuts.find_map(|(cut, (one, other))| {
                let order =
                    if one == other { Ordering::Equal } else { cut.label(one).cmp(&cut.label(other)) };
                Some(order).filter(|it| it.is_ne())
            });
            apart.unwrap_or(Ordering::Equal)
        };
        other.sums.now.cost.cmp(&one.sums.now.cost).then_with(by_label)
    }

    /// Where it lies in time, by the cuts in front that are times.
    fn time(&self, group: &Group) -> [i64; KEY_LEN] {
        let mut at = [0; KEY_LEN];
        let times = self.cuts.iter().zip(group.codes).take_while(|it| it.0.dimension.is_time());
        for (place, (cut, code)) in at.iter_mut().zip(times) {
            *place = cut.order(code);
        }
        at
    }
}

fn cover(
    coverage: &mut [Coverage],
    dimension: Dimension,
    sure: Option<Confidence>,
    measures: &Measures,
) -> Result<(), Overflow> {
    let Some(of) = coverage.iter_mut().find(|it| it.dimension == dimension) else { return Ok(()) };
    let [exact, high, medium, low] = &mut of.known;
    let sum = match sure {
        Some(Confidence::Exact) => exact,
        Some(Confidence::High) => high,
        Some(Confidence::Medium) => medium,
        Some(Confidence::Low) => low,
        None => &mut of.unknown,
    };
    *sum = sum.plus(measures)?;
    Ok(())
}

impl Coverage {
    /// The cost that nobody can say this of.
    #[must_use]
    pub const fn unknown_cost(&self) -> NanoUsd {
        self.unknown.cost
    }
}

#[cfg(test)]
mod tests;

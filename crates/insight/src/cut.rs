//! A dimension laid over a book: which value each cell has, as a small number.
//!
//! Values are looked up once a place, service or quarter hour that has cells, and not
//! once a cell, so that cutting a hundred thousand cells is a walk over arrays. A filter is
//! a cut with a verdict on each value; [`Sieves`] are all filters of a question.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Cell, Confidence, Dimension, QuarterHour};
use jiff::tz::TimeZone;

use crate::book::{Book, PlaceFacts, UNKNOWN};
use crate::calendar::{self, Shift};
use crate::codes::CodeMap;
use crate::query::{Filter, Pattern, Query};

/// The number of [`UNKNOWN`] in every cut.
pub(crate) const UNKNOWN_CODE: u32 = 0;

/// Why a book cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// The book contradicts itself.
    #[error("the book has sums for place {0}, which it does not list; rebuild it from the logs")]
    NoSuchPlace(u32),
    /// The book contradicts itself.
    #[error("the book has sums for service {0}, which it does not list; rebuild it from the logs")]
    NoSuchService(u32),
    /// More distinct values than can be numbered.
    #[error("the dimension has more than four billion values; choose another")]
    TooMany,
}

/// One dimension of one book.
pub(crate) struct Cut<'a> {
    /// The dimension.
    pub(crate) dimension: Dimension,
    labels: Labels,
    axis: Axis<'a>,
}

enum Axis<'a> {
    /// Those of places that no cell was of so far are not known.
    Place {
        places: &'a [PlaceFacts],
        answers: Vec<Option<Answer>>,
    },
    Service(Vec<Answer>),
    Time {
        zone: TimeZone,
        quarters: CodeMap<(QuarterHour, Side), Answer>,
        last: Option<LastQuarter>,
    },
}

/// The answer that was given last: cells mostly come day by day.
type LastQuarter = ((QuarterHour, Side), Answer);

/// Which of two compared periods a cell is of. Cells of the earlier one are laid
/// over the later one, day upon day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    /// The period itself.
    Now,
    /// The one before.
    Before,
}

/// The number of a value, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The number.
    pub(crate) code: u32,
    /// How sure, where that is a question.
    pub(crate) confidence: Option<Confidence>,
}

impl<'a> Cut<'a> {
    /// Lays the dimension over the book.
    pub(crate) fn new(dimension: Dimension, book: &Book<'a>, zone: &TimeZone) -> Result<Self, CutError> {
        let mut labels = Labels::new();
        let axis = if dimension.is_time() {
            Axis::Time { zone: zone.clone(), quarters: CodeMap::default(), last: None }
        } else if dimension == Dimension::Model {
            let answers = book.services.iter().map(|it| labels.plain(&it.model));
            Axis::Service(answers.collect::<Result<_, _>>()?)
        } else if dimension == Dimension::Provider {
            let answers = book.services.iter().map(|it| labels.plain(it.provider.as_str()));
            Axis::Service(answers.collect::<Result<_, _>>()?)
        } else {
            Axis::Place { places: book.places, answers: vec![None; book.places.len()] }
        };
        Ok(Self { dimension, labels, axis })
    }

    /// The value of a cell.
    pub(crate) fn answer(&mut self, cell: &Cell, side: Side, shift: Shift) -> Result<Answer, CutError> {
        match &mut self.axis {
            Axis::Place { places, answers } => {
                let missing = CutError::NoSuchPlace(cell.place);
                let place = usize::try_from(cell.place).map_err(|_| missing)?;
                let slot = answers.get_mut(place).ok_or(missing)?;
                if let Some(known) = *slot {
                    return Ok(known);
                }
                let facts = places.get(place).ok_or(missing)?;
                Ok(*slot.insert(self.labels.of_place(facts, self.dimension)?))
            }
            Axis::Service(answers) => at(answers, cell.service).ok_or(CutError::NoSuchService(cell.service)),
            Axis::Time { zone, quarters, last } => {
                let of = (cell.quarter, side);
                if let Some(known) = last.filter(|it| it.0 == of) {
                    return Ok(known.1);
                }
                if let Some(&known) = quarters.get(&of) {
                    *last = Some((of, known));
                    return Ok(known);
                }
                let own = cell.quarter.start();
                let moment = match side {
                    Side::Now => own,
                    Side::Before => shift.forward(own, zone).unwrap_or(own),
                };
                let code = match calendar::bucket(self.dimension, moment, zone) {
                    Some(bucket) => self.labels.timed(&bucket.label, bucket.order)?,
                    None => UNKNOWN_CODE,
                };
                let answer = Answer { code, confidence: None };
                quarters.insert(of, answer);
                *last = Some((of, answer));
                Ok(answer)
            }
        }
    }

    /// The values of the whole book, and not only those of cells.
    fn all_labels(&self) -> Result<Labels, CutError> {
        let mut labels = self.labels.clone();
        if let Axis::Place { places, .. } = &self.axis {
            labels = Labels::new();
            for facts in *places {
                labels.of_place(facts, self.dimension)?;
            }
        }
        Ok(labels)
    }

    /// The text of a value.
    pub(crate) fn label(&self, code: u32) -> Arc<str> {
        self.labels.text(code)
    }

    /// Where a value of a time dimension lies in time; the same for all others.
    pub(crate) fn order(&self, code: u32) -> i64 {
        usize::try_from(code).ok().and_then(|it| self.labels.orders.get(it)).copied().unwrap_or_default()
    }
}

fn at(answers: &[Answer], number: u32) -> Option<Answer> {
    usize::try_from(number).ok().and_then(|it| answers.get(it)).copied()
}

/// Texts and their numbers; [`UNKNOWN`] is the first.
#[derive(Clone)]
struct Labels {
    texts: Vec<Arc<str>>,
    orders: Vec<i64>,
    codes: HashMap<Arc<str>, u32>,
}

impl Labels {
    fn new() -> Self {
        let unknown: Arc<str> = Arc::from(UNKNOWN);
        let codes = HashMap::from([(Arc::clone(&unknown), UNKNOWN_CODE)]);
        Self { texts: vec![unknown], orders: vec![i64::MIN], codes }
    }

    fn code(&mut self, text: &str) -> Result<u32, CutError> {
        self.timed(text, 0)
    }

    fn plain(&mut self, text: &str) -> Result<Answer, CutError> {
        Ok(Answer { code: self.code(text)?, confidence: None })
    }

    /// The answer of a place.
    fn of_place(&mut self, facts: &PlaceFacts, dimension: Dimension) -> Result<Answer, CutError> {
        match facts.answer(dimension) {
            Some((value, confidence)) => Ok(Answer { code: self.code(value)?, confidence }),
            None => Ok(Answer { code: UNKNOWN_CODE, confidence: None }),
        }
    }

    /// The number of a stretch of time, which is where its first moment is.
    fn timed(&mut self, text: &str, order: i64) -> Result<u32, CutError> {
        if let Some(&code) = self.codes.get(text) {
            if let Some(first) = usize::try_from(code).ok().and_then(|it| self.orders.get_mut(it)) {
                *first = order.min(*first);
            }
            return Ok(code);
        }
        let code = u32::try_from(self.texts.len()).map_err(|_| CutError::TooMany)?;
        let text: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.orders.push(order);
        self.codes.insert(text, code);
        Ok(code)
    }

    /// All values that are known.
    fn values(&self) -> &[Arc<str>] {
        self.texts.get(1..).unwrap_or_default()
    }

    fn text(&self, code: u32) -> Arc<str> {
        let known = usize::try_from(code).ok().and_then(|it| self.texts.get(it));
        known.map_or_else(|| Arc::from(UNKNOWN), Arc::clone)
    }
}

/// All filters of a question, laid over a book.
pub(crate) struct Sieves<'a>(Vec<Sieve<'a>>);

impl<'a> Sieves<'a> {
    /// Lays them over the book.
    pub(crate) fn new(query: &'a Query, book: &Book<'a>) -> Result<Self, CutError> {
        let all = query.filters.iter().map(|it| Sieve::new(it, book, &query.timezone));
        Ok(Self(all.collect::<Result<_, _>>()?))
    }

    /// Whether all of them let the cell stay.
    pub(crate) fn keep(&mut self, cell: &Cell) -> Result<bool, CutError> {
        for sieve in &mut self.0 {
            if !sieve.keeps(cell)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The patterns that ask for no value of the book, by the dimension of their filter.
    pub(crate) fn idle_patterns(&self) -> Result<Vec<(Dimension, IdlePattern)>, CutError> {
        let mut all = Vec::new();
        for sieve in &self.0 {
            let dimension = sieve.filter.dimension;
            all.extend(sieve.idle_patterns()?.into_iter().map(|idle| (dimension, idle)));
        }
        Ok(all)
    }
}

/// A pattern, and some values that there are.
type IdlePattern = (String, Vec<Arc<str>>);

/// A filter laid over a book.
struct Sieve<'a> {
    cut: Cut<'a>,
    filter: &'a Filter,
    verdicts: Vec<Option<bool>>,
}

impl<'a> Sieve<'a> {
    /// Lays the filter over the book.
    fn new(filter: &'a Filter, book: &Book<'a>, zone: &TimeZone) -> Result<Self, CutError> {
        let cut = Cut::new(filter.dimension, book, zone)?;
        Ok(Self { cut, filter, verdicts: Vec::new() })
    }

    /// Whether the cell stays. Each value is judged once. Times are a cell's own:
    /// a filter on days does not follow the comparison into the period before.
    fn keeps(&mut self, cell: &Cell) -> Result<bool, CutError> {
        let code = self.cut.answer(cell, Side::Now, Shift::Millis(0))?.code;
        let index = usize::try_from(code).map_err(|_| CutError::TooMany)?;
        if let Some(Some(known)) = self.verdicts.get(index) {
            return Ok(*known);
        }
        if self.verdicts.len() <= index {
            self.verdicts.resize(index.saturating_add(1), None);
        }
        let verdict = self.filter.keeps(&self.cut.label(code));
        if let Some(slot) = self.verdicts.get_mut(index) {
            *slot = Some(verdict);
        }
        Ok(verdict)
    }

    /// The patterns that ask for no value of the book, each with some values that
    /// there are: those that contain its text first.
    fn idle_patterns(&self) -> Result<Vec<IdlePattern>, CutError> {
        /// So many values are worth showing.
        const SHOWN: usize = 3;
        if self.idle(&self.cut.labels).next().is_none() {
            return Ok(Vec::new());
        }
        let all = self.cut.all_labels()?;
        let known = all.values();
        let near = |text: &str| {
            let text = text.replace('*', "").to_ascii_lowercase();
            let (mut alike, other): (Vec<_>, Vec<_>) =
                known.iter().cloned().partition(|it| it.to_ascii_lowercase().contains(&text));
            alike.sort_unstable();
            alike.extend(other);
            alike.truncate(SHOWN);
            alike
        };
        Ok(self.idle(&all).map(|it| (it.to_text(), near(it.text()))).collect())
    }

    /// The patterns that ask for none of these values.
    fn idle(&self, labels: &Labels) -> impl Iterator<Item = &Pattern> {
        self.filter.patterns.iter().filter(|pattern| {
            pattern.is_wanted()
                && pattern.text() != UNKNOWN
                && !labels.values().iter().any(|it| self.filter.fits(pattern, it))
        })
    }
}

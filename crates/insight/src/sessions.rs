//! Sessions: what each cost, how long it took, and how it went.
//!
//! Costs are of the calls that the question keeps, so that all sessions together
//! cost what the report of the same question says. Times, turns and contexts are
//! of the whole session, since a log states them only as a whole.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::{
    Cell, Confidence, Dimension, Measures, NanoUsd, Overflow, SessionId, SessionTally, Timestamp, Tokens,
    Tool,
};

use crate::book::{Book, UNKNOWN};
use crate::calendar::Shift;
use crate::codes::CodeMap;
use crate::cut::{Cut, CutError, Side, Sieves};
use crate::query::Query;
use crate::report::{Figures, Key, Report, ReportError, Rest, report};
use crate::session_page::SessionMark;
use crate::text::PerMille;

/// Milliseconds in an hour.
const HOUR_MS: u64 = 3_600_000;
/// A step that failed so often in a row is likely a loop.
pub const LOOP_RUN: u32 = 3;
/// A context that grew beyond this is dear to keep sending.
pub const LARGE_CONTEXT: Tokens = Tokens::new(150_000);

/// The sessions of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// The same question without a cut: its period, total and doubts.
    pub whole: Report,
    /// The dearest first.
    pub rows: Vec<SessionRow>,
    /// What `top` left out.
    pub rest: Option<Rest>,
    /// Where these are a page: what the next one begins behind, where there is one.
    pub next: Option<Option<SessionMark>>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The tool.
    pub tool: Tool,
    /// The session.
    pub session: SessionId,
    /// Who spent most in it.
    pub developer: Key,
    /// The repository that most was spent on.
    pub repo: Key,
    /// The branch that most was spent on.
    pub branch: Key,
    /// The model that most was spent on.
    pub model: Key,
    /// Its calls and their cost.
    pub figures: Figures,
    /// How it went; `None` for tools whose logs do not say.
    pub course: Option<Course>,
}

/// How a session went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// Its first moment.
    pub first_at: Timestamp,
    /// Its last moment.
    pub last_at: Timestamp,
    /// Prompts by the developer.
    pub turns: u64,
    /// Milliseconds in which something happened.
    pub active_ms: u64,
    /// Tool calls that the model made.
    pub tool_calls: u64,
    /// Tool calls that failed.
    pub failed_steps: u64,
    /// The longest run of the same step failing again and again.
    pub longest_failing_run: u32,
    /// Times that the context was compacted.
    pub compactions: u64,
    /// The prompt of the first call.
    pub first_context: Tokens,
    /// The largest prompt.
    pub peak_context: Tokens,
}

impl Course {
    fn of(tally: &SessionTally) -> Self {
        Self {
            first_at: tally.first_at,
            last_at: tally.last_at,
            turns: u64::from(tally.turns),
            active_ms: tally.active_ms,
            tool_calls: u64::from(tally.tool_calls),
            failed_steps: u64::from(tally.failed_steps),
            longest_failing_run: tally.longest_failing_run,
            compactions: u64::from(tally.compactions),
            first_context: tally.first_context,
            peak_context: tally.peak_context,
        }
    }

    /// Milliseconds from its first to its last moment.
    #[must_use]
    pub fn length_ms(&self) -> u64 {
        u64::try_from(self.last_at.millis_since(self.first_at)).unwrap_or_default()
    }

    /// Milliseconds in which something happened, at most its length.
    #[must_use]
    pub fn busy_ms(&self) -> u64 {
        self.active_ms.min(self.length_ms())
    }

    /// Milliseconds in which nothing happened.
    #[must_use]
    pub fn idle_ms(&self) -> u64 {
        self.length_ms().saturating_sub(self.busy_ms())
    }

    /// Turns for each active hour, in tenths; `None` without activity.
    #[must_use]
    pub fn cadence_tenths(&self) -> Option<u64> {
        let tenths = u128::from(self.turns).checked_mul(10)?.checked_mul(u128::from(HOUR_MS))?;
        let busy = u128::from(self.busy_ms());
        u64::try_from(tenths.checked_add(busy / 2)?.checked_div(busy)?).ok()
    }

    /// Whether the same step failed so often that it was likely a loop.
    #[must_use]
    pub const fn is_likely_loop(&self) -> bool {
        self.longest_failing_run >= LOOP_RUN
    }

    /// Whether its context grew beyond [`LARGE_CONTEXT`].
    #[must_use]
    pub const fn grew_large(&self) -> bool {
        self.peak_context.count() > LARGE_CONTEXT.count()
    }
}

/// The part of all prompt tokens that was read from a cache; `None` without prompts.
#[must_use]
pub fn cache_hit(measures: &Measures) -> Option<PerMille> {
    let prompt = measures.usage.prompt().ok()?;
    PerMille::of(i128::from(measures.usage.cache_read.count()), i128::from(prompt.count()))
}

/// The sessions that the question keeps. What it is cut by does not matter.
///
/// # Errors
/// As [`report`].
pub fn sessions(
    query: &Query,
    book: &Book<'_>,
    tallies: &[SessionTally],
    now: Timestamp,
) -> Result<Sessions, ReportError> {
    let plain = Query { group_by: Vec::new(), period: None, top: None, compare: false, ..query.clone() };
    let whole = report(&plain, book, now)?;
    let mut gathered = Gathered::new(book, query)?;
    let mut sieves = Sieves::new(query, book)?;
    for cell in book.cells.iter().filter(|it| query.span.holds(it.quarter)) {
        if sieves.keep(cell)? {
            gathered.add(cell)?;
        }
    }
    let mut rows = gathered.rows(&courses(tallies));
    rows.sort_by(|a, b| {
        let [a, b] = [a, b].map(|it| rank((it.figures.measures.cost, it.tool, &it.session)));
        a.cmp(&b)
    });
    let left = rows.split_off(query.top.unwrap_or(usize::MAX).min(rows.len()));
    let rest = if left.is_empty() { None } else { Some(together(&left)?) };
    Ok(Sessions { whole, rows, rest, next: None })
}

/// The order of sessions, the dearest first.
pub(crate) const fn rank(
    (cost, tool, session): (NanoUsd, Tool, &SessionId),
) -> (Reverse<NanoUsd>, Tool, &SessionId) {
    (Reverse(cost), tool, session)
}

fn together(rows: &[SessionRow]) -> Result<Rest, Overflow> {
    let mut figures = Figures::default();
    for row in rows {
        figures.measures = figures.measures.plus(&row.figures.measures)?;
        figures.may_be_low = figures.may_be_low.plus(&row.figures.may_be_low)?;
    }
    Ok(Rest { rows: rows.len(), figures })
}

fn courses(tallies: &[SessionTally]) -> HashMap<(Tool, &SessionId), Course> {
    tallies.iter().map(|tally| ((tally.tool, &tally.session), Course::of(tally))).collect()
}

/// What a session was mostly about.
const ABOUT: [Dimension; 4] = [Dimension::Developer, Dimension::Repo, Dimension::Branch, Dimension::Model];

/// What one value of a dimension has in a session.
#[derive(Clone, Copy, Default)]
struct Part {
    cost: NanoUsd,
    calls: u64,
    weakest: Option<Confidence>,
}

struct Gathered<'a> {
    /// The session of each place.
    of_place: Vec<usize>,
    names: Vec<(Tool, SessionId)>,
    figures: Vec<Figures>,
    /// The dimensions of [`ABOUT`].
    cuts: Vec<Cut<'a>>,
    /// By session, cut and value.
    parts: CodeMap<(usize, usize, u32), Part>,
}

impl<'a> Gathered<'a> {
    fn new(book: &Book<'a>, query: &Query) -> Result<Self, ReportError> {
        let mut index: HashMap<(Tool, &SessionId), usize> = HashMap::new();
        let mut names = Vec::new();
        let of_place = book.places.iter().map(|it| {
            let place = &it.place;
            *index.entry((place.tool, &place.session)).or_insert_with(|| {
                names.push((place.tool, place.session.clone()));
                names.len().saturating_sub(1)
            })
        });
        let of_place = of_place.collect();
        let cuts = ABOUT.into_iter().map(|it| Cut::new(it, book, &query.timezone));
        let cuts = cuts.collect::<Result<_, _>>()?;
        let figures = vec![Figures::default(); names.len()];
        Ok(Self { of_place, names, figures, cuts, parts: CodeMap::default() })
    }

    fn add(&mut self, cell: &Cell) -> Result<(), ReportError> {
        let place = usize::try_from(cell.place).ok().and_then(|it| self.of_place.get(it));
        let session = *place.ok_or(CutError::NoSuchPlace(cell.place))?;
        if let Some(figures) = self.figures.get_mut(session) {
            figures.measures = figures.measures.plus(&cell.measures)?;
            if cell.output.may_be_low() {
                figures.may_be_low = figures.may_be_low.plus(&cell.measures)?;
            }
        }
        for (number, cut) in self.cuts.iter_mut().enumerate() {
            let answer = cut.answer(cell, Side::Now, Shift::Millis(0))?;
            let part = self.parts.entry((session, number, answer.code)).or_default();
            part.cost = part.cost.plus(cell.measures.cost)?;
            part.calls = part.calls.checked_add(cell.measures.calls).ok_or(Overflow)?;
            part.weakest = part.weakest.max(answer.confidence);
        }
        Ok(())
    }

    fn rows(&self, courses: &HashMap<(Tool, &SessionId), Course>) -> Vec<SessionRow> {
        let mut dearest: CodeMap<(usize, usize), (Part, Arc<str>)> = CodeMap::default();
        for (&(session, number, code), &part) in &self.parts {
            let Some(label) = self.cuts.get(number).map(|it| it.label(code)) else { continue };
            match dearest.entry((session, number)) {
                Entry::Vacant(free) => {
                    free.insert((part, label));
                }
                Entry::Occupied(mut known) => {
                    let rank =
                        |part: &Part, label: &Arc<str>| (part.cost, part.calls, Reverse(Arc::clone(label)));
                    if rank(&part, &label) > rank(&known.get().0, &known.get().1) {
                        known.insert((part, label));
                    }
                }
            }
        }
        let key = |session: usize, number: usize| match dearest.get(&(session, number)) {
            Some((part, value)) => Key { value: Arc::clone(value), confidence: part.weakest },
            None => Key { value: Arc::from(UNKNOWN), confidence: None },
        };
        let all = self.names.iter().zip(&self.figures).enumerate();
        let used = all.filter(|(_, (_, figures))| figures.measures != Measures::ZERO);
        used.map(|(session, ((tool, id), figures))| SessionRow {
            tool: *tool,
            session: id.clone(),
            developer: key(session, 0),
            repo: key(session, 1),
            branch: key(session, 2),
            model: key(session, 3),
            figures: *figures,
            course: courses.get(&(*tool, id)).copied(),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin, company, tallies};

    #[test]
    fn the_dearest_session_comes_first() {
        let company = company();
        let query = Query { top: Some(2), ..Query::total(berlin()) };
        let sessions = sessions(&query, &company.book(), &tallies(), at(NOW)).expect("sessions");
        let lines: Vec<String> = sessions
            .rows
            .iter()
            .map(|it| {
                format!("{} {} {} {}", it.session, it.repo.value, it.model.value, it.figures.measures.cost)
            })
            .collect();
        assert_eq!(
            lines,
            [
                "5f0e6c1a github.com/acme/checkout-service claude-opus-5-5 156.758249835",
                "b64a90fe github.com/acme/billing claude-opus-5-5 102.235651080",
            ]
        );
        assert_eq!(sessions.rest.map(|it| it.rows), Some(3));
    }

    #[test]
    fn a_course_is_what_its_tally_says() {
        let tallies = tallies();
        let courses = courses(&tallies);
        let id = SessionId::new("5f0e6c1a");
        let course = courses.get(&(Tool::ClaudeCode, &id)).expect("a course");
        assert_eq!((course.turns, course.tool_calls), (42, 810));
        assert_eq!(course.first_context, Tokens::new(18_400));
        assert_eq!(course.length_ms(), course.busy_ms() + course.idle_ms());
        assert_eq!(course.cadence_tenths(), Some(158));
        assert!(course.is_likely_loop() && course.grew_large());
    }
}

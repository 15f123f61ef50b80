//! One session from within: by model, branch and hour, and what its subagents took.

use domain::{Cell, Dimension, Measures, PrLink, SessionId, SessionTally, Thread, Timestamp, Tool};
use jiff::tz::TimeZone;

use crate::book::{Book, PlaceFacts};
use crate::query::Query;
use crate::report::{Report, ReportError, Row, report};
use crate::sessions::{SessionRow, sessions};

/// Candidates that are named where an id is not unique.
const CANDIDATES_SHOWN: usize = 5;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDetail {
    /// The session as a whole.
    pub row: SessionRow,
    /// Its period, total and doubts.
    pub whole: Report,
    /// By model, the dearest first.
    pub by_model: Vec<Row>,
    /// By branch, the dearest first.
    pub by_branch: Vec<Row>,
    /// By hour, in order of time.
    pub by_hour: Vec<Row>,
    /// What subagents, workflows and side questions took.
    pub subagents: Measures,
    /// Pull requests that it opened or named.
    pub pull_requests: Vec<PrLink>,
}

/// Why a session is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is none.
    #[error("no session has an id that begins with `{0}`; `bursar sessions` lists them")]
    NotFound(String),
    /// There are several.
    #[error("`{prefix}` is the beginning of {count} sessions: {}; give more of the id", .candidates.join(", "))]
    Ambiguous {
        /// As given.
        prefix: String,
        /// How many.
        count: usize,
        /// Some of them.
        candidates: Vec<String>,
    },
    /// It cannot be summed.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// What else is known of sessions, besides their calls.
#[derive(Debug, Clone, Copy)]
pub struct SessionNotes<'a> {
    /// How they went, by file.
    pub tallies: &'a [SessionTally],
    /// Pull requests that they opened or named.
    pub pull_requests: &'a [PrLink],
}

/// The one session whose id is that, or begins so.
///
/// # Errors
/// [`SessionError`] where there is none or more than one.
pub fn session(
    id: &str,
    book: &Book<'_>,
    notes: &SessionNotes<'_>,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<SessionDetail, SessionError> {
    let (tool, session) = find(id, book.places)?;
    let of_it = |it: &PlaceFacts| it.place.tool == tool && it.place.session == session;
    let place = |cell: &Cell| usize::try_from(cell.place).ok().and_then(|it| book.places.get(it));
    let own = |cell: &&Cell| place(cell).is_some_and(of_it);
    let cells: Vec<Cell> = book.cells.iter().filter(own).copied().collect();
    let subagent = |cell: &&Cell| place(cell).is_some_and(|it| it.place.thread == Thread::Subagent);
    let mut subagents = Measures::ZERO;
    for cell in cells.iter().filter(subagent) {
        subagents = subagents.plus(&cell.measures).map_err(ReportError::from)?;
    }
    let book = Book { cells: &cells, ..*book };
    let plain = Query::total(zone.clone());
    let by = |dimension| {
        let query = Query { group_by: vec![dimension], ..plain.clone() };
        report(&query, &book, now).map(|it| it.rows)
    };
    let whole = sessions(&plain, &book, notes.tallies, now)?;
    let row = whole.rows.into_iter().next().ok_or_else(|| SessionError::NotFound(id.to_owned()))?;
    let links = notes.pull_requests.iter().filter(|it| it.tool == tool && it.session == session);
    let mut pull_requests: Vec<PrLink> = links.cloned().collect();
    pull_requests.sort_unstable_by(|a, b| (a.first_at, &a.url).cmp(&(b.first_at, &b.url)));
    Ok(SessionDetail {
        row,
        whole: whole.whole,
        by_model: by(Dimension::Model)?,
        by_branch: by(Dimension::Branch)?,
        by_hour: by(Dimension::Hour)?,
        subagents,
        pull_requests,
    })
}

/// The session of that id; else the only one whose id begins so.
fn find(id: &str, places: &[PlaceFacts]) -> Result<(Tool, SessionId), SessionError> {
    let begins = |it: &&PlaceFacts| !id.is_empty() && it.place.session.as_str().starts_with(id);
    let mut found: Vec<(Tool, &SessionId)> =
        places.iter().filter(begins).map(|it| (it.place.tool, &it.place.session)).collect();
    found.sort_unstable();
    found.dedup();
    if found.iter().any(|it| it.1.as_str() == id) {
        found.retain(|it| it.1.as_str() == id);
    }
    match found.as_slice() {
        [] => Err(SessionError::NotFound(id.to_owned())),
        [(tool, session)] => Ok((*tool, (*session).clone())),
        many => Err(SessionError::Ambiguous {
            prefix: id.to_owned(),
            count: many.len(),
            candidates: many
                .iter()
                .take(CANDIDATES_SHOWN)
                .map(|(tool, session)| format!("{session} ({})", tool.name()))
                .collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin, company, links, place, tallies};

    fn ask(id: &str) -> Result<SessionDetail, String> {
        let mut company = company();
        let mut helper = company.places[0].clone();
        helper.place = domain::Place { thread: Thread::Subagent, ..helper.place };
        company.places.push(helper);
        company
            .places
            .push(PlaceFacts { place: place(Tool::Codex, "5f0e7777", None), ..company.places[4].clone() });
        company.cells[4].place = 5;
        let tallies = tallies();
        let links = links();
        let notes = SessionNotes { tallies: &tallies, pull_requests: &links };
        session(id, &company.book(), &notes, &berlin(), at(NOW)).map_err(|it| it.to_string())
    }

    #[test]
    fn a_session_is_found_by_the_beginning_of_its_id() {
        let detail = ask("5f0e6").expect("a session");
        assert_eq!(detail.row.session.as_str(), "5f0e6c1a");
        assert_eq!(detail.subagents.cost.to_string(), "148.233019455");
        assert_eq!(detail.by_hour.len(), 3);
        assert_eq!(detail.pull_requests.len(), 1);
        for rows in [&detail.by_model, &detail.by_branch, &detail.by_hour] {
            let mut sum = Measures::ZERO;
            for row in rows {
                sum = sum.plus(&row.figures.measures).expect("a sum");
            }
            assert_eq!(sum, detail.row.figures.measures);
        }
    }

    #[test]
    fn an_id_must_tell_one_session() {
        assert_eq!(
            ask("5f0e").map(|_| ()),
            Err("`5f0e` is the beginning of 2 sessions: 5f0e6c1a (claude-code), 5f0e7777 (codex); \
                 give more of the id"
                .to_owned())
        );
        assert_eq!(
            ask("x").map(|_| ()),
            Err("no session has an id that begins with `x`; `bursar sessions` lists them".to_owned())
        );
        assert!(ask("").is_err());
    }
}

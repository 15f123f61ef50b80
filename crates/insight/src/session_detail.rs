//! One session from within: by model, branch and hour, and what its subagents took.

use domain::{Cell, Dimension, Measures, PrLink, SessionId, SessionTally, Thread, Timestamp, Tool};
use jiff::tz::TimeZone;

use crate::book::{Book, PlaceFacts};
use crate::query::Query;
use crate::report::{Report, ReportError, Row, report};
use crate::sessions::{SessionRow, sessions};
use crate::turns::{TurnCall, Turns, turns};

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
    /// By turn, in order of time; none where its source does not tell turns apart.
    pub turns: Turns,
    /// Pull requests that it opened or named.
    pub pull_requests: Vec<PrLink>,
}

/// Why a session is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// It has no calls, or none that another session has not made.
    #[error("the session `{0}` has no calls of its own; `bursar sessions` lists those that have")]
    NoCalls(SessionId),
    /// Several tools have a session of that id.
    #[error(
        "{} each have a session `{session}`; `bursar report --session {session} --by tool` shows them",
        .tools.iter().map(|it| it.name()).collect::<Vec<_>>().join(" and ")
    )]
    SeveralTools {
        /// The session.
        session: SessionId,
        /// The tools.
        tools: Vec<Tool>,
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
    /// The calls of the session that is asked for, in the order of time.
    pub calls: &'a [TurnCall<'a>],
}

/// The session of that id.
///
/// # Errors
/// [`SessionError`] where there is none or more than one.
pub fn session(
    id: &SessionId,
    book: &Book<'_>,
    notes: &SessionNotes<'_>,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<SessionDetail, SessionError> {
    let tool = tool(id, book.places)?;
    let of_it = |it: &PlaceFacts| it.place.tool == tool && it.place.session == *id;
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
    let row = whole.rows.into_iter().next().ok_or_else(|| SessionError::NoCalls(id.clone()))?;
    let links = notes.pull_requests.iter().filter(|it| it.tool == tool && it.session == *id);
    let mut pull_requests: Vec<PrLink> = links.cloned().collect();
    pull_requests.sort_unstable_by(|a, b| (a.first_at, &a.url).cmp(&(b.first_at, &b.url)));
    Ok(SessionDetail {
        row,
        whole: whole.whole,
        by_model: by(Dimension::Model)?,
        by_branch: by(Dimension::Branch)?,
        by_hour: by(Dimension::Hour)?,
        subagents,
        turns: turns(notes.calls).map_err(ReportError::from)?,
        pull_requests,
    })
}

/// The tool that the session is of.
fn tool(session: &SessionId, places: &[PlaceFacts]) -> Result<Tool, SessionError> {
    let of_it = places.iter().filter(|it| it.place.session == *session);
    let mut tools: Vec<Tool> = of_it.map(|it| it.place.tool).collect();
    tools.sort_unstable();
    tools.dedup();
    match tools.as_slice() {
        [] => Err(SessionError::NoCalls(session.clone())),
        [tool] => Ok(*tool),
        _ => Err(SessionError::SeveralTools { session: session.clone(), tools }),
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
        let elsewhere = place(Tool::Codex, "b64a90fe", None);
        company.places.push(PlaceFacts { place: elsewhere, ..company.places[4].clone() });
        company.cells[4].place = 5;
        let tallies = tallies();
        let links = links();
        let notes = SessionNotes { tallies: &tallies, pull_requests: &links, calls: &[] };
        session(&id.into(), &company.book(), &notes, &berlin(), at(NOW)).map_err(|it| it.to_string())
    }

    #[test]
    fn the_parts_of_a_session_add_up() {
        let detail = ask("5f0e6c1a").expect("a session");
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
        for (id, refusal) in [
            (
                "b64a90fe",
                "claude-code and codex each have a session `b64a90fe`; \
                 `bursar report --session b64a90fe --by tool` shows them",
            ),
            ("5f0e", "the session `5f0e` has no calls of its own; `bursar sessions` lists those that have"),
        ] {
            assert_eq!(ask(id).map(|_| ()), Err(refusal.to_owned()));
        }
    }
}

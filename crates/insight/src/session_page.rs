//! Sessions a page at a time. A page goes on behind the last session of the one before,
//! not at a number: a session whose cost changes meanwhile moves, and no other does.

use domain::{NanoUsd, SessionId, Tool};

use crate::sessions::{SessionRow, Sessions, rank};

/// Where a page ends: a session, and what it cost then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionMark {
    pub(crate) cost: NanoUsd,
    pub(crate) tool: Tool,
    pub(crate) session: SessionId,
}

impl SessionMark {
    fn of(row: &SessionRow) -> Self {
        Self { cost: row.figures.measures.cost, tool: row.tool, session: row.session.clone() }
    }

    /// Out of what [`SessionMark::to_text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let cost = NanoUsd::new(parts.next()?.parse().ok()?);
        let tool = Tool::from_name(parts.next()?)?;
        let session = parts.next().filter(|it| !it.is_empty())?;
        Some(Self { cost, tool, session: SessionId::new(session) })
    }

    /// As the `cursor` of the next page.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}.{}.{}", self.cost.nano(), self.tool.name(), self.session)
    }
}

impl Sessions {
    /// Keeps so many rows behind a mark, and notes where the next page goes on.
    pub fn keep_page(&mut self, after: Option<&SessionMark>, limit: usize) {
        if let Some(SessionMark { cost, tool, session }) = after {
            let mark = (*cost, *tool, session);
            self.rows.retain(|row| rank((row.figures.measures.cost, row.tool, &row.session)) > rank(mark));
        }
        let has_more = self.rows.len() > limit;
        self.rows.truncate(limit);
        self.next = Some(self.rows.last().filter(|_| has_more).map(SessionMark::of));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin, company, tallies};
    use crate::query::Query;

    #[test]
    fn pages_have_every_session_once() {
        let all = || {
            let company = company();
            crate::sessions(&Query::total(berlin()), &company.book(), &tallies(), at(NOW)).expect("sessions")
        };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let mut page = all();
            page.keep_page(after.as_ref(), 2);
            found.append(&mut page.rows);
            let Some(next) = page.next.expect("a page") else { break };
            assert_eq!(SessionMark::parse(&next.to_text()), Some(next.clone()));
            after = Some(next);
        }
        assert_eq!(found, all().rows);
    }

    #[test]
    fn what_no_page_ended_with_is_none() {
        for text in ["", "12", "12.codex", "12.codex.", "x.codex.s", "12.abacus.s"] {
            assert_eq!(SessionMark::parse(text), None, "{text}");
        }
    }
}

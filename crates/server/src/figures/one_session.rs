//! One session from within, as `bursar session` shows it.

use std::collections::BTreeSet;

use domain::SessionId;
use insight::{Format, Query, SessionError, SessionNotes, Span, render, session, wire};

use super::calls::in_turns;
use super::{Asked, Asker, FiguresDesk, FiguresError, Written, blocking, grain};

/// Sessions that begin alike of which so many are looked at, to find those in sight.
const MOST_LOOKED_AT: usize = 200;

impl FiguresDesk {
    /// The sessions that a text names: the one of that id, or those whose ids begin with
    /// it, of the sessions that somebody reported as such and that the asker sees; at
    /// most so many.
    ///
    /// # Errors
    /// [`FiguresError`] where the store fails.
    pub async fn sessions_named(
        &self,
        asked: &Asked,
        text: &str,
        limit: usize,
    ) -> Result<Vec<SessionId>, FiguresError> {
        let whole = SessionId::new(text);
        if self.is_in_sight(asked, &whole).await? {
            return Ok(vec![whole]);
        }
        let all = self.store.sessions().await?;
        let beginning = all.into_iter().map(|it| it.session).filter(|it| it.as_str().starts_with(text));
        let candidates: BTreeSet<SessionId> = beginning.collect();
        let mut found = Vec::new();
        for session in candidates.into_iter().take(MOST_LOOKED_AT) {
            if found.len() < limit && self.is_in_sight(asked, &session).await? {
                found.push(session);
            }
        }
        Ok(found)
    }

    /// Whether the asker sees calls of a session.
    async fn is_in_sight(&self, asked: &Asked, session: &SessionId) -> Result<bool, FiguresError> {
        let calls = self.store.calls_of_session(session.clone()).await?;
        Ok(!self.placed(calls, &asked.sight, &asked.directory).await?.is_empty())
    }

    /// The answer to a question of `bursar session`, written as asked.
    ///
    /// # Errors
    /// [`FiguresError`], also where the session has no calls that the asker sees.
    pub async fn session(&self, asked: Asked, id: SessionId) -> Result<Written, FiguresError> {
        let Asked { parameters, sight, directory, now } = asked;
        if parameters.format == Format::Csv {
            return Err(FiguresError::RowsAlone);
        }
        let calls = self.store.calls_of_session(id.clone()).await?;
        let moments = || calls.iter().map(|it| it.at);
        let (Some(first), Some(last)) = (moments().min(), moments().max()) else {
            return Err(SessionError::NoCalls(id).into());
        };
        let zone = parameters.query.timezone.clone();
        let until = domain::Timestamp::from_millis(last.millis().saturating_add(1));
        let span = Span::between(Some(first), Some(until));
        let query = Query { span, ..Query::total(zone.clone()) };
        let asker = Asker { sight: &sight, directory: &directory };
        let laid = self.lay_out(&grain::by_quarter(&query, now), asker).await?;
        let mut placed = self.placed(calls, &sight, &directory).await?;
        placed.sort_by_key(|it| (it.call.at, it.call.id));
        let tallies = self.store.sessions().await?;
        let pull_requests = self.store.pull_requests().await?;
        let desk = self.clone();
        blocking(move || {
            let calls = in_turns(&placed);
            let notes = SessionNotes { tallies: &tallies, pull_requests: &pull_requests, calls: &calls };
            let (cells, services) = (&*laid.cells, &*laid.services);
            let ask =
                |places: &[_]| session(&id, &insight::Book { cells, places, services }, &notes, &zone, now);
            let detail = laid.with_places(ask)?;
            let provenance = desk.provenance(&laid.sources);
            let text = match parameters.format {
                Format::Table => render::session_text(&detail, &provenance, &zone, &parameters.terminal),
                Format::Json | Format::Csv => wire::session_json(&detail, &provenance, &zone)?,
            };
            Ok(Written { format: parameters.format, text })
        })
        .await
    }
}

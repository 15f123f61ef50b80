//! What a response used, at any moment of it.
//!
//! A [`Meter`] is fed the bytes of a response as they come, in whatever pieces, and
//! says what to relay of them: all, but for a chunk that the client did not ask
//! for. Counts of a provider are cumulative, so the last ones hold and are never
//! added. A response that breaks off has no last counts: its output is estimated
//! from what was said, and the [`Reading`] tells which part is which.

use std::borrow::Cow;

use domain::CallKey;

use crate::frames::Frames;
use crate::json::{Cursor, Fault};
use crate::reading::{Reading, Tally};
use crate::route::{Delivery, Dialect};
use crate::{anthropic, gemini, openai_chat, openai_responses, sse};

/// A chunk that might be one to hide is held at most up to this length.
const HELD_LIMIT: usize = 64 << 10;

/// Reads a response.
#[derive(Debug, Clone)]
pub struct Meter {
    dialect: Dialect,
    pieces: Pieces,
    tally: Tally,
    hiding: Option<Hiding>,
}

#[derive(Debug, Clone)]
enum Pieces {
    Events(sse::Parser),
    Objects(Frames),
}

/// Usage that the gateway asked for and the client did not.
#[derive(Debug, Clone, Default)]
struct Hiding {
    /// Bytes of an event whose end has not come.
    held: Vec<u8>,
    /// The current event is too long to be one that is hidden, and is relayed as it comes.
    is_passing: bool,
    /// The last event ended the last piece with CR, to which an LF belongs that follows;
    /// what became of the event.
    after_cr: Option<Chunk>,
}

/// What an object of a response is to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Part of the answer.
    Answer,
    /// Usage and nothing else.
    UsageAlone,
}

impl Meter {
    /// For a response that comes so. What a response is comes from its own content
    /// type where the request's wish was not heard.
    #[must_use]
    pub fn new(dialect: Dialect, delivery: Delivery) -> Self {
        let pieces = match delivery {
            Delivery::Events => Pieces::Events(sse::Parser::new()),
            Delivery::Whole | Delivery::List => Pieces::Objects(Frames::default()),
        };
        Self { dialect, pieces, tally: Tally::default(), hiding: None }
    }

    /// For a streamed chat completion that was asked for usage on the gateway's own
    /// account, by [`Edit::report_usage`](crate::Edit::report_usage): the chunk that
    /// holds nothing else is not relayed.
    #[must_use]
    pub fn hiding_usage(mut self) -> Self {
        if self.dialect == Dialect::OpenAiChat && matches!(self.pieces, Pieces::Events(_)) {
            self.hiding = Some(Hiding::default());
        }
        self
    }

    /// Reads the next piece of the response and gives what to relay at once.
    /// Nothing is held back unless usage is hidden, and then never more than the
    /// event that is coming in.
    pub fn feed<'p>(&mut self, piece: &'p [u8]) -> Cow<'p, [u8]> {
        let (dialect, tally) = (self.dialect, &mut self.tally);
        match &mut self.pieces {
            Pieces::Objects(frames) => frames.feed(piece, |object| match object {
                Some(object) => drop(read(dialect, object, tally)),
                None => tally.miss(),
            }),
            Pieces::Events(parser) => {
                let mut relayed = self.hiding.as_mut().map(|hiding| hiding.begin(piece));
                parser.feed(piece, |event| {
                    let chunk = match event.data {
                        _ if event.is_too_long => {
                            tally.miss();
                            Chunk::Answer
                        }
                        b"" => Chunk::Answer,
                        b"[DONE]" => {
                            tally.is_done = true;
                            Chunk::Answer
                        }
                        data => read(dialect, data, tally),
                    };
                    if let Some(relayed) = &mut relayed {
                        relayed.end_event(event.end, chunk);
                    }
                });
                if let Some(relayed) = relayed {
                    return relayed.end_piece();
                }
            }
        }
        Cow::Borrowed(piece)
    }

    /// The response has ended: what is still to be relayed. A last event without its
    /// blank line is read if it is whole, since some providers leave the line out.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        let (dialect, tally) = (self.dialect, &mut self.tally);
        if let Pieces::Events(parser) = &mut self.pieces {
            parser.feed(b"\n\n", |event| match event.data {
                b"[DONE]" => tally.is_done = true,
                data if is_whole(data) => drop(read(dialect, data, tally)),
                _ => {}
            });
        }
        self.hiding.as_mut().map(|hiding| std::mem::take(&mut hiding.held)).unwrap_or_default()
    }

    /// Whether what was relayed ended with an event of a stream. An event that is held
    /// back was not relayed.
    pub(crate) fn is_between_relayed_events(&self) -> bool {
        match (&self.pieces, &self.hiding) {
            (Pieces::Events(_), Some(hiding)) => !hiding.is_passing,
            (Pieces::Events(parser), None) => parser.is_between_events(),
            (Pieces::Objects(_), _) => false,
        }
    }

    /// Whether the provider has told all there is, so that there is nothing to cut.
    pub(crate) fn has_ended(&self) -> bool {
        self.tally.is_done || self.reading().is_complete
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) const fn response_id(&self) -> Option<&CallKey> {
        self.tally.id.as_ref()
    }

    /// What was used so far.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let held = match &self.pieces {
            Pieces::Events(_) => 0,
            Pieces::Objects(frames) => frames.held_len(),
        };
        let usage = match self.dialect {
            Dialect::Anthropic => anthropic::response::usage(&self.tally.counts),
            Dialect::OpenAiChat | Dialect::OpenAiResponses => {
                openai_chat::response::usage(&self.tally.counts)
            }
            Dialect::Gemini => gemini::response::usage(&self.tally.counts),
        };
        self.tally.reading(usage, u64::try_from(held).unwrap_or(u64::MAX))
    }
}

/// Reads one object of a response. What cannot be read is counted as missed.
fn read(dialect: Dialect, object: &[u8], tally: &mut Tally) -> Chunk {
    let chunk: Result<Chunk, Fault> = match dialect {
        Dialect::Anthropic => anthropic::response::read(object, tally),
        Dialect::OpenAiChat => openai_chat::response::read(object, tally),
        Dialect::OpenAiResponses => openai_responses::response::read(object, tally),
        Dialect::Gemini => gemini::response::read(object, tally),
    };
    chunk.unwrap_or_else(|_| {
        tally.miss();
        Chunk::Answer
    })
}

/// Whether these bytes are a JSON value. What is torn may end in half a number.
fn is_whole(data: &[u8]) -> bool {
    let mut cursor = Cursor::new(data);
    cursor.pass().and_then(|()| cursor.end()).is_ok()
}

impl Hiding {
    fn begin<'h, 'p>(&'h mut self, piece: &'p [u8]) -> Relayed<'h, 'p> {
        if piece.is_empty() {
            return Relayed { hiding: self, piece, done: 0, out: Vec::new() };
        }
        let line_end = piece.get(..1).filter(|start| *start == b"\n");
        let (done, out) = match self.after_cr.take().zip(line_end) {
            None => (0, Vec::new()),
            Some((Chunk::Answer, line_end)) => (1, line_end.to_vec()),
            Some((Chunk::UsageAlone, _)) => (1, Vec::new()),
        };
        Relayed { hiding: self, piece, done, out }
    }
}

/// What is relayed of one piece.
struct Relayed<'h, 'p> {
    hiding: &'h mut Hiding,
    piece: &'p [u8],
    /// How far events of the piece have ended.
    done: usize,
    out: Vec<u8>,
}

impl<'p> Relayed<'_, 'p> {
    fn end_event(&mut self, end: usize, chunk: Chunk) {
        let part = self.piece.get(self.done..end).unwrap_or_default();
        let length = self.hiding.held.len().saturating_add(part.len());
        let is_long = self.hiding.is_passing || length > HELD_LIMIT;
        let chunk = if is_long { Chunk::Answer } else { chunk };
        if chunk == Chunk::Answer {
            self.out.append(&mut self.hiding.held);
            self.out.extend_from_slice(part);
        }
        let ends_in_cr = end == self.piece.len() && part.last() == Some(&b'\r');
        self.hiding.after_cr = ends_in_cr.then_some(chunk);
        self.hiding.held.clear();
        self.hiding.is_passing = false;
        self.done = end;
    }

    fn end_piece(mut self) -> Cow<'p, [u8]> {
        let rest = self.piece.get(self.done..).unwrap_or_default();
        let hiding = self.hiding;
        hiding.is_passing |= hiding.held.len().saturating_add(rest.len()) > HELD_LIMIT;
        if hiding.is_passing {
            self.out.append(&mut hiding.held);
            self.out.extend_from_slice(rest);
        } else {
            hiding.held.extend_from_slice(rest);
        }
        Cow::Owned(self.out)
    }
}

#[cfg(test)]
mod tests;

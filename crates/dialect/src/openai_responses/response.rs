//! What a response of Responses says it used: as one object, or in the last event
//! of a stream, which holds the same object.

use crate::json::{Cursor, Fault};
use crate::meter::Chunk;
use crate::openai_chat::response::read_usage;
use crate::reading::{Tally, name, said};

/// States in which nothing more is generated.
const ENDED: [&str; 4] = ["completed", "incomplete", "failed", "cancelled"];

pub(crate) fn read(object: &[u8], tally: &mut Tally) -> Result<Chunk, Fault> {
    let mut cursor = Cursor::new(object);
    let mut facts = Facts::default();
    cursor.object(|cursor, key| match key {
        // Of an event.
        b"response" => response(cursor, tally),
        b"delta" => {
            tally.say(said(cursor)?);
            Ok(())
        }
        b"item" => item(cursor, &mut facts),
        b"type" => {
            facts.kind = name(cursor)?;
            Ok(())
        }
        b"code" => {
            facts.code = name(cursor)?;
            Ok(())
        }
        // A whole response has all of its members here.
        key => facts.member(cursor, key, tally),
    })?;
    cursor.end()?;
    match facts.kind.as_deref() {
        Some("error") => {
            let kind = facts.code.unwrap_or_else(|| "error".to_owned());
            tally.error.get_or_insert_with(|| kind.into_boxed_str());
        }
        Some("response.output_item.done") => {
            tally.searches_seen = tally.searches_seen.saturating_add(facts.searches);
            tally.say(facts.sealed);
        }
        _ => facts.settle(tally),
    }
    Ok(Chunk::Answer)
}

fn response(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Result<(), Fault> {
    let mut facts = Facts::default();
    cursor.maybe_object(|cursor, key| facts.member(cursor, key, tally))?;
    facts.settle(tally);
    Ok(())
}

/// What one object says that only makes sense together.
#[derive(Default)]
struct Facts {
    kind: Option<String>,
    code: Option<String>,
    status: Option<String>,
    has_usage: bool,
    has_output: bool,
    searches: u64,
    searches_stated: Option<u64>,
    said: u64,
    sealed: u64,
}

impl Facts {
    fn member(&mut self, cursor: &mut Cursor<'_>, key: &[u8], tally: &mut Tally) -> Result<(), Fault> {
        match key {
            b"id" => tally.take_id(cursor),
            b"model" => tally.take_model(cursor),
            b"service_tier" => tally.take_tier(cursor),
            b"status" => {
                self.status = name(cursor)?;
                Ok(())
            }
            b"incomplete_details" => cursor.maybe_object(|cursor, key| match key {
                b"reason" => tally.take_stop(cursor),
                _ => Ok(()),
            }),
            b"error" => tally.take_error(cursor, &[b"code", b"type"]),
            b"usage" => {
                self.has_usage = cursor.peek() == Some(b'{');
                read_usage(cursor, &mut tally.counts)
            }
            b"tool_usage" => cursor.maybe_object(|cursor, key| match key {
                b"web_search" => cursor.maybe_object(|cursor, key| {
                    if key == b"num_requests" {
                        self.searches_stated = cursor.maybe_count()?;
                    }
                    Ok(())
                }),
                _ => Ok(()),
            }),
            b"output" => {
                self.has_output = true;
                cursor.maybe_list(|cursor| item(cursor, self))
            }
            _ => Ok(()),
        }
    }

    /// An object that lists its output has all of it, so what was counted while it
    /// streamed is no more needed.
    fn settle(&self, tally: &mut Tally) {
        let has_ended = self.status.as_deref().is_some_and(|status| ENDED.contains(&status));
        // The answer to a compaction has usage and no state.
        let is_whole = self.has_output && self.status.is_none();
        if self.has_usage && (has_ended || is_whole) {
            tally.has_final_counts = true;
        }
        if has_ended && tally.stop.is_none() {
            tally.stop = self.status.clone().map(String::into_boxed_str);
        }
        if self.has_output {
            tally.searches_seen = tally.searches_seen.max(self.searches);
            tally.output_bytes = tally.output_bytes.max(self.said.saturating_add(self.sealed));
        }
        if self.searches_stated.is_some() && has_ended {
            tally.counts.web_searches = self.searches_stated;
        }
    }
}

/// An item of the output: a message, reasoning, a call.
fn item(cursor: &mut Cursor<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let (mut is_search, mut is_billed) = (false, true);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"type" => is_search = name(cursor)?.is_some_and(|kind| kind == "web_search_call"),
            // Opening a page and looking into it are no searches.
            b"action" => cursor.maybe_object(|cursor, key| {
                if key == b"type" {
                    is_billed = name(cursor)?.is_none_or(|kind| kind == "search");
                }
                Ok::<(), Fault>(())
            })?,
            b"encrypted_content" => facts.sealed = facts.sealed.saturating_add(said(cursor)?),
            b"content" | b"summary" | b"arguments" | b"input" | b"name" | b"code" => {
                facts.said = facts.said.saturating_add(said(cursor)?);
            }
            _ => {}
        }
        Ok::<(), Fault>(())
    })?;
    facts.searches = facts.searches.saturating_add(u64::from(is_search && is_billed));
    Ok(())
}

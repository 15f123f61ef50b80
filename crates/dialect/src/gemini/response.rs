//! What a `generateContent` response says it used: as one object, or in each chunk
//! of a stream for all of it so far.

use domain::{Tokens, Usage};

use crate::json::{Cursor, Fault};
use crate::meter::Chunk;
use crate::reading::{Counts, Tally, said, tokens};

pub(crate) fn read(object: &[u8], tally: &mut Tally) -> Result<Chunk, Fault> {
    let mut cursor = Cursor::new(object);
    cursor.object(|cursor, key| match key {
        b"candidates" => cursor.maybe_list(|cursor| candidate(cursor, tally)),
        b"usageMetadata" | b"usage_metadata" => read_usage(cursor, &mut tally.counts),
        b"modelVersion" | b"model_version" => tally.take_model(cursor),
        b"responseId" | b"response_id" => tally.take_id(cursor),
        b"promptFeedback" | b"prompt_feedback" => cursor.maybe_object(|cursor, key| match key {
            b"blockReason" | b"block_reason" => tally.take_stop(cursor),
            _ => Ok(()),
        }),
        b"error" => tally.take_error(cursor, &[b"status", b"code"]),
        _ => Ok(()),
    })?;
    cursor.end()?;
    if tally.stop.is_some() && tally.counts.input.is_some() {
        tally.has_final_counts = true;
        // Nothing was said, as of a prompt that was blocked.
        tally.counts.output.get_or_insert(0);
    }
    Ok(Chunk::Answer)
}

fn candidate(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Result<(), Fault> {
    cursor.maybe_object(|cursor, key| {
        match key {
            b"content" => tally.say(said(cursor)?),
            b"finishReason" | b"finish_reason" => tally.take_stop(cursor)?,
            b"groundingMetadata" | b"grounding_metadata" => grounding(cursor, tally)?,
            _ => {}
        }
        Ok(())
    })
}

/// The queries of Google Search that the answer rests on. Each chunk lists all of them.
fn grounding(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Result<(), Fault> {
    let mut queries = 0_u64;
    cursor.maybe_object(|cursor, key| match key {
        b"webSearchQueries" | b"web_search_queries" => cursor.maybe_list(|_| {
            queries = queries.saturating_add(1);
            Ok::<(), Fault>(())
        }),
        _ => Ok(()),
    })?;
    tally.searches_seen = tally.searches_seen.max(queries);
    Ok(())
}

fn read_usage(cursor: &mut Cursor<'_>, counts: &mut Counts) -> Result<(), Fault> {
    cursor.maybe_object(|cursor, key| match key {
        b"promptTokenCount" | b"prompt_token_count" => counts.take(|it| &mut it.input, cursor),
        b"candidatesTokenCount" | b"candidates_token_count" => counts.take(|it| &mut it.output, cursor),
        b"thoughtsTokenCount" | b"thoughts_token_count" => counts.take(|it| &mut it.reasoning, cursor),
        b"cachedContentTokenCount" | b"cached_content_token_count" => {
            counts.take(|it| &mut it.cache_read, cursor)
        }
        b"toolUsePromptTokenCount" | b"tool_use_prompt_token_count" => {
            counts.take(|it| &mut it.tool_input, cursor)
        }
        _ => Ok(()),
    })
}

/// Cached tokens are inside of the prompt, those of tools beside it; thoughts are
/// beside the answer and billed like it.
pub(crate) fn usage(counts: &Counts) -> Usage {
    let prompt = tokens(counts.input);
    let cached = tokens(counts.cache_read).min(prompt);
    let sum = |one: Tokens, two: Tokens| Tokens::new(one.count().saturating_add(two.count()));
    let thoughts = tokens(counts.reasoning);
    Usage {
        input: sum(prompt.less(cached), tokens(counts.tool_input)),
        output: sum(tokens(counts.output), thoughts),
        cache_read: cached,
        reasoning: thoughts,
        ..Usage::ZERO
    }
}

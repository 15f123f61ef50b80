//! What a chat completion says it used: as one object, or as chunks of which the
//! last may hold usage alone.

use domain::{Tokens, Usage};

use crate::json::{Cursor, Fault};
use crate::meter::Chunk;
use crate::reading::{Counts, Tally, said, tokens};

pub(crate) fn read(object: &[u8], tally: &mut Tally) -> Result<Chunk, Fault> {
    let mut cursor = Cursor::new(object);
    let (mut choices, mut has_usage) = (None, false);
    cursor.object(|cursor, key| match key {
        b"id" => tally.take_id(cursor),
        b"model" => tally.take_model(cursor),
        b"service_tier" => tally.take_tier(cursor),
        b"usage" => {
            has_usage = cursor.peek() == Some(b'{');
            read_usage(cursor, &mut tally.counts)
        }
        b"choices" => {
            let mut count = 0_u64;
            cursor.maybe_list(|cursor| {
                count = count.saturating_add(1);
                choice(cursor, tally)
            })?;
            choices = Some(count);
            Ok(())
        }
        b"error" => tally.take_error(cursor, &[b"code", b"type"]),
        _ => Ok(()),
    })?;
    cursor.end()?;
    let is_alone = has_usage && choices == Some(0);
    // Some providers repeat usage in every chunk; it is final once the answer has ended.
    tally.has_final_counts |= has_usage && (is_alone || tally.stop.is_some());
    Ok(if is_alone { Chunk::UsageAlone } else { Chunk::Answer })
}

fn choice(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Result<(), Fault> {
    cursor.maybe_object(|cursor, key| {
        match key {
            b"delta" | b"message" | b"text" => tally.say(said(cursor)?),
            b"finish_reason" => tally.take_stop(cursor)?,
            _ => {}
        }
        Ok(())
    })
}

/// Usage of OpenAI's APIs, which name the same things in two ways.
pub(crate) fn read_usage(cursor: &mut Cursor<'_>, counts: &mut Counts) -> Result<(), Fault> {
    cursor.maybe_object(|cursor, key| match key {
        b"prompt_tokens" | b"input_tokens" => counts.take(|it| &mut it.input, cursor),
        b"completion_tokens" | b"output_tokens" => counts.take(|it| &mut it.output, cursor),
        b"prompt_tokens_details" | b"input_tokens_details" => cursor.maybe_object(|cursor, key| match key {
            b"cached_tokens" => counts.take(|it| &mut it.cache_read, cursor),
            b"cache_write_tokens" => counts.take(|it| &mut it.cache_write, cursor),
            _ => Ok(()),
        }),
        b"completion_tokens_details" | b"output_tokens_details" => {
            cursor.maybe_object(|cursor, key| match key {
                b"reasoning_tokens" => counts.take(|it| &mut it.reasoning, cursor),
                _ => Ok(()),
            })
        }
        _ => Ok(()),
    })
}

/// Cached tokens are inside of input, reasoning inside of output. A part that is
/// larger than its whole counts as the whole.
pub(crate) fn usage(counts: &Counts) -> Usage {
    let (input, output) = (tokens(counts.input), tokens(counts.output));
    let cached: Tokens = tokens(counts.cache_read).min(input);
    let written = tokens(counts.cache_write).min(input.less(cached));
    Usage {
        input: input.less(cached).less(written),
        output,
        cache_read: cached,
        cache_write_5m: written,
        reasoning: tokens(counts.reasoning).min(output),
        ..Usage::ZERO
    }
}

//! What a Messages response says it used: as one message, or as a stream that
//! begins with an unfinished message and ends with its last counts.

use domain::{InferenceGeo, Speed, Tokens, Usage};

use crate::json::{Cursor, Fault};
use crate::meter::Chunk;
use crate::reading::{Advisor, Counts, Tally, name, said, tokens};

/// Blocks that the provider fills in itself: they are no output of the model.
const RESULTS: &str = "_tool_result";

pub(crate) fn read(object: &[u8], tally: &mut Tally) -> Result<Chunk, Fault> {
    let mut cursor = Cursor::new(object);
    let mut event = Event::default();
    cursor.object(|cursor, key| member(cursor, key, &mut event, tally))?;
    cursor.end()?;
    // A whole message, or the last counts of a stream.
    if event.has_usage && event.has_stop {
        tally.has_final_counts = true;
    }
    Ok(Chunk::Answer)
}

#[derive(Default)]
struct Event {
    has_usage: bool,
    has_stop: bool,
}

/// A member of an event, or of a whole message: their names do not overlap.
fn member(cursor: &mut Cursor<'_>, key: &[u8], event: &mut Event, tally: &mut Tally) -> Result<(), Fault> {
    match key {
        b"message" => {
            let mut begun = Event::default();
            cursor.maybe_object(|cursor, key| member(cursor, key, &mut begun, tally))
        }
        b"id" => tally.take_id(cursor),
        b"model" => tally.take_model(cursor),
        b"stop_reason" => {
            event.has_stop |= cursor.peek() == Some(b'"');
            tally.take_stop(cursor)
        }
        b"usage" => {
            event.has_usage |= cursor.peek() == Some(b'{');
            read_usage(cursor, tally)
        }
        b"delta" => delta(cursor, event, tally),
        b"content_block" => block(cursor, tally),
        b"content" => cursor.maybe_list(|cursor| block(cursor, tally)),
        b"error" => tally.take_error(cursor, &[b"type"]),
        _ => Ok(()),
    }
}

/// A piece of a block, or the end of the message.
fn delta(cursor: &mut Cursor<'_>, event: &mut Event, tally: &mut Tally) -> Result<(), Fault> {
    cursor.maybe_object(|cursor, key| {
        match key {
            b"text" | b"thinking" | b"partial_json" | b"signature" => tally.say(said(cursor)?),
            b"stop_reason" => {
                event.has_stop |= cursor.peek() == Some(b'"');
                tally.take_stop(cursor)?;
            }
            _ => {}
        }
        Ok(())
    })
}

fn block(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Result<(), Fault> {
    let (mut is_result, mut bytes) = (false, 0_u64);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"type" => is_result = name(cursor)?.is_some_and(|kind| kind.ends_with(RESULTS)),
            b"text" | b"thinking" | b"input" | b"signature" | b"data" | b"name" => {
                bytes = bytes.saturating_add(said(cursor)?);
            }
            _ => {}
        }
        Ok::<(), Fault>(())
    })?;
    if !is_result {
        tally.say(bytes);
    }
    Ok(())
}

fn read_usage(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Result<(), Fault> {
    cursor.maybe_object(|cursor, key| match key {
        b"service_tier" => tally.take_tier(cursor),
        b"speed" => {
            tally.speed = name(cursor)?.map(|it| Speed::from_name(&it).unwrap_or_default()).or(tally.speed);
            Ok(())
        }
        b"inference_geo" => {
            let geo = |it| if it == "us" { InferenceGeo::Us } else { InferenceGeo::Global };
            tally.geo = name(cursor)?.map(geo).or(tally.geo);
            Ok(())
        }
        b"iterations" if cursor.peek() == Some(b'[') => iterations(cursor, tally),
        key => count(cursor, key, &mut tally.counts),
    })
}

fn count(cursor: &mut Cursor<'_>, key: &[u8], counts: &mut Counts) -> Result<(), Fault> {
    match key {
        b"input_tokens" => counts.take(|it| &mut it.input, cursor),
        b"output_tokens" => counts.take(|it| &mut it.output, cursor),
        b"cache_read_input_tokens" => counts.take(|it| &mut it.cache_read, cursor),
        b"cache_creation_input_tokens" => counts.take(|it| &mut it.cache_write, cursor),
        b"cache_creation" => cursor.maybe_object(|cursor, key| match key {
            b"ephemeral_5m_input_tokens" => counts.take(|it| &mut it.cache_write_5m, cursor),
            b"ephemeral_1h_input_tokens" => counts.take(|it| &mut it.cache_write_1h, cursor),
            _ => Ok(()),
        }),
        b"server_tool_use" => cursor.maybe_object(|cursor, key| match key {
            b"web_search_requests" => counts.take(|it| &mut it.web_searches, cursor),
            _ => Ok(()),
        }),
        b"output_tokens_details" => cursor.maybe_object(|cursor, key| match key {
            b"thinking_tokens" => counts.take(|it| &mut it.reasoning, cursor),
            _ => Ok(()),
        }),
        _ => Ok(()),
    }
}

/// Steps of the call. An advisor's are in no total: each is a call of its own, under
/// its own model. Later lists take the place of earlier ones.
fn iterations(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Result<(), Fault> {
    tally.advisors.clear();
    let mut step = 0_u64;
    cursor.list(|cursor| {
        let (mut is_advisor, mut model, mut counts) = (false, None, Counts::default());
        cursor.maybe_object(|cursor, key| {
            match key {
                b"type" => is_advisor = name(cursor)?.is_some_and(|kind| kind == "advisor_message"),
                b"model" => model = name(cursor)?,
                key => count(cursor, key, &mut counts)?,
            }
            Ok::<(), Fault>(())
        })?;
        match model.filter(|_| is_advisor) {
            Some(model) if !counts.is_odd => {
                let usage = Usage { web_searches: counts.web_searches.unwrap_or_default(), ..usage(&counts) };
                tally.advise(Advisor { step, model: model.as_str().into(), usage });
            }
            None if !is_advisor => {}
            _ => tally.miss(),
        }
        step = step.saturating_add(1);
        Ok(())
    })
}

/// The split of cache writes by life is believed as far as it goes; what the total
/// has beyond it was written for five minutes, which is the provider's default.
pub(crate) fn usage(counts: &Counts) -> Usage {
    let (five, hour) = (tokens(counts.cache_write_5m), tokens(counts.cache_write_1h));
    let beyond = tokens(counts.cache_write).less(hour).less(five);
    let output = tokens(counts.output);
    Usage {
        input: tokens(counts.input),
        output,
        cache_read: tokens(counts.cache_read),
        cache_write_5m: Tokens::new(five.count().saturating_add(beyond.count())),
        cache_write_1h: hour,
        reasoning: tokens(counts.reasoning).min(output),
        web_searches: 0,
    }
}

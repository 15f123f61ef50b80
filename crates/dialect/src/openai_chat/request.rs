//! What the body of a chat completion asks for.

use domain::ServiceTier;

use crate::json::{Cursor, Inside};
use crate::request::{Draft, NotUnderstood, Place};
use crate::step::Failure;

type Read<T> = Result<T, NotUnderstood>;

/// Fields that never reach the model.
const OVERHEAD: [&[u8]; 20] = [
    b"frequency_penalty",
    b"logit_bias",
    b"logprobs",
    b"metadata",
    b"modalities",
    b"parallel_tool_calls",
    b"presence_penalty",
    b"prompt_cache_retention",
    b"safety_identifier",
    b"seed",
    b"stop",
    b"store",
    b"temperature",
    b"tool_choice",
    b"top_k",
    b"top_logprobs",
    b"top_p",
    b"usage",
    b"user",
    b"verbosity",
];

pub(crate) fn read(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<Inside> {
    cursor.object(|cursor, key| match key {
        b"model" => draft.model(cursor),
        b"stream" => draft.stream(cursor),
        b"stream_options" => stream_options(cursor, draft),
        b"max_tokens" => draft.limit("max_tokens", cursor),
        b"max_completion_tokens" => draft.limit("max_completion_tokens", cursor),
        b"n" => {
            draft.request.answers = draft.count("n", cursor)?.1.unwrap_or(1);
            Ok(())
        }
        b"reasoning_effort" => draft.effort("reasoning_effort", cursor),
        b"service_tier" => service_tier(cursor, draft),
        b"prompt_cache_key" => {
            let session = draft.word("prompt_cache_key", cursor)?;
            draft.session(&session.unwrap_or_default());
            Ok(())
        }
        b"web_search_options" if cursor.peek() == Some(b'{') => {
            draft.request.tools.search(None);
            draft.text(cursor)
        }
        b"messages" => {
            draft.prompt(cursor, |draft, cursor| cursor.maybe_list(|cursor| message(cursor, draft)))
        }
        b"tools" | b"functions" => draft.tools(cursor, |_, _| Ok(())),
        key if OVERHEAD.contains(&key) => Ok(()),
        _ => draft.text(cursor),
    })
}

/// The tier of OpenAI's APIs; `auto` and `default` are the standard.
pub(crate) fn service_tier(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    let tier = draft.word("service_tier", cursor)?;
    draft.request.terms.tier = tier.and_then(|it| ServiceTier::from_name(&it)).unwrap_or_default();
    Ok(())
}

fn stream_options(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    draft.once("stream_options", cursor)?;
    let place = match cursor.peek() {
        Some(b'{') => Place::Object(cursor.object(|cursor, key| {
            if key == b"include_usage" {
                let start = cursor.at();
                draft.request.reports_usage = draft.flag("stream_options.include_usage", cursor)?;
                draft.request.places.include_usage = Some(start..cursor.at());
            }
            Ok::<(), NotUnderstood>(())
        })?),
        Some(b'n') => Place::Null(cursor.value()?),
        _ => {
            let (field, at) = ("stream_options", cursor.at());
            return Err(NotUnderstood::WrongKind { field, at, expected: "an object" });
        }
    };
    draft.request.places.stream_options = Some(place);
    Ok(())
}

fn message(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    let (mut role, mut content) = (None, 0..0);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"role" => role = cursor.maybe_text()?,
            b"content" => {
                content = cursor.around(|cursor| cursor.maybe_list(|cursor| part(cursor, draft)))?;
            }
            _ => {}
        }
        Ok::<(), NotUnderstood>(())
    })?;
    let is = |name: &str| role.is_some_and(|role| role.is(name));
    if is("tool") || is("function") {
        draft.steps.result(content, Failure::Untold);
    } else if is("user") {
        draft.steps.prompt();
    } else {
        draft.steps.pause();
    }
    Ok(())
}

fn part(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    cursor.maybe_object(|cursor, key| match key {
        b"image_url" => cursor.maybe_object(|cursor, key| {
            if key == b"url" {
                draft.linked_image(cursor.maybe_text()?);
            }
            Ok(())
        }),
        b"input_audio" | b"file" | b"video_url" => cursor.maybe_object(|cursor, key| {
            match key {
                b"data" | b"file_data" => draft.document(cursor.maybe_text()?),
                b"file_id" | b"url" => draft.elsewhere(cursor)?,
                _ => {}
            }
            Ok(())
        }),
        _ => Ok(()),
    })
}

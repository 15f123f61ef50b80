//! What the body of a `generateContent` request asks for.

use crate::json::{Cursor, Inside};
use crate::request::{Draft, NotUnderstood, Place};
use crate::step::Failure;

type Read<T> = Result<T, NotUnderstood>;

pub(crate) fn read(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<Inside> {
    cursor.object(|cursor, key| match key {
        b"contents" => draft.prompt(cursor, |draft, cursor| turns(cursor, draft)),
        b"systemInstruction" | b"system_instruction" => {
            draft.prompt(cursor, |draft, cursor| contents(cursor, draft))
        }
        b"tools" => draft.tools(cursor, tool),
        b"generationConfig" | b"generation_config" => draft.prompt(cursor, generation_config),
        b"cachedContent" | b"cached_content" => draft.elsewhere(cursor),
        b"safetySettings" | b"safety_settings" | b"toolConfig" | b"tool_config" | b"labels" | b"model" => {
            Ok(())
        }
        _ => draft.text(cursor),
    })
}

/// A conversation: one turn or a list of them.
fn turns(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    match cursor.peek() {
        Some(b'[') => cursor.list(|cursor| turn(cursor, draft)),
        _ => turn(cursor, draft),
    }
}

/// What is not the model's is a person's, unless it holds results of functions.
fn turn(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    draft.steps.pause();
    let mut role = None;
    cursor.maybe_object(|cursor, key| {
        match key {
            b"role" => role = cursor.maybe_text()?,
            b"parts" => parts(cursor, draft)?,
            _ => {}
        }
        Ok::<(), NotUnderstood>(())
    })?;
    if !role.is_some_and(|role| role.is("model")) && !draft.steps.is_open() {
        draft.steps.prompt();
    }
    Ok(())
}

/// One content or a list of them.
fn contents(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    match cursor.peek() {
        Some(b'[') => cursor.list(|cursor| content(cursor, draft)),
        _ => content(cursor, draft),
    }
}

fn content(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    cursor.maybe_object(|cursor, key| match key {
        b"parts" => parts(cursor, draft),
        _ => Ok(()),
    })
}

fn parts(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    match cursor.peek() {
        Some(b'[') => cursor.list(|cursor| part(cursor, draft)),
        _ => part(cursor, draft),
    }
}

fn part(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    cursor.maybe_object(|cursor, key| match key {
        b"inlineData" | b"inline_data" => inline_data(cursor, draft),
        b"fileData" | b"file_data" => draft.elsewhere(cursor),
        b"thoughtSignature" | b"thought_signature" => {
            draft.request.prompt.seal(cursor.maybe_text()?);
            Ok(())
        }
        b"functionResponse" | b"function_response" => function_response(cursor, draft),
        _ => Ok(()),
    })
}

/// A function that failed says why in a member of its response.
fn function_response(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    let (mut response, mut is_failure) = (0..0, false);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"parts" => parts(cursor, draft)?,
            b"response" => {
                response = cursor.around(|cursor| {
                    cursor.maybe_object(|cursor, key| {
                        is_failure |= key == b"error" && cursor.peek() != Some(b'n');
                        Ok::<(), NotUnderstood>(())
                    })
                })?;
            }
            _ => {}
        }
        Ok::<(), NotUnderstood>(())
    })?;
    draft.steps.result(response, Failure::Stated(is_failure));
    Ok(())
}

fn inline_data(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    let (mut kind, mut data) = (None, None);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"mimeType" | b"mime_type" => kind = cursor.maybe_text()?,
            b"data" if data.is_some() => {
                return Err(NotUnderstood::Twice { field: "inlineData.data", at: cursor.at() });
            }
            b"data" => data = cursor.maybe_text()?,
            _ => {}
        }
        Ok(())
    })?;
    let Some(data) = data else { return Ok(()) };
    if kind.is_some_and(|kind| kind.begins("image/")) {
        draft.request.prompt.images.add(data.written_len());
    } else {
        draft.document(Some(data));
    }
    Ok(())
}

fn tool(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    cursor.maybe_object(|_, key| {
        match key {
            b"googleSearch" | b"google_search" | b"googleSearchRetrieval" | b"google_search_retrieval" => {
                draft.request.tools.search(None);
            }
            b"googleMaps" | b"google_maps" => draft.request.tools.other("googleMaps"),
            b"urlContext" | b"url_context" => draft.request.prompt.see_elsewhere(),
            _ => {}
        }
        Ok(())
    })
}

/// Schemas in it reach the model, so all of it counts as prompt.
fn generation_config(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Read<()> {
    draft.once("generationConfig", cursor)?;
    let place = match cursor.peek() {
        Some(b'{') => Place::Object(cursor.object(|cursor, key| match key {
            b"maxOutputTokens" | b"max_output_tokens" => {
                draft.limit("generationConfig.maxOutputTokens", cursor)
            }
            b"candidateCount" | b"candidate_count" => {
                let count = draft.count("generationConfig.candidateCount", cursor)?.1;
                draft.request.answers = count.unwrap_or(1);
                Ok(())
            }
            b"thinkingConfig" | b"thinking_config" => thinking(cursor, draft),
            _ => Ok(()),
        })?),
        Some(b'n') => Place::Null(cursor.value()?),
        _ => {
            let (field, at) = ("generationConfig", cursor.at());
            return Err(NotUnderstood::WrongKind { field, at, expected: "an object" });
        }
    };
    draft.request.places.generation_config = Some(place);
    Ok(())
}

/// A budget of -1 leaves it to the model.
fn thinking(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    cursor.maybe_object(|cursor, key| match key {
        b"thinkingBudget" | b"thinking_budget" => {
            draft.once("thinkingConfig.thinkingBudget", cursor)?;
            draft.request.reasoning.budget = cursor.maybe_count()?;
            Ok(())
        }
        b"thinkingLevel" | b"thinking_level" => draft.effort("thinkingConfig.thinkingLevel", cursor),
        _ => Ok(()),
    })
}

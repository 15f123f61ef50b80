//! What the body of a Responses request asks for.

use std::ops::Range;

use crate::json::{Cursor, Inside, Text};
use crate::openai_chat::request::service_tier;
use crate::request::{Draft, NAME_LIMIT, NotUnderstood};
use crate::step::Failure;

type Read<T> = Result<T, NotUnderstood>;

/// Fields that never reach the model.
const OVERHEAD: [&[u8]; 15] = [
    b"client_metadata",
    b"include",
    b"metadata",
    b"parallel_tool_calls",
    b"prompt_cache_retention",
    b"safety_identifier",
    b"store",
    b"stream_options",
    b"temperature",
    b"tool_choice",
    b"top_logprobs",
    b"top_p",
    b"truncation",
    b"user",
    b"verbosity",
];

/// Tools that the provider runs and bills beside the tokens, web search apart.
const PRICED: [&str; 4] = ["code_interpreter", "file_search", "image_generation", "shell"];

pub(crate) fn read(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<Inside> {
    let mut max_tool_calls = None;
    let inside = cursor.object(|cursor, key| match key {
        b"model" => draft.model(cursor),
        b"stream" => draft.stream(cursor),
        b"max_output_tokens" => draft.limit("max_output_tokens", cursor),
        b"background" => {
            draft.request.in_background = draft.flag("background", cursor)?;
            Ok(())
        }
        b"reasoning" => cursor.maybe_object(|cursor, key| match key {
            b"effort" => draft.effort("reasoning.effort", cursor),
            _ => Ok(()),
        }),
        b"max_tool_calls" => {
            max_tool_calls = draft.count("max_tool_calls", cursor)?.1;
            Ok(())
        }
        b"service_tier" => service_tier(cursor, draft),
        b"prompt_cache_key" => {
            let session = draft.word("prompt_cache_key", cursor)?;
            draft.session(&session.unwrap_or_default());
            Ok(())
        }
        b"previous_response_id" | b"conversation" | b"prompt" => draft.elsewhere(cursor),
        b"input" => draft.prompt(cursor, |draft, cursor| cursor.maybe_list(|cursor| turn(cursor, draft))),
        b"tools" => draft.tools(cursor, tool),
        key if OVERHEAD.contains(&key) => Ok(()),
        _ => draft.text(cursor),
    })?;
    if let Some(search) = &mut draft.request.tools.web_search {
        search.max_uses = max_tool_calls;
    }
    Ok(inside)
}

/// What an item is, besides what of it counts.
struct Item<'a> {
    kind: Option<Text<'a>>,
    role: Option<Text<'a>>,
    output: Range<usize>,
}

/// An item of the conversation.
fn turn(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    let Item { kind, role, output } = item(cursor, draft)?;
    if kind.is_some_and(|kind| kind.says_briefly(NAME_LIMIT).ends_with("_call_output")) {
        draft.steps.result(output, Failure::Untold);
    } else if role.is_some_and(|role| role.is("user")) {
        draft.steps.prompt();
    } else {
        draft.steps.pause();
    }
    Ok(())
}

/// A message, a call, its output or a piece of reasoning; or a part of a message's
/// content. What is not text has the same names in all of them.
fn item<'a>(cursor: &mut Cursor<'a>, draft: &mut Draft) -> Read<Item<'a>> {
    let (mut kind, mut role, mut result, mut output) = (None, None, None, 0..0);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"type" => kind = cursor.maybe_text()?,
            b"role" => role = cursor.maybe_text()?,
            b"content" => parts(cursor, draft)?,
            b"output" => output = cursor.around(|cursor| parts(cursor, draft))?,
            b"image_url" => draft.linked_image(cursor.maybe_text()?),
            b"file_data" => draft.document(cursor.maybe_text()?),
            b"input_audio" => cursor.maybe_object(|cursor, key| {
                if key == b"data" {
                    draft.document(cursor.maybe_text()?);
                }
                Ok::<(), NotUnderstood>(())
            })?,
            b"file_id" | b"file_url" => draft.elsewhere(cursor)?,
            b"encrypted_content" => draft.request.prompt.seal(cursor.maybe_text()?),
            b"result" => result = cursor.maybe_text()?,
            // Added in the middle of a conversation.
            b"tools" => cursor.maybe_list(|cursor| tool(cursor, draft))?,
            _ => {}
        }
        Ok::<(), NotUnderstood>(())
    })?;
    let is = |name: &str| kind.is_some_and(|kind| kind.is(name));
    if is("image_generation_call")
        && let Some(result) = result
    {
        draft.request.prompt.images.add(result.written_len());
    }
    if is("item_reference") {
        draft.request.prompt.see_elsewhere();
    }
    Ok(Item { kind, role, output })
}

/// Parts of a message or of an output, which may be a text as well.
fn parts(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    match cursor.peek() {
        Some(b'[') => cursor.list(|cursor| item(cursor, draft).map(drop)),
        Some(b'{') => item(cursor, draft).map(drop),
        _ => Ok(()),
    }
}

fn tool(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    let mut kind = None;
    cursor.maybe_object(|cursor, key| {
        if key == b"type" {
            kind = cursor.maybe_text()?.map(|it| it.says_briefly(NAME_LIMIT));
        }
        Ok::<(), NotUnderstood>(())
    })?;
    let Some(kind) = kind else { return Ok(()) };
    if kind.starts_with("web_search") {
        draft.request.tools.search(None);
    } else if kind == "mcp" {
        draft.request.prompt.see_elsewhere();
    } else if PRICED.contains(&kind.as_str()) {
        draft.request.tools.other(&kind);
    }
    Ok(())
}

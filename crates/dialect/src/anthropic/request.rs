//! What the body of a Messages request asks for.

use domain::{InferenceGeo, ServiceTier, Speed};

use crate::json::{Cursor, Inside, Text};
use crate::request::{CacheLife, Draft, NAME_LIMIT, NotUnderstood};
use crate::step::Failure;

type Read<T> = Result<T, NotUnderstood>;

/// Fields that never reach the model.
const OVERHEAD: [&[u8]; 9] = [
    b"anthropic_beta",
    b"anthropic_version",
    b"container",
    b"context_management",
    b"stop_sequences",
    b"temperature",
    b"tool_choice",
    b"top_k",
    b"top_p",
];

pub(crate) fn read(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<Inside> {
    cursor.object(|cursor, key| match key {
        b"model" => draft.model(cursor),
        b"stream" => draft.stream(cursor),
        b"max_tokens" => draft.limit("max_tokens", cursor),
        b"messages" => {
            draft.prompt(cursor, |draft, cursor| cursor.maybe_list(|cursor| message(cursor, draft)))
        }
        b"system" => draft.prompt(cursor, |draft, cursor| blocks(cursor, draft)),
        b"tools" => draft.tools(cursor, tool),
        b"thinking" => thinking(cursor, draft),
        b"output_config" => draft.prompt(cursor, output_config),
        b"metadata" => metadata(cursor, draft),
        b"cache_control" => cache_control(cursor, draft),
        b"mcp_servers" => cursor.maybe_list(|cursor| draft.elsewhere(cursor)),
        b"service_tier" | b"speed" | b"inference_geo" => terms(key, cursor, draft),
        key if OVERHEAD.contains(&key) => Ok(()),
        _ => draft.text(cursor),
    })
}

fn terms(key: &[u8], cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    match key {
        b"service_tier" => {
            let tier = draft.word("service_tier", cursor)?;
            draft.request.terms.tier = tier.and_then(|it| ServiceTier::from_name(&it)).unwrap_or_default();
        }
        b"speed" => {
            let speed = draft.word("speed", cursor)?;
            draft.request.terms.speed = speed.and_then(|it| Speed::from_name(&it)).unwrap_or_default();
        }
        _ => {
            let is_us = draft.word("inference_geo", cursor)?.is_some_and(|geo| geo == "us");
            draft.request.terms.geo = if is_us { InferenceGeo::Us } else { InferenceGeo::Global };
        }
    }
    Ok(())
}

/// What a person says has no results of tools in it. Reminders of a tool may stand beside them.
fn message(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    draft.steps.pause();
    let role = block(cursor, draft)?;
    if role.is_none_or(|role| role.is("user")) && !draft.steps.is_open() {
        draft.steps.prompt();
    }
    Ok(())
}

/// Content: a block, or a list of them.
fn blocks(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    match cursor.peek() {
        Some(b'[') => cursor.list(|cursor| block(cursor, draft).map(drop)),
        Some(b'{') => block(cursor, draft).map(drop),
        _ => Ok(()),
    }
}

/// A message, or a block of content. Only blocks hold what is not text. Gives the role.
fn block<'a>(cursor: &mut Cursor<'a>, draft: &mut Draft) -> Read<Option<Text<'a>>> {
    let (mut kind, mut data, mut source, mut role) = (None, None, None, None);
    let (mut content, mut is_error) = (0..0, false);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"role" => role = cursor.maybe_text()?,
            b"type" => kind = once(kind, "type", cursor)?,
            b"is_error" => is_error = cursor.is_true()?,
            b"data" => data = once(data, "data", cursor)?,
            b"source" => source = Some(self::source(cursor, draft)?),
            b"content" => content = cursor.around(|cursor| blocks(cursor, draft))?,
            b"tool" => added_tool(cursor, draft)?,
            b"cache_control" => cache_control(cursor, draft)?,
            b"signature" => draft.request.prompt.seal(cursor.maybe_text()?),
            _ => {}
        }
        Ok::<(), NotUnderstood>(())
    })?;
    let is = |name: &str| kind.is_some_and(|kind| kind.is(name));
    if is("redacted_thinking") {
        draft.request.prompt.seal(data);
    }
    if is("tool_result") {
        draft.steps.result(content, Failure::Stated(is_error));
    }
    match source {
        Some(Source::Encoded(data)) if is("image") => draft.request.prompt.images.add(data.written_len()),
        Some(Source::Encoded(data)) => draft.document(Some(data)),
        Some(Source::Elsewhere) => draft.request.prompt.see_elsewhere(),
        Some(Source::Text) | None => {}
    }
    Ok(role)
}

/// Where the content of an image or document is.
enum Source<'a> {
    Encoded(Text<'a>),
    Elsewhere,
    /// In the block, as text or blocks.
    Text,
}

fn source<'a>(cursor: &mut Cursor<'a>, draft: &mut Draft) -> Read<Source<'a>> {
    let (mut kind, mut data) = (None, None);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"type" => kind = once(kind, "source.type", cursor)?,
            b"data" => data = once(data, "source.data", cursor)?,
            b"content" => blocks(cursor, draft)?,
            _ => {}
        }
        Ok::<(), NotUnderstood>(())
    })?;
    let is = |name: &str| kind.is_some_and(|kind| kind.is(name));
    Ok(match data {
        Some(data) if is("base64") => Source::Encoded(data),
        _ if is("url") || is("file") => Source::Elsewhere,
        _ => Source::Text,
    })
}

/// A text that may stand in its object once.
fn once<'a>(
    before: Option<Text<'a>>,
    field: &'static str,
    cursor: &mut Cursor<'a>,
) -> Read<Option<Text<'a>>> {
    if before.is_some() {
        return Err(NotUnderstood::Twice { field, at: cursor.at() });
    }
    Ok(cursor.maybe_text()?)
}

/// A tool that is added in the middle of a conversation, by its definition or by name.
fn added_tool(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    cursor.maybe_object(|cursor, key| match key {
        b"definition" => tool(cursor, draft),
        _ => Ok(()),
    })
}

fn tool(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    let (mut kind, mut max_uses) = (None, None);
    cursor.maybe_object(|cursor, key| {
        match key {
            b"type" => kind = once(kind, "tools.type", cursor)?,
            b"max_uses" => max_uses = cursor.maybe_count()?,
            b"cache_control" => cache_control(cursor, draft)?,
            _ => {}
        }
        Ok::<(), NotUnderstood>(())
    })?;
    let Some(kind) = kind else { return Ok(()) };
    let tools = &mut draft.request.tools;
    if kind.begins("web_search") {
        tools.search(max_uses);
    } else if kind.begins("code_execution") || kind.begins("advisor") {
        tools.other(&kind.says_briefly(NAME_LIMIT));
    }
    Ok(())
}

/// The longest life counts: all of a prompt may turn out to be written for it.
fn cache_control(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    if cursor.peek() != Some(b'{') {
        return Ok(cursor.pass()?);
    }
    let mut life = CacheLife::FiveMinutes;
    cursor.object(|cursor, key| {
        if key == b"ttl" && cursor.maybe_text()?.is_some_and(|ttl| !ttl.is("5m")) {
            life = CacheLife::OneHour;
        }
        Ok::<(), NotUnderstood>(())
    })?;
    draft.request.cache = draft.request.cache.max(Some(life));
    Ok(())
}

fn thinking(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    draft.once("thinking", cursor)?;
    cursor.maybe_object(|cursor, key| {
        if key == b"budget_tokens" {
            draft.request.reasoning.budget = draft.count("thinking.budget_tokens", cursor)?.1;
        }
        Ok(())
    })
}

fn output_config(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Read<()> {
    cursor.maybe_object(|cursor, key| match key {
        b"effort" => draft.effort("output_config.effort", cursor),
        _ => Ok(()),
    })
}

fn metadata(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Read<()> {
    cursor.maybe_object(|cursor, key| {
        if key == b"user_id"
            && let Some(user) = cursor.maybe_text()?
            && let Some(session) = session(&user.bytes())
        {
            draft.session(&session);
        }
        Ok(())
    })
}

/// Claude Code writes JSON into this text; older versions a name in parts,
/// `user_…_account_…_session_…`.
fn session(user_id: &[u8]) -> Option<String> {
    let mut session = None;
    let mut cursor = Cursor::new(user_id);
    if cursor.peek() == Some(b'{') {
        let read = cursor.object(|cursor, key| {
            if key == b"session_id" {
                session = cursor.maybe_text()?.map(|it| it.says());
            }
            Ok::<(), NotUnderstood>(())
        });
        return session.filter(|_| read.is_ok());
    }
    let (_, session) = str::from_utf8(user_id).ok()?.rsplit_once("_session_")?;
    Some(session.to_owned())
}

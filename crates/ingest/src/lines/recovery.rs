//! Whole records in bytes that are not one record.
//!
//! A writer that dies in the middle of a record leaves its beginning, and the
//! next one goes on in the same line. Two writers, or one that forgets a line
//! end, leave several records in a line.

use std::ops::Range;

use memchr::memmem;
use serde::de::IgnoredAny;

/// Places behind a tear that may be tried as the beginning of a record.
const ATTEMPTS: usize = 64;

/// The first fields of the tools' records.
const FIRST_FIELDS: [&[u8]; 15] = [
    b"$set",
    b"agentId",
    b"cwd",
    b"id",
    b"isSidechain",
    b"kind",
    b"messageId",
    b"ordinal",
    b"parentUuid",
    b"sessionId",
    b"session_id",
    b"summary",
    b"timestamp",
    b"type",
    b"uuid",
];

/// A part of what was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole JSON object.
    Whole(Range<usize>),
    /// From here to the next piece stands something that the next one cut off.
    Torn(usize),
    /// From here on there is nothing whole.
    Lost(usize),
}

/// What the bytes consist of, in their order.
pub(super) fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut attempts = ATTEMPTS;
    let mut at = 0_usize;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let rest = rest.get(space..).unwrap_or_default();
        at = at.saturating_add(space);
        if rest.is_empty() {
            return pieces;
        }
        if let Some(length) = whole(rest) {
            let end = at.saturating_add(length);
            pieces.push(Piece::Whole(at..end));
            at = end;
        } else if let Some(next) = next_record(rest, &mut attempts) {
            pieces.push(Piece::Torn(at));
            at = at.saturating_add(next);
        } else {
            pieces.push(Piece::Lost(at));
            return pieces;
        }
    }
}

/// Whether the bytes are whole JSON objects and nothing else.
pub(super) fn all_whole(bytes: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    bytes.starts_with(b"{") && values.all(|value| value.is_ok())
}

/// The length of the object that the bytes begin with, if it is whole.
fn whole(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"{") {
        return None;
    }
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

/// Where behind the first byte a whole record begins. What is inside of a torn
/// record may look like one, but is followed by more of it.
fn next_record(bytes: &[u8], attempts: &mut usize) -> Option<usize> {
    let mut behind = 1_usize;
    for start in memmem::find_iter(bytes, b"{\"") {
        let Some(rest) = bytes.get(start..).filter(|rest| start >= behind && begins_record(rest)) else {
            continue;
        };
        if let Some(length) = whole(rest) {
            let next = rest.get(length..).unwrap_or_default();
            if next.is_empty() || next.starts_with(b"\n") || next.starts_with(b"{\"") {
                return Some(start);
            }
            behind = start.saturating_add(length);
        } else {
            *attempts = attempts.checked_sub(1)?;
        }
    }
    None
}

fn begins_record(bytes: &[u8]) -> bool {
    let Some(name) = bytes.strip_prefix(b"{\"") else { return false };
    FIRST_FIELDS.iter().any(|field| name.strip_prefix(*field).is_some_and(|behind| behind.starts_with(b"\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole pieces as they stand, torn ones and lost ones by their place.
    fn check(input: &str, expected: &[&str]) {
        let shown: Vec<String> = pieces(input.as_bytes())
            .into_iter()
            .map(|piece| match piece {
                Piece::Whole(range) => input.get(range).unwrap().to_owned(),
                Piece::Torn(at) => format!("torn {at}"),
                Piece::Lost(at) => format!("lost {at}"),
            })
            .collect();
        assert_eq!(shown, expected, "{input}");
        let whole = shown.iter().all(|piece| piece.starts_with('{'));
        assert_eq!(all_whole(input.as_bytes()), whole, "{input}");
    }

    #[test]
    fn whole_records_in_a_line_are_taken_apart() {
        check(r#"{"a":1}"#, &[r#"{"a":1}"#]);
        check(r#"{"a":1}{"b":{}} {"c":3}"#, &[r#"{"a":1}"#, r#"{"b":{}}"#, r#"{"c":3}"#]);
    }

    #[test]
    fn records_around_a_tear_are_found() {
        check(r#"{"type":"x","a":{"id":1{"uuid":2}"#, &["torn 0", r#"{"uuid":2}"#]);
        check(r#"{"a":1}{"b":"cut{"id":2}{"z":3}"#, &[r#"{"a":1}"#, "torn 7", r#"{"id":2}"#, r#"{"z":3}"#]);
        check(r#"{"a":1}{"b":{"id":2},"#, &[r#"{"a":1}"#, "lost 7"]);
    }

    #[test]
    fn what_is_inside_of_a_torn_record_is_no_record() {
        check(
            r#"{"type":"x","content":[{"type":"text","text":"{\"id\":1}"},{"type":"text"{"uuid":2}"#,
            &["torn 0", r#"{"uuid":2}"#],
        );
        check(r#"{"type":"x","usage":{"n":1}"#, &["lost 0"]);
        check("noise", &["lost 0"]);
    }

    #[test]
    fn looking_for_a_record_has_an_end() {
        let mut input = r#"{"id":["#.repeat(ATTEMPTS + 2);
        input.push_str(r#"{"uuid":2}"#);
        check(&input, &["lost 0"]);
    }
}

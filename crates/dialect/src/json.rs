//! A cursor over JSON: looks at every byte once and builds nothing.
//!
//! Requests are long prompts with a few small fields that matter, and each is
//! wanted with its place in the body. So a reader walks the members it knows and
//! passes over the rest; a text is searched for its end, many bytes at a time.
//! What is passed over must have the grammar of JSON, but for two things: an
//! escape may be any, and depth ends at [`DEPTH_LIMIT`].

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};

/// Objects and lists inside of each other.
const DEPTH_LIMIT: usize = 256;

/// Texts this long are looked through without calling for help.
const SHORT: usize = 48;

/// The bytes are not the JSON that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where, in bytes from the beginning.
    pub(crate) at: usize,
    /// What was expected there.
    pub(crate) expected: &'static str,
}

/// A text of JSON, as it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    /// What is between the quotes.
    inside: &'a [u8],
    /// Known to have no escapes.
    is_plain: bool,
}

impl<'a> Text<'a> {
    /// How long it is, escapes as they are written.
    pub(crate) fn written_len(&self) -> u64 {
        length(self.inside)
    }

    /// The bytes that it says, or those that are written where an escape is odd.
    pub(crate) fn bytes(&self) -> Cow<'a, [u8]> {
        if self.is_plain || memchr(b'\\', self.inside).is_none() {
            return Cow::Borrowed(self.inside);
        }
        match serde_json::from_slice::<String>(&quoted(self.inside)) {
            Ok(text) => Cow::Owned(text.into_bytes()),
            Err(_) => Cow::Borrowed(self.inside),
        }
    }

    /// What it says, with a mark in place of odd bytes.
    pub(crate) fn says(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// What it says, at most so many bytes of it.
    pub(crate) fn says_briefly(&self, limit: usize) -> String {
        let mut text = self.says();
        let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text
    }

    pub(crate) fn is(&self, text: &str) -> bool {
        self.bytes().as_ref() == text.as_bytes()
    }

    /// Whether it begins so, for beginnings that nobody writes with escapes.
    pub(crate) fn begins(&self, start: &str) -> bool {
        self.inside.starts_with(start.as_bytes())
    }
}

/// A length as a count that is added up.
pub(crate) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn quoted(inside: &[u8]) -> Vec<u8> {
    [b"\"", inside, b"\""].concat()
}

/// Where a reader is in the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

type Done = Result<(), Fault>;

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// The position of the next byte.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) const fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.at, expected }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is not white space, and stays.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(*byte);
            }
            self.at = self.at.saturating_add(1);
        }
        None
    }

    fn step(&mut self, by: usize) {
        self.at = self.at.saturating_add(by).min(self.bytes.len());
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Done {
        if self.peek() != Some(byte) {
            return Err(self.fault(expected));
        }
        self.step(1);
        Ok(())
    }

    /// Nothing but white space is left.
    pub(crate) fn end(&mut self) -> Done {
        if self.peek().is_some() { Err(self.fault("the end of the JSON")) } else { Ok(()) }
    }

    /// An object, member by member. What `member` does not read of a value is
    /// passed over. Gives the position behind the opening brace, and whether
    /// there was any member.
    pub(crate) fn object<E: From<Fault>>(
        &mut self,
        mut member: impl FnMut(&mut Self, &[u8]) -> Result<(), E>,
    ) -> Result<Inside, E> {
        self.open(b'{', "an object")?;
        let mut inside = Inside { at: self.at, is_empty: true };
        while self.another(b'}', inside.is_empty)? {
            inside.is_empty = false;
            let key = self.text()?;
            self.expect(b':', "`:` behind a name")?;
            self.peek();
            let before = self.at;
            member(self, &key.bytes())?;
            if self.at == before {
                self.pass()?;
            }
        }
        Ok(inside)
    }

    /// A list, element by element; what `element` does not read is passed over.
    pub(crate) fn list<E: From<Fault>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(b'[', "a list")?;
        let mut is_first = true;
        while self.another(b']', is_first)? {
            is_first = false;
            self.peek();
            let before = self.at;
            element(self)?;
            if self.at == before {
                self.pass()?;
            }
        }
        Ok(())
    }

    /// An object, or anything else, which is passed over.
    pub(crate) fn maybe_object<E: From<Fault>>(
        &mut self,
        member: impl FnMut(&mut Self, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.peek() == Some(b'{') { self.object(member).map(drop) } else { Ok(self.pass()?) }
    }

    /// A list, or anything else, which is passed over.
    pub(crate) fn maybe_list<E: From<Fault>>(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.peek() == Some(b'[') { self.list(element) } else { Ok(self.pass()?) }
    }

    /// A text, or nothing of anything else.
    pub(crate) fn maybe_text(&mut self) -> Result<Option<Text<'a>>, Fault> {
        if self.peek() == Some(b'"') { self.text().map(Some) } else { self.pass().map(|()| None) }
    }

    /// A whole number, or nothing of anything else.
    pub(crate) fn maybe_count(&mut self) -> Result<Option<u64>, Fault> {
        let value = self.value()?;
        Ok(self.bytes.get(value).and_then(whole_number))
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&mut self) -> Result<bool, Fault> {
        let value = self.value()?;
        Ok(self.bytes.get(value) == Some(b"true"))
    }

    /// Any value: where it stands.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, Fault> {
        self.peek();
        let start = self.at;
        self.pass()?;
        Ok(start..self.at)
    }

    /// Any value, of which `walk` reads what it knows: where it stands.
    pub(crate) fn around<E: From<Fault>>(
        &mut self,
        walk: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<Range<usize>, E> {
        self.peek();
        let start = self.at;
        walk(self)?;
        if self.at == start {
            self.pass()?;
        }
        Ok(start..self.at)
    }

    /// A text; the next byte that is not white space is its first quote.
    pub(crate) fn text(&mut self) -> Result<Text<'a>, Fault> {
        self.expect(b'"', "a text")?;
        let rest = self.rest();
        let mut known = 0_usize;
        while known < SHORT {
            let Some(word) = rest.get(known..).and_then(<[u8]>::first_chunk) else { break };
            let plain = plain_bytes(*word);
            known = known.saturating_add(plain);
            if plain < word.len() {
                break;
            }
        }
        if rest.get(known) == Some(&b'"') {
            self.step(known.saturating_add(1));
            return Ok(Text { inside: rest.get(..known).unwrap_or_default(), is_plain: true });
        }
        let unknown = rest.get(known..).unwrap_or_default();
        for quote in memchr_iter(b'"', unknown) {
            let end = known.saturating_add(quote);
            let inside = rest.get(..end).unwrap_or_default();
            if !ends_in_escape(inside) {
                self.step(end.saturating_add(1));
                return Ok(Text { inside, is_plain: false });
            }
        }
        self.at = self.bytes.len();
        Err(self.fault("the end of a text"))
    }

    /// Passes over any value.
    pub(crate) fn pass(&mut self) -> Done {
        match self.peek() {
            Some(b'"') => self.text().map(drop),
            Some(b'{') => self.object(|_, _| Ok::<(), Fault>(())).map(drop),
            Some(b'[') => self.list(|_| Ok::<(), Fault>(())),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => Err(self.fault("a value")),
        }
    }

    fn open(&mut self, bracket: u8, expected: &'static str) -> Done {
        self.expect(bracket, expected)?;
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_LIMIT {
            return Err(self.fault("fewer objects and lists inside of each other"));
        }
        Ok(())
    }

    /// Whether another item follows, behind its comma.
    fn another(&mut self, end: u8, is_first: bool) -> Result<bool, Fault> {
        if self.peek() == Some(end) {
            self.step(1);
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if !is_first {
            self.expect(b',', "`,` or the end of an object or list")?;
        }
        Ok(true)
    }

    fn number(&mut self) -> Done {
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let length = self.rest().iter().take_while(is_part).count();
        let number = self.rest().get(..length).unwrap_or_default();
        let is_plain = number.iter().all(u8::is_ascii_digit) && !number.starts_with(b"0");
        if !is_plain && serde_json::from_slice::<&serde_json::value::RawValue>(number).is_err() {
            return Err(self.fault("a number"));
        }
        self.step(length);
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Done {
        if !self.rest().starts_with(word) {
            return Err(self.fault("a value"));
        }
        self.step(word.len());
        Ok(())
    }
}

/// The inside of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Behind the opening brace.
    pub(crate) at: usize,
    /// Without any member.
    pub(crate) is_empty: bool,
}

/// Whether the last byte begins an escape: it is one of an odd number of backslashes.
fn ends_in_escape(inside: &[u8]) -> bool {
    if inside.last() != Some(&b'\\') {
        return false;
    }
    let run = inside.iter().rev().take_while(|byte| **byte == b'\\').count();
    run % 2 == 1
}

/// A whole number however it is written: `12`, `12.0`, `"12"`.
fn whole_number(written: &[u8]) -> Option<u64> {
    let written = written.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\"")).unwrap_or(written);
    let zeros = memrchr(b'.', written).and_then(|dot| written.get(dot.saturating_add(1)..));
    let whole = match zeros {
        Some(zeros) if !zeros.is_empty() && zeros.iter().all(|byte| *byte == b'0') => {
            let fraction = zeros.len().saturating_add(1);
            written.get(..written.len().saturating_sub(fraction))?
        }
        _ => written,
    };
    if whole.is_empty() || !whole.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(whole).ok()?.parse().ok()
}

/// How many of the first bytes stand for themselves in a text.
fn plain_bytes(bytes: [u8; 8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let word = u64::from_le_bytes(bytes);
    // Sets the high bit of the first byte that is zero, and of no earlier one.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let is = |byte: u8| zero(word ^ ONES.wrapping_mul(u64::from(byte)));
    let special = is(b'"') | is(b'\\');
    usize::try_from(special.trailing_zeros() / 8).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const SAMPLES: [&str; 12] = [
        r#"{"a":"x","b":[1,-2.5e3,"y\"\\\n\u00e9",{"c":null}],"d":{"e":true,"f":false}}"#,
        r#" { "a" : [ ] , "b" : { } , "c" : "" } "#,
        r#"[[],[[0,-0,10,1E+2,0.5]],"é",{"é":"\ud83d\ude00"}]"#,
        r#"{"a":"\\","b":"\\\"","c":"\\\\","d":"\\\\\\\""}"#,
        r#"{"a":1}{"b":2}"#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"[1 2]"#,
        r#"{a:1}"#,
        "[01]",
        "[1.]",
        "",
    ];

    fn is_read(json: &[u8]) -> bool {
        let mut cursor = Cursor::new(json);
        cursor.pass().and_then(|()| cursor.end()).is_ok()
    }

    /// Passes over what `serde_json` reads, and refuses what it refuses, but for
    /// odd escapes, raw control characters and bytes that are not UTF-8.
    fn check(json: &[u8]) {
        let shown = String::from_utf8_lossy(json);
        let known = serde_json::from_slice::<Value>(json).is_ok();
        let forgiven = shown.contains(['\\', '\n', '\t', '\0', char::REPLACEMENT_CHARACTER]);
        assert!(is_read(json) == known || (forgiven && !known), "{shown}");
    }

    #[test]
    fn passes_over_json_and_nothing_else() {
        for sample in SAMPLES.map(str::as_bytes) {
            check(sample);
            for at in 0..sample.len() {
                check(&sample[..at]);
                check(&sample[at..]);
                for byte in *b"\"\\{}[],:0-e \n\0tn\xFF" {
                    let mut changed = sample.to_vec();
                    changed[at] = byte;
                    check(&changed);
                    changed.insert(at, sample[at]);
                    check(&changed);
                }
            }
        }
    }

    #[test]
    fn texts_end_where_they_end_at_any_length() {
        for length in 0..3 * SHORT {
            for end in ["", "\\\"", "\\\\", "\\n", "\\\\\\\"", "é"] {
                let said = format!("\"{}{end}\"", "x".repeat(length));
                let mut cursor = Cursor::new(said.as_bytes());
                let text = cursor.text().unwrap();
                assert_eq!(cursor.end(), Ok(()), "{said}");
                assert_eq!(text.says(), serde_json::from_str::<String>(&said).unwrap());
            }
        }
    }

    #[test]
    fn whole_numbers_are_read_however_they_are_written() {
        for (written, number) in [
            ("12", Some(12)),
            ("12.0", Some(12)),
            ("\"12\"", Some(12)),
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-1", None),
            ("1.5", None),
            ("1e3", None),
            ("null", None),
            ("\"\"", None),
            ("{}", None),
        ] {
            assert_eq!(Cursor::new(written.as_bytes()).maybe_count(), Ok(number), "{written}");
        }
    }

    #[test]
    fn depth_ends_somewhere() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(is_read(&nested(DEPTH_LIMIT)));
        assert!(!is_read(&nested(DEPTH_LIMIT + 1)));
    }

    #[test]
    fn a_text_is_cut_between_letters() {
        let mut cursor = Cursor::new("\"aé\"".as_bytes());
        assert_eq!(cursor.text().unwrap().says_briefly(2), "a");
    }
}

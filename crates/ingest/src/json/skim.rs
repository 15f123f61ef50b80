//! Reading records of which little is asked for.
//!
//! Most of a log is text that nobody asks for: prompts, code, the output of tools.
//! `serde_json` looks at every escape in it; [`read`] looks for its end alone, many
//! bytes at a time. What is asked for is left to `serde_json`, one number or text
//! at a time, so that both give the same values and refuse the same records, but
//! for two things in what is passed over: an escape may be any, and depth ends at
//! [`DEPTH_LIMIT`].

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Objects and lists inside of each other, in what is passed over.
const DEPTH_LIMIT: usize = 512;

/// Texts this long are looked through without calling for help.
const SHORT: usize = 48;

/// Reads a JSON value, and nothing behind it but white space.
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    finish(Skimmer { rest: bytes, odd: Odd::Refused }).ok()
}

/// The same, but a text or number that says nothing, as half of a letter in two parts or a
/// number beyond all that there are, reads as null. Where it fails, how many bytes were
/// read before that.
pub(crate) fn read_leniently<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, usize> {
    finish(Skimmer { rest: bytes, odd: Odd::Null })
}

fn finish<'a, T: Deserialize<'a>>(mut skimmer: Skimmer<'a>) -> Result<T, usize> {
    let length = skimmer.rest.len();
    let value = T::deserialize(&mut skimmer);
    let is_whole = skimmer.peek().is_none();
    value.ok().filter(|_| is_whole).ok_or_else(|| length.saturating_sub(skimmer.rest.len()))
}

/// A value as it stands, for [`read`] alone. Its texts may be other than UTF-8.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl<'a> Raw<'a> {
    /// The value as text, with a mark in place of odd bytes.
    pub(crate) fn text(self) -> Cow<'a, str> {
        str::from_utf8(self.0).map_or_else(|_| String::from_utf8_lossy(self.0), Cow::Borrowed)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(deserializer).map(Self)
    }
}

/// Why a value cannot be read: nobody asks.
#[derive(Debug, thiserror::Error)]
#[error("not the expected JSON")]
struct Fault;

impl de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl From<serde_json::Error> for Fault {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// A text of JSON.
#[derive(Clone, Copy)]
struct Text<'a> {
    /// As it stands.
    quoted: &'a [u8],
    /// What it says, if that is known without looking for escapes.
    plain: Option<&'a [u8]>,
}

struct Skimmer<'a> {
    /// What was not looked at yet.
    rest: &'a [u8],
    odd: Odd,
}

/// What becomes of a text or number that says nothing.
#[derive(Clone, Copy)]
enum Odd {
    /// It and all around it cannot be read.
    Refused,
    /// It reads as null.
    Null,
}

impl<'a> Skimmer<'a> {
    /// The next byte that is not white space, and stays.
    fn peek(&mut self) -> Option<u8> {
        while let [byte, rest @ ..] = self.rest {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(*byte);
            }
            self.rest = rest;
        }
        None
    }

    /// The next byte that is not white space.
    fn next(&mut self) -> Result<u8, Fault> {
        let byte = self.peek().ok_or(Fault)?;
        self.take(1)?;
        Ok(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.next()? == byte { Ok(()) } else { Err(Fault) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Fault)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The rest of a word, behind its first byte.
    fn word(&mut self, rest: &[u8]) -> Result<(), Fault> {
        if self.take(rest.len())? == rest { Ok(()) } else { Err(Fault) }
    }

    /// A text; the next byte is its first quote.
    fn text(&mut self) -> Result<Text<'a>, Fault> {
        let mut length = 1_usize;
        while length < SHORT {
            let Some(word) = self.rest.get(length..).and_then(<[u8]>::first_chunk) else { break };
            let plain = plain_bytes(*word);
            length = length.saturating_add(plain);
            if plain < word.len() {
                break;
            }
        }
        if self.rest.get(length) == Some(&b'"') {
            let quoted = self.take(length.saturating_add(1))?;
            return Ok(Text { quoted, plain: quoted.get(1..length) });
        }
        loop {
            let behind = self.rest.get(length..).ok_or(Fault)?;
            length = length.saturating_add(memchr(b'"', behind).ok_or(Fault)?);
            let before = self.rest.get(..length).ok_or(Fault)?;
            length = length.saturating_add(1);
            // An escaped quote is behind an odd number of backslashes.
            if before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0 {
                let least = before.iter().fold(u8::MAX, |least, byte| least.min(*byte));
                return if least < b' ' {
                    Err(Fault)
                } else {
                    Ok(Text { quoted: self.take(length)?, plain: None })
                };
            }
        }
    }

    /// A number, not looked at further.
    fn number(&mut self) -> Result<&'a [u8], Fault> {
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        self.take(self.rest.iter().take_while(is_part).count())
    }

    /// Any value, as it stands.
    fn value(&mut self) -> Result<&'a [u8], Fault> {
        self.peek();
        let before = self.rest;
        self.pass(DEPTH_LIMIT)?;
        before.get(..before.len().saturating_sub(self.rest.len())).ok_or(Fault)
    }

    /// Passes over any value.
    fn pass(&mut self, depth: usize) -> Result<(), Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault)?;
        match self.peek().ok_or(Fault)? {
            b'"' => self.text().map(drop),
            b'{' => {
                let mut members = Items::new(self, b'}')?;
                while members.another()? {
                    if members.skimmer.peek() != Some(b'"') {
                        return Err(Fault);
                    }
                    members.skimmer.text()?;
                    members.skimmer.expect(b':')?;
                    members.skimmer.pass(depth)?;
                }
                Ok(())
            }
            b'[' => {
                let mut elements = Items::new(self, b']')?;
                while elements.another()? {
                    elements.skimmer.pass(depth)?;
                }
                Ok(())
            }
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                let is_plain = number.iter().all(u8::is_ascii_digit) && !number.starts_with(b"0");
                if is_plain { Ok(()) } else { Ok(serde_json::from_slice::<IgnoredAny>(number).map(drop)?) }
            }
            _ => self.literal().map(drop),
        }
    }

    /// Hands a text or number to `serde_json`.
    fn scalar<V: Visitor<'a>>(&self, bytes: &'a [u8], visitor: V) -> Result<V::Value, Fault> {
        if matches!(self.odd, Odd::Null) && serde_json::from_slice::<serde_json::Value>(bytes).is_err() {
            return visitor.visit_unit();
        }
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let value = json.deserialize_any(visitor)?;
        json.end()?;
        Ok(value)
    }

    /// `true`, `false` or `null`, which is nothing.
    fn literal(&mut self) -> Result<Option<bool>, Fault> {
        match self.next()? {
            b't' => self.word(b"rue").map(|()| Some(true)),
            b'f' => self.word(b"alse").map(|()| Some(false)),
            b'n' => self.word(b"ull").map(|()| None),
            _ => Err(Fault),
        }
    }
}

/// A whole number of digits alone, as most are.
fn plain_number(bytes: &[u8]) -> Option<u64> {
    const MOST_DIGITS: usize = 19;
    let is_plain = bytes.len() <= MOST_DIGITS && (bytes.len() == 1 || !bytes.starts_with(b"0"));
    if !is_plain {
        return None;
    }
    bytes.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// How many of the first bytes stand for themselves in a text.
fn plain_bytes(bytes: [u8; 8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let word = u64::from_le_bytes(bytes);
    // Sets the high bit of the first byte that is below another, and of no earlier one.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES.wrapping_mul(limit)) & !word & HIGHS;
    let is = |byte: u8| below(word ^ ONES.wrapping_mul(u64::from(byte)), 1);
    let special = is(b'"') | is(b'\\') | below(word, u64::from(b' '));
    usize::try_from(special.trailing_zeros() / 8).unwrap_or_default()
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(bytes).map_err(|_| Fault)
}

impl<'de> Deserializer<'de> for &mut Skimmer<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek().ok_or(Fault)? {
            b'{' => {
                let mut members = Items::new(self, b'}')?;
                let value = visitor.visit_map(&mut members)?;
                members.finish()?;
                Ok(value)
            }
            b'[' => {
                let mut elements = Items::new(self, b']')?;
                let value = visitor.visit_seq(&mut elements)?;
                elements.finish()?;
                Ok(value)
            }
            b'"' => {
                let text = self.text()?;
                match text.plain {
                    Some(plain) => visitor.visit_borrowed_str(utf8(plain)?),
                    None => self.scalar(text.quoted, visitor),
                }
            }
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                match plain_number(number) {
                    Some(number) => visitor.visit_u64(number),
                    None => self.scalar(number, visitor),
                }
            }
            _ => match self.literal()? {
                Some(flag) => visitor.visit_bool(flag),
                None => visitor.visit_unit(),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.peek() == Some(b'n') {
            self.literal()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.pass(DEPTH_LIMIT)?;
        visitor.visit_unit()
    }

    /// For [`Raw`].
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_bytes(self.value()?)
    }

    /// `serde_json` keeps its own raw values so.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut json = serde_json::Deserializer::from_slice(self.value()?);
        Ok(json.deserialize_newtype_struct(name, visitor)?)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier
    }
}

/// The inside of an object or list.
struct Items<'s, 'a> {
    skimmer: &'s mut Skimmer<'a>,
    end: u8,
    begun: bool,
    ended: bool,
}

impl<'s, 'a> Items<'s, 'a> {
    /// Behind the opening bracket, which is the next byte.
    fn new(skimmer: &'s mut Skimmer<'a>, end: u8) -> Result<Self, Fault> {
        skimmer.take(1)?;
        Ok(Self { skimmer, end, begun: false, ended: false })
    }

    /// Whether there is another item, which is what comes next then.
    fn another(&mut self) -> Result<bool, Fault> {
        if self.skimmer.peek() == Some(self.end) {
            self.skimmer.take(1)?;
            self.ended = true;
            return Ok(false);
        }
        if std::mem::replace(&mut self.begun, true) {
            self.skimmer.expect(b',')?;
        }
        Ok(true)
    }

    /// A visitor must have seen all of it.
    fn finish(&self) -> Result<(), Fault> {
        if self.ended { Ok(()) } else { Err(Fault) }
    }
}

impl<'de> MapAccess<'de> for &mut Items<'_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        if !self.another()? {
            return Ok(None);
        }
        if self.skimmer.peek() != Some(b'"') {
            return Err(Fault);
        }
        let key = self.skimmer.text()?;
        match key.plain {
            Some(plain) => seed.deserialize(Key(plain)),
            None => Ok(seed.deserialize(&mut serde_json::Deserializer::from_slice(key.quoted))?),
        }
        .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        self.skimmer.expect(b':')?;
        seed.deserialize(&mut *self.skimmer)
    }
}

/// A key without escapes. It is compared more often than it is kept.
struct Key<'a>(&'a [u8]);

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(utf8(self.0)?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_bytes(self.0)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        if self.another()? { seed.deserialize(&mut *self.skimmer).map(Some) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    /// A record of which one member is asked for, and one kept as it stands.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Little<'a> {
        #[serde(borrow)]
        a: Option<&'a str>,
        #[serde(borrow)]
        b: Option<Raw<'a>>,
    }

    impl PartialEq for Raw<'_> {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    /// Reads the same as `serde_json`, or, like it, nothing; in what is passed over too.
    fn check(json: &[u8]) {
        let shown = String::from_utf8_lossy(json);
        assert_eq!(read::<Value>(json), serde_json::from_slice(json).ok(), "{shown}");
        let ignored = serde_json::from_slice::<IgnoredAny>(json).is_ok();
        let forgiven = shown.contains('\\');
        assert!(read::<IgnoredAny>(json).is_some() == ignored || forgiven, "{shown}");
        let raw = serde_json::from_slice::<&RawValue>(json).ok().map(|raw| raw.get().as_bytes());
        assert!(raw.is_none() || read::<Raw<'_>>(json).map(|raw| raw.0) == raw, "{shown}");
    }

    const SAMPLES: [&str; 12] = [
        r#"{"a":"x","b":[1,-2.5e3,"y\"\\\n\u00e9",{"c":null}],"d":{"e":true,"f":false}}"#,
        r#" { "a" : [ ] , "b" : { } , "c" : "" } "#,
        r#"[[],[[0,-0,10,1E+2,0.5]],"é",{"é":"\ud83d\ude00"}]"#,
        r#"{"a":"\\","b":"\\\"","c":"\\\\"}"#,
        r#"{"type":"x","message":{"content":[{"type":"text","text":"a{\"type\":\"y\"}"#,
        r#"{"a":1}{"b":2}"#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"[1 2]"#,
        "[01]",
        "\"tab\there\"",
        "",
    ];

    #[test]
    fn reads_and_refuses_what_serde_json_does() {
        for sample in SAMPLES {
            check(sample.as_bytes());
        }
    }

    #[test]
    fn reads_and_refuses_the_same_of_cut_and_changed_samples() {
        for sample in SAMPLES.map(str::as_bytes) {
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
    fn what_is_asked_for_is_borrowed_and_the_rest_may_be_odd() {
        let record = b"{\"x\":\"\xFF\\q\",\"\xFF\":[\"]\"],\"b\": [1, \"\xFE\"] ,\"a\":\"yes\"}";
        let expected = Little { a: Some("yes"), b: Some(Raw(b"[1, \"\xFE\"]")) };
        assert_eq!(read(record), Some(expected));
        assert_eq!(read::<Little<'_>>(b"{\"a\":\"\xFF\"}"), None);
        assert_eq!(read(b"{\"\\u0061\":null}"), Some(Little { a: None, b: None }));
    }

    #[test]
    fn texts_end_where_they_end_at_any_length() {
        for length in 0..3 * SHORT {
            for end in ["", "\"", "\\\"", "\\\\\"", "\\n\"", "\"\"", "\t\"", "\u{e9}\""] {
                let text = format!("\"{}{end}", "x".repeat(length));
                check(text.as_bytes());
                check(format!("[{text},{text}]").as_bytes());
                check(format!("{{{text}:{text}}}").as_bytes());
            }
        }
    }

    #[test]
    fn depth_ends_somewhere() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(read::<IgnoredAny>(&nested(DEPTH_LIMIT)).is_some());
        assert!(read::<IgnoredAny>(&nested(DEPTH_LIMIT + 1)).is_none());
    }
}

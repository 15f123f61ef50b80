//! Logs that are one JSON document, read in bounded memory.
//!
//! Elements are handed over one by one and never collected, and no text in the
//! document is held beyond [`TEXT_LIMIT`], so that a gigabyte of pasted files in
//! a conversation costs time, not memory.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::harvest::{Harvest, Problem};
use crate::json::{Maybe, Text};

/// The longest text of a document that is held; the rest of a longer one is cut off.
const TEXT_LIMIT: usize = 8 * 1024 * 1024;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// The largest side file that is read as a whole.
const SMALL_FILE: u64 = 1024 * 1024;

/// A small file beside a log, if it is there and is text.
pub(crate) fn small_text(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(SMALL_FILE).read_to_string(&mut text).ok()?;
    Some(text)
}

/// A small JSON file beside a log, if it is there and is of that shape.
pub(crate) fn small<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_str(&small_text(path)?).ok()
}

/// Something that takes in a document piece by piece.
pub(crate) trait Reader {
    /// An element of the list that is of interest.
    type Element: DeserializeOwned;

    /// The key of that list, where the document is not itself the list.
    const LIST: &'static str;

    /// An element, and its place in the list.
    fn element(&mut self, index: u64, element: Self::Element, harvest: &mut Harvest);

    /// A text field of the document itself.
    fn field(&mut self, key: &str, value: &str);
}

/// Reads a document. One that is not JSON (it may just be being rewritten) is a
/// problem of the harvest; what was read before the fault stays.
///
/// # Errors
/// Where the file cannot be opened or read.
pub(crate) fn read(path: &Path, reader: &mut impl Reader, harvest: &mut Harvest) -> io::Result<()> {
    let mut texts = ShortTexts::new(File::open(path)?, TEXT_LIMIT);
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(CHUNK, &mut texts));
    let outcome = Top { reader, harvest }.deserialize(&mut json);
    if texts.cut {
        harvest.problems.count(Problem::TooLong, 0);
    }
    match outcome {
        Err(error) if error.is_io() => Err(error.into()),
        Err(_) => {
            harvest.problems.count(Problem::Malformed, 0);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The whole document: an object with lists in it, or a list.
struct Top<'a, R> {
    reader: &'a mut R,
    harvest: &'a mut Harvest,
}

impl<'de, R: Reader> DeserializeSeed<'de> for Top<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: Reader> Visitor<'de> for Top<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<String>()? {
            if key == R::LIST {
                object
                    .next_value_seed(Elements { reader: &mut *self.reader, harvest: &mut *self.harvest })?;
            } else {
                let value: Text = object.next_value()?;
                if let Some(value) = value.get() {
                    self.reader.field(&key, value);
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        Elements { reader: self.reader, harvest: self.harvest }.visit_seq(list)
    }
}

/// A list whose elements are handed over.
struct Elements<'a, R> {
    reader: &'a mut R,
    harvest: &'a mut Harvest,
}

impl<'de, R: Reader> DeserializeSeed<'de> for Elements<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: Reader> Visitor<'de> for Elements<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0_u64;
        while let Some(element) = list.next_element::<Maybe<R::Element>>()? {
            if let Some(element) = element.0 {
                self.reader.element(index, element, self.harvest);
            }
            index = index.saturating_add(1);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// JSON on its way through, with the rest of each text beyond a limit left out.
/// A text is cut between two plain characters, so that no escape is torn; one that
/// has none is cut anywhere at twice the limit.
struct ShortTexts<R> {
    input: BufReader<R>,
    limit: usize,
    place: Place,
    /// Bytes of the current text so far, its quote included.
    length: usize,
    /// Whether the byte before was plain text.
    plain: bool,
    /// Whether any text was cut.
    cut: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
    Escape,
    /// Behind the limit: left out.
    Beyond,
    BeyondEscape,
}

impl<R: Read> ShortTexts<R> {
    fn new(input: R, limit: usize) -> Self {
        let input = BufReader::with_capacity(CHUNK, input);
        Self { input, limit, place: Place::Outside, length: 0, plain: false, cut: false }
    }

    /// Whether the byte goes through.
    fn passes(&mut self, byte: u8) -> bool {
        let was_plain = std::mem::replace(&mut self.plain, false);
        let (place, passes) = match (self.place, byte) {
            (Place::Outside, b'"') => {
                self.length = 0;
                (Place::Inside, true)
            }
            (Place::Outside, _) => (Place::Outside, true),
            (Place::Inside | Place::Beyond, b'"') => (Place::Outside, true),
            (Place::Inside, b'\\') => (Place::Escape, true),
            (Place::Escape, _) => (Place::Inside, true),
            (Place::Beyond, b'\\') => (Place::BeyondEscape, false),
            (Place::Beyond | Place::BeyondEscape, _) => (Place::Beyond, false),
            (Place::Inside, _) => {
                self.plain = byte.is_ascii() && !byte.is_ascii_hexdigit();
                let may_cut = (was_plain && self.plain) || self.length >= self.limit.saturating_mul(2);
                if self.length >= self.limit && may_cut {
                    self.cut = true;
                    (Place::Beyond, false)
                } else {
                    (Place::Inside, true)
                }
            }
        };
        self.length = self.length.saturating_add(1);
        self.place = place;
        passes
    }
}

impl<R: Read> Read for ShortTexts<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let got = self.input.read(buffer)?;
            if got == 0 {
                return Ok(0);
            }
            let mut kept = 0_usize;
            for place in 0..got {
                let Some(byte) = buffer.get(place).copied() else { break };
                if self.passes(byte) {
                    if let Some(slot) = buffer.get_mut(kept) {
                        *slot = byte;
                    }
                    kept = kept.saturating_add(1);
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(input: &[u8], limit: usize) -> (String, bool) {
        let mut texts = ShortTexts::new(input, limit);
        let mut output = Vec::new();
        texts.read_to_end(&mut output).unwrap();
        (String::from_utf8(output).unwrap(), texts.cut)
    }

    #[test]
    fn texts_are_cut_where_nothing_is_torn() {
        for (input, output, cut) in [
            (r#"{"key":"short"}"#, r#"{"key":"short"}"#, false),
            (r#"{"a":"zzzzzzzzzzzz","b":"x"}"#, r#"{"a":"zzzzzzzz","b":"x"}"#, true),
            (r#"["zzzzzz\"zzzzzz\"zz",1]"#, r#"["zzzzzz\"z",1]"#, true),
            (r#"["zzzz\ud83d\ude00zzzz"]"#, r#"["zzzz\ud83d\ude00z"]"#, true),
            (r#"[123456789012345678901234567890]"#, r#"[123456789012345678901234567890]"#, false),
        ] {
            assert_eq!(short(input.as_bytes(), 9), (output.to_owned(), cut), "{input}");
        }
        let escapes = format!("[\"{}\"]", "\\n".repeat(100));
        assert!(short(escapes.as_bytes(), 8).0.len() < escapes.len() + 1);
    }

    #[test]
    fn the_filter_changes_no_short_document() {
        let json = serde_json::json!({"a": ["x\u{1F600}y", "\\\"", "", 1.5], "b": {"c": "d\n"}}).to_string();
        assert_eq!(short(json.as_bytes(), 100), (json, false));
    }
}

//! The objects of a JSON response, in whatever pieces it comes: the one object of
//! a plain response, or each element of a list as it is complete.

use memchr::memchr2;

/// Bytes of one object.
pub(crate) const OBJECT_LIMIT: usize = 32 << 20;

/// Finds where objects begin and end; what is in them is for others to read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frames {
    /// The beginning of an object whose end has not come.
    held: Vec<u8>,
    depth: u64,
    is_in_text: bool,
    is_escaped: bool,
    is_too_long: bool,
}

impl Frames {
    /// How much has come of an unfinished object.
    pub(crate) fn held_len(&self) -> usize {
        self.held.len()
    }

    /// Reads a piece; `on` gets each object that ends in it, or nothing for one
    /// above [`OBJECT_LIMIT`].
    pub(crate) fn feed(&mut self, piece: &[u8], mut on: impl FnMut(Option<&[u8]>)) {
        let mut rest = piece;
        while !rest.is_empty() {
            if self.depth == 0 {
                let Some(start) = rest.iter().position(|byte| *byte == b'{') else { return };
                rest = rest.get(start..).unwrap_or_default();
            }
            let (end, is_whole) = self.scan(rest);
            let (part, behind) = rest.split_at_checked(end).unwrap_or((rest, b""));
            rest = behind;
            if is_whole && self.held.is_empty() && !self.is_too_long {
                on(Some(part));
                continue;
            }
            self.hold(part);
            if is_whole {
                on((!self.is_too_long).then_some(&self.held));
                self.held = Vec::new();
                self.is_too_long = false;
            }
        }
    }

    fn hold(&mut self, part: &[u8]) {
        if self.is_too_long || self.held.len().saturating_add(part.len()) > OBJECT_LIMIT {
            self.is_too_long = true;
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(part);
        }
    }

    /// How far the current object goes in these bytes, and whether it ends there.
    fn scan(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at = 0_usize;
        while let Some(byte) = bytes.get(at) {
            at = at.saturating_add(1);
            if std::mem::take(&mut self.is_escaped) {
                continue;
            }
            if self.is_in_text {
                let behind = bytes.get(at.saturating_sub(1)..).unwrap_or_default();
                let Some(special) = memchr2(b'"', b'\\', behind) else { return (bytes.len(), false) };
                at = at.saturating_add(special);
                self.is_escaped = behind.get(special) == Some(&b'\\');
                self.is_in_text = self.is_escaped;
                continue;
            }
            match byte {
                b'"' => self.is_in_text = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return (at, true);
                    }
                }
                _ => {}
            }
        }
        (bytes.len(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stream: &str, expected: &[&str]) {
        let bytes = stream.as_bytes();
        for at in 0..=bytes.len() {
            let (one, two) = bytes.split_at(at);
            let (mut frames, mut read) = (Frames::default(), Vec::new());
            for piece in [one, two] {
                frames.feed(piece, |object| read.push(String::from_utf8_lossy(object.unwrap()).into_owned()));
            }
            assert_eq!(read, expected, "{stream} cut at {at}");
        }
    }

    #[test]
    fn objects_end_where_they_end() {
        check(r#" {"a":"}\"{\\","b":[{}]} "#, &[r#"{"a":"}\"{\\","b":[{}]}"#]);
        check("[{\"a\":1}\r\n,\r\n{\"b\":{}}\n]", &[r#"{"a":1}"#, r#"{"b":{}}"#]);
        check("[]", &[]);
        check(r#"{"a":"#, &[]);
        check(r#""text" 5"#, &[]);
    }

    #[test]
    fn an_object_without_end_is_passed_over() {
        let long = vec![b'x'; OBJECT_LIMIT];
        let (mut frames, mut read) = (Frames::default(), Vec::new());
        for piece in [b"[{\"a\":\"", &long[..], b"\"},{\"b\":1}]"] {
            frames.feed(piece, |object| read.push(object.map(<[u8]>::to_vec)));
        }
        assert_eq!(read, [None, Some(b"{\"b\":1}".to_vec())]);
    }
}

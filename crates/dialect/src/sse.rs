//! Server-sent events, in whatever pieces they come.
//!
//! As the standard has them: lines end with LF, CRLF or CR; a colon begins a
//! comment; several `data` lines are one text; a blank line ends the event. A line
//! within one piece is read where it stands. An event above [`EVENT_LIMIT`] is
//! passed over and told as such, and the next one is read again.

use memchr::memchr2;

/// Bytes of one event. The last event of a Responses stream repeats all of its output.
pub const EVENT_LIMIT: usize = 16 << 20;
/// A buffer that grew beyond this for one event is not kept for the next.
const KEPT_CAPACITY: usize = 64 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a blank line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's name; empty if it has none.
    pub name: &'a [u8],
    /// The event's data; empty if it has none, as after comments alone.
    pub data: &'a [u8],
    /// The event was above [`EVENT_LIMIT`], and what was read of it is left out.
    pub is_too_long: bool,
    /// Where in the piece the event ended.
    pub end: usize,
}

/// Reads events from pieces.
#[derive(Debug, Clone, Default)]
pub struct Parser {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    current: Current,
    /// The last line ended with CR, to which an LF belongs that follows.
    after_cr: bool,
    /// Some line has come, so that no mark of the byte order can follow.
    has_begun: bool,
}

/// The event that is coming in.
#[derive(Debug, Clone, Default)]
struct Current {
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    is_too_long: bool,
    /// Something of it has come, if only a comment.
    is_begun: bool,
}

impl Parser {
    /// At the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the last event has ended and nothing of the next one has come.
    #[must_use]
    pub const fn is_between_events(&self) -> bool {
        !self.current.is_begun
    }

    /// Reads a piece; `on` gets each event that ends in it.
    pub fn feed(&mut self, piece: &[u8], mut on: impl FnMut(Event<'_>)) {
        let mut rest = piece;
        if std::mem::take(&mut self.after_cr) {
            if piece.is_empty() {
                self.after_cr = true;
            }
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, behind) = rest.split_at(end);
            let is_cr = behind.first() == Some(&b'\r');
            rest = behind.get(1..).unwrap_or_default();
            if is_cr {
                self.after_cr = rest.is_empty();
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            if self.is_line_blank(line) {
                let end = piece.len().saturating_sub(rest.len());
                let Current { name, data, is_too_long, .. } = &self.current;
                on(Event { name, data, is_too_long: *is_too_long, end });
                self.end_event();
            } else {
                self.end_line(line);
            }
        }
        self.current.is_begun |= !rest.is_empty();
        self.hold(rest);
    }

    fn is_line_blank(&self, end_of_line: &[u8]) -> bool {
        end_of_line.is_empty() && self.line.is_empty()
    }

    fn end_event(&mut self) {
        self.line.shrink_to(KEPT_CAPACITY);
        self.current.clear();
    }

    /// Keeps the beginning of a line.
    fn hold(&mut self, part: &[u8]) {
        if self.current.is_too_long || self.line.len().saturating_add(part.len()) > EVENT_LIMIT {
            self.overflow();
            // One byte stands for the line, which is not blank.
            if self.line.is_empty() && !part.is_empty() {
                self.line.push(b':');
            }
        } else {
            self.line.extend_from_slice(part);
        }
    }

    fn overflow(&mut self) {
        self.line.truncate(1);
        self.current.overflow();
    }

    fn end_line(&mut self, end: &[u8]) {
        self.current.is_begun = true;
        if self.line.is_empty() {
            self.field(end);
            return;
        }
        self.hold(end);
        let line = std::mem::take(&mut self.line);
        self.field(&line);
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, line: &[u8]) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let line = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| is_first).unwrap_or(line);
        self.current.field(line);
    }
}

impl Current {
    /// Ready for the next event, in the same memory unless it grew large.
    fn clear(&mut self) {
        self.name.clear();
        self.data.clear();
        self.data.shrink_to(KEPT_CAPACITY);
        (self.has_data, self.is_too_long, self.is_begun) = (false, false, false);
    }

    fn overflow(&mut self) {
        self.is_too_long = true;
        self.data.clear();
    }

    fn field(&mut self, line: &[u8]) {
        if self.is_too_long {
            return;
        }
        if let Some(value) = value_of(line, b"data") {
            if self.data.len().saturating_add(value.len()) > EVENT_LIMIT {
                self.overflow();
                return;
            }
            if std::mem::replace(&mut self.has_data, true) {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
        } else if let Some(value) = value_of(line, b"event") {
            self.name.clear();
            self.name.extend_from_slice(value);
        }
    }
}

/// What a line says of a field: behind the colon, without the first space.
fn value_of<'a>(line: &'a [u8], field: &[u8]) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(field)?;
    match rest.split_first() {
        None => Some(rest),
        Some((b':', value)) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let (mut parser, mut events) = (Parser::new(), Vec::new());
        for piece in pieces {
            parser.feed(piece, |event| {
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                if event.is_too_long {
                    events.push("too long".to_owned());
                } else if !event.data.is_empty() || !event.name.is_empty() {
                    events.push(format!("{}|{}", text(event.name), text(event.data)));
                }
            });
        }
        events
    }

    /// However the bytes are cut in two or into single bytes, the events are these.
    fn check(stream: &str, expected: &[&str]) {
        let bytes = stream.as_bytes();
        for at in 0..=bytes.len() {
            let (one, two) = bytes.split_at(at);
            assert_eq!(read(&[one, two]), expected, "{stream:?} cut at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), expected, "{stream:?} byte by byte");
    }

    #[test]
    fn events_are_read_however_lines_end() {
        let stream = "event: a\ndata: 1\n\n: ping\n\ndata:2\n\n";
        let expected = ["a|1", "|2"];
        check(stream, &expected);
        check(&stream.replace('\n', "\r\n"), &expected);
        check(&stream.replace('\n', "\r"), &expected);
    }

    #[test]
    fn fields_are_read_as_the_standard_has_them() {
        check("data: a\ndata: b\n\n", &["|a\nb"]);
        check("data\ndata\n\n", &["|\n"]);
        check("data:  x\n\n", &["| x"]);
        check("data : x\n\n", &[]);
        check("dataset: x\nid: 7\nretry: 1\n\n", &[]);
        check("event: a\nevent: b\n\n", &["b|"]);
        check("\u{FEFF}data: x\n\n\u{FEFF}data: y\n\n", &["|x"]);
        check("data: never ended\n", &[]);
        check("\n\n\ndata: é😀\n\n\n", &["|é😀"]);
    }

    #[test]
    fn an_event_without_end_is_passed_over() {
        let long = vec![b'x'; EVENT_LIMIT];
        for start in ["data: ", ":", "data: a\ndata:"] {
            let pieces: [&[u8]; 4] = [start.as_bytes(), &long, b"xxx", b"\n\ndata: next\n\n"];
            let read = read(&pieces);
            assert_eq!(read, ["too long", "|next"], "{start}");
        }
        let mut parser = Parser::new();
        for _ in 0..3 {
            parser.feed(&long, |_| {});
            assert!(parser.line.capacity() <= 2 * EVENT_LIMIT);
        }
    }

    #[test]
    fn an_event_ends_with_its_line_end() {
        let mut ends = Vec::new();
        let mut parser = Parser::new();
        parser.feed(b"data: 1\r\n\r\ndata: 2\n\nda", |event| ends.push(event.end));
        assert_eq!((ends, parser.is_between_events()), (vec![11, 20], false));
        parser.feed(b"ta: 3\n\n", |_| {});
        assert!(parser.is_between_events());
    }
}

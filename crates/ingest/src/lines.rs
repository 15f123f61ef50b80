//! Logs of one record a line, read in bounded memory whatever they hold.
//!
//! Lines may be torn (the beginning of a record, cut off by the next one), hold
//! several records, be one of many lines of a pretty-printed record, a gigabyte
//! long, not UTF-8, or still being written. Whether a line is one JSON value is
//! for the decoder to find out, once: only where it is not, the line is searched
//! for the records in it. Reading stops behind the last whole record, so that it can go on
//! there when the file has grown.

mod recovery;

use std::io::{self, Read};

use memchr::memchr;

use self::recovery::{Piece, pieces};
use crate::harvest::{Decoded, Decoder, Harvest, Problem, Record};

/// A record longer than this is skipped and counted. Records with usage are a
/// few kilobytes; what is longer holds file contents.
pub const RECORD_LIMIT: usize = 8 * 1024 * 1024;

/// How much is read at a time.
const CHUNK: usize = 256 * 1024;

/// Some editors put this before the first record.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads all whole records from `input`, which begins at byte `start` of its
/// file, and returns the byte behind the last of them. `between` runs after
/// every record: it may take out what was harvested so far.
///
/// # Errors
/// What reading `input` gives. Records before it have been decoded.
pub fn read(
    input: &mut impl Read,
    start: u64,
    decoder: &mut dyn Decoder,
    harvest: &mut Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> io::Result<u64> {
    let mut lines = Lines { buffer: Vec::with_capacity(2 * CHUNK), offset: start, skipping: false };
    let mut records = Records { decoder, harvest, between, begun: None };
    loop {
        let more = lines.fill(input)?;
        lines.take_whole(&mut records);
        if !more {
            break;
        }
    }
    lines.take_last(&mut records);
    Ok(records.begun.map_or(lines.offset, |begun| begun.offset))
}

/// Bytes cut into lines.
struct Lines {
    buffer: Vec<u8>,
    /// The place in the file of the buffer's first byte.
    offset: u64,
    /// Whether the buffer's first byte belongs to a line that is being skipped.
    skipping: bool,
}

impl Lines {
    /// Reads one more chunk; whether there may be another.
    fn fill(&mut self, input: &mut impl Read) -> io::Result<bool> {
        let chunk = u64::try_from(CHUNK).unwrap_or(u64::MAX);
        Ok(input.take(chunk).read_to_end(&mut self.buffer)? > 0)
    }

    /// Hands over all whole lines and keeps the rest.
    fn take_whole(&mut self, records: &mut Records<'_>) {
        let mut rest = self.buffer.as_slice();
        let mut offset = self.offset;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(end.saturating_add(1));
            if self.skipping {
                self.skipping = false;
            } else {
                records.line(line, offset);
            }
            offset = offset.saturating_add(length(line));
            rest = behind;
        }
        let kept = rest.len();
        if kept > RECORD_LIMIT || self.skipping {
            if !self.skipping {
                records.harvest.problems.count(Problem::TooLong, offset);
                self.skipping = true;
            }
            offset = offset.saturating_add(length(rest));
            self.buffer.clear();
        } else {
            let from = self.buffer.len().saturating_sub(kept);
            self.buffer.copy_within(from.., 0);
            self.buffer.truncate(kept);
        }
        self.offset = offset;
    }

    /// The last line may lack its line end because it is being written, or
    /// because its writer never ends the last line: it counts if it is whole.
    fn take_last(&mut self, records: &mut Records<'_>) {
        let line = trim(&self.buffer);
        if line.ends_with(b"}") && recovery::all_whole(line) {
            records.line(&self.buffer, self.offset);
            self.offset = self.offset.saturating_add(length(&self.buffer));
        }
    }
}

/// Lines put together to records.
struct Records<'a> {
    decoder: &'a mut dyn Decoder,
    harvest: &'a mut Harvest,
    between: &'a mut dyn FnMut(&mut Harvest),
    /// A record whose first line did not end it.
    begun: Option<Begun>,
}

struct Begun {
    bytes: Vec<u8>,
    offset: u64,
}

impl Records<'_> {
    fn line(&mut self, raw: &[u8], offset: u64) {
        let line = trim(raw);
        if line.is_empty() {
            return;
        }
        let opens = line.starts_with(b"{");
        // Inside of a pretty-printed record everything is indented.
        if opens && !(self.begun.is_some() && is_indented(raw)) {
            self.give_up_begun();
            if line.ends_with(b"}") && line.len() > 1 {
                self.record(line, offset);
            } else {
                self.begun = Some(Begun { bytes: line.to_vec(), offset });
            }
        } else if let Some(mut begun) = self.begun.take() {
            begun.bytes.push(b'\n');
            begun.bytes.extend_from_slice(line);
            self.go_on(begun, raw.starts_with(b"}"));
        } else {
            self.harvest.problems.count(Problem::Malformed, offset);
        }
    }

    /// A begun record got one more line. A brace at the margin ends it.
    fn go_on(&mut self, begun: Begun, at_end: bool) {
        if begun.bytes.len() > RECORD_LIMIT {
            self.harvest.problems.count(Problem::TooLong, begun.offset);
        } else if at_end {
            self.record(&begun.bytes, begun.offset);
        } else {
            self.begun = Some(begun);
        }
    }

    /// The next record began before the begun one ended: that one was cut off. What
    /// it swallowed may be whole.
    fn give_up_begun(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.salvage(&begun.bytes, begun.offset, Some(Problem::Torn));
        }
    }

    fn record(&mut self, bytes: &[u8], offset: u64) {
        if self.decode(bytes, offset) == Decoded::Unreadable {
            self.salvage(bytes, offset, None);
        }
    }

    /// Takes the whole records out of bytes that are not one. What is behind the
    /// last of them is counted as `lost`, or as what it looks like.
    fn salvage(&mut self, bytes: &[u8], offset: u64, lost: Option<Problem>) {
        let place = |at: usize| offset.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
        for piece in pieces(bytes) {
            match piece {
                Piece::Whole(range) => {
                    let at = place(range.start);
                    let bytes = bytes.get(range).unwrap_or_default();
                    if self.decode(bytes, at) == Decoded::Unreadable {
                        self.harvest.problems.count(unreadable(bytes), at);
                    }
                }
                Piece::Torn(at) => self.harvest.problems.count(Problem::Torn, place(at)),
                Piece::Lost(at) => {
                    let kind = lost.unwrap_or_else(|| unreadable(bytes.get(at..).unwrap_or_default()));
                    self.harvest.problems.count(kind, place(at));
                }
            }
        }
    }

    fn decode(&mut self, bytes: &[u8], offset: u64) -> Decoded {
        let decoded = self.decoder.decode(Record { bytes, offset }, self.harvest);
        (self.between)(self.harvest);
        decoded
    }
}

fn is_indented(raw: &[u8]) -> bool {
    raw.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}

/// What it is that no decoder can read.
fn unreadable(bytes: &[u8]) -> Problem {
    if std::str::from_utf8(bytes).is_ok() { Problem::Malformed } else { Problem::NotUtf8 }
}

/// Without white space and line ends around it, and without what a crash of the
/// machine leaves: a run of NUL bytes.
fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let noise = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let Some(from) = line.iter().position(|byte| !noise(byte)) else { return &[] };
    let until = line.iter().rposition(|byte| !noise(byte)).map_or(0, |last| last.saturating_add(1));
    line.get(from..until).unwrap_or_default()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down what it is given, newlines shown as `|`.
    #[derive(Default)]
    struct Notes(Vec<String>);

    impl Decoder for Notes {
        fn decode(&mut self, record: Record<'_>, _: &mut Harvest) -> Decoded {
            if serde_json::from_slice::<serde::de::IgnoredAny>(record.bytes).is_err() {
                return Decoded::Unreadable;
            }
            let text = String::from_utf8_lossy(record.bytes).replace('\n', "|");
            self.0.push(format!("{}: {text}", record.offset));
            Decoded::Read
        }

        fn state(&self) -> String {
            String::new()
        }
    }

    fn check(input: &[u8], records: &[&str], problems: &[(Problem, u64)], stops_at: usize) {
        let mut notes = Notes::default();
        let mut harvest = Harvest::default();
        let end = read(&mut &input[..], 0, &mut notes, &mut harvest, &mut |_| {}).unwrap();
        assert_eq!(notes.0, records);
        let met: Vec<_> = harvest.problems.iter().map(|(problem, met)| (problem, met.count)).collect();
        assert_eq!(met, problems);
        assert_eq!(end, length(&input[..stops_at]));
    }

    #[test]
    fn whole_lines_are_records() {
        check(b"{\"a\":1}\n\r\n{\"b\":2}\r\n", &["0: {\"a\":1}", "10: {\"b\":2}"], &[], 19);
    }

    #[test]
    fn a_line_that_is_being_written_waits() {
        check(b"{\"a\":1}\n{\"b\":", &["0: {\"a\":1}"], &[], 8);
        check(b"{\"a\":1}\n{\"b\":{}", &["0: {\"a\":1}"], &[], 8);
    }

    #[test]
    fn a_whole_last_line_without_its_end_counts() {
        check(b"{\"a\":1}\n{\"b\":2}", &["0: {\"a\":1}", "8: {\"b\":2}"], &[], 15);
    }

    #[test]
    fn a_torn_record_does_not_hide_the_next_one() {
        check(b"{\"a\":\n{\"b\":2}\n", &["6: {\"b\":2}"], &[(Problem::Torn, 1)], 14);
    }

    #[test]
    fn records_in_one_line_are_all_read() {
        check(b"{\"a\":1}{\"b\":2}\n", &["0: {\"a\":1}", "7: {\"b\":2}"], &[], 15);
        check(b"{\"a\":1}{\"b\":2}", &["0: {\"a\":1}", "7: {\"b\":2}"], &[], 14);
        check(
            b"{\"a\":1}{\"b\":{\"id\":2}\n",
            &["0: {\"a\":1}", "12: {\"id\":2}"],
            &[(Problem::Torn, 1)],
            21,
        );
        check(
            b"{\"a\":1}{\"b\":\n{\"c\":3}\n",
            &["0: {\"a\":1}", "13: {\"c\":3}"],
            &[(Problem::Torn, 1)],
            21,
        );
        check(b"{\"a\":1,}\n{\"a\":\"\xFF,}\n", &[], &[(Problem::Malformed, 1), (Problem::NotUtf8, 1)], 19);
    }

    #[test]
    fn a_half_line_swallows_no_record_wherever_it_was_cut() {
        for half in ["{\"a\":1,", "{\"a\":[", "{\"a\"", "{"] {
            let input = format!("{half}\n{{\"b\":2}}\n{half}\n{half}\n{{\"c\":3}}\n");
            let (b, c) = (half.len() + 1, 3 * half.len() + 11);
            let records = [format!("{b}: {{\"b\":2}}"), format!("{c}: {{\"c\":3}}")];
            let records = records.each_ref().map(String::as_str);
            check(input.as_bytes(), &records, &[(Problem::Torn, 3)], input.len());
        }
    }

    #[test]
    fn a_pretty_printed_record_may_hold_records_in_a_line() {
        check(b"{\n \"a\": [\n  {\"type\": 1}\n ]\n}\n", &["0: {|\"a\": [|{\"type\": 1}|]|}"], &[], 29);
        check(
            b"{\n \"a\": [\n  {\"type\": 1}\n{\"b\":2}\n",
            &["9: {\"type\": 1}", "24: {\"b\":2}"],
            &[(Problem::Torn, 1)],
            32,
        );
    }

    #[test]
    fn a_pretty_printed_record_is_one_record() {
        check(
            b"{\n \"a\": [\n  {\"x\": 1},\n  {\"y\": 2}\n ]\n}\n{\"b\":2}\n",
            &["0: {|\"a\": [|{\"x\": 1},|{\"y\": 2}|]|}", "38: {\"b\":2}"],
            &[],
            46,
        );
    }

    #[test]
    fn a_pretty_printed_record_that_is_not_whole_is_read_again_later() {
        check(b"{\"b\":2}\n{\n \"a\": 1,\n", &["0: {\"b\":2}"], &[], 8);
    }

    #[test]
    fn noise_is_counted_or_ignored() {
        check(
            b"\0\0\0\n\xEF\xBB\xBF{\"a\":1}\n\0\0{\"b\":2}\nnoise\n",
            &["4: {\"a\":1}", "15: {\"b\":2}"],
            &[(Problem::Malformed, 1)],
            31,
        );
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_and_counted() {
        let mut input = b"{\"a\":1}\n{\"long\":\"".to_vec();
        input.resize(input.len() + 3 * RECORD_LIMIT, b'x');
        input.extend_from_slice(b"\"}\n{\"b\":2}\n");
        let behind = input.len() - 8;
        check(
            &input,
            &["0: {\"a\":1}", &format!("{behind}: {{\"b\":2}}")],
            &[(Problem::TooLong, 1)],
            input.len(),
        );
    }

    #[test]
    fn a_line_beyond_the_limit_without_an_end_is_not_held() {
        let mut input = b"{\"long\":\"".to_vec();
        input.resize(2 * RECORD_LIMIT, b'x');
        check(&input, &[], &[(Problem::TooLong, 1)], input.len());
    }
}

//! Logs of one record a line, read in bounded memory whatever they hold.
//!
//! Lines may be torn (the beginning of a record, cut off by the next one),
//! pretty-printed over several lines, a gigabyte long, not UTF-8, or still being
//! written. Reading stops behind the last whole record, so that it can go on
//! there when the file has grown.

use std::io::{self, Read};

use memchr::memchr;

use crate::harvest::{Decoder, Harvest, Problem, Record};

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
        if line.starts_with(b"{") && line.ends_with(b"}") && is_json(line) {
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
        if opens && line.ends_with(b"}") && line.len() > 1 && !self.is_inside(line) {
            self.give_up_begun();
            self.record(line, offset);
        } else if let Some(mut begun) = self.begun.take() {
            begun.bytes.push(b'\n');
            begun.bytes.extend_from_slice(line);
            self.go_on(begun, raw.starts_with(b"}"));
        } else if opens {
            self.begun = Some(Begun { bytes: line.to_vec(), offset });
        } else {
            self.harvest.problems.count(Problem::Malformed, offset);
        }
    }

    /// Whether a one-line object may be a part of a pretty-printed record: an
    /// array element on a line of its own.
    fn is_inside(&self, line: &[u8]) -> bool {
        let records: [&[u8]; 3] = [b"{\"parentUuid\"", b"{\"type\"", b"{\"timestamp\""];
        self.begun.as_ref().is_some_and(|begun| begun.bytes.ends_with(b"[") || begun.bytes.ends_with(b","))
            && !records.iter().any(|start| line.starts_with(start))
    }

    /// A begun record got one more line. A brace at the margin ends it.
    fn go_on(&mut self, begun: Begun, at_end: bool) {
        if begun.bytes.len() > RECORD_LIMIT {
            self.harvest.problems.count(Problem::TooLong, begun.offset);
        } else if !at_end {
            self.begun = Some(begun);
        } else if is_json(&begun.bytes) {
            self.record(&begun.bytes, begun.offset);
        } else {
            self.harvest.problems.count(Problem::Malformed, begun.offset);
        }
    }

    /// The next record began before the begun one ended: that one was cut off.
    fn give_up_begun(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.harvest.problems.count(Problem::Torn, begun.offset);
        }
    }

    fn record(&mut self, bytes: &[u8], offset: u64) {
        self.decoder.decode(Record { bytes, offset }, self.harvest);
        (self.between)(self.harvest);
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
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
        fn decode(&mut self, record: Record<'_>, _: &mut Harvest) {
            let text = String::from_utf8_lossy(record.bytes).replace('\n', "|");
            self.0.push(format!("{}: {text}", record.offset));
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

//! The copy of a book: JSON lines `bursar.book/1` in gzip, the same from every engine.
//!
//! The first line names the format, and the last says how many lines there are. Each
//! other line holds one thing that was reported, whole: calls and sums are made again from
//! them. `lines.rs` has the lines.

mod kept;
mod lines;

use std::io::{BufRead, BufReader, BufWriter, Read, Write};

use domain::{Activity, PrLink, Timestamp};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

pub use self::kept::{kept, unkept};
use self::lines::{EndLine, Line, line_of, thing_of};
use crate::delivery::{Delivery, FolderReport, SessionTag, TallyReport};
use crate::error::StoreError;
use crate::reading::{Evidence, Reporter};

/// The format, as its first line names it.
const FORMAT: &str = "bursar.book/2";
/// The format before it, whose last line is one like all others.
const ENDLESS_FORMAT: &str = "bursar.book/1";
/// Bytes of a line: more than any that is written.
const MOST_LINE_BYTES: u64 = 1024 * 1024;

/// One thing of the copy of a book.
#[derive(Clone)]
pub(crate) enum Thing {
    Observation(Evidence),
    Activity(Activity),
    Folder(FolderReport),
    PullRequest(PrLink),
    Tally(TallyReport),
    Tag(SessionTag),
    Reporter(Reporter),
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
}

/// Writes a copy.
pub(crate) struct Writing<W: Write> {
    to: GzEncoder<BufWriter<W>>,
    lines: u64,
}

impl<W: Write> Writing<W> {
    pub(crate) fn begin(to: W) -> Result<Self, StoreError> {
        let mut writing = Self { to: GzEncoder::new(BufWriter::new(to), Compression::fast()), lines: 0 };
        writing.line(&Head { format: FORMAT.to_owned() })?;
        Ok(writing)
    }

    pub(crate) fn thing(&mut self, thing: &Thing) -> Result<(), StoreError> {
        self.line(&line_of(thing))
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), StoreError> {
        serde_json::to_writer(&mut self.to, line).map_err(std::io::Error::from)?;
        self.to.write_all(b"\n")?;
        self.lines = self.lines.saturating_add(1);
        Ok(())
    }

    /// Ends the copy. Returns how many lines it has.
    pub(crate) fn end(mut self) -> Result<u64, StoreError> {
        self.line(&Line::End(EndLine { lines: self.lines.saturating_add(1) }))?;
        self.to.finish()?.flush()?;
        Ok(self.lines)
    }
}

/// Reads a copy.
pub(crate) struct Reading<R: Read> {
    from: BufReader<MultiGzDecoder<BufReader<R>>>,
    line: u64,
    text: Vec<u8>,
    end: End,
}

/// Whether a copy that is read is over.
#[derive(PartialEq, Eq)]
enum End {
    /// It ends where the bytes do.
    Untold,
    /// A line to come says so.
    ToCome,
    /// That line was read.
    Here,
}

impl<R: Read> Reading<R> {
    pub(crate) fn begin(from: R) -> Result<Self, StoreError> {
        let from = BufReader::new(MultiGzDecoder::new(BufReader::new(from)));
        let mut reading = Self { from, line: 0, text: Vec::new(), end: End::ToCome };
        let head: Option<Head> = reading.next_line()?;
        match head {
            Some(head) if head.format == FORMAT => Ok(reading),
            Some(head) if head.format == ENDLESS_FORMAT => Ok(Self { end: End::Untold, ..reading }),
            Some(head) => Err(reading.not_understood(format!("it is of the format {}", head.format))),
            None => Err(reading.not_understood("it is empty".to_owned())),
        }
    }

    /// The next thing; nothing at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Thing>, StoreError> {
        let Some(line) = self.next_line()? else {
            return match self.end {
                End::Untold | End::Here => Ok(None),
                End::ToCome => Err(self.not_understood("the line that ends it is missing".to_owned())),
            };
        };
        if self.end == End::Here {
            return Err(self.not_understood("it stands behind the end".to_owned()));
        }
        if let Line::End(EndLine { lines }) = line {
            if lines != self.line {
                return Err(self.not_understood(format!("there should be {lines} lines")));
            }
            self.end = End::Here;
            return self.next();
        }
        thing_of(line).map(Some).ok_or_else(|| self.not_understood("a name is unknown".to_owned()))
    }

    /// How many lines were read.
    pub(crate) const fn lines(&self) -> u64 {
        self.line
    }

    fn next_line<T: for<'a> Deserialize<'a>>(&mut self) -> Result<Option<T>, StoreError> {
        self.text.clear();
        self.line = self.line.saturating_add(1);
        let read = (&mut self.from).take(MOST_LINE_BYTES).read_until(b'\n', &mut self.text);
        match read {
            Ok(0) => {
                self.line = self.line.saturating_sub(1);
                Ok(None)
            }
            Ok(_) if self.text.last() != Some(&b'\n') => {
                Err(self.not_understood("it is cut off, or longer than any line".to_owned()))
            }
            Ok(_) => {
                let line = serde_json::from_slice(&self.text);
                line.map(Some).map_err(|error| self.not_understood(error.to_string()))
            }
            Err(error) => Err(self.not_understood(error.to_string())),
        }
    }

    const fn not_understood(&self, why: String) -> StoreError {
        StoreError::Import { line: self.line, why }
    }
}

/// What a copy holds that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many lines.
    pub lines: u64,
    /// How many of them are observations.
    pub observations: u64,
}

/// Reads a copy to its end and keeps nothing of it.
///
/// # Errors
/// [`StoreError::Import`] with the line that is not understood, and what no store can keep.
pub fn verify(from: impl Read) -> Result<Verified, StoreError> {
    let mut reading = Reading::begin(from)?;
    let mut observations = 0_u64;
    while let Some(thing) = reading.next()? {
        if let Thing::Observation(_) = thing {
            observations = observations.saturating_add(1);
        }
        delivered(thing).check()?;
    }
    Ok(Verified { lines: reading.lines(), observations })
}

/// A thing alone, as somebody might report it.
fn delivered(thing: Thing) -> Delivery {
    let mut delivery = Delivery::new(Timestamp::default());
    match thing {
        Thing::Observation(it) => delivery.observed.push(it.observed),
        Thing::Activity(it) => delivery.activities.push(it),
        Thing::Folder(it) => delivery.folders.push(it),
        Thing::PullRequest(it) => delivery.pull_requests.push(it),
        Thing::Tally(it) => delivery.tallies.push(it),
        Thing::Tag(it) => delivery.tags.push(it),
        Thing::Reporter(it) => delivery.witness = Some(it.witness),
    }
    delivery
}

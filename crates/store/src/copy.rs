//! The copy of a book: JSON lines `bursar.book/1` in gzip, the same from every engine.
//!
//! The first line names the format, and the last says how many lines there are. Each
//! other line holds one thing that was reported, whole: calls and sums are made again from
//! them. Structs here are the format; they are converted by hand, so that the book can
//! change and the format stay.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Activity, ActivityKind, Branch, Call, CallKey, Developer, Folder, InferenceGeo, ModelName, NanoUsd,
    Observed, Origin, Place, PrLink, Provider, ReporterId, RequestId, ServiceTier, SessionId, SessionTally,
    SourceKind, Speed, Terms, Timestamp, Tokens, Tool, Usage, Witness,
};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::delivery::{Delivery, FolderReport, SessionTag, TallyReport};
use crate::error::StoreError;
use crate::journal::code::Code;
use crate::reading::{Evidence, Reporter};

/// The format, as its first line names it.
const FORMAT: &str = "bursar.book/2";
/// The format before it, whose last line is one like all others.
const ENDLESS_FORMAT: &str = "bursar.book/1";
/// Bytes of a line: more than any that is written.
const MOST_LINE_BYTES: u64 = 1024 * 1024;

/// One line behind the first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Observation(Box<ObservationLine>),
    Activity(Box<ActivityLine>),
    Folder(FolderLine),
    PullRequest(PullRequestLine),
    Tally(TallyLine),
    Tag(TagLine),
    Reporter(ReporterLine),
    /// The last line.
    End(EndLine),
}

#[derive(Serialize, Deserialize)]
struct EndLine {
    /// How many lines there are, with the first and this one.
    lines: u64,
}

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

#[derive(Serialize, Deserialize)]
struct WitnessLine {
    source: String,
    reporter: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ReporterLine {
    witness: WitnessLine,
    first_at: i64,
    last_at: i64,
}

#[derive(Serialize, Deserialize)]
struct ObservationLine {
    received_at: i64,
    witness: WitnessLine,
    provider_key: bool,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    at: i64,
    figures: FiguresLine,
    place: PlaceLine,
    owner_lineage: i64,
    owner_at: i64,
}

#[derive(Serialize, Deserialize)]
struct FiguresLine {
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    tier: String,
    speed: String,
    geo: String,
    confidence: i64,
    /// Input, output, cache reads, cache writes of five minutes and of an hour, reasoning.
    tokens: [u64; 6],
    web_searches: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_nano_usd: Option<i64>,
    lineage: i64,
    at: i64,
    file: u32,
    offset: u64,
}

#[derive(Serialize, Deserialize)]
struct PlaceLine {
    tool: String,
    session: String,
    thread: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skill: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ActivityLine {
    identity: [u8; 16],
    at: i64,
    kind: String,
    amount: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    witness: WitnessLine,
}

#[derive(Serialize, Deserialize)]
struct FolderLine {
    folder: String,
    looked_up_at: i64,
    facts: String,
    reporter: String,
}

#[derive(Serialize, Deserialize)]
struct PullRequestLine {
    tool: String,
    session: String,
    url: String,
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    first_at: i64,
    last_at: i64,
}

#[derive(Serialize, Deserialize)]
struct TallyLine {
    reporter: String,
    tool: String,
    session: String,
    first_at: i64,
    last_at: i64,
    turns: u32,
    active_ms: u64,
    tool_calls: u32,
    failed_steps: u32,
    longest_failing_run: u32,
    compactions: u32,
    first_context: u64,
    peak_context: u64,
}

#[derive(Serialize, Deserialize)]
struct TagLine {
    session: String,
    key: String,
    value: String,
    at: i64,
}

fn text<T>(value: Option<&T>, text: fn(&T) -> &str) -> Option<String> {
    value.map(|it| text(it).to_owned())
}

fn line_of(thing: &Thing) -> Line {
    match thing {
        Thing::Observation(it) => Line::Observation(Box::new(observation_line(it))),
        Thing::Activity(it) => Line::Activity(Box::new(activity_line(it))),
        Thing::Folder(it) => Line::Folder(FolderLine {
            folder: it.folder.to_string(),
            looked_up_at: it.looked_up_at.millis(),
            facts: it.facts.clone(),
            reporter: it.reporter.to_string(),
        }),
        Thing::PullRequest(it) => Line::PullRequest(PullRequestLine {
            tool: it.tool.name().to_owned(),
            session: it.session.to_string(),
            url: it.url.to_string(),
            number: it.number,
            branch: text(it.branch.as_ref(), Branch::as_str),
            first_at: it.first_at.millis(),
            last_at: it.last_at.millis(),
        }),
        Thing::Tally(it) => Line::Tally(tally_line(it)),
        Thing::Tag(it) => Line::Tag(TagLine {
            session: it.session.to_string(),
            key: it.key.clone(),
            value: it.value.clone(),
            at: it.at.millis(),
        }),
        Thing::Reporter(it) => Line::Reporter(ReporterLine {
            witness: witness_line(&it.witness),
            first_at: it.first_at.millis(),
            last_at: it.last_at.millis(),
        }),
    }
}

fn thing_of(line: Line) -> Option<Thing> {
    Some(match line {
        Line::Observation(it) => Thing::Observation(observation(*it)?),
        Line::Activity(it) => Thing::Activity(activity(*it)?),
        Line::Folder(it) => Thing::Folder(FolderReport {
            folder: Folder::new(&it.folder),
            looked_up_at: moment(it.looked_up_at),
            facts: it.facts,
            reporter: ReporterId::new(&it.reporter),
        }),
        Line::PullRequest(it) => Thing::PullRequest(PrLink {
            tool: Tool::from_name(&it.tool)?,
            session: SessionId::new(&it.session),
            url: Arc::from(it.url),
            number: it.number,
            branch: it.branch.as_deref().map(Branch::new),
            first_at: moment(it.first_at),
            last_at: moment(it.last_at),
        }),
        Line::Tally(it) => Thing::Tally(tally(&it)?),
        Line::Tag(it) => Thing::Tag(SessionTag {
            session: SessionId::new(&it.session),
            key: it.key,
            value: it.value,
            at: moment(it.at),
        }),
        Line::Reporter(it) => Thing::Reporter(Reporter {
            witness: Arc::new(witness(&it.witness)?),
            first_at: moment(it.first_at),
            last_at: moment(it.last_at),
            observations: 0,
            activities: 0,
        }),
        // It says nothing that was reported.
        Line::End(_) => return None,
    })
}

const fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn witness_line(it: &Witness) -> WitnessLine {
    WitnessLine {
        source: it.source.name().to_owned(),
        reporter: it.reporter.to_string(),
        developer: text(it.developer.as_ref(), Developer::as_str),
        claimed: text(it.claimed.as_ref(), Developer::as_str),
    }
}

fn witness(it: &WitnessLine) -> Option<Witness> {
    Some(Witness {
        source: SourceKind::from_name(&it.source)?,
        reporter: ReporterId::new(&it.reporter),
        developer: it.developer.as_deref().map(Developer::new),
        claimed: it.claimed.as_deref().map(Developer::new),
    })
}

fn observation_line(it: &Evidence) -> ObservationLine {
    let Observed { witness, naming, request, call } = &it.observed;
    let (figures, place) = (&call.figures, &call.owner.place);
    let usage = &figures.usage;
    let tokens = [
        usage.input,
        usage.output,
        usage.cache_read,
        usage.cache_write_5m,
        usage.cache_write_1h,
        usage.reasoning,
    ];
    ObservationLine {
        received_at: it.received_at.millis(),
        witness: witness_line(witness),
        provider_key: *naming == domain::Naming::Provider,
        key: call.key.to_string(),
        request: text(request.as_ref(), RequestId::as_str),
        at: call.at.millis(),
        figures: FiguresLine {
            model: figures.model.to_string(),
            provider: text(figures.provider.as_ref(), Provider::as_str),
            tier: figures.terms.tier.name().to_owned(),
            speed: figures.terms.speed.name().to_owned(),
            geo: figures.terms.geo.name().to_owned(),
            confidence: figures.output.code(),
            tokens: tokens.map(Tokens::count),
            web_searches: usage.web_searches,
            reported_nano_usd: figures.reported_cost.map(NanoUsd::nano),
            lineage: figures.lineage.code(),
            at: figures.at.millis(),
            file: figures.origin.file,
            offset: figures.origin.offset,
        },
        place: PlaceLine {
            tool: place.tool.name().to_owned(),
            session: place.session.to_string(),
            thread: place.thread.code(),
            folder: text(place.folder.as_ref(), Folder::as_str),
            branch: text(place.branch.as_ref(), Branch::as_str),
            remote: place.remote.as_deref().map(str::to_owned),
            command: place.command.as_deref().map(str::to_owned),
            skill: place.skill.as_deref().map(str::to_owned),
        },
        owner_lineage: call.owner.lineage.code(),
        owner_at: call.owner.at.millis(),
    }
}

fn observation(it: ObservationLine) -> Option<Evidence> {
    let (figures, place) = (it.figures, it.place);
    let [input, output, cache_read, cache_write_5m, cache_write_1h, reasoning] =
        figures.tokens.map(Tokens::new);
    let web_searches = figures.web_searches;
    let place = Place {
        tool: Tool::from_name(&place.tool)?,
        session: SessionId::new(&place.session),
        thread: coded(place.thread)?,
        folder: place.folder.as_deref().map(Folder::new),
        branch: place.branch.as_deref().map(Branch::new),
        remote: place.remote.map(Arc::from),
        command: place.command.map(Arc::from),
        skill: place.skill.map(Arc::from),
    };
    let figures = Figures {
        model: ModelName::new(&figures.model),
        provider: figures.provider.as_deref().map(Provider::new),
        usage: Usage { input, output, cache_read, cache_write_5m, cache_write_1h, reasoning, web_searches },
        terms: Terms {
            tier: ServiceTier::from_name(&figures.tier)?,
            speed: Speed::from_name(&figures.speed)?,
            geo: InferenceGeo::from_name(&figures.geo)?,
        },
        output: coded(figures.confidence)?,
        reported_cost: figures.reported_nano_usd.map(NanoUsd::new),
        lineage: coded(figures.lineage)?,
        at: moment(figures.at),
        origin: Origin { file: figures.file, offset: figures.offset },
    };
    let owner = Owner { place: Arc::new(place), lineage: coded(it.owner_lineage)?, at: moment(it.owner_at) };
    let call = Call { key: CallKey::new(&it.key), request: None, at: moment(it.at), figures, owner };
    let naming = if it.provider_key { domain::Naming::Provider } else { domain::Naming::Derived };
    let request = it.request.as_deref().map(RequestId::new);
    let observed = Observed { witness: Arc::new(witness(&it.witness)?), naming, request, call };
    Some(Evidence { observed, received_at: moment(it.received_at) })
}

fn coded<T: Code>(code: i64) -> Option<T> {
    T::from_code(code).ok()
}

fn activity_line(it: &Activity) -> ActivityLine {
    ActivityLine {
        identity: it.identity,
        at: it.at.millis(),
        kind: it.kind.name().to_owned(),
        amount: it.amount,
        subject: it.subject.as_deref().map(str::to_owned),
        tool: it.tool.map(|tool| tool.name().to_owned()),
        session: text(it.session.as_ref(), SessionId::as_str),
        witness: witness_line(&it.witness),
    }
}

fn activity(it: ActivityLine) -> Option<Activity> {
    let tool = match it.tool.as_deref() {
        Some(name) => Some(Tool::from_name(name)?),
        None => None,
    };
    Some(Activity {
        identity: it.identity,
        at: moment(it.at),
        kind: ActivityKind::from_name(&it.kind)?,
        amount: it.amount,
        subject: it.subject.map(Arc::from),
        tool,
        session: it.session.as_deref().map(SessionId::new),
        witness: Arc::new(witness(&it.witness)?),
    })
}

fn tally_line(it: &TallyReport) -> TallyLine {
    let tally = &it.tally;
    TallyLine {
        reporter: it.reporter.to_string(),
        tool: tally.tool.name().to_owned(),
        session: tally.session.to_string(),
        first_at: tally.first_at.millis(),
        last_at: tally.last_at.millis(),
        turns: tally.turns,
        active_ms: tally.active_ms,
        tool_calls: tally.tool_calls,
        failed_steps: tally.failed_steps,
        longest_failing_run: tally.longest_failing_run,
        compactions: tally.compactions,
        first_context: tally.first_context.count(),
        peak_context: tally.peak_context.count(),
    }
}

fn tally(it: &TallyLine) -> Option<TallyReport> {
    let tally = SessionTally {
        tool: Tool::from_name(&it.tool)?,
        session: SessionId::new(&it.session),
        first_at: moment(it.first_at),
        last_at: moment(it.last_at),
        turns: it.turns,
        active_ms: it.active_ms,
        tool_calls: it.tool_calls,
        failed_steps: it.failed_steps,
        longest_failing_run: it.longest_failing_run,
        compactions: it.compactions,
        first_context: Tokens::new(it.first_context),
        peak_context: Tokens::new(it.peak_context),
    };
    Some(TallyReport { reporter: ReporterId::new(&it.reporter), tally })
}

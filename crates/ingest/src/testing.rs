//! For tests: harvests as text, decoders driven over fixtures, and mutations.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use domain::{Thread, Timestamp, TokenClass};

use crate::harvest::{Decoded, Decoder, Harvest, Record};
use crate::lines;

/// How many mutations of each fixture a mutation test tries.
const MUTATIONS: u64 = 1_000;

/// How many of them are read interrupted as well.
const INTERRUPTED_EVERY: u64 = 4;

/// A fixture of this crate.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A harvest as text: a line a fact, in the order of the log; zeros are left out.
pub(crate) fn show(harvest: &Harvest) -> String {
    let mut text = String::new();
    for call in &harvest.observations {
        let provider = call.provider.as_ref().map_or("?", |it| it.as_str());
        write!(text, "{} {} {provider}/{}", call.key, time(call.at), call.model).unwrap();
        for class in TokenClass::BILLED.into_iter().chain([TokenClass::Reasoning]) {
            let tokens = call.usage.tokens(class).count();
            if tokens > 0 {
                write!(text, " {}={tokens}", class.name()).unwrap();
            }
        }
        if let Some(cost) = call.reported_cost {
            write!(text, " cost={cost}").unwrap();
        }
        let place = &call.place;
        write!(text, " {} {:?} @ {}", call.output.name(), call.lineage, place.session).unwrap();
        if place.thread == Thread::Subagent {
            text.push_str(" subagent");
        }
        for (label, value) in [
            ("", place.folder.as_ref().map(|it| it.as_str())),
            ("#", place.branch.as_ref().map(|it| it.as_str())),
            ("", place.remote.as_deref()),
            ("/", place.command.as_deref()),
        ] {
            if let Some(value) = value {
                write!(text, " {label}{value}").unwrap();
            }
        }
        text.push('\n');
    }
    for tally in harvest.tallies.iter() {
        write!(text, "session {} {}..{}", tally.session, time(tally.first_at), time(tally.last_at)).unwrap();
        for (label, value) in [
            ("turns", u64::from(tally.turns)),
            ("active_ms", tally.active_ms),
            ("tools", u64::from(tally.tool_calls)),
            ("failed", u64::from(tally.failed_steps)),
            ("run", u64::from(tally.longest_failing_run)),
            ("compactions", u64::from(tally.compactions)),
            ("first", tally.first_context.count()),
            ("peak", tally.peak_context.count()),
        ] {
            if value > 0 {
                write!(text, " {label}={value}").unwrap();
            }
        }
        text.push('\n');
    }
    for (problem, met) in harvest.problems.iter() {
        writeln!(text, "{} x{} at {}", problem.name(), met.count, met.first_offset).unwrap();
    }
    text
}

/// Which turn each call is of, by a number in the order of the log, and the tools that it
/// called; `+2` behind one says that the step had failed twice before.
pub(crate) fn show_turns(harvest: &Harvest) -> String {
    let mut turns = Vec::new();
    let mut text = String::new();
    for call in &harvest.observations {
        let number = call.turn.map(|turn| match turns.iter().position(|known| *known == turn) {
            Some(place) => place + 1,
            None => {
                turns.push(turn);
                turns.len()
            }
        });
        let turn = number.map_or_else(|| "no turn".to_owned(), |it| format!("turn {it}"));
        write!(text, "{} {turn}", call.key).unwrap();
        let mut tools: Vec<_> = call.tools.iter().collect();
        tools.sort_by_key(|it| (it.name(), it.retry()));
        for used in tools {
            write!(text, " {}", used.name()).unwrap();
            if used.retry() > 0 {
                write!(text, "+{}", used.retry()).unwrap();
            }
        }
        text.push('\n');
    }
    text
}

fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).map_or_else(|_| "?".to_owned(), |at| format!("{at:.3}"))
}

/// Makes a decoder of one file from the state that an earlier one left.
pub(crate) type Make<'a> = &'a dyn Fn(Option<&str>) -> Box<dyn Decoder + Send>;

/// Reads bytes with one decoder.
pub(crate) fn read(bytes: &[u8], make: Make<'_>) -> Harvest {
    let mut harvest = Harvest::default();
    lines::read(&mut &*bytes, 0, make(None).as_mut(), &mut harvest, &mut |_| {}).unwrap();
    harvest
}

/// Reads bytes with a new decoder a record, each going on from the state of the last.
pub(crate) fn read_interrupted(bytes: &[u8], make: Make<'_>) -> Harvest {
    struct Forgetful<'a>(Make<'a>, Option<String>);
    impl Decoder for Forgetful<'_> {
        fn decode(&mut self, record: Record<'_>, harvest: &mut Harvest) -> Decoded {
            let mut decoder = (self.0)(self.1.as_deref());
            let decoded = decoder.decode(record, harvest);
            self.1 = Some(decoder.state());
            decoded
        }

        fn state(&self) -> String {
            String::new()
        }
    }
    let mut harvest = Harvest::default();
    lines::read(&mut &*bytes, 0, &mut Forgetful(make, None), &mut harvest, &mut |_| {}).unwrap();
    harvest
}

/// Checks what a decoder makes of a fixture, in one go and interrupted after every record.
pub(crate) fn check(name: &str, make: Make<'_>, expected: &str) {
    let bytes = std::fs::read(fixture(name)).unwrap();
    let (whole, interrupted) = (read(&bytes, make), read_interrupted(&bytes, make));
    let once = show(&whole);
    assert_eq!(once, expected, "\n{once}");
    assert_eq!(show(&interrupted), once, "{name}, interrupted");
    assert_eq!(show_turns(&interrupted), show_turns(&whole), "{name}, interrupted");
}

/// Checks which turns and tools a decoder finds in a fixture.
pub(crate) fn check_turns(name: &str, make: Make<'_>, expected: &str) {
    let shown = show_turns(&read(&std::fs::read(fixture(name)).unwrap(), make));
    assert_eq!(shown, expected, "\n{shown}");
}

/// Feeds a decoder a thousand damaged copies of a fixture: it must not panic, and
/// must give the same when it is interrupted.
pub(crate) fn survives_damage(name: &str, make: Make<'_>) {
    let bytes = std::fs::read(fixture(name)).unwrap();
    for seed in 1..=MUTATIONS {
        let damaged = damage(&bytes, seed);
        let once = read(&damaged, make);
        if seed % INTERRUPTED_EVERY == 0 {
            let interrupted = read_interrupted(&damaged, make);
            assert_eq!(show(&interrupted), show(&once), "{name}, seed {seed}");
            assert_eq!(show_turns(&interrupted), show_turns(&once), "{name}, seed {seed}");
        }
    }
}

/// A damaged copy: some bytes flipped, cut out, doubled, or replaced by something
/// that hurts.
pub(crate) fn damage(bytes: &[u8], seed: u64) -> Vec<u8> {
    const HURTING: [&[u8]; 10] = [
        b"-1",
        b"1e999",
        b"99999999999999999999999",
        b"null",
        b"[]",
        b"{}",
        b"\"\"",
        b"\"\\ud800\"",
        b"\xFF",
        b"\n",
    ];
    let mut dice = Dice::new(seed);
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        let from = dice.below(bytes.len());
        let until = (from + dice.below(40)).min(bytes.len());
        match dice.below(6) {
            0 => bytes.truncate(from),
            1 => drop(bytes.drain(from..until)),
            2 => {
                let doubled = bytes[from..until].to_vec();
                bytes.splice(until..until, doubled);
            }
            3 if from < bytes.len() => bytes[from] ^= 1 << dice.below(8),
            _ => drop(
                bytes.splice(number_around(&bytes, from), HURTING[dice.below(HURTING.len())].iter().copied()),
            ),
        }
    }
    bytes
}

/// The digits around a place, so that a replacement hits a whole number.
fn number_around(bytes: &[u8], place: usize) -> std::ops::Range<usize> {
    let digits = |byte: &u8| byte.is_ascii_digit();
    let before = bytes[..place].iter().rev().take_while(|byte| digits(byte)).count();
    let behind = bytes[place..].iter().take_while(|byte| digits(byte)).count();
    place - before..place + behind
}

/// A small generator of numbers: the same seed, the same damage.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// Writes a thousand damaged copies of a document to a file of that name and
/// reads each: it must not panic.
pub(crate) fn documents_survive_damage(
    name: &str,
    file: &str,
    read: &dyn Fn(&Path, &mut Harvest) -> std::io::Result<()>,
) {
    let bytes = std::fs::read(fixture(name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    for seed in 1..=MUTATIONS {
        std::fs::write(&path, damage(&bytes, seed)).unwrap();
        read(&path, &mut Harvest::default()).unwrap();
    }
}

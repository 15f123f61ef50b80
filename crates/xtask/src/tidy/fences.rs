//! What may be named only in some places: I/O, the clock, SQL, other programs, floats.

use super::Complaint;
use super::modules;
use super::source::Source;
use super::tree::Tree;

/// Some paths, and where they may stand. Tests are free.
struct Fence {
    /// Paths or single words, as they are written in code.
    paths: &'static [&'static str],
    holds: Holds,
    why: &'static str,
    fix: &'static str,
}

enum Holds {
    /// In these crates.
    In(&'static [&'static str]),
    /// Everywhere but in files whose path begins so.
    OutsideOf(&'static [&'static str]),
}

/// The crates that decide and do nothing else.
const PURE: &[&str] = &["domain", "pricing", "metering", "ledger", "dialect", "insight"];

const FENCES: &[Fence] = &[
    Fence {
        paths: &["std::fs", "std::net", "std::process", "std::thread", "std::env", "std::os", "tokio"],
        holds: Holds::In(PURE),
        why: "and a pure crate does no I/O and reads no environment",
        fix: "take the data as an argument; the caller reads it",
    },
    Fence {
        paths: &["time::SystemTime", "time::Instant", "Zoned::now", "Timestamp::now", "TimeZone::system"],
        holds: Holds::In(PURE),
        why: "and a pure crate reads no clock and no time zone of the machine",
        fix: "take the time or the zone as an argument",
    },
    Fence {
        paths: &["f32", "f64"],
        holds: Holds::In(&["domain", "pricing", "metering", "ledger", "dialect", "store"]),
        why: "and no float touches money",
        fix: "count in integers: PicoUsd, NanoUsd, Tokens",
    },
    Fence {
        paths: &["rusqlite"],
        holds: Holds::OutsideOf(&[
            "crates/store/",
            "crates/ingest/src/database.rs",
            "crates/ingest/src/logs/opencode",
            "crates/ingest/src/logs/copilot_cli",
        ]),
        why: "and SQL lives in store; ingest reads databases of tools",
        fix: "add what is needed to store's door",
    },
    Fence {
        paths: &["process::Command"],
        holds: Holds::OutsideOf(&[
            "crates/attribution/",
            "crates/bursar/src/page_link/browser.rs",
            "crates/bursar/src/run/child.rs",
            "crates/testkit/",
            "crates/xtask/",
        ]),
        why: "and only attribution starts another program, which is git; `bursar run` starts what it is told to, and the page its browser",
        fix: "ask attribution",
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for name in tree.crates() {
        let folder = format!("crates/{name}/");
        for path in modules::shipped(tree, name) {
            let Some(text) = tree.text(&path) else { continue };
            let source = Source::new(text);
            for fence in FENCES.iter().filter(|fence| fence.holds.at(name, &path)) {
                complaints.extend(fence.crossed(&source).into_iter().map(|(line, what)| {
                    let what = format!("{what} in {folder}");
                    Complaint::new(&path, line, what, fence.why, fence.fix)
                }));
            }
        }
    }
    complaints
}

impl Holds {
    fn at(&self, crate_name: &str, path: &str) -> bool {
        match self {
            Self::In(crates) => crates.contains(&crate_name),
            Self::OutsideOf(places) => !places.iter().any(|place| path.starts_with(place)),
        }
    }
}

impl Fence {
    /// The lines that name one of the paths, each once.
    fn crossed(&self, source: &Source) -> Vec<(usize, String)> {
        let written = source.lines().map(|(line, code, test)| (line, code.to_owned(), test));
        let mut crossed: Vec<(usize, String)> = written
            .chain(source.uses())
            .filter(|&(_, _, test)| !test)
            .filter_map(|(line, code, _)| {
                let path = self.paths.iter().find(|path| names(&code, path))?;
                Some((line, format!("`{path}`")))
            })
            .collect();
        crossed.sort();
        crossed.dedup_by_key(|it| it.0);
        crossed
    }
}

/// Whether `code` holds `path` as whole words.
fn names(code: &str, path: &str) -> bool {
    let part_of_word = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || it == '_');
    code.match_indices(path).any(|(at, _)| {
        let before = code.get(..at).and_then(|it| it.chars().next_back());
        let after = code.get(at + path.len()..).and_then(|it| it.chars().next());
        !part_of_word(before) && !part_of_word(after)
    })
}

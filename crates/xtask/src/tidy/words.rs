//! Rules about single files: headers, lengths, and words that do not belong.

use super::Complaint;
use super::source::Source;
use super::tree::Tree;

/// Lines of a source file that are not tests.
const MAX_SOURCE_LINES: usize = 800;

/// Files that may be longer, each with the reason in the review that let it in.
const LONGER: &[&str] = &[];

/// Files that tools write, in whose words nobody has a say.
const WRITTEN_BY_TOOLS: &[&str] = &["Cargo.lock", "fuzz/Cargo.lock"];

/// Where comments are ours.
const SOURCES: &[&str] = &[".rs", ".py", ".sh", ".sql", ".toml", "Makefile", ".ci/run"];

/// A word, and why it does not belong. Split, so that this file does not hold it.
struct Word {
    text: &'static str,
    why: &'static str,
    fix: &'static str,
}

const UNFINISHED: &str = "and unfinished work is not in the tree";
const FINISH: &str = "finish it, or write it down where work is planned";

const LEFT_OVER: &[Word] = &[
    Word { text: concat!("TO", "DO"), why: UNFINISHED, fix: FINISH },
    Word { text: concat!("FIX", "ME"), why: UNFINISHED, fix: FINISH },
    Word { text: concat!("X", "XX"), why: UNFINISHED, fix: FINISH },
];

const CODE: &[Word] = &[
    Word { text: concat!("todo", "!("), why: UNFINISHED, fix: FINISH },
    Word { text: concat!("unimplemented", "!("), why: UNFINISHED, fix: FINISH },
    Word {
        text: concat!("dbg", "!("),
        why: "and this is a leftover of a search for a bug",
        fix: "remove it",
    },
    Word {
        text: concat!("#[", "allow("),
        why: "and it outlives its cause",
        fix: "write `expect`, with a reason",
    },
    Word {
        text: concat!("#![", "allow("),
        why: "and it outlives its cause",
        fix: "write `expect`, with a reason",
    },
];

const OF_ONE_MACHINE: &str = "and it is true on one machine only";
const NAME_NO_PATH: &str = "use a relative path, a variable or an invented one such as /home/dana";
const NAME_NO_HOST: &str = "leave it to the tool's own default";

const PLACES: &[Word] = &[
    Word { text: concat!("/ro", "ot/"), why: OF_ONE_MACHINE, fix: NAME_NO_PATH },
    Word { text: concat!("/wo", "rk/"), why: OF_ONE_MACHINE, fix: NAME_NO_PATH },
    Word { text: concat!("/tm", "p/w/"), why: OF_ONE_MACHINE, fix: NAME_NO_PATH },
    Word { text: concat!("crates", ".io"), why: OF_ONE_MACHINE, fix: NAME_NO_HOST },
    Word { text: concat!("pypi", ".org"), why: OF_ONE_MACHINE, fix: NAME_NO_HOST },
    Word { text: concat!("npmjs", ".org"), why: OF_ONE_MACHINE, fix: NAME_NO_HOST },
    Word { text: concat!("debian", ".org"), why: OF_ONE_MACHINE, fix: NAME_NO_HOST },
];

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.files() {
        if path.ends_with(".rs") {
            complaints.extend(rust(path, text));
        } else if [".py", ".sh"].iter().any(|ending| path.ends_with(ending)) {
            complaints.extend(length(path, text.lines().count()));
        }
        let written_by_hand = !WRITTEN_BY_TOOLS.contains(&path);
        let is_source = SOURCES.iter().any(|ending| path.ends_with(ending));
        for (index, line) in text.lines().enumerate().filter(|_| written_by_hand) {
            let left_over = LEFT_OVER.iter().filter(|_| is_source);
            complaints.extend(words(path, index + 1, line, left_over.chain(PLACES)));
        }
    }
    complaints
}

fn rust(path: &str, text: &str) -> Vec<Complaint> {
    let source = Source::new(text);
    let mut complaints = length(path, source.shipped_lines());
    if !text.starts_with("//!") {
        let why = "so a reader has to find out what the module is for";
        complaints.push(Complaint::new(path, 1, "no header", why, "begin the file with a line of `//!`"));
    }
    for (number, code, _) in source.lines() {
        complaints.extend(words(path, number, code, CODE.iter()));
    }
    complaints
}

fn length(path: &str, lines: usize) -> Vec<Complaint> {
    if lines <= MAX_SOURCE_LINES || LONGER.contains(&path) {
        return Vec::new();
    }
    let what = format!("{lines} lines without tests, {MAX_SOURCE_LINES} at most");
    vec![Complaint::new(path, lines, what, "and that is more than one thing", "split it along its nouns")]
}

fn words<'a>(path: &str, number: usize, line: &str, words: impl Iterator<Item = &'a Word>) -> Vec<Complaint> {
    words
        .filter(|word| stands_alone(line, word.text))
        .map(|word| Complaint::new(path, number, format!("`{}`", word.text), word.why, word.fix))
        .collect()
}

/// Whether `word` is in the line without being the tail of a longer word or path.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|it| it.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|it| it.chars().next());
        let joined = |letter: char| letter.is_alphanumeric() || "_~".contains(letter);
        let tail = before.is_some_and(|it| joined(it) || (word.starts_with('/') && ".})".contains(it)));
        let head = word.ends_with(char::is_alphanumeric) && after.is_some_and(joined);
        !tail && !head
    })
}

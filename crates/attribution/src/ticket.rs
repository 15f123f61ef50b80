//! The ticket that a branch name speaks of: `feature/ENG-123-invoice` is for `ENG-123`.
//!
//! A ticket is a project key and a number, between the borders that `/`, `_`, `-`
//! and the ends of the name make. Much looks like one and is none: `UTF-8`,
//! `CVE-2026-1`, `react-18`. Where the organisation lists its project keys, only
//! those count. Where it does not, names of standards never do, and a key in lower
//! case counts only at the start of the branch or after a slash (where trackers put
//! it when they make the branch) and only if it is no everyday word.

use std::collections::BTreeSet;

use domain::Ticket;

const MIN_KEY_CHARS: usize = 2;
const MAX_KEY_CHARS: usize = 10;
const MAX_NUMBER_DIGITS: usize = 7;

/// Branches of programs that keep dependencies up to date are made of package names and versions.
const BOTS: [&str; 4] = ["dependabot/", "renovate/", "snyk-", "pre-commit-ci"];

/// What is written like a ticket and names a standard, a code page or a product.
const STANDARDS: [&str; 42] = [
    "AES", "ANSI", "AVX", "BASE", "CP", "CVE", "CWE", "ECMA", "ES", "FIPS", "GHSA", "GPT", "HTTP", "IEEE",
    "IPV", "ISO", "JDK", "JSR", "KOI", "LATIN", "MD", "NIST", "OAUTH", "PEP", "PSR", "RFC", "RSA", "SHA",
    "SOC", "SSE", "SSL", "TLS", "UCS", "UTF", "UUID", "WINDOWS", "X509", "X86", "X64", "PCI", "ARM", "COVID",
];

/// What stands before a number in the branch names of every project, in lower case.
const WORDS: [&str; 71] = [
    "alpha",
    "angular",
    "attempt",
    "backup",
    "batch",
    "beta",
    "bug",
    "build",
    "chapter",
    "chore",
    "claude",
    "codex",
    "copy",
    "day",
    "debian",
    "demo",
    "deps",
    "django",
    "draft",
    "exp",
    "feat",
    "feature",
    "fix",
    "gemini",
    "gh",
    "go",
    "haiku",
    "hotfix",
    "issue",
    "issues",
    "iter",
    "iteration",
    "java",
    "job",
    "lab",
    "lesson",
    "level",
    "milestone",
    "model",
    "node",
    "opus",
    "option",
    "page",
    "part",
    "patch",
    "phase",
    "php",
    "pr",
    "prototype",
    "python",
    "rails",
    "rc",
    "react",
    "release",
    "round",
    "ruby",
    "rust",
    "sonnet",
    "spike",
    "spring",
    "sprint",
    "stage",
    "step",
    "take",
    "temp",
    "test",
    "try",
    "ubuntu",
    "version",
    "vue",
    "week",
];

/// Which project keys are tickets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketKeys {
    only: BTreeSet<String>,
    never: BTreeSet<String>,
}

impl TicketKeys {
    /// Those of `only`, or of no list where it is empty, but none of `never`.
    pub fn new<'a>(
        only: impl IntoIterator<Item = &'a str>,
        never: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            only: only.into_iter().map(str::to_ascii_uppercase).collect(),
            never: never.into_iter().map(str::to_ascii_uppercase).collect(),
        }
    }

    fn allow(&self, word: &str, starts_segment: bool) -> bool {
        let key = word.to_ascii_uppercase();
        if self.never.contains(&key) {
            return false;
        }
        if !self.only.is_empty() {
            return self.only.contains(&key);
        }
        let is_lower = word.bytes().any(|it| it.is_ascii_lowercase());
        let is_word = is_lower && (!starts_segment || WORDS.contains(&word.to_ascii_lowercase().as_str()));
        !is_word && !STANDARDS.contains(&key.as_str())
    }
}

/// The first ticket in the name of a branch.
#[must_use]
pub fn in_branch(branch: &str, keys: &TicketKeys) -> Option<Ticket> {
    if BOTS.iter().any(|bot| branch.starts_with(bot)) {
        return None;
    }
    branch.split('/').find_map(|segment| {
        segment.split('_').enumerate().find_map(|(index, part)| in_part(part, index == 0, keys))
    })
}

fn in_part(part: &str, starts_segment: bool, keys: &TicketKeys) -> Option<Ticket> {
    let mut words = part.split('-').peekable();
    let mut is_first = starts_segment;
    while let Some(word) = words.next() {
        if let Some(number) = words.peek().filter(|it| is_number(it))
            && is_key(word)
            && keys.allow(word, is_first)
        {
            return Some(Ticket::new(&format!("{}-{number}", word.to_ascii_uppercase())));
        }
        is_first = false;
    }
    None
}

fn is_key(word: &str) -> bool {
    (MIN_KEY_CHARS..=MAX_KEY_CHARS).contains(&word.len())
        && word.bytes().all(|it| it.is_ascii_alphanumeric())
        && word.bytes().next().is_some_and(|it| it.is_ascii_alphabetic())
}

fn is_number(word: &str) -> bool {
    (1..=MAX_NUMBER_DIGITS).contains(&word.len())
        && word.bytes().all(|it| it.is_ascii_digit())
        && !word.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &TicketKeys, cases: &[(&str, Option<&str>)]) {
        for (branch, expected) in cases {
            assert_eq!(in_branch(branch, keys), expected.map(Ticket::new), "{branch}");
        }
    }

    #[test]
    fn a_ticket_is_a_key_and_a_number_between_borders() {
        check(
            &TicketKeys::default(),
            &[
                ("ENG-123", Some("ENG-123")),
                ("feature/ENG-123-invoice", Some("ENG-123")),
                ("ada/eng-123-invoice", Some("ENG-123")),
                ("fix_ENG-7_again", Some("ENG-7")),
                ("invoice-ENG-7", Some("ENG-7")),
                ("ENG-7/OPS-8", Some("ENG-7")),
                ("A1-9", Some("A1-9")),
                ("ABCDEFGHIJ-1234567", Some("ABCDEFGHIJ-1234567")),
                ("ABCDEFGHIJK-1", None),
                ("ENG-12345678", None),
                ("ENG-012", None),
                ("ENG-0", None),
                ("E-12", None),
                ("1NG-12", None),
                ("ENG-12b", None),
                ("ENG-12.3", None),
                ("xENG-12", Some("XENG-12")),
                ("ENG12", None),
                ("main", None),
                ("", None),
                ("überENG-1", None),
            ],
        );
    }

    #[test]
    fn standards_and_everyday_words_are_no_tickets() {
        check(
            &TicketKeys::default(),
            &[
                ("fix/UTF-8", None),
                ("utf-8-names", None),
                ("use-SHA-256", None),
                ("CVE-2026-1234", None),
                ("ISO-8859-1", None),
                ("fix/UTF-8-in-ENG-12", Some("ENG-12")),
                ("fix-12", None),
                ("issue-45/retry", None),
                ("add-react-18", None),
                ("react-18", None),
                ("release-2", None),
                ("dependabot/npm/ABC-4", None),
                ("gpt-5-prompts", None),
                ("BUG-12", Some("BUG-12")),
            ],
        );
    }

    #[test]
    fn a_list_of_keys_decides_alone() {
        let keys = TicketKeys::new(["eng", "FIX", "UTF"], []);
        check(
            &keys,
            &[
                ("add-eng-12", Some("ENG-12")),
                ("fix-12", Some("FIX-12")),
                ("UTF-8", Some("UTF-8")),
                ("OPS-12", None),
                ("OPS-12-ENG-3", Some("ENG-3")),
            ],
        );
        check(&TicketKeys::new([], ["ops"]), &[("OPS-12", None), ("ENG-3", Some("ENG-3"))]);
    }
}

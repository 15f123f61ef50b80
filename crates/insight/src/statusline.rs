//! `bursar statusline`: one line under a coding tool's prompt.
//!
//! The tool calls it several times a minute and shows nothing if it fails, so
//! nothing here can fail: every field of the input is optional, and one of the
//! wrong type is taken for missing.

use std::collections::HashMap;

use domain::{NanoUsd, PicoUsd, SessionId};
use serde_json::value::RawValue;

use crate::table::{Terminal, Tone, printable};
use crate::text::dollars;

/// Input larger than this is not looked at.
const MAX_INPUT_BYTES: usize = 1024 * 1024;
/// A name longer than this is no name.
const MAX_NAME_CHARS: usize = 120;
/// A context fuller than this is shown in alarm, in percent.
const FULL_CONTEXT: u64 = 80;

/// What the tool says on its standard input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatuslineInput {
    /// The session.
    pub session: Option<SessionId>,
    /// The model's name for people.
    pub model_name: Option<String>,
    /// The model's id.
    pub model_id: Option<String>,
    /// The working folder.
    pub folder: Option<String>,
    /// The session's log.
    pub transcript: Option<String>,
    /// The branch, where the tool says it.
    pub branch: Option<String>,
    /// The number of the pull request.
    pub pull_request: Option<u64>,
    /// What the tool thinks the session costs.
    pub reported_cost: Option<NanoUsd>,
    /// How full the context is, in percent.
    pub context_percent: Option<u64>,
    /// How much of the plan's five hours is used, in percent.
    pub five_hours_percent: Option<u64>,
    /// How much of the plan's week is used, in percent.
    pub week_percent: Option<u64>,
}

/// What Bursar knows besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatuslineFacts {
    /// What the session costs, from its logs.
    pub session: Option<Spent>,
    /// What today costs.
    pub today: Option<Spent>,
    /// The branch.
    pub branch: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
}

/// A cost, and how many calls have none that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// What the priced calls cost.
    pub cost: NanoUsd,
    /// Calls without a price.
    pub unpriced_calls: u64,
}

impl Spent {
    /// An unknown cost is never shown as none.
    fn text(self) -> String {
        match (self.unpriced_calls, self.cost) {
            (0, cost) => dollars(cost),
            (_, NanoUsd::ZERO) => "unpriced".to_owned(),
            (_, cost) => format!("{}+", dollars(cost)),
        }
    }
}

impl StatuslineInput {
    /// Reads what Claude Code writes. Text that is no JSON is an input without fields.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.len() > MAX_INPUT_BYTES {
            return Self::default();
        }
        let Some(root) = Fields::read(text) else { return Self::default() };
        let model = root.object("model");
        let workspace = root.object("workspace");
        let worktree = root.object("worktree");
        let context = root.object("context_window");
        let limits = root.object("rate_limits");
        let used = |name| limits.object(name).whole("used_percentage");
        Self {
            session: root.text("session_id").map(|it| SessionId::new(&it)),
            model_name: model.text("display_name"),
            model_id: model.text("id"),
            folder: workspace.text("current_dir").or_else(|| root.text("cwd")),
            transcript: root.text("transcript_path"),
            branch: worktree.text("branch"),
            pull_request: root.object("pr").whole("number"),
            reported_cost: root.object("cost").amount("total_cost_usd"),
            context_percent: context.whole("used_percentage").or_else(|| context.filled()),
            five_hours_percent: used("five_hour"),
            week_percent: used("seven_day"),
        }
    }

    fn model(&self) -> Option<String> {
        let id = self.model_id.as_deref().map(|it| it.strip_prefix("claude-").unwrap_or(it).to_owned());
        self.model_name.clone().or(id)
    }
}

/// An object of which nothing is certain.
struct Fields<'a>(HashMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|it| it.get())
    }

    fn object(&self, name: &str) -> Self {
        self.raw(name).and_then(Self::read).unwrap_or_else(|| Self(HashMap::new()))
    }

    fn text(&self, name: &str) -> Option<String> {
        let text: String = serde_json::from_str(self.raw(name)?).ok()?;
        if text.is_empty() { None } else { Some(text) }
    }

    /// A number without its decimals.
    fn whole(&self, name: &str) -> Option<u64> {
        let (whole, _) = decimal(self.raw(name)?)?;
        whole.parse().ok()
    }

    /// An amount in USD, read from its digits: no float comes between. Tools write
    /// floats with up to 17 digits; what is less than a pico-USD is cut off.
    fn amount(&self, name: &str) -> Option<NanoUsd> {
        let (whole, part) = decimal(self.raw(name)?)?;
        let part = part.get(..part.len().min(12))?;
        format!("{whole}.{part}").parse::<PicoUsd>().ok()?.round_half_even().ok()
    }

    /// How full a context is, from its size and what is in it.
    fn filled(&self) -> Option<u64> {
        let size = self.whole("context_window_size")?;
        let usage = self.object("current_usage");
        let classes = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];
        let used = classes.iter().filter_map(|it| usage.whole(it)).try_fold(0_u64, u64::checked_add)?;
        if used == 0 { None } else { used.checked_mul(100)?.checked_div(size) }
    }
}

/// The digits before and behind the point of a plain positive decimal.
fn decimal(raw: &str) -> Option<(&str, &str)> {
    let (whole, part) = raw.split_once('.').unwrap_or((raw, "0"));
    let plain = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    if plain(whole) && plain(part) { Some((whole, part)) } else { None }
}

/// The line. Empty where nothing is known.
#[must_use]
pub fn statusline(input: &StatuslineInput, facts: &StatuslineFacts, terminal: &Terminal) -> String {
    let mut parts: Vec<(Tone, String)> = Vec::new();
    let mut push = |tone, text: Option<String>| {
        let text = text.map(|it| printable(&it)).filter(|it| !it.is_empty());
        parts.extend(text.map(|it| (tone, it.chars().take(MAX_NAME_CHARS).collect())));
    };
    push(Tone::Plain, input.model());
    let session = facts.session.map(Spent::text).or_else(|| input.reported_cost.map(dollars));
    push(Tone::Strong, session.map(|it| format!("{it} session")));
    push(Tone::Strong, facts.today.map(|it| format!("{} today", it.text())));
    let full = input.context_percent.is_some_and(|it| it > FULL_CONTEXT);
    let tone = if full { Tone::Alarm } else { Tone::Plain };
    push(tone, input.context_percent.map(|it| format!("ctx {it}%")));
    push(Tone::Quiet, facts.branch.clone().or_else(|| input.branch.clone()));
    push(Tone::Quiet, facts.ticket.clone());
    push(Tone::Quiet, input.pull_request.map(|it| format!("PR #{it}")));
    let limit = |name: &str, percent: Option<u64>| percent.map(|it| format!("{name} {it}%"));
    push(Tone::Quiet, limit("5h", input.five_hours_percent));
    push(Tone::Quiet, limit("week", input.week_percent));
    let parts: Vec<String> = parts.iter().map(|(tone, text)| terminal.tint(*tone, text)).collect();
    parts.join(terminal.either(" \u{00b7} ", " | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Charset, Color};

    fn check(input: &str, facts: &StatuslineFacts, expected: &str) {
        assert_eq!(statusline(&StatuslineInput::parse(input), facts, &Terminal::plain(200)), expected);
    }

    const FULL: &str = r#"{
        "session_id": "5f0e6c1a", "transcript_path": "/tmp/log.jsonl", "cwd": "/home/dana",
        "model": {"id": "claude-opus-5-5", "display_name": "Opus 5.5"},
        "workspace": {"current_dir": "/home/dana/api", "git_worktree": "x"},
        "cost": {"total_cost_usd": 1.2345678901234567, "total_lines_added": 3},
        "context_window": {"context_window_size": 200000, "used_percentage": 43.7},
        "pr": {"number": 731}, "rate_limits": {"five_hour": {"used_percentage": 12.5}}
    }"#;

    #[test]
    fn everything_that_is_known_is_in_the_line() {
        let facts = StatuslineFacts {
            session: None,
            today: Some(Spent { cost: NanoUsd::new(14_200_000_000), unpriced_calls: 0 }),
            branch: Some("main".to_owned()),
            ticket: Some("ENG-12".to_owned()),
        };
        check(
            FULL,
            &facts,
            "Opus 5.5 · $1.23 session · $14.20 today · ctx 43% · main · ENG-12 · PR #731 · 5h 12%",
        );
        let input = StatuslineInput::parse(FULL);
        assert_eq!(input.folder.as_deref(), Some("/home/dana/api"));
        assert_eq!(input.reported_cost, Some(NanoUsd::new(1_234_567_890)));
        let session = Some(Spent { cost: NanoUsd::new(1), unpriced_calls: 0 });
        let ours = StatuslineFacts { session, ..facts };
        check("{}", &ours, "<$0.01 session · $14.20 today · main · ENG-12");
        let session = Some(Spent { cost: NanoUsd::ZERO, unpriced_calls: 2 });
        let today = Some(Spent { cost: NanoUsd::new(1_230_000_000), unpriced_calls: 2 });
        let ours = StatuslineFacts { session, today, ..StatuslineFacts::default() };
        check("{}", &ours, "unpriced session · $1.23+ today");
    }

    #[test]
    fn a_field_that_is_not_what_it_should_be_is_missing() {
        let nothing = StatuslineFacts::default();
        for input in [
            "",
            "null",
            "[]",
            "{",
            "not json",
            r#"{"model": 7, "cost": [], "session_id": {}}"#,
            r#"{"cost": {"total_cost_usd": -1}, "context_window": {"used_percentage": "full"}}"#,
            r#"{"cost": {"total_cost_usd": 1e300}, "model": {"id": ""}}"#,
            r#"{"cost": {"total_cost_usd": 99999999999999999999}}"#,
        ] {
            check(input, &nothing, "");
        }
        check(r#"{"model": {"id": "claude-opus-5-5", "display_name": null}}"#, &nothing, "opus-5-5");
        check(r#"{"cost": {"total_cost_usd": 3}, "model": false}"#, &nothing, "$3.00 session");
        let counted = r#"{"context_window": {"context_window_size": 200000, "used_percentage": null,
            "current_usage": {"input_tokens": 10, "cache_read_input_tokens": 89990}}}"#;
        check(counted, &nothing, "ctx 45%");
    }

    #[test]
    fn names_cannot_write_on_the_terminal() {
        let facts = StatuslineFacts { branch: Some("a\u{1b}[2Jb".to_owned()), ..StatuslineFacts::default() };
        check("{}", &facts, "a?[2Jb");
        let colour = Terminal { width: 80, color: Color::On, charset: Charset::Ascii };
        let input = StatuslineInput { context_percent: Some(91), ..StatuslineInput::default() };
        let line = statusline(&input, &facts, &colour);
        assert_eq!(line, "\u{1b}[33mctx 91%\u{1b}[0m | \u{1b}[2ma?[2Jb\u{1b}[0m");
    }
}

//! Made-up years of work with every trap that transcripts are known for, and the
//! list of the calls that were really made: what any report must add up to. Prices
//! are worked out here from the published rates, without Bursar's own pricing.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use testkit::logs::{Call, Terms, Tokens, Transcript, millis, moment};

use crate::machine::{CLAUDE, CLAUDE_TOO, Machine};

pub(crate) const RULES: &str = r#"
[[repo]]
folder = "/home/*/src/billing"
repo = "github.com/acme/billing"
[[repo]]
folder = "/home/*/src/web"
repo = "github.com/acme/web"
[[repo]]
folder = "/home/*/src/shop"
repo = "github.com/northwind/shop"
[[project]]
repo = "github.com/northwind/*"
name = "Relaunch"
client = "Northwind"
[[project]]
repo = "github.com/acme/web"
name = "Site"
[developers]
"os-user:ada" = "ada@example.com"
"#;

const UNKNOWN: &str = "unknown";
const SESSIONS: u64 = 28;
const DEVELOPERS: [(&str, &str); 3] =
    [("ada", "ada@example.com"), ("grace", "os-user:grace"), ("linus", "os-user:linus")];

/// Folder, repository, project, client.
const WORK: [[&str; 4]; 4] = [
    ["src/billing", "github.com/acme/billing", UNKNOWN, UNKNOWN],
    ["src/web", "github.com/acme/web", "Site", UNKNOWN],
    ["src/shop", "github.com/northwind/shop", "Relaunch", "Northwind"],
    ["scratch", UNKNOWN, UNKNOWN, UNKNOWN],
];

/// Beginning of a branch's name, ticket, kind of work.
const BRANCHES: [[&str; 3]; 6] = [
    ["main", UNKNOWN, UNKNOWN],
    ["", UNKNOWN, UNKNOWN],
    ["feat/ENG-412-export", "ENG-412", "feature"],
    ["fix/WEB-9-rounding", "WEB-9", "fix"],
    ["docs/setup", UNKNOWN, "docs"],
    ["refactor/PAY-77", "PAY-77", "refactor"],
];

/// The published rates of a model.
struct Rates {
    /// As the logs name it.
    logged: &'static str,
    /// As reports do.
    name: &'static str,
    provider: &'static str,
    /// Nano-USD a token: input, 5-minute write, 1-hour write, cache read, output.
    rates: [i128; 5],
    /// The prompt beyond which other rates hold, and those.
    above: Option<(u64, [i128; 5])>,
    /// What US inference costs, in tenths.
    us_tenths: i128,
    /// What fast mode costs, where there is one.
    fast: i128,
}

const MODELS: [Rates; 5] = [
    Rates {
        logged: "claude-opus-5-5",
        name: "claude-opus-5-5",
        provider: "anthropic",
        rates: [4_000, 5_000, 8_000, 200, 20_000],
        above: None,
        us_tenths: 11,
        fast: 2,
    },
    Rates {
        logged: "claude-sonnet-4-5-20250929",
        name: "claude-sonnet-4-5",
        provider: "anthropic",
        rates: [3_000, 3_750, 6_000, 300, 15_000],
        above: Some((200_000, [6_000, 7_500, 12_000, 600, 22_500])),
        us_tenths: 10,
        fast: 1,
    },
    Rates {
        logged: "claude-haiku-5-5[1m]",
        name: "claude-haiku-5-5",
        provider: "anthropic",
        rates: [100, 125, 200, 10, 500],
        above: Some((100_000, [500, 625, 1_000, 50, 2_500])),
        us_tenths: 11,
        fast: 1,
    },
    Rates {
        logged: "claude-haiku-4-5-20251001",
        name: "claude-haiku-4-5",
        provider: "anthropic",
        rates: [1_000, 1_250, 2_000, 100, 5_000],
        above: None,
        us_tenths: 10,
        fast: 1,
    },
    Rates {
        logged: "house-coder-2",
        name: "house-coder-2",
        provider: UNKNOWN,
        rates: [0; 5],
        above: None,
        us_tenths: 10,
        fast: 1,
    },
];
/// Nano-USD for a web search.
const WEB_SEARCH: i128 = 10_000_000;

/// A call that was really made, with all that reports may be cut by.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    at: Timestamp,
    names: BTreeMap<&'static str, String>,
    tokens: Tokens,
    cost: Option<i64>,
}

impl Made {
    /// Its value of a dimension, in that time zone.
    pub(crate) fn value_in(&self, dimension: &str, zone: &TimeZone) -> String {
        let at = self.at.to_zoned(zone.clone());
        match dimension {
            "day" => at.date().to_string(),
            "week" => {
                let since_monday = at.date().weekday().since(Weekday::Monday);
                (at.date() - i64::from(since_monday).days()).to_string()
            }
            "month" => at.strftime("%Y-%m").to_string(),
            "hour" => at.strftime("%Y-%m-%dT%H:00%:z").to_string(),
            name => self.names.get(name).cloned().unwrap_or_else(|| UNKNOWN.to_owned()),
        }
    }

    /// Its value of a dimension that is no time.
    pub(crate) fn value(&self, dimension: &str) -> String {
        self.value_in(dimension, &TimeZone::UTC)
    }
}

/// What calls add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    pub(crate) calls: u64,
    pub(crate) unpriced: u64,
    pub(crate) tokens: Tokens,
    pub(crate) cost: i64,
}

impl Sum {
    pub(crate) fn of<'a>(calls: impl IntoIterator<Item = &'a Made>) -> Self {
        calls.into_iter().fold(Self::default(), |sum, call| {
            sum.plus(&Self {
                calls: 1,
                unpriced: u64::from(call.cost.is_none()),
                tokens: call.tokens,
                cost: call.cost.unwrap_or_default(),
            })
        })
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        let (a, b) = (&self.tokens, &other.tokens);
        let tokens = Tokens {
            input: a.input + b.input,
            output: a.output + b.output,
            cache_read: a.cache_read + b.cache_read,
            cache_write_5m: a.cache_write_5m + b.cache_write_5m,
            cache_write_1h: a.cache_write_1h + b.cache_write_1h,
            web_searches: a.web_searches + b.web_searches,
        };
        Self {
            calls: self.calls + other.calls,
            unpriced: self.unpriced + other.unpriced,
            tokens,
            cost: self.cost + other.cost,
        }
    }

    /// A row of a document.
    pub(crate) fn of_row(row: &Value) -> Self {
        let count = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{row}"));
        let of = |class: &str| count(&row["tokens"][class]);
        Self {
            calls: count(&row["calls"]),
            unpriced: count(&row["unpriced_calls"]),
            tokens: Tokens {
                input: of("input"),
                output: of("output"),
                cache_read: of("cache_read"),
                cache_write_5m: of("cache_write_5m"),
                cache_write_1h: of("cache_write_1h"),
                web_searches: count(&row["web_searches"]),
            },
            cost: crate::machine::nano(&row["cost_nano_usd"]),
        }
    }
}

/// Whose call it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thread {
    Main,
    Subagent,
}

/// Logs, and what is true of them.
pub(crate) struct World {
    pub(crate) calls: Vec<Made>,
    /// Logs by their place below the machine's root.
    pub(crate) logs: Vec<(String, String)>,
    dice: Dice,
}

impl World {
    /// The world of that seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut world = Self { calls: Vec::new(), logs: Vec::new(), dice: Dice::new(seed) };
        let mut earlier: Vec<Vec<Call>> = Vec::new();
        for session in 0..SESSIONS {
            let own = world.session(session, &earlier);
            earlier.push(own);
        }
        world
    }

    /// Writes the logs to a machine, some of them under a second folder of settings,
    /// some under both.
    pub(crate) fn settle(&self, machine: &Machine) {
        machine.setting("rules.toml", RULES);
        for (number, (name, text)) in self.logs.iter().enumerate() {
            let homes: &[&str] = match number % 5 {
                3 => &[CLAUDE_TOO],
                4 => &[CLAUDE, CLAUDE_TOO],
                _ => &[CLAUDE],
            };
            for home in homes {
                machine.sandbox.write(&format!("{home}/projects/{name}"), text);
            }
        }
    }

    /// One session; gives its calls, to be copied by later ones.
    fn session(&mut self, number: u64, earlier: &[Vec<Call>]) -> Vec<Call> {
        let (account, developer) = self.dice.of(&DEVELOPERS);
        let [folder, repo, project, client] = self.dice.of(&WORK);
        let [branch, ticket, kind] = self.dice.of(&BRANCHES);
        let id = format!("{number:04x}-made-up");
        let cwd = format!("/home/{account}/{folder}");
        let mut log = Transcript::new(&id, &cwd, branch);
        let known = |text: &str| if text.is_empty() { UNKNOWN.to_owned() } else { text.to_owned() };
        let mut names = BTreeMap::from([
            ("developer", developer.to_owned()),
            ("repo", repo.to_owned()),
            ("branch", known(branch)),
            ("ticket", ticket.to_owned()),
            ("task", kind.to_owned()),
            ("project", project.to_owned()),
            ("client", client.to_owned()),
            ("session", id.clone()),
            ("tool", "claude-code".to_owned()),
        ]);
        if self.dice.one_in(3) {
            log.version(["2.1.45", "2.0.60"][self.dice.index(2)]);
        }
        if !earlier.is_empty() && self.dice.one_in(4) {
            let from = self.dice.index(earlier.len());
            for call in &earlier[from] {
                log.copy(call, &format!("{from:04x}-made-up"));
            }
        }
        let mut at = millis("2026-02-26T00:00:00Z") + self.dice.below(70 * 86_400_000).cast_signed();
        if self.dice.one_in(4) {
            log.prompt(at, "<command-name>/review</command-name>");
        } else {
            log.prompt(at, "Please.");
        }
        let reviewed = log.text().contains("/review");
        // A subagent's file does not say which command it works for.
        let aside_names = names.clone();
        if reviewed {
            names.insert("task", "review".to_owned());
        }
        let mut own = Vec::new();
        for step in 0..self.dice.below(18) + 3 {
            at += self.dice.below(1_500_000).cast_signed();
            let call = self.call(&format!("msg_{number}_{step}"), at);
            // What a subagent said is neither copied nor replayed.
            if self.write(&mut log, &call, &names, &aside_names) == Thread::Main {
                own.push(call);
            }
        }
        self.aside(&id, &cwd, branch, (&own, at, &aside_names));
        let file = format!("{}/{id}.jsonl", cwd.replace('/', "-"));
        self.logs.push((file, log.text().to_owned()));
        own
    }

    /// A call, in one of the ways in which transcripts have it.
    fn write(
        &mut self,
        log: &mut Transcript,
        call: &Call,
        names: &BTreeMap<&'static str, String>,
        aside_names: &BTreeMap<&'static str, String>,
    ) -> Thread {
        let mut record = log.assistant(call);
        let mut thread = Thread::Main;
        match self.dice.below(12) {
            0 | 1 => {
                let steps = self.dice.below(4) + 2;
                log.call_in_steps(call, steps);
            }
            2 => {
                let pretty = serde_json::to_string_pretty(&record).expect("JSON");
                log.line(&pretty);
            }
            3 => {
                log.line(r#"{"type":"assistant","message":{"id":"msg_torn","model":"claude-o"#);
                log.record(&record);
            }
            4 => {
                record.as_object_mut().expect("an object").remove("requestId");
                log.record(&record);
            }
            5 => {
                log.quote(call);
                thread = Thread::Subagent;
            }
            6 => {
                log.aside(call);
                thread = Thread::Subagent;
            }
            7 => {
                let advisor = self.call(&format!("{}#advisor-1", call.id), call.at);
                let mut step = advisor.usage();
                step["type"] = json!("advisor_message");
                step["model"] = json!(advisor.model);
                step.as_object_mut().expect("an object").remove("inference_geo");
                record["message"]["usage"]["iterations"] =
                    json!([{"type": "message", "input_tokens": 1, "output_tokens": 1}, step]);
                log.record(&record);
                // Where inference ran is said of the request, not of its steps.
                let terms = Terms { geo: call.terms.geo, ..advisor.terms };
                self.made(&advisor.under(terms), names);
            }
            8 => {
                record["message"]["model"] = json!("<synthetic>");
                record["message"]["id"] = json!(format!("made-up-{}", call.id));
                log.record(&record);
                log.line("\0\0\0\0").line("noise").line("");
                log.call(call);
            }
            9 => {
                // The same again: a rewind, or two lines of one answer.
                log.call(call).call(call);
            }
            _ => {
                log.call(call);
            }
        }
        self.made(call, if thread == Thread::Main { names } else { aside_names });
        thread
    }

    /// A file of a subagent, which may begin with a replay of its parent's messages.
    fn aside(
        &mut self,
        id: &str,
        cwd: &str,
        branch: &str,
        (own, at, names): (&[Call], i64, &BTreeMap<&'static str, String>),
    ) {
        if !self.dice.one_in(3) {
            return;
        }
        let mut log = Transcript::new(id, cwd, branch);
        for call in own.iter().rev().take(3).rev() {
            let mut replayed = call.clone();
            replayed.tokens.output = 1;
            log.aside(&replayed);
        }
        for step in 0..self.dice.below(6) {
            let call = self.call(&format!("msg_{id}_aside_{step}"), at + step.cast_signed() * 7_000);
            log.aside(&call);
            // Quoted by the parent's progress as well, in older versions.
            if self.dice.one_in(3) {
                log.quote(&call);
            }
            self.made(&call, names);
        }
        let file = format!("{}/{id}/subagents/agent-a1.jsonl", cwd.replace('/', "-"));
        self.logs.push((file, log.text().to_owned()));
    }

    fn call(&mut self, id: &str, at: i64) -> Call {
        let model = &MODELS[self.dice.index(MODELS.len())];
        let mut up_to = |most: u64| self.dice.below(most);
        let mut tokens = Tokens {
            input: up_to(50),
            output: up_to(3_000) + 2,
            cache_read: up_to(99_000),
            cache_write_5m: up_to(9_000),
            cache_write_1h: up_to(9_000),
            web_searches: up_to(9) / 8,
        };
        match up_to(8) {
            0 => tokens.cache_read = 0,
            1 => tokens.cache_read = 150_000 + up_to(100_000),
            // Just at the threshold and just beyond it.
            2 => {
                let threshold = model.above.map_or(0, |(threshold, _)| threshold) + up_to(2);
                let rest = tokens.input + tokens.cache_write_5m + tokens.cache_write_1h;
                tokens.cache_read = threshold.saturating_sub(rest);
            }
            _ => {}
        }
        let terms = match up_to(12) {
            0 => Terms { tier: "batch", ..Terms::STANDARD },
            1 => Terms { geo: "us", ..Terms::STANDARD },
            2 => Terms { tier: "batch", geo: "us", ..Terms::STANDARD },
            3 if model.fast > 1 => Terms { speed: "fast", ..Terms::STANDARD },
            _ => Terms::STANDARD,
        };
        let call = Call::new(id, model.logged, &moment(at));
        call.with(tokens).under(terms)
    }

    fn made(&mut self, call: &Call, names: &BTreeMap<&'static str, String>) {
        let model = MODELS.iter().find(|model| model.logged == call.model).expect("a model");
        let mut names = names.clone();
        names.insert("model", model.name.to_owned());
        names.insert("provider", model.provider.to_owned());
        let at = Timestamp::from_millisecond(call.at).expect("a moment");
        self.calls.push(Made { at, names, tokens: call.tokens, cost: model.cost(call) });
    }
}

impl Rates {
    /// What a call costs in nano-USD, rounded half to even.
    fn cost(&self, call: &Call) -> Option<i64> {
        if self.provider == UNKNOWN {
            return None;
        }
        let it = &call.tokens;
        let prompt = it.input + it.cache_write_5m + it.cache_write_1h + it.cache_read;
        let rates = self.above.filter(|(threshold, _)| prompt > *threshold).map_or(self.rates, |it| it.1);
        let counts = [it.input, it.cache_write_5m, it.cache_write_1h, it.cache_read, it.output];
        let mut twentieths: i128 =
            counts.into_iter().zip(rates).map(|(count, rate)| i128::from(count) * rate * 20).sum();
        if call.terms.tier == "batch" {
            twentieths /= 2;
        }
        if call.terms.geo == "us" {
            twentieths = twentieths / 10 * self.us_tenths;
        }
        if call.terms.speed == "fast" {
            twentieths *= self.fast;
        }
        twentieths += i128::from(it.web_searches) * WEB_SEARCH * 20;
        let (whole, rest) = (twentieths / 20, twentieths % 20);
        let up = rest > 10 || (rest == 10 && whole % 2 == 1);
        i64::try_from(whole + i128::from(up)).ok()
    }
}

/// Numbers that look thrown, the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % bound
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).expect("a length"))).expect("an index")
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }
}

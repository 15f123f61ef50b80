//! Books for tests: a small made-up company, and random ones from a seed.

#![expect(clippy::as_conversions, reason = "small numbers of a test generator")]

use std::sync::Arc;

use domain::{
    Attributed, Attribution, Branch, Cell, Developer, Dimension, Evidence, Measures, ModelName, NanoUsd,
    OutputConfidence, Place, Provider, PullRequest, RepoId, Service, SessionId, Terms, Ticket, Timestamp,
    Tokens, Tool, Usage,
};
use jiff::tz::TimeZone;

use crate::book::{Book, PlaceFacts, ServiceFacts, Sources, ToolSource};
use crate::query::{Filter, Query};
use crate::span::Span;

/// Central Europe, as a rule and not from the machine's files.
pub(crate) fn berlin() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a POSIX time zone")
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
}

/// Sunday afternoon.
pub(crate) const NOW: &str = "2026-11-22T13:07:00Z";

pub(crate) struct OwnedBook {
    pub(crate) cells: Vec<Cell>,
    pub(crate) places: Vec<PlaceFacts>,
    pub(crate) services: Vec<ServiceFacts>,
}

impl OwnedBook {
    pub(crate) fn book(&self) -> Book<'_> {
        Book { cells: &self.cells, places: &self.places, services: &self.services }
    }
}

pub(crate) fn sources() -> Sources {
    Sources {
        tools: vec![
            ToolSource { tool: Tool::ClaudeCode, files: 214, bytes: 188_743_680 },
            ToolSource { tool: Tool::Codex, files: 31, bytes: 9_437_184 },
        ],
        unreadable_files: 1,
        problem_records: 3,
        newest: Some(at("2026-11-22T12:58:00Z")),
    }
}

pub(crate) fn place(tool: Tool, session: &str, branch: Option<&str>) -> Place {
    Place { branch: branch.map(Branch::new), ..Place::of(tool, SessionId::new(session)) }
}

fn facts(session: &str, developer: &str, repo: Option<&str>, branch: Option<&str>) -> PlaceFacts {
    let with = |evidence| move |value| Attributed { value, evidence };
    let ticket = branch.and_then(|it| it.split('/').nth(1)).filter(|it| it.contains("ENG-"));
    PlaceFacts {
        place: place(Tool::ClaudeCode, session, branch),
        attribution: Attribution {
            developer: Some(Attributed { value: Developer::new(developer), evidence: Evidence::GitIdentity }),
            repo: repo.map(RepoId::new).map(with(Evidence::Remote)),
            branch: branch.map(Branch::new).map(|value| Attributed { value, evidence: Evidence::Record }),
            pull_request: None::<Attributed<PullRequest>>,
            ticket: ticket.map(Ticket::new).map(|value| Attributed { value, evidence: Evidence::BranchName }),
            ..Attribution::default()
        },
    }
}

fn service(named: &str, name: &str, provider: &str, priced: bool) -> ServiceFacts {
    ServiceFacts {
        service: Service { model: ModelName::new(named), provider: None, terms: Terms::STANDARD },
        model: Arc::from(name),
        provider: Provider::new(provider),
        priced,
    }
}

fn cell(when: &str, place: u32, service: u32, calls: u64, cost: i64) -> Cell {
    let usage = Usage {
        input: Tokens::new(calls * 310),
        output: Tokens::new(calls * 742),
        cache_read: Tokens::new(calls * 61_204),
        cache_write_5m: Tokens::new(calls * 1_800),
        cache_write_1h: Tokens::new(calls * 950),
        reasoning: Tokens::new(calls * 120),
        web_searches: calls / 40,
    };
    Cell {
        quarter: at(when).quarter_hour(),
        place,
        service,
        output: OutputConfidence::Final,
        measures: Measures {
            calls,
            unpriced_calls: 0,
            usage,
            list: NanoUsd::new(cost),
            cost: NanoUsd::new(cost),
        },
    }
}

/// Two months of three developers.
pub(crate) fn company() -> OwnedBook {
    let places = vec![
        facts(
            "5f0e6c1a",
            "ana@acme.example",
            Some("github.com/acme/checkout-service"),
            Some("feature/ENG-412-retry-payments"),
        ),
        facts("81c2d7b4", "ana@acme.example", Some("github.com/acme/checkout-service"), Some("main")),
        facts("b64a90fe", "ben@acme.example", Some("github.com/acme/billing"), Some("fix/ENG-398-rounding")),
        facts(
            "c7d10e55",
            "chen@acme.example",
            Some("github.com/acme/infrastructure-and-deployment-tools"),
            Some("main"),
        ),
        facts("d0229ab3", "ben@acme.example", None, None),
    ];
    let services = vec![
        service("claude-opus-5-5", "claude-opus-5-5", "anthropic", true),
        service("claude-sonnet-5-5", "claude-sonnet-5-5", "anthropic", true),
        service("claude-haiku-5-5", "claude-haiku-5-5", "anthropic", true),
        service("house-coder-2", "house-coder-2", "unknown", false),
    ];
    let mut cells = vec![
        cell("2026-10-05T09:00:00Z", 1, 0, 410, 61_904_118_250),
        cell("2026-10-14T13:30:00Z", 2, 1, 260, 12_220_431_000),
        cell("2026-10-20T08:15:00Z", 3, 0, 120, 22_004_900_100),
        cell("2026-10-30T08:15:00Z", 3, 0, 40, 7_100_220_400),
        cell("2026-11-02T09:15:00Z", 0, 0, 802, 148_233_019_455),
        cell("2026-11-02T23:15:00Z", 0, 2, 640, 2_114_508_330),
        cell("2026-11-09T10:00:00Z", 1, 1, 355, 18_440_900_275),
        cell("2026-11-10T14:45:00Z", 2, 0, 512, 90_015_220_080),
        cell("2026-11-12T07:30:00Z", 3, 1, 205, 9_870_113_600),
        cell("2026-11-18T16:00:00Z", 3, 2, 4, 3_120_400),
        cell("2026-11-20T11:15:00Z", 4, 1, 61, 3_001_450_125),
        cell("2026-11-21T15:00:00Z", 0, 0, 33, 6_410_722_050),
    ];
    let mut unpriced = cell("2026-11-19T15:00:00Z", 2, 3, 17, 0);
    unpriced.measures.unpriced_calls = 17;
    cells.push(unpriced);
    let mut low = cell("2026-11-03T15:00:00Z", 1, 0, 90, 14_300_118_900);
    low.output = OutputConfidence::Placeholder;
    cells.push(low);
    OwnedBook { cells, places, services }
}

/// A small generator of numbers that look random: xorshift64*.
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % bound
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(of.len() as u64)).expect("an index");
        &of[index]
    }
}

/// A book with everything that can be odd about one.
pub(crate) fn random(random: &mut Seeded) -> OwnedBook {
    let branches = ["main", "fix/ENG-1-a", "feature/ENG-2-b", "dev"];
    let places = (0..1 + random.below(8)).map(|number| {
        let repo = ["github.com/a/x", "github.com/a/y", "gitlab.com/b/z"][number as usize % 3];
        let repo = (random.below(4) > 0).then_some(repo);
        let branch = (random.below(3) > 0).then(|| *random.pick(&branches));
        let mut facts = facts(&format!("s{number}"), ["ana", "ben"][number as usize % 2], repo, branch);
        facts.place.tool = *random.pick(&Tool::ALL);
        if random.below(5) == 0 {
            facts.attribution.developer = None;
        }
        facts
    });
    let places: Vec<_> = places.collect();
    let services = vec![
        service("opus", "claude-opus-5-5", "anthropic", true),
        service("opus[1m]", "claude-opus-5-5", "anthropic", true),
        service("gpt", "gpt-6-sol", "openai", true),
        service("odd", "odd", "unknown", false),
    ];
    let start = at("2026-09-20T00:00:00Z").quarter_hour().number();
    let cells = (0..random.below(300)).map(|_| {
        let calls = random.below(50);
        let service = random.below(4) as u32;
        let unpriced = if service == 3 { calls } else { random.below(2) * calls / 3 };
        let cost = if service == 3 { 0 } else { random.below(5_000_000_000) as i64 };
        Cell {
            quarter: domain::QuarterHour::new(start + random.below(96 * 64) as i64),
            place: random.below(places.len() as u64) as u32,
            service,
            output: *random.pick(&OutputConfidence::ALL),
            measures: Measures {
                calls,
                unpriced_calls: unpriced,
                usage: Usage { output: Tokens::new(random.below(9_999)), ..Usage::ZERO },
                list: NanoUsd::new(cost + 7),
                cost: NanoUsd::new(cost),
            },
        }
    });
    let cells = cells.collect();
    OwnedBook { cells, places, services }
}

/// A question with any cut, filter, period and limit.
pub(crate) fn random_query(seeded: &mut Seeded) -> Query {
    let mut group_by: Vec<Dimension> = Vec::new();
    for _ in 0..seeded.below(4) {
        let dimension = *seeded.pick(&Dimension::ALL);
        if !group_by.contains(&dimension) {
            group_by.push(dimension);
        }
    }
    let patterns = ["*", "unknown", "*a*", "!main", "github.com/*", "!*ben*", "ENG-?", "2026-1*", "*opus*"];
    let filters = (0..seeded.below(3)).map(|_| {
        let chosen: Vec<&str> = (0..=seeded.below(2)).map(|_| *seeded.pick(&patterns)).collect();
        Filter::parse(*seeded.pick(&Dimension::ALL), &chosen).expect("a filter")
    });
    let filters = filters.collect();
    let span = |since, until: &str| {
        let until = Some(until).filter(|it| !it.is_empty());
        Span::parse(Some(since), until, &berlin(), at(NOW)).expect("a span")
    };
    let spans = [
        Span::ALL,
        span("this-month", ""),
        span("2026-10", "2026-10"),
        span("30d", "2d"),
        span("2026-10-07T11:22:00Z", ""),
    ];
    let span = *seeded.pick(&spans);
    Query {
        group_by,
        period: *seeded.pick(&[
            None,
            Some(crate::query::Period::Daily),
            Some(crate::query::Period::Weekly),
            Some(crate::query::Period::Monthly),
        ]),
        filters,
        span,
        timezone: berlin(),
        compare: span.since.is_some() && seeded.below(2) == 0,
        top: (seeded.below(2) == 0).then(|| seeded.below(6) as usize),
    }
}

/// How the sessions of the company went: one of them has two files.
pub(crate) fn tallies() -> Vec<domain::SessionTally> {
    let tally = |session: &str, first: &str, last: &str, turns: u32, active_min: u64| domain::SessionTally {
        last_at: at(last),
        turns,
        active_ms: active_min * 60_000,
        tool_calls: turns * 18,
        failed_steps: turns / 3,
        longest_failing_run: 1,
        compactions: 0,
        first_context: Tokens::new(16_200),
        peak_context: Tokens::new(88_000),
        ..domain::SessionTally::new(Tool::ClaudeCode, SessionId::new(session), at(first))
    };
    let mut main = tally("5f0e6c1a", "2026-11-02T09:20:11Z", "2026-11-02T17:01:40Z", 42, 160);
    main.first_context = Tokens::new(18_400);
    main.peak_context = Tokens::new(182_000);
    main.longest_failing_run = 4;
    main.compactions = 2;
    let mut helper = tally("5f0e6c1a", "2026-11-02T10:00:00Z", "2026-11-02T10:44:00Z", 0, 44);
    helper.tool_calls = 54;
    helper.first_context = Tokens::ZERO;
    helper.peak_context = Tokens::ZERO;
    main.join(&helper);
    vec![
        main,
        tally("81c2d7b4", "2026-10-05T09:01:00Z", "2026-11-09T10:12:00Z", 61, 240),
        tally("b64a90fe", "2026-10-14T13:31:00Z", "2026-11-19T15:11:00Z", 37, 131),
        tally("c7d10e55", "2026-10-20T08:16:00Z", "2026-11-18T16:04:00Z", 20, 45),
    ]
}

pub(crate) fn links() -> Vec<domain::PrLink> {
    vec![domain::PrLink {
        tool: Tool::ClaudeCode,
        session: SessionId::new("5f0e6c1a"),
        url: Arc::from("https://github.com/acme/checkout-service/pull/731"),
        number: 731,
        branch: Some(Branch::new("feature/ENG-412-retry-payments")),
        first_at: at("2026-11-02T16:40:00Z"),
        last_at: at("2026-11-21T15:02:00Z"),
    }]
}

/// Prices of three made-up models and a contract, apart from the book that is shipped.
pub(crate) fn pricer() -> pricing::Pricer {
    let text = "\
bursar price book 1
digest 0
source list https://prices.example/list, read on 2026-11-01
provider anthropic maker
[names]
claude-haiku-5-5 anthropic
claude-opus-5-5 anthropic
claude-sonnet-5-5 anthropic
[models]
= anthropic claude-haiku-5-5
* 2026-10-07 - list
 rates 0.1 0.125 0.2 0.01 0.5
 above 100000 0.5 0.625 1 0.05 2.5
 search 10
 batch x0.5 list
 us x1.1 list
= anthropic claude-opus-5-5
* - - list
 rates 4 5 8 0.2 20
 search 10
= anthropic claude-sonnet-5-5
* - - list
 rates 2 2.5 4 0.1 10
";
    let contract = "\
name = \"Acme 2026\"
[[price]]
provider = \"anthropic\"
model = \"*haiku*\"
multiplier = \"0.9\"
";
    let Err(pricing::BookError::WrongDigest { actual, .. }) = pricing::PriceBook::parse(text) else {
        unreachable!("the digest is wrong so far");
    };
    let text = text.replace("digest 0", &format!("digest {actual}"));
    let book = pricing::PriceBook::parse(&text).expect("a price book");
    pricing::Pricer::new(book, Some(pricing::Contract::parse(contract).expect("a contract")))
}

/// A call with everything that changes a price, and one without a price.
pub(crate) fn calls() -> Vec<domain::Call> {
    use domain::call::{Figures, Owner};
    let place = Arc::new(place(Tool::ClaudeCode, "5f0e6c1a", Some("main")));
    let call = |key: &str, when: &str, model: &str, usage: Usage| domain::Call {
        key: domain::CallKey::new(key),
        request: None,
        at: at(when),
        figures: Figures {
            model: ModelName::new(model),
            provider: None,
            usage,
            terms: Terms {
                tier: domain::ServiceTier::Batch,
                geo: domain::InferenceGeo::Us,
                ..Terms::STANDARD
            },
            output: OutputConfidence::Interrupted,
            reported_cost: Some(NanoUsd::new(141_000_000)),
            lineage: domain::Lineage::Own,
            at: at(when),
            origin: domain::Origin { file: 1, offset: 20_481 },
        },
        owner: Owner {
            place: Arc::clone(&place),
            turn: Some(domain::TurnId::new(7)),
            lineage: domain::Lineage::Own,
            at: at(when),
        },
        tools: domain::ToolUses::of([domain::ToolUse::new(1, "Bash", 0), domain::ToolUse::new(2, "Bash", 2)]),
    };
    let usage = Usage {
        input: Tokens::new(811),
        output: Tokens::new(1_204),
        cache_read: Tokens::new(104_333),
        cache_write_1h: Tokens::new(21_077),
        reasoning: Tokens::new(300),
        web_searches: 2,
        ..Usage::ZERO
    };
    vec![
        call("msg_made_up_1", "2026-11-02T09:20:11Z", "claude-haiku-5-5", usage),
        call("msg_made_up_2", "2026-11-02T09:21:40Z", "house-coder-2", usage),
    ]
}

/// The same calls of two turns, priced; the second by a subagent that tried a step thrice.
pub(crate) fn told_calls() -> Vec<domain::PricedCall> {
    let pricer = pricer();
    let mut calls = calls();
    calls[1].owner.turn = Some(domain::TurnId::new(8));
    calls[1].owner.place =
        Arc::new(Place { thread: domain::Thread::Subagent, ..Place::clone(&calls[1].owner.place) });
    let priced = calls.into_iter().map(|call| {
        let figures = &call.figures;
        let model = pricer.resolve(&figures.model, figures.provider.as_ref());
        let price = pricer.price(model.as_ref(), call.at, figures, &figures.terms);
        domain::PricedCall { call, price }
    });
    priced.collect()
}

/// A branch that the record states and a repository that git knows.
pub(crate) fn branch_and_repo() -> Attribution {
    let (branch, repo) = (Branch::new("feat/ENG-12-rates"), RepoId::new("github.com/acme/billing"));
    Attribution {
        branch: Some(Attributed { value: branch, evidence: Evidence::Record }),
        repo: Some(Attributed { value: repo, evidence: Evidence::Remote }),
        ..Attribution::default()
    }
}

/// Sixteen weeks of two teams until [`NOW`]: weekdays, two models, and a day on which Ana
/// spent far more than usual.
pub(crate) fn season() -> OwnedBook {
    let people = [("ana", "web", 2), ("ben", "web", 0), ("chen", "platform", 3), ("dia", "platform", 1)];
    let mut places = Vec::new();
    let mut cells = Vec::new();
    for day in 0..112_i64 {
        let noon = at("2026-08-03T11:00:00Z").millis() + day * 86_400_000;
        let weekday = day % 7;
        for (who, (name, team, place)) in people.iter().enumerate() {
            if weekday > 4 || (day * 5 + who as i64 * 3) % 11 == 0 {
                continue;
            }
            let session = format!("{name}-{day}");
            let repos = ["github.com/acme/shop", "github.com/acme/billing"];
            let mut facts =
                facts(&session, &format!("{name}@acme.example"), Some(repos[place % 2]), Some("main"));
            facts.attribution.team =
                Some(Attributed { value: domain::Team::new(team), evidence: Evidence::Directory });
            let spike = if day == 108 && *name == "ana" { 14 } else { 1 };
            let cost = (6_000_000_000 + (day * 37 + who as i64 * 11) % 23 * 300_000_000) * spike;
            let quarter = Timestamp::from_millis(noon).quarter_hour();
            let number = places.len() as u32;
            for (service, part) in [(0, cost * 3 / 4), (1, cost / 4)] {
                let one = cell("2026-11-02T09:15:00Z", number, service, 40, part);
                cells.push(Cell { quarter, ..one });
            }
            places.push(facts);
        }
    }
    OwnedBook { cells, places, services: company().services }
}

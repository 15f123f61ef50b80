//! The cast of the simulation: teams, people, repositories and clients of a company that
//! does not exist.

/// The company, and what its people's addresses end with.
pub(super) const COMPANY: &str = "Tidewater";
pub(super) const DOMAIN: &str = "tidewater.example";

/// A team, and how it works.
#[derive(Debug)]
pub(super) struct Team {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) cost_centre: &'static str,
    /// What its tickets begin with.
    pub(super) tickets: &'static str,
    pub(super) habits: Habits,
}

/// How a team uses its tools. Shares are in thousandths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// Sessions in Claude Code that are led by the dearest model.
    pub(super) opus: u64,
    /// Sessions in Codex.
    pub(super) codex: u64,
    /// Sessions in Gemini CLI.
    pub(super) gemini: u64,
    /// Turns that come so late that the cache is gone.
    pub(super) cold: u64,
    /// Turns that start a subagent.
    pub(super) subagents: u64,
    /// How long what is written to the cache stays there.
    pub(super) keeps: Keeps,
}

/// How long a cache lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    Minutes,
    Hour,
}

/// A repository.
#[derive(Debug)]
pub(super) struct Repo {
    pub(super) id: &'static str,
    /// The team whose it is.
    pub(super) team: &'static str,
    /// The project that it is a part of.
    pub(super) project: Option<&'static str>,
}

/// A project of a client.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) id: &'static str,
    pub(super) client: &'static str,
}

/// Someone: a name for people, one for machines, and a team.
pub(super) type Someone = (&'static str, &'static str, &'static str);

pub(super) static TEAMS: [Team; 6] = [
    Team {
        id: "platform",
        name: "Platform",
        cost_centre: "CC-100",
        tickets: "PLAT",
        habits: Habits { opus: 620, codex: 180, gemini: 0, cold: 40, subagents: 150, keeps: Keeps::Hour },
    },
    Team {
        id: "payments",
        name: "Payments",
        cost_centre: "CC-100",
        tickets: "PAY",
        habits: Habits { opus: 520, codex: 60, gemini: 0, cold: 60, subagents: 100, keeps: Keeps::Hour },
    },
    Team {
        id: "storefront",
        name: "Storefront",
        cost_centre: "CC-200",
        tickets: "SHOP",
        habits: Habits { opus: 300, codex: 80, gemini: 40, cold: 120, subagents: 80, keeps: Keeps::Minutes },
    },
    Team {
        id: "mobile",
        name: "Mobile",
        cost_centre: "CC-200",
        tickets: "APP",
        habits: Habits { opus: 380, codex: 30, gemini: 160, cold: 220, subagents: 50, keeps: Keeps::Minutes },
    },
    Team {
        id: "data",
        name: "Data",
        cost_centre: "CC-300",
        tickets: "DATA",
        habits: Habits {
            opus: 450,
            codex: 40,
            gemini: 240,
            cold: 340,
            subagents: 120,
            keeps: Keeps::Minutes,
        },
    },
    Team {
        id: "studio",
        name: "Client studio",
        cost_centre: "CC-400",
        tickets: "CLI",
        habits: Habits { opus: 420, codex: 120, gemini: 30, cold: 100, subagents: 90, keeps: Keeps::Hour },
    },
];

/// The first of a team leads it.
pub(super) static PEOPLE: [Someone; 40] = [
    ("Ines Albrecht", "ines", "platform"),
    ("Tomasz Zielinski", "tomasz", "platform"),
    ("Priya Raman", "priya", "platform"),
    ("Jonas Falk", "jonas", "platform"),
    ("Wen Li", "wen", "platform"),
    ("Sade Okafor", "sade", "platform"),
    ("Milo Hart", "milo", "platform"),
    ("Carla Mendes", "carla", "payments"),
    ("Viktor Lund", "viktor", "payments"),
    ("Amina Yusuf", "amina", "payments"),
    ("Hiro Tanabe", "hiro", "payments"),
    ("Greta Voss", "greta", "payments"),
    ("Elias Kaya", "elias", "payments"),
    ("Noor Haddad", "noor", "payments"),
    ("Paul Brandt", "paul", "payments"),
    ("Lucia Ferri", "lucia", "storefront"),
    ("Owen Price", "owen", "storefront"),
    ("Marta Nowak", "marta", "storefront"),
    ("Ravi Shah", "ravi", "storefront"),
    ("Juno Park", "juno", "storefront"),
    ("Felix Adler", "felix", "storefront"),
    ("Anouk Visser", "anouk", "storefront"),
    ("Sofia Reyes", "sofia", "mobile"),
    ("Bastian Roth", "bastian", "mobile"),
    ("Kemi Adeyemi", "kemi", "mobile"),
    ("Leo Marchand", "leo", "mobile"),
    ("Yara Khalil", "yara", "mobile"),
    ("Nils Berg", "nils", "mobile"),
    ("Dana Kowal", "dana", "data"),
    ("Arjun Nair", "arjun", "data"),
    ("Chiara Costa", "chiara", "data"),
    ("Emil Sorensen", "emil", "data"),
    ("Mei Chen", "mei", "data"),
    ("Oskar Lind", "oskar", "data"),
    ("Ruth Abel", "ruth", "studio"),
    ("Samir Aziz", "samir", "studio"),
    ("Tess Morgan", "tess", "studio"),
    ("Ulrich Beck", "ulrich", "studio"),
    ("Vera Popova", "vera", "studio"),
    ("Will Turner", "will", "studio"),
];

pub(super) static REPOS: [Repo; 25] = [
    own("github.com/tidewater/edge-gateway", "platform"),
    own("github.com/tidewater/identity", "platform"),
    own("github.com/tidewater/build-tools", "platform"),
    own("github.com/tidewater/infrastructure", "platform"),
    own("github.com/tidewater/ledger", "payments"),
    own("github.com/tidewater/payouts", "payments"),
    own("github.com/tidewater/invoicing", "payments"),
    own("github.com/tidewater/fraud-rules", "payments"),
    own("github.com/tidewater/storefront-web", "storefront"),
    own("github.com/tidewater/checkout", "storefront"),
    own("github.com/tidewater/search", "storefront"),
    own("github.com/tidewater/design-system", "storefront"),
    own("github.com/tidewater/app-ios", "mobile"),
    own("github.com/tidewater/app-android", "mobile"),
    own("github.com/tidewater/app-shared", "mobile"),
    own("github.com/tidewater/warehouse", "data"),
    own("github.com/tidewater/pipelines", "data"),
    own("github.com/tidewater/forecasting", "data"),
    for_client("github.com/tidewater-studio/halden-booking", "Halden booking"),
    for_client("github.com/tidewater-studio/halden-timetable", "Halden booking"),
    for_client("github.com/tidewater-studio/meridian-portal", "Meridian portal"),
    for_client("github.com/tidewater-studio/meridian-api", "Meridian portal"),
    for_client("github.com/tidewater-studio/orchard-shop", "Orchard relaunch"),
    for_client("github.com/tidewater-studio/birch-catalogue", "Birch catalogue"),
    for_client("github.com/tidewater-studio/birch-intranet", "Birch catalogue"),
];

pub(super) static PROJECTS: [Project; 4] = [
    Project { id: "Halden booking", client: "Halden Rail" },
    Project { id: "Meridian portal", client: "Meridian Health" },
    Project { id: "Orchard relaunch", client: "Orchard Foods" },
    Project { id: "Birch catalogue", client: "Birch & Sons" },
];

/// What branches are about.
pub(super) const WORK: [(&str, &str); 12] = [
    ("feat", "bulk-export"),
    ("feat", "two-step-login"),
    ("feat", "retry-queue"),
    ("feat", "saved-filters"),
    ("feat", "new-onboarding"),
    ("fix", "rounding"),
    ("fix", "flaky-tests"),
    ("fix", "timeout-on-upload"),
    ("refactor", "error-types"),
    ("test", "contract-tests"),
    ("docs", "runbook"),
    ("perf", "cold-start"),
];

const fn own(id: &'static str, team: &'static str) -> Repo {
    Repo { id, team, project: None }
}

const fn for_client(id: &'static str, project: &'static str) -> Repo {
    Repo { id, team: "studio", project: Some(project) }
}

//! Questions about a small company in which people move.

use std::fmt::Write as _;

use domain::call::{Figures, Owner};
use domain::directory::{Course, Dated, DeveloperEntry, Entries, Entry, RepoEntry, TeamEntry};
use domain::{
    Call, CallKey, Day, Developer, Lineage, ModelName, Naming, Observed, Origin, OutputConfidence, Place,
    Project, Provider, ReporterId, SessionId, SourceKind, Team, Terms, Timestamp, Tokens, Tool, Usage,
    Witness,
};
use pricing::PriceBook;
use store::{Database, Delivery, Grain, SessionTag, Settings};

use super::*;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// 2026-03-01, a day before the first call.
const START: i64 = 1_772_323_200_000;

struct Company {
    desk: FiguresDesk,
    directory: DirectoryAt,
    _folder: tempfile::TempDir,
}

fn observed(number: i64, developer: Option<&str>, repo: &str, source: SourceKind) -> Observed {
    let at = Timestamp::from_millis(START + DAY_MILLIS * number + 3_600_000 * 9);
    let place = Arc::new(Place {
        remote: Some(Arc::from(format!("https://github.com/{repo}"))),
        ..Place::of(Tool::ClaudeCode, SessionId::new(&format!("s{}", number % 7)))
    });
    Observed {
        witness: Arc::new(Witness {
            source,
            reporter: ReporterId::new("test"),
            developer: developer.map(Developer::new),
            claimed: None,
        }),
        naming: Naming::Provider,
        request: None,
        call: Call {
            key: CallKey::new(&format!("msg_{repo}_{number}")),
            request: None,
            at,
            figures: Figures {
                model: ModelName::new("claude-sonnet-4-6"),
                provider: Some(Provider::new("anthropic")),
                usage: Usage { output: Tokens::new(1_000_000), ..Usage::ZERO },
                terms: Terms::default(),
                output: OutputConfidence::Final,
                reported_cost: None,
                lineage: Lineage::Own,
                at,
                origin: Origin::default(),
            },
            owner: Owner { place, turn: None, lineage: Lineage::Own, at },
            tools: domain::ToolUses::NONE,
        },
    }
}

fn day(number: i64) -> Day {
    Day::of(Timestamp::from_millis(START + DAY_MILLIS * number))
}

/// Ada is of `web` until the tenth day and of `pay` from then on; both are parts of `tech`.
fn directory() -> DirectoryAt {
    let mut entries = Entries::default();
    let within =
        |parent: &str| TeamEntry { parent: Course::always(Team::new(parent)), ..TeamEntry::default() };
    entries.put("tech", Entry::Team(TeamEntry::default()));
    entries.put("web", Entry::Team(within("tech")));
    entries.put("pay", Entry::Team(within("tech")));
    let moved = Course::new(vec![
        Dated { from: None, to: Some(day(9)), value: Team::new("web") },
        Dated { from: Some(day(10)), to: None, value: Team::new("pay") },
    ]);
    entries.put(
        "ada@example.com",
        Entry::Developer(DeveloperEntry {
            identities: ["ada@old.example.com".to_owned()].into(),
            team: moved,
            ..DeveloperEntry::default()
        }),
    );
    entries.put(
        "bob@example.com",
        Entry::Developer(DeveloperEntry {
            team: Course::always(Team::new("web")),
            ..DeveloperEntry::default()
        }),
    );
    entries.put("shop", Entry::Project(domain::directory::ProjectEntry::default()));
    entries.put(
        "github.com/acme/shop",
        Entry::Repo(RepoEntry { project: Course::always(Project::new("shop")) }),
    );
    let directory = Directory::new(entries).expect("a directory");
    DirectoryAt { version: 1, directory: Arc::new(directory) }
}

impl Company {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let prices = Pricer::new(PriceBook::bundled().expect("prices"), None);
        let settings = Settings { prices: prices.clone(), zone: Some(TimeZone::UTC) };
        let store =
            Store::open(&Database::Sqlite(folder.path().to_owned()), settings).await.expect("a store");
        let mut delivery = Delivery::new(Timestamp::from_millis(START));
        for number in 1..=20 {
            let (who, repo) = if number % 2 == 0 {
                ("ada@old.example.com", "acme/shop")
            } else {
                ("bob@example.com", "acme/api")
            };
            delivery.observed.push(observed(number, Some(who), repo, SourceKind::Log));
            if number % 5 == 0 {
                delivery.observed.push(observed(number, Some(who), repo, SourceKind::Otlp));
            }
        }
        delivery.tags.push(SessionTag {
            session: SessionId::new("s3"),
            key: "client".to_owned(),
            value: "Northwind".to_owned(),
            at: Timestamp::from_millis(START),
        });
        store.accept(delivery).await.expect("accepted");
        let desk = FiguresDesk::new(store, Rules::default(), prices, TimeZone::UTC);
        Self { desk, directory: directory(), _folder: folder }
    }

    fn asked(&self, query: &str, sight: Sight) -> Asked {
        let now = Timestamp::from_millis(START + 30 * DAY_MILLIS);
        let pairs = query.split('&').filter_map(|it| it.split_once('='));
        let parameters = Parameters::parse(pairs, &TimeZone::UTC, now).expect("parameters");
        Asked { parameters, sight, directory: self.directory.clone(), now }
    }

    /// The rows and the total of a report, as CSV has them without its token counts.
    async fn check(&self, query: &str, sight: Sight, expected: &str) {
        let asked = self.asked(&format!("{query}&format=json"), sight);
        let written = self.desk.report(asked).await.expect("a report");
        let json: serde_json::Value = serde_json::from_str(&written.text).expect("JSON");
        let mut text = String::new();
        for row in json["rows"].as_array().expect("rows") {
            let key: Vec<&str> =
                row["key"].as_object().expect("a key").values().filter_map(|it| it.as_str()).collect();
            writeln!(
                text,
                "{} {} {}",
                key.join(" "),
                row["calls"],
                row["cost_usd"].as_str().expect("text").trim_end_matches(".000000000")
            )
            .expect("a text");
        }
        write!(text, "= {}", json["total"]["calls"]).expect("a text");
        assert_eq!(text, expected, "{query}");
    }
}

#[tokio::test]
async fn last_month_stays_as_it_was_when_somebody_moves() {
    let company = Company::new().await;
    company.check("by=team", Sight::Everything, "web 14 210\npay 6 90\n= 20").await;
    company
        .check(
            "by=team,developer",
            Sight::Everything,
            concat!(
                "bob@example.com web 10 150\nada@example.com pay 6 90\n",
                "ada@example.com web 4 60\n= 20"
            ),
        )
        .await;
    company.check("by=project", Sight::Everything, "shop 10 150\nunknown 10 150\n= 20").await;
}

#[tokio::test]
async fn everybody_sees_what_they_may() {
    let company = Company::new().await;
    let ada = Sight::Own(Developer::new("ada@example.com"));
    company.check("by=developer", ada, "ada@example.com 10 150\n= 10").await;
    let web = Sight::Teams([Team::new("web")].into());
    company.check("by=developer", web, "bob@example.com 10 150\nada@example.com 4 60\n= 14").await;
    let tech = Sight::Teams([Team::new("tech")].into());
    company.check("by=team", tech, "web 14 210\npay 6 90\n= 20").await;
    company.check("by=team", Sight::Nothing, "= 0").await;
}

#[tokio::test]
async fn a_team_is_all_that_is_below_it() {
    let company = Company::new().await;
    company.check("by=team&team=tech", Sight::Everything, "web 14 210\npay 6 90\n= 20").await;
    company.check("by=team&team=!pay", Sight::Everything, "web 14 210\n= 14").await;
}

#[tokio::test]
async fn no_hint_tells_of_what_is_out_of_sight() {
    let company = Company::new().await;
    let ada = Sight::Own(Developer::new("ada@old.example.com"));
    for query in ["developer=zz&format=table", "repo=zz&format=table", "session=zz&format=table"] {
        let written = company.desk.report(company.asked(query, ada.clone())).await.expect("a report");
        assert!(!written.text.contains("bob") && !written.text.contains("acme/api"), "{}", written.text);
        assert!(written.text.contains("there are: "), "{}", written.text);
    }
}

#[tokio::test]
async fn no_answer_depends_on_what_was_asked_before() {
    // An old session without a remote has a pull request, a new one in its folder has none.
    let asked_first = async |first: Option<&str>| {
        let company = Company::new().await;
        let mut delivery = Delivery::new(Timestamp::from_millis(START));
        for (number, session) in [(2, "old"), (25, "new")] {
            let mut it = observed(number, Some("bob@example.com"), "none", SourceKind::Log);
            let mut place = it.call.owner.place.as_ref().clone();
            place.session = SessionId::new(session);
            place.folder = Some(domain::Folder::new("opaque"));
            // An address that names no repository.
            place.remote = Some(Arc::from("https://git.example.com"));
            it.call.owner.place = Arc::new(place);
            delivery.observed.push(it);
        }
        delivery.pull_requests.push(domain::PrLink {
            tool: Tool::ClaudeCode,
            session: SessionId::new("old"),
            url: Arc::from("https://github.com/acme/pay/pull/7"),
            number: 7,
            branch: None,
            first_at: Timestamp::from_millis(START),
            last_at: Timestamp::from_millis(START),
        });
        company.desk.store.accept(delivery).await.expect("accepted");
        if let Some(first) = first {
            company.desk.report(company.asked(first, Sight::Everything)).await.expect("a report");
        }
        company
    };
    let expected = "github.com/acme/api 10 150\ngithub.com/acme/shop 10 150\ngithub.com/acme/pay 2 30\n= 22";
    for first in [None, Some("since=2026-03-20"), Some("by=session")] {
        let company = asked_first(first).await;
        company.check("by=repo", Sight::Everything, expected).await;
        let of_sessions = "github.com/acme/pay 1 15\n= 1";
        company.check("by=repo&session=old", Sight::Everything, of_sessions).await;
    }
}

#[tokio::test]
async fn sums_of_every_grain_agree() {
    let company = Company::new().await;
    let portions =
        |query: &Query| company.desk.portions(std::slice::from_ref(query), Timestamp::from_millis(START));
    let grains = |query: &Query| portions(query).iter().map(|it| it.grain).collect::<Vec<_>>();
    let since = "since=2026-03-05&until=2026-03-15";
    for by in ["developer", "repo,model", "team,tool", "client,day", "project,week,provider"] {
        let query = format!("{since}&by={by}");
        let coarse = company.desk.report(company.asked(&query, Sight::Everything)).await.expect("a report");
        let asked = company.asked(&query, Sight::Everything);
        assert_eq!(grains(&asked.parameters.query), [Grain::Day], "{by}");
        let rows = |it: &Written| {
            let json: serde_json::Value = serde_json::from_str(&it.text).expect("JSON");
            (json["rows"].clone(), json["total"].clone())
        };
        for (filter, grain) in [("session=s*", Grain::Session), ("timezone=Etc/UTC", Grain::Quarter)] {
            let asked = company.asked(&format!("{query}&{filter}"), Sight::Everything);
            assert_eq!(grains(&asked.parameters.query), [grain], "{filter}");
            let fine = company.desk.report(asked).await.expect("a report");
            assert_eq!(rows(&coarse), rows(&fine), "{by}&{filter}");
        }
    }
}

#[tokio::test]
async fn coverage_says_who_saw_how_much() {
    let company = Company::new().await;
    let asked = company.asked("", Sight::Everything);
    let coverage = company.desk.coverage(asked, Dimension::Developer).await.expect("coverage");
    let by = |it: &coverage::Covered| it.by_kind.map(|it| it.calls);
    assert_eq!(by(&coverage.total), [0, 20, 4, 0, 0]);
    assert_eq!(coverage.total.seen_once, 16);
    assert_eq!(coverage.rows.keys().collect::<Vec<_>>(), ["ada@example.com", "bob@example.com"]);
    assert_eq!(by(&coverage.rows["ada@example.com"]), [0, 10, 2, 0, 0]);
}

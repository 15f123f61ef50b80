//! Each answer, weighed against the others.

use std::fmt::Display;
use std::sync::Arc;

use domain::{PrLink, SessionId, Timestamp, Tool};

use super::*;

/// A world around one place; tests change what they are about.
struct World {
    place: Place,
    rules: &'static str,
    facts: FolderFacts,
    links: Vec<PrLink>,
    tags: Tags,
}

impl World {
    fn new() -> Self {
        let place = Place {
            folder: Some(Folder::new("/home/ada/src/billing")),
            branch: Some(Branch::new("feat/ENG-12-invoice")),
            ..Place::of(Tool::ClaudeCode, SessionId::new("s"))
        };
        Self { place, rules: "", facts: FolderFacts::default(), links: Vec::new(), tags: Tags::default() }
    }

    fn with_repo(mut self, id: &str, evidence: Evidence) -> Self {
        self.facts.repo = Some(Attributed { value: RepoId::new(id), evidence });
        self
    }

    fn with_link(mut self, session: &str, url: &str) -> Self {
        let at = Timestamp::from_millis(0);
        self.links.push(PrLink {
            tool: Tool::ClaudeCode,
            session: SessionId::new(session),
            url: Arc::from(url),
            number: 1,
            branch: self.place.branch.clone(),
            first_at: at,
            last_at: at,
        });
        self
    }

    fn tagged(mut self, key: TagKey, value: &str) -> Self {
        self.tags.set(self.place.session.clone(), key, value);
        self
    }

    fn attribution(&self) -> Attribution {
        let rules = Rules::parse(self.rules).unwrap_or_else(|error| panic!("{error}"));
        let folder = self.place.folder.clone().expect("a folder");
        let folders = HashMap::from([(folder, self.facts.clone())]);
        let other = Place { session: SessionId::new("other"), ..self.place.clone() };
        let pull_requests = PullRequests::new(&self.links, [&self.place, &other], &folders, &rules);
        let known =
            Known { rules: &rules, folders: &folders, pull_requests: &pull_requests, tags: &self.tags };
        attribute(&self.place, QuarterHour::new(0), &known)
    }

    fn repo(&self) -> String {
        text(self.attribution().repo.as_ref())
    }
}

fn text<T: Display>(answer: Option<&Attributed<T>>) -> String {
    answer.map_or_else(|| "unknown".to_owned(), |it| format!("{} by {}", it.value, it.evidence.name()))
}

fn check(world: &World, expected: &str) {
    let it = world.attribution();
    let answers = [
        ("developer", text(it.developer.as_ref())),
        ("repo", text(it.repo.as_ref())),
        ("branch", text(it.branch.as_ref())),
        ("pr", text(it.pull_request.as_ref())),
        ("ticket", text(it.ticket.as_ref())),
        ("task", text(it.task.as_ref())),
        ("client", text(it.client.as_ref())),
        ("project", text(it.project.as_ref())),
    ];
    let lines: Vec<String> = answers.iter().map(|(name, answer)| format!("{name}: {answer}")).collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(lines, expected);
}

#[test]
fn everything_is_found_where_everything_is_known() {
    let mut world = World::new()
        .with_repo("github.com/acme/billing", Evidence::Remote)
        .with_link("s", "https://github.com/acme/billing/pull/7");
    world.rules = "
        [[project]]
        repo = 'github.com/acme/*'
        name = 'Platform'
        client = 'Acme'
        [developers]
        'ada@old.example' = 'ada@example.com'
    ";
    world.facts.developer =
        Some(Attributed { value: Developer::new("ada@old.example"), evidence: Evidence::GitIdentity });
    check(
        &world,
        "developer: ada@example.com by git_identity
         repo: github.com/acme/billing by remote
         branch: feat/ENG-12-invoice by record
         pr: github.com/acme/billing#7 by session_pull_request
         ticket: ENG-12 by branch_name
         task: feature by branch_name
         client: Acme by rule
         project: Platform by rule",
    );
}

#[test]
fn nothing_is_guessed_where_nothing_is_known() {
    let mut world = World::new();
    world.place.branch = Some(Branch::new("HEAD"));
    check(
        &world,
        "developer: unknown
         repo: unknown
         branch: unknown
         pr: unknown
         ticket: unknown
         task: unknown
         client: unknown
         project: unknown",
    );
    world.place.branch = Some(Branch::new(""));
    assert_eq!(world.attribution(), Attribution::default());
    world.place.branch = None;
    assert_eq!(world.attribution(), Attribution::default());
}

#[test]
fn tags_win_over_everything() {
    let mut world = World::new()
        .with_repo("github.com/acme/billing", Evidence::Remote)
        .with_link("s", "https://github.com/acme/billing/pull/7")
        .tagged(TagKey::Developer, "Bob@Example.com")
        .tagged(TagKey::Repo, "https://tok@github.com/Acme/Other")
        .tagged(TagKey::PullRequest, "#9")
        .tagged(TagKey::Ticket, "OPS-1")
        .tagged(TagKey::Task, "spike")
        .tagged(TagKey::Client, "Globex")
        .tagged(TagKey::Project, "Lab");
    world.rules = "
        [[repo]]
        folder = '/home/*'
        repo = 'github.com/acme/forced'
        overrule = true
        [[client]]
        project = 'Lab'
        name = 'House'
    ";
    world.place.command = Some(Arc::from("review"));
    check(
        &world,
        "developer: bob@example.com by tag
         repo: github.com/acme/other by tag
         branch: feat/ENG-12-invoice by record
         pr: github.com/acme/other#9 by tag
         ticket: OPS-1 by tag
         task: spike by tag
         client: Globex by tag
         project: Lab by tag",
    );
}

#[test]
fn evidence_for_a_repository_is_weighed() {
    const RULE: &str = "[[repo]]\nfolder = '/home/*/src/billing'\nrepo = 'github.com/by/rule'\n";
    const FORCED: &str = "[[repo]]\nfolder = '/home/*'\nrepo = 'github.com/by/force'\noverrule = true\n";
    let with = |rules: &'static str, remote: Option<&str>, evidence: Option<Evidence>| {
        let mut world = World::new();
        world.rules = rules;
        world.place.remote = remote.map(Arc::from);
        match evidence {
            Some(evidence) => world.with_repo("github.com/by/git", evidence),
            None => world,
        }
    };
    let record = Some("git@github.com:by/record.git");
    let alias = Some("git@work:by/alias.git");
    let own = "https://github.com/by/session/pull/1";
    let remote = Some(Evidence::Remote);
    for (world, expected) in [
        (with(FORCED, record, remote), "github.com/by/force by rule"),
        (with(RULE, record, remote), "github.com/by/record by record"),
        (with(RULE, None, remote), "github.com/by/git by remote"),
        (with(RULE, alias, remote), "github.com/by/git by remote"),
        (with(RULE, alias, None), "github.com/by/rule by rule"),
        (with("", alias, Some(Evidence::RootCommit)), "ssh-alias:work/by/alias by record"),
        (with(RULE, Some("/srv/git/r"), Some(Evidence::RootCommit)), "github.com/by/rule by rule"),
        (with("", None, Some(Evidence::RootCommit)).with_link("s", own), "github.com/by/git by root_commit"),
        (
            with("", None, Some(Evidence::ParentFolder)).with_link("s", own),
            "github.com/by/session by session_pull_request",
        ),
        (
            with("", None, Some(Evidence::ParentFolder)).with_link("other", own),
            "github.com/by/session by folder_pull_request",
        ),
        (with("", None, Some(Evidence::ParentFolder)), "github.com/by/git by parent_folder"),
        (with("", None, None), "unknown"),
    ] {
        assert_eq!(world.repo(), expected);
    }
}

#[test]
fn rules_for_hosts_hold_for_what_git_says() {
    let mut world = World::new().with_repo("gerrit.x/a/plat/proj", Evidence::Remote);
    world.rules = "[hosts.'gerrit.x']\nstrip = 'a'\n";
    assert_eq!(world.repo(), "gerrit.x/plat/proj by remote");
}

#[test]
fn a_pull_request_may_be_tagged_in_any_form() {
    for (tag, expected) in [
        ("7", "github.com/acme/billing#7 by tag"),
        ("!7", "github.com/acme/billing!7 by tag"),
        ("https://github.com/acme/web/pull/3/files", "github.com/acme/web#3 by tag"),
        ("github.com/acme/web#3", "github.com/acme/web#3 by tag"),
    ] {
        let world = World::new()
            .with_repo("github.com/acme/billing", Evidence::Remote)
            .tagged(TagKey::PullRequest, tag);
        assert_eq!(text(world.attribution().pull_request.as_ref()), expected);
    }
    let nowhere = World::new().tagged(TagKey::PullRequest, "7");
    assert_eq!(text(nowhere.attribution().pull_request.as_ref()), "unknown");
}

#[test]
fn a_tagged_project_brings_its_client() {
    let mut world = World::new().tagged(TagKey::Project, "Lab");
    world.rules = "[[project]]\nbranch = 'x'\nname = 'Lab'\nclient = 'House'\n";
    assert_eq!(text(world.attribution().client.as_ref()), "House by rule");
}

#[test]
fn a_credential_says_who_it_was_and_a_claim_only_where_nothing_else_does() {
    let mut world = World::new();
    let reported = |world: &World, credential: Option<&str>, claim: Option<&str>| {
        let it = Whereabouts {
            place: Arc::new(world.place.clone()),
            developer: credential.map(Developer::new),
            claimed: claim.map(Developer::new),
        };
        let folders = [(world.place.folder.clone().expect("a folder"), world.facts.clone())].into();
        let known = Known {
            rules: &Rules::default(),
            folders: &folders,
            pull_requests: &PullRequests::default(),
            tags: &world.tags,
        };
        let developer = attribute_reported(&it, QuarterHour::default(), &known).developer;
        developer.map(|it| format!("{} {}", it.value, it.evidence.name())).unwrap_or_default()
    };
    assert_eq!(reported(&world, None, None), "");
    assert_eq!(reported(&world, None, Some("eve@example.com")), "eve@example.com claim");
    let home = Attributed { value: Developer::new("os-user:ada"), evidence: Evidence::HomeFolder };
    world.facts.developer = Some(home);
    assert_eq!(reported(&world, None, None), "os-user:ada home_folder");
    assert_eq!(reported(&world, None, Some("ada@example.com")), "ada@example.com claim");
    world.facts.developer =
        Some(Attributed { value: Developer::new("ada@example.com"), evidence: Evidence::GitIdentity });
    assert_eq!(reported(&world, None, Some("eve@example.com")), "ada@example.com git_identity");
    world = world.tagged(TagKey::Developer, "eve@example.com");
    assert_eq!(
        reported(&world, Some("bob@example.com"), Some("eve@example.com")),
        "bob@example.com credential"
    );
}

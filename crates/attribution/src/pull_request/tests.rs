//! Addresses, and which call was for which pull request.

use std::sync::Arc;

use domain::{Branch, Timestamp, Tool};

use super::*;

#[test]
fn addresses_of_every_service_are_read() {
    for (url, expected) in [
        ("https://github.com/Acme/Billing/pull/12", Some("github.com/acme/billing#12")),
        ("https://github.com/acme/billing/pull/12/files?w=1#diff", Some("github.com/acme/billing#12")),
        ("https://ghe.example.com/Acme/Billing/pull/12", Some("ghe.example.com/Acme/Billing#12")),
        ("https://git.example.invalid/o/r/pull/7", Some("git.example.invalid/o/r#7")),
        ("https://codeberg.org/o/r/pulls/7", Some("codeberg.org/o/r#7")),
        ("https://gitlab.com/g/sub/p/-/merge_requests/3", Some("gitlab.com/g/sub/p!3")),
        ("https://gitlab.example.com:8443/g/p/merge_requests/3/diffs", Some("gitlab.example.com:8443/g/p!3")),
        ("https://bitbucket.org/team/repo/pull-requests/5/a-title", Some("bitbucket.org/team/repo#5")),
        ("https://bb.x/projects/PROJ/repos/repo/pull-requests/5/overview", Some("bb.x/proj/repo#5")),
        ("https://bb.x/users/jdoe/repos/r/pull-requests/5", Some("bb.x/~jdoe/r#5")),
        (
            "https://dev.azure.com/Org/My%20Project/_git/Repo/pullrequest/9",
            Some("dev.azure.com/org/my project/repo!9"),
        ),
        ("https://gerrit.x/c/plat/proj/+/123/4", Some("gerrit.x/plat/proj#123")),
        ("https://user:s3cr3t@github.com/o/r/pull/1", Some("github.com/o/r#1")),
        ("https://github.com/o/pull/pull/1", Some("github.com/o/pull#1")),
        ("https://github.com/o/r/issues/1", None),
        ("https://github.com/o/r/pull/0", None),
        ("https://github.com/o/r/pull/x", None),
        ("https://github.com/o/r/pull", None),
        ("https://github.com/pull/1", None),
        ("github.com/o/r/pull/1", None),
        ("", None),
    ] {
        assert_eq!(from_url(url).map(|it| it.id), expected.map(PullRequest::new), "{url}");
    }
}

fn place(session: &str, folder: &str, branch: &str) -> Place {
    Place {
        folder: Some(Folder::new(folder)),
        branch: Some(Branch::new(branch)),
        ..Place::of(Tool::ClaudeCode, SessionId::new(session))
    }
}

fn link(session: &str, branch: &str, repo: &str, number: u64, quarter: i64) -> PrLink {
    let at = Timestamp::from_millis(quarter * QuarterHour::MILLIS + 60_000);
    PrLink {
        tool: Tool::ClaudeCode,
        session: SessionId::new(session),
        url: Arc::from(format!("https://github.com/{repo}/pull/{number}")),
        number,
        branch: Some(Branch::new(branch)),
        first_at: at,
        last_at: at,
    }
}

/// The pull requests of some sessions, of which each is `(session, folder)`.
fn index(links: &[PrLink], sessions: &[(&str, &str)]) -> PullRequests {
    let places: Vec<Place> = sessions.iter().map(|(session, folder)| place(session, folder, "x")).collect();
    PullRequests::new(links, &places, &HashMap::new(), &Rules::default())
}

fn ask(index: &PullRequests, session: &str, branch: &str, repo: Option<&str>, quarter: i64) -> String {
    let place = place(session, "/x", branch);
    let repo = repo.map(RepoId::new);
    let found = index.for_place(&place, repo.as_ref(), Some("next"), QuarterHour::new(quarter));
    found.map_or_else(|| "unknown".to_owned(), |it| format!("{} by {}", it.value, it.evidence.name()))
}

#[test]
fn work_leads_to_its_pull_request() {
    let links = [
        link("s", "feat/x", "o/r", 2, 20),
        link("s", "feat/x", "o/r", 1, 10),
        link("s", "feat/y", "o/r", 3, 5),
    ];
    let index = index(&links, &[]);
    for (branch, quarter, expected) in [
        ("feat/x", 1, "github.com/o/r#1 by session_pull_request"),
        ("feat/x", 10, "github.com/o/r#1 by session_pull_request"),
        ("feat/x", 11, "github.com/o/r#2 by session_pull_request"),
        ("feat/x", 99, "github.com/o/r#2 by session_pull_request"),
        ("feat/y", 99, "github.com/o/r#3 by session_pull_request"),
        ("feat/z", 1, "unknown"),
    ] {
        assert_eq!(ask(&index, "s", branch, None, quarter), expected, "{branch} at {quarter}");
    }
}

#[test]
fn a_link_that_is_repeated_counts_once() {
    let links = [link("s", "a", "o/r", 1, 10), link("t", "a", "o/r", 1, 30), link("t", "a", "o/r", 2, 20)];
    let index = index(&links, &[]);
    assert_eq!(ask(&index, "u", "a", Some("github.com/o/r"), 25), "github.com/o/r#2 by branch_pull_request");
}

#[test]
fn other_sessions_share_it_on_the_same_repository_and_branch() {
    let links =
        [link("s", "feat/x", "o/r", 1, 10), link("s", "main", "o/r", 2, 10), link("s", "next", "o/r", 3, 10)];
    let index = index(&links, &[]);
    for (session, branch, repo, expected) in [
        ("t", "feat/x", Some("github.com/o/r"), "github.com/o/r#1 by branch_pull_request"),
        ("t", "feat/x", Some("github.com/o/other"), "unknown"),
        ("t", "feat/x", None, "unknown"),
        ("t", "main", Some("github.com/o/r"), "unknown"),
        ("t", "next", Some("github.com/o/r"), "unknown"),
        ("t", "", Some("github.com/o/r"), "unknown"),
        ("t", "HEAD", Some("github.com/o/r"), "unknown"),
        ("s", "main", Some("github.com/o/r"), "github.com/o/r#2 by session_pull_request"),
    ] {
        assert_eq!(ask(&index, session, branch, repo, 1), expected, "{session} {branch} {repo:?}");
    }
}

#[test]
fn only_several_pull_requests_make_an_answer_depend_on_time() {
    let links = [link("s", "a", "o/r", 1, 10), link("s", "b", "o/r", 2, 10), link("t", "b", "o/r", 3, 20)];
    let index = index(&links, &[]);
    for (session, branch, expected) in [
        ("s", "a", false),
        ("s", "b", false),
        ("t", "b", false),
        ("u", "b", true),
        ("u", "a", false),
        ("u", "main", false),
    ] {
        assert_eq!(index.depend_on_time(&place(session, "/x", branch)), expected, "{session} {branch}");
    }
    let links = [link("s", "a", "o/r", 1, 10), link("s", "a", "o/r", 2, 20)];
    assert!(self::index(&links, &[]).depend_on_time(&place("s", "/x", "a")));
}

#[test]
fn a_fork_finds_the_pull_request_of_the_original() {
    let mut first = place("s", "/fork", "feat/x");
    first.remote = Some(Arc::from("git@github.com:ada/billing.git"));
    let links = [link("s", "feat/x", "acme/billing", 4, 1)];
    let index = PullRequests::new(&links, [&first], &HashMap::new(), &Rules::default());
    assert_eq!(
        ask(&index, "t", "feat/x", Some("github.com/ada/billing"), 1),
        "github.com/acme/billing#4 by branch_pull_request"
    );
}

#[test]
fn pull_requests_name_the_repository_of_a_folder() {
    let sessions = [
        ("s", "/a"),
        ("s", "/a/web"),
        ("t", "/b"),
        ("u", "/b"),
        ("v", "/c"),
        ("v", "/d"),
        ("w", "/e"),
        ("x", "/a-2"),
    ];
    let links = [
        link("s", "x", "o/a", 1, 1),
        link("t", "x", "o/b", 2, 1),
        link("u", "x", "o/other", 3, 1),
        link("v", "x", "o/c", 4, 1),
        link("w", "x", "o/e", 5, 1),
        link("w", "y", "o/f", 6, 1),
    ];
    let index = index(&links, &sessions);
    let of_session = |name: &str| index.repo_of_session(&SessionId::new(name)).map(|it| it.value.to_string());
    let of_folder = |name: &str| index.repo_of_folder(&Folder::new(name)).map(|it| it.value.to_string());
    assert_eq!(of_session("s").as_deref(), Some("github.com/o/a"));
    assert_eq!(of_session("t").as_deref(), Some("github.com/o/b"));
    assert_eq!(of_session("v"), None, "it was in two trees");
    assert_eq!(of_session("w"), None, "it named two repositories");
    assert_eq!(of_folder("/a/web").as_deref(), Some("github.com/o/a"));
    assert_eq!(of_folder("/b"), None, "two sessions disagree");
    assert_eq!(of_folder("/c"), None);
    assert_eq!(of_folder("/e"), None);
    assert_eq!(of_folder("/a-2"), None);
}

#[test]
fn rules_for_hosts_hold_for_pull_requests() {
    let rules = Rules::parse("[hosts.'ghe.example.com']\nsame_as = 'git.example.com'\n").expect("rules");
    let mut named = link("s", "feat/x", "o/r", 1, 1);
    named.url = Arc::from("https://ghe.example.com/o/r/pull/1");
    let index = PullRequests::new(&[named], [], &HashMap::new(), &rules);
    assert_eq!(
        ask(&index, "t", "feat/x", Some("git.example.com/o/r"), 1),
        "git.example.com/o/r#1 by branch_pull_request"
    );
}

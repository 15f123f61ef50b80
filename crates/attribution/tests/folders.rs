//! Which repository a folder belongs to.

use attribution::FolderFacts;
use domain::{Evidence, Folder};
use testkit::git::Sandbox;

use super::{look_up, reader, repo};

const URL: &str = "https://user:s3cr3t@github.com/Acme/Billing.git";
const BILLING: &str = "github.com/acme/billing by remote";

#[test]
fn a_repository_is_its_remote_and_credentials_stay_out() {
    let sandbox = Sandbox::new();
    sandbox.repo_with_origin("src/billing", URL);
    sandbox.folder("src/billing/api/v1");
    let facts = look_up(&sandbox, &sandbox.path("src/billing/api/v1"));
    assert_eq!(repo(&facts), BILLING);
    assert_eq!(facts.display.as_deref(), Some("github.com/Acme/Billing"));
    assert_eq!(facts.remote.as_deref(), Some("origin"));
    assert!(!format!("{facts:?}").contains("s3cr3t"));
    assert_eq!(FolderFacts::from_text(&facts.to_text()), Ok(facts));
}

#[test]
fn the_remote_is_the_one_that_git_would_use() {
    let sandbox = Sandbox::new();
    sandbox.git("home", &["config", "--global", "url.https://github.com/.insteadOf", "gh:"]);
    sandbox.git("home", &["config", "--global", "url.https://git.example.com/.insteadOf", "gh:infra/"]);
    for (path, url) in [("a", "gh:acme/billing"), ("b", "gh:infra/dns"), ("c", "git@github.com:acme/web.git")]
    {
        let made = sandbox.repo_with_origin(path, url);
        let effective = made.git(&["ls-remote", "--get-url", "origin"]);
        let facts = look_up(&sandbox, made.path());
        let expected = attribution::repo_id::normalise(&effective).id();
        assert_eq!(facts.repo.map(|it| it.value), expected, "{url}");
    }
}

#[test]
fn other_remotes_stand_in_for_origin() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo("a");
    made.git(&["remote", "add", "company", "git@github.com:acme/billing.git"]);
    let facts = look_up(&sandbox, made.path());
    assert_eq!((repo(&facts).as_str(), facts.remote.as_deref()), (BILLING, Some("company")));

    made.git(&["remote", "add", "friend", "git@github.com:friend/billing.git"]);
    assert!(repo(&look_up(&sandbox, made.path())).ends_with("by root_commit"));

    made.config("branch.main.remote", "friend");
    assert_eq!(repo(&look_up(&sandbox, made.path())), "github.com/friend/billing by remote");

    made.git(&["remote", "add", "origin", "git@github.com:acme/billing.git"]);
    assert_eq!(repo(&look_up(&sandbox, made.path())), BILLING);
}

#[test]
fn worktrees_share_a_repository() {
    let sandbox = Sandbox::new();
    let main = sandbox.repo_with_origin("src/billing", URL);
    let inner = main.worktree("src/billing/.worktrees/x", "feat/x");
    let outer = main.worktree("elsewhere/y", "feat/y");
    assert_eq!(repo(&look_up(&sandbox, inner.path())), BILLING);
    assert_eq!(repo(&look_up(&sandbox, outer.path())), BILLING);

    sandbox.delete("src/billing/.git/worktrees");
    let inner = look_up(&sandbox, inner.path());
    assert_eq!(repo(&inner), "github.com/acme/billing by parent_folder");
    assert_eq!(repo(&look_up(&sandbox, outer.path())), "unknown");
}

#[test]
fn submodules_and_nested_repositories_are_their_own() {
    let sandbox = Sandbox::new();
    let library = sandbox.repo_with_origin("library", "git@github.com:acme/library.git");
    let app = sandbox.repo_with_origin("app", URL);
    let inside = app.submodule(&library, "vendor/library");
    inside.git(&["remote", "set-url", "origin", "git@github.com:acme/library.git"]);
    assert_eq!(repo(&look_up(&sandbox, inside.path())), "github.com/acme/library by remote");
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("app/vendor"))), BILLING);

    sandbox.repo_with_origin("app/tools", "git@github.com:acme/tools.git");
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("app/tools"))), "github.com/acme/tools by remote");
}

#[test]
fn bare_repositories_count() {
    let sandbox = Sandbox::new();
    sandbox.folder("bare.git");
    let bare = sandbox.open("bare.git");
    bare.git(&["init", "--quiet", "--bare"]);
    bare.git(&["remote", "add", "origin", URL]);
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("bare.git"))), BILLING);
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("bare.git/refs/heads"))), BILLING);
}

#[test]
fn deleted_folders_belong_to_the_repository_around_them() {
    let sandbox = Sandbox::new();
    sandbox.repo_with_origin("src/billing", URL);
    let gone = sandbox.path("src/billing/.worktrees/x/api");
    assert_eq!(repo(&look_up(&sandbox, &gone)), "github.com/acme/billing by parent_folder");
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("src/other"))), "unknown");
}

#[test]
fn a_repository_of_the_whole_home_folder_is_not_around_what_is_gone() {
    let sandbox = Sandbox::new();
    sandbox.repo_with_origin("home", "git@github.com:ada/dotfiles.git");
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("home"))), "github.com/ada/dotfiles by remote");
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("home/src/billing"))), "unknown");
}

#[test]
fn without_a_remote_the_first_commit_names_it() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo("a");
    let root = made.git(&["rev-parse", "HEAD"]);
    made.commit("more", "text", "Go on");
    made.git(&["checkout", "--quiet", "--orphan", "pages"]);
    made.commit("page", "text", "Begin the pages");
    made.git(&["notes", "add", "-m", "a note", "HEAD"]);
    let expected = format!("local:{root} by root_commit");
    assert_eq!(repo(&look_up(&sandbox, made.path())), expected);

    made.git(&["remote", "add", "origin", "../sibling.git"]);
    assert_eq!(repo(&look_up(&sandbox, made.path())), expected);

    let source = format!("file://{}", made.path().display());
    made.git(&["clone", "--quiet", "--depth", "1", "--branch", "main", &source, "../shallow"]);
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("shallow"))), "unknown");
}

#[test]
fn an_empty_repository_and_no_repository_are_unknown() {
    let sandbox = Sandbox::new();
    sandbox.empty_repo("empty");
    sandbox.folder("plain");
    sandbox.write("file", "text");
    for path in ["empty", "plain", "file", "missing"] {
        assert_eq!(repo(&look_up(&sandbox, &sandbox.path(path))), "unknown", "{path}");
    }
}

#[test]
fn paths_of_other_machines_are_unknown() {
    let sandbox = Sandbox::new();
    let mut reader = reader(&sandbox);
    for folder in ["", "src", "../src", r"C:\Users\bob\src", "/nowhere/at/all", "/srv\0x"] {
        let facts = reader.look_up(&Folder::new(folder));
        assert_eq!(repo(&facts), "unknown", "{folder}");
    }
    let long = format!("/{}", "x/".repeat(5_000));
    assert_eq!(reader.look_up(&Folder::new(&long)), FolderFacts::default());
    assert_eq!(reader.problems(), []);
}

#[test]
fn symbolic_links_are_followed() {
    let sandbox = Sandbox::new();
    sandbox.repo_with_origin("data/billing", URL);
    sandbox.repo_with_origin("links", "git@github.com:acme/links.git");
    std::os::unix::fs::symlink(sandbox.path("data/billing"), sandbox.path("links/billing")).expect("a link");
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("links/billing"))), BILLING);
}

#[test]
fn ssh_aliases_are_resolved_from_the_user_s_configuration() {
    let sandbox = Sandbox::new();
    sandbox.repo_with_origin("a", "git@github-work:acme/billing.git");
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("a"))), "ssh-alias:github-work/acme/billing by remote");
    sandbox.write("home/.ssh/config", "Host github-work\n  HostName ssh.github.com\n  Port 443\n");
    assert_eq!(repo(&look_up(&sandbox, &sandbox.path("a"))), BILLING);
}

#[test]
fn the_default_branch_is_the_remote_s() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo_with_origin("a", URL);
    made.git(&["update-ref", "refs/remotes/origin/trunk-2", "HEAD"]);
    made.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk-2"]);
    let facts = look_up(&sandbox, made.path());
    assert_eq!(facts.default_branch.map(|it| it.to_string()).as_deref(), Some("trunk-2"));
}

#[test]
fn fifty_folders_of_one_repository_are_asked_for_once() {
    let sandbox = Sandbox::new();
    let main = sandbox.repo_with_origin("billing", URL);
    let worktree = main.worktree("other", "feat/x");
    let counter = sandbox.path("runs");
    let script = format!("#!/bin/sh\necho >> '{}'\nexec git \"$@\"\n", counter.display());
    let machine = attribution::Machine {
        git: sandbox.script("bin/git-counted", &script).into(),
        ..super::machine(&sandbox)
    };
    let mut reader = attribution::GitReader::new(&machine);
    for number in 0..50 {
        let folder = sandbox.folder(&format!("billing/{number}"));
        let facts = reader.look_up(&Folder::new(&folder.to_string_lossy()));
        assert_eq!(facts.repo.map(|it| it.evidence), Some(Evidence::Remote));
    }
    assert_eq!(repo(&reader.look_up(&Folder::new(&worktree.path().to_string_lossy()))), BILLING);
    assert_eq!(std::fs::read_to_string(counter).expect("the counter").lines().count(), 1);
}

//! Repositories that nobody should trust, and machines where git is not well.

use attribution::{GitProblem, GitReader, Machine};
use domain::Folder;
use testkit::git::Sandbox;

use super::{developer, look_up, machine, repo};

const URL: &str = "git@github.com:acme/billing.git";

#[test]
fn a_hostile_repository_runs_nothing() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo("evil");
    let trap =
        sandbox.script("bin/trap", &format!("#!/bin/sh\ntouch '{}'\n", sandbox.path("sprung").display()));
    let trap = trap.to_string_lossy();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "credential.helper",
        "diff.external",
        "filter.x.smudge",
        "gpg.program",
        "pager.config",
        "pager.rev-list",
        "alias.config",
        "alias.rev-list",
        "alias.check-mailmap",
        "uploadpack.packObjectsHook",
    ] {
        made.config(key, &trap);
    }
    made.config("core.hooksPath", &sandbox.path("bin").to_string_lossy());
    made.config("remote.x.url", &format!("ext::{trap}"));
    made.config("remote.x.promisor", "true");
    made.config("extensions.partialClone", "x");
    made.config("mailmap.blob", "0123456789012345678901234567890123456789");
    sandbox.write("evil/.mailmap", "<x@y.example> <ada@example.com>\n");
    let facts = look_up(&sandbox, made.path());
    assert!(repo(&facts).ends_with("by root_commit"), "{}", repo(&facts));
    assert_eq!(developer(&facts), "x@y.example by git_identity");
    assert!(!sandbox.path("sprung").exists());
}

#[test]
fn variables_of_another_git_command_are_ignored() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo_with_origin("a", URL);
    let other = sandbox.repo_with_origin("b", "git@github.com:acme/other.git");
    let mut machine = machine(&sandbox);
    machine.environment.push(("GIT_DIR".into(), other.path().join(".git").into()));
    machine.environment.push(("GIT_AUTHOR_EMAIL".into(), "hook@example.com".into()));
    let facts = GitReader::new(&machine).look_up(&Folder::new(&made.path().to_string_lossy()));
    assert_eq!(repo(&facts), "github.com/acme/billing by remote");
    assert_eq!(developer(&facts), "ada@example.com by git_identity");
}

fn with_git(sandbox: &Sandbox, script: &str) -> (GitReader, Folder) {
    let made = sandbox.repo_with_origin("a", URL);
    let git = sandbox.script("bin/git-odd", script);
    let reader = GitReader::new(&Machine { git: git.into(), ..machine(sandbox) });
    (reader, Folder::new(&made.path().to_string_lossy()))
}

#[test]
fn a_repository_of_another_account_stays_unknown() {
    let sandbox = Sandbox::new();
    let script = "#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git \"$@\"\n";
    let (mut reader, folder) = with_git(&sandbox, script);
    let facts = reader.look_up(&folder);
    assert_eq!((repo(&facts).as_str(), developer(&facts).as_str()), ("unknown", "unknown"));
    assert!(!facts.unanswered);
    assert_eq!(reader.problems(), [GitProblem::Refused { folder: folder.to_string() }]);
}

#[test]
fn a_git_that_hangs_is_stopped() {
    let sandbox = Sandbox::new();
    let (mut reader, folder) = with_git(&sandbox, "#!/bin/sh\nexec sleep 60\n");
    for _ in 0..2 {
        let facts = reader.look_up(&folder);
        assert_eq!((repo(&facts).as_str(), facts.unanswered), ("unknown", true));
    }
    assert_eq!(reader.problems(), [GitProblem::Slow { folder: folder.to_string() }]);
}

#[test]
fn without_git_everything_is_unknown_and_said_once() {
    let sandbox = Sandbox::new();
    for path in ["a", "b"] {
        sandbox.repo_with_origin(path, URL);
    }
    let git = sandbox.path("bin/no-such-git");
    let mut reader = GitReader::new(&Machine { git: git.into(), ..machine(&sandbox) });
    for path in ["a", "b", "home"] {
        let facts = reader.look_up(&Folder::new(&sandbox.path(path).to_string_lossy()));
        assert_eq!((repo(&facts).as_str(), developer(&facts).as_str()), ("unknown", "unknown"));
        assert!(facts.unanswered);
    }
    assert!(matches!(reader.problems(), [GitProblem::Missing { .. }]), "{:?}", reader.problems());
}

//! What is checked out, without starting git.

use attribution::git::head;
use testkit::git::{Repo, Sandbox};

/// `hash on branch`, or `unknown`.
fn shown(folder: &std::path::Path) -> String {
    head(&folder.to_string_lossy()).map_or_else(
        || "unknown".to_owned(),
        |head| {
            let branch = head.branch.map_or_else(|| "no branch".to_owned(), |it| it.to_string());
            format!("{} on {branch}", head.commit)
        },
    )
}

fn check(made: &Repo<'_>, branch: &str) {
    let expected = format!("{} on {branch}", made.git(&["rev-parse", "HEAD"]).trim());
    assert_eq!(shown(made.path()), expected);
}

#[test]
fn the_files_say_what_git_says() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo("a");
    made.commit("one", "1", "One");
    made.git(&["switch", "-q", "-c", "feat/x"]);
    check(&made, "feat/x");
    assert_eq!(shown(&sandbox.folder("a/deep/inside")), shown(made.path()));

    let other = made.worktree("b", "feat/y");
    other.commit("two", "2", "Two");
    check(&other, "feat/y");
    check(&made, "feat/x");

    made.git(&["pack-refs", "--all"]);
    check(&made, "feat/x");
    check(&other, "feat/y");

    made.git(&["switch", "-q", "--detach"]);
    check(&made, "no branch");
}

#[test]
fn what_the_files_do_not_say_is_unknown() {
    let sandbox = Sandbox::new();
    assert_eq!(shown(&sandbox.folder("plain")), "unknown");
    assert_eq!(shown(&sandbox.path("missing")), "unknown");
    assert_eq!(shown(sandbox.empty_repo("empty").path()), "unknown", "there is no commit yet");

    let made = sandbox.repo("a");
    sandbox.write("secret", "0123456789012345678901234567890123456789");
    for reference in ["refs/../../../secret", "/etc/hostname", "refs/heads/../../../secret", "secret"] {
        sandbox.write("a/.git/HEAD", &format!("ref: {reference}\n"));
        assert_eq!(shown(made.path()), "unknown", "{reference}");
    }
}

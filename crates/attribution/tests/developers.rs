//! Who works in a folder.

use domain::Folder;
use testkit::git::{EMAIL, Sandbox};

use super::{developer, look_up, reader};

const URL: &str = "git@github.com:acme/billing.git";

#[test]
fn the_identity_in_force_in_the_folder() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo_with_origin("a", URL);
    sandbox.folder("plain");
    assert_eq!(developer(&look_up(&sandbox, made.path())), format!("{EMAIL} by git_identity"));
    assert_eq!(developer(&look_up(&sandbox, &sandbox.path("plain"))), format!("{EMAIL} by git_identity"));

    made.config("user.email", "Ada@Work.example");
    assert_eq!(developer(&look_up(&sandbox, made.path())), "ada@work.example by git_identity");

    made.config("author.email", "ada@author.example");
    assert_eq!(developer(&look_up(&sandbox, made.path())), "ada@author.example by git_identity");
}

#[test]
fn conditional_includes_and_worktree_settings_count() {
    let sandbox = Sandbox::new();
    sandbox.write("work.conf", "[user]\n\temail = ada@work.example\n");
    let condition = format!("includeIf.gitdir:{}/work/.path", sandbox.root().display());
    sandbox.git("home", &["config", "--global", &condition, &sandbox.path("work.conf").to_string_lossy()]);
    let at_work = sandbox.repo_with_origin("work/billing", URL);
    let at_home = sandbox.repo_with_origin("play/billing", URL);
    assert_eq!(developer(&look_up(&sandbox, at_work.path())), "ada@work.example by git_identity");
    assert_eq!(developer(&look_up(&sandbox, at_home.path())), format!("{EMAIL} by git_identity"));

    let other = at_work.worktree("work/other", "feat/x");
    at_work.config("extensions.worktreeConfig", "true");
    other.git(&["config", "--worktree", "user.email", "pair@work.example"]);
    let mut reader = reader(&sandbox);
    for (made, expected) in [(&at_work, "ada@work.example"), (&other, "pair@work.example")] {
        let facts = reader.look_up(&Folder::new(&made.path().to_string_lossy()));
        assert_eq!(developer(&facts), format!("{expected} by git_identity"));
    }
}

#[test]
fn the_mailmap_has_the_last_word() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo_with_origin("a", URL);
    made.commit(".mailmap", "Ada Proper <ada@proper.example> <ada@example.com>\n", "Name people");
    assert_eq!(developer(&look_up(&sandbox, made.path())), "ada@proper.example by git_identity");

    let unmapped = sandbox.repo_with_origin("b", URL);
    unmapped.commit(".mailmap", "Bob <bob@proper.example> <bob@example.com>\n", "Name people");
    assert_eq!(developer(&look_up(&sandbox, unmapped.path())), format!("{EMAIL} by git_identity"));

    sandbox.write("people", "<ada@list.example> <ada@example.com>\n");
    let listed = sandbox.repo_with_origin("c", URL);
    listed.config("mailmap.file", &sandbox.path("people").to_string_lossy());
    assert_eq!(developer(&look_up(&sandbox, listed.path())), "ada@list.example by git_identity");
}

#[test]
fn a_folder_that_is_gone_belongs_to_the_account_or_to_its_home() {
    let sandbox = Sandbox::new();
    let own = look_up(&sandbox, &sandbox.path("home/src/gone"));
    assert_eq!(developer(&own), format!("{EMAIL} by account_identity"));

    let mut reader = reader(&sandbox);
    for (folder, expected) in [
        ("/Users/bob/src/app", "os-user:bob by home_folder"),
        ("/home/no-such-account/app", "os-user:no-such-account by home_folder"),
        (r"C:\Users\Bob\app", "os-user:bob by home_folder"),
        ("/srv/no-such-folder/app", "unknown"),
    ] {
        assert_eq!(developer(&reader.look_up(&Folder::new(folder))), expected, "{folder}");
    }
}

#[test]
fn a_deleted_worktree_has_the_identity_of_the_repository_around_it() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo_with_origin("home/src/billing", URL);
    made.config("user.email", "ada@work.example");
    let gone = look_up(&sandbox, &sandbox.path("home/src/billing/.worktrees/x"));
    assert_eq!(developer(&gone), "ada@work.example by account_identity");
}

#[test]
fn nobody_is_made_up_where_no_identity_is_set() {
    let sandbox = Sandbox::new();
    let made = sandbox.repo_with_origin("a", URL);
    sandbox.write("home/.gitconfig", "[user]\n\tname = Ada\n");
    assert_eq!(developer(&look_up(&sandbox, made.path())), "unknown");
}

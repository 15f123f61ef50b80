//! Whom git says that work belongs to, from the log to the report.

use serde_json::Value;
use testkit::git::EMAIL;
use testkit::logs::{Call, Transcript};

use crate::machine::{Machine, Run};

const SECRET: &str = "s3cr3t-t0ken";

/// A session of one call in a folder of the machine.
fn work_in(machine: &Machine, session: &str, folder: &str, branch: &str) {
    let folder = machine.path(folder).display().to_string();
    let mut log = Transcript::new(session, &folder, branch);
    log.call(&Call::new(&format!("msg_{session}"), "claude-opus-5-5", "2026-03-02T09:00:00Z"));
    machine.transcript(&format!("p/{session}.jsonl"), &log);
}

/// The repositories and developers of all sessions, one a line, with how sure it is.
fn who(machine: &Machine) -> String {
    let report = machine.json(&["report", "--by", "session,repo,developer"]);
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let mut lines: Vec<String> = report["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let (key, sure) = (&row["key"], &row["key_confidence"]);
            let of = |name: &str| format!("{} ({})", text(&key[name]), text(&sure[name]));
            format!("{}: {}, {}", text(&key["session"]), of("repo"), of("developer"))
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn repositories_worktrees_and_folders_in_them() {
    let machine = Machine::new();
    let url = format!("https://ada:{SECRET}@github.com/Acme/Billing.git?token={SECRET}");
    let billing = machine.sandbox.repo_with_origin("home/src/billing", &url);
    billing.worktree("home/trees/export", "feat/ENG-412-export");
    machine.sandbox.folder("home/src/billing/api/v1");
    let local = machine.sandbox.repo("home/src/notes");
    let root = local.git(&["rev-parse", "HEAD"]);
    machine.sandbox.folder("home/nothing");
    work_in(&machine, "a-repo", "home/src/billing", "main");
    work_in(&machine, "b-inside", "home/src/billing/api/v1", "main");
    work_in(&machine, "c-worktree", "home/trees/export", "feat/ENG-412-export");
    work_in(&machine, "d-local", "home/src/notes", "main");
    work_in(&machine, "e-nothing", "home/nothing", "");
    let said = who(&machine);
    let expected = format!(
        "a-repo: github.com/acme/billing (exact), {EMAIL} (high)\n\
         b-inside: github.com/acme/billing (exact), {EMAIL} (high)\n\
         c-worktree: github.com/acme/billing (exact), {EMAIL} (high)\n\
         d-local: local:{root} (exact), {EMAIL} (high)\n\
         e-nothing: unknown (unknown), {EMAIL} (high)"
    );
    assert_eq!(said, expected);
}

#[test]
fn credentials_in_a_remote_are_neither_shown_nor_stored() {
    let machine = Machine::new();
    let url = format!("https://ada:{SECRET}@github.com/Acme/Billing.git?token={SECRET}");
    machine.sandbox.repo_with_origin("home/src/billing", &url);
    work_in(&machine, "a", "home/src/billing", "main");
    let mut link = Transcript::new("b", &machine.path("home/src/billing").display().to_string(), "fix/x");
    link.call(&Call::new("msg_b", "claude-opus-5-5", "2026-03-02T10:00:00Z"));
    let pull_request = format!("https://{SECRET}@github.com/acme/billing/pull/7?token={SECRET}");
    link.pull_request(testkit::logs::millis("2026-03-02T10:01:00Z"), &pull_request, 7);
    machine.transcript("p/b.jsonl", &link);
    for arguments in [
        &["report", "--by", "repo,pr"][..],
        &["report", "--by", "repo,pr,branch", "--format", "json"],
        &["report", "--by", "repo", "--format", "csv"],
        &["sessions", "--format", "json"],
        &["session", "b"],
        &["session", "b", "--format", "json"],
        &["explain", "msg_b"],
        &["explain", "msg_b", "--format", "json"],
        &["doctor"],
        &["report", "--repo", "nothing"],
    ] {
        let run = machine.run(arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(!format!("{run:?}").contains(SECRET), "{arguments:?}: {run:?}");
    }
    assert!(machine.run(&["report", "--by", "repo"]).done().contains("acme/billing"));
    assert!(!holds(&machine.stored(), SECRET));
}

#[test]
fn a_mailmap_makes_one_person_of_two_addresses() {
    let machine = Machine::new();
    let repo = machine.sandbox.repo_with_origin("home/src/web", "git@github.com:acme/web.git");
    repo.config("user.email", "ada@old.example");
    repo.commit(".mailmap", "Ada Example <ada@new.example> <ada@old.example>\n", "Add a mailmap");
    work_in(&machine, "a", "home/src/web", "main");
    assert_eq!(who(&machine), "a: github.com/acme/web (exact), ada@new.example (high)");
}

#[test]
fn a_deleted_folder_keeps_what_git_said_of_it() {
    let machine = Machine::new();
    machine.sandbox.repo_with_origin("home/src/web", "git@github.com:acme/web.git");
    work_in(&machine, "a", "home/src/web", "main");
    let before = who(&machine);
    assert_eq!(before, format!("a: github.com/acme/web (exact), {EMAIL} (high)"));
    machine.sandbox.delete("home/src/web");
    assert_eq!(who(&machine), before);
    // A folder that was gone before anybody asked is not made up.
    work_in(&machine, "b", "home/src/gone", "main");
    let said = who(&machine);
    assert_eq!(said, format!("{before}\nb: unknown (unknown), {EMAIL} (medium)"));
}

#[test]
fn git_that_is_missing_is_asked_again_when_it_is_there() {
    let machine = Machine::new();
    machine.sandbox.repo("home/src/notes");
    machine.sandbox.repo_with_origin("home/src/web", "git@github.com:acme/web.git");
    work_in(&machine, "a", "home/src/web", "main");
    let mut command = machine.bursar(&["report", "--by", "repo"]);
    let run = Run::to_end(command.env("PATH", machine.path("config")));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(who(&machine), format!("a: github.com/acme/web (exact), {EMAIL} (high)"));
}

/// Whether those bytes hold that text.
pub(crate) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

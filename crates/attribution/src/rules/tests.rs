//! Rules files, good and bad.

use super::*;
use domain::{Attributed, TaskType};

fn rules(text: &str) -> Rules {
    Rules::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    Rules::parse(text).expect_err("a file that is wrong").to_string()
}

fn task(rules: &Rules, facts: &TaskFacts<'_>) -> String {
    rules.tasks.task(facts).map_or_else(
        || "unknown".to_owned(),
        |Attributed::<TaskType> { value, evidence }| format!("{value} by {}", evidence.name()),
    )
}

#[test]
fn branches_tell_the_kind_of_work() {
    let rules = Rules::default();
    for (branch, expected) in [
        ("feat/x", "feature by branch_name"),
        ("feature/ENG-1-x", "feature by branch_name"),
        ("Feature/x", "feature by branch_name"),
        ("bugfix/x", "fix by branch_name"),
        ("fix-login", "fix by branch_name"),
        ("ada/fix-login", "fix by branch_name"),
        ("ada/refactor/x", "refactor by branch_name"),
        ("ci/cache", "chore by branch_name"),
        ("release/1.2", "release by branch_name"),
        ("spike_queue", "spike by branch_name"),
        ("feat/docs-for-x", "feature by branch_name"),
        ("test", "unknown"),
        ("a/b/fix-c", "unknown"),
        ("prefix/x", "unknown"),
        ("main", "unknown"),
    ] {
        let facts = TaskFacts { branch: Some(branch), ..TaskFacts::default() };
        assert_eq!(task(&rules, &facts), expected, "{branch}");
    }
}

#[test]
fn a_tag_beats_a_command_beats_a_skill_beats_a_branch() {
    let rules = rules(
        r#"
        [[task]]
        branch = "fix/*"
        type = "repair"
        [[task]]
        command = "/deploy*"
        type = "operations"
        [[task]]
        tag = "bug*"
        type = "fix"
        [[task]]
        skill = "*design*"
        branch = "ui/*"
        type = "design"
        "#,
    );
    let mut facts = TaskFacts {
        tag: Some("bug hunt"),
        command: Some("review"),
        skill: Some("plugin:debug"),
        branch: Some("fix/x"),
    };
    assert_eq!(task(&rules, &facts), "fix by tag");
    facts.tag = Some("Research");
    assert_eq!(task(&rules, &facts), "Research by tag");
    facts.tag = None;
    assert_eq!(task(&rules, &facts), "review by command");
    facts.command = Some("deploy-prod");
    assert_eq!(task(&rules, &facts), "operations by command");
    facts.command = Some("compact");
    assert_eq!(task(&rules, &facts), "debug by skill");
    facts.skill = Some("web-design");
    assert_eq!(task(&rules, &facts), "repair by branch_name");
    facts.branch = Some("ui/menu");
    assert_eq!(task(&rules, &facts), "design by skill");
}

#[test]
fn the_built_in_kinds_can_be_switched_off() {
    let rules = rules("built_in_tasks = false\n[[task]]\nbranch = 'x/*'\ntype = 'y'\n");
    let on = |branch| task(&rules, &TaskFacts { branch: Some(branch), ..TaskFacts::default() });
    assert_eq!(on("fix/a"), "unknown");
    assert_eq!(on("x/a"), "y by branch_name");
}

#[test]
fn projects_and_clients_follow_the_first_rule_that_matches() {
    let rules = rules(
        r#"
        [[project]]
        repo = "github.com/acme/*"
        ticket = "ENG-*"
        name = "Engine"
        client = "Acme"
        [[project]]
        repo = "github.com/ACME/*"
        name = "Rest of Acme"
        [[project]]
        folder = "/home/*/lab"
        name = "Lab"
        [[client]]
        project = "Lab"
        name = "House"
        "#,
    );
    let name = |subject: &Subject<'_>| {
        rules.project(subject).map(|(it, client)| (it.as_str(), client.map(Client::as_str)))
    };
    let mut subject =
        Subject { repo: Some("github.com/acme/x"), ticket: Some("ENG-1"), ..Subject::default() };
    assert_eq!(name(&subject), Some(("Engine", Some("Acme"))));
    subject.ticket = None;
    assert_eq!(name(&subject), Some(("Rest of Acme", None)));
    let lab = Subject { folder: Some("/home/ada/lab/x"), project: Some("Lab"), ..Subject::default() };
    assert_eq!(name(&lab), Some(("Lab", None)));
    assert_eq!(rules.client(&lab).map(Client::as_str), Some("House"));
    assert_eq!(rules.client_of_project(&Project::new("Engine")).map(Client::as_str), Some("Acme"));
    assert_eq!(name(&Subject::default()), None);
}

#[test]
fn developers_have_one_name() {
    let rules = rules(
        r#"
        [developers]
        "Ada@Old.example" = "ada@new.example"
        "ada@new.example" = "Ada@example.com"
        "12+ada@users.noreply.github.com" = "ada@example.com"
        "os-user:ada" = "ada@example.com"
        "#,
    );
    for (before, after) in [
        ("ada@old.example", "ada@example.com"),
        ("12+renamed@users.noreply.github.com", "ada@example.com"),
        ("os-user:ada", "ada@example.com"),
        ("bob@example.com", "bob@example.com"),
    ] {
        assert_eq!(rules.developer(&Developer::new(before)).as_str(), after);
    }
}

#[test]
fn hosts_are_made_one() {
    let rules = rules(
        r#"
        [hosts."gerrit.x"]
        strip = "a"
        [hosts."bb.x"]
        strip = "/bitbucket/scm/"
        ports = [7990]
        ignore_case = true
        [hosts.code]
        same_as = "code.example.com"
        "#,
    );
    for (before, after) in [
        ("gerrit.x/a/plat/proj", "gerrit.x/plat/proj"),
        ("gerrit.x/apps/proj", "gerrit.x/apps/proj"),
        ("bb.x:7990/bitbucket/scm/P/r", "bb.x/p/r"),
        ("bb.x:8000/P/r", "bb.x:8000/p/r"),
        ("ssh-alias:code/o/r", "code.example.com/o/r"),
        ("code:2222/o/r", "code.example.com:2222/o/r"),
        ("other.x/a/b", "other.x/a/b"),
        ("local:0123", "local:0123"),
    ] {
        assert_eq!(rules.repo(&RepoId::new(before)).as_str(), after);
    }
}

#[test]
fn folders_that_are_gone_get_a_repository() {
    let rules = rules(
        r#"
        [[repo]]
        folder = "/home/*/src/billing*"
        repo = "https://tok@github.com/Acme/Billing.git"
        [[repo]]
        folder = "/srv/mirror"
        repo = "github.com/acme/app"
        overrule = true
        "#,
    );
    let at = |folder| rules.repo_of_folder(folder).map(|(id, force)| (id.as_str(), force));
    assert_eq!(at("/home/ada/src/billing-2/api"), Some(("github.com/acme/billing", Force::FillsIn)));
    assert_eq!(at("/srv/mirror"), Some(("github.com/acme/app", Force::Overrules)));
    assert_eq!(at("/srv/other"), None);
}

#[test]
fn errors_name_the_line_and_what_is_allowed() {
    for (text, expected) in [
        ("[[task]]\nbranch = 'x'\n", "line 1: missing field `type`"),
        (
            "\n[[task]]\ntype = 'x'\n",
            "line 2: [[task]] needs at least one of `tag`, `command`, `skill`, `branch`",
        ),
        (
            "[[task]]\nbranch = 'x'\ntyp = 'y'\n",
            "line 3: unknown field `typ`, expected one of `branch`, `command`, `skill`, `tag`, `type`",
        ),
        (
            "[tasks]\n",
            "line 1: unknown field `tasks`, expected one of `built_in_tasks`, `task`, `repo`, `project`, `client`, `developers`, `tickets`, `hosts`",
        ),
        ("[[task]]\nbranch = 'x'\ntype = ' '\n", "line 3: `type` must be a text of one line, and not empty"),
        ("[[task]]\nbranch = 1\ntype = 'x'\n", "line 2: invalid type: integer `1`, expected a string"),
        (
            "[[project]]\nname = 'x'\n",
            "line 1: [[project]] needs at least one of `repo`, `folder`, `branch`, `ticket`",
        ),
        (
            "[[client]]\nname = 'x'\n",
            "line 1: [[client]] needs at least one of `repo`, `folder`, `branch`, `ticket`, `project`",
        ),
        (
            "[[repo]]\nfolder = '/x'\nrepo = '/y'\n",
            "line 3: `repo` must be like github.com/owner/name, or the URL of a remote",
        ),
        ("[developers]\na = 'b'\nb = 'a'\n", "line 2: the aliases of `a` in [developers] go in a circle"),
        ("[developers]\na = 'b'\nA = 'c'\n", "line 2: `a` has two entries in [developers]"),
        ("[hosts.'a/b']\n", "line 1: [hosts.\"a/b\"] must be the name of a host, such as git.example.com"),
        ("[[task]\n", "line 1: unclosed array table, expected `]`"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert!(refused(&"#".repeat(MAX_FILE_BYTES + 1)).starts_with("line 1: the file has more than"));
    let many = "[[client]]\nproject = 'x'\nname = 'y'\n".repeat(MAX_RULES + 1);
    assert_eq!(refused(&many), "line 6001: there are more than 2000 rules of this kind");
}

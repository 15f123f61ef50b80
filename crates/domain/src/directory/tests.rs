//! Data in, text out: a directory in a few lines, and what follows from it.

use std::collections::BTreeSet;

use super::*;

fn day(text: &str) -> Day {
    Day::parse(text).expect(text)
}

/// `core; infra 2026-03-01..2026-05-31`
fn course<T: for<'a> From<&'a str>>(text: &str) -> Course<T> {
    let steps = text.split(';').map(str::trim).filter(|it| !it.is_empty()).map(|step| {
        let (value, days) = step.split_once(' ').unwrap_or((step, ".."));
        let (from, to) = days.split_once("..").expect("a period");
        let side = |text: &str| (!text.is_empty()).then(|| day(text));
        Dated { from: side(from), to: side(to), value: T::from(value) }
    });
    Course::new(steps.collect())
}

/// One entry a line: `team core parent=platform cost_centre=4711`.
fn entries(text: &str) -> Entries {
    let mut entries = Entries::default();
    for line in text.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let mut parts = line.split(" | ");
        let (kind, id) = parts.next().and_then(|it| it.split_once(' ')).expect("kind and id");
        let fields: Vec<(&str, &str)> = parts.map(|it| it.split_once('=').expect("a field")).collect();
        let field = |name: &str| fields.iter().find(|it| it.0 == name).map_or("", |it| it.1);
        let name = Some(field("name").to_owned()).filter(|it| !it.is_empty());
        let cost_centre = course(field("cost_centre"));
        let entry = match EntryKind::from_name(kind).expect("a kind") {
            EntryKind::CostCentre => Entry::CostCentre(PlainEntry { name }),
            EntryKind::Client => Entry::Client(PlainEntry { name }),
            EntryKind::Project => {
                Entry::Project(ProjectEntry { name, client: course(field("client")), cost_centre })
            }
            EntryKind::Team => Entry::Team(TeamEntry { name, parent: course(field("parent")), cost_centre }),
            EntryKind::Developer => Entry::Developer(DeveloperEntry {
                name,
                identities: field("identities").split_whitespace().map(str::to_owned).collect(),
                team: course(field("team")),
                cost_centre,
            }),
            EntryKind::Repo => Entry::Repo(RepoEntry { project: course(field("project")) }),
        };
        entries.put(id, entry);
    }
    entries
}

const COMPANY: &str = "
    cost_centre 4711
    cost_centre 4712
    cost_centre 9000
    client Globex
    project pay | client=Globex 2026-04-01.. | cost_centre=9000 2026-06-01..
    project tools
    team engineering | cost_centre=4711
    team core | parent=engineering
    team mobile | parent=engineering ..2026-03-31; core 2026-04-01.. | cost_centre=4712 ..2026-03-31
    developer ada@example.com | identities=ada@old.example 12+ada@users.noreply.github.com | team=core ..2026-03-31; mobile 2026-04-01..
    developer bob@example.com | team=core 2026-02-01..2026-02-28 | cost_centre=4712
    repo github.com/acme/pay | project=pay 2026-02-01..
    repo github.com/acme/* | project=tools
";

fn company() -> Directory {
    Directory::new(entries(COMPANY)).expect("entries that fit together")
}

#[test]
fn answers_are_those_of_the_day() {
    let directory = company();
    let check = |developer: &str, on: &str, expected: &str| {
        let (developer, on) = (Developer::new(developer), day(on));
        let team = directory.team_of(&developer, on);
        let above = team.map(|it| directory.lineage(it, on)).unwrap_or_default();
        let path: Vec<&str> = above.into_iter().map(Team::as_str).collect();
        let booked = directory.cost_centre_of(Some(&developer), None, on).map_or("-", CostCentre::as_str);
        assert_eq!(format!("{} {booked}", path.join("<")), expected, "{developer} {on}");
    };
    check("ada@example.com", "2026-03-31", "core<engineering 4711");
    check("ada@example.com", "2026-04-01", "mobile<core<engineering 4711");
    check("bob@example.com", "2026-02-28", "core<engineering 4712");
    check("bob@example.com", "2026-03-01", " 4712");
    check("eve@example.com", "2026-03-01", " -");
}

#[test]
fn repositories_lead_to_projects_and_clients() {
    let directory = company();
    let check = |repo: &str, on: &str, expected: &str| {
        let on = day(on);
        let project = directory.project_of(&RepoId::new(repo), on);
        let client = project.and_then(|it| directory.client_of(it, on)).map_or("-", Client::as_str);
        let booked = directory.cost_centre_of(None, project, on).map_or("-", CostCentre::as_str);
        let project = project.map_or("-", Project::as_str);
        assert_eq!(format!("{project} {client} {booked}"), expected, "{repo} {on}");
    };
    check("github.com/acme/pay", "2026-01-31", "tools - -");
    check("github.com/acme/pay", "2026-02-01", "pay - -");
    check("github.com/Acme/Pay", "2026-04-01", "pay Globex -");
    check("github.com/acme/pay", "2026-06-01", "pay Globex 9000");
    check("github.com/acme/web", "2026-06-01", "tools - -");
    check("github.com/other/web", "2026-06-01", "- - -");
}

#[test]
fn identities_lead_to_their_developer() {
    let directory = company();
    for (identity, expected) in [
        ("Ada@Old.Example ", Some("ada@example.com")),
        ("12+ada@users.noreply.github.com", Some("ada@example.com")),
        ("bob@example.com", Some("bob@example.com")),
        ("eve@example.com", None),
    ] {
        assert_eq!(directory.developer_of(identity).map(Developer::as_str), expected, "{identity}");
    }
}

#[test]
fn a_team_is_within_those_above_it() {
    let directory = company();
    let within = |team: &str, on: &str| {
        let core = BTreeSet::from([Team::new("core")]);
        directory.is_within(&Team::new(team), &core, day(on))
    };
    assert!(within("core", "2026-01-01"));
    assert!(!within("mobile", "2026-03-31"));
    assert!(within("mobile", "2026-04-01"));
    assert!(!within("engineering", "2026-04-01"));
}

fn check(text: &str, expected: &[&str]) {
    let problems = Directory::new(entries(text)).err().unwrap_or_default();
    let shown: Vec<String> = problems.iter().map(|it| format!("{}: {it}", it.code())).collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn what_does_not_fit_together_is_named() {
    check(
        "team a | parent=b",
        &[
            "unknown_reference: team `a`: there is no team `b`, which `parent` names; add it or correct the name",
        ],
    );
    check(
        "team a | cost_centre=1",
        &["unknown_reference: team `a`: there is no cost centre `1`, which `cost_centre` names; add it or \
         correct the name"],
    );
    check(
        "client c\nproject p | client=c 2026-02-02..2026-02-01",
        &["period_backwards: project `p`: `client` ends on 2026-02-01, before it begins on 2026-02-02"],
    );
    check(
        "team a\nteam b\ndeveloper d | team=a ..2026-02-01; b 2026-02-01..",
        &[
            "overlap: developer `d`: `team` is both `a to 2026-02-01` and `b from 2026-02-01` at the same time; \
         end the one on the day before the other begins",
        ],
    );
    check(
        "developer a | identities=x\ndeveloper b | identities=X",
        &["identity_taken: the identity `x` is given to both `a` and `b`; leave it to one of them"],
    );
    check(
        &format!("team {}", "x".repeat(321)),
        &[&format!(
            "bad_text: team `{}`: `id` must be a text of one line, not empty, of at most 320 bytes",
            "x".repeat(321)
        )],
    );
}

#[test]
fn circles_of_teams_are_found_on_the_days_on_which_they_are() {
    check(
        "team a | parent=b\nteam b | parent=a\nteam c | parent=a",
        &["team_cycle: the teams a > b > a are each a part of the next; take one of them out of the circle"],
    );
    check("team a | parent=b ..2026-01-31\nteam b | parent=a 2026-02-01..", &[]);
    check(
        "team a | parent=b ..2026-02-01\nteam b | parent=a 2026-02-01..",
        &[
            "team_cycle: the teams a > b > a are each a part of the next on 2026-02-01; take one of them out of \
         the circle",
        ],
    );
    let deep: String = (0..18).map(|at| format!("team t{at:02} | parent=t{:02}\n", at + 1)).collect();
    check(
        &format!("{deep}team t18"),
        &[
            "tree_too_deep: the team `t00` has more than 16 teams above it; make the tree flatter",
            "tree_too_deep: the team `t01` has more than 16 teams above it; make the tree flatter",
        ],
    );
}

fn check_plan(wanted: &str, missing: Missing, expected: &str) {
    let (current, wanted) = (entries(COMPANY), entries(wanted));
    let plan = plan(&current, &wanted, missing);
    let shown: Vec<String> = plan.differences.iter().map(ToString::to_string).collect();
    assert_eq!(shown.join("\n"), expected);
    if missing == Missing::Remove {
        assert_eq!(plan.applied(&current), wanted);
    }
    let again = super::plan(&plan.applied(&current), &wanted, missing);
    assert_eq!(again.differences, Vec::new());
}

#[test]
fn a_plan_names_every_difference_and_leads_there() {
    let moved = COMPANY
        .replace("team=core ..2026-03-31; mobile 2026-04-01..", "team=core")
        .replace("cost_centre 9000", "cost_centre 9000 | name=Payments\n team design | parent=core");
    check_plan(
        &moved,
        Missing::Remove,
        "~ cost centre 9000\n    name: Payments\n\
         + team design\n    parent: core\n\
         ~ developer ada@example.com\n    team: core to 2026-03-31, mobile from 2026-04-01 -> core",
    );
    let without = COMPANY.replace("developer bob", "developer zoe");
    let added = "+ developer zoe@example.com\n    cost_centre: 4712\n    \
                 team: core from 2026-02-01 to 2026-02-28";
    check_plan(&without, Missing::Keep, added);
    let removed = "\n- developer bob@example.com\n    cost_centre: 4712 -> nothing\n    \
                   team: core from 2026-02-01 to 2026-02-28 -> nothing";
    check_plan(&without, Missing::Remove, &format!("{added}{removed}"));
}

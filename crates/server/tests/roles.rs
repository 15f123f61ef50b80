//! Who may do what, and who sees what.

use serde_json::{Value, json};

use crate::world::{OWNER, World, delivery};

const ORGANISATION: &str = r#"
[[team]]
id = "engineering"
[[team]]
id = "core"
parent = "engineering"
[[team]]
id = "lab"
[[developer]]
id = "ada@example.com"
team = "core"
[[developer]]
id = "grace@example.com"
team = "lab"
"#;

const ROLES: [&str; 7] = ["nobody", "collector", "developer", "lead", "finance", "admin", "owner"];

/// A company of two teams, two developers and some calls of each, and a token of every role.
fn company() -> (World, Vec<String>) {
    let world = World::new();
    world.organisation(ORGANISATION).ok();
    let tokens = ROLES.map(|role| match role {
        "nobody" => String::new(),
        "owner" => OWNER.to_owned(),
        "lead" => world.token(&json!({ "role": role, "teams": ["engineering"] })),
        "developer" | "collector" => world.token(&json!({ "role": role, "developer": "ada@example.com" })),
        role => world.token(&json!({ "role": role })),
    });
    let day = "2026-11-20T09:00:00Z";
    let ada = delivery("a", "session-ada", "github.com/acme/pay", day, &["msg_a1", "msg_a2"]);
    world.deliver(&world.collector("ada@example.com"), &ada).ok();
    let grace = delivery("g", "session-grace", "github.com/acme/web", day, &["msg_g1"]);
    world.deliver(&world.collector("grace@example.com"), &grace).ok();
    (world, tokens.to_vec())
}

/// Every address, with a body where it takes one.
const REQUESTS: [(&str, &str); 45] = [
    ("GET /healthz", ""),
    ("GET /readyz", ""),
    ("GET /metrics", ""),
    ("GET /api/openapi.json", ""),
    ("GET /api/v1/me", ""),
    ("POST /api/v1/sign-in", "{}"),
    ("POST /api/v1/sign-out", ""),
    ("POST /api/v1/deliveries", r#"{"format":"bursar.delivery/1","reporter":"m","bursar":"0"}"#),
    ("GET /api/v1/report", ""),
    ("GET /api/v1/report?by=team", ""),
    ("GET /api/v1/report?by=developer", ""),
    ("GET /api/v1/report?by=repo&developer=ada*", ""),
    ("GET /api/v1/report?by=repo&session=x", ""),
    ("GET /api/v1/report?figures=true", ""),
    ("GET /api/v1/sessions", ""),
    ("GET /api/v1/sessions/session-ada", ""),
    ("GET /api/v1/sessions/session-grace", ""),
    ("GET /api/v1/sessions/session-ada/timeline", ""),
    ("GET /api/v1/calls", ""),
    ("GET /api/v1/calls/msg_a1", ""),
    ("GET /api/v1/calls/msg_g1", ""),
    ("GET /api/v1/coverage", ""),
    ("GET /api/v1/coverage?by=developer", ""),
    ("GET /api/v1/reporters", ""),
    ("GET /api/v1/org", ""),
    ("GET /api/v1/org/file", ""),
    ("GET /api/v1/org/team/core", ""),
    ("PUT /api/v1/org?dry_run=true", "{}"),
    ("PUT /api/v1/org/client/Globex", "{}"),
    ("GET /api/v1/tokens", ""),
    ("POST /api/v1/tokens", r#"{"role":"collector"}"#),
    ("POST /api/v1/tokens", r#"{"role":"owner"}"#),
    ("GET /api/v1/audit", ""),
    ("GET /api/v1/settings", ""),
    ("GET /api/v1/budgets", ""),
    ("PUT /api/v1/budgets?dry_run=true", r#"{"scope":"org","period":"day","amount_usd":"1"}"#),
    ("DELETE /api/v1/budgets/org?period=day", ""),
    ("POST /api/v1/budgets/org/allocate", r#"{"period":"day","amount_usd":"1"}"#),
    ("POST /api/v1/transfers", r#"{"from":"org","to":"team/lab","period":"day","amount_usd":"1"}"#),
    ("GET /api/v1/room", ""),
    ("GET /api/v1/stops", ""),
    ("POST /api/v1/freezes", r#"{"scope":"org"}"#),
    ("DELETE /api/v1/kills/org", ""),
    ("GET /api/v1/budget-requests", ""),
    ("POST /api/v1/budget-requests/none/approve", "{}"),
];

#[test]
fn every_role_gets_what_it_may_at_every_address() {
    let (world, tokens) = company();
    let mut table = format!("{:<44}", "");
    ROLES.iter().for_each(|role| table.push_str(&format!(" {role:<9}")));
    table = format!("{}\n", table.trim_end());
    for (request, body) in REQUESTS {
        let said = if body.contains("owner") { format!("{request} owner") } else { request.to_owned() };
        let mut line = format!("{said:<44}");
        for token in &tokens {
            let answer = world.ask(request, token, &[], body.as_bytes());
            let hidden = answer.text.contains("individuals_hidden");
            let status = if hidden { "hidden".to_owned() } else { answer.status.to_string() };
            line.push_str(&format!(" {status:<9}"));
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

fn rows(report: &Value) -> String {
    let row = |row: &Value| {
        let key = row["key"].as_object().map(|it| it.values().map(Value::to_string).collect::<Vec<_>>());
        format!("{} {}", key.unwrap_or_default().join(" ").replace('"', ""), row["calls"])
    };
    let rows = report["rows"].as_array().expect("rows").iter().map(row);
    rows.collect::<Vec<_>>().join(", ")
}

#[test]
fn everybody_sees_their_part_of_the_same_report() {
    let (world, tokens) = company();
    let mut seen = String::new();
    for (role, token) in ROLES.iter().zip(&tokens).skip(2) {
        let report = world.get("/api/v1/report?by=repo", token).ok().json();
        seen.push_str(&format!("{role}: {}; total {}\n", rows(&report), report["total"]["calls"]));
    }
    assert_eq!(
        seen,
        "developer: github.com/acme/pay 2; total 2\n\
         lead: github.com/acme/pay 2; total 2\n\
         finance: github.com/acme/pay 2, github.com/acme/web 1; total 3\n\
         admin: github.com/acme/pay 2, github.com/acme/web 1; total 3\n\
         owner: github.com/acme/pay 2, github.com/acme/web 1; total 3\n"
    );
}

#[test]
fn finance_sees_individuals_only_where_the_organisation_says_so() {
    let (world, tokens) = company();
    let finance = &tokens[4];
    let ask = || world.get("/api/v1/report?by=developer", finance).outcome();
    assert_eq!(ask(), "403 individuals_hidden");
    let settings = json!({ "individuals_visible_to_finance": true });
    world.send("PUT /api/v1/settings?reason=works+council", OWNER, &settings).ok();
    assert_eq!(ask(), "200");
    let rows = world.get("/api/v1/audit?limit=1", OWNER).ok().json();
    assert_eq!(rows["rows"][0]["action"], "settings.put");
    assert_eq!(rows["rows"][0]["reason"], "works council");
}

#[test]
fn finance_may_be_limited_to_teams_and_administrators_may_not() {
    let (world, _) = company();
    let token = world.token(&json!({ "role": "finance", "teams": ["lab"] }));
    let report = world.get("/api/v1/report?by=repo", &token).ok().json();
    assert_eq!(rows(&report), "github.com/acme/web 1");
    let wanted = json!({ "role": "admin", "teams": ["lab"] });
    assert_eq!(world.send("POST /api/v1/tokens", OWNER, &wanted).outcome(), "422 bad_token_request");
}

/// A plan is the organisation's, whatever part of it somebody sees.
#[test]
fn a_headcount_is_planned_for_the_whole_organisation() {
    let (world, tokens) = company();
    let token = |role: &str| {
        let place = ROLES.iter().position(|it| *it == role).expect("a role");
        tokens.get(place).expect("a token")
    };
    for role in ["owner", "finance", "lead", "developer"] {
        let planned = world.get("/api/v1/insight/forecast?headcount=2026-12-01:4", token(role)).ok().json();
        assert_eq!(planned["developers"], 2, "{role}");
    }
    assert_eq!(world.get("/api/v1/insight/forecast", token("lead")).ok().json()["developers"], 1);
}

#[test]
fn all_time_is_asked_for_by_name() {
    let (world, _) = company();
    let since = |path: &str| world.get(path, OWNER).ok().json()["period"]["since"].clone();
    for topic in ["overview", "trends", "anomalies", "efficiency", "teams", "models"] {
        let path = format!("/api/v1/insight/{topic}");
        assert!(since(&path).is_string(), "{topic}");
        assert_eq!(since(&format!("{path}?since=all")), Value::Null, "{topic}");
    }
    assert!(since("/api/v1/insight/forecast?since=all").is_string());
    assert_eq!(since("/api/v1/report?since=all"), Value::Null);
}

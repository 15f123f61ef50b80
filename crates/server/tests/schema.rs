//! Real answers against the schemas that the description promises: programs make their
//! types of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{OWNER, World, delivery};

/// As much of JSON Schema as the description uses.
struct Schemas(Value);

impl Schemas {
    /// What is wrong with the answer of an address, each with its place.
    fn problems(&self, template: &str, answer: &Value) -> Vec<String> {
        let content = &self.0["paths"][template]["get"]["responses"]["200"]["content"];
        let schema = &content["application/json"]["schema"];
        assert!(schema.is_object() && *schema != json!({}), "{template} says nothing of its answer");
        let mut problems = Vec::new();
        self.check(schema, answer, "$", &mut problems);
        problems
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.0.pointer(name.trim_start_matches('#')).expect(name),
            None => schema,
        }
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if let Some(one_of) = schema["oneOf"].as_array() {
            // One and nothing is how the description says that something may be missing.
            match one_of.iter().find(|it| it["type"] != "null") {
                Some(it) if !value.is_null() => self.check(it, value, at, problems),
                _ if one_of.iter().any(|it| it["type"] == "null") => {}
                _ => problems.push(format!("{at} must not be null")),
            }
            assert!(one_of.len() == 2, "{at}: a choice that this test does not know");
            return;
        }
        let one = schema["type"].as_str();
        let several = schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let types: Vec<&str> = one.into_iter().chain(several).collect();
        if !types.is_empty() && !types.iter().any(|it| is_of(it, value)) {
            problems.push(format!("{at} should be {types:?}: {value}"));
        }
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for (number, value) in values.iter().enumerate() {
                self.check(items, value, &format!("{at}[{number}]"), problems);
            }
        }
        if let Some(fields) = value.as_object() {
            self.check_fields(schema, fields, at, problems);
        }
    }

    fn check_fields(
        &self,
        schema: &Value,
        fields: &serde_json::Map<String, Value>,
        at: &str,
        problems: &mut Vec<String>,
    ) {
        let (mut described, mut required) = (Vec::new(), BTreeSet::new());
        self.gather(schema, &mut described, &mut required);
        if described.is_empty() && schema.get("additionalProperties").is_none() {
            return;
        }
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            match described.iter().find(|it| it.0 == name) {
                Some((_, schema)) => self.check(schema, value, &at, problems),
                None => match schema.get("additionalProperties") {
                    Some(values) => self.check(values, value, &at, problems),
                    None => problems.push(format!("{at} is not described")),
                },
            }
        }
        for name in required.iter().filter(|it| !fields.contains_key(**it)) {
            problems.push(format!("{at}.{name} is missing"));
        }
    }

    /// The fields of an object and of all that it is put together from.
    fn gather<'a>(
        &'a self,
        schema: &'a Value,
        described: &mut Vec<(&'a str, &'a Value)>,
        required: &mut BTreeSet<&'a str>,
    ) {
        let schema = self.resolved(schema);
        described
            .extend(schema["properties"].as_object().into_iter().flatten().map(|it| (it.0.as_str(), it.1)));
        required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.gather(part, described, required);
        }
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the description has a type {other}"),
    }
}

#[test]
fn answers_are_as_they_are_described() {
    const MORNING: &str = "2026-11-20T09:00:00Z";
    let world = World::new();
    world.organisation("[[team]]\nid = \"core\"\n").ok();
    let token = world.collector("ada@example.com");
    let mut sent = delivery("m", "s", "github.com/acme/pay", MORNING, &["msg_1", "msg_2"]);
    sent.calls.extend(delivery("m", "t", "github.com/acme/web", MORNING, &["msg_3"]).calls);
    // One without a price.
    if let Some(last) = sent.calls.last_mut() {
        last.call.figures.model = domain::ModelName::new("a-model-of-the-house");
    }
    world.deliver(&token, &sent).ok();
    let budget = json!({
        "scope": "org", "period": "month", "amount_usd": "9", "pace": "working_days", "owner": "ada@example.com",
        "rollover": "up_to", "rollover_usd": "3", "thresholds": [
            { "at": "80", "action": "downgrade", "models": [{ "from": "*opus*", "to": "claude-haiku-4-5" }] },
            { "at": "forecast", "action": "notify" },
        ],
    });
    world.send("PUT /api/v1/budgets", OWNER, &budget).ok();
    world
        .send(
            "PUT /api/v1/budgets",
            OWNER,
            &json!({ "scope": "session/*", "period": "none", "amount_usd": "9" }),
        )
        .ok();
    world.send("POST /api/v1/kills", OWNER, &json!({ "scope": "org", "reason": "a drill" })).ok();
    world.send("POST /api/v1/freezes", OWNER, &json!({ "scope": "team/core", "reason": "a drill" })).ok();
    let more = json!({ "scope": "org", "period": "month", "amount_usd": "1", "reason": "a rush" });
    world.send("POST /api/v1/budget-requests", OWNER, &more).ok();
    let settings =
        json!({ "budgets": { "transfers": { "lead": { "at_once_usd": "5" } }, "holidays": ["2026-12-25"] } });
    world.send("PUT /api/v1/settings", OWNER, &settings).ok();
    let schemas = Schemas(world.get("/api/openapi.json", "").ok().json());
    let everything = "by=developer,repo&every=daily&compare=true&since=2026-11-19&until=2026-11-21&figures=true&\
                      what_if=sonnet-4-6=opus-4-6&tool=claude-code&repo=acme/*";
    for (template, path) in [
        ("/api/v1/report", "/api/v1/report".to_owned()),
        ("/api/v1/report", format!("/api/v1/report?{everything}")),
        ("/api/v1/report", "/api/v1/report?by=session&top=1".to_owned()),
        ("/api/v1/sessions", "/api/v1/sessions".to_owned()),
        ("/api/v1/sessions", "/api/v1/sessions?top=1".to_owned()),
        ("/api/v1/sessions/{id}", "/api/v1/sessions/s".to_owned()),
        ("/api/v1/sessions/{id}/timeline", "/api/v1/sessions/s/timeline".to_owned()),
        ("/api/v1/calls", "/api/v1/calls?limit=1".to_owned()),
        ("/api/v1/calls/{id}", "/api/v1/calls/msg_1".to_owned()),
        ("/api/v1/calls/{id}", "/api/v1/calls/msg_3".to_owned()),
        ("/api/v1/calls/{id}", "/api/v1/calls/s".to_owned()),
        ("/api/v1/coverage", "/api/v1/coverage?by=session".to_owned()),
        ("/api/v1/activities", "/api/v1/activities".to_owned()),
        ("/api/v1/insight/overview", "/api/v1/insight/overview".to_owned()),
        ("/api/v1/insight/trends", "/api/v1/insight/trends?by=repo".to_owned()),
        ("/api/v1/insight/anomalies", "/api/v1/insight/anomalies".to_owned()),
        ("/api/v1/insight/forecast", "/api/v1/insight/forecast?by=repo&headcount=2026-12-01:4".to_owned()),
        ("/api/v1/insight/efficiency", "/api/v1/insight/efficiency".to_owned()),
        ("/api/v1/insight/teams", "/api/v1/insight/teams".to_owned()),
        ("/api/v1/insight/models", "/api/v1/insight/models".to_owned()),
        ("/api/v1/prices", "/api/v1/prices?model=sonnet".to_owned()),
        ("/api/v1/reporters", "/api/v1/reporters".to_owned()),
        ("/api/v1/me", "/api/v1/me".to_owned()),
        ("/api/v1/tokens", "/api/v1/tokens".to_owned()),
        ("/api/v1/audit", "/api/v1/audit".to_owned()),
        ("/api/v1/settings", "/api/v1/settings".to_owned()),
        ("/api/v1/budgets", "/api/v1/budgets".to_owned()),
        ("/api/v1/room", "/api/v1/room".to_owned()),
        ("/api/v1/runs/{id}", "/api/v1/runs/s".to_owned()),
        ("/api/v1/stops", "/api/v1/stops".to_owned()),
        ("/api/v1/budget-requests", "/api/v1/budget-requests".to_owned()),
        ("/api/v1/org", "/api/v1/org".to_owned()),
    ] {
        let answer = world.get(&path, OWNER).ok().json();
        assert_eq!(schemas.problems(template, &answer), Vec::<String>::new(), "{path}: {answer:#}");
    }
}

//! The description of the API: a contract, so that no change of it goes unseen. It stands in
//! `web/openapi.json`, from which the page takes its types.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::world::World;

#[test]
fn the_description_is_as_it_was() {
    let written = include_str!("../../../web/openapi.json");
    let served = server::openapi_json().expect("a description");
    let mut lines = written.lines().zip(served.lines()).zip(1..);
    let differing = lines.find(|((written, served), _)| written != served);
    assert!(
        differing.is_none() && written.trim_end().len() == served.len(),
        "web/openapi.json is not what the server serves ({differing:?}); write it anew, and look at what changed: \
         cargo run --package server --example openapi > web/openapi.json"
    );
}

#[test]
fn every_address_says_how_it_fails_and_is_served() {
    let served: Value = World::new().get("/api/openapi.json", "").ok().json();
    assert_eq!(served, serde_json::from_str::<Value>(&server::openapi_json().expect("one")).expect("json"));
    assert!(served["openapi"].as_str().is_some_and(|it| it.starts_with("3.1")), "{}", served["openapi"]);
    for name in references(&served) {
        assert!(served.pointer(name.trim_start_matches('#')).is_some(), "{name} is not described");
    }
    let mut ids = BTreeSet::new();
    for (path, item) in served["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            assert!(operation["tags"].is_array(), "{method} {path} has no tag");
            assert!(
                operation["responses"]["default"].is_object(),
                "{method} {path} does not say how it fails"
            );
            assert!(
                ids.insert(operation["operationId"].to_string()),
                "{method} {path} has the id of another"
            );
        }
    }
}

/// Everything that is said to be described elsewhere.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(values) => values.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// In a file of the description the second of one name takes the place of the first.
#[test]
fn no_two_schemas_have_one_name() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut names = BTreeSet::new();
    for name in ["server", "insight"] {
        for text in sources(&crates.join(name).join("src")) {
            for described in text.split("ToSchema").skip(1).filter_map(described) {
                assert!(
                    names.insert(described.to_owned()),
                    "{described} names two schemas; rename one of them"
                );
            }
        }
    }
    assert!(names.contains("WireFailure") && names.len() > 50, "{names:?}");
}

/// The type that a derive stands before; nothing behind any other mention.
fn described(behind: &str) -> Option<&str> {
    let (derive, item) = behind.split_once(")]")?;
    if derive.contains(['\n', ';']) {
        return None;
    }
    let mut words = item.split(|it: char| !it.is_alphanumeric() && it != '_');
    words.find(|it| matches!(*it, "struct" | "enum"))?;
    words.next()
}

/// The text of every file of Rust in a folder and those below it.
fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|it| it.is_dir());
    let of_rust = files.iter().filter(|it| it.extension().is_some_and(|it| it == "rs"));
    let texts = of_rust.map(|it| fs::read_to_string(it).expect("text"));
    texts.chain(folders.iter().flat_map(|it| sources(it))).collect()
}

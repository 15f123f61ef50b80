//! Manifests: which crate may use which, and what every crate inherits.

use toml::{Table, Value};

use super::Complaint;
use super::tree::Tree;

/// What one crate may use of the others.
pub(super) struct Arrow {
    pub(super) from: &'static str,
    /// In what is shipped.
    pub(super) to: &'static [&'static str],
    /// In its tests as well; `testkit` always.
    pub(super) tests_to: &'static [&'static str],
}

/// The arrows of `ARCHITECTURE.md`; all point up this list.
pub(super) const ARROWS: &[Arrow] = &[
    Arrow { from: "domain", to: &[], tests_to: &[] },
    Arrow { from: "pricing", to: &["domain"], tests_to: &[] },
    Arrow { from: "metering", to: &["domain", "pricing"], tests_to: &[] },
    Arrow { from: "dialect", to: &["domain"], tests_to: &[] },
    Arrow { from: "ledger", to: &["domain"], tests_to: &[] },
    Arrow { from: "ingest", to: &["domain"], tests_to: &[] },
    Arrow { from: "attribution", to: &["domain"], tests_to: &[] },
    Arrow { from: "insight", to: &["domain", "pricing"], tests_to: &[] },
    Arrow { from: "store", to: &["domain", "pricing", "metering", "ledger"], tests_to: &[] },
    Arrow { from: "gateway", to: &["domain", "pricing", "ledger", "dialect"], tests_to: &[] },
    Arrow {
        from: "server",
        to: &[
            "domain",
            "pricing",
            "metering",
            "dialect",
            "ledger",
            "ingest",
            "attribution",
            "insight",
            "store",
            "gateway",
        ],
        tests_to: &[],
    },
    Arrow {
        from: "bursar",
        to: &[
            "domain",
            "pricing",
            "metering",
            "ledger",
            "ingest",
            "attribution",
            "insight",
            "store",
            "gateway",
            "server",
        ],
        tests_to: &[],
    },
    Arrow { from: "testkit", to: &["domain"], tests_to: &[] },
    Arrow { from: "xtask", to: &["domain", "pricing"], tests_to: &[] },
];

/// What every crate takes from the workspace.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

pub(super) fn check(tree: &Tree, arrows: &[Arrow]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for name in tree.crates() {
        let path = format!("crates/{name}/Cargo.toml");
        let text = tree.text(&path).unwrap_or_default();
        let manifest = match text.parse::<Table>() {
            Ok(manifest) => Manifest { path: &path, text, table: manifest },
            Err(error) => {
                let what = format!("no manifest that can be read ({})", error.message());
                complaints.push(Complaint::new(
                    &path,
                    1,
                    what,
                    "so nothing about it can be checked",
                    "mend it",
                ));
                continue;
            }
        };
        complaints.extend(manifest.inheritance(name));
        match arrows.iter().find(|arrow| arrow.from == name) {
            Some(arrow) => complaints.extend(manifest.edges(tree, arrow)),
            None => complaints.push(manifest.complaint(
                "[package]",
                format!("crate `{name}` has no row in the table of arrows"),
                "so nobody has decided what it may use",
                "add one to ARROWS in crates/xtask/src/tidy/crates.rs, and the crate to ARCHITECTURE.md",
            )),
        }
    }
    complaints
}

struct Manifest<'a> {
    path: &'a str,
    text: &'a str,
    table: Table,
}

impl Manifest<'_> {
    fn inheritance(&self, name: &str) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let package = self.table.get("package").and_then(Value::as_table);
        let of_package = |key: &str| package.and_then(|it| it.get(key));
        if of_package("name").and_then(Value::as_str) != Some(name) {
            let why = "and the tree is the map: a crate is found by its name";
            complaints.push(self.complaint(
                "name",
                "the crate is not named as its folder",
                why,
                "rename one of them",
            ));
        }
        if of_package("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            let why = "so nothing says in a sentence what the crate knows";
            complaints.push(self.complaint("[package]", "no description", why, "write one"));
        }
        for key in INHERITED {
            if !inherits(of_package(key)) {
                let fix = format!("write `{key}.workspace = true`");
                let why = "and the crates would drift apart";
                complaints.push(self.complaint(key, format!("{key} is not the workspace's"), why, &fix));
            }
        }
        if !inherits(self.table.get("lints")) {
            let why = "so the house lints do not hold here";
            complaints.push(self.complaint(
                "[lints]",
                "no workspace lints",
                why,
                "write `[lints]` and `workspace = true`",
            ));
        }
        complaints
    }

    fn edges(&self, tree: &Tree, arrow: &Arrow) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let crates = tree.crates();
        for (section, tests) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let Some(dependencies) = self.table.get(section).and_then(Value::as_table) else { continue };
            for name in dependencies.keys().filter(|name| crates.contains(name.as_str())) {
                let for_tests = || name == "testkit" || arrow.tests_to.contains(&name.as_str());
                if arrow.to.contains(&name.as_str()) || (tests && for_tests()) {
                    continue;
                }
                let what = format!("`{}` uses `{name}` ({section})", arrow.from);
                let why = "an arrow that the design does not have";
                let fix = "move the code to where both can reach it, or decide on the arrow: ARROWS in \
                           crates/xtask/src/tidy/crates.rs and ARCHITECTURE.md";
                complaints.push(self.complaint(name, what, why, fix));
            }
        }
        complaints
    }

    /// A complaint at the first line that begins with `start`.
    fn complaint(&self, start: &str, what: impl Into<String>, why: &'static str, fix: &str) -> Complaint {
        let line = self.text.lines().position(|line| line.starts_with(start)).map_or(1, |index| index + 1);
        Complaint::new(self.path, line, what, why, fix)
    }
}

/// Whether a value is `{ workspace = true }`.
fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|it| it.get("workspace")).and_then(Value::as_bool) == Some(true)
}

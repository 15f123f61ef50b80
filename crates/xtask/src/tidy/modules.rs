//! Files that nothing compiles, and tests that nothing runs.

use std::collections::BTreeMap;

use super::Complaint;
use super::source::{Declared, Source};
use super::tree::Tree;

/// What a crate is compiled from: each file, and whether only tests reach it.
type Reached = BTreeMap<String, bool>;

/// The files of a crate that are not tests.
pub(super) fn shipped(tree: &Tree, name: &str) -> Vec<String> {
    let source = format!("crates/{name}/src/");
    let tests_only = |(path, test): (String, bool)| (!test && path.starts_with(&source)).then_some(path);
    reached(tree, name).into_iter().filter_map(tests_only).collect()
}

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for name in tree.crates() {
        let reached = reached(tree, name);
        let tests = format!("crates/{name}/tests/");
        for (path, text) in
            tree.ending(".rs").filter(|(path, _)| path.starts_with(&format!("crates/{name}/")))
        {
            if !reached.contains_key(path) {
                let (what, why) =
                    ("no `mod` leads to this file", "so it is never compiled and its tests never run");
                complaints.push(Complaint::new(
                    path,
                    1,
                    what,
                    why,
                    "declare it beside its neighbours, or delete it",
                ));
            }
            complaints.extend(ignored(path, text));
            if is_second_binary(tree, name, path.strip_prefix(&tests)) {
                let why = "so its tests run twice, and each binary is linked anew";
                let fix =
                    "keep one integration binary: tests/main.rs with `autotests = false` and a `[[test]]`";
                complaints.push(Complaint::new(
                    path,
                    1,
                    "cargo makes this a test binary of its own",
                    why,
                    fix,
                ));
            }
        }
    }
    complaints
}

/// Whether cargo finds a test binary in this file under `tests/` besides the one that there should be.
fn is_second_binary(tree: &Tree, name: &str, under_tests: Option<&str>) -> bool {
    let Some(file) = under_tests else { return false };
    let found_by_cargo = !file.contains('/') && file != "main.rs";
    let manifest = tree.text(&format!("crates/{name}/Cargo.toml")).unwrap_or_default();
    found_by_cargo && !manifest.lines().any(|line| line.trim() == "autotests = false")
}

fn ignored(path: &str, text: &str) -> Vec<Complaint> {
    let source = Source::new(text);
    let lines = source.lines().filter(|(_, code, _)| code.contains("#[ignore"));
    let why = "and a test that never runs proves nothing";
    lines
        .map(|(line, ..)| Complaint::new(path, line, "an ignored test", why, "mend it or delete it"))
        .collect()
}

/// Follows the `mod` declarations from the roots of a crate.
fn reached(tree: &Tree, name: &str) -> Reached {
    let folder = format!("crates/{name}/");
    let mut todo: Vec<(String, bool)> = Vec::new();
    for (path, _) in tree.ending(".rs") {
        let Some(inside) = path.strip_prefix(&folder) else { continue };
        if let Some(test) = root(inside) {
            todo.push((path.to_owned(), test));
        }
    }
    let mut reached = Reached::new();
    while let Some((path, test)) = todo.pop() {
        // A file that both reach is shipped.
        if reached.get(&path).is_some_and(|known| !known || test) {
            continue;
        }
        let Some(text) = tree.text(&path) else { continue };
        for module in Source::new(text).declared() {
            let test = test || module.test;
            todo.extend(file_of(tree, &path, &module).map(|file| (file, test)));
        }
        reached.insert(path, test);
    }
    reached
}

/// Whether cargo starts at this file of a crate, and if so whether for tests alone.
fn root(inside: &str) -> Option<bool> {
    match inside.split('/').collect::<Vec<_>>().as_slice() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] | ["src", "bin", _] | ["src", "bin", _, "main.rs"] => {
            Some(false)
        }
        ["tests", "main.rs"]
        | ["benches" | "examples", _]
        | ["benches" | "examples", _, "main.rs"]
        | ["fuzz", "fuzz_targets", _] => Some(true),
        _ => None,
    }
}

/// The file of a module that is declared in `path`.
fn file_of(tree: &Tree, path: &str, module: &Declared) -> Option<String> {
    let (folder, file) = path.rsplit_once('/')?;
    let stem = file.strip_suffix(".rs")?;
    let is_root =
        path.strip_prefix("crates/").and_then(|it| it.split_once('/')).and_then(|it| root(it.1)).is_some();
    let folder = if is_root || stem == "mod" { folder.to_owned() } else { format!("{folder}/{stem}") };
    let candidates = [format!("{folder}/{}.rs", module.name), format!("{folder}/{}/mod.rs", module.name)];
    candidates.into_iter().find(|it| tree.text(it).is_some())
}

//! Documentation: links that lead somewhere, and a code map that knows every crate.

use super::Complaint;
use super::tree::Tree;

/// The page with the code map.
const CODE_MAP: &str = "ARCHITECTURE.md";

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.ending(".md") {
        for (line, target) in links(text) {
            if !resolves(tree, path, &target) {
                let what = format!("`{target}` leads nowhere");
                complaints.push(Complaint::new(
                    path,
                    line,
                    what,
                    "so a reader is sent astray",
                    "mend the link",
                ));
            }
        }
    }
    if let Some(map) = tree.text(CODE_MAP) {
        for name in tree.crates() {
            if !map.contains(&format!("`crates/{name}`")) {
                let what = format!("`crates/{name}` is not in the code map");
                let why = "so nobody finds the way to it";
                complaints.push(Complaint::new(
                    CODE_MAP,
                    1,
                    what,
                    why,
                    "say what it knows and where to start",
                ));
            }
        }
    }
    complaints
}

/// The targets of all inline links outside of code, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        // Every second piece between backticks is code.
        let prose = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        for piece in prose.split("](").skip(1) {
            if let Some((target, _)) = piece.split_once(')') {
                found.push((index + 1, target.to_owned()));
            }
        }
    }
    found
}

fn resolves(tree: &Tree, page: &str, target: &str) -> bool {
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    let file = target.split_once('#').map_or(target, |(file, _)| file);
    if elsewhere || file.is_empty() {
        return true;
    }
    let mut parts: Vec<&str> = match page.rsplit_once('/') {
        Some((folder, _)) => folder.split('/').collect(),
        None => Vec::new(),
    };
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            name => parts.push(name),
        }
    }
    tree.has(&parts.join("/"))
}

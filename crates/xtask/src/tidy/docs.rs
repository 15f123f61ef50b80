//! Documentation: links that lead somewhere, pages that are found, and a code map
//! that knows every crate.

use super::Complaint;
use super::tree::Tree;

/// The page with the code map.
const CODE_MAP: &str = "ARCHITECTURE.md";
/// The page that leads to all others.
const INDEX: &str = "docs/README.md";

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = dead_links(tree);
    complaints.extend(lost_pages(tree));
    complaints.extend(unmapped_crates(tree));
    complaints
}

fn dead_links(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut complain = |path: &str, line: usize, target: &str| {
        let what = format!("`{target}` leads nowhere");
        complaints.push(Complaint::new(path, line, what, "so a reader is sent astray", "mend the link"));
    };
    for (path, text) in tree.ending(".md") {
        for (line, target) in links(text) {
            if !resolves(tree, path, &target) {
                complain(path, line, &target);
            }
        }
    }
    // Comments name pages from the root.
    for (path, text) in tree.ending(".rs").filter(|(path, _)| !path.starts_with("crates/xtask/")) {
        for (index, line) in text.lines().enumerate() {
            let quoted = line.split('`').skip(1).step_by(2);
            for target in quoted.filter(|it| it.starts_with("docs/") && it.ends_with(".md") && !tree.has(it))
            {
                complain(path, index + 1, target);
            }
        }
    }
    complaints
}

fn lost_pages(tree: &Tree) -> Vec<Complaint> {
    let Some(index) = tree.text(INDEX) else { return Vec::new() };
    let listed: Vec<String> = links(index).into_iter().map(|(_, target)| format!("docs/{target}")).collect();
    tree.ending(".md")
        .filter(|&(path, _)| {
            path.starts_with("docs/") && path != INDEX && !listed.iter().any(|it| it == path)
        })
        .map(|(path, _)| {
            let (what, why) = ("no link in docs/README.md", "so nobody finds this page");
            Complaint::new(path, 1, what, why, "list it there")
        })
        .collect()
}

fn unmapped_crates(tree: &Tree) -> Vec<Complaint> {
    let Some(map) = tree.text(CODE_MAP) else { return Vec::new() };
    let unmapped = |name: &&str| !map.contains(&format!("`crates/{name}`"));
    tree.crates()
        .into_iter()
        .filter(unmapped)
        .map(|name| {
            let what = format!("`crates/{name}` is not in the code map");
            let why = "so nobody finds the way to it";
            Complaint::new(CODE_MAP, 1, what, why, "say what it knows and where to start")
        })
        .collect()
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

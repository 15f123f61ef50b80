//! Rust source as the rules see it: without comments and literals, and with
//! what only tests compile told apart.

/// One source file.
pub(super) struct Source {
    /// The text with every comment and every literal's content blanked out.
    code: String,
    /// For each line, whether it belongs to a `#[cfg(test)]` item.
    in_test: Vec<bool>,
}

/// A `mod name;` without a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    /// Whether it stands under `#[cfg(test)]`.
    pub(super) test: bool,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let code = blank(text);
        let in_test = test_lines(&code);
        Self { code, in_test }
    }

    /// Line number, code, and whether only tests compile it.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        let flags = self.in_test.iter().copied().chain(std::iter::repeat(false));
        self.code.lines().zip(flags).enumerate().map(|(index, (line, test))| (index + 1, line, test))
    }

    /// How many lines are not tests.
    pub(super) fn shipped_lines(&self) -> usize {
        self.lines().filter(|&(_, _, test)| !test).count()
    }

    /// Every path that a `use` brings in, with its line and whether only tests compile it.
    pub(super) fn uses(&self) -> Vec<(usize, String, bool)> {
        let mut uses = Vec::new();
        let mut open: Option<(usize, bool, String)> = None;
        for (number, line, test) in self.lines() {
            let (start, test, mut text) = match open.take() {
                Some(statement) => statement,
                None => match use_statement(line) {
                    Some(_) => (number, test, String::new()),
                    None => continue,
                },
            };
            let part = if text.is_empty() { use_statement(line).unwrap_or_default() } else { line };
            text.push_str(part);
            text.push(' ');
            match text.split_once(';') {
                Some((tree, _)) => expand("", tree, &mut |path| uses.push((start, path, test))),
                None => open = Some((start, test, text)),
            }
        }
        uses
    }

    /// The modules that this file declares.
    pub(super) fn declared(&self) -> Vec<Declared> {
        let mut declared = Vec::new();
        let mut attributes = String::new();
        for (_, line, test) in self.lines() {
            let line = line.trim();
            if line.starts_with("#[") {
                attributes.push_str(line);
                if !line.ends_with(';') {
                    continue;
                }
            }
            let item = line.rsplit_once(']').map_or(line, |(_, item)| item).trim();
            if let Some(name) = module_name(item) {
                declared
                    .push(Declared { name: name.to_owned(), test: test || attributes.contains("cfg(test)") });
            }
            attributes.clear();
        }
        declared
    }
}

/// What follows `use` on a line that starts such a statement.
fn use_statement(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line
        .strip_prefix("pub ")
        .or_else(|| line.strip_prefix("pub(")?.split_once(") ").map(|it| it.1))
        .unwrap_or(line);
    line.strip_prefix("use ")
}

/// The name in `mod name;`, whatever its visibility.
fn module_name(item: &str) -> Option<&str> {
    let (before, name) = item.strip_suffix(';')?.rsplit_once(' ')?;
    let keyword = before.rsplit_once(' ').map_or(before, |(_, last)| last);
    (keyword == "mod").then_some(name)
}

/// Calls `found` with every leaf of a use tree: `a::{b, c::d}` gives `a::b`, `a::c::d`.
fn expand(prefix: &str, tree: &str, found: &mut dyn FnMut(String)) {
    for branch in top_level(tree) {
        match branch.split_once('{') {
            Some((stem, rest)) => {
                let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
                expand(&format!("{prefix}{}", stem.trim()), inside, found);
            }
            None => {
                let path = branch.split_once(" as ").map_or(branch.as_str(), |(path, _)| path).trim();
                if !path.is_empty() {
                    found(format!("{prefix}{path}"));
                }
            }
        }
    }
}

fn top_level(tree: &str) -> Vec<String> {
    let mut branches = vec![String::new()];
    let mut depth = 0_usize;
    for letter in tree.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                branches.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = branches.last_mut() {
            last.push(letter);
        }
    }
    branches
}

/// For each line, whether it lies in an item under `#[cfg(test)]` that has a body.
fn test_lines(code: &str) -> Vec<bool> {
    #[derive(Clone, Copy)]
    enum At {
        Shipped,
        Attribute,
        Body(usize),
    }
    let mut at = At::Shipped;
    let mut flags = Vec::new();
    for line in code.lines() {
        if matches!(at, At::Shipped) && line.contains("#[cfg(test)]") {
            at = At::Attribute;
        }
        flags.push(!matches!(at, At::Shipped));
        for letter in line.chars() {
            at = match (at, letter) {
                (At::Attribute, '{') => At::Body(1),
                (At::Attribute, ';') => At::Shipped,
                (At::Body(depth), '{') => At::Body(depth + 1),
                (At::Body(1), '}') => At::Shipped,
                (At::Body(depth), '}') => At::Body(depth - 1),
                (same, _) => same,
            };
        }
    }
    flags
}

/// Blanks comments and the content of literals; line breaks stay where they are.
fn blank(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let rest = letters.get(at..).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|it| letters.get(it));
        let word = before.is_some_and(|it| it.is_alphanumeric() || *it == '_');
        let literal = match letter {
            '/' => comment(rest),
            '"' => Some(quoted(rest, 0)),
            'r' | 'b' | 'c' if !word => prefixed(rest),
            '\'' => character(rest),
            _ => None,
        };
        let length = literal.unwrap_or(1);
        for &hidden in rest.iter().take(length) {
            out.push(if literal.is_none() || hidden == '\n' { hidden } else { ' ' });
        }
        at += length;
    }
    out
}

fn comment(rest: &[char]) -> Option<usize> {
    match rest {
        ['/', '/', ..] => Some(rest.iter().position(|it| *it == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => {
            let mut depth = 0_usize;
            let mut at = 0;
            loop {
                match rest.get(at..) {
                    Some(['/', '*', ..]) => (depth, at) = (depth + 1, at + 2),
                    Some(['*', '/', ..]) => (depth, at) = (depth.saturating_sub(1), at + 2),
                    Some([_, ..]) => at += 1,
                    _ => return Some(rest.len()),
                }
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => None,
    }
}

/// The length of a string from its opening quote; `hashes` > 0 if it is raw.
fn quoted(rest: &[char], hashes: usize) -> usize {
    let mut at = 1;
    while let Some(letter) = rest.get(at) {
        match letter {
            '\\' if hashes == 0 => at += 1,
            '"' => {
                let closing = rest.iter().skip(at + 1).take(hashes).filter(|it| **it == '#').count();
                if closing == hashes {
                    return at + 1 + hashes;
                }
            }
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

/// A raw, byte or C string, from its prefix.
fn prefixed(rest: &[char]) -> Option<usize> {
    let prefix = rest.iter().take_while(|it| matches!(it, 'r' | 'b' | 'c')).take(2).count();
    let raw = rest.iter().take(prefix).any(|it| *it == 'r');
    let hashes = rest.iter().skip(prefix).take_while(|it| **it == '#').count();
    let opening = prefix + hashes;
    if rest.get(opening) != Some(&'"') || (hashes > 0 && !raw) {
        return None;
    }
    let string = rest.get(opening..)?;
    // A raw string without hashes has no escapes either, but ends at the first quote.
    let length = match (raw, hashes) {
        (true, 0) => string.iter().skip(1).position(|it| *it == '"').map_or(string.len(), |it| it + 2),
        _ => quoted(string, hashes),
    };
    Some(opening + length)
}

/// A character literal; a lifetime is none.
fn character(rest: &[char]) -> Option<usize> {
    match rest {
        ['\'', '\\', _, tail @ ..] => Some(tail.iter().position(|it| *it == '\'')? + 4),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str, expected: &str) {
        let squeezed = blank(text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeezed, expected, "{text}");
        assert_eq!(blank(text).lines().count(), text.lines().count(), "{text}");
    }

    #[test]
    fn comments_and_literals_are_blank() {
        code("a // b\nc", "a c");
        code("a /* b /* c */ d\n */ e", "a e");
        code(r#"a("b // \" c") d"#, "a( ) d");
        code("a(r#\"b \" c\"#) d", "a( ) d");
        code(r#"a(r"\") d"#, "a( ) d");
        code(r#"a(b"x", c"y", br"z")"#, "a( , , )");
        code(r"a('\'', '\u{7f}', '\\', 'b', b'c')", "a( , , , , b )");
        code("fn a<'b>(c: &'b str) {}", "fn a<'b>(c: &'b str) {}");
        code("let car = \"x\"; let xr = 1;", "let car = ; let xr = 1;");
        code("r#type + for r in b", "r#type + for r in b");
        code("\"open", "");
    }

    #[test]
    fn test_items_are_told_apart() {
        let source = Source::new(
            "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { {} }\n}\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}\n",
        );
        let test: Vec<usize> = source.lines().filter(|it| it.2).map(|it| it.0).collect();
        assert_eq!(test, [2, 3, 4, 5, 7, 8]);
        assert_eq!(source.shipped_lines(), 3);
    }

    #[test]
    fn use_trees_are_spread_out() {
        let source = Source::new(
            "pub(crate) use std::{\n  fs, io::{self, Read as _},\n};\nuse a::b as c;\npub use d;",
        );
        let uses: Vec<(usize, String)> = source.uses().into_iter().map(|it| (it.0, it.1)).collect();
        let expected = [(1, "std::fs"), (1, "std::io::self"), (1, "std::io::Read"), (4, "a::b"), (5, "d")];
        assert_eq!(uses, expected.map(|(line, path)| (line, path.to_owned())));
    }

    #[test]
    fn declared_modules_are_found() {
        let source = Source::new(
            "mod a;\npub(crate) mod b;\n#[cfg(test)]\nmod tests;\n#[cfg(test)] mod c;\nmod d { }\n// mod e;\n",
        );
        let found: Vec<String> = source
            .declared()
            .iter()
            .map(|it| format!("{}{}", it.name, if it.test { " test" } else { "" }))
            .collect();
        assert_eq!(found, ["a", "b", "tests test", "c test"]);
    }
}

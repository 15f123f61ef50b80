//! The answers of `git config`.

/// The entries of a configuration, includes resolved, later ones overruling earlier ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    entries: Vec<(String, String)>,
}

impl Config {
    /// From NUL-ended `key\nvalue`. Git writes section and variable in lower case.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let entries = text.split('\0').filter(|it| !it.is_empty()).map(|entry| {
            let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
            (key.to_owned(), value.to_owned())
        });
        Self { entries: entries.collect() }
    }

    /// Whether a repository's own file was among what git read.
    pub(super) fn has_repository(&self) -> bool {
        self.value("core.repositoryformatversion").is_some()
    }

    /// The e-mail address of the author of new commits.
    pub(super) fn email(&self) -> Option<&str> {
        self.value("author.email").or_else(|| self.value("user.email"))
    }

    /// The name of the author of new commits, or nothing.
    pub(super) fn name(&self) -> &str {
        self.value("author.name").or_else(|| self.value("user.name")).unwrap_or_default()
    }

    /// Whether it names a mailmap beside the one in the working folder.
    pub(super) fn names_mailmap(&self) -> bool {
        self.value("mailmap.file").is_some() || self.value("mailmap.blob").is_some()
    }

    /// The remote that the repository is known by, and its URL as git would use it:
    /// `origin`, else the only one, else the one that the branch follows.
    pub(super) fn remote(&self, branch: Option<&str>) -> Option<(&str, String)> {
        let remotes = self.remotes();
        let followed = || self.value(&format!("branch.{}.remote", branch?));
        let (name, url) = match remotes.iter().find(|(name, _)| *name == "origin") {
            Some(origin) => origin,
            None => match remotes.as_slice() {
                [only] => only,
                several => {
                    let followed = followed()?;
                    several.iter().find(|(name, _)| *name == followed)?
                }
            },
        };
        Some((name, self.rewritten(url)))
    }

    /// Every remote with the first of its URLs; an empty one takes back those before it.
    fn remotes(&self) -> Vec<(&str, &str)> {
        let mut remotes: Vec<(&str, &str)> = Vec::new();
        for (key, url) in &self.entries {
            let name = key.strip_prefix("remote.").and_then(|it| it.strip_suffix(".url"));
            let Some(name) = name else { continue };
            if url.is_empty() {
                remotes.retain(|(it, _)| *it != name);
            } else if !remotes.iter().any(|(it, _)| *it == name) {
                remotes.push((name, url));
            }
        }
        remotes
    }

    /// With the longest `insteadOf` that it starts with replaced.
    fn rewritten(&self, url: &str) -> String {
        let mut best: Option<(&str, &str)> = None;
        for (key, prefix) in &self.entries {
            let base = key.strip_prefix("url.").and_then(|it| it.strip_suffix(".insteadof"));
            let Some(base) = base else { continue };
            let is_longer = best.is_none_or(|(_, earlier)| earlier.len() < prefix.len());
            if is_longer && url.starts_with(prefix.as_str()) {
                best = Some((base, prefix));
            }
        }
        match best.and_then(|(base, prefix)| Some((base, url.strip_prefix(prefix)?))) {
            Some((base, rest)) => format!("{base}{rest}"),
            None => url.to_owned(),
        }
    }

    fn value(&self, key: &str) -> Option<&str> {
        let found = self.entries.iter().rev().find(|(it, _)| it == key);
        found.map(|(_, value)| value.as_str()).filter(|it| !it.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(entries: &str, branch: Option<&str>) -> String {
        let config = Config::parse(entries.replace(" = ", "\n").replace('|', "\0").as_bytes());
        config.remote(branch).map_or_else(|| "none".to_owned(), |(name, url)| format!("{name} {url}"))
    }

    #[test]
    fn origin_is_preferred_then_the_only_one_then_the_branch_s() {
        for (entries, expected) in [
            ("remote.a.url = x|remote.origin.url = y", "origin y"),
            ("remote.a.url = x", "a x"),
            ("remote.a.b.url = x", "a.b x"),
            ("remote.a.url = x|remote.b.url = y", "none"),
            ("remote.a.url = x|remote.b.url = y|branch.main.remote = b", "b y"),
            ("remote.a.url = x|remote.b.url = y|branch.main.remote = .", "none"),
            ("remote.origin.url = x|remote.origin.url = y", "origin x"),
            ("remote.origin.url = x|remote.origin.url = |remote.origin.url = y", "origin y"),
            ("", "none"),
        ] {
            assert_eq!(remote(entries, Some("main")), expected, "{entries}");
        }
    }

    #[test]
    fn the_longest_rewrite_wins() {
        let rewrites = "url.https://one/.insteadof = gh:|url.https://two/.insteadof = gh:o/|";
        for (url, expected) in [
            ("gh:o/r", "origin https://two/r"),
            ("gh:p/r", "origin https://one/p/r"),
            ("x:gh:o/r", "origin x:gh:o/r"),
        ] {
            assert_eq!(remote(&format!("{rewrites}remote.origin.url = {url}"), None), expected);
        }
    }

    #[test]
    fn an_author_s_own_address_wins() {
        let email = |text: &str| Config::parse(text.as_bytes()).email().map(str::to_owned);
        assert_eq!(email("user.email\na\0user.email\nb\0"), Some("b".to_owned()));
        assert_eq!(email("author.email\nc\0user.email\nb\0"), Some("c".to_owned()));
        assert_eq!(email("user.email\n\0"), None);
    }
}

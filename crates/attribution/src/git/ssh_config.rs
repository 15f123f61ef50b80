//! Names of hosts in the user's ssh configuration.
//!
//! Asking `ssh -G` would run what `Match exec` and `ProxyCommand` say, for a host
//! that a repository names. So the file is read, and of it only `Host`, `HostName`,
//! `Port` and `Include`; what stands under a `Match` is passed over.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The file is read up to here.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// How deep files may include each other.
const MAX_INCLUDE_DEPTH: usize = 8;

/// How many files may be read in all.
const MAX_FILES: usize = 64;

/// The name and port that stand for a host.
pub(super) fn host_name(home: &Path, alias: &str) -> Option<(String, Option<u16>)> {
    let folder = home.join(".ssh");
    let mut search = Search { folder: &folder, alias, name: None, port: None, files: 0 };
    search.read(&folder.join("config"), 0);
    let name = search.name?.replace("%h", alias);
    Some((name, search.port))
}

struct Search<'a> {
    folder: &'a Path,
    alias: &'a str,
    name: Option<String>,
    port: Option<u16>,
    files: usize,
}

impl Search<'_> {
    /// The first value of a key that applies is the one that holds.
    fn read(&mut self, path: &Path, depth: usize) {
        self.files = self.files.saturating_add(1);
        if depth > MAX_INCLUDE_DEPTH || self.files > MAX_FILES {
            return;
        }
        let mut text = String::new();
        let Ok(file) = File::open(path) else { return };
        if file.take(MAX_FILE_BYTES).read_to_string(&mut text).is_err() {
            return;
        }
        let mut applies = true;
        for (key, value) in text.lines().filter_map(setting) {
            match key.as_str() {
                "host" => applies = host_matches(value, self.alias),
                "match" => applies = false,
                "include" if applies => self.include(value, depth),
                "hostname" if applies && self.name.is_none() => self.name = Some(unquoted(value).to_owned()),
                "port" if applies && self.port.is_none() => self.port = unquoted(value).parse().ok(),
                _ => {}
            }
        }
    }

    fn include(&mut self, value: &str, depth: usize) {
        for pattern in value.split_whitespace().map(unquoted) {
            let path = match pattern.strip_prefix("~/") {
                Some(rest) => self.folder.parent().unwrap_or(self.folder).join(rest),
                None => self.folder.join(pattern),
            };
            for file in expanded(&path) {
                self.read(&file, depth.saturating_add(1));
            }
        }
    }
}

/// A line's key in lower case and its value; they are parted by blanks or `=`.
fn setting(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (key, value) = line.split_once(|it: char| it.is_whitespace() || it == '=')?;
    Some((key.to_ascii_lowercase(), value.trim_start_matches(|it: char| it.is_whitespace() || it == '=')))
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches('"')
}

/// Whether one of the patterns matches and none that starts with `!` does.
fn host_matches(patterns: &str, host: &str) -> bool {
    let mut matched = false;
    for pattern in patterns.split_whitespace().map(unquoted) {
        match pattern.strip_prefix('!') {
            Some(pattern) if wildcard(pattern.as_bytes(), host.as_bytes()) => return false,
            Some(_) => {}
            None => matched |= wildcard(pattern.as_bytes(), host.as_bytes()),
        }
    }
    matched
}

/// `*` is any run of characters and `?` any one.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            (0..=text.len()).any(|skipped| text.get(skipped..).is_some_and(|text| wildcard(rest, text)))
        }
        (Some((wanted, pattern)), Some((byte, text))) => {
            (*wanted == b'?' || wanted.eq_ignore_ascii_case(byte)) && wildcard(pattern, text)
        }
        _ => false,
    }
}

/// The files that a path with a wildcard in its last part stands for, in order.
fn expanded(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|it| it.to_str())) else {
        return Vec::new();
    };
    if !name.contains(['*', '?']) {
        return vec![path.to_owned()];
    }
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|it| it.file_name().to_str().is_some_and(|it| wildcard(name.as_bytes(), it.as_bytes())))
        .map(|it| it.path())
        .take(MAX_FILES)
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(files: &[(&str, &str)], alias: &str) -> Option<(String, Option<u16>)> {
        let home = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            let path = home.path().join(".ssh").join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        host_name(home.path(), alias)
    }

    #[test]
    fn aliases_stand_for_hosts() {
        let config = "
            # my hosts
            Host github-work github.com-*
              HostName github.com
              User git
            Host code !code-old
              hostname=\"ssh.example.com\"
              Port 2222
            Host *-fallback
              HostName %h.example.com
            Match exec \"touch /tmp/x\"
              HostName evil.example.com
            Host *
              Port 22
        ";
        for (alias, expected) in [
            ("github-work", Some(("github.com", Some(22)))),
            ("github.com-private", Some(("github.com", Some(22)))),
            ("code", Some(("ssh.example.com", Some(2222)))),
            ("a-fallback", Some(("a-fallback.example.com", Some(22)))),
            ("other", None),
        ] {
            let expected = expected.map(|(name, port)| (name.to_owned(), port));
            assert_eq!(look_up(&[("config", config)], alias), expected, "{alias}");
        }
        assert_eq!(look_up(&[], "github-work"), None);
    }

    #[test]
    fn included_files_count_and_circles_end() {
        let files = [
            ("config", "Include config.d/*.conf\nInclude config\n"),
            ("config.d/work.conf", "Host work\n HostName git.example.com\n"),
            ("config.d/work.off", "Host off\n HostName off.example.com\n"),
        ];
        assert_eq!(look_up(&files, "work"), Some(("git.example.com".to_owned(), None)));
        assert_eq!(look_up(&files, "off"), None);
    }
}

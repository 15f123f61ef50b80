//! Looking for files: folders are read, nothing is opened.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use domain::{Shape, SourceFile, Tool};

use crate::source::Found;

/// A folder's entry, followed if it is a link.
pub(crate) struct Entry {
    name: OsString,
    entry: DirEntry,
    /// Whether it is a folder itself.
    pub(crate) is_folder: bool,
    is_link: bool,
}

impl Entry {
    /// Its path.
    pub(crate) fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// Its name, if it is UTF-8: no tool gives its logs another one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.to_str()
    }
}

/// The entries of a folder, by name. A folder that is not there has none; one that
/// cannot be read is reported.
pub(crate) fn entries(folder: &Path, found: &mut Found) -> Vec<Entry> {
    let listed = fs::read_dir(folder).and_then(|listing| listing.collect::<io::Result<Vec<_>>>());
    let entries = match listed {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Vec::new();
        }
        Err(error) => {
            found.unreadable.push((folder.to_owned(), error));
            return Vec::new();
        }
    };
    let mut entries: Vec<_> = entries.into_iter().map(followed).collect();
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    entries
}

fn followed(entry: DirEntry) -> Entry {
    let kind = entry.file_type().ok();
    let is_link = kind.is_some_and(|kind| kind.is_symlink());
    let is_folder = if is_link { entry.path().is_dir() } else { kind.is_some_and(|kind| kind.is_dir()) };
    Entry { name: entry.file_name(), entry, is_folder, is_link }
}

/// Hands over every file in a folder and in those inside of it, `depth` levels
/// down. Links are followed last, so that a file goes by its own name, and never
/// into a folder where the walk has been, so that links in a circle end.
pub(crate) fn walk(
    folder: &Path,
    depth: usize,
    found: &mut Found,
    visit: &mut dyn FnMut(&Path, &str, &mut Found),
) {
    let mut walk = Walk { links: VecDeque::new(), visit };
    let mut been: Vec<PathBuf> = folder.canonicalize().into_iter().collect();
    walk.descend(folder, depth, found);
    while let Some((entry, depth)) = walk.links.pop_front() {
        if entry.is_folder {
            let Ok(target) = entry.path().canonicalize() else { continue };
            if been.iter().any(|folder| target.starts_with(folder)) {
                continue;
            }
            been.push(target);
        }
        walk.to(&entry, depth, found);
    }
}

struct Walk<'a> {
    /// Links that wait, and how far down they may lead.
    links: VecDeque<(Entry, usize)>,
    visit: &'a mut dyn FnMut(&Path, &str, &mut Found),
}

impl Walk<'_> {
    fn descend(&mut self, folder: &Path, depth: usize, found: &mut Found) {
        for entry in entries(folder, found) {
            if entry.is_link {
                self.links.push_back((entry, depth));
            } else {
                self.to(&entry, depth, found);
            }
        }
    }

    fn to(&mut self, entry: &Entry, depth: usize, found: &mut Found) {
        if !entry.is_folder {
            if let Some(name) = entry.name() {
                (self.visit)(&entry.path(), name, found);
            }
        } else if let Some(depth) = depth.checked_sub(1) {
            self.descend(&entry.path(), depth, found);
        }
    }
}

impl Found {
    /// Takes in a file.
    pub(crate) fn file(&mut self, tool: Tool, shape: Shape, path: &Path) {
        self.files.push(SourceFile { tool, shape, path: path.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::stamped;

    #[test]
    fn walks_to_a_depth_in_order_and_passes_what_is_missing() {
        let home = tempfile::tempdir().unwrap();
        for file in ["b/2.log", "a/1.log", "a/deep/3.log", "a/deep/deeper/4.log"] {
            let path = home.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let mut found = Found::default();
        let mut names = Vec::new();
        walk(home.path(), 2, &mut found, &mut |_, name, _| names.push(name.to_owned()));
        walk(&home.path().join("missing"), 2, &mut found, &mut |_, name, _| names.push(name.to_owned()));
        assert_eq!(names, ["1.log", "3.log", "2.log"]);
        assert!(found.unreadable.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_found_once_by_its_own_name_and_circles_end() {
        use std::os::unix::fs::symlink;

        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir_all(at("b/deep")).unwrap();
        fs::write(at("b/1.log"), "").unwrap();
        fs::write(at("b/deep/2.log"), "").unwrap();
        fs::hard_link(at("b/1.log"), at("b/3.log")).unwrap();
        symlink(home.path(), at("b/deep/circle")).unwrap();
        symlink(at("b"), at("a")).unwrap();
        symlink(at("b/1.log"), at("0.log")).unwrap();
        symlink(at("itself.log"), at("itself.log")).unwrap();
        let mut found = Found::default();
        for _ in 0..2 {
            walk(home.path(), 9, &mut found, &mut |path, _, found| {
                found.file(Tool::Codex, Shape::Lines, path);
            });
        }
        let names: Vec<_> = stamped(found.files).into_iter().map(|(file, _)| file.path).collect();
        assert_eq!(names, [at("b/1.log"), at("b/deep/2.log"), at("itself.log")]);
    }
}

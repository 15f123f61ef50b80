//! Looking for files: folders are read, nothing is opened.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use domain::{Shape, SourceFile, Tool};

use crate::source::Found;

/// A folder's entry, followed if it is a link.
pub(crate) struct Entry {
    entry: DirEntry,
    /// Whether it is a folder itself.
    pub(crate) is_folder: bool,
}

impl Entry {
    /// Its path.
    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.entry.path()
    }

    /// Its name, if it is UTF-8: no tool gives its logs another one.
    pub(crate) fn name(&self) -> Option<String> {
        self.entry.file_name().into_string().ok()
    }
}

/// The entries of a folder, by name. A folder that is not there has none; one that
/// cannot be read is reported.
pub(crate) fn entries(folder: &Path, found: &mut Found) -> Vec<Entry> {
    let listed = fs::read_dir(folder).and_then(|listing| listing.collect::<io::Result<Vec<_>>>());
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Vec::new();
        }
        Err(error) => {
            found.unreadable.push((folder.to_owned(), error));
            return Vec::new();
        }
    };
    entries.sort_by_key(DirEntry::file_name);
    entries.into_iter().map(|entry| Entry { is_folder: is_folder(&entry), entry }).collect()
}

fn is_folder(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
        Ok(kind) => kind.is_dir(),
        Err(_) => false,
    }
}

/// Hands over every file in a folder and in those inside of it, `depth` levels
/// down: no further, so that links in a circle end.
pub(crate) fn walk(
    folder: &Path,
    depth: usize,
    found: &mut Found,
    visit: &mut dyn FnMut(&Path, &str, &mut Found),
) {
    for entry in entries(folder, found) {
        if !entry.is_folder {
            if let Some(name) = entry.name() {
                visit(&entry.path(), &name, found);
            }
        } else if let Some(depth) = depth.checked_sub(1) {
            walk(&entry.path(), depth, found, visit);
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
}

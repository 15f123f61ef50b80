//! Hermetic git repositories: a home folder of their own, no system-wide
//! configuration, and commits whose dates and hence hashes never change.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The e-mail address in a sandbox's git configuration.
pub const EMAIL: &str = "ada@example.com";
/// The name in a sandbox's git configuration.
pub const NAME: &str = "Ada Example";
/// The date of the first commit of a sandbox, in seconds since 1970: 2026-01-01.
const FIRST_COMMIT_AT: u64 = 1_767_225_600;
/// The time between two commits.
const COMMIT_STEP_SECONDS: u64 = 60;

/// A folder with a home of its own, in which git repositories are made.
/// It is deleted when it goes out of scope.
pub struct Sandbox {
    root: TempDir,
    commits: Cell<u64>,
}

impl Sandbox {
    /// An empty one, whose account has [`NAME`] and [`EMAIL`] as its git identity.
    #[must_use]
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let sandbox = Self { root, commits: Cell::new(0) };
        sandbox.write("home/.gitconfig", "");
        sandbox.git("home", &["config", "--global", "init.defaultBranch", "main"]);
        sandbox.git("home", &["config", "--global", "protocol.file.allow", "always"]);
        sandbox.git("home", &["config", "--global", "user.name", NAME]);
        sandbox.git("home", &["config", "--global", "user.email", EMAIL]);
        sandbox
    }

    /// The folder itself, without symbolic links in its path.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        fs::canonicalize(self.root.path()).unwrap_or_else(|error| panic!("the sandbox is gone: {error}"))
    }

    /// The home folder in it.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// The path of something in it.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// The environment in which git runs in here: nothing of the machine's but the
    /// search path for programs.
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        #[expect(clippy::disallowed_methods, reason = "where programs are is all that is taken from outside")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let home = self.home();
        vec![
            ("PATH".into(), path),
            ("GIT_CONFIG_GLOBAL".into(), home.join(".gitconfig").into()),
            ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
            ("HOME".into(), home.into()),
        ]
    }

    /// Writes a file, making the folders on the way.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)
            .unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Writes a file that can be run, and returns its path.
    #[must_use]
    pub fn script(&self, relative: &str, text: &str) -> PathBuf {
        self.write(relative, text);
        let path = self.path(relative);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, mode)
            .unwrap_or_else(|error| panic!("cannot mark {}: {error}", path.display()));
        path
    }

    /// Makes a folder.
    pub fn folder(&self, relative: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
        path
    }

    /// Deletes a folder with all that is in it.
    pub fn delete(&self, relative: &str) {
        let path = self.path(relative);
        fs::remove_dir_all(&path).unwrap_or_else(|error| panic!("cannot delete {}: {error}", path.display()));
    }

    /// A new repository without commits.
    pub fn empty_repo(&self, relative: &str) -> Repo<'_> {
        let path = self.folder(relative);
        let repo = Repo { sandbox: self, path };
        repo.git(&["init", "--quiet"]);
        repo
    }

    /// A new repository with one commit.
    pub fn repo(&self, relative: &str) -> Repo<'_> {
        let repo = self.empty_repo(relative);
        repo.commit("README", "A repository of a test.\n", "Begin");
        repo
    }

    /// A new repository with one commit and `origin` set to that URL.
    pub fn repo_with_origin(&self, relative: &str, url: &str) -> Repo<'_> {
        let repo = self.repo(relative);
        repo.git(&["remote", "add", "origin", url]);
        repo
    }

    /// The repository that is in that folder already.
    #[must_use]
    pub fn open(&self, relative: &str) -> Repo<'_> {
        Repo { sandbox: self, path: self.path(relative) }
    }

    /// Runs git in a folder and returns what it printed, trimmed.
    pub fn git(&self, relative: &str, arguments: &[&str]) -> String {
        self.git_at(&self.path(relative), arguments)
    }

    fn git_at(&self, folder: &Path, arguments: &[&str]) -> String {
        let steps = self.commits.get();
        self.commits.set(steps.saturating_add(1));
        let seconds = FIRST_COMMIT_AT.saturating_add(steps.saturating_mul(COMMIT_STEP_SECONDS));
        let date = format!("@{seconds} +0000");
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(arguments)
            .env_clear()
            .envs(self.environment())
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("git does not start ({error}); install git to run the tests"));
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            panic!("git {arguments:?} in {} failed: {complaint}", folder.display());
        }
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// A repository, worktree or submodule in a [`Sandbox`].
pub struct Repo<'a> {
    sandbox: &'a Sandbox,
    path: PathBuf,
}

impl<'a> Repo<'a> {
    /// Its working folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs git in it and returns what it printed, trimmed.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.sandbox.git_at(&self.path, arguments)
    }

    /// Sets a key of its own configuration.
    pub fn config(&self, key: &str, value: &str) {
        self.git(&["config", key, value]);
    }

    /// Writes a file and commits it; returns the hash of the commit.
    pub fn commit(&self, file: &str, text: &str, message: &str) -> String {
        let path = self.path.join(file);
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        self.git(&["add", file]);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A linked worktree on a new branch, at that place of the sandbox.
    pub fn worktree(&self, relative: &str, branch: &str) -> Self {
        let path = self.sandbox.path(relative);
        let text = path.to_string_lossy();
        self.git(&["worktree", "add", "--quiet", "-b", branch, &text]);
        Self { sandbox: self.sandbox, path }
    }

    /// Adds another repository as a submodule, at that place inside of this one.
    pub fn submodule(&self, of: &Repo<'_>, inside: &str) -> Self {
        let source = of.path.to_string_lossy();
        self.git(&["submodule", "--quiet", "add", &source, inside]);
        Self { sandbox: self.sandbox, path: self.path.join(inside) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_steps_make_the_same_commits() {
        let [first, second] = [0, 1].map(|_| Sandbox::new().repo("a").git(&["rev-parse", "HEAD"]));
        assert_eq!(first, second);
    }
}

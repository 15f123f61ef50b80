//! Real PostgreSQL servers for tests, from the programs of Debian's package.
//!
//! A server listens on a socket in a temporary folder of its own and on nothing else.
//! It ends with whoever started it, however that ends: a watcher outlives a test that
//! panics or is killed, stops the server and deletes its folder.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Debian keeps the programs, in a folder for each major version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The oldest version that the store works with.
const OLDEST: u32 = 15;
/// What a test that finds no server says.
const INSTALL: &str = "no PostgreSQL 15 or later in /usr/lib/postgresql; install it with: \
                       apt-get install -y --no-install-recommends postgresql";
/// Who runs the server where the tests run as root, as it refuses to.
const ACCOUNT: &str = "postgres";
/// The owner of everything in a server.
const USER: &str = "bursar";
/// The longest path of a folder in which a socket can be made.
const MAX_SOCKET_FOLDER: usize = 80;

/// Waits for the end of a process, then stops the server and deletes its folder.
const WATCHER: &str = r#"
    while kill -0 "$1" 2>/dev/null; do sleep 0.5; done
    server=$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null)
    if [ -n "$server" ]; then
        kill -QUIT "$server" 2>/dev/null
        while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
    fi
    rm -rf "$2" "$2.lock"
"#;

/// Whether the server waits for its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// As in earnest: what is committed survives the loss of power. For measurements.
    Sure,
    /// What is committed survives the death of the server, not that of the machine;
    /// nothing that a test can do to processes tells the difference.
    Quick,
}

/// A server.
pub struct Server {
    folder: PathBuf,
    programs: PathBuf,
    account: Option<Account>,
    shared: bool,
}

/// Another account that the server runs as.
#[derive(Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Server {
    /// The server that all tests of this run share, with a [`Disk::Quick`]. Nobody
    /// stops it.
    ///
    /// # Panics
    /// Where there is no PostgreSQL, with the command that installs it.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            // Of one run, nextest makes many processes, and cargo one.
            #[expect(clippy::disallowed_methods, reason = "nextest says so in the environment alone")]
            let many = std::env::var_os("NEXTEST_RUN_ID").is_some();
            let run = if many { parent_id() } else { std::process::id() };
            let server = Self::at(temporary(&format!("bursar-pg-{run}")), true);
            let lock = must("make a lock", File::create(server.folder.with_added_extension("lock")));
            must("lock", lock.lock());
            if !server.runs() {
                server.make(Disk::Quick, run);
            }
            server
        })
    }

    /// A server of the test's own, which it may stop, kill and start again.
    ///
    /// # Panics
    /// Where there is no PostgreSQL, with the command that installs it.
    #[must_use]
    pub fn start(disk: Disk) -> Self {
        let process = std::process::id();
        let server = Self::at(temporary(&format!("bursar-pg-{process}-{}", number())), false);
        server.make(disk, process);
        server
    }

    fn at(folder: PathBuf, shared: bool) -> Self {
        Self { folder, programs: programs(), account: account(), shared }
    }

    /// Makes a new, empty database.
    #[must_use]
    pub fn database(&self) -> Database<'_> {
        let name = format!("test_{}_{}", std::process::id(), number());
        self.statement(&format!("CREATE DATABASE {name}"));
        let host = self.folder.to_string_lossy().replace('/', "%2F");
        Database { server: self, url: format!("postgres://{USER}@{host}/{name}"), name }
    }

    /// Ends it in order; whoever is connected is cut off.
    pub fn stop(&self) {
        self.pg_ctl(&["stop", "--mode", "fast"]);
    }

    /// Ends it as a crash would: it has to recover when it starts again.
    pub fn crash(&self) {
        self.pg_ctl(&["stop", "--mode", "immediate"]);
    }

    /// Starts it again.
    pub fn resume(&self) {
        let log = self.folder.join("log");
        self.pg_ctl(&["start", "--log", &log.to_string_lossy()]);
    }

    /// Makes it listen on a port of 127.0.0.1 as well, to those who encrypt and believe
    /// the certificate of [`crate::tls`]; returns the address of a database there.
    #[must_use]
    pub fn listen_encrypted(&self, database: &Database<'_>) -> String {
        for (name, text) in [("server.crt", crate::tls::CERTIFICATE), ("server.key", crate::tls::KEY)] {
            let path = self.data().join(name);
            must("write a certificate", fs::write(&path, text));
            must("hide a key", fs::set_permissions(&path, fs::Permissions::from_mode(0o600)));
            if let Some(Account { uid, gid }) = self.account {
                must("give a file away", chown(&path, Some(uid), Some(gid)));
            }
        }
        let free = must("find a port", TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()));
        let port = free.port();
        self.append("postgresql.conf", &format!("ssl = on\nlisten_addresses = '127.0.0.1'\nport = {port}\n"));
        must("set up", fs::write(self.data().join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n"));
        self.stop();
        self.resume();
        format!("postgres://{USER}@127.0.0.1:{port}/{}", database.name)
    }

    fn append(&self, file: &str, text: &str) {
        let mut file = must("set up", File::options().append(true).open(self.data().join(file)));
        must("set up", file.write_all(text.as_bytes()));
    }

    fn make(&self, disk: Disk, until_the_end_of: u32) {
        if self.folder.exists() {
            must("clear away a dead server", fs::remove_dir_all(&self.folder));
        }
        must("make a folder", fs::create_dir(&self.folder));
        if let Some(account) = self.account {
            must("give a folder away", chown(&self.folder, Some(account.uid), Some(account.gid)));
        }
        self.watch(until_the_end_of);
        // Texts are sorted as people like it, so that a statement which relies on the
        // order of bytes and does not say so is found.
        let order = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"];
        let data = self.data();
        let data = data.to_string_lossy();
        let rest = ["--encoding=UTF8", "--auth=trust", "--no-sync", "--username", USER, "--pgdata", &data];
        run(self.program("initdb").args(order).args(rest));
        self.append("postgresql.conf", &self.settings(disk));
        self.resume();
    }

    fn settings(&self, disk: Disk) -> String {
        let folder = self.folder.display();
        let quick = match disk {
            Disk::Sure => "",
            Disk::Quick => "fsync = off\nfull_page_writes = off\n",
        };
        format!("listen_addresses = ''\nunix_socket_directories = '{folder}'\nmax_connections = 200\n{quick}")
    }

    fn watch(&self, process: u32) {
        let mut watcher = Command::new("sh");
        watcher.args(["-c", WATCHER, "watcher"]).arg(process.to_string()).arg(&self.folder);
        // A group of its own: what ends the tests must not end their cleaner.
        watcher.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        drop(must("start a watcher", watcher.spawn()));
    }

    fn runs(&self) -> bool {
        let mut status = self.program("pg_ctl");
        status.arg("--pgdata").arg(self.data()).arg("status");
        self.data().exists() && must("start pg_ctl", status.output()).status.success()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn pg_ctl(&self, arguments: &[&str]) {
        // It is waited for: what returns from here listens, or has ended.
        run(self.program("pg_ctl").arg("--pgdata").arg(self.data()).arg("--wait").args(arguments));
    }

    fn statement(&self, sql: &str) {
        let quiet = ["--quiet", "--no-psqlrc", "--dbname", "postgres", "--username", USER];
        run(self.program("psql").args(quiet).arg("--host").arg(&self.folder).args(["--command", sql]));
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env_clear().env("LC_ALL", "C.UTF-8").current_dir(&self.folder).stdin(Stdio::null());
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.runs() {
            self.crash();
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// An empty database, deleted when it goes out of scope.
pub struct Database<'a> {
    server: &'a Server,
    name: String,
    url: String,
}

impl Database<'_> {
    /// Its address: `postgres://…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement in it, as somebody with a console would.
    pub fn statement(&self, sql: &str) {
        run(self.server.program("psql").args(["--quiet", "--no-psqlrc", &self.url, "--command", sql]));
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // A server of the test's own goes away with all that is in it.
        if self.server.shared && !std::thread::panicking() {
            self.server.statement(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn number() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// A folder of that name for temporary things, short enough to hold a socket.
fn temporary(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(name);
    if folder.as_os_str().len() <= MAX_SOCKET_FOLDER { folder } else { Path::new("/tmp").join(name) }
}

/// The programs of the newest version.
fn programs() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).unwrap_or_else(|_| panic!("{INSTALL}"));
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let paths = versions.filter_map(|entry| Some(entry.ok()?.path()));
    let usable = paths.filter(|path| number(path) >= Some(OLDEST) && path.join("bin/initdb").exists());
    usable.max_by_key(number).unwrap_or_else(|| panic!("{INSTALL}")).join("bin")
}

/// The account that runs the server, where it cannot be the one that runs the tests.
fn account() -> Option<Account> {
    if must("look at oneself", fs::metadata("/proc/self")).uid() != 0 {
        return None;
    }
    let accounts = must("read /etc/passwd", fs::read_to_string("/etc/passwd"));
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let named = fields.next() == Some(ACCOUNT);
        let numbers = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        named.then_some(Account { uid: numbers.0, gid: numbers.1 })
    });
    Some(found.unwrap_or_else(|| panic!("root cannot run PostgreSQL, and there is no account {ACCOUNT}")))
}

/// Runs a program of PostgreSQL to its end.
fn run(command: &mut Command) {
    let output = must("start a program of PostgreSQL", command.output());
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        panic!("{command:?} failed: {complaint}");
    }
}

fn must<T>(what: &str, result: std::io::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("cannot {what} for a PostgreSQL of the tests: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_starts_stops_crashes_and_goes_away() {
        let server = Server::start(Disk::Quick);
        let database = server.database();
        database.statement("CREATE TABLE note AS SELECT 1 AS one");
        server.stop();
        assert!(!server.runs());
        server.resume();
        server.crash();
        server.resume();
        database.statement("INSERT INTO note VALUES (2)");
        drop(database);
        let folder = server.folder.clone();
        drop(server);
        assert!(!folder.exists());
    }

    #[test]
    fn a_run_has_one_server() {
        let [first, second] = [(); 2].map(|()| Server::shared().database());
        assert_ne!(first.url(), second.url());
        assert!(std::ptr::eq(first.server, second.server));
    }
}

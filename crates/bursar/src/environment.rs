//! The only place that reads the environment and the clock.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use domain::Timestamp;
use ingest::Roots;
use insight::{Charset, Color, Terminal, printable};

/// How wide a table may become that is not printed on a terminal.
const WIDTH_WITHOUT_TERMINAL: usize = 200;
/// The editors that Cline and its forks run in, by the name of their folder.
const EDITORS: [&str; 6] = ["Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf", "Trae"];
/// The same on a machine that is reached from another.
const REMOTE_EDITORS: [&str; 5] =
    [".vscode-server", ".vscode-server-insiders", ".vscodium-server", ".cursor-server", ".windsurf-server"];

/// The variables that move the folders of tools, or Bursar's own, away from home.
const FOLDERS: [&str; 7] = [
    "CLAUDE_CONFIG_DIR",
    "CLINE_DATA_DIR",
    "CLINE_DIR",
    "CODEX_HOME",
    "COPILOT_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// The environment variables, read once.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    variables: HashMap<OsString, OsString>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    fn text(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.path("HOME").or_else(|| self.path("USERPROFILE"))
    }

    fn in_home(&self, below: &str) -> Option<PathBuf> {
        self.home().map(|home| home.join(below))
    }

    /// Bursar's own data: `XDG_DATA_HOME/bursar`, or `~/.local/share/bursar`.
    pub(crate) fn data_folder(&self) -> Option<PathBuf> {
        let base = self.path("XDG_DATA_HOME").or_else(|| self.in_home(".local/share"));
        base.map(|base| base.join("bursar"))
    }

    /// Bursar's own settings: `XDG_CONFIG_HOME/bursar`, or `~/.config/bursar`.
    pub(crate) fn config_folder(&self) -> Option<PathBuf> {
        self.config_base().map(|base| base.join("bursar"))
    }

    fn config_base(&self) -> Option<PathBuf> {
        self.path("XDG_CONFIG_HOME").or_else(|| self.in_home(".config"))
    }

    /// The variables that say where folders are, of those that are set. One may name
    /// several folders, separated by commas: `CLAUDE_CONFIG_DIR`.
    pub(crate) fn folders(&self) -> Vec<(&'static str, Vec<PathBuf>)> {
        let named = |name: &'static str| {
            let folders = match name {
                "CLAUDE_CONFIG_DIR" => self.named_claude_folders()?,
                _ => vec![self.path(name)?],
            };
            Some((name, folders))
        };
        FOLDERS.into_iter().filter_map(named).collect()
    }

    /// Where the tools keep their logs.
    pub(crate) fn roots(&self) -> Roots {
        let own_or = |variable: &str, default: &str| -> Vec<PathBuf> {
            self.path(variable).or_else(|| self.in_home(default)).into_iter().collect()
        };
        let data = self.path("XDG_DATA_HOME").or_else(|| self.in_home(".local/share"));
        let cline =
            self.path("CLINE_DATA_DIR").or_else(|| self.path("CLINE_DIR").map(|folder| folder.join("data")));
        Roots {
            home: self.home(),
            claude: self.claude_folders(),
            codex: own_or("CODEX_HOME", ".codex"),
            gemini: self.in_home(".gemini").into_iter().collect(),
            editors: self.editor_folders(),
            cline: cline.or_else(|| self.in_home(".cline/data")).into_iter().collect(),
            opencode: data.map(|data| data.join("opencode")).into_iter().collect(),
            copilot: own_or("COPILOT_HOME", ".copilot"),
        }
    }

    fn claude_folders(&self) -> Vec<PathBuf> {
        self.named_claude_folders().unwrap_or_else(|| {
            let newer = self.config_base().map(|base| base.join("claude"));
            newer.into_iter().chain(self.in_home(".claude")).collect()
        })
    }

    fn named_claude_folders(&self) -> Option<Vec<PathBuf>> {
        let named = self.text("CLAUDE_CONFIG_DIR")?.to_string_lossy();
        Some(named.split(',').map(str::trim).filter(|it| !it.is_empty()).map(PathBuf::from).collect())
    }

    fn editor_folders(&self) -> Vec<PathBuf> {
        let bases = [self.config_base(), self.in_home("Library/Application Support"), self.path("APPDATA")];
        let local =
            bases.into_iter().flatten().flat_map(|base| EDITORS.map(|editor| base.join(editor).join("User")));
        let remote =
            REMOTE_EDITORS.iter().filter_map(|folder| self.in_home(folder)).map(|it| it.join("data/User"));
        local.chain(remote).collect()
    }

    fn string(&self, name: &str) -> Option<String> {
        self.text(name).map(|it| it.to_string_lossy().into_owned())
    }

    /// The server that administration asks: `BURSAR_SERVER`.
    pub(crate) fn server(&self) -> Option<String> {
        self.string("BURSAR_SERVER")
    }

    /// The gateway that clients are led through: `BURSAR_GATEWAY`.
    pub(crate) fn gateway(&self) -> Option<String> {
        self.string("BURSAR_GATEWAY")
    }

    /// Headers that the user has Claude Code send: `ANTHROPIC_CUSTOM_HEADERS`.
    pub(crate) fn claude_headers(&self) -> Option<String> {
        self.string("ANTHROPIC_CUSTOM_HEADERS")
    }

    /// The folder that the command was given in.
    #[expect(clippy::unused_self, reason = "here everything is read that is not an argument")]
    pub(crate) fn working_folder(&self) -> Option<PathBuf> {
        std::env::current_dir().ok()
    }

    /// The token that a server is asked with: `BURSAR_TOKEN`.
    pub(crate) fn token(&self) -> Option<String> {
        self.string("BURSAR_TOKEN")
    }

    /// The token that becomes an owner's when a server starts: `BURSAR_OWNER_TOKEN`.
    pub(crate) fn owner_token(&self) -> Option<String> {
        self.string("BURSAR_OWNER_TOKEN")
    }

    /// The database of a server: `BURSAR_DATABASE`. It may hold a password.
    pub(crate) fn database(&self) -> Option<String> {
        self.string("BURSAR_DATABASE")
    }

    /// The key that seals secrets of settings files: `BURSAR_SEAL_KEY`.
    pub(crate) fn seal_key(&self) -> Option<String> {
        self.string("BURSAR_SEAL_KEY")
    }

    /// The program that opens addresses for whoever sits at this machine; none where there
    /// is no screen, or another machine's.
    pub(crate) fn opener(&self) -> Option<&'static str> {
        if self.text("SSH_CONNECTION").is_some() {
            return None;
        }
        if cfg!(target_os = "macos") {
            return Some("open");
        }
        let has_screen = ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().any(|it| self.text(it).is_some());
        (cfg!(unix) && has_screen).then_some("xdg-open")
    }

    /// What git is run with.
    pub(crate) fn machine(&self) -> attribution::Machine {
        attribution::Machine {
            home: self.home(),
            git: OsString::from("git"),
            environment: self.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        }
    }

    /// What standard output can show.
    pub(crate) fn terminal(&self) -> Terminal {
        let is_terminal = io::stdout().is_terminal();
        let dumb = self.text("TERM").is_some_and(|term| term == "dumb");
        let color =
            if is_terminal && !dumb && self.text("NO_COLOR").is_none() { Color::On } else { Color::Off };
        let named = self.text("COLUMNS").and_then(|columns| columns.to_string_lossy().parse().ok());
        let measured =
            terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)).filter(|_| is_terminal);
        let width = named.or(measured).unwrap_or(WIDTH_WITHOUT_TERMINAL);
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| self.text(name));
        let ascii = locale.is_some_and(|locale| locale == "C" || locale == "POSIX");
        Terminal { width, color, charset: if ascii { Charset::Ascii } else { Charset::Unicode } }
    }

    /// Shortens a path below the home folder to `~/…`, for people.
    pub(crate) fn short(&self, path: &Path) -> String {
        let below = self.home().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned));
        printable(&below.map_or_else(|| path.display().to_string(), |below| format!("~/{}", below.display())))
    }
}

/// The moment of now.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

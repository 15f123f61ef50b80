//! `bursar collect install`: a collector that runs whenever its user is logged in.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::http::Server;
use crate::environment::Environment;
use crate::failure::usage;
use crate::listing::Listing;
use crate::output::{OutputOption, Told};
use crate::rollout::{quoted, xml};
use crate::server_option::ServerOptions;

/// What systemd and launchd know it by.
const UNIT: &str = "bursar-collect.service";
const LABEL: &str = "dev.bursar.collect";

const EXAMPLES: &str = "Examples:
  BURSAR_TOKEN=bsr_… bursar collect install --server https://bursar.example.com
  bursar collect install --server https://bursar.example.com --print

The token of BURSAR_TOKEN is kept in ~/.config/bursar/token, where nobody else can read it.";

/// Sets the collector up to run whenever you are logged in: by systemd, or by launchd
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InstallArgs {
    /// Prints the unit and writes nothing
    #[arg(long)]
    print: bool,
    /// Who runs it [default: launchd on macOS, systemd elsewhere]
    #[arg(long, value_name = "SYSTEM")]
    by: Option<Supervisor>,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Supervisor {
    Systemd,
    Launchd,
}

/// What the unit says.
struct Service {
    program: String,
    arguments: Vec<String>,
    /// Where folders are that are not where they usually are: whoever runs it sets none
    /// of what the user's shell does.
    variables: Vec<(&'static str, String)>,
    log: String,
}

/// Runs the command; gives what to print.
pub(super) fn run(args: &InstallArgs, environment: &Environment) -> Result<String> {
    let server = Server::of(&args.server, environment)?;
    let by =
        args.by.unwrap_or(if cfg!(target_os = "macos") { Supervisor::Launchd } else { Supervisor::Systemd });
    let service = service(args, &server, environment)?;
    let text = match by {
        Supervisor::Systemd => systemd(&service),
        Supervisor::Launchd => launchd(&service),
    };
    let path = unit_file(by, environment)?;
    let mut installed = Installed { unit: environment.short(&path), ..Installed::default() };
    if args.print {
        installed.text = Some(text.clone());
        return installed.told(text).print(args.output.format);
    }
    let mut printed = String::new();
    if let Some(path) = keep_token(args, environment)? {
        printed.extend(["The token is in ", &environment.short(&path), ".\n"]);
        installed.token = Some(environment.short(&path));
    }
    write(&path, &text)?;
    let next = match by {
        Supervisor::Systemd => {
            format!("systemctl --user daemon-reload && systemctl --user enable --now {UNIT}")
        }
        Supervisor::Launchd => {
            format!("launchctl bootstrap gui/$(id -u) {}", quoted(&path.display().to_string()))
        }
    };
    printed.extend(["Wrote ", &environment.short(&path), ". Start it with:\n  ", &next, "\n"]);
    installed.start = Some(next);
    installed.told(printed).print(args.output.format)
}

/// What was set up, or would be.
#[derive(Debug, Default, Serialize)]
struct Installed {
    /// The unit's file.
    unit: String,
    /// What it says; only with `--print`.
    text: Option<String>,
    /// Where the token is kept, where it was written just now.
    token: Option<String>,
    /// The command that starts it.
    start: Option<String>,
}

impl Installed {
    fn told(self, text: String) -> Told<Self> {
        let mut rows = Listing::new(&["unit", "text", "token", "start"]);
        let or_none = |it: &Option<String>| it.clone().unwrap_or_default();
        rows.row(vec![self.unit.clone(), or_none(&self.text), or_none(&self.token), or_none(&self.start)]);
        Told { schema: "bursar.collect_install/1", text, body: self, rows }
    }
}

fn service(args: &InstallArgs, server: &Server, environment: &Environment) -> Result<Service> {
    let program = std::env::current_exe().context("cannot find where this program is")?;
    let absolute = |path: &Path| -> Result<String> { text(&std::path::absolute(path)?) };
    let mut arguments = vec!["collect".to_owned(), "--server".to_owned(), server.url().to_owned()];
    for (flag, path) in [("--token-file", &args.server.token_file), ("--ca", &args.server.ca)] {
        if let Some(path) = path {
            arguments.extend([flag.to_owned(), absolute(path)?]);
        }
    }
    let mut variables = Vec::new();
    for (name, folders) in environment.folders() {
        let folders: Vec<String> = folders.iter().map(|it| absolute(it)).collect::<Result<_>>()?;
        variables.push((name, folders.join(",")));
    }
    let log = environment.data_folder().ok_or_else(no_home)?.join("collect.log");
    Ok(Service { program: text(&program)?, arguments, variables, log: absolute(&log)? })
}

fn no_home() -> anyhow::Error {
    anyhow!("HOME is not set: set it")
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().filter(|it| !it.chars().any(char::is_control));
    text.map(str::to_owned)
        .ok_or_else(|| usage(format!("{} has no name that a unit can hold", path.display())))
}

/// A unit of the user's own systemd.
fn systemd(service: &Service) -> String {
    // systemd replaces `%` everywhere, and `$` in a command alone.
    let word = |it: &str| {
        let escaped = it.replace('\\', r"\\").replace('"', r#"\""#).replace('%', "%%");
        format!("\"{escaped}\"")
    };
    let command: Vec<String> = std::iter::once(&service.program)
        .chain(&service.arguments)
        .map(|it| word(&it.replace('$', "$$")))
        .collect();
    let variables: String = service
        .variables
        .iter()
        .map(|(name, value)| format!("Environment={}\n", word(&format!("{name}={value}"))))
        .collect();
    format!(
        "[Unit]
Description=Bursar: reports the usage of AI coding tools
Documentation=man:bursar-collect(1)

[Service]
{variables}ExecStart={}
Restart=always
RestartSec=30
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=true

[Install]
WantedBy=default.target
",
        command.join(" ")
    )
}

/// An agent of the user's own launchd.
fn launchd(service: &Service) -> String {
    let text = |it: &String| format!("    <string>{}</string>\n", xml(it));
    let command: String = std::iter::once(&service.program).chain(&service.arguments).map(text).collect();
    let variable = |(name, value): &(&str, String)| {
        format!("    <key>{name}</key>\n    <string>{}</string>\n", xml(value))
    };
    let variables: String = service.variables.iter().map(variable).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
{command}  </array>
  <key>EnvironmentVariables</key>
  <dict>
{variables}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>30</integer>
  <key>ProcessType</key>
  <string>Background</string>
  <key>LowPriorityIO</key>
  <true/>
  <key>StandardErrorPath</key>
  <string>{}</string>
</dict>
</plist>
"#,
        xml(&service.log)
    )
}

fn unit_file(by: Supervisor, environment: &Environment) -> Result<PathBuf> {
    match by {
        Supervisor::Systemd => {
            let settings = environment.config_folder().ok_or_else(no_home)?;
            Ok(settings.with_file_name("systemd").join("user").join(UNIT))
        }
        Supervisor::Launchd => {
            let home = environment.home().ok_or_else(no_home)?;
            Ok(home.join("Library/LaunchAgents").join(format!("{LABEL}.plist")))
        }
    }
}

/// Puts the token of the environment where the unit finds it; a unit has another one.
fn keep_token(args: &InstallArgs, environment: &Environment) -> Result<Option<PathBuf>> {
    let Some(token) = environment.token().filter(|_| args.server.token_file.is_none()) else {
        return Ok(None);
    };
    let path = environment.config_folder().ok_or_else(no_home)?.join("token");
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let failed = || format!("cannot write {}", path.display());
    fs::create_dir_all(folder).with_context(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    file.write_all(format!("{}\n", token.trim()).as_bytes()).with_context(failed)?;
    file.persist(&path).with_context(failed)?;
    Ok(Some(path))
}

fn write(path: &Path, text: &str) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    fs::write(path, text).with_context(failed)
}

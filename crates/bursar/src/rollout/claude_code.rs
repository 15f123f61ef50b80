//! `bursar rollout claude-code`: Claude Code's managed settings.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::forms::{self, Form, quoted};
use crate::client::Client;
use crate::collect::http::{Server, address};
use crate::directory::Directory;
use crate::environment::Environment;
use crate::failure::usage;
use crate::listing::Listing;
use crate::output::{OutputOption, Told};
use crate::server_option::ServerOptions;

/// The hooks that tell of something, and for which tools.
const HOOKS: [(&str, Option<&str>); 7] = [
    ("Stop", None),
    ("StopFailure", None),
    ("SubagentStop", None),
    ("SessionEnd", None),
    ("PreCompact", None),
    ("PostCompact", None),
    ("PostToolUse", Some("Bash|PowerShell")),
];
/// Seconds after which Claude Code gives a hook up. It needs a few milliseconds.
const HOOK_TIMEOUT: u64 = 10;
/// The port of OTLP over HTTP.
const OTLP_PORT: &str = "4318";

const EXAMPLES: &str = "Examples:
  bursar rollout claude-code --server https://bursar.example.com --team payments
  bursar rollout claude-code --server https://bursar.example.com --otlp https://otlp.example.com:4318
  bursar rollout claude-code --server https://bursar.example.com --form registry > bursar.reg

The settings name no person: who somebody is, the server knows by the token, which
each machine keeps in ~/.config/bursar/token. docs/rollout.md goes through it.";

/// Claude Code's managed settings: telemetry, hooks, status line, gateway
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ClaudeCodeArgs {
    /// The team, as the server's directory names it
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Where telemetry goes [default: the server's host, port 4318]
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
    /// The gateway that requests to the provider go through
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// The program on the machines
    #[arg(long, value_name = "PROGRAM", default_value = "bursar")]
    program: String,
    /// How the settings are handed out
    #[arg(long, value_name = "FORM", default_value = "json")]
    form: Form,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerOptions,
}

/// Runs the command; gives what to print.
pub(super) fn run(args: &ClaudeCodeArgs, environment: &Environment) -> Result<String> {
    let server = args.server.url(environment)?;
    let otlp = match &args.otlp {
        Some(url) => address(url)?,
        None => otlp_of(&server),
    };
    let gateway = args.gateway.as_deref().map(address).transpose()?;
    let program = word(&args.program, args.form)?;
    let settings = settings(args, &program, &otlp, gateway.as_deref());
    doubt_team(args, environment)?;
    let text = forms::print(args.form, &settings)?;
    let mut rows = Listing::new(&["setting", "value"]);
    flat(String::new(), &settings, &mut rows);
    let form = args.form.to_possible_value().map(|it| it.get_name().to_owned());
    let body = json!({ "form": form, "settings": settings, "text": text });
    Told { schema: "bursar.rollout_settings/1", text, body, rows }.print(args.output.format)
}

/// Says where the team is none of the server's directory, as far as there is a token to
/// ask with. The settings are good without an answer.
fn doubt_team(args: &ClaudeCodeArgs, environment: &Environment) -> Result<()> {
    let server = Server::of(&args.server, environment)?;
    let (Some(team), Some(_)) = (&args.team, server.token()?) else { return Ok(()) };
    let directory = Client::new(&args.server, environment).and_then(|it| Directory::ask(&it));
    let doubt = match directory {
        Ok(directory) => directory.doubt_team(team),
        Err(error) => Some(format!("cannot look whether the directory knows the team `{team}`: {error:#}")),
    };
    doubt.iter().for_each(|it| crate::warn(it));
    Ok(())
}

/// A row for each value, under its path.
fn flat(path: String, value: &Value, rows: &mut Listing) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, it)| flat(below(name), it, rows)),
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(at, it)| flat(below(&at.to_string()), it, rows));
        }
        Value::String(text) => rows.row(vec![path, text.clone()]),
        Value::Null | Value::Bool(_) | Value::Number(_) => rows.row(vec![path, value.to_string()]),
    }
}

/// The program as the first word of a command. Registries are of Windows, whose shells
/// know double quotes alone, and whose paths have no characters that matter in them.
fn word(program: &str, form: Form) -> Result<String> {
    let windows = form == Form::Registry;
    let refused = if windows { "`$&|;<>\"%" } else { "`$&|;<>" };
    if program.is_empty()
        || (windows && program.ends_with('\\'))
        || program.chars().any(|it| it.is_control() || refused.contains(it))
    {
        let program = program.escape_debug();
        return Err(usage(format!("`{program}` is no program that a settings file can name")));
    }
    // A home folder is one only where it is not quoted.
    let (home, rest) = match program.strip_prefix("~/") {
        Some(rest) => ("~/", rest),
        None => ("", program),
    };
    if rest.chars().all(|it| it.is_alphanumeric() || "/._-+@:,=".contains(it)) {
        return Ok(program.to_owned());
    }
    Ok(if windows { format!("{home}\"{rest}\"") } else { format!("{home}{}", quoted(rest)) })
}

/// The usual port on the server's host.
fn otlp_of(server: &str) -> String {
    let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
    let host = rest.split('/').next().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        Some(_) | None => host,
    };
    format!("{scheme}://{name}:{OTLP_PORT}")
}

fn settings(args: &ClaudeCodeArgs, program: &str, otlp: &str, gateway: Option<&str>) -> Value {
    let mut env = Map::new();
    let mut set = |name: &str, value: &str| env.insert(name.to_owned(), json!(value));
    set("CLAUDE_CODE_ENABLE_TELEMETRY", "1");
    set("OTEL_METRICS_EXPORTER", "otlp");
    set("OTEL_LOGS_EXPORTER", "otlp");
    set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    set("OTEL_EXPORTER_OTLP_ENDPOINT", otlp);
    set("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    set("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta");
    set("OTEL_METRICS_INCLUDE_REPOSITORY", "true");
    // What a company must decide on for itself stays out of its telemetry.
    for content in [
        "OTEL_LOG_USER_PROMPTS",
        "OTEL_LOG_ASSISTANT_RESPONSES",
        "OTEL_LOG_TOOL_DETAILS",
        "OTEL_LOG_RAW_API_BODIES",
    ] {
        set(content, "0");
    }
    if let Some(team) = &args.team {
        set("OTEL_RESOURCE_ATTRIBUTES", &format!("team.id={}", percent(team)));
    }
    if let Some(gateway) = gateway {
        set("ANTHROPIC_BASE_URL", gateway);
    }
    json!({
        "env": env,
        "otelHeadersHelper": format!("{program} rollout headers"),
        "statusLine": {"type": "command", "command": format!("{program} statusline")},
        "hooks": hooks(program),
    })
}

/// None of them makes Claude Code wait, but the last: what still runs when Claude Code
/// has ended may be ended with it.
fn hooks(program: &str) -> Value {
    let run = |waits: bool| {
        let mut run = json!({
            "type": "command", "command": format!("{program} hook claude-code"), "timeout": HOOK_TIMEOUT,
        });
        if let Some(fields) = run.as_object_mut().filter(|_| !waits) {
            fields.insert("async".to_owned(), json!(true));
        }
        run
    };
    let entry = |event: &str, matcher: Option<&str>| {
        let run = run(event == "SessionEnd");
        match matcher {
            Some(matcher) => json!([{"matcher": matcher, "hooks": [run]}]),
            None => json!([{"hooks": [run]}]),
        }
    };
    let all = HOOKS.iter().map(|(event, matcher)| ((*event).to_owned(), entry(event, *matcher)));
    all.collect::<Map<_, _>>().into()
}

/// As a resource attribute is to be written.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telemetry_goes_to_the_servers_host() {
        for (server, otlp) in [
            ("https://bursar.example.com", "https://bursar.example.com:4318"),
            ("https://bursar.example.com:8443/spend", "https://bursar.example.com:4318"),
            ("http://127.0.0.1:7070", "http://127.0.0.1:4318"),
            ("http://[::1]:7070", "http://[::1]:4318"),
            ("http://[::1]", "http://[::1]:4318"),
        ] {
            assert_eq!(otlp_of(server), otlp);
        }
    }

    #[test]
    fn a_program_is_one_word() {
        let check = |program: &str, form: Form, expected: &str| {
            assert_eq!(word(program, form).unwrap_or_else(|error| error.to_string()), expected);
        };
        check("bursar", Form::Json, "bursar");
        check("/opt/my tools/bursar", Form::Json, "'/opt/my tools/bursar'");
        check("/opt/my tools/bursar", Form::Plist, "'/opt/my tools/bursar'");
        check(r#"/opt/ada's "own"/bursar"#, Form::Script, r#"'/opt/ada'\''s "own"/bursar'"#);
        check("~/bin/bursar", Form::Json, "~/bin/bursar");
        check("~/my tools/bursar", Form::Json, "~/'my tools/bursar'");
        check(r"C:\Program Files\bursar.exe", Form::Registry, r#""C:\Program Files\bursar.exe""#);
        check("C:/bursar.exe", Form::Registry, "C:/bursar.exe");
        for (program, form) in [
            ("", Form::Json),
            ("bursar; reboot", Form::Json),
            ("a\"b", Form::Registry),
            ("a\\", Form::Registry),
        ] {
            let error = word(program, form).unwrap_err().to_string();
            assert!(error.contains("is no program that a settings file can name"), "{error}");
        }
    }

    #[test]
    fn a_team_is_written_so_that_nothing_of_it_is_lost() {
        assert_eq!(percent("core/payments-1"), "core/payments-1");
        assert_eq!(percent("Zahlung, Ü=1"), "Zahlung%2C%20%C3%9C%3D1");
    }

    /// The plugin that a company can host has the same hooks.
    #[test]
    fn the_plugin_runs_the_same_hooks() {
        let text = include_str!("../../../../plugins/claude-code/hooks/hooks.json");
        let plugin: Value = serde_json::from_str(text).unwrap();
        assert_eq!(plugin["hooks"], hooks("bursar"));
    }
}

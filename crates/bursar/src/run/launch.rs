//! How each client is told of the gateway: variables, and options where it reads none.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use serde_json::{Map, Value, json};

/// How many words are looked at for the name of a client: `npx -y @openai/codex`.
const WORDS: usize = 4;

/// What leads a client through the gateway.
#[derive(Debug, Clone)]
pub(super) struct Through {
    /// Its address, without a slash at the end.
    pub(super) gateway: String,
    /// The token.
    pub(super) token: String,
    /// Where the token stands.
    pub(super) credential: Credential,
    /// What is said of every call.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The id of the run.
    pub(super) run: String,
    /// Headers that the user has Claude Code send already.
    pub(super) own_headers: Option<String>,
}

/// What a client shows as its credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    /// The token, in place of a provider's key.
    Token,
    /// Its own login or key, which the gateway passes on; the token goes beside it.
    Own,
}

/// A client, ready to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Launch {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    /// Variables that are set.
    pub(super) set: Vec<(String, OsString)>,
    /// Variables that would lead past the gateway.
    pub(super) unset: &'static [&'static str],
    /// Headers with what no header can have.
    pub(super) left_out: Vec<&'static str>,
}

/// The clients that are told in a way of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Claude,
    Codex,
    Gemini,
    Opencode,
    Copilot,
    Other,
}

const KINDS: [(&str, Kind); 8] = [
    ("claude", Kind::Claude),
    ("claude-code", Kind::Claude),
    ("codex", Kind::Codex),
    ("gemini", Kind::Gemini),
    ("gemini-cli", Kind::Gemini),
    ("opencode", Kind::Opencode),
    ("opencode-ai", Kind::Opencode),
    ("copilot", Kind::Copilot),
];

/// The client that a word names, as `codex`, `/usr/bin/codex` or `@openai/codex@0.169`.
fn kind_of(word: &OsStr) -> Option<Kind> {
    let name = Path::new(word).file_name()?.to_str()?;
    let name = name.split('@').next().unwrap_or(name);
    let name = [".exe", ".cmd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    KINDS.iter().find(|it| it.0 == name).map(|it| it.1)
}

/// How that command is started.
pub(super) fn plan(command: &[OsString], through: &Through) -> Launch {
    let found = command.iter().take(WORDS).enumerate().find_map(|(at, it)| Some((at, kind_of(it)?)));
    let (at, kind) = found.unwrap_or((0, Kind::Other));
    let is_fit = |it: &&(&'static str, String)| it.1.bytes().all(|it| it.is_ascii_graphic() || it == b' ');
    let mut headers: Vec<_> = through.headers.iter().filter(is_fit).cloned().collect();
    let left_out = through.headers.iter().filter(|it| !is_fit(it)).map(|it| it.0).collect();
    // Copilot CLI takes no headers, and has it in the address.
    if through.credential == Credential::Own && kind != Kind::Copilot {
        headers.push(("X-Bursar-Token", through.token.clone()));
    }
    let names_sessions = matches!(kind, Kind::Claude | Kind::Codex | Kind::Opencode);
    if !names_sessions {
        headers.push(("X-Bursar-Session", through.run.clone()));
    }
    let mut arguments: Vec<OsString> = command.iter().skip(1).cloned().collect();
    let (set, unset): (Vec<(&str, String)>, &'static [&'static str]) = match kind {
        Kind::Claude => (claude(through, &headers), &["ANTHROPIC_API_KEY"]),
        Kind::Codex => {
            let options = codex(through, &headers).into_iter().map(OsString::from);
            arguments.splice(at..at, options).for_each(drop);
            (through.key("BURSAR_TOKEN").into_iter().collect(), &["OPENAI_BASE_URL"])
        }
        Kind::Gemini => (gemini(through, &headers), &["GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"]),
        Kind::Opencode => (vec![("OPENCODE_CONFIG_CONTENT", opencode(through, &headers))], &[]),
        Kind::Copilot => (copilot(through), &[]),
        Kind::Other => (other(through, &headers), &[]),
    };
    // Its own credential is nothing that leads past the gateway.
    let unset = if through.credential == Credential::Own { &[] } else { unset };
    let set = set.into_iter().map(|(name, value)| (name.to_owned(), OsString::from(value))).collect();
    let program = command.first().cloned().unwrap_or_default();
    Launch { program, arguments, set, unset, left_out }
}

impl Through {
    /// A variable for a key, where the token stands in its place.
    fn key(&self, name: &'static str) -> Option<(&'static str, String)> {
        (self.credential == Credential::Token).then(|| (name, self.token.clone()))
    }
}

type Headers = [(&'static str, String)];

fn lines(headers: &Headers, between: &str) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(between)
}

fn claude(through: &Through, headers: &Headers) -> Vec<(&'static str, String)> {
    let own = through.own_headers.iter().map(|it| format!("{it}\n")).collect::<String>();
    let mut set = vec![("ANTHROPIC_BASE_URL", through.gateway.clone())];
    set.extend(through.key("ANTHROPIC_AUTH_TOKEN"));
    set.push(("ANTHROPIC_CUSTOM_HEADERS", own + &lines(headers, "\n")));
    set
}

/// A provider of its own, by options: the settings file stays as it is.
fn codex(through: &Through, headers: &Headers) -> Vec<String> {
    // A text of JSON is one of TOML.
    let text = |it: &str| json!(it).to_string();
    let table: Vec<String> =
        headers.iter().map(|(name, value)| format!("{} = {}", text(name), text(value))).collect();
    let key = if through.credential == Credential::Own { "OPENAI_API_KEY" } else { "BURSAR_TOKEN" };
    let provider = [
        ("name", text("Bursar")),
        ("base_url", text(&format!("{}/v1", through.gateway))),
        ("env_key", text(key)),
        ("wire_api", text("responses")),
        ("http_headers", format!("{{ {} }}", table.join(", "))),
    ];
    let settings = provider.map(|(key, value)| format!("model_providers.bursar.{key}={value}"));
    let all = std::iter::once("model_provider=\"bursar\"".to_owned()).chain(settings);
    all.flat_map(|it| ["-c".to_owned(), it]).collect()
}

fn gemini(through: &Through, headers: &Headers) -> Vec<(&'static str, String)> {
    let mut set = vec![("GOOGLE_GEMINI_BASE_URL", through.gateway.clone())];
    set.extend(through.key("GEMINI_API_KEY"));
    set.push(("GEMINI_CLI_CUSTOM_HEADERS", lines(headers, ", ")));
    set
}

/// The providers that it knows by themselves, led elsewhere; what else is configured stays.
fn opencode(through: &Through, headers: &Headers) -> String {
    let headers: Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let options = |base: String| {
        let mut options = json!({ "baseURL": base, "headers": headers });
        if let (Credential::Token, Some(it)) = (through.credential, options.as_object_mut()) {
            it.insert("apiKey".to_owned(), json!(through.token));
        }
        json!({ "options": options })
    };
    let versioned = || options(format!("{}/v1", through.gateway));
    let google = options(format!("{}/v1beta", through.gateway));
    json!({ "provider": { "anthropic": versioned(), "openai": versioned(), "google": google } }).to_string()
}

fn copilot(through: &Through) -> Vec<(&'static str, String)> {
    let base = match through.credential {
        Credential::Token => format!("{}/v1", through.gateway),
        Credential::Own => format!("{}/t/{}/v1", through.gateway, through.token),
    };
    let mut set = vec![("COPILOT_PROVIDER_TYPE", "openai".to_owned()), ("COPILOT_PROVIDER_BASE_URL", base)];
    set.extend(through.key("COPILOT_PROVIDER_API_KEY"));
    set
}

/// The variables that most programs read, for every provider.
fn other(through: &Through, headers: &Headers) -> Vec<(&'static str, String)> {
    let mut set = claude(through, headers);
    set.extend(gemini(through, headers));
    let openai = format!("{}/v1", through.gateway);
    set.extend([
        ("ANTHROPIC_API_BASE", through.gateway.clone()),
        ("OPENAI_BASE_URL", openai.clone()),
        ("OPENAI_API_BASE", openai),
    ]);
    set.extend(["ANTHROPIC_API_KEY", "OPENAI_API_KEY"].into_iter().filter_map(|it| through.key(it)));
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: [&str; 6] = [
        "claude -p hello",
        "npx -y @openai/codex@0.169 exec hi",
        "/usr/bin/gemini",
        "opencode run x",
        "copilot",
        "aider a.py",
    ];

    fn check(command: &str, credential: Credential) -> String {
        let through = Through {
            gateway: "https://gw.example.com".to_owned(),
            token: "bsr_a_b".to_owned(),
            credential,
            headers: vec![
                ("X-Bursar-Repo", "github.com/acme/shop".to_owned()),
                ("X-Bursar-Branch", "grün".to_owned()),
                ("X-Bursar-Tag", "run=77, env=\"prod\"".to_owned()),
            ],
            run: "77".to_owned(),
            own_headers: Some("X-Own: 1".to_owned()),
        };
        let command: Vec<OsString> = command.split(' ').map(OsString::from).collect();
        let launch = plan(&command, &through);
        let set = launch.set.iter().map(|(name, value)| format!("{name}={}\n", value.display()));
        let words = std::iter::once(&launch.program).chain(&launch.arguments);
        let words: Vec<String> = words.map(|it| it.display().to_string()).collect();
        assert_eq!(launch.left_out, ["X-Bursar-Branch"]);
        format!("{}{}\nwithout {:?}", set.collect::<String>(), words.join("\n  "), launch.unset)
    }

    #[test]
    fn each_client_is_told_in_its_own_way() {
        for command in COMMANDS {
            let name = command.split([' ', '@', '/', '.']).collect::<Vec<_>>().join("_");
            insta::assert_snapshot!(name, check(command, Credential::Token));
        }
    }

    #[test]
    fn a_client_may_keep_its_own_credential() {
        let all: Vec<String> = COMMANDS.iter().map(|it| check(it, Credential::Own)).collect();
        insta::assert_snapshot!(all.join("\n\n"));
    }
}

//! What `bursar doctor --server` finds: whether the server lives and works, which version
//! it is, and whom it takes the token's holder for.

use anyhow::{Result, anyhow};
use serde::Serialize;
use serde_json::Value;
use ureq::http::StatusCode;

use crate::collect::http::{Server, words};
use crate::environment::Environment;
use crate::listing::Listing;
use crate::me::Me;
use crate::output::{Format, Told};
use crate::server_option::ServerOptions;

/// This program's version.
const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that was asked, in order.
#[derive(Debug, Serialize)]
struct Checkup {
    server: String,
    /// Whether nothing is wrong.
    well: bool,
    checks: Vec<Check>,
}

/// One question and what came of it.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    state: State,
    says: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Wrong,
}

/// Asks everything; what is wrong is an error once it is printed.
pub(super) fn run(options: &ServerOptions, format: Format, environment: &Environment) -> Result<String> {
    let server = Server::of(options, environment)?;
    let checks = checks(&server);
    let wrong = checks.iter().filter(|it| it.state == State::Wrong).count();
    let checkup = Checkup { server: server.url().to_owned(), well: wrong == 0, checks };
    let told =
        Told { schema: "bursar.server_doctor/1", text: checkup.text(), body: &checkup, rows: checkup.rows() };
    let text = told.print(format)?;
    if checkup.well {
        return Ok(text);
    }
    crate::print(&text)?;
    let things = if wrong == 1 { "1 thing is".to_owned() } else { format!("{wrong} things are") };
    Err(anyhow!("{things} wrong with {}; see above", checkup.server))
}

fn checks(server: &Server) -> Vec<Check> {
    let health = match server.look("/healthz", None) {
        Ok((StatusCode::OK, _)) => ok("health", "it lives, and all of its listeners are open".to_owned()),
        Ok((status, text)) => {
            wrong("health", format!("it answers {status}: {}; is it a bursar?", words(&text)))
        }
        // Nothing else would be answered either.
        Err(error) => return vec![wrong("health", format!("{error:#}; is a server running there?"))],
    };
    let ready = match server.look("/readyz", None) {
        Ok((StatusCode::OK, _)) => ok("ready", "its database answers".to_owned()),
        Ok((status, text)) => wrong("ready", format!("it answers {status}: {}", words(&text))),
        Err(error) => wrong("ready", format!("{error:#}")),
    };
    vec![health, ready, version(server), token(server)]
}

/// The description of its API says which version it is.
fn version(server: &Server) -> Check {
    let described = server.look("/api/openapi.json", None).ok().filter(|it| it.0 == StatusCode::OK);
    let described: Option<Value> = described.and_then(|(_, text)| serde_json::from_str(&text).ok());
    let info = described.as_ref().and_then(|it| it.get("info"));
    let text = |name: &str| info.and_then(|it| it.get(name)).and_then(Value::as_str);
    match (text("title"), text("version")) {
        (Some("Bursar"), Some(OWN_VERSION)) => ok("version", format!("{OWN_VERSION}, as this program")),
        (Some("Bursar"), Some(version)) => ok("version", format!("{version}; this program is {OWN_VERSION}")),
        _ => wrong("version", "it does not describe its API; is it a bursar?".to_owned()),
    }
}

fn token(server: &Server) -> Check {
    let given = match server.token() {
        Ok(Some(token)) => token,
        Ok(None) => {
            return wrong(
                "token",
                "there is none: put one that `bursar token create` printed into BURSAR_TOKEN or \
                 ~/.config/bursar/token; without it nothing is reported, telemetry included"
                    .to_owned(),
            );
        }
        Err(error) => return wrong("token", format!("{error:#}")),
    };
    match Me::ask(server, &given) {
        Ok(me) => ok("token", me.to_string()),
        Err(error) => wrong("token", format!("{error:#}")),
    }
}

const fn ok(what: &'static str, says: String) -> Check {
    Check { what, state: State::Ok, says }
}

const fn wrong(what: &'static str, says: String) -> Check {
    Check { what, state: State::Wrong, says }
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
        }
    }
}

impl Checkup {
    fn text(&self) -> String {
        let mut lines = vec![format!("Server   {}", self.server)];
        for it in &self.checks {
            let state = if it.state == State::Wrong { "WRONG: " } else { "" };
            lines.push(insight::printable(&format!("{:<8} {state}{}", titled(it.what), it.says)));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    fn rows(&self) -> Listing {
        let mut rows = Listing::new(&["what", "state", "says"]);
        for it in &self.checks {
            rows.row([it.what, it.state.name(), &it.says].map(str::to_owned).to_vec());
        }
        rows
    }
}

/// As the first word of a line.
fn titled(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

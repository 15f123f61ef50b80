//! A server's book, over HTTP.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow};
use flate2::Compression;
use flate2::write::GzEncoder;
use ingest::delivery::Delivery;
use serde::Deserialize;
use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::sink::{Sink, Undelivered};
use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::me;
use crate::server_option::ServerOptions;

/// Where deliveries go, below the server's address.
const DELIVERIES: &str = "/api/v1/deliveries";
/// How long one request may take in all.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const ANSWER_LIMIT: u64 = 4 * 1_024 * 1_024;
/// Characters of a server's words that are passed on.
const WORDS: usize = 300;
/// Bytes of a token file or of certificates that are read.
const FILE_LIMIT: u64 = 1_024 * 1_024;

/// A server.
pub(crate) struct Server {
    url: String,
    /// The name of the book that it keeps, once it told.
    book: Option<String>,
    token: TokenSource,
    agent: Agent,
}

/// An answer in which it names its book.
#[derive(Debug, Deserialize)]
struct Named {
    book: String,
}

/// Where the token is. It is asked for anew each time: it may be replaced meanwhile.
#[derive(Debug, Clone)]
struct TokenSource {
    variable: Option<String>,
    file: Option<PathBuf>,
}

/// The server's answer to an error, as RFC 9457 has it.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
}

impl Server {
    /// The server that was named on the command line or in the environment.
    pub(crate) fn of(options: &ServerOptions, environment: &Environment) -> Result<Self> {
        let url = options.url(environment)?;
        let roots = options.ca.as_deref().map(certificates).transpose()?;
        let tls = TlsConfig::builder().root_certs(roots.unwrap_or(RootCerts::WebPki)).build();
        let agent = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(format!("bursar/{}", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build()
            .new_agent();
        Ok(Self { url, book: None, token: TokenSource::of(options, environment), agent })
    }

    /// The token that would be sent, where there is one.
    pub(crate) fn token_of(options: &ServerOptions, environment: &Environment) -> Result<Option<String>> {
        TokenSource::of(options, environment).read()
    }

    /// What it answers at an address of its own, asked with that token or with none.
    pub(crate) fn look(&self, path: &str, token: Option<&str>) -> Result<(StatusCode, String)> {
        let mut request = self.agent.get(format!("{}{path}", self.url)).header("Accept", "application/json");
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut answer = request.call().map_err(|error| anyhow!("cannot reach {}: {error}", self.url))?;
        Ok((answer.status(), text_of(&mut answer)))
    }

    /// Its address, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What connects to it.
    pub(crate) const fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Notes which book it names. A server of before books had names says nothing of it.
    fn learn(&mut self, answer: &str) {
        if let Ok(Named { book }) = serde_json::from_str(answer) {
            self.book = Some(book);
        }
    }

    /// The token that a delivery needs.
    fn pass(&self) -> Result<String, Undelivered> {
        let locked = |why: String| Undelivered::Locked { why };
        self.token.read().map_err(|error| locked(format!("{error:#}")))?.ok_or_else(|| {
            locked("there is no token: set BURSAR_TOKEN, or put it into a file for --token-file".to_owned())
        })
    }

    /// The token as it is now, where there is one.
    pub(crate) fn token(&self) -> Result<Option<String>> {
        self.token.read()
    }
}

impl Sink for Server {
    fn place(&self) -> &str {
        &self.url
    }

    fn book(&self) -> Option<&str> {
        self.book.as_deref()
    }

    /// Asks it who the token's holder is.
    fn greet(&mut self) -> Result<(), Undelivered> {
        let token = self.pass()?;
        let (status, text) = self
            .look(me::ADDRESS, Some(&token))
            .map_err(|error| Undelivered::Later { after: None, why: format!("{error:#}") })?;
        if !status.is_success() {
            return Err(refusal(&self.url, status, &text));
        }
        self.learn(&text);
        Ok(())
    }

    fn deliver(&mut self, delivery: &Delivery) -> Result<(), Undelivered> {
        let refused = |why: String| Undelivered::Refused { why };
        let json = delivery.to_json().map_err(|error| refused(error.to_string()))?;
        let body = packed(&json).map_err(|error| refused(error.to_string()))?;
        let token = self.pass()?;
        let outcome = self
            .agent
            .post(format!("{}{DELIVERIES}", self.url))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .header("Content-Encoding", "gzip")
            .header("Accept", "application/json")
            .send(&body[..]);
        match outcome {
            Ok(answer) => {
                let text = judge(&self.url, answer)?;
                self.learn(&text);
                Ok(())
            }
            Err(error) => {
                let why = format!("cannot reach {}: {error}", self.url);
                Err(Undelivered::Later { after: None, why })
            }
        }
    }
}

/// What it says, or what its refusal means for what was sent.
fn judge(url: &str, mut answer: Response<Body>) -> Result<String, Undelivered> {
    let status = answer.status();
    if status.is_success() {
        return Ok(text_of(&mut answer));
    }
    let after = answer.headers().get("retry-after").and_then(|it| it.to_str().ok()).and_then(retry_after);
    Err(match refusal(url, status, &text_of(&mut answer)) {
        Undelivered::Later { why, .. } => Undelivered::Later { after, why },
        it @ (Undelivered::TooLarge | Undelivered::Refused { .. } | Undelivered::Locked { .. }) => it,
    })
}

/// What a refusal means, with the server's words and what to do.
fn refusal(url: &str, status: StatusCode, text: &str) -> Undelivered {
    let why = format!("{url} answers {status}: {}", words(text));
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Undelivered::TooLarge,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Undelivered::Refused { why },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Undelivered::Later { after: None, why }
        }
        _ if status.is_server_error() => Undelivered::Later { after: None, why },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Undelivered::Locked {
            why: format!(
                "{why}; ask your administrator for a token of the role collector, and put it into BURSAR_TOKEN or the token file"
            ),
        },
        _ if status.is_redirection() => {
            Undelivered::Locked { why: format!("{why}; name with --server the address that it leads to") }
        }
        _ => Undelivered::Locked { why: format!("{why}; is that the address of a Bursar server?") },
    }
}

fn text_of(answer: &mut Response<Body>) -> String {
    let mut text = Vec::new();
    // What could be read says enough.
    drop(answer.body_mut().as_reader().take(ANSWER_LIMIT).read_to_end(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

/// What a server says of an error, on one line.
pub(crate) fn words(text: &str) -> String {
    let problem: Problem = serde_json::from_str(text).unwrap_or_default();
    let said = match (problem.title, problem.detail) {
        (_, Some(detail)) => detail,
        (Some(title), None) => title,
        (None, None) if text.trim().is_empty() => "nothing more".to_owned(),
        (None, None) => text.trim().to_owned(),
    };
    insight::printable(&said.chars().take(WORDS).collect::<String>())
}

/// `Retry-After`: seconds, or a date.
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    let millis = at.as_millisecond().saturating_sub(now().millis());
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or_default()))
}

fn packed(json: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json)?;
    encoder.finish()
}

/// A server's address as a user types it. One that is not of this machine must be
/// encrypted: a token goes over it.
pub(crate) fn address(url: &str) -> Result<String> {
    let trimmed = url.trim().trim_end_matches('/');
    let Some((scheme, rest)) = trimmed.split_once("://") else {
        return Err(usage(format!("`{url}` is no server: write https://HOST")));
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty()
        || host.contains('@')
        || trimmed.chars().any(|it| it.is_control() || it.is_whitespace())
    {
        return Err(usage(format!("`{}` is no server: write https://HOST", insight::printable(url))));
    }
    match scheme {
        "https" => Ok(trimmed.to_owned()),
        "http" if is_loopback(host) => Ok(trimmed.to_owned()),
        "http" => Err(usage(format!(
            "{trimmed} is not encrypted, and the token goes over it: write https://{host}"
        ))),
        _ => Err(usage(format!("`{trimmed}` is no server: write https://HOST"))),
    }
}

fn is_loopback(host: &str) -> bool {
    let name =
        host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    let name = name.trim_matches(['[', ']']);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn certificates(path: &Path) -> Result<RootCerts> {
    let pem = read(path).map_err(|error| usage(format!("cannot read {}: {error}", path.display())))?;
    let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(pem.as_bytes())
        .filter_map(Result::ok)
        .filter_map(|item| if let PemItem::Certificate(it) = item { Some(it) } else { None })
        .collect();
    if certificates.is_empty() {
        return Err(usage(format!("{} holds no certificate in PEM", path.display())));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_LIMIT).read_to_string(&mut text)?;
    Ok(text)
}

impl TokenSource {
    fn of(options: &ServerOptions, environment: &Environment) -> Self {
        let default = environment.config_folder().map(|folder| folder.join("token")).filter(|it| it.exists());
        // A file that was named counts before what happens to be in the environment.
        let variable = environment.token().filter(|_| options.token_file.is_none());
        Self { variable, file: options.token_file.clone().or(default) }
    }

    fn read(&self) -> Result<Option<String>> {
        if let Some(token) = &self.variable {
            return Ok(Some(clean(token, "BURSAR_TOKEN")?));
        }
        let Some(path) = &self.file else { return Ok(None) };
        let shown = path.display();
        let metadata =
            fs::metadata(path).map_err(|error| anyhow!("cannot read the token in {shown}: {error}"))?;
        if is_open(&metadata) {
            return Err(anyhow!("others can read the token in {shown}: chmod 600 {shown}"));
        }
        let text = read(path).map_err(|error| anyhow!("cannot read the token in {shown}: {error}"))?;
        Ok(Some(clean(&text, &shown.to_string())?))
    }
}

fn clean(text: &str, place: &str) -> Result<String> {
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|it| it.is_ascii_graphic()) {
        return Err(anyhow!("{place} holds no token: it is one word that begins with bsr_"));
    }
    Ok(token.to_owned())
}

#[cfg(unix)]
fn is_open(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
const fn is_open(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_an_address_that_is_encrypted_or_near() {
        for (url, expected) in [
            ("https://bursar.example.com", "https://bursar.example.com"),
            (" https://bursar.example.com/spend/ ", "https://bursar.example.com/spend"),
            ("http://127.0.0.1:7070", "http://127.0.0.1:7070"),
            ("http://localhost", "http://localhost"),
            ("http://[::1]:7070/", "http://[::1]:7070"),
            (
                "http://bursar.example.com",
                "http://bursar.example.com is not encrypted, and the token goes over it: write https://bursar.example.com",
            ),
            ("bursar.example.com", "`bursar.example.com` is no server: write https://HOST"),
            (
                "https://ada:secret@bursar.example.com",
                "`https://ada:secret@bursar.example.com` is no server: write https://HOST",
            ),
            ("ftp://bursar.example.com", "`ftp://bursar.example.com` is no server: write https://HOST"),
            ("https://", "`https://` is no server: write https://HOST"),
        ] {
            let shown = address(url).unwrap_or_else(|error| error.to_string());
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn the_servers_words_are_passed_on() {
        for (text, expected) in [
            (r#"{"title":"Bad","detail":"calls[3] is odd","code":"x"}"#, "calls[3] is odd"),
            (r#"{"title":"Bad"}"#, "Bad"),
            ("<html>", "<html>"),
            ("", "nothing more"),
        ] {
            assert_eq!(words(text), expected);
        }
        assert_eq!(words(&"x".repeat(1_000)).len(), WORDS);
    }

    #[test]
    fn a_server_may_ask_to_be_left_alone() {
        assert_eq!(retry_after("120"), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(retry_after("soon"), None);
    }
}

//! Asking a server instead of this machine's own logs.

use anyhow::{Context, Result, anyhow};
use insight::{Charset, Color, printable};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{Request, Response, StatusCode};

use crate::collect::http::Server;
use crate::environment::Environment;
use crate::failure::usage;
use crate::server_option::ServerOptions;

/// The code of a refusal where a server has no such address.
const NO_ADDRESS: &str = "no_such_address";
/// The longest answer that is read.
const ANSWER_BYTES: u64 = 256 * 1_024 * 1_024;

/// The parameters of a request.
pub(crate) type Pairs = Vec<(&'static str, String)>;

/// A server and the token to ask it with.
pub(crate) struct Client {
    server: Server,
    token: String,
}

/// What is asked.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'static str,
    /// Under the server's address, percent-encoded.
    pub(crate) path: &'a str,
    pub(crate) pairs: &'a [(&'static str, String)],
    /// Media type and text.
    pub(crate) body: Option<(&'static str, String)>,
}

impl Client {
    /// The server that was named, asked with the token that there is.
    pub(crate) fn new(options: &ServerOptions, environment: &Environment) -> Result<Self> {
        let server = Server::of(options, environment)?;
        let token = server.token()?.ok_or_else(|| {
            usage(
                "there is no token: put one that `bursar token create` printed into BURSAR_TOKEN, into \
                 ~/.config/bursar/token, or into a file for --token-file",
            )
        })?;
        Ok(Self { server, token })
    }

    /// The token that it is asked with.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The text of an answer.
    pub(crate) fn get(&self, path: &str, pairs: &[(&'static str, String)]) -> Result<String> {
        self.ask(&Ask { method: "GET", path, pairs, body: None })
    }

    /// An answer as JSON.
    pub(crate) fn json(&self, ask: &Ask<'_>) -> Result<Value> {
        serde_json::from_str(&self.ask(ask)?).context("the server's answer is not JSON; is it a bursar?")
    }

    /// An answer of a known form.
    pub(crate) fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let answer = self.json(&Ask { method: "GET", path, pairs: &[], body: None })?;
        serde_json::from_value(answer)
            .context("the server's answer has another form; is it of another version?")
    }

    /// The rows of all pages of a list, in the field of that name.
    pub(crate) fn pages(&self, path: &str, field: &str) -> Result<Vec<Value>> {
        self.pages_of(path, &[], field)
    }

    /// The same, of a list that takes parameters.
    pub(crate) fn pages_of(
        &self,
        path: &str,
        given: &[(&'static str, String)],
        field: &str,
    ) -> Result<Vec<Value>> {
        let (mut rows, mut pairs) = (Vec::new(), given.to_vec());
        loop {
            let mut page = self.json(&Ask { method: "GET", path, pairs: &pairs, body: None })?;
            let found = page.get_mut(field).and_then(Value::as_array_mut).map(std::mem::take);
            rows.extend(found.unwrap_or_default());
            match page.get("next").and_then(Value::as_str) {
                Some(next) => {
                    pairs = given.to_vec();
                    pairs.push(("cursor", next.to_owned()));
                }
                None => return Ok(rows),
            }
        }
    }

    /// The text of the answer to anything.
    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Result<String> {
        let server = self.server.url();
        let mut address = format!("{server}{}", ask.path);
        for (at, (name, value)) in ask.pairs.iter().enumerate() {
            let sign = if at == 0 { '?' } else { '&' };
            address.push(sign);
            address.push_str(name);
            address.push('=');
            address.push_str(&encoded(value));
        }
        let mut request = Request::builder()
            .method(ask.method)
            .uri(&address)
            .header("authorization", format!("Bearer {}", self.token));
        if let Some((kind, _)) = &ask.body {
            request = request.header("content-type", *kind);
        }
        let body = ask.body.as_ref().map(|it| it.1.clone()).unwrap_or_default();
        let request = request
            .body(body)
            .map_err(|_| usage(format!("the server's address `{server}` or the token is malformed")))?;
        let answer = self
            .server
            .agent()
            .run(request)
            .map_err(|error| anyhow!("cannot reach {server} ({error}); is a server running there?"))?;
        self.understood(answer, ask)
    }

    fn understood(&self, mut answer: Response<ureq::Body>, ask: &Ask<'_>) -> Result<String> {
        let status = answer.status();
        let text = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES)
            .read_to_string()
            .with_context(|| format!("the answer of {} broke off", self.server.url()))?;
        if status.is_success() {
            return Ok(text);
        }
        let problem: Value = serde_json::from_str(&text).unwrap_or_default();
        if problem.get("code").and_then(Value::as_str) == Some(NO_ADDRESS) {
            let (server, Ask { method, path, .. }) = (self.server.url(), ask);
            return Err(usage(format!(
                "{server} does not answer `{method} {path}`: it is older than this program; \
                 `bursar doctor --server {server}` tells both versions"
            )));
        }
        Err(refused(status, &problem, self.server.url()))
    }
}

/// What a refusal says, for people.
fn refused(status: StatusCode, problem: &Value, server: &str) -> anyhow::Error {
    let field = |name: &str| problem.get(name).and_then(Value::as_str).map(printable);
    let Some(detail) = field("detail") else {
        return anyhow!("{server} answered {status}; is it a bursar?");
    };
    let mut message = detail;
    for it in problem.get("problems").and_then(Value::as_array).into_iter().flatten() {
        let detail = it.get("detail").and_then(Value::as_str).unwrap_or_default();
        message.push_str("\n  ");
        message.push_str(&printable(detail));
    }
    let owner = problem.pointer("/shortfall/owner").and_then(Value::as_str).map(printable);
    message.extend(owner.map(|it| format!("\n  ask {it}")));
    message.extend(field("hint").map(|it| format!("\n  {it}")));
    if status.is_server_error() {
        let id = field("request_id").unwrap_or_default();
        return anyhow!("{message} ({status}, request {id})");
    }
    usage(message)
}

/// A text as a part of an address.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(digit), 16).map(|it| it.to_ascii_uppercase()));
            }
        }
    }
    out
}

/// What the terminal can show, as the server is told.
pub(crate) fn terminal_pairs(environment: &Environment) -> Pairs {
    let terminal = environment.terminal();
    let charset = match terminal.charset {
        Charset::Ascii => "ascii",
        Charset::Unicode => "unicode",
    };
    let color = matches!(terminal.color, Color::On);
    vec![("width", terminal.width.to_string()), ("color", color.to_string()), ("charset", charset.to_owned())]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_encoded_for_addresses() {
        assert_eq!(encoded("acme/*,!x y é"), "acme%2F%2A%2C%21x%20y%20%C3%A9");
        assert_eq!(encoded("a-b_c.d~e"), "a-b_c.d~e");
    }

    #[test]
    fn refusals_are_told_in_the_servers_words() {
        let problem = json!({"detail": "the entries do not fit together", "problems": [{"detail": "x"}]});
        let error = refused(StatusCode::UNPROCESSABLE_ENTITY, &problem, "http://s");
        assert_eq!(error.to_string(), "the entries do not fit together\n  x");
        let error = refused(StatusCode::BAD_GATEWAY, &Value::Null, "http://s");
        assert_eq!(error.to_string(), "http://s answered 502 Bad Gateway; is it a bursar?");
    }
}

//! The tables `[gateway]` and `[upstreams.NAME]` of a server's settings file.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use domain::{NanoUsd, PicoUsd, Provider};
use gateway::{Credentials, Dialect, KeyHeader, LoopLimits, Policy, Secret, Settings, UpstreamSettings};
use pricing::Pricer;
use serde::Deserialize;
use server::GatewayOptions;

use crate::environment::Environment;
use crate::failure::usage;
use crate::sealed;

/// Where calls go unless told otherwise: to the providers themselves, with what
/// credential the client has.
const PROVIDERS: [(&str, &str); 3] = [
    ("anthropic", "https://api.anthropic.com"),
    ("openai", "https://api.openai.com/v1"),
    ("gemini", "https://generativelanguage.googleapis.com"),
];

/// What goes for all calls.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GatewayTable {
    pub(crate) listen: Option<String>,
    pub(crate) folder: Option<PathBuf>,
    /// Patterns of the models that may be used; all, where there are none.
    models: Vec<String>,
    most_per_call_usd: Option<String>,
    loops: LoopsTable,
}

/// When a session counts as running away.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LoopsTable {
    /// So many failures of a tool in a row, all alike; 0 switches it off.
    failures: Option<u32>,
    /// So many times what is usual for the session in five minutes; 0 switches it off.
    times_usual: Option<u32>,
    /// What may be spent in five minutes whatever is usual.
    floor_usd: Option<String>,
    /// What is never spent in five minutes.
    most_usd: Option<String>,
}

/// Where calls go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamTable {
    base_url: String,
    api_key: Option<String>,
    #[serde(default)]
    api_keys: Vec<String>,
    key_header: Option<Header>,
    provider: Option<String>,
    dialects: Option<Vec<String>>,
    connections: Option<usize>,
    /// Who vouches for it, in place of the public authorities: a file of certificates.
    pub(crate) certificate_authority: Option<PathBuf>,
    connect_seconds: Option<u64>,
    first_byte_seconds: Option<u64>,
    idle_seconds: Option<u64>,
}

/// In which header a key goes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Header {
    Authorization,
    XApiKey,
    XGoogApiKey,
}

impl UpstreamTable {
    fn settings(self, name: &str, environment: &Environment) -> Result<UpstreamSettings> {
        let mut upstream = UpstreamSettings::new(name, &self.base_url);
        let mut keys = Vec::new();
        for (place, key) in self
            .api_key
            .iter()
            .map(|it| ("api_key", it))
            .chain(self.api_keys.iter().map(|it| ("api_keys", it)))
        {
            let key = sealed::plain(key, &format!("upstreams.{name}.{place}"), environment)?;
            keys.push(Secret::new(&key));
        }
        if !keys.is_empty() {
            upstream.credentials = Credentials::Keys(keys);
        }
        if let Some(header) = self.key_header {
            upstream.key_header = match header {
                Header::Authorization => KeyHeader::Bearer,
                Header::XApiKey => KeyHeader::XApiKey,
                Header::XGoogApiKey => KeyHeader::XGoogApiKey,
            };
        }
        if let Some(provider) = &self.provider {
            upstream.provider = Provider::new(provider);
        }
        if let Some(dialects) = self.dialects {
            let read = |it: &String| dialect(name, it);
            upstream.dialects = dialects.iter().map(read).collect::<Result<_>>()?;
        }
        let times = [
            ("connect_seconds", self.connect_seconds, &mut upstream.timeouts.connect),
            ("first_byte_seconds", self.first_byte_seconds, &mut upstream.timeouts.first_byte),
            ("idle_seconds", self.idle_seconds, &mut upstream.timeouts.idle),
        ];
        for (key, given, time) in times {
            match given {
                Some(0) => return Err(nothing(name, key)),
                Some(seconds) => *time = Duration::from_secs(seconds),
                None => {}
            }
        }
        match self.connections {
            Some(0) => return Err(nothing(name, "connections")),
            Some(connections) => upstream.connections = connections,
            None => {}
        }
        if let Some(path) = &self.certificate_authority {
            let text = fs::read_to_string(path).map_err(|error| {
                usage(format!("`upstreams.{name}.certificate_authority`, {}: {error}", path.display()))
            })?;
            upstream.authorities = Some(text);
        }
        Ok(upstream)
    }
}

fn nothing(name: &str, key: &str) -> anyhow::Error {
    usage(format!("`upstreams.{name}.{key}` is 0, and no call would go through: give a larger number"))
}

fn dialect(upstream: &str, text: &str) -> Result<Dialect> {
    Dialect::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| {
        let known = Dialect::ALL.map(Dialect::name).join(", ");
        usage(format!("`upstreams.{upstream}.dialects` has `{text}`, which is none: give some of {known}"))
    })
}

impl GatewayTable {
    fn policy(self) -> Result<Policy> {
        let usual = LoopLimits::default();
        let on = |given: Option<u32>, usual| given.map_or(usual, |it| (it > 0).then_some(it));
        let floor = amount("gateway.loops.floor_usd", self.loops.floor_usd.as_deref())?;
        Ok(Policy {
            models: self.models,
            most_per_call: amount("gateway.most_per_call_usd", self.most_per_call_usd.as_deref())?,
            loops: LoopLimits {
                failures: on(self.loops.failures, usual.failures),
                times_usual: on(self.loops.times_usual, usual.times_usual),
                floor: floor.unwrap_or(usual.floor),
                most: amount("gateway.loops.most_usd", self.loops.most_usd.as_deref())?,
            },
        })
    }
}

/// An amount of money, where one is given.
fn amount(key: &str, text: Option<&str>) -> Result<Option<NanoUsd>> {
    let Some(text) = text else { return Ok(None) };
    let exact: Option<PicoUsd> = text.parse().ok();
    let amount = exact.and_then(|it| it.round_half_even().ok()).filter(|it| *it > NanoUsd::ZERO);
    amount.map(Some).ok_or_else(|| {
        usage(format!("`{key}` is `{text}`, which is no amount: give US dollars as text, such as \"2.50\""))
    })
}

/// What the gateway is started with.
pub(crate) fn options(
    (listen, folder): (SocketAddr, PathBuf),
    (table, upstreams): (GatewayTable, BTreeMap<String, UpstreamTable>),
    prices: &Pricer,
    environment: &Environment,
) -> Result<GatewayOptions> {
    let upstreams: Vec<UpstreamSettings> = if upstreams.is_empty() {
        PROVIDERS.iter().map(|(name, base_url)| UpstreamSettings::new(name, base_url)).collect()
    } else {
        upstreams
            .into_iter()
            .map(|(name, table)| table.settings(&name, environment))
            .collect::<Result<_>>()?
    };
    let mut settings = Settings::new(prices.clone());
    (settings.upstreams, settings.policy) = (upstreams, table.policy()?);
    Ok(GatewayOptions { listen, folder, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        gateway: GatewayTable,
        upstreams: BTreeMap<String, UpstreamTable>,
    }

    fn check(text: &str, expected: &str) {
        let prices = Pricer::new(pricing::PriceBook::bundled().unwrap(), None);
        let file: File = toml::from_str(text).unwrap();
        let listens = ("127.0.0.1:0".parse().unwrap(), PathBuf::from("till"));
        let options = options(listens, (file.gateway, file.upstreams), &prices, &Environment::read());
        let said = options.map_or_else(
            |error| error.to_string(),
            |it| {
                let upstream = |it: &UpstreamSettings| {
                    let keys = match &it.credentials {
                        Credentials::PassThrough => "passed through".to_owned(),
                        Credentials::Keys(keys) => format!("{} keys", keys.len()),
                    };
                    format!("{} -> {} ({keys})", it.name, it.base_url)
                };
                it.settings.upstreams.iter().map(upstream).collect::<Vec<_>>().join(", ")
            },
        );
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn the_example_is_understood() {
        let table: toml::Table = include_str!("../../../docs/examples/server.toml").parse().unwrap();
        let mut ours = toml::Table::new();
        for key in ["gateway", "upstreams"] {
            ours.insert(key.to_owned(), table[key].clone());
        }
        check(
            &ours.to_string(),
            "anthropic -> https://api.anthropic.com (1 keys), proxied -> https://models.example.com/v1 (2 keys)",
        );
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let upstream = "[gateway]\n[upstreams.a]\nbase_url = \"http://a\"\n";
        check(upstream, "a -> http://a (passed through)");
        check(
            &format!("{upstream}dialects = [\"cobol\"]"),
            "`upstreams.a.dialects` has `cobol`, which is none: give some of anthropic, openai-chat, \
             openai-responses, gemini",
        );
        check(
            &format!("{upstream}idle_seconds = 0"),
            "`upstreams.a.idle_seconds` is 0, and no call would go through: give a larger number",
        );
        check(
            "[gateway]\nmost_per_call_usd = \"much\"\n[upstreams]",
            "`gateway.most_per_call_usd` is `much`, which is no amount: give US dollars as text, such as \"2.50\"",
        );
    }
}

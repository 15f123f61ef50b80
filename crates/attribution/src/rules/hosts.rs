//! Rules for self-hosted git servers, whose addresses no general rule can tell apart.
//!
//! They work on ids, not on URLs, so that what was found earlier follows a changed rule.

use std::collections::HashMap;

use domain::RepoId;

use crate::repo_id::SSH_ALIAS;

/// The rules by host, in lower case and without a port.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts(pub(super) HashMap<String, HostRule>);

/// What is known of one server.
#[derive(Debug, Clone, Default)]
pub(super) struct HostRule {
    /// The host under which its repositories are reported.
    pub(super) same_as: Option<String>,
    /// What its paths start with over one way of access and not over the other: `scm`, `a`.
    pub(super) strip: Option<String>,
    /// Ports that say nothing.
    pub(super) ports: Vec<u16>,
    /// Whether upper and lower case mean the same in its paths.
    pub(super) ignore_case: bool,
}

impl Hosts {
    pub(super) fn apply(&self, id: &RepoId) -> RepoId {
        if self.0.is_empty() {
            return id.clone();
        }
        let text = id.as_str().strip_prefix(SSH_ALIAS).unwrap_or(id.as_str());
        let Some((address, path)) = text.split_once('/') else { return id.clone() };
        let (host, port) = split_port(address);
        let Some(rule) = self.0.get(host) else { return id.clone() };
        let path = rule
            .strip
            .as_deref()
            .and_then(|start| path.strip_prefix(start)?.strip_prefix('/'))
            .unwrap_or(path);
        let path = if rule.ignore_case { path.to_lowercase() } else { path.to_owned() };
        let host = rule.same_as.as_deref().unwrap_or(host);
        match port.filter(|it| !rule.ports.contains(it)) {
            Some(port) => RepoId::new(&format!("{host}:{port}/{path}")),
            None => RepoId::new(&format!("{host}/{path}")),
        }
    }
}

fn split_port(address: &str) -> (&str, Option<u16>) {
    match address.rsplit_once(':') {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (address, None),
        },
        None => (address, None),
    }
}

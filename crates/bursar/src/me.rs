//! Whom a server takes the holder of a token for.

use std::fmt;

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;

use crate::collect::http::{Server, words};

/// Where a server says it.
pub(crate) const ADDRESS: &str = "/api/v1/me";

/// What a server says of a token.
#[derive(Debug, Deserialize)]
pub(crate) struct Me {
    /// The public part of the token.
    token: String,
    role: String,
    developer: Option<String>,
    #[serde(default)]
    teams: Vec<String>,
    expires_at: Option<String>,
}

impl Me {
    /// Asks. An error says what is wrong with the token or the server, and what to do.
    pub(crate) fn ask(server: &Server, token: &str) -> Result<Self> {
        let (status, text) = server.look(ADDRESS, Some(token))?;
        if !status.is_success() {
            return Err(anyhow!("{} answers {status}: {}", server.url(), words(&text)));
        }
        serde_json::from_str(&text).with_context(|| {
            format!(
                "what {} answers is not understood; is that the address of a Bursar server?",
                server.url()
            )
        })
    }
}

impl fmt::Display for Me {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, of the role {}", self.token, self.role)?;
        if let Some(developer) = &self.developer {
            write!(f, ", of {developer}")?;
        }
        if !self.teams.is_empty() {
            write!(f, ", for {}", self.teams.join(", "))?;
        }
        match &self.expires_at {
            Some(at) => write!(f, ", until {at}"),
            None => Ok(()),
        }
    }
}

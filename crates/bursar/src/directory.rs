//! A server's directory, as far as administration looks at it: who there is.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;

/// The teams and developers of a company.
#[derive(Debug, Deserialize, Default)]
pub(crate) struct Directory {
    #[serde(default)]
    pub(crate) developer: Vec<Developer>,
    #[serde(default)]
    team: Vec<Team>,
}

/// A person.
#[derive(Debug, Deserialize)]
pub(crate) struct Developer {
    pub(crate) id: String,
    #[serde(default)]
    identities: Vec<String>,
    /// One name where it never changed.
    #[serde(default)]
    pub(crate) team: Value,
}

#[derive(Debug, Deserialize)]
struct Team {
    id: String,
}

impl Directory {
    /// The directory of a server. Not every role may read it.
    pub(crate) fn ask(client: &Client) -> Result<Self> {
        client.read("/api/v1/org")
    }

    /// The developers' ids by each of their identities, in small letters.
    pub(crate) fn by_identity(&self) -> BTreeMap<String, &str> {
        let of = |it: &'_ Developer| -> Vec<String> {
            it.identities.iter().chain([&it.id]).map(|it| it.to_lowercase()).collect()
        };
        let all = self.developer.iter().flat_map(|it| of(it).into_iter().map(|name| (name, it.id.as_str())));
        all.collect()
    }

    /// What to say of a developer that it does not know.
    pub(crate) fn doubt_developer(&self, developer: &str) -> Option<String> {
        let known = self.by_identity().contains_key(&developer.trim().to_lowercase());
        (!known).then(|| {
            format!(
                "the directory knows no developer `{developer}`: what is reported belongs to no team until \
                 `bursar org apply` adds them"
            )
        })
    }

    /// What to say of a team that it does not know.
    pub(crate) fn doubt_team(&self, team: &str) -> Option<String> {
        let known = self.team.iter().any(|it| it.id == team);
        let names: Vec<&str> = self.team.iter().map(|it| it.id.as_str()).collect();
        (!known).then(|| match names.as_slice() {
            [] => format!("the directory knows no team `{team}`, nor any other; `bursar org apply` adds it"),
            _ => format!("the directory knows no team `{team}`; it has {}", names.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_known_is_named() {
        let text = r#"{"developer": [{"id": "ada@example.com", "identities": ["Ada@Old.example"]}],
                       "team": [{"id": "core"}, {"id": "web"}]}"#;
        let directory: Directory = serde_json::from_str(text).unwrap();
        for (developer, known) in [("ADA@example.com", true), ("ada@old.example", true), ("bob@x.y", false)] {
            assert_eq!(directory.doubt_developer(developer).is_none(), known, "{developer}");
        }
        let doubt = |team: &str| directory.doubt_team(team).unwrap_or_default();
        assert_eq!(doubt("core"), "");
        assert_eq!(doubt("cor"), "the directory knows no team `cor`; it has core, web");
        assert_eq!(
            Directory::default().doubt_team("core").unwrap(),
            "the directory knows no team `core`, nor any other; `bursar org apply` adds it"
        );
    }
}

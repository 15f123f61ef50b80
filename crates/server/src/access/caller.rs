//! Who a request comes from: taken from its credential and from nothing else.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use domain::Developer;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::role::{Right, Role};
use super::token::TokenEntry;
use super::view::View;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::sight::Sight;
use crate::register::{Settings, Standing};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The public part of the token.
    pub(crate) public: String,
    /// What the books know of it.
    pub(crate) token: TokenEntry,
}

impl Caller {
    /// What the token is for.
    pub(crate) const fn role(&self) -> Role {
        self.token.role
    }

    /// The person that it belongs to.
    pub(crate) const fn developer(&self) -> Option<&Developer> {
        self.token.developer.as_ref()
    }

    /// How the audit log calls whoever it is.
    pub(crate) fn actor(&self) -> String {
        self.developer().map_or_else(
            || format!("token:{}", self.public),
            |developer| format!("{developer} (token:{})", self.public),
        )
    }

    /// Refuses who may not do that.
    pub(crate) const fn must(&self, right: Right) -> Result<(), Failure> {
        if self.role().may(right) { Ok(()) } else { Err(Failure::Forbidden { role: self.role(), right }) }
    }

    /// What the caller sees of the book.
    pub(crate) fn view(&self, settings: &Settings) -> Result<View, Failure> {
        self.must(Right::ReadFigures)?;
        let of_teams = || {
            let teams = self.token.teams.clone();
            if teams.is_empty() { Sight::Everything } else { Sight::Teams(teams) }
        };
        Ok(match self.role() {
            Role::Owner | Role::Admin => View { sight: Sight::Everything, individuals: true },
            Role::Finance => View { sight: of_teams(), individuals: settings.individuals_visible_to_finance },
            // Without teams a lead leads nobody.
            Role::Lead => View { sight: Sight::Teams(self.token.teams.clone()), individuals: true },
            Role::Developer | Role::Collector => {
                let own = self.developer().cloned().map_or(Sight::Nothing, Sight::Own);
                View { sight: own, individuals: true }
            }
        })
    }
}

impl FromRequestParts<Desk> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Failure> {
        let caller = desk.caller(&parts.headers).await?;
        if let Some(said) = parts.extensions.get::<crate::traffic::Said>() {
            said.token(&caller.public);
        }
        Ok(caller)
    }
}

/// The token that a request carries.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Failure> {
    let value = headers.get(AUTHORIZATION).ok_or(Failure::NoToken)?;
    let text = value.to_str().map_err(|_| Failure::BadToken)?;
    let (scheme, token) = text.trim().split_once(' ').ok_or(Failure::NoToken)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Failure::NoToken) }
}

impl Desk {
    /// Who sent a request with these headers. The one way in for API and receivers.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Failure> {
        self.caller_of(bearer(headers)?).await
    }

    /// Whose token that is.
    pub(crate) async fn caller_of(&self, token: &str) -> Result<Caller, Failure> {
        let presented = super::Presented::of(token).ok_or(Failure::BadToken)?;
        let mut standing = self.register().current().await?;
        if !standing.tokens.contains_key(&presented.public) {
            // Another process may have made it just now.
            standing = self.register().fresh().await?;
        }
        self.known_caller(&standing, presented)
    }

    /// Whose token that is that a call came with, and what stood in the books then.
    pub(crate) async fn caller_of_call(&self, token: &str) -> Result<(Caller, Arc<Standing>), Failure> {
        let presented = super::Presented::of(token).ok_or(Failure::BadToken)?;
        let mut standing = self.register().current_or_last().await?;
        if !standing.tokens.contains_key(&presented.public) {
            standing = self.register().fresh().await?;
        }
        Ok((self.known_caller(&standing, presented)?, standing))
    }

    fn known_caller(&self, standing: &Standing, presented: super::Presented) -> Result<Caller, Failure> {
        let token =
            standing.tokens.get(&presented.public).filter(|it| presented.is(it)).ok_or(Failure::BadToken)?;
        match token.state(self.now()) {
            "active" => Ok(Caller { public: presented.public, token: token.clone() }),
            "expired" => Err(Failure::TokenExpired),
            _ => Err(Failure::TokenRevoked),
        }
    }
}

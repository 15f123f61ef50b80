//! Who a request comes from: taken from its credential and from nothing else.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use domain::{Developer, Timestamp};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::role::{Right, Role};
use super::same_origin::Asking;
use super::sign_in::{CookieName, Shown};
use super::token::TokenEntry;
use super::view::View;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::sight::Sight;
use crate::register::{Settings, Standing};
use crate::traffic::Said;

/// Where a proxy in front says how the request came to it.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The public part of the token.
    pub(crate) public: String,
    /// What the books know of it.
    pub(crate) token: TokenEntry,
    /// The sign-in that stands for it, where it is not shown itself.
    pub(crate) sign_in: Option<String>,
}

impl Caller {
    /// Whoever has that token.
    pub(crate) fn of_token(public: &str, token: &TokenEntry) -> Self {
        Self { public: public.to_owned(), token: token.clone(), sign_in: None }
    }

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
        let said = parts.extensions.get::<Said>();
        let caller = if parts.headers.contains_key(AUTHORIZATION) {
            desk.caller(&parts.headers).await?
        } else {
            desk.visitor(parts, said).await?
        };
        if let Some(said) = said {
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
    /// Who sent a request with these headers: the way in for receivers, and for the API
    /// where no page asks.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Failure> {
        self.caller_of(bearer(headers)?).await
    }

    /// Who sent a request from the page, by the cookie of their sign-in.
    async fn visitor(&self, parts: &Parts, said: Option<&Said>) -> Result<Caller, Failure> {
        let name = self.cookie_name(&parts.headers);
        let shown = Shown::of(&parts.headers, &name).ok_or(Failure::NoToken)?;
        let asking = Asking { method: &parts.method, uri: &parts.uri, headers: &parts.headers };
        asking.must_come_from_the_page()?;
        let mut standing = self.register().current().await?;
        if !standing.sign_ins.contains_key(&shown.public) {
            // Another process may have made it just now.
            standing = self.register().fresh().await?;
        }
        let now = self.now();
        let entry = standing.sign_ins.get(&shown.public).ok_or(Failure::SignInOver)?;
        let token = standing.tokens.get(&entry.token).ok_or(Failure::SignInOver)?;
        if !shown.is(entry, token, now) {
            return Err(Failure::SignInOver);
        }
        let caller = Caller::of_token(&entry.token, token.active(now)?);
        if let (Some(renewed), Some(said)) = (shown.renewed(token, now), said) {
            said.cookie(renewed.cookie(&name)?);
        }
        Ok(Caller { sign_in: Some(shown.public), ..caller })
    }

    /// What the cookie is called that comes with these headers, or goes back.
    pub(crate) fn cookie_name(&self, headers: &HeaderMap) -> CookieName {
        CookieName::of(self.store().id(), self.is_encrypted(headers))
    }

    /// Whether what comes with these headers was encrypted on its way, as far as the server
    /// or a proxy in front of it knows. Who lies about it makes their own cookie worse.
    fn is_encrypted(&self, headers: &HeaderMap) -> bool {
        let forwarded = headers.get(FORWARDED_PROTO).and_then(|it| it.to_str().ok());
        // Of several proxies the first is the one that the browser spoke to.
        let first = forwarded.and_then(|it| it.split(',').next());
        self.has_certificate() || first.is_some_and(|it| it.trim().eq_ignore_ascii_case("https"))
    }

    /// Whose token that is.
    pub(crate) async fn caller_of(&self, token: &str) -> Result<Caller, Failure> {
        let presented = super::Presented::of(token).ok_or(Failure::BadToken)?;
        let mut standing = self.register().current().await?;
        if !standing.tokens.contains_key(&presented.public) {
            // Another process may have made it just now.
            standing = self.register().fresh().await?;
        }
        self.known_caller(&standing, &presented)
    }

    /// Whose token that is that a call came with, and what stood in the books then.
    pub(crate) async fn caller_of_call(&self, token: &str) -> Result<(Caller, Arc<Standing>), Failure> {
        let presented = super::Presented::of(token).ok_or(Failure::BadToken)?;
        let mut standing = self.register().current_or_last().await?;
        if !standing.tokens.contains_key(&presented.public) {
            standing = self.register().fresh().await?;
        }
        Ok((self.known_caller(&standing, &presented)?, standing))
    }

    fn known_caller(&self, standing: &Standing, presented: &super::Presented) -> Result<Caller, Failure> {
        let token =
            standing.tokens.get(&presented.public).filter(|it| presented.is(it)).ok_or(Failure::BadToken)?;
        Ok(Caller::of_token(&presented.public, token.active(self.now())?))
    }
}

impl TokenEntry {
    /// The token, where it is taken.
    fn active(&self, now: Timestamp) -> Result<&Self, Failure> {
        match self.state(now) {
            "active" => Ok(self),
            "expired" => Err(Failure::TokenExpired),
            _ => Err(Failure::TokenRevoked),
        }
    }
}

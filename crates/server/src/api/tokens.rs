//! Tokens: made, listed, revoked. The secret of one is shown once, when it is made.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use domain::{Developer, Team, Timestamp};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use store::Act;
use utoipa::ToSchema;

use super::{Given, Pairs, moment};
use crate::access::{Caller, Minted, Right, Role, TokenEntry, WireToken};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register::{Decision, Standing, TOKEN, change};
use crate::traffic;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The longest life of a token that has one, in days.
const MOST_DAYS: i64 = 3_650;
/// The longest label, in bytes.
const MAX_LABEL_BYTES: usize = 200;
/// The longest identity of a developer, in bytes.
const MAX_DEVELOPER_BYTES: usize = 320;

/// What a new token shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// owner, admin, finance, lead, developer or collector
    role: String,
    /// Whose it is. A developer's token needs it; what a collector's token reports is theirs.
    developer: Option<String>,
    /// The teams that it is limited to, those below included. A lead's token needs some, one
    /// of finance may have some.
    #[serde(default)]
    teams: BTreeSet<String>,
    /// What it is for, in words.
    #[serde(default)]
    label: String,
    /// After how many days it expires; never where missing.
    expires_in_days: Option<i64>,
}

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedToken {
    /// Its public part, by which it is revoked.
    public: String,
    role: &'static str,
    developer: Option<String>,
    teams: Vec<String>,
    label: String,
    /// active, expired or revoked
    state: &'static str,
    created_at: String,
    created_by: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    /// The token itself. It is shown here and never again.
    token: String,
    #[serde(flatten)]
    listed: ListedToken,
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    tokens: Vec<ListedToken>,
    /// Give it as `cursor` for the next page; none at the end.
    next: Option<String>,
}

impl ListedToken {
    fn of(public: &str, token: &TokenEntry, now: Timestamp) -> Self {
        Self {
            public: public.to_owned(),
            role: token.role.name(),
            developer: token.developer.as_ref().map(|it| it.as_str().to_owned()),
            teams: token.teams.iter().map(|it| it.as_str().to_owned()).collect(),
            label: token.label.clone(),
            state: token.state(now),
            created_at: moment(token.created_at),
            created_by: token.created_by.clone(),
            expires_at: token.expires_at.map(moment),
            revoked_at: token.revoked_at.map(moment),
        }
    }
}

/// All tokens, without their secrets
#[utoipa::path(get, operation_id = "listTokens", path = "/api/v1/tokens", tag = "access",
    params(("limit" = Option<usize>, Query, description = "rows of a page"),
           ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = Tokens)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Tokens>, Failure> {
    caller.must(Right::Tokens)?;
    let given = Given::only(&pairs, &["limit", "cursor"])?;
    let (limit, after) = (given.limit(&desk)?, given.text("cursor"));
    let standing = desk.register().fresh().await?;
    let mut all: Vec<_> =
        standing.tokens.iter().filter(|it| after.is_none_or(|after| it.0.as_str() > after)).collect();
    all.sort_by_key(|it| it.0);
    let next = (all.len() > limit).then(|| all.get(limit.saturating_sub(1)).map(|it| it.0.clone())).flatten();
    let now = desk.now();
    let tokens = all.into_iter().take(limit).map(|(public, it)| ListedToken::of(public, it, now)).collect();
    Ok(Json(Tokens { tokens, next }))
}

/// A new token
#[utoipa::path(post, operation_id = "createToken", path = "/api/v1/tokens", tag = "access", request_body = NewToken,
    params(("reason" = Option<String>, Query, description = "why, for the audit log")),
    responses((status = 201, body = MadeToken)))]
pub(crate) async fn create(
    State(desk): State<Desk>,
    caller: Caller,
    Query(pairs): Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MadeToken>), Failure> {
    caller.must(Right::Tokens)?;
    let reason = Given::only(&pairs, &["reason"])?.text("reason").map(str::to_owned);
    let body = traffic::body(&desk, &headers, body).await?;
    let wanted: NewToken = serde_json::from_slice(&body).map_err(|it| Failure::Body(it.to_string()))?;
    let minted = Minted::new()?;
    let public = &minted.presented.public;
    let decision = |standing: &Standing| {
        let entry = wanted.entry(standing, &caller, desk.now(), minted.presented.digest())?;
        if entry.role == Role::Owner {
            caller.must(Right::OwnerTokens)?;
        }
        let act = act(&desk, &caller, "token.create", reason.clone(), (public, &entry))?;
        Ok(Decision::Act(act, entry))
    };
    let (entry, _) = desk.register().decide(decision).await?;
    let listed = ListedToken::of(public, &entry, desk.now());
    Ok((StatusCode::CREATED, Json(MadeToken { token: minted.text, listed })))
}

/// Revokes a token. It stays in the list, and is never taken again
#[utoipa::path(delete, operation_id = "revokeToken", path = "/api/v1/tokens/{public}", tag = "access",
    params(("public" = String, Path, description = "the public part of the token"),
           ("reason" = Option<String>, Query, description = "why, for the audit log")),
    responses((status = 200, body = ListedToken)))]
pub(crate) async fn revoke(
    State(desk): State<Desk>,
    caller: Caller,
    Path(public): Path<String>,
    Query(pairs): Pairs,
) -> Result<Json<ListedToken>, Failure> {
    caller.must(Right::Tokens)?;
    let reason = Given::only(&pairs, &["reason"])?.text("reason").map(str::to_owned);
    let decision = |standing: &Standing| {
        let unknown = || Failure::NotFound { what: "token", id: public.clone() };
        let mut entry = standing.tokens.get(&public).cloned().ok_or_else(unknown)?;
        if entry.role == Role::Owner {
            caller.must(Right::OwnerTokens)?;
            must_leave_an_owner(standing, &public, desk.now())?;
        }
        if entry.revoked_at.is_some() {
            return Ok(Decision::Nothing(entry));
        }
        entry.revoked_at = Some(desk.now());
        let act = act(&desk, &caller, "token.revoke", reason.clone(), (&public, &entry))?;
        Ok(Decision::Act(act, entry))
    };
    let (entry, _) = desk.register().decide(decision).await?;
    Ok(Json(ListedToken::of(&public, &entry, desk.now())))
}

fn must_leave_an_owner(standing: &Standing, without: &str, now: Timestamp) -> Result<(), Failure> {
    let mut others = standing.tokens.iter().filter(|it| *it.0 != without && it.1.role == Role::Owner);
    if others.any(|it| it.1.state(now) == "active") {
        return Ok(());
    }
    let why = "this is the only owner's token; create another before you revoke it";
    Err(Failure::Token(why.to_owned()))
}

/// What writes a token into the books.
fn act(
    desk: &Desk,
    caller: &Caller,
    action: &str,
    reason: Option<String>,
    (public, token): (&str, &TokenEntry),
) -> Result<Act, Failure> {
    Ok(Act {
        at: desk.now(),
        actor: caller.actor(),
        action: action.to_owned(),
        reason,
        changes: vec![change(TOKEN, public, Some(&WireToken::of(token)))?],
        expected: None,
    })
}

impl NewToken {
    fn entry(
        &self,
        standing: &Standing,
        caller: &Caller,
        now: Timestamp,
        digest: [u8; 32],
    ) -> Result<TokenEntry, Failure> {
        let no = |why: String| Err(Failure::Token(why));
        let Some(role) = Role::from_name(&self.role) else {
            let all = Role::ALL.map(Role::name).join(", ");
            return no(format!("there is no role `{}`; there are {all}", self.role));
        };
        let developer = self.developer.as_deref().map(str::trim).filter(|it| !it.is_empty());
        if developer.is_some_and(|it| it.len() > MAX_DEVELOPER_BYTES || it.chars().any(char::is_control)) {
            return no(format!(
                "`developer` must be a text of one line of at most {MAX_DEVELOPER_BYTES} bytes"
            ));
        }
        let developer = developer.map(|it| match standing.directory.developer_of(it) {
            Some(known) => known.clone(),
            None => Developer::new(&it.to_lowercase()),
        });
        let teams: BTreeSet<Team> = self.teams.iter().map(|it| Team::new(it)).collect();
        let known = &standing.directory.entries().teams;
        if let Some(team) = teams.iter().find(|it| !known.contains_key(*it)) {
            return no(format!("the directory has no team `{team}`; add it with `bursar org apply` first"));
        }
        match role {
            Role::Developer if developer.is_none() => {
                return no("a developer's token needs `developer`: whose figures it shows".to_owned());
            }
            Role::Lead if teams.is_empty() => {
                return no("a lead's token needs `teams`: whose figures it shows".to_owned());
            }
            // An administrator of some teams could make a token for all of them.
            Role::Owner | Role::Admin | Role::Developer | Role::Collector if !teams.is_empty() => {
                return no(format!("a token of the role `{}` is not limited to teams", role.name()));
            }
            Role::Owner | Role::Admin | Role::Finance | Role::Lead | Role::Developer | Role::Collector => {}
        }
        if self.label.len() > MAX_LABEL_BYTES || self.label.chars().any(char::is_control) {
            return no(format!("`label` must be a text of one line of at most {MAX_LABEL_BYTES} bytes"));
        }
        if self.expires_in_days.is_some_and(|it| !(1..=MOST_DAYS).contains(&it)) {
            return no(format!("`expires_in_days` must be a number from 1 to {MOST_DAYS}"));
        }
        let expires = |days: i64| now.millis().saturating_add(days.saturating_mul(DAY_MS));
        Ok(TokenEntry {
            role,
            developer,
            teams,
            label: self.label.clone(),
            created_at: now,
            created_by: caller.actor(),
            expires_at: self.expires_in_days.map(|it| Timestamp::from_millis(expires(it))),
            revoked_at: None,
            digest,
        })
    }
}

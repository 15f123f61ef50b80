//! Signing in and out of the page: a token or a one-time link against a cookie.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::SET_COOKIE;
use http::request::Parts;
use serde::Deserialize;
use store::{Act, Change};
use utoipa::ToSchema;

use crate::access::same_origin::Asking;
use crate::access::sign_in::{MOST_OF_A_TOKEN, Shown, WireSignIn, no_cookie};
use crate::access::{Caller, Peer, Right, Role};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register::{SIGN_IN, Standing, change};
use crate::traffic;

/// Sign-ins that are over of which so many are struck out at once.
const STRUCK_AT_ONCE: usize = 100;

/// What somebody signs in with: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credential {
    /// A token, which the browser shall not keep.
    token: Option<String>,
    /// What stands behind the `#` of a one-time link.
    code: Option<String>,
}

/// How somebody signed in, for the audit log.
const WITH_TOKEN: &str = "with a token";
const WITH_LINK: &str = "with a one-time link";

/// Signs in a browser: the cookie `bursar_session_BOOK` (over TLS `__Host-bursar_session_BOOK`) takes the place of the token
#[utoipa::path(post, operation_id = "signIn", path = "/api/v1/sign-in", tag = "access", security(()),
    request_body = Credential, responses((status = 204, description = "Signed in, with `Set-Cookie`.")))]
pub(crate) async fn sign_in(State(desk): State<Desk>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    asking(&parts).must_be_of_the_same_origin()?;
    let peer = Peer::of(&parts);
    desk.attempts().must_have_some_left(peer, desk.now())?;
    let body = traffic::body(&desk, &parts.headers, body).await?;
    let credential: Credential = serde_json::from_slice(&body).map_err(|it| Failure::Body(it.to_string()))?;
    let (caller, how) = match (credential.token, credential.code) {
        (Some(token), None) => (desk.caller_of(token.trim()).await, WITH_TOKEN),
        (None, Some(code)) => (first_owner(&desk, &code).await, WITH_LINK),
        _ => return Err(Failure::Body("give `token` or `code`, one of them".to_owned())),
    };
    let caller = caller.inspect_err(|failure| {
        // What the server cannot tell is nobody's attempt.
        if failure.code().0 == StatusCode::UNAUTHORIZED {
            desk.attempts().failed(peer, desk.now());
        }
    })?;
    caller.must(Right::ReadFigures)?;
    let name = desk.cookie_name(&parts.headers);
    let before = Shown::of(&parts.headers, &name);
    let shown = begin(&desk, &caller, before.as_ref(), how).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, shown.cookie(&name)?)]).into_response())
}

/// Signs a browser out. Signed out already, it is told to forget the cookie
#[utoipa::path(post, operation_id = "signOut", path = "/api/v1/sign-out", tag = "access", security(()),
    params(("x-bursar-page" = String, Header, description = "1, as with every change that comes by cookie")),
    responses((status = 204, description = "Signed out, with `Set-Cookie`.")))]
pub(crate) async fn sign_out(State(desk): State<Desk>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    asking(&parts).must_come_from_the_page()?;
    let name = desk.cookie_name(&parts.headers);
    if let Some(shown) = Shown::of(&parts.headers, &name) {
        let standing = desk.register().fresh().await?;
        if let Some(entry) = standing.sign_ins.get(&shown.public).filter(|it| shown.has_secret_of(it))
            && let Some(token) = standing.tokens.get(&entry.token)
        {
            let caller = Caller::of_token(&entry.token, token);
            let act = Act {
                at: desk.now(),
                actor: caller.actor(),
                action: "page.sign_out".to_owned(),
                reason: None,
                changes: vec![struck(&shown.public)],
                expected: None,
            };
            desk.register().act(act).await?;
        }
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, no_cookie(&name)?)]).into_response())
}

fn asking(parts: &Parts) -> Asking<'_> {
    Asking { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
}

/// The first owner that is active, for who shows the code of a link.
async fn first_owner(desk: &Desk, code: &str) -> Result<Caller, Failure> {
    if !desk.links().take(code.trim(), desk.now()) {
        return Err(Failure::BadCode);
    }
    let standing = desk.register().fresh().await?;
    let owners = standing.tokens.iter().filter(|it| it.1.role == Role::Owner);
    let active = owners.filter(|it| it.1.state(desk.now()) == "active");
    let first = active.min_by_key(|it| (it.1.created_at, it.0));
    first.map(|(public, token)| Caller::of_token(public, token)).ok_or(Failure::NoOwner)
}

/// Writes a sign-in into the books, in place of the one that the browser had, and of those
/// that are over or too many.
async fn begin(desk: &Desk, caller: &Caller, before: Option<&Shown>, how: &str) -> Result<Shown, Failure> {
    let now = desk.now();
    let standing = desk.register().fresh().await?;
    let (shown, entry) = Shown::new((&caller.public, &caller.token), now)?;
    let mut changes = vec![change(SIGN_IN, &shown.public, Some(&WireSignIn::of(&entry)))?];
    changes.extend(outgoing(&standing, desk, caller, before).iter().map(|it| struck(it)));
    let act = Act {
        at: now,
        actor: caller.actor(),
        action: "page.sign_in".to_owned(),
        reason: Some(how.to_owned()),
        changes,
        expected: None,
    };
    desk.register().act(act).await?;
    Ok(shown)
}

/// The sign-ins that make room for another of the caller's.
fn outgoing(standing: &Standing, desk: &Desk, caller: &Caller, before: Option<&Shown>) -> Vec<String> {
    let now = desk.now();
    let is_active = |token: &str| standing.tokens.get(token).is_some_and(|it| it.state(now) == "active");
    let (mut gone, mut own) = (Vec::new(), Vec::new());
    for (public, it) in &standing.sign_ins {
        let is_before = before.is_some_and(|before| before.public == *public && before.has_secret_of(it));
        if is_before || it.is_over(now) || !is_active(&it.token) {
            gone.push(public.clone());
        } else if it.token == caller.public {
            own.push((it.at, public.clone()));
        }
    }
    gone.truncate(STRUCK_AT_ONCE);
    own.sort();
    let surplus = own.len().saturating_add(1).saturating_sub(MOST_OF_A_TOKEN);
    gone.extend(own.into_iter().take(surplus).map(|it| it.1));
    gone
}

fn struck(public: &str) -> Change {
    Change { kind: SIGN_IN.to_owned(), id: public.to_owned(), after: None }
}

//! Every refusal and failure, with its status and its stable code: the one place
//! where errors become HTTP.

use std::path::PathBuf;

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::directory::Problem;
use domain::{CallKey, Overflow, SessionId};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use ingest::delivery::DeliveryError;
use insight::{ParameterError, ReportError, SessionError};
use ledger::{Refusal, Shortfall};
use serde::Serialize;
use store::StoreError;

use crate::access::{Right, Role};
use crate::figures::FiguresError;

/// The most problems that one answer lists.
const MAX_PROBLEMS: usize = 100;
/// After how many seconds a client may try again.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("1");
/// The same after too many failed sign-ins.
const SIGN_IN_AFTER_S: HeaderValue = HeaderValue::from_static("60");

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(
        "the request has no token; send `Authorization: Bearer bsr_...` (the command line takes it from BURSAR_TOKEN)"
    )]
    NoToken,
    #[error("the token is not known; check that it is whole, or ask an administrator for another")]
    BadToken,
    #[error("the token has expired; ask an administrator for another")]
    TokenExpired,
    #[error("the token was revoked; ask an administrator for another")]
    TokenRevoked,
    #[error("the sign-in is over; sign in again")]
    SignInOver,
    #[error(
        "the link was used already, is older than an hour, or was made before the server started; sign in with a \
         token, or start `bursar up` again for another link"
    )]
    BadCode,
    #[error("nobody is an owner any more; make one at the database with `bursar token recover`")]
    NoOwner,
    #[error("too many sign-ins from this address failed; wait a minute, then try again")]
    TooManySignIns,
    #[error("this change comes by cookie, and not from the page: {0}")]
    NotFromThePage(&'static str),
    #[error("a token of the role `{}` may not {}; that takes one of: {}", role.name(), right.describe(), right.holders().join(", "))]
    Forbidden { role: Role, right: Right },
    #[error(
        "`{what}` shows individuals, which this token does not see; ask by team, repo, project or client, \
         or have an owner set `individuals_visible_to_finance`"
    )]
    IndividualsHidden { what: &'static str },
    #[error("there is no {what} `{id}` that this token sees")]
    NotFound { what: &'static str, id: String },
    #[error("there is nothing at this address; /api/openapi.json lists what there is")]
    NoRoute,
    #[error("this address does not answer that method; /api/openapi.json lists what it answers")]
    NoMethod,
    #[error("`{name}`: {problem}")]
    Parameter { name: String, problem: String },
    #[error("{0}")]
    Question(String),
    #[error("the body cannot be read: {0}")]
    Body(String),
    #[error("the session {0} is somebody else's: what is said of it is not taken from this token")]
    OthersSession(SessionId),
    #[error("the call {0} is from the future; set the clock of the machine that made it")]
    FromTheFuture(CallKey),
    #[error("the body is longer than {limit} bytes{}; send it in parts", if *.unpacked { " after decompression" } else { "" })]
    BodyTooLong { limit: usize, unpacked: bool },
    #[error("the body is encoded as `{0}`; send it plain or as gzip")]
    Encoding(String),
    #[error("{0}")]
    Delivery(#[from] DeliveryError),
    #[error("the entries do not fit together")]
    Directory(Vec<Problem>),
    #[error("{0}")]
    Token(String),
    #[error("{0}")]
    Budget(Box<Refusal>),
    #[error("the server is busy; try again in a moment")]
    Busy,
    #[error("the request took longer than {seconds} seconds; try again, or ask for less")]
    TooSlow { seconds: u64 },
    #[error("the server is stopping; try again in a moment")]
    Stopping,
    #[error("this machine gives no random bytes; nothing secret can be made")]
    NoRandomness,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("what the books hold is not understood: {0}; it was changed by hand or by a newer bursar")]
    Damaged(String),
    #[error("a figure of the answer is too large to be added up")]
    Overflow(#[from] Overflow),
    #[error("the answer cannot be written")]
    Unwritable(#[from] serde_json::Error),
}

impl Failure {
    /// Its status and code. Codes never change their meaning.
    pub(crate) fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no_token"),
            Self::BadToken => (StatusCode::UNAUTHORIZED, "unknown_token"),
            Self::TokenExpired => (StatusCode::UNAUTHORIZED, "token_expired"),
            Self::TokenRevoked => (StatusCode::UNAUTHORIZED, "token_revoked"),
            Self::SignInOver => (StatusCode::UNAUTHORIZED, "sign_in_over"),
            Self::BadCode => (StatusCode::UNAUTHORIZED, "unknown_code"),
            Self::NoOwner => (StatusCode::CONFLICT, "no_owner"),
            Self::TooManySignIns => (StatusCode::TOO_MANY_REQUESTS, "too_many_sign_ins"),
            Self::NotFromThePage(_) => (StatusCode::FORBIDDEN, "not_from_the_page"),
            Self::Forbidden { .. } => (StatusCode::FORBIDDEN, "role_may_not"),
            Self::IndividualsHidden { .. } => (StatusCode::FORBIDDEN, "individuals_hidden"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "no_such_address"),
            Self::NoMethod => (StatusCode::METHOD_NOT_ALLOWED, "no_such_method"),
            Self::Parameter { .. } => (StatusCode::BAD_REQUEST, "bad_parameter"),
            Self::Question(_) => (StatusCode::BAD_REQUEST, "bad_question"),
            Self::Body(_) => (StatusCode::BAD_REQUEST, "bad_body"),
            Self::OthersSession(_) => (StatusCode::UNPROCESSABLE_ENTITY, "session_of_another"),
            Self::FromTheFuture(_) => (StatusCode::UNPROCESSABLE_ENTITY, "from_the_future"),
            Self::BodyTooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_long"),
            Self::Encoding(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_encoding"),
            Self::Delivery(DeliveryError::TooLong) => (StatusCode::PAYLOAD_TOO_LARGE, "delivery_too_long"),
            Self::Delivery(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_delivery"),
            Self::Directory(_) => (StatusCode::UNPROCESSABLE_ENTITY, "directory_problems"),
            Self::Token(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_token_request"),
            Self::Budget(refusal) => (budget_status(refusal), refusal.code()),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::TooSlow { .. } => (StatusCode::SERVICE_UNAVAILABLE, "too_slow"),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            Self::Store(error) => store_code(error),
            Self::NoRandomness | Self::Damaged(_) | Self::Overflow(_) | Self::Unwritable(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        }
    }

    /// What the caller is told. What only the server's administrator can mend stands in
    /// its log, under the id of the request.
    fn detail(&self) -> String {
        match self.code() {
            (StatusCode::INTERNAL_SERVER_ERROR, _) => {
                "the server failed; its log says more under this request id".to_owned()
            }
            _ => self.to_string(),
        }
    }

    fn shortfall(&self) -> Option<&Shortfall> {
        let Self::Budget(refusal) = self else { return None };
        if let Refusal::Exceeded(it) = &**refusal { Some(it) } else { None }
    }

    fn problems(&self) -> Vec<WireProblem> {
        let Self::Directory(problems) = self else { return Vec::new() };
        let problems = problems.iter().take(MAX_PROBLEMS);
        problems.map(|it| WireProblem { code: it.code(), detail: it.to_string() }).collect()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what a caller cannot help is all the same to them")]
const fn store_code(error: &StoreError) -> (StatusCode, &'static str) {
    match error {
        StoreError::Stale { .. } => (StatusCode::CONFLICT, "changed_meanwhile"),
        StoreError::TooLarge { .. } | StoreError::NulCharacter { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "cannot_be_stored")
        }
        StoreError::Unreachable(_) | StoreError::NotWritten(_) | StoreError::Closed => {
            (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable")
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

/// The status of a refusal of the ledger, whose codes are its own.
const fn budget_status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Exceeded(_)
        | Refusal::Frozen { .. }
        | Refusal::Killed { .. }
        | Refusal::Ended { .. }
        | Refusal::NotDue { .. }
        | Refusal::Overcommitted { .. }
        | Refusal::Answered(_)
        | Refusal::LeaseOver(_)
        | Refusal::NotYourLease(_) => StatusCode::CONFLICT,
        Refusal::NoReservation(_) | Refusal::NoBudget(_) | Refusal::NoRequest(_) | Refusal::NoLease(_) => {
            StatusCode::NOT_FOUND
        }
        Refusal::NotAllowed { .. }
        | Refusal::TooMuchAtOnce { .. }
        | Refusal::TooMuch { .. }
        | Refusal::TooOften { .. } => StatusCode::FORBIDDEN,
        Refusal::KeyReused(_)
        | Refusal::BadKey(_)
        | Refusal::BadAmount(_)
        | Refusal::BadHold(_)
        | Refusal::BadSubject(_)
        | Refusal::BadTerms(_)
        | Refusal::Template(_)
        | Refusal::BadParent { .. }
        | Refusal::Unrelated { .. }
        | Refusal::NoReason
        | Refusal::MoreThanAsked { .. }
        | Refusal::LeaseTooLarge(_)
        | Refusal::OutOfRange => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// An answer that is a problem, RFC 9457.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct WireFailure {
    /// `urn:bursar:problem:` and the code.
    r#type: String,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// A stable code for programs.
    code: &'static str,
    /// What is wrong, where, and what to do.
    detail: String,
    /// The id of the request in the server's log.
    request_id: String,
    /// Each of several problems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<WireProblem>,
    /// The budget that has not enough left.
    #[serde(skip_serializing_if = "Option::is_none")]
    shortfall: Option<WireShortfall>,
    /// The command that goes on from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// A budget that has not enough left.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct WireShortfall {
    scope: String,
    period: &'static str,
    allocation_nano_usd: String,
    left_nano_usd: String,
    asked_nano_usd: String,
    /// The most that would be granted.
    grantable_nano_usd: String,
    /// When there is more.
    resets_at: Option<String>,
    /// Whom to ask.
    owner: Option<String>,
}

impl WireShortfall {
    fn of(it: &Shortfall) -> Self {
        Self {
            scope: it.budget.scope.to_string(),
            period: it.budget.period.name(),
            allocation_nano_usd: it.allocation.nano().to_string(),
            left_nano_usd: it.left.nano().to_string(),
            asked_nano_usd: it.asked.nano().to_string(),
            grantable_nano_usd: it.grantable.nano().to_string(),
            resets_at: it.resets.map(crate::api::moment),
            owner: it.owner.clone(),
        }
    }
}

/// One of several problems.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct WireProblem {
    code: &'static str,
    detail: String,
}

impl Failure {
    /// The answer to the request of that id.
    pub(crate) fn answer(&self, request_id: &str) -> Response {
        let (status, code) = self.code();
        let body = WireFailure {
            r#type: format!("urn:bursar:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            code,
            detail: self.detail(),
            request_id: request_id.to_owned(),
            problems: self.problems(),
            shortfall: self.shortfall().map(WireShortfall::of),
            hint: if let Self::Budget(refusal) = self { refusal.hint() } else { None },
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"bursar\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_S);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(RETRY_AFTER, SIGN_IN_AFTER_S);
        }
        response
    }
}

impl IntoResponse for Failure {
    /// Leaves the failure to `traffic`, which knows the id of the request.
    fn into_response(self) -> Response {
        let mut response = self.code().0.into_response();
        response.extensions_mut().insert(Failed(std::sync::Arc::new(self)));
        response
    }
}

/// A failure on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Failed(pub(crate) std::sync::Arc<Failure>);

impl From<ParameterError> for Failure {
    fn from(error: ParameterError) -> Self {
        Self::Question(error.to_string())
    }
}

impl From<FiguresError> for Failure {
    fn from(error: FiguresError) -> Self {
        match error {
            FiguresError::Report(ReportError::Query(_)) | FiguresError::Swap(_) | FiguresError::RowsAlone => {
                Self::Question(error.to_string())
            }
            FiguresError::Session(SessionError::Report(error)) => Self::Damaged(error.to_string()),
            FiguresError::Session(error) => Self::Question(error.to_string()),
            FiguresError::Report(error) => Self::Damaged(error.to_string()),
            FiguresError::Store(error) => Self::Store(error),
            FiguresError::Json(error) => Self::Unwritable(error),
            FiguresError::Stopping => Self::Stopping,
        }
    }
}

/// Why a server does not start, or stops.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A listener cannot be opened.
    #[error("cannot listen on {address} ({what}): another program may use it, or give another address")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What for.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the certificate cannot be used.
    #[error("cannot use {path} for TLS: {problem}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A restore broke off: what is there is not the whole book.
    #[error(
        "the database holds a part of a backup, whose restore broke off: run `bursar restore` with the same \
         file again"
    )]
    HalfRestored,
    /// The owner's token is none.
    #[error("BURSAR_OWNER_TOKEN is no token: give 16 to 512 visible characters without spaces")]
    OwnerToken,
    /// The gateway has no place for its files.
    #[error(
        "cannot keep what is lent to the gateway in {path}: give another folder as `gateway.folder` in the settings \
         file"
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The gateway cannot be what the settings say.
    #[error(transparent)]
    Gateway(#[from] gateway::BadSettings),
    /// Something that a server needs at its start failed.
    #[error("{0}")]
    Start(String),
    /// A task that must run as long as the server ended.
    #[error("the server's {0} ended by itself, and so does the server")]
    Task(&'static str),
}

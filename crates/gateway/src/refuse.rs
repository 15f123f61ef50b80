//! No, in the client's own dialect: what is short, where, until when, whom to ask.

use dialect::{Answer, Delivery, Dialect, Grounds};
use domain::day::minute_of_day;
use domain::{Day, RequestId, Timestamp};
use http::{HeaderName, Response, StatusCode};
use ledger::Refusal;

use crate::body::Body;
use crate::budget_desk::DeskError;
use crate::headers;

/// Before all that the gateway says to people, so that it is not taken for the provider's.
const SPEAKER: &str = "Bursar";

/// Why a request is not forwarded, or a stream is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct No {
    grounds: Grounds,
    code: &'static str,
    message: String,
    /// When another attempt can succeed.
    resets: Option<Timestamp>,
}

impl No {
    pub(crate) fn new(grounds: Grounds, code: &'static str, message: impl Into<String>) -> Self {
        Self { grounds, code, message: message.into(), resets: None }
    }

    /// As the client is told it.
    pub(crate) fn refusal(&self, request: &RequestId, now: Timestamp) -> dialect::Refusal {
        let wait = self.resets.map(|at| at.millis_since(now).max(0).div_euclid(1_000).saturating_add(1));
        dialect::Refusal {
            grounds: self.grounds,
            code: self.code,
            message: format!("{SPEAKER}: {}", self.message),
            retry_after_seconds: wait.and_then(|it| u64::try_from(it).ok()),
            request: Some(request.clone()),
        }
    }

    /// The response in place of the provider's.
    pub(crate) fn answer(
        &self,
        (dialect, delivery): (Dialect, Delivery),
        request: &RequestId,
        now: Timestamp,
    ) -> Response<Body> {
        let Answer { status, headers, body } = self.refusal(request, now).answer(dialect, delivery);
        let mut response = Response::new(Body::whole(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
        for (name, value) in headers {
            response.headers_mut().insert(HeaderName::from_static(name), headers::value(&value));
        }
        response
    }
}

impl From<DeskError> for No {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::NotKnown(text) => Self::new(Grounds::Identity, "unknown_token", text),
            DeskError::BadClaim(text) => Self::new(Grounds::Request, "bad_claim", text),
            DeskError::Unavailable(text) => Self::new(Grounds::Unavailable, "budgets_unavailable", text),
            DeskError::Refused(refusal) => Self::from(&*refusal),
        }
    }
}

impl From<&Refusal> for No {
    fn from(refusal: &Refusal) -> Self {
        let (mut resets, mut whom) = (None, None);
        // What is left over is what the gateway should not have asked: nothing a client can mend.
        let mut grounds = Grounds::Unavailable;
        if let Refusal::Exceeded(short) = refusal {
            (grounds, resets, whom) = (Grounds::Budget, short.resets, short.owner.as_deref());
        } else if let Refusal::Frozen { stop, .. } | Refusal::Killed { stop, .. } = refusal {
            (grounds, whom) = (Grounds::Policy, Some(stop.by.as_str()));
        } else if let Refusal::BadSubject(_) = refusal {
            grounds = Grounds::Request;
        }
        let more = resets.map(|at| format!(" There is more from {} on.", moment(at))).unwrap_or_default();
        let hint = match (whom, refusal.hint()) {
            (Some(whom), Some(hint)) => format!(" Ask {whom}, or run: {hint}"),
            (None, Some(hint)) => format!(" Run: {hint}"),
            (Some(_) | None, None) => String::new(),
        };
        Self { grounds, code: refusal.code(), message: format!("{refusal}.{more}{hint}"), resets }
    }
}

/// `2026-12-01 00:00 UTC`.
fn moment(at: Timestamp) -> String {
    let minute = minute_of_day(at);
    format!("{} {:02}:{:02} UTC", Day::of(at), minute.div_euclid(60), minute.rem_euclid(60))
}

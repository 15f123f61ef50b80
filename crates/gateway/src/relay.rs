//! A call from the moment at which it is sent: its response is relayed while it is metered,
//! cut if it is killed, and read on within bounds if its client goes away.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialect::{Allowance, Delivery, Dialect, Edit};
use futures_util::FutureExt as _;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, Response};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use ledger::{Outlook, Subject};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::account::Account;
use crate::body::{Body, Cut, Shelved, ToUpstream};
use crate::budget_desk::Stops;
use crate::call::{no_response, stopping, too_late};
use crate::door::{Manner, Visit, name_response};
use crate::gateway::Gateway;
use crate::headers;
use crate::refuse::No;
use crate::upstream::{NoResponse, Upstream};

/// Pieces of a response that wait for the client at most.
const PIECES: usize = 16;
/// How long a cut waits behind pieces that the client has not taken.
const CUT_TIME: Duration = Duration::from_secs(60);
/// Tells the client which model was asked for in place of its own.
const MODEL_HEADER: HeaderName = HeaderName::from_static("x-bursar-model");
/// Tells the client to which output limit its own was lowered.
const LIMIT_HEADER: HeaderName = HeaderName::from_static("x-bursar-output-limit");

/// What the client is told: a response, or why there is none.
pub(crate) type Told = Result<Response<Body>, No>;

/// A call that may be sent.
pub(crate) struct Outbound {
    pub(crate) account: Box<Account>,
    pub(crate) request: http::Request<ToUpstream>,
    pub(crate) subject: Subject,
    pub(crate) stops: watch::Receiver<Arc<Stops>>,
    pub(crate) shown: Vec<(HeaderName, String)>,
}

impl Outbound {
    /// What the client is told of budgets and rewritten values beside the response.
    pub(crate) fn shown(outlook: &Outlook, edit: &Edit, dialect: Dialect) -> Vec<(HeaderName, String)> {
        let mut shown = Vec::new();
        if let Some(binding) = outlook.binding.filter(|_| dialect == Dialect::Anthropic) {
            let (spent, ceiling) = (binding.spent, binding.allocation);
            let allowance = Allowance { spent, ceiling, resets_at: binding.resets };
            let family = allowance.headers().into_iter();
            shown.extend(family.map(|(name, value)| (HeaderName::from_static(name), value)));
        }
        shown.extend(edit.model.as_ref().map(|it| (MODEL_HEADER, it.to_string())));
        shown.extend(edit.output_limit.map(|it| (LIMIT_HEADER, it.to_string())));
        shown
    }
}

/// The one who waits for the response.
enum Client {
    /// For its beginning.
    Waiting(oneshot::Sender<Told>),
    /// For its next piece.
    Listening(mpsc::Sender<Result<Frame<Bytes>, Cut>>),
    /// No more. The response is read on for the meter's sake.
    Gone { until: Instant, bytes_left: u64, _place: OwnedSemaphorePermit },
}

/// What comes next.
enum Next {
    Piece(Frame<Bytes>),
    End,
    Broken,
    Idle,
    Killed(No),
    ClientGone,
}

/// A call that runs.
struct Run {
    gateway: Gateway,
    manner: Manner,
    upstream: Arc<Upstream>,
    account: Box<Account>,
    subject: Subject,
    stops: watch::Receiver<Arc<Stops>>,
    client: Option<Client>,
    _places: [OwnedSemaphorePermit; 2],
    _shelved: Shelved,
}

/// Sends a call, and relays its response to the end.
pub(crate) async fn run(visit: Visit, outbound: Outbound, tell: oneshot::Sender<Told>) {
    let Outbound { account, request, subject, stops, shown } = outbound;
    let Visit { gateway, manner, upstream, places, shelved, .. } = visit;
    let client = Some(Client::Waiting(tell));
    let (_places, _shelved) = (places, shelved);
    let mut run = Run { gateway, manner, upstream, account, subject, stops, client, _places, _shelved };
    match run.send(request).await {
        Ok(response) => run.relay(response, &shown).await,
        Err(no) => run.refuse(no),
    }
}

impl Run {
    async fn send(&mut self, request: http::Request<ToUpstream>) -> Result<Response<Incoming>, No> {
        if let Some(Client::Waiting(tell)) = &self.client
            && tell.is_closed()
        {
            return Err(no_response(NoResponse::NotSent, &self.upstream.name));
        }
        let upstream = Arc::clone(&self.upstream);
        self.account.sent();
        let timeouts = upstream.timeouts;
        let within = timeouts.connect.saturating_add(timeouts.first_byte);
        let mut sending = std::pin::pin!(timeout(within, upstream.send(request)));
        loop {
            tokio::select! {
                biased;
                sent = sending.as_mut() => return match sent {
                    Ok(Ok(response)) => Ok(response),
                    Ok(Err(why)) => {
                        if why == NoResponse::NotSent {
                            self.account.not_sent();
                        }
                        Err(no_response(why, &upstream.name))
                    }
                    Err(_) => Err(too_late(&upstream.name)),
                },
                killed = killed(&mut self.stops, &self.subject) => return Err(killed),
                () = gone(&mut self.client) => if !self.lose_client() {
                    return Err(too_late(&upstream.name));
                },
            }
        }
    }

    /// Relays a response to its end.
    async fn relay(&mut self, response: Response<Incoming>, shown: &[(HeaderName, String)]) {
        let (mut head, mut body) = response.into_parts();
        headers::leave_connection(&mut head.headers);
        let shown_id = name_response(&self.manner, &mut head.headers);
        let delivery = self.delivery(&head.headers);
        self.account.answered(shown_id, delivery, head.status.is_success());
        if head.headers.get(CONTENT_ENCODING).is_some_and(|it| it != "identity") {
            self.account.is_unreadable();
        }
        if self.account.hides_usage() {
            head.headers.remove(CONTENT_LENGTH);
        }
        if head.status.is_success() {
            show(&mut head.headers, shown);
        }
        let mut ahead = None;
        if delivery == Delivery::Whole {
            // Beginning and end of a response that is not streamed mostly come together.
            match self.next(&mut body).await {
                Next::Piece(frame) => {
                    ahead = body.frame().now_or_never();
                    if matches!(ahead, Some(None)) || (ahead.is_none() && body.is_end_stream()) {
                        return self.answer_whole(head, frame);
                    }
                    self.begin(head);
                    if !self.pass_on(frame).await {
                        return;
                    }
                }
                Next::End => {
                    self.begin(head);
                    return self.finish().await;
                }
                next @ (Next::Broken | Next::Idle | Next::Killed(_) | Next::ClientGone) => {
                    if !self.goes_on_after(&next).await {
                        return;
                    }
                }
            }
        } else {
            self.begin(head);
        }
        self.pump(body, ahead).await;
    }

    /// Relays pieces until there are no more.
    async fn pump(
        &mut self,
        mut body: Incoming,
        mut ahead: Option<Option<Result<Frame<Bytes>, hyper::Error>>>,
    ) {
        loop {
            let next = match ahead.take() {
                Some(next) => Next::of(next),
                None => self.next(&mut body).await,
            };
            let Next::Piece(frame) = next else {
                if self.goes_on_after(&next).await {
                    continue;
                }
                return;
            };
            // The account of a call ends before its client can know that it did, so that the
            // next call finds the money that was held for this one.
            ahead = body.frame().now_or_never();
            if matches!(ahead, Some(None)) {
                return self.pass_last(frame).await;
            }
            if !self.pass_on(frame).await {
                return;
            }
        }
    }

    async fn next(&mut self, body: &mut Incoming) -> Next {
        let idle = self.upstream.timeouts.idle;
        if self.stops.has_changed().unwrap_or_default()
            && let Some(no) = killed_by(&self.stops.borrow_and_update(), &self.subject)
        {
            return Next::Killed(no);
        }
        tokio::select! {
            biased;
            frame = timeout(idle, body.frame()) => frame.map_or(Next::Idle, Next::of),
            no = killed(&mut self.stops, &self.subject) => Next::Killed(no),
            () = gone(&mut self.client) => Next::ClientGone,
        }
    }

    /// Whether it goes on after what is no piece.
    async fn goes_on_after(&mut self, next: &Next) -> bool {
        match next {
            Next::Piece(_) => true,
            Next::ClientGone => self.lose_client(),
            Next::End => {
                self.finish().await;
                false
            }
            Next::Broken | Next::Idle => {
                tracing::warn!(upstream = self.upstream.name, call = %self.manner.id, "a response broke off");
                self.account.end();
                self.cut();
                false
            }
            Next::Killed(no) => {
                self.say_last_words(no);
                false
            }
        }
    }
}

impl Run {
    /// How the response comes: as its own headers have it.
    fn delivery(&self, headers: &HeaderMap) -> Delivery {
        let content_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        match (Delivery::of_content_type(content_type), self.account.request().delivery) {
            (Delivery::Whole, Delivery::List) => Delivery::List,
            (delivery, _) => delivery,
        }
    }

    /// Gives the client the beginning of the response.
    fn begin(&mut self, head: http::response::Parts) {
        match self.client.take() {
            Some(Client::Waiting(tell)) => {
                let (pieces, body) = mpsc::channel(PIECES);
                let response = Response::from_parts(head, Body::relayed(body));
                self.client = Some(Client::Listening(pieces));
                drop(tell.send(Ok(response)));
            }
            other => self.client = other,
        }
    }

    /// A response that is all there.
    fn answer_whole(&mut self, head: http::response::Parts, frame: Frame<Bytes>) {
        let bytes = match frame.into_data() {
            Ok(data) => self.metered(data),
            Err(_) => Bytes::new(),
        };
        let rest = self.account.meter().finish();
        self.account.end();
        if let Some(Client::Waiting(tell)) = self.client.take() {
            let bytes = if rest.is_empty() { bytes } else { Bytes::from([&*bytes, &*rest].concat()) };
            drop(tell.send(Ok(Response::from_parts(head, Body::whole(bytes)))));
        }
    }

    /// Meters a piece, and gives what to relay of it.
    fn metered(&mut self, data: Bytes) -> Bytes {
        match self.account.meter().feed(&data) {
            std::borrow::Cow::Borrowed(_) => data,
            std::borrow::Cow::Owned(shown) => Bytes::from(shown),
        }
    }

    /// Meters and relays a piece. Whether there is a reason to read on.
    async fn pass_on(&mut self, frame: Frame<Bytes>) -> bool {
        let frame = match frame.into_data() {
            Ok(data) => {
                let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                let shown = self.metered(data);
                if let Some(Client::Gone { bytes_left, .. }) = &mut self.client {
                    *bytes_left = bytes_left.saturating_sub(length);
                    return *bytes_left > 0;
                }
                if shown.is_empty() {
                    return true;
                }
                Frame::data(shown)
            }
            Err(frame) => frame,
        };
        self.tell(frame).await
    }

    async fn pass_last(&mut self, frame: Frame<Bytes>) {
        let frame = match frame.into_data() {
            Ok(data) => {
                let shown = self.metered(data);
                let rest = self.account.meter().finish();
                Frame::data(if rest.is_empty() { shown } else { Bytes::from([&*shown, &*rest].concat()) })
            }
            Err(frame) => frame,
        };
        self.account.end();
        self.tell(frame).await;
    }

    /// Hands a piece to the client. Whether there is a reason to read on.
    async fn tell(&mut self, frame: Frame<Bytes>) -> bool {
        let reader_time = self.gateway.limits().reader_time;
        let Some(Client::Listening(pieces)) = &self.client else { return true };
        let frame = match pieces.try_send(Ok(frame)) {
            Ok(()) => return true,
            Err(mpsc::error::TrySendError::Closed(_)) => return self.lose_client(),
            Err(mpsc::error::TrySendError::Full(frame)) => frame,
        };
        let sent = tokio::select! {
            sent = timeout(reader_time, pieces.send(frame)) => sent.is_ok_and(|it| it.is_ok()),
            no = killed(&mut self.stops, &self.subject) => {
                self.say_last_words(&no);
                return false;
            }
        };
        // Whoever takes nothing for so long is as good as gone.
        sent || self.lose_client()
    }

    /// The client went away: whether the response is read on for the meter's sake.
    fn lose_client(&mut self) -> bool {
        let limits = self.gateway.limits();
        let until = Instant::now().checked_add(limits.drain_time);
        self.client = match (&self.client, self.gateway.drain_place(), until) {
            // The time for it is over.
            (Some(Client::Gone { .. }) | None, _, _) => None,
            (Some(_), Some(place), Some(until)) => {
                Some(Client::Gone { until, bytes_left: limits.drain_bytes, _place: place })
            }
            (Some(_), _, _) => None,
        };
        self.client.is_some()
    }

    /// The response ended as it should.
    async fn finish(&mut self) {
        let rest = self.account.meter().finish();
        self.account.end();
        if !rest.is_empty() {
            self.tell(Frame::data(Bytes::from(rest))).await;
        }
    }

    /// Ends the client's response before its end, or its hope for one.
    fn cut(&mut self) {
        match self.client.take() {
            Some(Client::Waiting(tell)) => {
                drop(tell.send(Err(no_response(NoResponse::Broken, &self.upstream.name))));
            }
            Some(Client::Listening(pieces)) => cut(pieces),
            Some(Client::Gone { .. }) | None => {}
        }
    }

    /// Ends the client's response with the reason, where that can still be said.
    fn say_last_words(&mut self, no: &No) {
        let refusal = no.refusal(&self.manner.id, self.gateway.desk().now());
        let words = self.account.meter().last_words(&refusal);
        self.account.end();
        match (self.client.take(), words) {
            (Some(Client::Waiting(tell)), _) => drop(tell.send(Err(no.clone()))),
            (Some(Client::Listening(pieces)), Some(words)) => {
                if let Err(error) = pieces.try_send(Ok(Frame::data(Bytes::from(words)))) {
                    drop(error);
                    cut(pieces);
                }
            }
            (Some(Client::Listening(pieces)), None) => cut(pieces),
            (Some(Client::Gone { .. }) | None, _) => {}
        }
    }

    /// There is no response.
    fn refuse(&mut self, no: No) {
        self.account.end();
        if let Some(Client::Waiting(tell)) = self.client.take() {
            drop(tell.send(Err(no)));
        }
    }
}

impl Next {
    fn of(next: Option<Result<Frame<Bytes>, hyper::Error>>) -> Self {
        match next {
            Some(Ok(frame)) => Self::Piece(frame),
            Some(Err(_)) => Self::Broken,
            None => Self::End,
        }
    }
}

/// Ends a response before its end: the client sees that the connection breaks off.
fn cut(pieces: mpsc::Sender<Result<Frame<Bytes>, Cut>>) {
    if let Err(mpsc::error::TrySendError::Full(cut)) = pieces.try_send(Err(Cut)) {
        // The client has not even taken what there is; the cut waits behind it.
        tokio::spawn(async move { drop(timeout(CUT_TIME, pieces.send(cut)).await) });
    }
}

/// Comes to an end when the client is gone, or the time is over for reading on without it.
async fn gone(client: &mut Option<Client>) {
    match client {
        Some(Client::Waiting(tell)) => tell.closed().await,
        Some(Client::Listening(pieces)) => pieces.closed().await,
        Some(Client::Gone { until, .. }) => sleep_until(*until).await,
        None => {}
    }
}

/// Comes to an end when something of the call is killed, or the process ends.
async fn killed(stops: &mut watch::Receiver<Arc<Stops>>, subject: &Subject) -> No {
    loop {
        if stops.changed().await.is_err() {
            // Nobody tells of stops any more: the desk is gone, and the process soon is.
            std::future::pending::<()>().await;
        }
        if let Some(no) = killed_by(&stops.borrow_and_update(), subject) {
            return no;
        }
    }
}

fn killed_by(stops: &Stops, subject: &Subject) -> Option<No> {
    if stops.is_closing {
        return Some(stopping());
    }
    let (scope, stop) = stops.killing(subject)?;
    Some(No::from(&ledger::Refusal::Killed { scope: scope.clone(), stop: stop.clone() }))
}

/// Adds what the gateway says to the headers of a response. The upstream's own rate limits
/// speak of the pool that all developers share, and go where those of a budget come.
fn show(headers: &mut HeaderMap, shown: &[(HeaderName, String)]) {
    let is_limit = |name: &HeaderName| name.as_str().starts_with(dialect::allowance::RATE_LIMIT_PREFIX);
    if shown.iter().any(|(name, _)| is_limit(name)) {
        let upstream: Vec<HeaderName> = headers.keys().filter(|name| is_limit(name)).cloned().collect();
        for name in upstream {
            headers.remove(name);
        }
    }
    for (name, value) in shown {
        headers.insert(name.clone(), headers::value(value));
    }
}

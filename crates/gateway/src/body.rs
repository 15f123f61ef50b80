//! Bodies: what a client sends, read within bounds, and what it is given.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Of a body that is not read, so many times the longest that would be is taken in.
const DISCARDED: usize = 4;
/// What is set aside at once for a body whose length is announced.
const FIRST_ROOM: u64 = 1 << 20;

/// What goes to an upstream.
#[derive(Debug)]
pub(crate) enum ToUpstream {
    /// A body that was read.
    Read(Full<Bytes>),
    /// A body that is passed on as it comes.
    Passed(UnsyncBoxBody<Bytes, BoxError>),
}

impl ToUpstream {
    /// A body that is passed on as it comes, up to a length.
    pub(crate) fn passed<B>(body: B, limit: usize) -> Self
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        if body.is_end_stream() {
            return Self::Read(Full::default());
        }
        Self::Passed(Limited::new(body.map_err(Into::into), limit).boxed_unsync())
    }
}

impl http_body::Body for ToUpstream {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Read(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Passed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Read(body) => body.is_end_stream(),
            Self::Passed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Read(body) => body.size_hint(),
            Self::Passed(body) => body.size_hint(),
        }
    }
}

/// Bytes that are counted as one.
const UNIT: usize = 1 << 10;

/// Room for bodies that are held in memory, whosever they are.
#[derive(Debug)]
pub(crate) struct Shelf(Arc<Semaphore>);

/// What a body takes up of it.
pub(crate) type Shelved = Option<OwnedSemaphorePermit>;

impl Shelf {
    /// With room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))))
    }

    /// Takes up more for a body.
    fn add(&self, bytes: usize, shelved: &mut Shelved) -> Result<(), Unread> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| Unread::NoRoom)?;
        let more = Arc::clone(&self.0).try_acquire_many_owned(units).map_err(|_| Unread::NoRoom)?;
        match shelved {
            Some(all) => all.merge(more),
            None => *shelved = Some(more),
        }
        Ok(())
    }
}

/// How a body is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<'a> {
    /// The most bytes.
    pub(crate) limit: usize,
    pub(crate) within: Duration,
    /// Where it takes up room, if it is held for long.
    pub(crate) shelf: Option<&'a Shelf>,
}

/// A body that was read, and the room that it takes up.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    pub(crate) shelved: Shelved,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    TooLong,
    /// Other bodies take up all the room.
    NoRoom,
    TooSlow,
    Broken,
}

/// Reads a body, if it is not too long and comes in time.
pub(crate) async fn read<B>(body: B, bounds: Bounds<'_>) -> Result<Held, Unread>
where
    B: http_body::Body<Data = Bytes>,
{
    let Bounds { limit, within, shelf } = bounds;
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    if body.size_hint().lower() > most {
        discard(body, limit, within).await;
        return Err(Unread::TooLong);
    }
    timeout(within, collect(body, shelf, limit)).await.unwrap_or(Err(Unread::TooSlow))
}

/// Takes in a body that nobody reads: a connection that is closed with some of it unread
/// takes the answer away from the client.
pub(crate) async fn discard<B>(body: B, limit: usize, within: Duration)
where
    B: http_body::Body<Data = Bytes>,
{
    // Late or not: there is nothing to lose.
    drop(timeout(within, take_in(std::pin::pin!(body), limit)).await);
}

async fn collect<B>(body: B, shelf: Option<&Shelf>, limit: usize) -> Result<Held, Unread>
where
    B: http_body::Body<Data = Bytes>,
{
    let announced = usize::try_from(body.size_hint().lower().min(FIRST_ROOM)).unwrap_or_default();
    let mut body = std::pin::pin!(body);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut shelved = None;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        let length = first.len().saturating_add(whole.len()).saturating_add(piece.len());
        let room = match shelf {
            _ if length > limit => Err(Unread::TooLong),
            Some(shelf) => shelf.add(piece.len(), &mut shelved),
            None => Ok(()),
        };
        if let Err(no) = room {
            drop((first, whole, shelved));
            take_in(body, limit).await;
            return Err(no);
        }
        // Most bodies come in one piece, which is kept as it is.
        if first.is_empty() && whole.is_empty() {
            first = piece;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.max(length));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&piece);
    }
    let bytes = if whole.is_empty() { first } else { whole.freeze() };
    Ok(Held { bytes, shelved })
}

/// Takes in what comes, up to a few times the limit.
async fn take_in<B>(mut body: Pin<&mut B>, limit: usize)
where
    B: http_body::Body<Data = Bytes>,
{
    let most = limit.saturating_mul(DISCARDED);
    let mut length = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        length = length.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if length > most {
            break;
        }
    }
}

/// A response's body, to be sent to the client.
#[derive(Debug)]
pub struct Body(Inner);

#[derive(Debug)]
enum Inner {
    Whole(Full<Bytes>),
    Relayed(mpsc::Receiver<Result<Frame<Bytes>, Cut>>),
    Passed { body: Incoming, _places: [OwnedSemaphorePermit; 2] },
}

/// A response that ends before its end. The connection is closed, so that the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the response was cut off")]
pub struct Cut;

impl Body {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Inner::Whole(Full::new(bytes.into())))
    }

    pub(crate) const fn relayed(pieces: mpsc::Receiver<Result<Frame<Bytes>, Cut>>) -> Self {
        Self(Inner::Relayed(pieces))
    }

    /// A body that is passed on as it comes, with the places that the call takes up.
    pub(crate) const fn passed(body: Incoming, places: [OwnedSemaphorePermit; 2]) -> Self {
        Self(Inner::Passed { body, _places: places })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut self.get_mut().0 {
            Inner::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Inner::Relayed(pieces) => pieces.poll_recv(cx),
            Inner::Passed { body, .. } => Pin::new(body).poll_frame(cx).map_err(|_| Cut),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Whole(body) => body.is_end_stream(),
            Inner::Relayed(pieces) => pieces.is_closed() && pieces.is_empty(),
            Inner::Passed { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Whole(body) => body.size_hint(),
            Inner::Relayed(_) => SizeHint::default(),
            Inner::Passed { body, .. } => body.size_hint(),
        }
    }
}

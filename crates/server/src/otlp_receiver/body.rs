//! Bodies: read and unpacked within limits.
//!
//! A body has a limit of its own, before and after decompression. All bodies that are
//! held at once share a second one, so that memory is bounded whatever arrives: who comes
//! too late is told to come again.

use std::io::Read;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::in_place_or_aside;
use super::refusal::Refusal;

/// Bytes of a body, compressed and decompressed: what the protocol recommends.
const MAX_BODY_BYTES: usize = 64 * 1_024 * 1_024;

/// Bytes of all bodies that are held at once.
const MAX_HELD_BYTES: usize = 256 * 1_024 * 1_024;

/// Bodies are counted in pieces of so many bytes, the last one in full.
const PIECE_BYTES: usize = 16 * 1_024;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// Not at all.
    Identity,
    /// `gzip`.
    Gzip,
}

impl Compression {
    /// By the name that a header has for it.
    pub(super) fn of(name: Option<&[u8]>) -> Result<Self, Refusal> {
        match name.map(|name| name.to_ascii_lowercase()).as_deref() {
            None | Some(b"" | b"identity" | b"none") => Ok(Self::Identity),
            Some(b"gzip") => Ok(Self::Gzip),
            Some(_) => Err(Refusal::Compression),
        }
    }
}

/// The room for all bodies.
#[derive(Debug, Clone)]
pub(super) struct Bodies {
    room: Arc<Semaphore>,
    longest: usize,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::new(MAX_BODY_BYTES, MAX_HELD_BYTES)
    }
}

/// The room that a body takes.
#[derive(Debug)]
pub(super) struct Place {
    bodies: Bodies,
    taken: Option<OwnedSemaphorePermit>,
    room_bytes: usize,
}

impl Place {
    /// Makes sure that there is room for so many bytes in all.
    fn hold(&mut self, bytes: usize) -> Result<(), Refusal> {
        let more = bytes.saturating_sub(self.room_bytes).div_ceil(PIECE_BYTES);
        if more == 0 {
            return Ok(());
        }
        let pieces = u32::try_from(more).map_err(|_| Refusal::Busy)?;
        let permit =
            Arc::clone(&self.bodies.room).try_acquire_many_owned(pieces).map_err(|_| Refusal::Busy)?;
        self.room_bytes = self.room_bytes.saturating_add(more.saturating_mul(PIECE_BYTES));
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            None => self.taken = Some(permit),
        }
        Ok(())
    }
}

/// A body, and the room that it takes.
#[derive(Debug)]
pub(super) struct Held {
    bytes: Bytes,
    place: Place,
}

impl Held {
    pub(super) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The room alone: what the body said takes about as much.
    pub(super) fn into_place(self) -> Place {
        self.place
    }

    /// A part of the body, in the room of the whole.
    pub(super) fn part(self, of: impl FnOnce(&Bytes) -> Bytes) -> Self {
        Self { bytes: of(&self.bytes), place: self.place }
    }

    /// The body, decompressed.
    pub(super) async fn unpack(self, compression: Compression) -> Result<Self, Refusal> {
        match compression {
            Compression::Identity => Ok(self),
            Compression::Gzip => in_place_or_aside(self.bytes.len(), || gunzip(self)).await?,
        }
    }
}

impl Bodies {
    /// For bodies of at most `longest` bytes each, and `all` together.
    pub(super) fn new(longest: usize, all: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(all / PIECE_BYTES)), longest }
    }

    /// That a body is too long.
    const fn too_long(&self) -> Refusal {
        Refusal::TooLong { longest: self.longest }
    }

    /// Refuses a body that is going to be too long, before any of it is read.
    pub(super) fn announced(&self, length: usize) -> Result<(), Refusal> {
        if length > self.longest { Err(self.too_long()) } else { Ok(()) }
    }

    /// Reads a body, which may have so many bytes in front of it that do not count.
    pub(super) async fn read(&self, body: Body, prefix: usize) -> Result<Held, Refusal> {
        let limit = self.longest.saturating_add(prefix);
        let mut place = Place { bodies: self.clone(), taken: None, room_bytes: 0 };
        let mut chunks = body.into_data_stream();
        let mut bytes: Vec<u8> = Vec::new();
        let mut only: Option<Bytes> = None;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Refusal::Broken)?;
            let length = bytes.len().saturating_add(only.as_ref().map_or(0, Bytes::len));
            let length = length.saturating_add(chunk.len());
            if length > limit {
                return Err(self.too_long());
            }
            place.hold(length)?;
            // Most bodies come in one piece, which is not copied.
            if bytes.is_empty() && only.is_none() {
                only = Some(chunk);
            } else {
                bytes.extend_from_slice(&only.take().unwrap_or_default());
                bytes.extend_from_slice(&chunk);
            }
        }
        Ok(Held { bytes: only.unwrap_or_else(|| bytes.into()), place })
    }
}

fn gunzip(packed: Held) -> Result<Held, Refusal> {
    let Held { bytes, mut place } = packed;
    let packed_bytes = bytes.len();
    let mut unpacking = MultiGzDecoder::new(bytes.as_ref());
    let mut unpacked = Vec::new();
    loop {
        let room = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
        let read = unpacking.by_ref().take(room).read_to_end(&mut unpacked).map_err(|_| Refusal::NotGzip)?;
        if read == 0 {
            return Ok(Held { bytes: unpacked.into(), place });
        }
        place.bodies.announced(unpacked.len())?;
        place.hold(packed_bytes.saturating_add(unpacked.len()))?;
    }
}

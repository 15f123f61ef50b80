//! Every refusal, with its status over HTTP and over gRPC.

use std::time::Duration;

use axum::http::StatusCode;
use ingest::otlp::Malformed;

/// After how long an exporter may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It has no credential, or one that is not valid.
    #[error("{0}")]
    Unauthenticated(String),
    /// Its credential does not allow to report.
    #[error("{0}")]
    Forbidden(String),
    /// It is of a type that is not read here.
    #[error("the Content-Type is neither application/x-protobuf nor application/json")]
    ContentType,
    /// It is compressed in a way that is not read here.
    #[error("the body is compressed in another way than gzip: send it with gzip, or as it is")]
    Compression,
    /// It says that it is compressed and is not.
    #[error("the body is not gzip, though it says so")]
    NotGzip,
    /// It is too long.
    #[error("the body is longer than {longest} bytes, unpacked: send smaller batches")]
    TooLong {
        /// Bytes that it may have.
        longest: usize,
    },
    /// The connection broke inside of it.
    #[error("the body ended early")]
    Broken,
    /// A gRPC message is not framed as one.
    #[error("the body is not one gRPC message")]
    Frame,
    /// There is no such gRPC method.
    #[error("there is no such method: only Export of logs, metrics and traces")]
    Method,
    /// It is no export request.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// What it says cannot be stored, however often it is sent.
    #[error("{0}")]
    Unstorable(String),
    /// Too much is being received.
    #[error("too much is being received: send it again in a moment")]
    Busy,
    /// It took too long.
    #[error("the request was not finished in time: send it again")]
    TooSlow,
    /// The store cannot be written.
    #[error("the book cannot be written at the moment: send it again")]
    Unavailable,
    /// The receiver failed.
    #[error("the receiver failed: send it again")]
    Failed,
}

/// The codes of gRPC that are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    InvalidArgument,
    PermissionDenied,
    ResourceExhausted,
    Unimplemented,
    Unavailable,
    Unauthenticated,
}

impl Code {
    /// Its number.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::InvalidArgument => 3,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::Unimplemented => 12,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }
}

impl Refusal {
    /// The status over HTTP. Exporters try again after 429, 502, 503 and 504 alone.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::ContentType | Self::Compression => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Method => StatusCode::NOT_FOUND,
            Self::NotGzip | Self::Broken | Self::Frame | Self::Malformed(_) | Self::Unstorable(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Busy | Self::TooSlow | Self::Unavailable | Self::Failed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The code over gRPC. `ResourceExhausted` without a delay is final.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::Forbidden(_) => Code::PermissionDenied,
            Self::Compression | Self::Method | Self::ContentType => Code::Unimplemented,
            Self::TooLong { .. } => Code::ResourceExhausted,
            Self::NotGzip | Self::Broken | Self::Frame | Self::Malformed(_) | Self::Unstorable(_) => {
                Code::InvalidArgument
            }
            Self::Busy | Self::TooSlow | Self::Unavailable | Self::Failed => Code::Unavailable,
        }
    }

    /// After how long the same request may be sent again; never, where nothing is said.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy | Self::TooSlow | Self::Unavailable | Self::Failed => Some(RETRY_AFTER),
            Self::Unauthenticated(_)
            | Self::Forbidden(_)
            | Self::ContentType
            | Self::Compression
            | Self::NotGzip
            | Self::TooLong { .. }
            | Self::Broken
            | Self::Frame
            | Self::Method
            | Self::Malformed(_)
            | Self::Unstorable(_) => None,
        }
    }
}

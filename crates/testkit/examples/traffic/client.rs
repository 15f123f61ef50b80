//! One connection of a client, and calls over it.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;

/// What is called.
pub(crate) struct Target {
    address: String,
    request: Vec<u8>,
}

/// What became of a call.
pub(crate) struct Call {
    /// The status of the response; zero where there was none.
    pub(crate) status: u16,
    /// From the request to the first byte of the response's body.
    pub(crate) first: Duration,
}

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

impl Target {
    pub(crate) fn read(file: &str) -> Self {
        let bytes = std::fs::read(file).unwrap();
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let address = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Self { address, request: bytes[end + 1..].to_vec() }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection { stream: open(&self.address).await, read: Vec::new() }
    }
}

async fn open(address: &str) -> Option<TcpStream> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

impl Connection {
    pub(crate) async fn call(&mut self, target: &Target) -> Call {
        self.call_telling(target, None).await
    }

    /// Tells when the response has begun.
    pub(crate) async fn call_telling(&mut self, target: &Target, begun: Option<UnboundedSender<()>>) -> Call {
        let sent = Instant::now();
        let mut call = Call { status: 0, first: Duration::ZERO };
        if self.stream.is_none() {
            self.stream = open(&target.address).await;
        }
        if self.exchange(target, sent, &mut call, begun).await.is_none() {
            self.stream = None;
        }
        call
    }

    async fn exchange(
        &mut self,
        target: &Target,
        sent: Instant,
        call: &mut Call,
        mut begun: Option<UnboundedSender<()>>,
    ) -> Option<()> {
        let stream = self.stream.as_mut()?;
        stream.write_all(&target.request).await.ok()?;
        self.read.clear();
        let (mut status, mut head) = (0, None);
        loop {
            if stream.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
            if head.is_none() {
                head = Head::of(&self.read);
                status = head.as_ref().map_or(0, |head| head.status);
            }
            let Some(Head { end, length, .. }) = head else { continue };
            let body = &self.read[end..];
            if !body.is_empty() && call.first == Duration::ZERO {
                call.first = sent.elapsed();
                if let Some(begun) = begun.take() {
                    begun.send(()).ok()?;
                }
            }
            let is_whole = length.map_or_else(|| body.ends_with(b"0\r\n\r\n"), |length| body.len() >= length);
            if is_whole {
                call.status = status;
                return Some(());
            }
        }
    }
}

/// The head of a response.
struct Head {
    status: u16,
    /// The first byte of the body.
    end: usize,
    /// The body's length; none where it comes in chunks.
    length: Option<usize>,
}

impl Head {
    fn of(read: &[u8]) -> Option<Self> {
        let end = read.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let status = head.get(9..12)?.parse().ok()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        Some(Self { status, end, length })
    }
}

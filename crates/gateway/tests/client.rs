//! A client that writes bytes and reads bytes.

use std::fmt::Write as _;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A response, as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// By lower-case name.
    pub(crate) headers: Vec<(String, String)>,
    /// Without the frames of the transfer.
    pub(crate) body: Vec<u8>,
    /// The connection ended before the body did.
    pub(crate) is_cut: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Status, the headers that matter, and the body.
    pub(crate) fn told(&self) -> String {
        const TOLD: [&str; 6] = [
            "content-type",
            "x-bursar-refusal",
            "x-should-retry",
            "retry-after",
            "x-bursar-model",
            "x-bursar-output-limit",
        ];
        let mut told = self.status.to_string();
        for name in TOLD {
            if let Some(value) = self.header(name) {
                write!(told, "\n{name}: {value}").unwrap();
            }
        }
        write!(told, "\n\n{}{}", self.text(), if self.is_cut { "[cut]" } else { "" }).unwrap();
        told
    }
}

/// A connection on which one request is made.
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    /// Sends a request: its first line without the version, its headers, its body.
    pub(crate) async fn send(address: SocketAddr, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut head = format!("{line} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let is_framed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
        if !is_framed && (!body.is_empty() || line.starts_with("POST")) {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        // What refuses a request early may not read all of it.
        drop(stream.write_all(&bytes).await);
        Self { stream, read: Vec::new() }
    }

    /// Reads on until that text has come.
    pub(crate) async fn read_until(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.read).contains(text) {
            assert!(self.read_some().await, "no `{text}` in {}", String::from_utf8_lossy(&self.read));
        }
    }

    /// Reads to the end.
    pub(crate) async fn reply(mut self) -> Reply {
        while self.read_some().await {}
        parse(&self.read)
    }

    /// Reads to the end, whatever comes.
    pub(crate) async fn reply_if_any(mut self) {
        while self.read_some().await {}
    }

    async fn read_some(&mut self) -> bool {
        let mut piece = vec![0; 64 << 10];
        let count = self.stream.read(&mut piece).await.unwrap_or_default();
        self.read.extend_from_slice(&piece[..count]);
        count > 0
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Reply {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').expect(line))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut reply = Reply { status, headers, body: Vec::new(), is_cut: false };
    let rest = &bytes[end + 4..];
    if reply.header("transfer-encoding") == Some("chunked") {
        (reply.body, reply.is_cut) = dechunked(rest);
    } else {
        let length = reply.header("content-length").map(|it| it.parse::<usize>().unwrap());
        reply.body = rest.to_vec();
        reply.is_cut = length.is_some_and(|length| length != rest.len());
    }
    reply
}

/// The content of chunks, and whether the last one is missing.
pub(crate) fn dechunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|it| it == b"\r\n") else { return (body, true) };
        let length = String::from_utf8_lossy(&rest[..end]).into_owned();
        let length = usize::from_str_radix(length.split(';').next().unwrap(), 16).expect(&length);
        if length == 0 {
            return (body, false);
        }
        let start = end + 2;
        let Some(piece) = rest.get(start..start + length) else {
            body.extend_from_slice(&rest[start..]);
            return (body, true);
        };
        body.extend_from_slice(piece);
        rest = rest.get(start + length + 2..).unwrap_or_default();
    }
}

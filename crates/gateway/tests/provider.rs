//! A provider that follows a script, and remembers the bytes that it was sent.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::client::dechunked;

/// A request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Method and path.
    pub(crate) line: String,
    /// As they were written.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether it asks how long a prompt is, in the gateway's own name.
    pub(crate) fn counts(&self) -> bool {
        let counts = ["/count_tokens?", "/input_tokens", ":countTokens"];
        counts.iter().any(|it| self.line.contains(it))
    }
}

/// A step of the answer to a request.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Say(Vec<u8>),
    Sleep(Duration),
    /// Waits until the test lets it go on.
    Wait(Arc<Notify>),
    /// Closes the connection.
    Close,
}

pub(crate) type Script = Vec<Step>;
type Answer = Arc<dyn Fn(&Seen) -> Script + Send + Sync>;

pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    seen: Mutex<Vec<Seen>>,
    answer: Mutex<Answer>,
    /// Connections that the gateway closed while an answer was being given.
    hung_up: AtomicUsize,
    accepted: AtomicUsize,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer: Answer = Arc::new(|_| vec![Step::Close]);
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            answer: Mutex::new(answer),
            hung_up: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
        });
        let all = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                all.accepted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&all)));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn answers(&self, answer: impl Fn(&Seen) -> Script + Send + Sync + 'static) {
        *self.shared.answer.lock().unwrap() = Arc::new(answer);
    }

    /// Answers every request so; how long prompts are it does not say.
    pub(crate) fn says(&self, script: Script) {
        self.answers(move |seen| if seen.counts() { nothing_there() } else { script.clone() });
    }

    /// All requests but those that ask how long a prompt is.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.all().into_iter().filter(|it| !it.counts()).collect()
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("a request")
    }

    pub(crate) fn hung_up(&self) -> usize {
        self.shared.hung_up.load(Ordering::Relaxed)
    }

    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }
}

/// What a provider says that does not have what is asked for.
pub(crate) fn nothing_there() -> Script {
    whole("405 Method Not Allowed", &[], b"")
}

/// An answer with a length.
pub(crate) fn whole(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Script {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
    vec![Step::Say([head.as_bytes(), body].concat())]
}

pub(crate) fn json(body: &str) -> Script {
    whole("200 OK", &[("Content-Type", "application/json")], body.as_bytes())
}

/// The beginning of a streamed answer.
pub(crate) fn begin(content_type: &str, headers: &[(&str, &str)]) -> Step {
    let mut head = format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("Transfer-Encoding: chunked\r\n\r\n");
    Step::Say(head.into_bytes())
}

pub(crate) fn chunk(bytes: &[u8]) -> Step {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    Step::Say(chunk)
}

pub(crate) fn end() -> Step {
    Step::Say(b"0\r\n\r\n".to_vec())
}

/// A stream of events.
pub(crate) fn events(pieces: &[&str]) -> Script {
    let mut script = vec![begin("text/event-stream", &[])];
    script.extend(pieces.iter().map(|it| chunk(it.as_bytes())));
    script.push(end());
    script
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    while let Some(seen) = request(&mut stream, &mut buffer).await {
        shared.seen.lock().unwrap().push(seen.clone());
        let script = shared.answer.lock().unwrap().clone()(&seen);
        for step in script {
            match step {
                Step::Say(bytes) => {
                    if stream.write_all(&bytes).await.is_err() {
                        shared.hung_up.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                }
                Step::Sleep(time) => tokio::time::sleep(time).await,
                Step::Wait(notify) => {
                    let mut piece = [0; 1];
                    tokio::select! {
                        () = notify.notified() => {}
                        _ = stream.read(&mut piece) => {
                            shared.hung_up.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                    }
                }
                Step::Close => return,
            }
        }
    }
}

/// The next request of a connection.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
        read(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.lines();
    let line = lines.next()?.strip_suffix(" HTTP/1.1")?.to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').expect(line))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut seen = Seen { line, headers, body: Vec::new() };
    let start = head_end + 4;
    if seen.header("transfer-encoding").is_some() {
        while dechunked(&buffer[start..]).1 {
            read(stream, buffer).await?;
        }
        seen.body = dechunked(&buffer[start..]).0;
        buffer.clear();
    } else {
        let length: usize = seen.header("content-length").map_or(0, |it| it.parse().unwrap());
        while buffer.len() < start + length {
            read(stream, buffer).await?;
        }
        seen.body = buffer[start..start + length].to_vec();
        buffer.drain(..start + length);
    }
    Some(seen)
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut piece = vec![0; 64 << 10];
    let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
    buffer.extend_from_slice(&piece[..count]);
    Some(())
}

//! A provider that streams the same message to everybody, and slowly to who asks for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n";

/// In a request that asks for it.
const SLOWLY: &[u8] = b"Answer slowly.";

/// Messages so far: each has an id of its own, as otherwise they would be one call in the book.
static MESSAGES: AtomicU64 = AtomicU64::new(0);

/// Tells its address, and answers for ever.
pub(crate) async fn run(address: &str, events: u64, pause: Duration) {
    let listener = TcpListener::bind(address).await.unwrap();
    println!("{}", json!({ "address": listener.local_addr().unwrap().to_string() }));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        // A client that goes away in between is no failure.
        drop(tokio::spawn(answer(stream, events, pause)));
    }
}

async fn answer(mut stream: TcpStream, events: u64, pause: Duration) -> Option<()> {
    let mut read = Vec::new();
    loop {
        let is_slow = take_request(&mut stream, &mut read).await?;
        stream.write_all(HEAD.as_bytes()).await.ok()?;
        let id = format!("msg_bench_{}_{}", std::process::id(), MESSAGES.fetch_add(1, Ordering::Relaxed));
        let usage = json!({ "input_tokens": 100, "output_tokens": 1 });
        let message = json!({ "id": id, "model": "claude-opus-5-5", "role": "assistant", "usage": usage });
        send(&mut stream, "message_start", json!({ "message": message })).await?;
        for _ in 0..events {
            if is_slow {
                tokio::time::sleep(pause).await;
            }
            let delta = json!({ "type": "text_delta", "text": "a few words of text" });
            send(&mut stream, "content_block_delta", json!({ "index": 0, "delta": delta })).await?;
        }
        let usage = json!({ "output_tokens": events * 5 });
        send(&mut stream, "message_delta", json!({ "delta": { "stop_reason": "end_turn" }, "usage": usage }))
            .await?;
        send(&mut stream, "message_stop", json!({})).await?;
        stream.write_all(b"0\r\n\r\n").await.ok()?;
    }
}

async fn send(stream: &mut TcpStream, event: &str, mut data: serde_json::Value) -> Option<()> {
    data["type"] = json!(event);
    let text = format!("event: {event}\ndata: {data}\n\n");
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.ok()
}

/// Reads one request, and keeps what came behind it. Gives whether it asks to be answered slowly.
async fn take_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<bool> {
    loop {
        if let Some(length) = whole_request(read) {
            let is_slow = read[..length].windows(SLOWLY.len()).any(|it| it == SLOWLY);
            read.drain(..length);
            return Some(is_slow);
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

fn whole_request(read: &[u8]) -> Option<usize> {
    let end = read.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        let body = read[end..].windows(5).position(|it| it == b"0\r\n\r\n")?;
        return Some(end + body + 5);
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let length = end + length.unwrap_or(0_usize);
    (read.len() >= length).then_some(length)
}

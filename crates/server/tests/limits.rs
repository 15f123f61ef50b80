//! What is around every request.

use std::io::{Read, Write};
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::GzEncoder;
use server::Limits;

use crate::world::{OWNER, World};

#[test]
fn bodies_have_limits_before_and_after_they_are_unpacked() {
    let limits = Limits { body_bytes: 10_000, unpacked_bytes: 100_000, ..Limits::default() };
    let world = World::with(limits);
    let send = |headers: &[&str], body: &[u8]| world.ask("POST /api/v1/deliveries", OWNER, headers, body);
    let too_long = send(&[], &[b' '; 10_001]);
    assert_eq!(too_long.outcome(), "413 body_too_long");
    assert_eq!(too_long.json()["detail"], "the body is longer than 10000 bytes; send it in parts");
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&[b' '; 1_000_000]).expect("written");
    let bomb = bomb.finish().expect("gzip");
    let unpacked = send(&["content-encoding: gzip"], &bomb);
    assert_eq!(unpacked.outcome(), "413 body_too_long");
    assert!(unpacked.text.contains("100000 bytes after decompression"), "{unpacked:?}");
    assert_eq!(send(&["content-encoding: gzip"], b"{}").outcome(), "400 bad_body");
    assert_eq!(send(&["content-encoding: br"], b"{}").outcome(), "415 unknown_encoding");
}

#[test]
fn addresses_methods_and_parameters_that_are_none_are_named() {
    let world = World::new();
    let outcome = |request: &str| world.ask(request, OWNER, &[], b"").outcome();
    assert_eq!(outcome("GET /api/v1/nothing"), "404 no_such_address");
    assert_eq!(outcome("DELETE /api/v1/me"), "405 no_such_method");
    assert_eq!(outcome("GET /api/v1/tokens?order=asc"), "400 bad_parameter");
    assert_eq!(outcome("GET /api/v1/tokens?limit=1&limit=2"), "400 bad_parameter");
    assert_eq!(outcome("GET /api/v1/report?by=colour"), "400 bad_question");
    assert_eq!(outcome("GET /api/v1/report?since=tomorrow"), "400 bad_question");
    assert_eq!(outcome("GET /api/v1/report?what_if=a&format=csv"), "400 bad_question");
}

#[test]
fn every_answer_has_the_id_of_its_request() {
    let world = World::new();
    let own = world.get("/api/v1/me", "");
    assert_eq!(own.request_id.len(), 16);
    assert_eq!(own.json()["request_id"], own.request_id.as_str());
    let given = world.ask("GET /healthz", "", &["x-request-id: trace-1.a_b"], b"");
    assert_eq!(given.request_id, "trace-1.a_b");
    let forged = world.ask("GET /healthz", "", &["x-request-id: a b"], b"");
    assert_eq!(forged.request_id.len(), 16);
}

#[test]
fn one_request_too_many_is_told_to_come_again() {
    let world = World::with(Limits { requests: 0, ..Limits::default() });
    let busy = world.get("/api/v1/me", OWNER);
    assert_eq!(busy.outcome(), "503 busy");
    assert_eq!(world.get("/healthz", "").ok().text, "ok\n");
    assert_eq!(world.get("/readyz", "").ok().text, "ok\n");
}

#[test]
fn with_a_certificate_everything_is_encrypted() {
    let world = World::encrypted();
    assert_eq!(world.get("/api/v1/me", OWNER).ok().json()["role"], "owner");
    let mut plain = TcpStream::connect(world.api).expect("a connection");
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    // What is answered, if anything, is an alert of TLS.
    drop(plain.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

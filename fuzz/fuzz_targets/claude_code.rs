//! Transcripts of Claude Code.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::lines(bytes, "projects/shop/session.jsonl", ingest::logs::claude_code::decoder);
});

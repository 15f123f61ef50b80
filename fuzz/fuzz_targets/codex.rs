//! Rollouts of Codex.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::lines(bytes, "sessions/2026/01/01/rollout-a.jsonl", ingest::logs::codex::decoder);
});

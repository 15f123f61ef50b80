//! Events of Copilot CLI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::lines(bytes, "session-state/a/events.jsonl", ingest::logs::copilot_cli::decoder);
});

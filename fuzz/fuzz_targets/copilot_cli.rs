//! Events of Copilot CLI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::lines(bytes, "session-state/a/events.jsonl", |path, state| {
        ingest::logs::copilot_cli::decoder(path, state).expect("there is no database")
    });
});

//! Tasks and sessions of Cline and its forks.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for path in [
        "tasks/1/ui_messages.json",
        "rooveterinaryinc.roo-cline/tasks/1/ui_messages.json",
        "sessions/s/s.messages.json",
    ] {
        fuzz::document(bytes, path, ingest::logs::cline::read);
    }
});

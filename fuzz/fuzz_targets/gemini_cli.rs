//! Conversations of Gemini CLI, as records and as a document.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::lines(bytes, "tmp/shop/chats/session-a.jsonl", ingest::logs::gemini_cli::decoder);
    fuzz::document(bytes, "tmp/shop/chats/session-a.json", ingest::logs::gemini_cli::read);
});

//! Message files of opencode; rows of its database hold the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::document(bytes, "storage/message/ses_1/msg_1.json", ingest::logs::opencode::read_document);
});

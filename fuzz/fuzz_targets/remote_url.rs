//! Remote URLs of repositories.
#![no_main]

libfuzzer_sys::fuzz_target!(|url: &str| {
    let remote = attribution::repo_id::normalise(url);
    if let Some(id) = remote.id() {
        assert!(!id.as_str().contains(char::is_whitespace), "{id}");
    }
});

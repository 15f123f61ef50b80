//! Bodies of requests to model providers: read, edited, and read again.
#![no_main]

use dialect::{Dialect, Edit, Request, Route};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for path in [
        "/v1/messages",
        "/v1/chat/completions",
        "/v1/responses",
        "/v1beta/models/m:streamGenerateContent?alt=sse",
    ] {
        let route = Route::of("POST", path);
        let Ok(request) = Request::read(&route, bytes) else { continue };
        assert!(request.prompt.text_bytes <= u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        assert_eq!(request.edit(bytes, &Edit::default()).as_deref(), Ok(bytes));
        let model = (request.dialect != Dialect::Gemini).then(|| "another".into());
        let edit = Edit { model, output_limit: Some(1_000), report_usage: true };
        let Ok(edited) = request.edit(bytes, &edit) else { continue };
        let again = Request::read(&route, &edited).expect("what was understood is understood when edited");
        assert!(again.output_limit.is_some_and(|limit| limit <= 1_000));
        assert!(again.reports_usage);
        assert!(edit.model.is_none_or(|model| model == again.model));
    }
});

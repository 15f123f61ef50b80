//! Export requests of OpenTelemetry, of every signal and in both encodings.
#![no_main]

use domain::{ReporterId, Timestamp};
use ingest::otlp::{Encoding, Exporter, Signal, read};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let exporter = Exporter { reporter: ReporterId::new("exporter"), developer: None };
    let received_at = Timestamp::from_millis(1_767_323_045_000);
    for signal in Signal::ALL {
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            let once = read(signal, encoding, bytes, &exporter, received_at);
            let again = read(signal, encoding, bytes, &exporter, received_at);
            assert_eq!(once, again);
        }
    }
});

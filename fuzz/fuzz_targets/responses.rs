//! Responses of model providers: whole, cut where the first byte says, and byte by byte.
#![no_main]

use dialect::{Delivery, Dialect, Meter, Reading};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((cut, response)) = bytes.split_first() else { return };
    let (one, two) = response.split_at(usize::from(*cut).min(response.len()));
    for dialect in Dialect::ALL {
        for delivery in [Delivery::Events, Delivery::Whole, Delivery::List] {
            let meter = || Meter::new(dialect, delivery);
            let whole = read(meter(), [response]);
            assert_eq!(whole.1, response);
            assert_eq!(read(meter(), [one, two]), whole);
            assert_eq!(read(meter(), response.chunks(1)), whole);
            let hiding = || meter().hiding_usage();
            let hidden = read(hiding(), [response]);
            assert_eq!(hidden.0, whole.0);
            assert_eq!(read(hiding(), [one, two]), hidden);
            assert_eq!(read(hiding(), response.chunks(1)), hidden);
        }
    }
});

/// What the response says, and what is relayed of it.
fn read<'a>(mut meter: Meter, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Reading, Vec<u8>) {
    let mut relayed = Vec::new();
    for piece in pieces {
        relayed.extend_from_slice(&meter.feed(piece));
    }
    relayed.extend_from_slice(&meter.finish());
    (meter.reading(), relayed)
}

//! How fast export requests are read, on one core: `otlp_rate logs pb FILE...`.
//!
//! Each file is one body. All are read again and again for some seconds; the figures are
//! records, calls and bytes per second. `bench/otlp.py` makes the bodies.

use std::error::Error;
use std::hint::black_box;
use std::io::Read;
use std::time::{Duration, Instant};

use domain::{ReporterId, Timestamp};
use flate2::read::GzDecoder;
use ingest::otlp::{Encoding, Exporter, Signal, read};

/// How long is measured.
const LONG_ENOUGH: Duration = Duration::from_secs(3);

#[expect(clippy::disallowed_methods, reason = "it measures time")]
#[expect(clippy::print_stdout, reason = "it prints what it measured")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let signal = arguments.next().and_then(|name| Signal::ALL.into_iter().find(|it| it.name() == name));
    let signal = signal.ok_or("the first argument is logs, metrics or traces")?;
    let (encoding, packed) = match arguments.next().as_deref() {
        Some("json") => (Encoding::Json, false),
        Some("json.gz") => (Encoding::Json, true),
        Some("pb") => (Encoding::Protobuf, false),
        Some("pb.gz") => (Encoding::Protobuf, true),
        Some(_) | None => return Err("the second argument is json, pb, json.gz or pb.gz".into()),
    };
    let bodies = arguments.map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let exporter = Exporter { reporter: ReporterId::new("exporter"), developer: None };
    let (mut records, mut calls, mut bytes) = (0_u64, 0_u64, 0_u64);
    let began = Instant::now();
    while began.elapsed() < LONG_ENOUGH {
        for body in &bodies {
            let mut unpacked = Vec::new();
            let body = if packed {
                GzDecoder::new(body.as_slice()).read_to_end(&mut unpacked)?;
                &unpacked
            } else {
                body
            };
            let telemetry =
                read(signal, encoding, body, &exporter, Timestamp::from_millis(1_767_323_045_000))?;
            let read = u64::try_from(telemetry.observed.len())?;
            let happened = u64::try_from(telemetry.activities.len())?;
            records += read + happened + telemetry.ignored + telemetry.rejected.count();
            calls += read;
            bytes += u64::try_from(body.len())?;
            black_box(telemetry);
        }
    }
    let ms = u64::try_from(began.elapsed().as_millis())?.max(1);
    println!("{} records/s {} calls/s {} MB/s", records * 1_000 / ms, calls * 1_000 / ms, bytes / 1_000 / ms);
    Ok(())
}

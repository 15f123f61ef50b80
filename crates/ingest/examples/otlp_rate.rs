//! Reads export requests again and again: `otlp_rate logs pb FILE...`.
//!
//! Each file is one body. What was read is printed at the end; `bench/otlp.py` makes the
//! bodies, and divides by the CPU time that this took.

use std::error::Error;
use std::hint::black_box;
use std::io::Read;

use domain::{ReporterId, Timestamp};
use flate2::read::GzDecoder;
use ingest::otlp::{Encoding, Exporter, Signal, read};

/// Records that are read, at least.
const ENOUGH: u64 = 300_000;

#[expect(clippy::print_stdout, reason = "it prints what it read")]
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
    let arrival = Timestamp::from_millis(1_767_323_045_000);
    let (mut records, mut bytes) = (0_u64, 0_u64);
    for body in bodies.iter().cycle() {
        let mut unpacked = Vec::new();
        if packed {
            GzDecoder::new(body.as_slice()).read_to_end(&mut unpacked)?;
        }
        let body = if packed { &unpacked } else { body };
        let telemetry = black_box(read(signal, encoding, body, &exporter, arrival)?);
        let kept = u64::try_from(telemetry.observed.len() + telemetry.activities.len())?;
        records += kept + telemetry.ignored + telemetry.rejected.count();
        bytes += u64::try_from(body.len())?;
        if records >= ENOUGH {
            break;
        }
    }
    println!("{records} {bytes}");
    Ok(())
}

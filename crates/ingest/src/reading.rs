//! Reading a file from where the last reading stopped.
//!
//! A file that only grew is read on; one that was truncated or rewritten is
//! noticed by a fingerprint of its beginning and of the bytes before the place
//! where reading stopped, and read from its beginning. Reading something twice
//! is harmless to calls, which are joined by their keys; what a file says of its
//! sessions is kept per file and replaced.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use domain::{Progress, Shape, SourceFile, Stamp};

use crate::fingerprint;
use crate::harvest::{Harvest, Problem};
use crate::{lines, logs};

/// How much of a file's beginning is fingerprinted.
const HEAD: u64 = 1_024;
/// How much before the stopping place is fingerprinted.
const TAIL: u64 = 256;

/// What a reading gave besides the observations that were handed out on the way.
#[derive(Debug)]
pub struct Reading {
    /// How far the file is read now.
    pub progress: Progress,
    /// What is left to hand out, and the file's tallies and problems in all.
    pub harvest: Harvest,
    /// How many bytes were read.
    pub bytes: u64,
}

/// What the file system says of a file. Of a database, its write-ahead log counts too.
///
/// # Errors
/// Where the file is gone or hidden.
pub fn stamp(file: &SourceFile) -> io::Result<Stamp> {
    let mut stamp = stamp_of(&file.path.metadata()?);
    if file.shape == Shape::Database {
        let mut wal = file.path.clone().into_os_string();
        wal.push("-wal");
        if let Ok(metadata) = Path::new(&wal).metadata() {
            let log = stamp_of(&metadata);
            stamp.size = stamp.size.saturating_add(log.size);
            stamp.modified_ns = stamp.modified_ns.max(log.modified_ns);
        }
    }
    Ok(stamp)
}

/// Reads what is new in a file. `earlier` holds the file's tallies and problems up
/// to `before`, and `between` may take observations out as they come.
///
/// An unreadable file is a problem of the harvest, not an error: what was read
/// before stays, and the next reading tries again.
pub fn read(
    file: &SourceFile,
    before: &Progress,
    earlier: Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> Reading {
    let mut harvest = earlier;
    let outcome = stamp(file).and_then(|stamp| match file.shape {
        Shape::Lines => read_lines(file, before, stamp, &mut harvest, between),
        Shape::Document => {
            harvest = Harvest::default();
            logs::read_document(file, &mut harvest)?;
            Ok((Progress { stamp, ..Progress::default() }, stamp.size))
        }
        Shape::Database => {
            let state = Some(before.state.as_str()).filter(|state| !state.is_empty());
            let state = logs::read_database(file, state, &mut harvest, between)?;
            Ok((Progress { stamp, state, ..Progress::default() }, stamp.size))
        }
    });
    let (progress, bytes) = outcome.unwrap_or_else(|_| {
        harvest.problems.count(Problem::Unreadable, before.offset);
        (before.clone(), 0)
    });
    Reading { progress, harvest, bytes }
}

fn read_lines(
    file: &SourceFile,
    before: &Progress,
    stamp: Stamp,
    harvest: &mut Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> io::Result<(Progress, u64)> {
    let mut input = File::open(&file.path)?;
    let goes_on = before.offset > 0
        && stamp.size >= before.offset
        && fingerprints(&mut input, before.offset)? == (before.head, before.tail);
    let (start, state) = if goes_on {
        (before.offset, Some(before.state.as_str()))
    } else {
        *harvest = Harvest::default();
        (0, None)
    };
    input.seek(SeekFrom::Start(start))?;
    let mut decoder = logs::decoder(file, state)?;
    let offset = lines::read(&mut input, start, decoder.as_mut(), harvest, between)?;
    let (head, tail) = fingerprints(&mut input, offset)?;
    let progress = Progress { stamp, offset, head, tail, state: decoder.state() };
    Ok((progress, offset.saturating_sub(start)))
}

/// Fingerprints of the first bytes and of those before `offset`.
fn fingerprints(input: &mut File, offset: u64) -> io::Result<(u64, u64)> {
    let mut of = |from: u64, length: u64| -> io::Result<u64> {
        let mut bytes = Vec::new();
        input.seek(SeekFrom::Start(from))?;
        input.by_ref().take(length).read_to_end(&mut bytes)?;
        Ok(fingerprint::of(&bytes))
    };
    let tail = offset.min(TAIL);
    Ok((of(0, offset.min(HEAD))?, of(offset.saturating_sub(tail), tail)?))
}

fn stamp_of(metadata: &Metadata) -> Stamp {
    let modified_ns = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_nanos()).ok());
    let (device, inode) = file_id(metadata);
    Stamp { device, inode, size: metadata.len(), modified_ns: modified_ns.unwrap_or_default() }
}

#[cfg(unix)]
fn file_id(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn file_id(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

//! Reading a file from where the last reading stopped.
//!
//! A file that only grew is read on; one that was replaced, truncated or rewritten
//! is read from its beginning. That it was is told by another inode, by a change
//! without growth, and by fingerprints of its beginning, of samples all over it,
//! and of the bytes before the place where reading stopped. What remains unnoticed
//! is a file that grew and was rewritten in place, before that place and between
//! the samples only: the tools append, or write a new file. Reading something twice
//! is harmless to calls, which are joined by their keys; what a file says of its
//! sessions is kept per file and replaced.

use std::collections::HashSet;
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
/// How many places between the two are fingerprinted.
const SAMPLES: u64 = 16;
/// How much of each.
const SAMPLE: u64 = 64;

/// What a reading gave besides the observations that were handed out on the way.
#[derive(Debug)]
pub struct Reading {
    /// How far the file is read now.
    pub progress: Progress,
    /// What is left to hand out, and the file's tallies and problems in all.
    pub harvest: Harvest,
    /// How many bytes were read.
    pub bytes: u64,
    /// Why the file could not be read to its end.
    pub error: Option<io::Error>,
}

/// What the file system says of a file. Of a database, its write-ahead log counts too.
///
/// # Errors
/// Where the file is gone or hidden, or is no file: a pipe or a device might never end.
pub fn stamp(file: &SourceFile) -> io::Result<Stamp> {
    let metadata = file.path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut stamp = stamp_of(&metadata);
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

/// The files with what the file system says of them, each by one name: the first,
/// where links or several folders lead to the same.
#[must_use]
pub fn stamped(files: Vec<SourceFile>) -> Vec<(SourceFile, io::Result<Stamp>)> {
    let (mut ids, mut paths) = (HashSet::new(), HashSet::new());
    let mut stamped = Vec::with_capacity(files.len());
    for file in files {
        let stamp = stamp(&file);
        // Where the file system numbers no files, all have the number 0.
        let id = stamp.as_ref().ok().map(|it| (it.device, it.inode)).filter(|it| it.1 != 0);
        let is_first = id.map_or_else(|| paths.insert(file.path.clone()), |id| ids.insert(id));
        if is_first {
            stamped.push((file, stamp));
        }
    }
    stamped
}

/// Reads what is new in a file. `earlier` holds the file's tallies and problems up
/// to `before`, and `between` may take observations out as they come.
///
/// An unreadable file is a problem of the harvest, not an error: what was read
/// before stays, and the next reading tries again. Of what this one read, only the
/// calls and pull requests are kept, which are joined with those of the next.
pub fn read(
    file: &SourceFile,
    before: &Progress,
    earlier: Harvest,
    between: &mut dyn FnMut(&mut Harvest),
) -> Reading {
    let (tallies, problems) = (earlier.tallies.clone(), earlier.problems.clone());
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
    match outcome {
        Ok((progress, bytes)) => Reading { progress, harvest, bytes, error: None },
        Err(error) => {
            (harvest.tallies, harvest.problems) = (tallies, problems);
            harvest.problems.count(Problem::Unreadable, before.offset);
            Reading { progress: before.clone(), harvest, bytes: 0, error: Some(error) }
        }
    }
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
        && may_have_grown(&before.stamp, &stamp)
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

/// Whether it is the same file, unchanged or longer. Device numbers are no proof:
/// some change whenever the machine starts.
const fn may_have_grown(before: &Stamp, now: &Stamp) -> bool {
    let is_unchanged = now.size == before.size && now.modified_ns == before.modified_ns;
    now.inode == before.inode && (now.size > before.size || is_unchanged)
}

/// Fingerprints of the first bytes with the samples, and of the bytes before
/// `offset`. They depend on nothing behind it.
fn fingerprints(input: &mut File, offset: u64) -> io::Result<(u64, u64)> {
    let mut bytes = |from: u64, length: u64| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        input.seek(SeekFrom::Start(from))?;
        input.by_ref().take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let mut head = fingerprint::of(&bytes(0, offset.min(HEAD))?);
    if offset > HEAD {
        for number in 1..SAMPLES {
            let from = (offset / SAMPLES).saturating_mul(number);
            head = fingerprint::more(head, &bytes(from, SAMPLE)?);
        }
    }
    let tail = offset.min(TAIL);
    Ok((head, fingerprint::of(&bytes(offset.saturating_sub(tail), tail)?)))
}

fn stamp_of(metadata: &Metadata) -> Stamp {
    let modified_ns = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_nanos()).ok());
    let (device, inode) = identity(metadata);
    Stamp { device, inode, size: metadata.len(), modified_ns: modified_ns.unwrap_or_default() }
}

/// What a file is, whatever its names: the device, and its number there.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests;

//! Files that grow, shrink, are rewritten and replaced between two readings.

use std::fs;

use domain::{Timestamp, Tool};

use super::*;

/// A record of a Claude Code transcript, always of the same length.
fn record(id: u32, output: u32) -> String {
    format!(
        "{{\"type\":\"assistant\",\"sessionId\":\"s1\",\"timestamp\":\"2026-08-01T08:00:00.000Z\",\"message\":{{\"id\":\"msg_{id:04}\",\"model\":\"claude-opus-4-8\",\"stop_reason\":\"end_turn\",\"usage\":{{\"output_tokens\":\"{output:09}\"}}}}}}\n"
    )
}

/// A transcript that is read after each change, and when it was last written.
struct Log {
    file: SourceFile,
    progress: Progress,
    written_at: u64,
    _folder: tempfile::TempDir,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s1.jsonl");
        let file = SourceFile { tool: Tool::ClaudeCode, shape: Shape::Lines, path };
        Self { file, progress: Progress::default(), written_at: 1_800_000_000, _folder: folder }
    }

    /// Writes in place, a second later.
    fn write(&mut self, content: &str) {
        fs::write(&self.file.path, content).unwrap();
        self.touch();
    }

    fn touch(&mut self) {
        self.written_at += 1;
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(self.written_at);
        File::options().append(true).open(&self.file.path).unwrap().set_modified(at).unwrap();
    }

    /// How many calls a reading gives.
    fn read(&mut self) -> usize {
        let reading = read(&self.file, &self.progress, Harvest::default(), &mut |_| {});
        assert!(reading.error.is_none());
        self.progress = reading.progress;
        reading.harvest.observations.len()
    }
}

fn records(count: u32) -> Vec<String> {
    (0..count).map(|id| record(id, 1)).collect()
}

#[test]
fn a_file_that_grew_is_read_on() {
    let mut log = Log::new();
    for (count, read) in [(1, 1), (3, 2), (40, 37), (41, 1)] {
        log.write(&records(count).concat());
        assert_eq!(log.read(), read, "{count}");
        assert_eq!(log.read(), 0, "{count}, unchanged");
    }
}

#[test]
fn a_file_that_was_rewritten_is_read_afresh() {
    let mut log = Log::new();
    log.write(&records(40).concat());
    assert_eq!(log.read(), 40);
    let mut lines = records(40);
    lines[20] = record(20, 2);
    log.write(&lines.concat());
    assert_eq!(log.read(), 40, "without growth, in the middle");
    log.write(&lines[..39].concat());
    assert_eq!(log.read(), 39, "truncated");
    for line in &mut lines[5..35] {
        *line = line.replace("msg_00", "msg_11");
    }
    log.write(&lines.concat());
    assert_eq!(log.read(), 40, "grown, and the middle rewritten");
    lines.push(record(40, 1));
    let new = log.file.path.with_extension("new");
    fs::write(&new, lines.concat()).unwrap();
    fs::rename(new, &log.file.path).unwrap();
    assert_eq!(log.read(), 41, "replaced");
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_read() {
    let mut log = Log::new();
    std::os::unix::fs::symlink("/dev/zero", &log.file.path).unwrap();
    let reading = read(&log.file, &log.progress, Harvest::default(), &mut |_| {});
    assert_eq!(reading.error.unwrap().to_string(), "not a regular file");
    let real = log.file.path.with_extension("real");
    fs::write(&real, record(1, 1)).unwrap();
    fs::remove_file(&log.file.path).unwrap();
    std::os::unix::fs::symlink(real, &log.file.path).unwrap();
    assert_eq!(log.read(), 1);
}

#[test]
fn an_error_leaves_what_was_known_before() {
    let mut log = Log::new();
    log.write(&records(2).concat());
    log.read();
    // Rewritten, so that reading starts afresh, and fails.
    let session = domain::SessionId::new("s1");
    let mut earlier = Harvest::default();
    earlier.tallies.touch(Tool::ClaudeCode, &session, Timestamp::from_millis(5)).turns = 7;
    earlier.problems.count(Problem::Torn, 3);
    let (tallies, mut problems) = (earlier.tallies.clone(), earlier.problems.clone());
    log.file.tool = Tool::Opencode;
    log.write("{}\n");
    let reading = read(&log.file, &log.progress, earlier, &mut |_| {});
    problems.count(Problem::Unreadable, log.progress.offset);
    assert_eq!(reading.error.unwrap().to_string(), "opencode writes no lines files");
    assert_eq!((reading.harvest.tallies, reading.harvest.problems), (tallies, problems));
    assert_eq!(reading.progress, log.progress);
}

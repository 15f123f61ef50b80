//! Logs as they live: they grow, tear, shrink, are rewritten, moved, copied,
//! deleted, and sometimes cannot be read. A call is counted once and never lost.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use testkit::logs::{Call, Tokens, Transcript};

use crate::machine::{CLAUDE, Machine, Run, calls_and_cost};

const FOLDER: &str = "/home/ada/src/web";
/// What one of these calls costs in nano-USD.
const COST: i64 = 440_000;

/// Call number so-and-so: all of them cost the same.
fn call(number: u64) -> Call {
    Call::new(&format!("msg_{number}"), "claude-opus-5-5", &format!("2026-03-02T09:{:02}:00Z", number % 60))
}

/// A transcript with those calls.
fn log(session: &str, numbers: impl IntoIterator<Item = u64>) -> String {
    let mut log = Transcript::new(session, FOLDER, "main");
    for number in numbers {
        log.call(&call(number));
    }
    log.text().to_owned()
}

/// The report has so many calls, stored or not.
fn check(machine: &Machine, calls: u64) {
    let expected = (calls, calls.cast_signed() * COST);
    assert_eq!(calls_and_cost(&machine.json(&["report"])), expected);
    assert_eq!(calls_and_cost(&machine.json(&["report"])), expected, "the second time");
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).expect("a log");
    file.write_all(text.as_bytes()).expect("room on the disk");
}

fn doctor(machine: &Machine) -> String {
    machine.run(&["doctor"]).done().to_owned()
}

#[test]
fn what_is_appended_is_counted() {
    let machine = Machine::new();
    let path = machine.log("p/s.jsonl", &log("s", 0..3));
    check(&machine, 3);
    append(&path, &log("s", 3..5));
    check(&machine, 5);
    machine.log("p/other.jsonl", &log("other", 5..6));
    check(&machine, 6);
    let sessions = machine.json(&["sessions"]);
    assert_eq!(sessions["rows"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_torn_line_is_counted_when_it_is_whole() {
    let whole = log("s", 0..3);
    let (before, last) = whole.split_at(whole.trim_end().rfind('\n').expect("lines") + 1);
    for cut in [1, last.len() / 2, last.len() - 2] {
        let machine = Machine::new();
        let path = machine.log("p/s.jsonl", &format!("{before}{}", &last[..cut]));
        check(&machine, 2);
        append(&path, &last[cut..]);
        check(&machine, 3);
        assert!(doctor(&machine).contains("Everything that was found could be read."), "cut at {cut}");
    }
}

#[test]
fn a_count_that_grows_later_is_corrected() {
    let machine = Machine::new();
    let mut log = Transcript::new("s", FOLDER, "main");
    let grown = |output: u64| call(0).with(Tokens { input: 10, output, ..Tokens::default() });
    let mut first = log.assistant(&grown(1));
    first["message"]["stop_reason"] = serde_json::Value::Null;
    log.record(&first);
    let path = machine.transcript("p/s.jsonl", &log);
    let report = machine.json(&["report"]);
    assert_eq!(
        (calls_and_cost(&report), report["confidence"]["output"][0]["count"].as_str()),
        ((1, 60_000), Some("interrupted"))
    );
    append(&path, Transcript::new("s", FOLDER, "main").call(&grown(20)).text());
    check(&machine, 1);
    let report = machine.json(&["report"]);
    assert_eq!(report["confidence"]["output"][0]["count"], "final");
    assert_eq!(report["confidence"]["output"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_truncated_file_loses_no_call_and_what_comes_then_is_read() {
    let machine = Machine::new();
    let path = machine.log("p/s.jsonl", &log("s", 0..4));
    check(&machine, 4);
    fs::write(&path, log("s", 0..1)).expect("a log");
    check(&machine, 4);
    append(&path, &log("s", 7..9));
    check(&machine, 6);
    fs::write(&path, "").expect("a log");
    check(&machine, 6);
}

#[test]
fn a_file_rewritten_in_the_same_length_is_read_again() {
    let machine = Machine::new();
    let (before, after) = (log("s", 10..13), log("s", 13..16));
    assert_eq!(before.len(), after.len());
    let path = machine.log("p/s.jsonl", &before);
    check(&machine, 3);
    fs::write(&path, &after).expect("a log");
    check(&machine, 6);
    // Rewritten and grown at once.
    fs::write(&path, log("s", 20..29)).expect("a log");
    check(&machine, 15);
}

#[test]
fn a_rotated_file_is_read_beside_its_successor() {
    let machine = Machine::new();
    let path = machine.log("p/s.jsonl", &log("s", 0..3));
    check(&machine, 3);
    fs::rename(&path, path.with_file_name("s.jsonl.1")).expect("a rename");
    fs::write(&path, log("s", 3..5)).expect("a log");
    check(&machine, 5);
    fs::rename(&path, path.with_file_name("renamed.jsonl")).expect("a rename");
    check(&machine, 5);
}

#[test]
fn a_deleted_log_leaves_its_calls() {
    let machine = Machine::new();
    let path = machine.log("p/s.jsonl", &log("s", 0..3));
    machine.log("p/t.jsonl", &log("t", 3..4));
    check(&machine, 4);
    fs::remove_file(&path).expect("a log");
    check(&machine, 4);
    let said = doctor(&machine);
    assert!(said.contains("2 files") && said.contains("1 of them gone since and kept here"), "{said}");
    let sessions = machine.json(&["sessions"]);
    assert_eq!(sessions["rows"].as_array().map(Vec::len), Some(2));
    machine.sandbox.delete(CLAUDE);
    check(&machine, 4);
    // What is not stored is gone with its log.
    assert_eq!(machine.json(&["report", "--ephemeral"])["total"]["calls"], 0);
}

#[test]
fn a_log_under_two_settings_folders_is_counted_once() {
    let machine = Machine::new();
    for folder in ["a", "b"] {
        machine.sandbox.write(&format!("{folder}/projects/p/s.jsonl"), &log("s", 0..3));
    }
    machine.sandbox.write("b/projects/p/t.jsonl", &log("t", 3..4));
    let folders = ["a", "b", "missing"].map(|folder| machine.path(folder).display().to_string()).join(" , ");
    let mut command = machine.bursar(&["report", "--format", "json"]);
    let report = Run::to_end(command.env("CLAUDE_CONFIG_DIR", folders)).json();
    assert_eq!(calls_and_cost(&report), (4, 4 * COST));
    assert_eq!(report["sources"]["files"], 3);
}

#[test]
fn copies_in_resumed_and_forked_sessions_are_no_new_calls() {
    let machine = Machine::new();
    let mut fork = Transcript::new("fork", FOLDER, "feat/ENG-7-fork");
    for number in 0..3 {
        fork.copy(&call(number), "s");
    }
    fork.call(&call(3));
    // The copy may be read before what it is a copy of.
    machine.transcript("p/fork.jsonl", &fork);
    check(&machine, 4);
    let of = |session: &str| machine.json(&["report", "--session", session])["total"]["calls"].clone();
    assert_eq!((of("fork"), of("s")), (4.into(), 0.into()));
    machine.log("p/s.jsonl", &log("s", 0..3));
    check(&machine, 4);
    assert_eq!((of("fork"), of("s")), (1.into(), 3.into()));
}

#[test]
fn odd_files_hide_nothing_else() {
    let machine = Machine::new();
    let path = machine.log("p/s.jsonl", &log("s", 0..2));
    let folder = path.parent().expect("a folder").to_owned();
    fs::create_dir(machine.log_path("p/folder.jsonl")).expect("a folder");
    machine.log("p/folder.jsonl/inside.jsonl", &log("inside", 2..3));
    machine.log("p/empty.jsonl", "");
    machine.log("p/notes.txt", &log("notes", 50..51));
    std::os::unix::fs::symlink(&folder, folder.join("circle")).expect("a link");
    std::os::unix::fs::symlink(folder.join("nowhere"), folder.join("broken.jsonl")).expect("a link");
    fs::write(folder.join(std::ffi::OsStr::from_bytes(b"not-utf8-\xff.jsonl")), log("odd", 3..4))
        .expect("a file");
    check(&machine, 3);
    doctor(&machine);
}

#[test]
fn a_hidden_file_is_named_and_read_once_it_is_shown() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    machine.log("p/s.jsonl", &log("s", 0..2));
    let hidden = machine.log("p/hidden.jsonl", &log("hidden", 2..3));
    let mode = |bits: u32| fs::set_permissions(&hidden, fs::Permissions::from_mode(bits)).expect("a mode");
    mode(0o000);
    if File::open(&hidden).is_ok() {
        // Nothing is hidden from root: a loop of links is as unreadable.
        fs::remove_file(&hidden).expect("a log");
        std::os::unix::fs::symlink(&hidden, &hidden).expect("a link");
    }
    check(&machine, 2);
    let said = doctor(&machine);
    assert!(said.contains("Not read") && said.contains("hidden.jsonl"), "{said}");
    assert_eq!(machine.json(&["report"])["sources"]["unreadable_files"], 1);
    if hidden.is_symlink() {
        fs::remove_file(&hidden).expect("a link");
        fs::write(&hidden, log("hidden", 2..3)).expect("a log");
    }
    mode(0o600);
    check(&machine, 3);
    assert!(!doctor(&machine).contains("Not read"), "{}", doctor(&machine));
    assert_eq!(machine.json(&["report"])["sources"]["unreadable_files"], 0);
}

#[test]
fn odd_bytes_hide_nothing_else() {
    let machine = Machine::new();
    let lines = log("s", 0..6);
    let mut lines = lines.lines().map(|line| line.as_bytes().to_vec());
    let mut next = || lines.next().expect("a line");
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    bytes.extend(next());
    bytes.extend(b"\r\n\0\0\0\0\0\0\0\n\0\0");
    bytes.extend(next());
    bytes.extend(b"\nnot JSON\n");
    // Not UTF-8, in text that nobody counts.
    let odd = next();
    let at = odd.windows(5).position(|part| part == b"Done.").expect("text");
    bytes.extend([&odd[..at], b"\xff\xfe\xc3", &odd[at..]].concat());
    bytes.extend(b"\n{\"type\":\"assistant\",\"message\":{\"usage\":{\"input_to");
    bytes.extend(next());
    bytes.extend(b"\n{\n  \"type\": \"user\",\n");
    bytes.extend(next());
    bytes.extend(b"\n\xc3\x28\n");
    bytes.extend(next());
    let path = machine.log("p/s.jsonl", "");
    fs::write(&path, bytes).expect("a log");
    check(&machine, 6);
    let said = doctor(&machine);
    assert!(said.contains("Not read") && said.contains("s.jsonl"), "{said}");
}

#[test]
fn a_line_of_64_mebibytes_is_skipped_in_bounded_memory() {
    let machine = Machine::new();
    let path = machine.log("p/s.jsonl", &log("s", 0..2));
    append(&path, r#"{"type":"user","sessionId":"s","message":{"role":"user","content":""#);
    for _ in 0..64 {
        append(&path, &"x".repeat(1 << 20));
    }
    append(&path, "\"}}\n");
    append(&path, &log("s", 2..3));
    check(&machine, 3);
    let said = doctor(&machine);
    assert!(said.contains("longer than the limit"), "{said}");
    let peak = peak_memory_kib(&machine, &["report", "--ephemeral"]);
    assert!((1_024..64 * 1_024).contains(&peak), "{peak} KiB");
}

/// The most memory that a run took, by the kernel's own count.
fn peak_memory_kib(machine: &Machine, arguments: &[&str]) -> u64 {
    let mut command = machine.bursar(arguments);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("bursar starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("a child").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(now.unwrap_or_default());
    }
    peak
}

//! Several processes at once, and processes that are killed: nothing is lost and
//! nothing doubled.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::machine::{Machine, Run, calls_and_cost};
use crate::world::{Sum, World};

/// A machine with so many worlds' logs, and the sum of their calls.
fn populated(worlds: u64) -> (Machine, Sum) {
    let machine = Machine::new();
    let mut sum = Sum::default();
    for seed in 0..worlds {
        let world = World::new(seed);
        machine.setting("rules.toml", crate::world::RULES);
        for (name, text) in &world.logs {
            // Every world has ids of its own.
            let text = text.replace("msg_", &format!("msg_{seed}_")).replace("made-up", &format!("w{seed}"));
            machine.log(&name.replace("made-up", &format!("w{seed}")), &text);
        }
        sum = sum.plus(&Sum::of(&world.calls));
    }
    (machine, sum)
}

#[test]
fn four_at_once_on_a_fresh_store() {
    let (machine, sum) = populated(3);
    for round in 0..3 {
        let children: Vec<_> = (0..4)
            .map(|_| {
                let mut command = machine.bursar(&["report", "--by", "repo,model", "--format", "json"]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bursar starts")
            })
            .collect();
        for child in children {
            let run = Run::of(&child.wait_with_output().expect("bursar ends"));
            assert_eq!(Sum::of_row(&run.json()["total"]), sum, "round {round}");
        }
        machine.sandbox.delete("data");
    }
}

#[test]
fn a_killed_scan_loses_and_doubles_nothing() {
    let (machine, sum) = populated(10);
    let undisturbed = machine.run(&["report", "--by", "session,model", "--format", "json"]);
    assert_eq!(Sum::of_row(&undisturbed.json()["total"]), sum);
    let stored = stored_bytes(&machine);
    let mut killed_midway = false;
    // By how much was written, not by how long it took: the same moments on any machine.
    for part in [0, 1, 2, 4, 6, 8] {
        machine.sandbox.delete("data");
        let mut command = machine.bursar(&["report", "--format", "json"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("bursar starts");
        while child.try_wait().expect("a child").is_none() && stored_bytes(&machine) < stored * part / 10 {
            std::thread::yield_now();
        }
        child.kill().expect("a child");
        let written = stored_bytes(&machine);
        let mut printed = String::new();
        child.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("text");
        child.wait().expect("a child");
        killed_midway |= printed.is_empty() && written > stored / 20;
        let run = machine.run(&["report", "--by", "session,model", "--format", "json"]);
        assert_eq!(run, undisturbed, "killed with {part} tenths written");
        assert_eq!(calls_and_cost(&machine.json(&["sessions"])), (sum.calls, sum.cost));
    }
    assert!(killed_midway, "every scan was over before it could be killed");
}

/// How large the store is by now.
fn stored_bytes(machine: &Machine) -> u64 {
    let files = fs::read_dir(machine.path("data/bursar")).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|it| it.len()).sum()
}

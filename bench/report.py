#!/usr/bin/env python3
"""Measures `bursar report` beside ccusage, on generated and on real logs.

Both read the same files in the same run, by turns, so that their ratio holds
whatever else the machine is doing; each figure is the median. The page cache is
warm. Speed is millions of bytes of logs per second of CPU (user and system).
"""

import sys

sys.dont_write_bytecode = True

import json
from pathlib import Path

import harness
from harness import MEGABYTE

# How many files the incremental figures are about, and what is added to one of them.
FILES = 1_500
APPENDED = MEGABYTE

TARGETS = {
    "speed on real logs": "at least 400 MB per CPU-second",
    "memory": "at most 64 MB",
    "unchanged": "at most 40 ms",
    "appended": "at most 60 ms",
    "statusline": "at most 50 ms",
}


def main():
    parser = harness.options(__doc__)
    parser.add_argument(
        "--samples",
        type=Path,
        default=harness.CHECKOUT.parent / "shared" / "samples" / "claude",
        help="real logs, laid out as a CLAUDE_CONFIG_DIR",
    )
    parser.add_argument("--runs", type=int, default=5, help="how often the whole tree is read")
    parser.add_argument("--short-runs", type=int, default=21, help="how often the short commands run")
    parser.add_argument("--skip-bursar", action="store_true", help="measure ccusage alone")
    args = parser.parse_args()
    if not args.skip_bursar:
        harness.check_bursar(args)

    with harness.scratch_folder(args) as work:
        measure(args, work)


def measure(args, work):
    trees = {"generated": harness.generated_tree(args, seed=1)}
    if args.samples.exists():
        trees["real"] = harness.replicated_tree(args, args.samples)
    else:
        print(f"Real logs: NOT MEASURED, there are none at {args.samples}; name some with --samples.\n")
    for name, tree in trees.items():
        scans(args, work, name, tree)
    if not args.skip_bursar:
        increments(args, work, trees["generated"])
        print("Targets: " + "; ".join(f"{name} {target}" for name, target in TARGETS.items()) + ".")
    # Last, because this script's own memory only grows.
    floor = harness.memory_floor()
    print(f"Memory of {floor / MEGABYTE:.0f} MB or less cannot be told from that of the script that measures.")


def scans(args, work, name, tree):
    """Reads the whole tree with nothing known beforehand."""
    programs = {f"ccusage {harness.CCUSAGE}": lambda: run_ccusage(args, work, tree)}
    if not args.skip_bursar:
        programs["bursar, storing everything"] = lambda: run_bursar(args, work, tree, REPORT, home="fresh")
        programs["bursar --ephemeral"] = lambda: run_bursar(args, work, tree, [*REPORT, "--ephemeral"], home="fresh")
    runs = by_turns(programs, args.runs)
    size = harness.size_of(tree)
    peer = next(iter(runs.values())).wall
    print(f"Cold, {name} logs: {size / MEGABYTE:.0f} MB in {len(harness.log_files(tree))} files, {args.runs} runs\n")
    harness.table(
        ["", "wall s", "CPU s", "peak MB", "MB/CPU-s", "wall / ccusage's"],
        [
            [
                program,
                f"{run.wall:.2f}",
                f"{run.cpu:.2f}",
                f"{run.memory / MEGABYTE:.0f}",
                f"{size / MEGABYTE / run.cpu:.0f}",
                f"{run.wall / peer:.2f}",
            ]
            for program, run in runs.items()
        ],
    )
    print()


def increments(args, work, tree):
    """Reads a tree that is already stored, unchanged or grown a little."""
    tree = harness.padded_copy(tree, work / "tree", FILES)
    run_bursar(args, work, tree, REPORT, home="fresh")
    transcript = max(harness.log_files(tree), key=lambda file: file.stat().st_size)
    additions = harness.additions(transcript, APPENDED)

    def grown():
        with transcript.open("ab") as log:
            log.write(next(additions))
        return run_bursar(args, work, tree, REPORT)

    status = json.dumps(
        {
            "session_id": transcript.stem,
            "transcript_path": str(transcript),
            "cwd": str(work),
            "model": {"id": "claude-opus-4-8", "display_name": "Opus"},
            "workspace": {"current_dir": str(work), "project_dir": str(work)},
            "version": "2.1.150",
        }
    ).encode()
    rows = {
        "nothing changed": by_turns({"": lambda: run_bursar(args, work, tree, REPORT)}, args.short_runs)[""],
        "1 MB appended": by_turns({"": grown}, args.short_runs)[""],
        "statusline": by_turns({"": lambda: run_bursar(args, work, tree, ["statusline"], stdin=status)}, args.short_runs)[""],
        "ccusage, anew": by_turns({"": lambda: run_ccusage(args, work, tree)}, args.runs)[""],
    }
    print(f"Already stored: {len(harness.log_files(tree))} files, {args.short_runs} runs\n")
    peer = rows["ccusage, anew"].wall
    harness.table(
        ["", "wall ms", "CPU ms", "peak MB", "wall / ccusage's"],
        [
            [
                name,
                f"{run.wall * 1000:.0f}",
                f"{run.cpu * 1000:.0f}",
                f"{run.memory / MEGABYTE:.0f}",
                f"{run.wall / peer:.3f}",
            ]
            for name, run in rows.items()
        ],
    )
    print()


REPORT = ["report", "daily", "--format", "json", "--timezone", "UTC"]


def run_bursar(args, work, tree, command, home="kept", stdin=b""):
    home_folder = work / "home"
    if home == "fresh":
        harness.fresh(home_folder)
    environment = {"HOME": home_folder, "XDG_DATA_HOME": home_folder / "data", "CLAUDE_CONFIG_DIR": tree}
    return harness.run([args.bursar, *command], environment, stdin)


def run_ccusage(args, work, tree):
    program = harness.ccusage(args)
    home = harness.fresh(work / "ccusage-home")
    command = [program, "claude", "daily", "--json", "--offline", "-z", "UTC"]
    return harness.run(command, {"HOME": home, "CLAUDE_CONFIG_DIR": tree})


def by_turns(programs, times):
    """Runs each once to warm the page cache, then all by turns; the medians."""
    for program in programs.values():
        program()
    runs = {name: [] for name in programs}
    for _ in range(times):
        for name, program in programs.items():
            runs[name].append(program())
    return {name: harness.median(done) for name, done in runs.items()}


if __name__ == "__main__":
    main()

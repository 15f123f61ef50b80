#!/usr/bin/env python3
"""Measures the company's book: how many observations a second it accepts, and how long a
report over 90 days takes to read.

A company of fifty developers is made up and delivered in batches of 512 by several
collectors at once; each waits for its answer, which follows the durable write, before it
sends again. Then a quarter of a year is grouped by three dimensions, from the sums by day,
by session and by quarter of an hour: once cold, then warm, and once more for one team of five.
Build the program with `cargo build --release -p store --example company`.
"""

import sys

sys.dont_write_bytecode = True

import json
import subprocess

import harness

TARGETS = {"per_second": 20_000, "batch_p99_ms": 100, "report_ms": 50, "team_ms": 3}


def main():
    parser = harness.options(__doc__)
    harness.built_example(parser, "company", "the built example")
    parser.add_argument("--calls", type=int, default=5_000_000, help="calls in the book")
    parser.add_argument("--days", type=int, default=365, help="days that they are made on")
    parser.add_argument("--collectors", type=int, default=8, help="collectors at once")
    parser.add_argument("--otlp", action="store_true", help="telemetry tells of every call a second time")
    parser.add_argument("--database", help="fills this empty database instead of new SQLite files")
    args = parser.parse_args()
    harness.need(args.company, "the program that measures", "build it, or name it with --company")
    with harness.scratch_folder(args) as work:
        address = args.database or f"sqlite:{work / 'book'}"
        second = "otlp" if args.otlp else "log"
        command = [args.company, address, args.calls, args.collectors, second, args.days]
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            tell(json.loads(line))
        if process.wait() != 0:
            harness.fail("the program that measures failed")


def tell(figures):
    what = figures.pop("what")
    grain = figures.pop("grain", None)
    print(f"{what} {grain or ''}".strip())
    for name, value in figures.items():
        # Sums by quarter of an hour are for questions that days do not answer.
        target = TARGETS.get(name) if grain != "Quarter" else None
        print(f"  {name:14} {value:>12,}" + (f"   target {target:,}" if target else ""))


if __name__ == "__main__":
    main()

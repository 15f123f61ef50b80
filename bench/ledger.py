#!/usr/bin/env python3
"""Measures budgets: how many calls a second are reserved and settled, and how long a caller
waits for a reservation, which is held by the disk when it is answered.

One, 64 and 512 callers at once; each call counts against the budgets of its developer, team
and organisation, and against a ceiling for each session. The ratios say what it brings that
callers who wait together share a transaction. SQLite by default; PostgreSQL by its address.
Build the program with `cargo build --release -p store --example ledger`.
"""

import sys

sys.dont_write_bytecode = True

import json
import subprocess

import harness


def main():
    parser = harness.options(__doc__)
    harness.built_example(parser, "ledger", "the built example")
    parser.add_argument("--seconds", type=int, default=4, help="how long each number of callers calls")
    parser.add_argument("--database", help="an empty database to use instead of a new SQLite file")
    args = parser.parse_args()
    harness.need(args.ledger, "the program that measures", "build it, or name it with --ledger")
    with harness.scratch_folder(args) as work:
        address = args.database or f"sqlite:{work / 'book'}"
        command = [args.ledger, address, args.seconds]
        run = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        harness.fail("the program that measures failed")
    tell([json.loads(line) for line in run.stdout.splitlines()])


def tell(rows):
    print("callers   a second    ratio   CPU us/call   reserve p50 ms   p99 ms")
    first = rows[0]["per_second"] or 1
    for row in rows:
        ratio = row["per_second"] / first
        print(
            f"{row['callers']:7}   {row['per_second']:8,}   {ratio:6.1f}   {row['cpu_us_a_cycle']:11}"
            f"   {row['reserve_p50_ms']:14}   {row['reserve_p99_ms']:6}"
        )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures what insight finds in made-up companies, and how far its forecasts were off.

For each seed, `bursar demo` makes a company whose anomalies are known: truth.json beside
the book lists them. What `bursar insight anomalies` tells of the same days is right where it
names one of the scopes that a planted one is a part of, on its day; a planted one is found
where something right was told of it. Loops that cost little are neither.

The forecasts are those of the last day; beside each stand the errors of the same method on
the past of the series, as the command states them.
"""

import sys

sys.dont_write_bytecode = True

import contextlib
import json
import subprocess
import time
from collections import Counter
from fractions import Fraction

import harness

# The last day of every company, so that a seed is the same company at any time.
UNTIL = "2026-06-12"
NOWHERE = {"PATH": harness.SEARCH_PATH, "TZ": "UTC", "LANG": "C.UTF-8"}


def main():
    parser = harness.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5], help="the companies")
    parser.add_argument("--until", default=UNTIL, help="their last day")
    parser.add_argument("--size", choices=["full", "small"], default="full", help="how large they are")
    args = parser.parse_args()
    harness.check_bursar(args)
    with harness.scratch_folder(args) as work:
        companies = [Company(args, work / f"seed{seed}", seed) for seed in args.seeds]
        for company in companies:
            company.measure()
    show_anomalies(companies)
    show_missed(companies)
    show_forecasts(companies)


class Company:
    """One made-up company, and what insight says of it."""

    def __init__(self, args, folder, seed):
        self.args, self.folder, self.seed = args, folder, seed

    def run(self, *words):
        environment = NOWHERE | {"HOME": str(self.folder.parent)}
        command = [self.args.bursar, *map(str, words)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            harness.fail(f"bursar {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stdout

    def measure(self):
        args = self.args
        terms = ["--data", self.folder, "--until", args.until, "--seed", self.seed, "--size", args.size]
        began = time.monotonic()
        self.run("demo", "--no-serve", *terms)
        self.seconds = time.monotonic() - began
        self.truth = json.loads((self.folder / "truth.json").read_text())
        with self.served(terms) as server:
            asked = ["--format", "json", "--server", server, "--token-file", self.folder / "tokens" / "owner"]
            days = ["--since", self.truth["first_day"], "--until", self.truth["last_day"]]
            self.told = json.loads(self.run("insight", "anomalies", *days, *asked))["told"]
            self.forecast = json.loads(self.run("insight", "forecast", *asked))
        self.judge()

    @contextlib.contextmanager
    def served(self, terms):
        """The address of a server on it."""
        command = [self.args.bursar, "demo", *map(str, terms), "--listen", "127.0.0.1:0", "--no-open"]
        environment = NOWHERE | {"HOME": str(self.folder.parent)}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                yield json.loads(process.stdout.readline())["api"]
            finally:
                process.terminate()

    def judge(self):
        """Which of what was told is right, and which of what was planted was found."""
        planted = self.truth["anomalies"]
        self.right, self.found, self.exact = [], set(), set()
        for told in self.told:
            scope = scope_of(told["subject"])
            scopes = {scope} | {scope_of(it) for it in told["seen_in"]}
            hits = [
                number
                for number, it in enumerate(planted)
                if told["first_day"] <= it["day"] <= told["last_day"] and scope in it["touches"]
            ]
            self.right.append(bool(hits))
            self.found.update(hits)
            self.exact.update(number for number in hits if planted[number]["scope"] in scopes)


def scope_of(subject):
    """As truth.json writes it."""
    return "org" if subject["kind"] == "org" else f"{subject['kind']}/{subject['value']}"


def share(part, whole):
    return f"{float(Fraction(100 * part, whole)):.0f} %" if whole else "-"


def show_anomalies(companies):
    head = ["seed", "calls", "made in", "planted", "told", "right", "precision", "found", "recall", "on its scope"]
    rows = []
    for it in companies:
        planted, told, right = len(it.truth["anomalies"]), len(it.told), sum(it.right)
        counts = [planted, told, right, share(right, told), len(it.found), share(len(it.found), planted), len(it.exact)]
        rows.append([it.seed, it.truth["total"]["calls"], f"{it.seconds:.1f} s", *counts])
    planted = sum(len(it.truth["anomalies"]) for it in companies)
    told, right = sum(len(it.told) for it in companies), sum(sum(it.right) for it in companies)
    found, exact = sum(len(it.found) for it in companies), sum(len(it.exact) for it in companies)
    rows.append(["all", "", "", planted, told, right, share(right, told), found, share(found, planted), exact])
    table("Anomalies", head, rows)


def show_missed(companies):
    """What was not found, and what was told although nothing was planted, by kind."""
    kinds, missed, wrong = Counter(), Counter(), Counter()
    for it in companies:
        for number, planted in enumerate(it.truth["anomalies"]):
            kinds[planted["kind"]] += 1
            missed[planted["kind"]] += number not in it.found
        for told, right in zip(it.told, it.right):
            wrong[f"{told['subject']['kind']}, {told['rule']}"] += not right
    rows = [[kind, count, missed[kind]] for kind, count in sorted(kinds.items())]
    table("Planted, by kind", ["kind", "planted", "missed"], rows)
    rows = [[what, count] for what, count in wrong.most_common() if count]
    table("Told of days on which nothing was planted", ["of, by which rule", "times"], rows)


def show_forecasts(companies):
    """The backtest: errors in per cent of the total, each method on the past of the whole company."""
    rows = []
    for it in companies:
        for target in it.forecast["whole"]["targets"]:
            errors = target["errors"]
            if errors is None:
                rows.append([it.seed, target["horizon"], target["method"], "", "", "", "", "too little history"])
                continue
            per_cent = lambda per_mille: "-" if per_mille is None else f"{per_mille / 10:.1f}"
            methods = ", ".join(f"{one['method']} {per_cent(one['total_per_mille'])}" for one in errors["methods"])
            measured = [per_cent(errors[f"{name}_per_mille"]) for name in ["total", "wape", "coverage"]]
            rows.append([it.seed, target["horizon"], target["method"], errors["tries"], *measured, methods])
    head = ["seed", "horizon", "method", "tries", "total %", "days %", "within %", "each method, total %"]
    table("Forecasts, tried on the past", head, rows)


def table(title, head, rows):
    print(f"\n{title}\n")
    harness.table(head, rows)


if __name__ == "__main__":
    main()

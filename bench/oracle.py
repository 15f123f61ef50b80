#!/usr/bin/env python3
"""Checks `bursar report` against the generator's own count, to the last token.

Every model's calls, tokens of every class and web searches must be what the
generator wrote down while it made the tree. Exits with 1 where they are not.
"""

import sys

sys.dont_write_bytecode = True

import json
import re

import harness

# The generator's names for what the report calls so.
CLASSES = {
    "calls": "calls",
    "input": "input",
    "output": "output",
    "cr": "cache_read",
    "cw5m": "cache_write_5m",
    "cw1h": "cache_write_1h",
    "web_search": "web_searches",
}


def main():
    parser = harness.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="one tree for each")
    parser.add_argument("--ephemeral", action="store_true", help="check the report that stores nothing")
    args = parser.parse_args()
    harness.check_bursar(args)
    # Not a generator expression: every seed is checked, whatever the first one gave.
    differences = sum([check(args, seed) for seed in args.seeds])
    if differences:
        harness.fail(f"{differences} figures differ from the oracle")


def check(args, seed):
    tree = harness.generated_tree(args, seed)
    found = reported(args, tree)
    expected = {as_reported(model, found): figures for model, figures in oracle(tree).items()}
    rows, differences = [], 0
    for model in sorted({*expected, *found} - {TOTAL}) + [TOTAL]:
        row = [model]
        for name in CLASSES.values():
            want, got = expected.get(model, {}).get(name, 0), found.get(model, {}).get(name, 0)
            differences += want != got
            row.append(f"{got:,}" if want == got else f"{got:,} != {want:,}")
        rows.append(row)
    size = harness.size_of(tree) / harness.MEGABYTE
    verdict = "exact" if differences == 0 else f"{differences} figures DIFFER (report != oracle)"
    print(f"Seed {seed}, {size:.0f} MB: {verdict}\n")
    harness.table(["model", *CLASSES.values()], rows)
    print()
    return differences


TOTAL = "total"
DATE = re.compile(r"-20\d{6}$")


def as_reported(model, found):
    """A report names a model that it knows without the date of its release."""
    return model if model in found else DATE.sub("", model)


def oracle(tree):
    """The oracle's figures by model. It splits models by speed, a report does not."""
    wrote = json.loads((tree / "oracle.json").read_text())
    models = {}
    for name, figures in [*wrote["by_model"].items(), (TOTAL, wrote["total"])]:
        row = models.setdefault(name.removesuffix("-fast"), dict.fromkeys(CLASSES.values(), 0))
        for theirs, ours in CLASSES.items():
            row[ours] += figures[theirs]
    return models


def reported(args, tree):
    """The report's figures by model."""
    command = [args.bursar, "report", "--by", "model", "--format", "json"]
    with harness.scratch_folder(args) as work:
        environment = {"HOME": work, "XDG_DATA_HOME": work / "data", "CLAUDE_CONFIG_DIR": tree}
        output = harness.run(command + ["--ephemeral"] * args.ephemeral, environment).output
    report = json.loads(output)
    models = {row["key"]["model"]: figures(row) for row in report["rows"]}
    return models | {TOTAL: figures(report["total"])}


def figures(row):
    return {name: row[name] if name in row else row["tokens"][name] for name in CLASSES.values()}


if __name__ == "__main__":
    main()

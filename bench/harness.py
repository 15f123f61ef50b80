"""What the measuring scripts share: trees of logs, ccusage, one timed run, tables.

Python's standard library only. Everything is written below the scratch folder,
which by default lies in the cache folder outside of the checkout.
"""

import argparse
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
CCUSAGE = "20.0.24"
MEGABYTE = 1_000_000
# What the programs under test may see of this machine's environment.
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"


def options(description):
    """The options that all scripts have."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bursar"
    scratch = Path(os.environ.get("BURSAR_CACHE") or cache) / "bench"
    built = Path(os.environ.get("CARGO_TARGET_DIR") or "target")
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--bursar", type=Path, default=CHECKOUT / built / "release" / "bursar", help="the binary to measure")
    parser.add_argument(
        "--generator",
        type=Path,
        default=CHECKOUT.parent / "shared" / "tools" / "gen_logs.py",
        help="writes a tree of logs and its oracle: GENERATOR OUT --mb N --seed N",
    )
    parser.add_argument("--scratch", type=Path, default=scratch, help="where trees and tools are kept between runs")
    parser.add_argument("--mb", type=int, default=300, help="size of a tree, in millions of bytes")
    return parser


def built_example(parser, name, says):
    """Adds an option for a program that was built with `cargo build --release --example`."""
    built = Path(os.environ.get("CARGO_TARGET_DIR") or "target")
    program = CHECKOUT / built / "release" / "examples" / name
    parser.add_argument(f"--{name}", type=Path, default=program, help=says)


def fail(message):
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def need(path, what, fix):
    if not path.exists():
        fail(f"{what} is not at {path}; {fix}")


def check_bursar(args):
    args.bursar = args.bursar.resolve()
    need(args.bursar, "bursar", "build it with `make build`, or name it with --bursar")


# Trees


def generated_tree(args, seed):
    """A tree of made-up Claude Code logs beside its oracle.json, made once and kept."""
    tree = args.scratch / f"generated-{args.mb}mb-seed{seed}"
    if not tree.exists():
        need(args.generator, "the generator", "name it with --generator")
        with scratch_folder(args) as folder:
            unfinished = folder / "tree"
            command = [sys.executable, args.generator, unfinished, "--mb", str(args.mb), "--seed", str(seed)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            unfinished.rename(tree)
    return tree


def replicated_tree(args, samples):
    """Real logs, copied until they are large enough, with ids of its own for every copy."""
    tree = args.scratch / f"replicated-{args.mb}mb"
    if not tree.exists():
        copies = -(-args.mb * MEGABYTE // size_of(samples))
        with scratch_folder(args) as folder:
            unfinished = folder / "tree"
            for copy in range(copies):
                for file in log_files(samples):
                    copy_with_own_ids(file, unfinished, file.relative_to(samples), copy)
            unfinished.rename(tree)
    return tree


def padded_copy(tree, into, files):
    """A copy that may be changed, with more small files until there are so many."""
    shutil.copytree(tree, into)
    by_size = sorted(log_files(tree), key=lambda file: file.stat().st_size)
    for number in range(files - len(by_size)):
        file = by_size[number % len(by_size)]
        copy_with_own_ids(file, into, file.relative_to(tree), 1 + number // len(by_size))
    return into


def log_files(tree):
    return sorted(tree.rglob("*.jsonl"))


def size_of(tree):
    return sum(file.stat().st_size for file in log_files(tree))


UUID_HEAD = re.compile(rb"\b([0-9a-f]{8})(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)")
MESSAGE_OR_REQUEST = re.compile(rb"\b(msg_|req_)(?=[0-9A-Za-z]{20})")


def with_own_ids(content, copy):
    """The same bytes with message, request, session and record ids of its own; copy 0 keeps them."""
    if copy == 0:
        return content
    shift = copy * 0x9E3779B1
    content = UUID_HEAD.sub(lambda id: b"%08x" % ((int(id.group(1), 16) + shift) % 2**32), content)
    return MESSAGE_OR_REQUEST.sub(lambda id: b"%s%06x" % (id.group(1), copy), content)


def copy_with_own_ids(file, tree, relative, copy):
    path = tree / os.fsdecode(with_own_ids(os.fsencode(relative), copy))
    if path.exists():
        # Its name holds no id, so the copy's number goes there.
        path = path.with_stem(f"{path.stem}-{copy}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(with_own_ids(file.read_bytes(), copy))


def additions(file, size):
    """Yields about `size` bytes of further calls of a file's session, others each time."""
    content = file.read_bytes()
    session = os.fsencode(file.stem)
    copy = 1_000_000
    while True:
        added = bytearray()
        while len(added) < size:
            copy += 1
            added += with_own_ids(content, copy).replace(with_own_ids(session, copy), session)
        end = added.find(b"\n", size - 1)
        yield bytes(added if end < 0 else added[: end + 1])


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def scratch_folder(args):
    """A folder of this run's own, removed with whatever is left in it."""
    args.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.scratch, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


# Programs


def ccusage(args):
    """The native binary of the pinned version, installed once from npm."""
    folder = args.scratch / f"ccusage-{CCUSAGE}"
    program = folder / "node_modules" / "@ccusage" / "ccusage-linux-x64" / "bin" / "ccusage"
    if not program.exists():
        if shutil.which("npm") is None:
            fail("npm is missing, which installs ccusage; install Node.js")
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", fresh(folder)]
        subprocess.run([*command, f"ccusage@{CCUSAGE}", f"@ccusage/ccusage-linux-x64@{CCUSAGE}"], check=True)
        need(program, "ccusage's native binary", "its package is laid out differently than expected")
        program.chmod(0o755)
    return program


@dataclass
class Run:
    """One run of a program: seconds, and the peak of its resident memory."""

    wall: float
    cpu: float
    memory: int
    output: bytes


def run(command, environment, stdin=b""):
    """Runs a program with that environment and nothing else of this one's."""
    environment = {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "NO_COLOR": "1", **environment}
    environment = {name: str(value) for name, value in environment.items()}
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        start = time.perf_counter()
        child = subprocess.Popen(list(map(str, command)), env=environment, stdin=given, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            said = err.read().decode(errors="replace").strip()
            fail(f"{' '.join(map(str, command))} ended with {child.returncode}: {said}")
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, out.read())


def memory_floor():
    """What a program that uses nothing seems to use: it starts as a copy of this one."""
    return run(["/bin/true"], {}).memory


def median(runs):
    """The run that is the median in each figure by itself."""
    middle = lambda figure: statistics.median(getattr(it, figure) for it in runs)
    return Run(middle("wall"), middle("cpu"), int(middle("memory")), runs[-1].output)


# Tables


def table(head, rows):
    """Prints Markdown: the first column to the left, the others to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    line = lambda row: "| " + " | ".join(
        cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))
    ) + " |"
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    print("\n".join(map(line, [head, rule, *rows])), flush=True)

#!/usr/bin/env python3
"""Measures how long the server takes for the data of each page of the dashboard.

A server is started on a demonstration, or on a book of five million calls that is made once and
kept below the scratch folder, and is asked what the pages of `web/src` ask, one question after
the other: once right after its start, then warm. A page shows its answers as they come and asks
for them at once, so beside the sum of its questions stands the longest. CPU is the server's own,
by its clock ticks, summed over runs; it is what to trust on a machine that others use.
Build the large book's program with `cargo build --release -p store --example company`.
"""

import sys

sys.dont_write_bytecode = True

import contextlib
import datetime
import http.client
import json
import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import harness

OWNER = "bsr_bench0000000_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk"
NOWHERE = {"PATH": harness.SEARCH_PATH, "TZ": "UTC", "LANG": "C.UTF-8", "BURSAR_OWNER_TOKEN": OWNER}
TICKS = os.sysconf("SC_CLK_TCK")
ATTEMPTS = 4
TARGET_MS = {"demo": 100, "large": 200}
# The last day of the demonstration, so that a seed is the same company at any time.
DEMO_UNTIL = "2026-06-12"
# The large book begins on 2025-11-01 (`crates/store/examples/company.rs`). Whenever this runs, it
# is asked for its last month as a page asks for this one; what is compared with the month before
# ends in the evening, because that is then told by quarters of an hour.
FIRST_DAY = datetime.date(2025, 11, 1)
EVENING = "T18:00"
DEVELOPERS, TEAMS = 50, 6


def main():
    parser = harness.options(__doc__)
    harness.built_example(parser, "company", "the built example that makes the large book")
    parser.add_argument("--book", choices=["demo", "large", "both"], default="both", help="which book")
    parser.add_argument("--calls", type=int, default=5_000_000, help="calls in the large book")
    parser.add_argument("--days", type=int, default=365, help="days that they are made on")
    parser.add_argument("--runs", type=int, default=5, help="how often each question is asked warm")
    parser.add_argument("--page", action="append", help="this page alone; may be repeated")
    parser.add_argument("--questions", action="store_true", help="each question, not only the pages")
    args = parser.parse_args()
    harness.check_bursar(args)
    books = {"demo": demo, "large": large}
    for name, book in books.items():
        if args.book in (name, "both"):
            with book(args) as server:
                measure(args, name, server)


def measure(args, name, server):
    """Asks the questions of every page, and prints what they took."""
    wanted = {page: questions for page, questions in pages(server.period).items() if not args.page or page in args.page}
    asked = {question: Asked(question) for questions in wanted.values() for question in questions}
    began = server.cpu()
    for it in asked.values():
        it.cold = server.ask(it.question)
    cold_cpu = server.cpu() - began
    for it in asked.values():
        began = server.cpu()
        it.warm = [server.ask(it.question) for _ in range(args.runs)]
        it.cpu = (server.cpu() - began) / args.runs
    target = TARGET_MS[name]
    print(f"\nThe {name} book: {server.says}; {args.runs} runs, milliseconds; target {target} for every question\n")
    rows = []
    for page, questions in wanted.items():
        of_page = [asked[it] for it in dict.fromkeys(questions)]
        slowest = max(of_page, key=lambda it: it.middle)
        within = "yes" if slowest.middle <= target else "NO"
        figures = [max(it.cold for it in of_page), slowest.middle, max(it.cpu for it in of_page), sum(it.cpu for it in of_page)]
        rows.append([page, len(of_page), *map(shown, figures), within, slowest.question])
    head = ["page", "questions", "longest cold", "longest warm", "longest CPU", "CPU of all", "within", "longest"]
    harness.table(head, rows)
    if args.questions:
        print()
        rows = [[it.question, shown(it.cold), shown(it.middle), shown(it.cpu)] for it in asked.values()]
        harness.table(["question", "cold", "warm", "CPU"], rows)
    print(f"\nCPU of all questions cold: {cold_cpu:,.0f} ms; memory of the server: {server.memory():.0f} MB")


def shown(milliseconds):
    return f"{milliseconds:,.1f}" if milliseconds < 10 else f"{milliseconds:,.0f}"


@dataclass
class Asked:
    """A question, and what it took: milliseconds."""

    question: str
    cold: float = 0.0
    warm: list = field(default_factory=list)
    cpu: float = 0.0

    @property
    def middle(self):
        return statistics.median(self.warm)


def pages(period):
    """What each page asks, as `web/src/pages` and the parts that they are made of do."""
    def report(**parameters):
        until = {"until": period["until"] + EVENING} if "until" in period and "compare" in parameters else {}
        return question("report", period | until, **parameters)

    parts = lambda top, *dimensions: [report(by=it, compare="true", top=top) for it in dimensions]
    headline = report(by="tool", compare="true")
    insight = lambda topic: question(f"insight/{topic}", period)
    until = {name: value for name, value in period.items() if name == "until"}
    person = {"developer.is": period["developer"]}
    within = lambda by, top: report(**person, by=by, compare="true", top=top)
    return {
        "overview": [
            headline,
            insight("overview"),
            question("insight/trends", until),
            question("budgets", {}, limit=1000),
            question("coverage", period),
            question("reporters", {}, limit=1000),
            report(by="team,repo", top=1),
            report(every="daily", compare="true"),
            *parts(8, "team", "developer", "repo", "model"),
        ],
        "explore": [headline, report(by="team", top=10_000), report(every="daily", by="team"), report(by="session", top=10_000)],
        "teams": [
            headline,
            report(every="weekly", by="team"),
            insight("teams"),
            insight("efficiency"),
            *parts(200, "team", "developer"),
            *parts(10, "client", "cost_centre"),
        ],
        "developer": [
            report(**person, by="tool", compare="true"),
            report(**person, every="daily", compare="true"),
            *(within(it, 12) for it in ("repo", "branch", "session", "model")),
        ],
        "repos": [
            headline,
            report(every="weekly", by="repo"),
            *parts(200, "repo"),
            *parts(15, "pr", "repo,branch", "ticket", "project"),
        ],
        "sessions": [question("sessions", period, limit=200)],
        "models": [
            headline,
            report(by="model", top=50),
            report(every="weekly", by="model"),
            insight("models"),
            *parts(50, "model"),
            *parts(10, "provider", "tool"),
        ],
        "anomalies": [insight("anomalies")],
        "forecast": [question("insight/forecast", until, by="team")],
        "budgets": [question("budgets", {}, limit=200), question("budget-requests", {}, limit=200), question("stops", {})],
        "sources": [
            question("reporters", {}, limit=1000),
            question("coverage", period, limit=1000),
            question("coverage", period, by="developer", limit=1000),
        ],
    }


def question(path, period, **parameters):
    parameters = {**{name: it for name, it in period.items() if name != "developer"}, **parameters}
    search = "&".join(f"{name}={quote(str(value))}" for name, value in parameters.items())
    return f"{path}?{search}" if search else path


class Server:
    """A server that is asked."""

    def __init__(self, process, token, period, says):
        self.process, self.period, self.says = process, period, says
        self.address = urlsplit(json.loads(process.stdout.readline())["api"]).netloc
        self.headers = {"authorization": f"Bearer {token}"}
        self.connection = http.client.HTTPConnection(self.address)

    def ask(self, what):
        """Milliseconds until the answer is there, asked again where the server gave up."""
        began = time.perf_counter()
        for _ in range(ATTEMPTS):
            self.connection.request("GET", f"/api/v1/{what}", headers=self.headers)
            answer = self.connection.getresponse()
            body = answer.read()
            if answer.status != 503:
                break
        if answer.status != 200:
            harness.fail(f"{what} was answered with {answer.status}: {body.decode(errors='replace')}")
        return 1_000 * (time.perf_counter() - began)

    def cpu(self):
        """Milliseconds of user and system time so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return 1_000 * (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            resident = next(line for line in status if line.startswith("VmRSS"))
        return int(resident.split()[1]) / 1_000


@contextlib.contextmanager
def started(command, environment):
    with subprocess.Popen(
        list(map(str, command)), env=NOWHERE | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def demo(args):
    """On a demonstration that is made once and kept."""
    folder = args.scratch / "demo-pages"
    home = {"HOME": str(args.scratch)}
    terms = ["--data", folder, "--until", DEMO_UNTIL]
    if not (folder / "truth.json").exists():
        args.scratch.mkdir(parents=True, exist_ok=True)
        run(args, ["demo", "--no-serve", *terms], home)
    truth = json.loads((folder / "truth.json").read_text())
    token = (folder / "tokens" / "owner").read_text().strip()
    developer = min(it.name for it in (folder / "machines").iterdir())
    period = {"since": "this-month", "developer": f"{developer}@tidewater.example"}
    with started([args.bursar, "demo", *terms, "--listen", "127.0.0.1:0", "--no-open"], home) as process:
        yield Server(process, token, period, f"{truth['total']['calls']:,} calls")


@contextlib.contextmanager
def large(args):
    """On the book of a company of fifty developers, with six teams."""
    folder = args.scratch / f"book-{args.calls}-{args.days}"
    if not folder.exists():
        harness.need(args.company, "the program that makes the book", "build it, or name it with --company")
        with harness.scratch_folder(args) as work:
            unfinished = work / "book"
            # A server takes no calls for its own that are there before its first start.
            with serving(args, unfinished) as process:
                Server(process, OWNER, {}, "")
            command = [args.company, f"sqlite:{unfinished}", args.calls, 8, "log", args.days]
            subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
            unfinished.rename(folder)
    last = FIRST_DAY + datetime.timedelta(days=args.days - 1)
    period = {"since": str(last.replace(day=1)), "until": str(last), "developer": "developer-7@example.com"}
    with serving(args, folder) as process:
        server = Server(process, OWNER, period, f"{args.calls:,} calls of {args.days} days")
        directory = args.scratch / "pages.toml"
        directory.write_text(organisation())
        token = args.scratch / "pages.token"
        token.write_text(OWNER)
        token.chmod(0o600)
        home = {"HOME": str(args.scratch)}
        run(args, ["org", "apply", directory, "--server", f"http://{server.address}", "--token-file", token], home)
        yield server


def serving(args, folder):
    database = ["--database", f"sqlite:{folder}", "--timezone", "Europe/Berlin", "--listen", "127.0.0.1:0"]
    command = [args.bursar, "serve", *database, "--otlp-http", "off", "--otlp-grpc", "off"]
    return started(command, {"HOME": str(args.scratch)})


def organisation():
    teams = [f'[[team]]\nid = "team-{number}"\n' for number in range(TEAMS)]
    people = [
        f'[[developer]]\nid = "developer-{number}@example.com"\nteam = "team-{number % TEAMS}"\n'
        for number in range(DEVELOPERS)
    ]
    return "\n".join([*teams, *people])


def run(args, words, home):
    done = subprocess.run(list(map(str, [args.bursar, *words])), env=NOWHERE | home, capture_output=True, text=True)
    if done.returncode != 0:
        harness.fail(f"bursar {' '.join(map(str, words))}: {done.stderr.strip()}")


if __name__ == "__main__":
    main()

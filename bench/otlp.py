#!/usr/bin/env python3
"""Measures the receivers of OpenTelemetry: how fast export requests are read, and how
many events a second reach the book.

Requests hold what a real client sends: a record of 26 attributes for each call, all of
them different calls. They are made before anything is timed. Reading is measured without
a server, in every encoding, by CPU time. Then `bursar up` is started on an empty book,
and connections send to it at once, each waiting for its answer before it sends again;
an answer follows the durable write. Once they send as fast as they can, which gives the
rate, and once at a fixed pace, which gives the latencies, counted from when a request was
due. Afterwards every call must be in the book, once.
"""

import sys

sys.dont_write_bytecode = True

import gzip
import http.client
import json
import os
import statistics
import struct
import subprocess
import threading
import time
from pathlib import Path

import harness

TOKEN = "bsr_bench0000000_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk"
TARGETS = {"events": 20_000, "p99_ms": 100}
# When the first call was made: in the past of whoever runs this, by less than a year.
NOW_NS = int(time.time()) * 1_000_000_000


def main():
    parser = harness.options(__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="calls that are sent")
    parser.add_argument("--batch", type=int, default=512, help="calls in a request")
    parser.add_argument("--connections", type=int, default=8, help="exporters at once")
    parser.add_argument("--pace", type=int, default=20_000, help="events a second at which latencies are measured")
    parser.add_argument("--runs", type=int, default=3, help="how often everything is measured; the median counts")
    parser.add_argument("--database", help="sends to this database instead of a new SQLite book; it must be empty")
    parser.add_argument("--rate", type=Path, default=None, help="the built example otlp_rate; without it, reading is not measured")
    args = parser.parse_args()
    harness.check_bursar(args)
    with harness.scratch_folder(args) as work:
        if args.rate:
            reading(args, work)
        else:
            print("Reading: NOT MEASURED; build it with `cargo build --release -p ingest --example otlp_rate`,")
            print("and name it with --rate.\n")
        sending(args, work)


# Requests


def attributes(call):
    """What Claude Code says of a call, with ids of its own."""
    return {
        "user.id": "98e313d5fe4b473df28c80feb3a16b152fc2aa95f6714c505cfa1802e37dbe80",
        "session.id": f"5e5510{call // 40:02x}-7c9a-4756-9d92-{call // 40:012x}",
        "user.email": f"dev{call // 4000 % 50}@acme.example",
        "vcs.repository.url.full": f"https://github.com/acme/repo-{call // 400 % 25}",
        "vcs.owner.name": "acme",
        "vcs.repository.name": f"repo-{call // 400 % 25}",
        "vcs.provider.name": "github",
        "anthropic.provider": "firstParty",
        "anthropic.custom_base_url": False,
        "terminal.type": "xterm-256color",
        "event.name": "api_request",
        "event.timestamp": "2026-01-02T03:04:04.000Z",
        "event.sequence": call % 1_000,
        "prompt.id": f"8b554b42-27d5-455d-92a0-{call // 5:012x}",
        "model": ("claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5")[call % 3],
        "input_tokens": 12 + call % 900,
        "output_tokens": 77 + call % 700,
        "cache_read_tokens": 20_000 + call % 40_000,
        "cache_creation_tokens": 300 + call % 500,
        "cost_usd": 0.004088,
        "cost_usd_micros": 4_088,
        "duration_ms": 1_780,
        "request_id": f"req_011{call:021d}",
        "speed": "normal",
        "query_source": "repl_main_thread",
        "effort": "medium",
    }


def moment(call):
    return NOW_NS - 86_400 * 1_000_000_000 + call * 1_000_000


def in_json(calls):
    def value(it):
        if isinstance(it, bool):
            return {"boolValue": it}
        if isinstance(it, int):
            return {"intValue": it}
        if isinstance(it, float):
            return {"doubleValue": it}
        return {"stringValue": it}

    def pairs(of):
        return [{"key": key, "value": value(it)} for key, it in of.items()]

    records = [
        {
            "timeUnixNano": str(moment(call)),
            "observedTimeUnixNano": str(moment(call)),
            "body": {"stringValue": "claude_code.api_request"},
            "attributes": pairs(attributes(call)),
        }
        for call in calls
    ]
    scope = {"scope": {"name": "com.anthropic.claude_code.events"}, "logRecords": records}
    resource = {"attributes": pairs({"service.name": "claude-code", "service.version": "2.1.330"})}
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}, separators=(",", ":")).encode()


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def within(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def in_protobuf(calls):
    def value(it):
        if isinstance(it, bool):
            return b"\x10" + varint(it)
        if isinstance(it, int):
            return b"\x18" + varint(it)
        if isinstance(it, float):
            return b"\x21" + struct.pack("<d", it)
        return within(1, it.encode())

    def pairs(field, of):
        return b"".join(within(field, within(1, key.encode()) + within(2, value(it))) for key, it in of.items())

    def record(call):
        at = struct.pack("<Q", moment(call))
        body = within(5, value("claude_code.api_request"))
        return b"\x09" + at + b"\x59" + at + body + pairs(6, attributes(call))

    scope = within(1, within(1, b"com.anthropic.claude_code.events"))
    records = b"".join(within(2, record(call)) for call in calls)
    resource = pairs(1, {"service.name": "claude-code", "service.version": "2.1.330"})
    return within(1, within(1, resource) + within(2, scope + records))


def batches(args, write):
    starts = range(0, args.events, args.batch)
    return [write(range(start, min(start + args.batch, args.events))) for start in starts]


# Reading


def reading(args, work):
    print("| read, per CPU-second     | records | MB, unpacked |")
    print("| ------------------------ | ------: | -----------: |")
    for size in (args.batch, 1):
        for name, write, pack in (
            ("pb", in_protobuf, False),
            ("json", in_json, False),
            ("pb.gz", in_protobuf, True),
            ("json.gz", in_json, True),
        ):
            bodies = [write(range(start * size, start * size + size)) for start in range(16)]
            files = []
            for number, body in enumerate(bodies):
                file = work / f"{name}-{size}-{number}"
                file.write_bytes(gzip.compress(body, 6) if pack else body)
                files.append(file)
            runs = [harness.run([args.rate, "logs", name, *files], {}) for _ in range(args.runs)]
            cpu = statistics.median(run.cpu for run in runs)
            records, size_read = map(int, runs[0].output.split())
            print(f"| {name:<8} {size:>4} a request | {records / cpu:>7,.0f} | {size_read / cpu / harness.MEGABYTE:>12,.0f} |")
    print()


# Sending


class Server:
    """`bursar up` on a book of its own."""

    def __init__(self, args, folder):
        if args.database:
            command = [args.bursar, "serve", "--database", args.database]
        else:
            command = [args.bursar, "up", "--no-open", "--no-import", "--data", folder / "book"]
        for option in ("--listen", "--otlp-http", "--otlp-grpc"):
            command += [option, "127.0.0.1:0"]
        home = folder / "home"
        home.mkdir(parents=True)
        environment = {"PATH": harness.SEARCH_PATH, "HOME": str(home), "BURSAR_OWNER_TOKEN": TOKEN}
        self.errors = (folder / "errors").open("wb")
        self.child = subprocess.Popen(
            list(map(str, command)), env=environment, stdout=subprocess.PIPE, stderr=self.errors
        )
        self.addresses = None
        for line in self.child.stdout:
            if line.startswith(b"{") and b"otlp" in line:
                self.addresses = json.loads(line)
                break
        if self.addresses is None:
            harness.fail(f"bursar up did not start: {(folder / 'errors').read_text()[-2000:]}")
        threading.Thread(target=self.child.stdout.read, daemon=True).start()

    def address(self, what):
        """`host:port` of a listener, whether it is told so or as a URL."""
        return str(self.addresses[what]).split("://")[-1].rstrip("/")

    def usage(self):
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) * 1024

    def stop(self):
        self.child.terminate()
        self.child.wait(timeout=60)
        self.errors.close()


def sending(args, work):
    print(f"{args.batch} events a request, {args.connections} connections, answered after the durable write")
    print()
    print(f"|            | events/s | CPU µs/event | memory MB | at {args.pace:,} a second: p50 ms | p99 ms |")
    print("| ---------- | -------: | -----------: | --------: | --------------------------: | -----: |")
    for name, write, kind in (
        ("pb", in_protobuf, "application/x-protobuf"),
        ("json", in_json, "application/json"),
    ):
        bodies = batches(args, write)
        packed = [gzip.compress(body, 1) for body in bodies]
        for label, of, more in ((name, bodies, {}), (f"{name}, gzip", packed, {"Content-Encoding": "gzip"})):
            headers = {"Content-Type": kind, "Authorization": f"Bearer {TOKEN}", **more}
            row(label, [measured(args, work, of, headers) for _ in range(1 if args.database else args.runs)])
            if args.database:
                return
    print(f"\nTargets: {TARGETS['events']:,} events/s, p99 below {TARGETS['p99_ms']} ms.")


def row(label, runs):
    rate, cpu, memory, p50, p99 = (statistics.median(column) for column in zip(*runs))
    memory /= harness.MEGABYTE
    print(f"| {label:<10} | {rate:>8,.0f} | {cpu:>12.1f} | {memory:>9.0f} | {p50:>27.1f} | {p99:>6.1f} |")


def measured(args, work, bodies, headers):
    """As fast as it goes; then, but for a database that is empty once only, at the pace."""
    rate, cpu, memory, took = send(args, harness.fresh(work / "book"), bodies, headers, pace=None)
    if not args.database:
        *_, took = send(args, harness.fresh(work / "book"), bodies, headers, pace=args.pace)
    took.sort()
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))] * 1_000
    return rate, cpu, memory, at(0.50), at(0.99)


def send(args, folder, bodies, headers, pace):
    """Sends all bodies; events a second, CPU and memory of the server, and latencies."""
    server = Server(args, folder)
    try:
        waiting = list(reversed(list(enumerate(bodies))))
        took, lock = [], threading.Lock()
        began = time.perf_counter()

        def exporter():
            connection = http.client.HTTPConnection(server.address("otlp_http"), timeout=60)
            while True:
                with lock:
                    if not waiting:
                        return
                    number, body = waiting.pop()
                due = time.perf_counter()
                if pace:
                    due = began + number * args.batch / pace
                    time.sleep(max(0, due - time.perf_counter()))
                connection.request("POST", "/v1/logs", body, headers)
                response = connection.getresponse()
                answer = response.read()
                elapsed = time.perf_counter() - due
                if response.status == 503:
                    with lock:
                        waiting.append((number, body))
                    continue
                if response.status != 200 or b"rejected" in answer.lower():
                    harness.fail(f"answered {response.status}: {answer[:500]}")
                with lock:
                    took.append(elapsed)

        exporters = [threading.Thread(target=exporter) for _ in range(args.connections)]
        before, _ = server.usage()
        began = start = time.perf_counter()
        for thread in exporters:
            thread.start()
        for thread in exporters:
            thread.join()
        wall = time.perf_counter() - start
        after, memory = server.usage()
        check(args, server)
    finally:
        server.stop()
    return args.events / wall, (after - before) / args.events * 1e6, memory, took


def check(args, server):
    """Every call is in the book, once."""
    connection = http.client.HTTPConnection(server.address("api"), timeout=60)
    connection.request("GET", "/api/v1/report?since=30d", headers={"Authorization": f"Bearer {TOKEN}"})
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        harness.fail(f"the report answered {response.status}: {text[:500]}")
    calls = json.loads(text)["total"]["calls"]
    if calls != args.events:
        harness.fail(f"{args.events:,} calls were sent and {calls:,} are in the book")


main()

#!/usr/bin/env python3
"""Measures the gateway: what it costs a call to go through it, beside nginx and LiteLLM.

The same calls go to a scripted provider straight, through nginx's proxy_pass (the floor),
through LiteLLM (the peer) and through `bursar up --gateway`, which reserves against a hard
budget and meters every call. All run in one go on one machine. CPU is that of the server's
own processes for a call, by their clock ticks; latencies count from when a call was due.

nginx and wrk are taken from Debian's archive and LiteLLM from PyPI, once, into the scratch
folder; nothing is installed. Build the traffic with
`cargo build --release -p testkit --example traffic`.
"""

import sys

sys.dont_write_bytecode = True

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import harness

LITELLM = "1.106.2"
OWNER = "bsr_bench0000000_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk"
MODEL = "claude-opus-5-5"
# What the scripted provider says of every call, and what that costs: $4 and $20 a million.
INPUT, OUTPUT = 100, 50
CALL_NANO_USD = INPUT * 4_000 + OUTPUT * 20_000
SIZES = {"1 KB": 1_000, "100 KB": 100_000}
CONNECTIONS = 32
RATE = 1_000
STREAMS = 1_000
BURST = 1_000
BURST_WORTH = 100
PATIENCE_S = 120
TICKS = os.sysconf("SC_CLK_TCK")
TARGETS = [
    "CPU a call at most 60 µs over 1 KB and 150 µs over 100 KB",
    "at least 5,000 calls a second with 32 connections",
    "p99 added at 1,000 calls a second at most 2 ms",
    "under 100 MB with 1,000 streams open",
    "first byte of a stream delayed by at most 1 ms at the median",
    "1,000 calls at once at a cap worth 100: never a nano-dollar over",
]


def main():
    parser = harness.options(__doc__)
    harness.built_example(parser, "traffic", "the built example that makes calls")
    parser.add_argument("--seconds", type=int, default=5, help="how long each figure is measured")
    parser.add_argument("--runs", type=int, default=3, help="how often; the median counts")
    parser.add_argument("--skip-litellm", action="store_true", help="measure without the peer")
    parser.add_argument("--skip-bursar", action="store_true", help="measure the others alone")
    args = parser.parse_args()
    harness.need(args.traffic, "the traffic", "build it, or name it with --traffic")
    args.traffic = args.traffic.resolve()
    if not args.skip_bursar:
        harness.check_bursar(args)
    # Whoever is told to end leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    args.tools = debian(args, ["nginx", "wrk", "libluajit-5.1-2"])
    with harness.scratch_folder(args) as work, contextlib.ExitStack() as stack:
        measure(args, work, stack)


def measure(args, work, stack):
    replies = stack.enter_context(replying_nginx(args, work))
    streamer = stack.enter_context(streaming_provider(args))
    doors = [Door("direct", replies.port, streamer.port)]
    floor = [stack.enter_context(proxying_nginx(args, work, name, to)) for name, to in (("a", replies), ("b", streamer))]
    doors.append(Door("nginx proxy_pass", floor[0].port, floor[1].port, floor[0].pid, floor[1].pid))
    if not args.skip_litellm:
        peer = [stack.enter_context(litellm(args, work, name, to)) for name, to in (("a", replies), ("b", streamer))]
        doors.append(Door(f"LiteLLM {LITELLM}", peer[0].port, peer[1].port, peer[0].pid, peer[1].pid, is_slow=True))
    if args.skip_bursar:
        print("Bursar: NOT MEASURED, as it was asked.\n")
    else:
        ours = [stack.enter_context(bursar(args, work, name, to)) for name, to in (("a", replies), ("b", streamer))]
        doors.append(Door("bursar", ours[0].port, ours[1].port, ours[0].pid, ours[1].pid))
    tables(args, work, doors)
    if not args.skip_bursar:
        with bursar(args, work, "c", streamer) as fresh:
            burst(args, work, fresh)
    print("\nTargets of bursar: " + "; ".join(TARGETS) + ".")


def tables(args, work, doors):
    rows = {door.name: [door.name] for door in doors}
    for _ in range(args.runs):
        # By turns, so that whatever else the machine does falls on all of them.
        for door in doors:
            door.runs.append(throughput(args, work, door))
    for door in doors:
        rows[door.name] += [middle(door.runs, figure) for figure in ("cpu 1 KB", "cpu 100 KB", "rps 1 KB", "rps 100 KB")]
    print(f"{CONNECTIONS} connections for {args.seconds} s, median of {args.runs} runs\n")
    harness.table(["", "CPU µs, 1 KB", "CPU µs, 100 KB", "calls/s, 1 KB", "calls/s, 100 KB"], rows.values())
    print(f"\n{RATE} calls a second (LiteLLM: 10), streams one after the other, and {STREAMS} at once (LiteLLM: 100)\n")
    rows, direct = [], None
    for door in doors:
        found = latencies(args, work, door)
        direct = direct or found
        rows.append(
            [
                door.name,
                *(cell(found[name], direct[name]) for name in ("p50", "p99", "first byte")),
                f"{found['memory'] / harness.MEGABYTE:.0f}" if found["memory"] else "-",
                found["failed"],
            ]
        )
    harness.table(["", "p50 µs (added)", "p99 µs (added)", "first byte µs (added)", "MB with streams", "failed"], rows)


def cell(value, direct):
    return "-" if value is None or direct is None else f"{value:,} ({value - direct:+,})"


def middle(runs, figure):
    values = sorted(run[figure] for run in runs if run[figure] is not None)
    return f"{values[len(values) // 2]:,.0f}" if values else "-"


class Door:
    """Where calls are sent: a port for whole answers and one for streams, and the servers behind them."""

    def __init__(self, name, port, stream_port, pid=None, stream_pid=None, is_slow=False):
        self.name, self.port, self.stream_port = name, port, stream_port
        self.pid, self.stream_pid, self.is_slow = pid, stream_pid, is_slow
        self.runs = []


# What is measured


def throughput(args, work, door):
    found = {}
    for size, length in SIZES.items():
        load(args, work, door, length, 1)
        before = cpu_seconds(door.pid)
        calls, failed = load(args, work, door, length, args.seconds)
        used = cpu_seconds(door.pid) - before
        if failed:
            harness.fail(f"{door.name} failed {failed} of {calls} calls over {size}")
        found[f"cpu {size}"] = used / calls * 1e6 if door.pid and calls else None
        found[f"rps {size}"] = calls / args.seconds
    return found


def load(args, work, door, length, seconds):
    script = work / "load.lua"
    headers = "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in HEADERS.items())
    script.write_text(
        f"""wrk.method = "POST"
wrk.body = [==[{body(length)}]==]
{headers}
function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("\\nFIGURES %d %d\\n", summary.requests, failed))
end
"""
    )
    url = f"http://127.0.0.1:{door.port}/v1/messages"
    command = [args.tools / "usr/bin/wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "-s", script, url]
    done = subprocess.run(list(map(str, command)), env=tool_environment(args), capture_output=True, text=True, check=True)
    calls, failed = done.stdout.rsplit("FIGURES ", 1)[1].split()
    return int(calls), int(failed)


def latencies(args, work, door):
    rate, streams, times = (10, 100, 20) if door.is_slow else (RATE, STREAMS, 300)
    steady = traffic(args, work, "steady", door.port, body(1_000), rate, args.seconds)[-1]
    first = traffic(args, work, "first-byte", door.stream_port, body(1_000, stream=True), times)[-1]
    memory, statuses = with_streams(args, work, door, streams)
    failed = steady["failed"] + sum(count for status, count in statuses.items() if status != "200")
    return {"p50": steady["p50_us"], "p99": steady["p99_us"], "first byte": first["p50_us"], "memory": memory, "failed": failed}


def with_streams(args, work, door, count):
    """The memory of the server while so many streams are open."""
    process = start_traffic(args, work, "streams", door.stream_port, body(1_000, stream=True, slowly=True), count)
    process.stdout.readline()
    memory = sum(resident(pid) for pid in family(door.stream_pid))
    statuses = json.loads(process.stdout.readline())["statuses"]
    process.wait()
    return memory, statuses


def burst(args, work, server):
    """Calls at once, all of them under way for seconds, of a session that may pay for a tenth."""
    cap = BURST_WORTH * CALL_NANO_USD
    budget(server, "session/burst", cap)
    headers = {"x-claude-code-session-id": "burst"}
    found = traffic(args, work, "burst", server.port, body(1_000, stream=True, limit=64, slowly=True), BURST, headers=headers)
    statuses = found[-1]["statuses"]
    cost = statuses.get("200", 0) * CALL_NANO_USD
    # A gateway tells the book of what it spent a little later.
    deadline = time.monotonic() + PATIENCE_S
    while (standing := figures(server, "session/burst"))["spent"] < cost and time.monotonic() < deadline:
        time.sleep(0.2)
    is_held = cost <= cap and standing["spent"] == cost and not standing["overrun"]
    print(f"\n{BURST} calls at once at a cap worth {BURST_WORTH}: answers {statuses}, which cost {cost:,} of {cap:,} nano-USD.")
    print(f"The book says {standing['spent']:,} spent and {standing['overrun']:,} overrun: {'never over' if is_held else 'WRONG'}.")


# Traffic


HEADERS = {
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "user-agent": "claude-cli/2.1.330 (external, sdk-cli)",
    "x-api-key": OWNER,
}


def body(length, stream=False, limit=1_000, slowly=False):
    fields = {"model": MODEL, "max_tokens": limit, "stream": stream, "messages": [{"role": "user", "content": ""}]}
    fields["messages"][0]["content"] = ("Answer slowly. " * slowly + "All of this is made up, " * (length // 24 + 1))[: max(0, length - len(json.dumps(fields)))]
    return json.dumps(fields)


def start_traffic(args, work, kind, port, content, *numbers, headers=()):
    head = {"host": f"127.0.0.1:{port}", **HEADERS, **dict(headers), "content-length": len(content)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    target = work / f"target-{kind}-{port}"
    target.write_text(f"127.0.0.1:{port}\nPOST /v1/messages HTTP/1.1\r\n{lines}\r\n{content}", newline="")
    command = [args.traffic, kind, target, *numbers]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)


def traffic(args, work, kind, port, content, *numbers, headers=()):
    process = start_traffic(args, work, kind, port, content, *numbers, headers=headers)
    said, _ = process.communicate()
    if process.returncode != 0:
        harness.fail(f"the traffic `{kind}` to port {port} failed")
    return [json.loads(line) for line in said.splitlines()]


# Servers


class Server:
    def __init__(self, process, port, **more):
        self.process, self.port, self.pid = process, port, process.pid
        self.__dict__.update(more)


@contextlib.contextmanager
def running(command, port=None, **options):
    process = subprocess.Popen(list(map(str, command)), start_new_session=True, **options)
    try:
        if port:
            wait_for(process, port)
        yield process
    finally:
        # The group that was started here, and nothing else.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(process, port):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            harness.fail(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    harness.fail(f"{process.args[0]} does not listen on port {port}")


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


@contextlib.contextmanager
def nginx(args, work, name, port, server):
    folder = harness.fresh(work / f"nginx-{name}")
    conf = folder / "nginx.conf"
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 100000000; client_body_buffer_size 1m; client_max_body_size 64m;
{temporary}{server} }}
"""
    )
    command = [args.tools / "usr/sbin/nginx", "-p", folder, "-e", folder / "error.log", "-c", conf]
    with running(command, port, env=tool_environment(args)) as process:
        yield Server(process, port)


def replying_nginx(args, work):
    # Counts differ from call to call, as they do in life.
    usage = {"input_tokens": "$connection_requests", "output_tokens": OUTPUT}
    content = [{"type": "text", "text": "Fine."}]
    message = {"id": "msg_$request_id", "type": "message", "role": "assistant", "model": MODEL, "content": content}
    message |= {"stop_reason": "end_turn", "usage": usage}
    port = free_port()
    reply = json.dumps(message).replace('"$connection_requests"', "$connection_requests")
    where = f"location / {{ default_type application/json; return 200 '{reply}'; }}"
    return nginx(args, work, "replies", port, f"server {{ listen 127.0.0.1:{port} backlog=8192; {where} }}")


def proxying_nginx(args, work, name, to):
    port = free_port()
    upstream = f"upstream provider {{ server 127.0.0.1:{to.port}; keepalive 256; keepalive_requests 100000000; }}"
    where = 'location / { proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }'
    return nginx(args, work, f"proxy-{name}", port, f"{upstream} server {{ listen 127.0.0.1:{port} backlog=8192; {where} }}")


@contextlib.contextmanager
def streaming_provider(args):
    """Streams last ten seconds, so that a thousand of them are open at the same time."""
    command = [args.traffic, "provider", "127.0.0.1:0", OUTPUT // 5, 1_000]
    with running(command, stdout=subprocess.PIPE, text=True) as process:
        address = json.loads(process.stdout.readline())["address"]
        yield Server(process, int(address.rsplit(":", 1)[1]))


@contextlib.contextmanager
def litellm(args, work, name, to):
    folder = harness.fresh(work / f"litellm-{name}")
    port, program = free_port(), peer_program(args)
    settings = {
        "model_list": [
            {
                "model_name": MODEL,
                "litellm_params": {"model": f"anthropic/{MODEL}", "api_base": f"http://127.0.0.1:{to.port}", "api_key": "sk-bench"},
            }
        ],
        "general_settings": {"master_key": OWNER},
        "litellm_settings": {"max_budget": 1_000_000, "budget_duration": "30d"},
    }
    # JSON is YAML.
    (folder / "config.yaml").write_text(json.dumps(settings))
    environment = {"PATH": harness.SEARCH_PATH, "HOME": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [program, "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", port, "--num_workers", 1]
    with (folder / "log").open("wb") as log:
        with running(command, port, env=environment, stdout=log, stderr=log, cwd=folder) as process:
            yield Server(process, port)


@contextlib.contextmanager
def bursar(args, work, name, to):
    folder = harness.fresh(work / f"bursar-{name}")
    config = folder / "bursar.toml"
    config.write_text(f'[upstreams.anthropic]\nbase_url = "http://127.0.0.1:{to.port}"\napi_key = "sk-bench"\n')
    command = [args.bursar, "up", "--config", config, "--data", folder / "book", "--listen", "127.0.0.1:0"]
    command += ["--otlp-http", "off", "--otlp-grpc", "off", "--gateway", "127.0.0.1:0", "--no-open", "--no-import"]
    environment = {"PATH": harness.SEARCH_PATH, "HOME": str(folder), "BURSAR_OWNER_TOKEN": OWNER}
    with (folder / "log").open("wb") as log:
        with running(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as process:
            said = process.stdout.readline()
            if not said:
                harness.fail(f"bursar ended: {(folder / 'log').read_text(errors='replace').strip()[-2000:]}")
            addresses = json.loads(said)
            server = Server(process, port_of(addresses["gateway"]), api=port_of(addresses["api"]))
            budget(server, "org", 1_000_000_000_000_000)
            yield server


def port_of(address):
    return int(address.rstrip("/").rsplit(":", 1)[1])


def budget(server, scope, amount):
    wanted = {"scope": scope, "period": "none", "amount_nano_usd": str(amount), "reason": "to be measured"}
    api(server, "PUT", "/api/v1/budgets", wanted)


def figures(server, scope):
    known = api(server, "GET", f"/api/v1/budgets?scope={quote(scope, safe='')}")["budgets"]
    found = next((it["figures"] for it in known if it["scope"] == scope), None) or {}
    return {name: int(found.get(f"{name}_nano_usd") or 0) for name in ("spent", "overrun")}


def api(server, method, path, content=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.api, timeout=PATIENCE_S)
    headers = {"authorization": f"Bearer {OWNER}", "content-type": "application/json"}
    connection.request(method, path, json.dumps(content) if content else None, headers)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status >= 300:
        harness.fail(f"{method} {path} was answered with {answer.status}: {said.decode(errors='replace')}")
    return json.loads(said) if said else None


# Processes


def family(pid):
    """A process and all that it started."""
    if pid is None:
        return []
    children = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        children += [int(child) for child in task.read_text().split()]
    return [pid, *(member for child in children for member in family(child))]


def cpu_seconds(pid):
    used = 0
    for member in family(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
        used += int(fields[11]) + int(fields[12])
    return used / TICKS


def resident(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


# Tools


def tool_environment(args):
    libraries = args.tools / "usr/lib" / f"{os.uname().machine}-linux-gnu"
    return {"PATH": harness.SEARCH_PATH, "HOME": str(args.tools), "LD_LIBRARY_PATH": str(libraries)}


def debian(args, packages):
    """Packages of Debian's archive, unpacked in the scratch folder."""
    folder = args.scratch / "debian"
    if not (folder / "usr/sbin/nginx").exists() or not (folder / "usr/bin/wrk").exists():
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                harness.fail(f"{tool} is missing, which gets nginx and wrk; run this on Debian or a system like it")
        downloads = harness.fresh(args.scratch / "debian-packages")
        subprocess.run(["apt-get", "download", "-qq", *packages], cwd=downloads, check=True)
        for package in downloads.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    return folder


def peer_program(args):
    """LiteLLM's proxy of the pinned version, installed once from PyPI."""
    folder = args.scratch / f"litellm-{LITELLM}"
    program = folder / "bin" / "litellm"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", harness.fresh(folder)], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", f"litellm[proxy]=={LITELLM}"], check=True)
        harness.need(program, "LiteLLM's proxy", "its package is laid out differently than expected")
    return program


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""What many viewers cost: the server's CPU for a message, how late messages
are, memory for a viewer; beside a bare broadcast of texts of the same size by
the same library, and what the watched program notices of it."""

import contextlib
import json
import os
import re
import statistics
import subprocess
import time

from measure import in_turn, process_cpu_s, spread
from monitor import Session

CROWDS = ((1000, 10), (5000, 1))
BESIDE = (0, 1, 100, 1000)


def rss_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s*(\d+)", file.read()).group(1))


def crowd(build, pid, port, viewers, hz, seconds):
    """One crowd at a server: what it got, and what the server used for it."""
    before = rss_kib(pid)
    with subprocess.Popen(
            [os.path.join(build, "bench/bench_viewers"), str(port),
             str(viewers), str(hz), str(seconds)],
            stdout=subprocess.PIPE, text=True) as client:
        if client.stdout.readline().strip() != "begin":
            raise RuntimeError("the viewers could not begin")
        cpu = process_cpu_s(pid)
        result = json.loads(client.stdout.readline())
        result["cpu_s"] = process_cpu_s(pid) - cpu
        result["kib_per_viewer"] = (rss_kib(pid) - before) / viewers
    return result


def idle_cpu_s(pid, seconds):
    before = process_cpu_s(pid)
    time.sleep(seconds)
    return process_cpu_s(pid) - before


def watched(build, program, most):
    return Session([os.path.join(build, "cli/memscope"), "run",
                    "--max-viewers", str(most), "--", *program])


@contextlib.contextmanager
def bare_broadcast(build, text_bytes, hz):
    with subprocess.Popen(
            [os.path.join(build, "bench/bench_broadcast"), str(text_bytes),
             str(hz)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True) as server:
        yield server.pid, int(server.stdout.readline())
        server.stdin.close()


def fan_out(build, viewers, hz, seconds, rounds):
    """A crowd at memscope, beside the demo, and the same at the floor."""
    demo = [os.path.join(build, "examples/demo"), "--quiet"]
    with watched(build, demo, viewers + 10) as session:
        session.wait_ticks()
        pid = session.process.pid
        sample = crowd(build, pid, session.port, 10, hz, 2)
        size = int(sample["bytes"] / sample["messages"])

        def ours():
            time.sleep(1)  # those of the last round are forgotten
            idle = idle_cpu_s(pid, seconds)
            result = crowd(build, pid, session.port, viewers, hz, seconds)
            result["us"] = 1e6 * (result["cpu_s"] - idle) / result["messages"]
            return result

        def floor():
            with bare_broadcast(build, size, hz) as (bare_pid, port):
                result = crowd(build, bare_pid, port, viewers, hz, seconds)
            result["us"] = 1e6 * result["cpu_s"] / result["messages"]
            return result
        mine, bare = in_turn(rounds, ours, floor)
    return {
        "viewers": viewers, "hz": hz, "bytes": size,
        "us": spread([run["us"] for run in mine]),
        "floor_us": spread([run["us"] for run in bare]),
        "ratio": spread([a["us"] / b["us"] for a, b in zip(mine, bare)]),
        "messages_per_s": spread([run["messages"] / seconds for run in mine]),
        **{key: statistics.median(run[key] for run in mine)
           for key in ("p50_ms", "p90_ms", "p99_ms", "max_ms")},
        **{"floor_" + key: statistics.median(run[key] for run in bare)
           for key in ("p50_ms", "p99_ms")},
        # The first crowd's: memory is kept for the next.
        "kib_per_viewer": mine[0]["kib_per_viewer"],
        "floor_kib_per_viewer": bare[0]["kib_per_viewer"]}


def events_per_s(build, session, viewers, seconds):
    def events():
        return session.get("/stats")["capture"]["events_total"]
    if viewers == 0:
        begin, was = time.monotonic(), events()
        time.sleep(seconds)
        return (events() - was) / (time.monotonic() - begin)
    with subprocess.Popen(
            [os.path.join(build, "bench/bench_viewers"), str(session.port),
             str(viewers), "10", str(seconds)],
            stdout=subprocess.PIPE, text=True) as client:
        client.stdout.readline()
        begin, was = time.monotonic(), events()
        client.stdout.readline()
        return (events() - was) / (time.monotonic() - begin)


def beside(build, programs, seconds, rounds):
    """The program's throughput with so many viewers, of that without."""
    storm = [os.path.join(programs, "storm"), "pairs", "1", "1000"]
    with watched(build, storm, max(BESIDE) + 10) as session:
        session.wait_ticks()
        columns = in_turn(rounds, *(
            lambda n=n: events_per_s(build, session, n, seconds)
            for n in BESIDE))
    return {n: {"events_per_s": statistics.median(column),
                "share": spread([a / b for a, b in zip(column, columns[0])])}
            for n, column in zip(BESIDE, columns)}


def measure(build, programs, seconds, rounds):
    return {"crowds": [fan_out(build, viewers, hz, seconds, rounds)
                       for viewers, hz in CROWDS],
            "beside": beside(build, programs, seconds, rounds)}

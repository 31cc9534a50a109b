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

from measure import in_turn, prefer, process_cpu_s, spread
from monitor import Session

CROWDS = ((1000, 10), (5000, 1))
BESIDE = (0, 0, 1, 100, 1000)  # the second 0 says what is chance


def rss_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s*(\d+)", file.read()).group(1))


@contextlib.contextmanager
def beginning(command):
    """A program of ours that begins when it says so, and ends with its
    stdin."""
    with subprocess.Popen(command, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        prefer(process.pid)
        said = process.stdout.readline().strip()
        if not said:
            raise RuntimeError("%s could not begin" % command)
        yield process, said
        process.stdin.close()


def viewers_of(build, port, viewers, hz, seconds):
    return beginning([os.path.join(build, "bench/bench_viewers"), str(port),
                      str(viewers), str(hz), str(seconds)])


def crowd(build, pid, port, viewers, hz, seconds):
    """One crowd at a server: what it got, and what the server used for it."""
    before = rss_kib(pid)
    with viewers_of(build, port, viewers, hz, seconds) as (client, _):
        cpu = process_cpu_s(pid)
        result = json.loads(client.stdout.readline())
        result["cpu_s"] = process_cpu_s(pid) - cpu
        result["kib_per_viewer"] = (rss_kib(pid) - before) / viewers
    return result


def idle_cpu_s(pid, seconds):
    before = process_cpu_s(pid)
    time.sleep(seconds)
    return process_cpu_s(pid) - before


@contextlib.contextmanager
def watched(build, program, most):
    with Session([os.path.join(build, "cli/memscope"), "run",
                  "--max-viewers", str(most), "--", *program]) as session:
        prefer(session.process.pid)
        session.wait_ticks()
        yield session


def bare_broadcast(build, text_bytes, hz):
    return beginning([os.path.join(build, "bench/bench_broadcast"),
                      str(text_bytes), str(hz)])


def fan_out(build, viewers, hz, seconds, rounds):
    """A crowd at memscope, beside the demo, and the same at the floor."""
    demo = [os.path.join(build, "examples/demo"), "--quiet"]
    with watched(build, demo, viewers + 10) as session:
        pid = session.process.pid
        sample = crowd(build, pid, session.port, 10, hz, 2)
        size = int(sample["bytes"] / sample["messages"])

        def ours():
            time.sleep(1)  # those of the last round are forgotten
            idle = idle_cpu_s(pid, seconds / 2) * 2
            result = crowd(build, pid, session.port, viewers, hz, seconds)
            result["us"] = 1e6 * (result["cpu_s"] - idle) / result["messages"]
            return result

        def floor():
            with bare_broadcast(build, size, hz) as (server, port):
                result = crowd(build, server.pid, port, viewers, hz, seconds)
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


def program_cost(session, wait):
    """(CPU nanoseconds of the program for one of its events, events/s), while
    `wait` waits."""
    pid = session.get("/stats")["pid"]

    def sample():
        return (session.get("/stats")["capture"]["events_total"],
                process_cpu_s(pid), time.monotonic())
    before = sample()
    wait()
    events, cpu, wall = (b - a for a, b in zip(before, sample()))
    return 1e9 * cpu / events, events / wall


def cost_beside(build, session, viewers, port, seconds):
    if viewers == 0:
        return program_cost(session, lambda: time.sleep(seconds))
    with viewers_of(build, port, viewers, 10, seconds) as (client, _):
        return program_cost(session, client.stdout.readline)


def beside(build, programs, seconds, rounds):
    """What an event costs the program with so many viewers, of what it costs
    it without; and its events per second. Whatever else the machine does is
    felt in both, by caches and by threads that share a core: so the most
    viewers are measured once more at the bare broadcast, where they have
    nothing to do with the program."""
    storm = [os.path.join(programs, "storm"), "pairs", "1", "1000"]
    most = max(BESIDE)
    with watched(build, storm, most + 10) as session:
        sample = crowd(build, session.process.pid, session.port, 10, 10, 1)
        size = int(sample["bytes"] / sample["messages"])
        with bare_broadcast(build, size, 10) as (_, bare_port):
            ways = [(n, session.port) for n in BESIDE] + [(most, bare_port)]
            columns = in_turn(rounds, *(
                lambda n=n, port=port: cost_beside(build, session, n, port,
                                                   seconds)
                for n, port in ways))
    return [{"viewers": n, "elsewhere": port == bare_port,
             "cpu_ns": statistics.median(ns for ns, _ in column),
             "events_per_s": statistics.median(rate for _, rate in column),
             "cost": spread([ns / bare for (ns, _), (bare, _)
                             in zip(column, columns[0])]),
             "of_elsewhere": spread([ns / other for (ns, _), (other, _)
                                     in zip(column, columns[-1])])}
            for (n, port), column in zip(ways, columns)]


def measure(build, programs, seconds, rounds):
    return {"crowds": [fan_out(build, viewers, hz, min(seconds, 4), rounds)
                       for viewers, hz in CROWDS],
            "beside": beside(build, programs, min(seconds, 1), 2 * rounds)}

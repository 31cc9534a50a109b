# SPDX-License-Identifier: MIT
"""What memscope itself costs beside the program: to start it, and while it
looks on; and how many blocks a program holds at most, as it saw them."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import threading
import time

from measure import Run, in_turn, process_cpu_s, spread


@contextlib.contextmanager
def listener():
    """Something that takes a program's announcement and does nothing, so that
    the library's own start can be measured without the monitor's. Gives the
    socket's name."""
    name = "@memscope-bench-%d" % os.getpid()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as taken:
        taken.bind("\0" + name[1:])
        taken.listen(64)

        def serve():
            while True:
                try:
                    taken.accept()[0].close()
                except OSError:
                    return
        threading.Thread(target=serve, daemon=True).start()
        yield name
        taken.shutdown(socket.SHUT_RDWR)


def until_it_runs_s(command, env):
    """Seconds from the start of a command until the program that it starts, one
    that says what time it is, has come to say so."""
    begin = time.time()
    run = Run(command, env=env)
    said = re.search(rb"^\d{9,}\.\d{9}$", run.stdout, re.M)
    return float(said.group()) - begin


def start(build, watchers, rounds):
    """Milliseconds of /bin/true by watcher, from start to end of the command,
    and with the library alone; and until the program runs."""
    what_time = ["/bin/date", "+%s.%N"]
    runs = [lambda w=w: (Run(w.command(["/bin/true"]), env=w.env).wall_s,
                         until_it_runs_s(w.command(what_time), w.env))
            for w in watchers]
    library = os.path.join(build, "runtime/libmemscope.so")
    with listener() as name:
        alone = {"LD_PRELOAD": library, "MEMSCOPE_SOCKET": name}
        runs.append(lambda: (Run(["/bin/true"], env=alone).wall_s,
                             until_it_runs_s(what_time, alone)))
        columns = in_turn(rounds, *runs)
    keys = [watcher.key for watcher in watchers] + ["library"]
    bare = columns[keys.index("bare")]
    return {key: {
        "ms": statistics.median(wall for wall, _ in column) * 1e3,
        "added_ms": spread([(run[0] - b[0]) * 1e3
                            for run, b in zip(column, bare)]),
        "until_ms": statistics.median(until for _, until in column) * 1e3,
    } for key, column in zip(keys, columns)}


class Session:
    """A program under memscope, and the port of its page."""

    def __init__(self, command, stdin=None, env=None):
        with open(stdin or os.devnull, "rb") as source:
            # At rest, a program waits for input that never comes.
            self.process = subprocess.Popen(
                command, stdin=source if stdin else subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                env={**os.environ, **(env or {})}, start_new_session=True)
        self.port = None
        for line in self.process.stderr:
            match = re.search(r"at http://[^:]+:(\d+)", line)
            if match:
                self.port = int(match.group(1))
                break

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        self.process.stderr.close()

    def get(self, path):
        connection = http.client.HTTPConnection("localhost", self.port,
                                                timeout=30)
        try:
            connection.request("GET", "/api/v1" + path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def wait_ticks(self):
        """Until the session is there and the symbols are found."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.get("/sites")  # names are looked up for who looks
            monitor = self.get("/status")["monitor"]
            if monitor["ticks"] > 10 and monitor["symbols_pending"] == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("memscope makes no ticks")

    def sample(self):
        events = self.get("/stats")["capture"]["events_total"]
        monitor = self.get("/status")["monitor"]
        return (time.monotonic(), process_cpu_s(self.process.pid),
                monitor["cpu_ns"] / 1e9, events)


def shares(watcher, command, seconds):
    """(CPU share of the process, share by its own account, events/s) of
    memscope beside a command."""
    with Session(watcher.command(command)) as session:
        session.wait_ticks()
        begin = session.sample()
        time.sleep(seconds)
        end = session.sample()
    span = end[0] - begin[0]
    return tuple((b - a) / span for a, b in zip(begin[1:], end[1:]))


REST_S = 20  # an expensive tick that rests comes every ten seconds


def share_unseen(watcher, command, seconds):
    """The CPU share of the process that nobody has asked for anything."""
    with Session(watcher.command(command)) as session:
        # By then ticks are as rare as they get, and the names, which are
        # looked up after ten seconds in any case, are there.
        time.sleep(14)
        begin = time.monotonic(), process_cpu_s(session.process.pid)
        time.sleep(seconds)
        end = time.monotonic(), process_cpu_s(session.process.pid)
    return (end[1] - begin[1]) / (end[0] - begin[0])


def beside(watcher, programs, seconds, rounds):
    """The same beside a program at rest and beside one that allocates, and
    what of it is left where nobody looks: None is not known there."""
    commands = {"a program at rest": ["/bin/cat"],
                "one thread that only allocates": [
                    os.path.join(programs, "storm"), "pairs", "1", "1000"],
                "many thousand call stacks (covers)": [
                    os.path.join(programs, "covers"), "100000"]}
    seen = in_turn(rounds, *(
        lambda c=command: shares(watcher, c, seconds)
        for command in commands.values()))
    unseen = in_turn(rounds, *(
        lambda c=command: share_unseen(watcher, c, max(seconds, REST_S))
        for command in commands.values()))
    return {
        **{name: [statistics.median(values) for values in zip(*column)]
           for name, column in zip(commands, seen)},
        **{name + ", nobody looks": [statistics.median(column), None, None]
           for name, column in zip(commands, unseen)}}


def most_live_blocks(watcher, work):
    """The most blocks that were live at once, as seen ten times a second; 0
    when the run was too short to look."""
    most = 0
    with Session(watcher.command(work.command), work.stdin,
                 work.env) as session:
        while session.process.poll() is None:
            try:
                heap = session.get("/stats")["heap"]
            except (OSError, http.client.HTTPException, KeyError, ValueError):
                heap = {"live_blocks": 0}
            most = max(most, heap["live_blocks"])
            time.sleep(0.1)
    return most

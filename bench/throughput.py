# SPDX-License-Identifier: MIT
"""What is measured by how much gets done: storms of threads that do nothing
but allocate and free, single pairs, and redis-server under redis-benchmark."""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

from measure import Run, spread, turns

THREADS = (1, 2, 4, 8, 16, 64)
KINDS = ("pairs", "handover", "mailbox", "waves")
PAIRS = ("hot", "deep", "winding")
# Each with and without pipelining.
REDIS_TESTS = ("set", "lpush", "hset")
REDIS_PIPELINES = (1, 16)


def _lines(run, text_of):
    """The numbers of the first line of a program's output that is nothing
    but numbers: some watchers print beside it."""
    for line in run.stdout.decode("utf-8", "replace").splitlines():
        words = line.split()
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            continue
        if len(numbers) == text_of:
            return numbers
    raise RuntimeError("no result in %r" % run.stdout[-300:])


def _under(watcher, command):
    return Run(watcher.command(command), env=watcher.env,
               program=None if watcher.itself else command[0])


def storm(programs, kind, threads, seconds, watchers, rounds):
    """Allocations per second and CPU per allocation, by watcher; against the
    bare run of the same round, too."""
    command = [os.path.join(programs, "storm"), kind, str(threads),
               str(seconds)]
    rates, costs = {}, {}
    for watchers_now in turns(watchers, rounds):
        for watcher in watchers_now:
            count, wall, cpu = _lines(_under(watcher, command), 3)
            rates.setdefault(watcher.key, []).append(count / wall)
            costs.setdefault(watcher.key, []).append(cpu / count * 1e9)
    return {key: {
        "per_s": statistics.median(rates[key]),
        "loss": spread([b / w for b, w in zip(rates["bare"], rates[key])]),
        "cpu_ns": statistics.median(costs[key]),
        "added_ns": spread([w - b for b, w in zip(costs["bare"],
                                                  costs[key])]),
    } for key in rates}


# Of a built daanx/mimalloc-bench: arguments (T: threads), and where in the
# output the rate is; None: a fixed piece of work, so that its time counts.
THEIRS = {
    "larson": (["2", "8", "1000", "5000", "100", "4141", "T"],
               r"Throughput =\s*([\d.]+) operations"),
    "xmalloc-test": (["-w", "T", "-t", "2", "-s", "64"],
                     r"free/sec: ([\d.]+) M"),
    "mstress": (["T", "50", "ITERATIONS"], None),
    "glibc-simple": ([], None),
}


def has_theirs(directory, name):
    return os.path.exists(os.path.join(directory, "out/bench", name))


def theirs(directory, name, threads, watchers, rounds):
    """The same as storm() of mimalloc-bench's program, but for the CPU."""
    arguments, pattern = THEIRS[name]
    command = [os.path.join(directory, "out/bench", name)] + [
        # Few threads are soon done: more iterations, for more than a start.
        {"T": str(threads), "ITERATIONS": str(max(25, 400 // threads))}.get(
            word, word) for word in arguments]
    rates = {}
    for watchers_now in turns(watchers, rounds):
        for watcher in watchers_now:
            run = _under(watcher, command)
            rate = 1 / run.wall_s
            if pattern is not None:
                rate = float(re.search(pattern, run.stdout.decode(
                    "utf-8", "replace")).group(1))
                if name == "xmalloc-test":
                    rate *= 1e6
            rates.setdefault(watcher.key, []).append(rate)
    return {key: {
        "per_s": statistics.median(values),
        "loss": spread([b / w for b, w in zip(rates["bare"], values)]),
    } for key, values in rates.items()}


def pair(programs, kind, count, watchers, rounds):
    """Nanoseconds per pair of malloc and free, what each watcher adds, and
    that by the bare pair of the same round."""
    command = [os.path.join(programs, "pair"), kind, str(count)]
    times = {}
    for watchers_now in turns(watchers, rounds):
        for watcher in watchers_now:
            value, = _lines(_under(watcher, command), 1)
            times.setdefault(watcher.key, []).append(value)
    return {key: {
        "ns": statistics.median(values),
        "added_ns": spread([w - b for b, w in zip(times["bare"], values)]),
        "added_ratio": spread([(w - b) / b
                               for b, w in zip(times["bare"], values)]),
    } for key, values in times.items()}


def has_redis():
    return all(shutil.which(name) for name in (
        "redis-server", "redis-benchmark", "redis-cli"))


def _free_port():
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


class _Redis:
    """A redis-server under a watcher."""

    def __init__(self, watcher, directory):
        self.port = str(_free_port())
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            watcher.command([shutil.which("redis-server"), "--port",
                             self.port, "--bind", "127.0.0.1", "--save", "",
                             "--appendonly", "no", "--dir", directory]),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self._errors, env={**os.environ, **watcher.env},
            start_new_session=True)
        self.cpu_s = None

    def cli(self, *words):
        return subprocess.run(
            ["redis-cli", "-p", self.port, *words], capture_output=True,
            text=True, check=False, timeout=60).stdout.strip()

    def wait(self):
        for _ in range(600):
            if self.cli("ping") == "PONG":
                return
            time.sleep(0.1)
        raise RuntimeError("redis-server does not answer")

    def per_second(self, test, pipeline, count):
        text = subprocess.run(
            ["redis-benchmark", "-p", self.port, "-t", test, "-n",
             str(count), "-r", "100000", "-d", "64", "-P", str(pipeline),
             "--csv"], check=True, capture_output=True, text=True,
            timeout=600).stdout
        return float(text.splitlines()[-1].split(",")[1].strip('"'))

    def end(self):
        """Shuts down, and gives the CPU seconds of all."""
        self.cli("shutdown", "nosave")
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._errors.close()
        return usage.ru_utime + usage.ru_stime

    def kill(self):
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def redis(directory, count, watchers, rounds):
    """Requests per second by test and watcher, the paired ratio to bare, and
    the CPU seconds of all tests together."""
    tests = [(test, pipeline) for test in REDIS_TESTS
             for pipeline in REDIS_PIPELINES]
    rates = {}
    cpu = {}
    for watchers_now in turns(watchers, rounds):
        for watcher in watchers_now:
            server = _Redis(watcher, directory)
            try:
                server.wait()
                for test, pipeline in tests:
                    name = "%s, pipeline %d" % (test, pipeline)
                    rates.setdefault(name, {}).setdefault(
                        watcher.key, []).append(server.per_second(
                            test, pipeline, count * (1 if pipeline == 1
                                                     else 5)))
                cpu.setdefault(watcher.key, []).append(server.end())
            finally:
                server.kill()
    result = {name: {key: {
        "per_s": statistics.median(values),
        "share": spread([w / b for w, b in zip(values, by_key["bare"])]),
    } for key, values in by_key.items()} for name, by_key in rates.items()}
    return {"tests": result, "cpu": {
        key: spread([w / b for w, b in zip(values, cpu["bare"])])
        for key, values in cpu.items()}}

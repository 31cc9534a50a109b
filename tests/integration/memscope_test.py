# SPDX-License-Identifier: MIT
"""What the integration tests share: a program under `memscope run`, its API,
and the certainty that nothing is left running. Nothing here sleeps but the
polling of wait_until."""

import collections
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("MEMSCOPE_BUILD", os.path.join(ROOT, "build/dev"))
BIN = os.environ.get("MEMSCOPE_BIN", os.path.join(BUILD, "cli/memscope"))
LIBRARY = os.path.join(BUILD, "runtime/libmemscope.so")
EMBEDDED_LIBRARY = os.path.join(BUILD, "embed/libmemscope-embedded.so")
SERVER_LIBRARY = os.path.join(BUILD, "embed/libmemscope-server.so")
DEMO = os.path.join(BUILD, "examples/demo")
LINKED = os.path.join(BUILD, "examples/linked")

PATIENCE = 60.0  # seconds until something that must happen counts as never
LINE = "memscope: "


def target(name):
    """The path of a victim of tests/targets."""
    return os.path.join(BUILD, "tests/targets", name)


def say(text):
    """Prints a measurement, so that the log of a run shows it."""
    print("    " + text, flush=True)


def wait_until(what, condition, patience=PATIENCE, every=0.02):
    """Polls until condition() is true and returns what it gave."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited %.0f s in vain: %s" % (patience, what))
        time.sleep(every)


class Collected:
    """Reads a pipe on a thread of its own, so that nobody blocks on it."""

    def __init__(self, pipe):
        self.data = bytearray()
        self.ended = False
        self._pipe = pipe
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            piece = os.read(self._pipe.fileno(), 65536)
            with self._lock:
                self.data += piece
                self.ended = not piece
            if not piece:
                return

    def bytes(self):
        with self._lock:
            return bytes(self.data)

    def lines(self):
        """The complete lines so far."""
        return self.bytes().decode("utf-8", "replace").split("\n")[:-1]

    def all(self):
        """Everything, once the other side has closed."""
        self._thread.join(PATIENCE)
        return self.bytes()


class Process:
    """A child in a session of its own; all of it ends with the `with`."""

    def __init__(self, command, env=None, cwd=None, keep_env=True):
        environment = dict(os.environ) if keep_env else {}
        environment.update(env or {})
        self.popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment, cwd=cwd,
            start_new_session=True)
        self.pid = self.popen.pid
        self.stdout = Collected(self.popen.stdout)
        self.stderr = Collected(self.popen.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()
        # The readers first: closing a pipe under a read would not end it.
        self.stdout.all()
        self.stderr.all()
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def write(self, data):
        self.popen.stdin.write(data)
        self.popen.stdin.flush()

    def close_stdin(self):
        try:
            self.popen.stdin.close()
        except BrokenPipeError:
            pass

    def wait(self, patience=PATIENCE):
        """The exit status as Popen has it: negative for a signal."""
        return self.popen.wait(patience)

    def line(self, number=0):
        """Line `number` of stdout, as soon as it is there."""
        return wait_until(
            "line %d of %s; stderr: %s" % (
                number, self.popen.args,
                self.stderr.bytes().decode("utf-8", "replace")),
            lambda: self.stdout.lines()[number:number + 1])[0]

    def json_line(self, number=0):
        return json.loads(self.line(number))


class Api:
    """The HTTP half of docs/PROTOCOL.md, asked at a URL."""

    def __init__(self, url):
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body bytes) of one request."""
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=PATIENCE)
        try:
            headers = dict(headers or {})
            if body is not None or method in ("POST", "DELETE"):
                headers.setdefault("Content-Type", "application/json")
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def get(self, path, **query):
        """A JSON answer; anything but 200 fails the test."""
        query = {k: v for k, v in query.items() if v is not None}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        status, _, body = self.request("GET", "/api/v1" + path)
        if status != 200:
            raise AssertionError("GET %s: %d %s" % (path, status, body[:300]))
        return json.loads(body)

    def post(self, path, value):
        status, headers, body = self.request(
            "POST", "/api/v1" + path, json.dumps(value))
        return status, headers, json.loads(body) if body else None

    def delete(self, path):
        return self.request("DELETE", "/api/v1" + path)[0]

    def stats(self, seq=None, session=None):
        return self.get("/stats", seq=seq, session=session)

    def table(self, name, session=None):
        """All rows of `threads` or `sites`, of one tick."""
        def attempt():
            rows, seq = [], None
            while True:
                page = self.get("/" + name, limit=10000, offset=len(rows),
                                session=session)
                if seq not in (None, page["seq"]):
                    return None  # a tick came between two pages
                seq = page["seq"]
                rows += page["rows"]
                if len(rows) >= page["total"] or not page["rows"]:
                    return {"seq": seq, "rows": rows, "total": page["total"]}
        return wait_until("one tick's " + name, attempt)

    def picture(self, session=None):
        """Sites, threads and stats of one and the same tick."""
        def attempt():
            sites = self.table("sites", session)
            threads = self.table("threads", session)
            if sites["seq"] != threads["seq"]:
                return None
            stats = self.stats(sites["seq"], session)
            return Picture(sites["rows"], threads["rows"], stats)
        return wait_until("a picture of one tick", attempt, every=0)

    def ticks(self):
        """How many ticks the engine has made; it goes on after the end of a
        session."""
        return self.status()["monitor"]["ticks"]

    def settle(self):
        """Waits for a session, and for a tick that began after now."""
        wait_until("a session", self.session)
        before = self.ticks()
        wait_until("two more ticks", lambda: self.ticks() >= before + 2)

    def named_picture(self, session=None):
        """A picture in which every name that can be found has been found:
        twice in a row nothing is pending after all ticks were taken over."""
        wait_until("a session", self.session)
        self.table("sites")  # names are looked up for who looks
        quiet = 0
        while quiet < 2:
            self.settle()
            pending = self.status()["monitor"]["symbols_pending"]
            quiet = quiet + 1 if pending == 0 else 0
        return self.picture(session)

    def wait_threads(self, names):
        """The threads by name, once all of these are known: names are read
        about once a second."""
        def all_there():
            rows = {row["name"]: row for row in self.table("threads")["rows"]}
            return rows if set(names) <= set(rows) else None
        return wait_until("threads named %s" % list(names), all_there)

    def status(self):
        return self.get("/status")

    def session(self):
        """The primary session."""
        status = self.status()
        for session in status["sessions"]:
            if session["id"] == status["session"]:
                return session
        return None

    def wait_ended(self):
        def ended():
            session = self.session()
            return session if session and session["state"] == "ended" else None
        return wait_until("the session's end", ended)


class Picture:
    """Sites, threads and stats of one tick."""

    def __init__(self, sites, threads, stats):
        self.sites, self.threads, self.stats = sites, threads, stats
        self.heap = stats["heap"]

    def functions(self):
        """Sums of the sites' numbers by function."""
        result = collections.defaultdict(collections.Counter)
        for site in self.sites:
            for name in ("live_bytes", "live_blocks", "alloc_bytes",
                         "alloc_count", "free_bytes", "free_count",
                         "realloc_count"):
                result[site["function"]][name] += site[name]
        return result

    def sum(self, functions):
        """Sums over the given functions."""
        result = collections.Counter()
        by_function = self.functions()
        for function in functions:
            result.update(by_function.get(function, {}))
        return result

    def others(self, functions):
        """What has allocated beside the given functions, for the log."""
        return {f: (n["live_blocks"], n["live_bytes"])
                for f, n in self.functions().items() if f not in functions}

    def check_sums(self, test):
        """Sum of sites = sum of threads = the totals, in all numbers."""
        pairs = (("live_bytes", "live_bytes"), ("live_blocks", "live_blocks"),
                 ("alloc_bytes", "alloc_bytes_total"),
                 ("alloc_count", "alloc_count_total"),
                 ("free_bytes", "free_bytes_total"),
                 ("free_count", "free_count_total"))
        for column, total in pairs:
            for rows in (self.sites, self.threads):
                test.assertEqual(
                    sum(row[column] for row in rows), self.heap[total],
                    "%s of tick %d" % (column, self.stats["seq"]))
        test.assertEqual(self.heap["alloc_bytes_total"]
                         - self.heap["free_bytes_total"],
                         self.heap["live_bytes"])
        test.assertGreaterEqual(self.heap["peak_bytes"],
                                self.heap["live_bytes"])


class Memscope(Process, Api):
    """`memscope run FLAGS -- COMMAND`, with its page listening."""

    def __init__(self, *command, flags=(), env=None, cwd=None):
        Process.__init__(
            self, [BIN, "run", *flags, "--", *command], env=env, cwd=cwd)
        try:
            Api.__init__(self, self._wait_url())
        except BaseException:
            self.__exit__()
            raise

    def _wait_url(self):
        def found():
            match = re.search(r"at (http://[^\s]+)", self.own_stderr())
            if match is None and self.popen.poll() is not None:
                raise AssertionError("memscope ended with %s: %s" % (
                    self.popen.returncode, self.stderr.all()))
            return match
        return wait_until("the page's address", found).group(1)

    def own_stderr(self):
        """memscope's own lines."""
        return "\n".join(line for line in self.stderr.lines()
                         if line.startswith(LINE))

    def program_stderr(self):
        """stderr without memscope's own lines, after the end."""
        text = self.stderr.all().decode("utf-8", "replace")
        return "".join(line for line in text.splitlines(keepends=True)
                       if not line.startswith(LINE))

    def program_pid(self):
        return wait_until("the program's session", lambda: self.session())["pid"]

    def interrupt(self):
        """Ctrl-C, as a terminal sends it: to the whole group."""
        os.killpg(self.pid, signal.SIGINT)


def proc_status_kib(pid, field):
    """A field of /proc/PID/status, in KiB."""
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    raise AssertionError("no %s of %d" % (field, pid))


def run_bare(command, env=None, stdin=b"", cwd=None):
    """The same command without memscope: (exit status, stdout, stderr)."""
    environment = dict(os.environ)
    environment.update(env or {})
    done = subprocess.run(command, input=stdin, env=environment, cwd=cwd,
                          capture_output=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


class TestCase(unittest.TestCase):
    """Long messages, and a directory of its own."""

    maxDiff = None

    def scratch(self):
        directory = tempfile.TemporaryDirectory(prefix="memscope-test-")
        self.addCleanup(directory.cleanup)
        return directory.name

    def assert_counts(self, measured, stated, names):
        for name in names:
            self.assertEqual(measured[name], stated[name], name)


def main():
    unittest.main(verbosity=2, failfast=False,
                  argv=[sys.argv[0], *sys.argv[1:]])

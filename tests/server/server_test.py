# SPDX-License-Identifier: MIT
"""What the server's tests share: the fake host and raw requests to it."""

import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../integration"))

from memscope_test import (  # noqa: E402,F401
    BUILD, PATIENCE, Api, Process, TestCase, main, proc_status_kib, say,
    wait_until)

SANITIZER = os.environ.get("MEMSCOPE_SANITIZER", "")


class Host(Process, Api):
    """The server beside a made-up process: see fake_host.c."""

    def __init__(self, *arguments, session=True):
        Process.__init__(self, [
            os.path.join(BUILD, "tests/server/fake_host"), *arguments])
        self.answers = 1
        try:
            port, self.entry = self.line(0).split()
            Api.__init__(self, "http://127.0.0.1:%s/" % port)
            if session:
                self.tell("open")
                wait_until("the first tick", self._has_ticked)
        except BaseException:
            self.__exit__()
            raise

    def _has_ticked(self):
        session = self.session()
        return session is not None and session["seq"] > 0

    def tell(self, command):
        """Gives a command and waits until it has been done."""
        self.write(command.encode() + b"\n")
        answer = self.line(self.answers)
        self.answers += 1
        return int(answer.split()[1])

    def stop(self):
        """Ends it in order; a sanitizer's findings fail the test."""
        if self.popen.returncode is not None:
            return
        self.write(b"quit\n")
        status = self.wait()
        if status != 0:
            raise AssertionError("the host ended with %d: %s" % (
                status, self.stderr.all().decode("utf-8", "replace")))

    def open_files(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def connect(self, receive_buffer=None):
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(PATIENCE)
        s.connect((self.host, self.port))
        return s

    def head(self, line="GET /api/v1/sessions", *headers, host=True):
        """The bytes of a request's head, the last one of its connection if it
        does not say otherwise."""
        lines = [line + " HTTP/1.1"]
        if host:
            lines.append("Host: localhost:%d" % self.port)
        if not any(h.lower().startswith("connection:") for h in headers):
            lines.append("Connection: close")
        return ("\r\n".join(lines + list(headers)) + "\r\n\r\n").encode()

    def raw(self, data):
        """(status or None, everything that came) for bytes as they are."""
        with self.connect() as s:
            try:
                s.sendall(data)
            except OSError:
                pass  # refused before all was sent
            return read_answer(s)


def read_answer(s):
    """Reads until the other side closes; a reset is an end as well."""
    data = b""
    try:
        while piece := s.recv(65536):
            data += piece
    except ConnectionError:
        pass
    if not data.startswith(b"HTTP/1.1 "):
        return None, data
    return int(data.split(b" ", 2)[1]), data


class Kept:
    """A connection that is kept: answers are read one by one."""

    def __init__(self, host, received=b"", connected=None):
        self.host, self.received = host, received
        self.socket = connected or host.connect()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("closed after %r" % self.received[:200])
        self.received += piece

    def _take(self, count):
        while len(self.received) < count:
            self._more()
        data, self.received = self.received[:count], self.received[count:]
        return data

    def _line(self):
        while b"\r\n" not in self.received:
            self._more()
        line, _, self.received = self.received.partition(b"\r\n")
        return line

    def answer(self, head_only=False):
        """The next answer: (status, {name: value}, body)."""
        status = int(self._line().split(b" ", 2)[1])
        headers = {}
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = b""
        if head_only or status in (101, 204, 304):
            pass
        elif headers.get("transfer-encoding") == "chunked":
            while size := int(self._line(), 16):
                body += self._take(size)
                self._take(2)
            self._take(2)
        else:
            body = self._take(int(headers["content-length"]))
        return status, headers, body

    def ask(self, line="GET /api/v1/sessions", *headers, body=b""):
        """One request and its answer."""
        self.send(self.head(line, *headers) + body)
        return self.answer(head_only=line.startswith("HEAD "))

    def head(self, line="GET /api/v1/sessions", *headers):
        return "\r\n".join([
            line + " HTTP/1.1", "Host: localhost:%d" % self.host.port,
            *headers, "", ""]).encode()

    def send(self, data):
        self.socket.sendall(data)

    def is_closed(self):
        """Waits for the other side's end: nothing more has come."""
        try:
            return self.received + self.socket.recv(65536) == b""
        except ConnectionError:
            return self.received == b""


def error_code(answer):
    """The code of an error's body."""
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["code"]


CODES = {400: "bad_request", 403: "forbidden", 404: "not_found",
         405: "method_not_allowed", 408: "timeout", 413: "too_large",
         414: "uri_too_long", 415: "bad_media_type", 421: "misdirected",
         426: "upgrade_required", 431: "header_too_large", 503: "unavailable"}


class HostCase(TestCase):
    """One host for all tests of a class."""
    arguments = ()  # the host's

    @classmethod
    def setUpClass(cls):
        cls.server = Host(*cls.arguments)

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.stop()
        finally:
            cls.server.__exit__()


class HostileCase(HostCase):
    """And what is said of requests."""

    def refused(self, data, status):
        got, answer = self.server.raw(data)
        self.assertEqual(got, status, (data[:200], answer[:300]))
        self.assertEqual(error_code(answer), CODES[status])
        return answer

    def refused_or_closed(self, data, statuses):
        got, answer = self.server.raw(data)
        self.assertIn(got, (None, *statuses), answer[:300])
        if got is None:
            self.assertEqual(answer, b"")

    def a_good_request_is_answered(self):
        status, answer = self.server.raw(self.server.head())
        self.assertEqual(status, 200, answer)

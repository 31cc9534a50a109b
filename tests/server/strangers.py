# SPDX-License-Identifier: MIT
"""Another user of this machine, who asks what a test tells them to."""

import json
import os
import subprocess
import sys

NOBODY = 65534


class Stranger:
    """A process of another uid that sends bytes and gives what came back."""

    def __init__(self, uid=NOBODY):
        with open(__file__, encoding="utf-8") as own:
            source = own.read()  # whose directory need not be theirs to read
        self.popen = subprocess.Popen(
            ["setpriv", "--reuid=%d" % uid, "--clear-groups",
             "/usr/bin/python3", "-c", source, "ask"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.popen.stdin.close()
        self.popen.stdout.close()
        self.popen.wait()

    def ask(self, where, data, source=None):
        """(status or None, all that came); `where`: a path or (host, port)."""
        json.dump([where, data.decode("latin-1"), source], self.popen.stdin)
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()
        answer = json.loads(self.popen.stdout.readline()).encode("latin-1")
        if not answer.startswith(b"HTTP/1.1 "):
            return None, answer
        return int(answer.split(b" ", 2)[1]), answer


def serve():
    import socket
    for line in sys.stdin:
        where, data, source = json.loads(line)
        answer = b""
        try:
            if isinstance(where, str):
                s = socket.socket(socket.AF_UNIX)
                s.connect(where)
            else:
                s = socket.create_connection(
                    tuple(where), 60, (source, 0) if source else None)
            s.settimeout(60)
            s.sendall(data.encode("latin-1"))
            while piece := s.recv(65536):
                answer += piece
                # An upgrade stays open; the head is all that is wanted.
                if answer.startswith(b"HTTP/1.1 101") and \
                        b"\r\n\r\n" in answer:
                    break
            s.close()
        except OSError as error:
            answer = answer or ("!%s" % error).encode()
        print(json.dumps(answer.decode("latin-1")), flush=True)


if sys.argv[1:] == ["ask"] and os.path.basename(sys.argv[0]) == "-c":
    serve()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What memscope says that capture takes of a program's CPU, which the governor
of `unified` goes by, beside what perf's samples say of the same run.

overhead.py [--build build/release] COMMAND [ARGUMENT]..."""

import argparse
import json
import os
import socket
import statistics
import tempfile
import threading
import time
import urllib.request

import shares


def _free_port():
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


def watch(port, said, ended):
    """Collects what is said until the run has ended."""
    url = "http://127.0.0.1:%d/api/v1/stats" % port
    while not ended.wait(0.5):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                share = json.load(answer)["capture"]["overhead"]
        except OSError:
            continue  # it has not begun, or is over
        if share is not None:
            said.append(share)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("no command to watch")
    port, said, ended = _free_port(), [], threading.Event()
    watcher = threading.Thread(target=watch, args=(port, said, ended))
    watcher.start()
    with tempfile.TemporaryDirectory() as directory:
        started = time.monotonic()
        script = shares.record(options.build, options.command,
                               os.path.join(directory, "perf.data"), port)
        took = time.monotonic() - started
    ended.set()
    watcher.join()
    parts, _ = shares.count(
        script, os.path.basename(options.command[0])[:15])
    whole = parts["program"] + parts["library"] + parts["kernel"]
    print("%-12s %5.1f s; perf: %4.1f %%; memscope: %s" % (
        os.path.basename(options.command[0]), took,
        100 * parts["library"] / whole,
        "%.1f %% (%.1f to %.1f)" % (statistics.median(said), min(said),
                                    max(said)) if said else "nothing"))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""What a program is run under: memscope in each of its ways, and the peers
that this machine has. To add one, add a line or a function here."""

import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))

# key, title, arguments of `memscope run`. What the command does not know is
# left out of the run.
MEMSCOPE = [
    ("core", "memscope `core`", ["--backend", "core"]),
    ("lockfree", "memscope `lockfree`", ["--backend", "lockfree"]),
    ("async", "memscope `async`", ["--backend", "async"]),
    ("exact", "memscope `unified`, exact", ["--mode", "exact"]),
    ("sampled", "memscope `unified`, sampled", ["--mode", "sampled"]),
    ("off", "memscope `unified`, off", ["--mode", "off"]),
]
# The way that the targets for "the default backend" are about: the first of
# these that there is.
DEFAULTS = ("exact", "lockfree")
# What else than the bare program a way is compared with, by key.
TO_FLOOR = ("sampled", "off")

LIBRARIES = ("/usr/lib/%s-linux-gnu" % os.uname().machine, "/usr/lib64",
             "/usr/lib", "/usr/local/lib")


class Watcher:
    """One way to run a command. `slow`: too slow for more than one round, and
    for storms. `most_rounds`: it sits out those after these. `itself`: what
    we start is the program, not something that starts it."""

    def __init__(self, key, title, wrap, env=None, slow=False, itself=False,
                 most_rounds=1000):
        self.key, self.title, self._wrap = key, title, wrap
        self.env, self.slow, self.itself = env or {}, slow, itself
        self.most_rounds = most_rounds
        self.is_memscope = False

    def command(self, command):
        return self._wrap(command)


def bare():
    return Watcher("bare", "bare", lambda command: command, itself=True)


def floor(directory):
    """A preload library that only passes on: what nothing that is preloaded
    can be cheaper than."""
    path = os.path.join(directory, "libfloor.so")
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC",
                    "-fno-builtin", "-shared", os.path.join(HERE, "floor.c"),
                    "-o", path], check=True)
    return Watcher("floor", "nothing, passed through", lambda c: c,
                   {"LD_PRELOAD": path}, itself=True)


def memscopes(build, missing):
    """memscope in each way that the command knows."""
    program = os.path.join(build, "cli/memscope")
    found = []
    for key, title, arguments in MEMSCOPE:
        start = [program, "run", *arguments, "--"]
        if subprocess.run(start + ["/bin/true"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode != 0:
            missing.append("%s: not in this memscope" % title)
            continue
        found.append(Watcher(key, title, lambda c, start=start: start + c))
        found[-1].is_memscope = True
    return found


def library(*names):
    for folder in LIBRARIES:
        for name in names:
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
    return None


def heaptrack(directory, missing):
    """HEAPTRACK names another one than the first in PATH."""
    program = os.environ.get("HEAPTRACK") or shutil.which("heaptrack")
    if not program:
        missing.append("heaptrack: not installed")
        return []
    version = subprocess.run([program, "--version"], capture_output=True,
                             text=True, check=False).stdout.split()
    out = os.path.join(directory, "heaptrack")
    return [Watcher("heaptrack", " ".join(version[:2]) or "heaptrack",
                    lambda command: [program, "-o", out] + command,
                    most_rounds=3)]


def gperftools(directory, missing):
    path = library("libtcmalloc.so.4")
    if not path:
        missing.append("gperftools heap profiler: no libtcmalloc.so.4")
        return []
    return [Watcher("gperftools", "gperftools heap profiler", lambda c: c, {
        "LD_PRELOAD": path, "HEAPPROFILE": os.path.join(directory, "gperf")},
        slow=True, itself=True)]


def jemalloc(directory, missing):
    """JEMALLOC names another libjemalloc than Debian's."""
    path = os.environ.get("JEMALLOC") or library("libjemalloc.so.2")
    if not path:
        missing.append("jemalloc profiling: no libjemalloc.so.2")
        return []
    conf = "prof:true,lg_prof_sample:0,prof_final:false,prof_prefix:%s" % (
        os.path.join(directory, "jemalloc"))
    env = {"LD_PRELOAD": path, "MALLOC_CONF": conf}
    says = subprocess.run(["/bin/true"], env={**os.environ, **env},
                          capture_output=True, text=True, check=False).stderr
    if "Invalid conf" in says:
        missing.append("jemalloc profiling: %s was built without "
                       "--enable-prof" % path)
        return []
    return [Watcher("jemalloc", "jemalloc, every allocation", lambda c: c, env,
                    slow=True, itself=True)]


def valgrinds(directory, missing):
    """For one small workload only: they are two orders of magnitude away."""
    if not shutil.which("valgrind"):
        missing.append("valgrind: not installed")
        return []

    def start(tool, out):
        return lambda command: [
            "valgrind", "-q", "--tool=" + tool,
            "--%s-out-file=%s" % (tool, os.path.join(directory, out)),
            *command]
    return [Watcher(tool, "valgrind " + tool, start(tool, tool + ".out"),
                    slow=True, itself=True) for tool in ("massif", "dhat")]


def peers(directory, missing):
    return heaptrack(directory, missing) + gperftools(directory, missing) \
        + jemalloc(directory, missing)

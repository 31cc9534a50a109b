# SPDX-License-Identifier: MIT
"""What the preloaded library adds to the shortest program there is, without
the monitor: paired runs of /bin/true, and every instruction of one of them."""

import os
import statistics
import subprocess
import time

from monitor import listener

TRUE = "/bin/true"


def run(env):
    """(wall, CPU) of one run, in ms."""
    begin = time.perf_counter()
    pid = os.posix_spawn(TRUE, [TRUE], env)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    if status != 0:
        raise RuntimeError("%s ended with %d" % (TRUE, status))
    return wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3


def of_pairs(bare, watched, pairs):
    """{"wall_ms", "cpu_ms"}: [median, 10th percentile] of what is added. The
    two runs of a pair take turns in going first."""
    added = []
    for number in range(pairs):
        order = (bare, watched) if number % 2 else (watched, bare)
        both = [run(env) for env in order]
        less, more = both if number % 2 else both[::-1]
        added.append([m - l for l, m in zip(less, more)])
    result = {}
    for name, column in zip(("wall_ms", "cpu_ms"), zip(*added)):
        result[name] = [statistics.median(column),
                        statistics.quantiles(column, n=10)[0]]
    return result


def instructions(directory, env):
    """Of the whole program, the loader's included."""
    words = [word for name, value in env.items()
             for word in ("-e", "%s=%s" % (name, value))]
    return int(subprocess.run(
        [os.path.join(directory, "steps"), "-w", *words, TRUE], check=True,
        capture_output=True, text=True, timeout=600).stdout)


def measure(build, directory, pairs):
    """`directory` has the stepper (instructions.compile_all)."""
    bare = dict(os.environ)
    with listener() as name:
        ours = {"LD_PRELOAD": os.path.join(build, "runtime/libmemscope.so"),
                "MEMSCOPE_SOCKET": name}
        without = instructions(directory, {})
        return {"pairs": pairs, **of_pairs(bare, {**bare, **ours}, pairs),
                "instructions": without,
                "added_instructions":
                    instructions(directory, ours) - without}

# SPDX-License-Identifier: MIT
"""The targets that `make bench` is judged by. All are ratios or differences
to the bare program, or to heaptrack, in the same run."""

# Total CPU × of the default backend, exact, one thread. "sqlite3 inserts" has
# none: 1.10 is of a script under which heaptrack costs 2.0 to 2.5, as it does
# under ours of that name; under the inserts it costs 3.6 to 4.4. They stand in
# the report beside it, for all to see, and are not among the EIGHT.
CPU = {"sqlite3": 1.10, "jq": 1.10, "perl": 1.18, "python3": 1.3,
       "cc1plus": 1.3, "git log": 1.3, "xz": 1.02, "barnes": 1.02,
       "bignum": 1.8, "covers": 1.5, "cfrac": 1.8, "espresso": 1.5}
# Total CPU × of `core`; the storms of tiny blocks are excepted.
CPU_CORE = 1.10
CPU_CORE_EXCEPT = ("bignum", "covers", "cfrac", "espresso", "sqlite3 inserts")
CPU_OVER_FLOOR = 1.01  # sampled and off, to a library that only passes on

# Added CPU as a share of heaptrack's: the geometric mean over these, and the
# worst. The last two are mimalloc-bench's where they are there.
EIGHT = ("sqlite3", "jq", "perl", "python3", "cc1plus", "git log",
         ("cfrac", "bignum"), ("espresso", "covers"))
SHARE_MEAN = 1 / 12
SHARE_WORST = 1 / 4

RSS_MEDIAN = 1.35  # and below heaptrack's on each
STORM_LOSS = 1.7   # bare throughput ÷ watched, for each number of threads
# "Not growing with threads": the most that the added CPU per allocation may
# be above that of one thread, which leaves room for noise.
STORM_GROWTH = 1.25
REDIS_SHARE = 0.85
REDIS_SHARE_SAMPLED = 0.99
# What a hot pair adds to the bare one of the same round: 25 ns where the bare
# one takes 10; a lone time would be of one machine only.
HOT_PAIR_RATIO = 2.5
START_MS = 0.5

TICK_MS = 5           # of 100,000 sites of which 1,000 have changed
SNAPSHOT_MS = 150     # of 1 M live blocks
EXPORT_MB_PER_S = 200
SYMBOLS_S = 5         # of 100,000 addresses
FANOUT_RATIO = 1.5    # to a bare broadcast, CPU of a message
FANOUT_P99_MS = 50

PAINT_MS = 2          # scripting of a tick of the overview
PAINT_P95_MS = 4
FIRST_MS = 1000       # from the navigation to the first number
SORT_MS = 150         # of 100,000 rows, from the click to the paint
SEARCH_MS = 50        # from the key


def mark(value, limit, least=False):
    """A tick or a cross behind a number, or nothing where none is asked."""
    if value is None or limit is None:
        return ""
    return " ✓" if (value >= limit if least else value <= limit) else " ✗"


def cpu_limit(work, key, default):
    """The most total CPU × for a workload under a way of memscope, or None."""
    if key == default:
        return CPU.get(work)
    if key == "core":
        return None if work in CPU_CORE_EXCEPT else CPU_CORE
    return None


def of_the_eight(programs):
    """The names of the eight workloads in this run, those that are there."""
    names = []
    for name in EIGHT:
        choices = (name,) if isinstance(name, str) else name
        names += [choice for choice in choices if choice in programs][:1]
    return names

# SPDX-License-Identifier: MIT
"""The heap as its events make it: slow, plain, and with nothing in common with
the engine but what the words mean. Reads what streams.c prints and says where
the engine's pictures differ."""

import json

TIME_MASK = (1 << 32) - 1
SITE = ("live_bytes", "live_blocks", "alloc_bytes", "alloc_count",
        "free_bytes", "free_count", "realloc_count", "temporary_count")
THREAD = SITE[:6] + ("cross_frees",)
DIFF = SITE[:6]
HEAP = SITE


class Histograms:
    """Of one site or thread."""

    def __init__(self):
        self.sizes = {}
        self.lifetimes = {}

    def add(self, size, sign):
        c = self.sizes.setdefault(size_class(size), [0, 0, 0])
        c[0] += sign * size
        c[1] += sign
        c[2] += sign > 0


class Heap:
    """What happened so far."""

    def __init__(self):
        self.innermost = {}  # stack -> address
        self.blocks = {}  # address -> (thread, time, size, stack)
        self.sums = {}  # ("site", address), ("thread", t), "heap" -> counters
        self.last = {}  # thread -> the block of its last event
        self.unknown_frees = 0
        self.lifetimes = {}
        self.details = {}  # ("site" or "thread", which) -> Histograms
        self.freed = {}  # (allocator, freer) -> [blocks, bytes]
        self.live = self.peak = 0

    def counters(self, *keys):
        return [self.sums.setdefault(key, dict.fromkeys(
            SITE + ("cross_frees",), 0)) for key in keys]

    def of_block(self, thread, stack):
        return self.counters("heap", ("site", self.innermost[stack]),
                             ("thread", thread), ("stack", stack))

    def histograms(self, thread, stack):
        return [self.details.setdefault(key, Histograms()) for key in (
            ("site", self.innermost[stack]), ("thread", thread))]

    def allocate(self, thread, time, address, size, stack, by_realloc):
        assert address not in self.blocks
        self.blocks[address] = (thread, time, size, stack)
        for sums in self.of_block(thread, stack):
            sums["live_bytes"] += size
            sums["live_blocks"] += 1
            sums["alloc_bytes"] += size
            sums["alloc_count"] += 1
            sums["realloc_count"] += by_realloc
        for detail in self.histograms(thread, stack):
            detail.add(size, 1)
        self.last[thread] = address
        self.live += size
        self.peak = max(self.peak, self.live)

    def free(self, thread, time, address, by_realloc):
        owner, birth, size, stack = self.blocks.pop(address)
        temporary = self.last.get(thread) == address and not by_realloc
        for sums in self.of_block(owner, stack):
            sums["live_bytes"] -= size
            sums["live_blocks"] -= 1
            sums["free_bytes"] += size
            sums["free_count"] += 1
            sums["temporary_count"] += temporary
        if owner != thread:
            for sums in self.counters("heap", ("thread", thread)):
                sums["cross_frees"] += 1
        # Clocks of two threads may disagree: nothing lives less than nothing.
        age = (time - birth) & TIME_MASK
        age = 0 if age >> 31 else age
        bucket = min(age.bit_length(), 27)
        self.lifetimes[bucket] = self.lifetimes.get(bucket, 0) + 1
        for detail in self.histograms(owner, stack):
            detail.add(size, -1)
            detail.lifetimes[bucket] = detail.lifetimes.get(bucket, 0) + 1
        freed = self.freed.setdefault((owner, thread), [0, 0])
        freed[0] += 1
        freed[1] += size
        self.last[thread] = None
        self.live -= size

    def unknown(self):
        self.unknown_frees += 1


def size_class(size):
    """Class c: sizes above 2^(c-1), up to 2^c; class 0: 0 and 1."""
    c = 0
    while size > 1 << c:
        c += 1
    return min(c, 47)


class Mismatch(Exception):
    """The engine shows something else."""


def expect(what, shown, right):
    if shown != right:
        raise Mismatch("%s: shown %r, right %r" % (what, shown, right))


class Stream:
    """One stream and the pictures that belong to it."""

    def __init__(self):
        self.heap = Heap()
        self.kept = {"site": {}, "thread": {}, "stack": {}}  # by deltas alone
        self.frozen = None  # of the snapshot
        self.pictures = 0

    def rows(self, kind, columns, heap=None):
        heap = self.heap.sums if heap is None else heap
        return {key[1]: [sums[c] for c in columns]
                for key, sums in heap.items()
                if isinstance(key, tuple) and key[0] == kind}

    def check_tables(self, picture, sums):
        heap = sums.get("heap", dict.fromkeys(SITE, 0))
        expect("heap", picture["heap"], [heap[c] for c in HEAP])
        sites = {row[1]: row[2:] for row in picture["sites"]}
        expect("sites", sites, self.rows("site", SITE, sums))
        right = self.rows("thread", THREAD, sums)
        threads = {row[0] - 1: row[1:] for row in picture["threads"]}
        for thread in set(threads) - set(right):
            right[thread] = [0] * len(THREAD)  # it freed nothing that was there
        expect("threads", threads, right)

    def check_blocks(self, picture):
        site_of = {row[0]: row[1] for row in picture["sites"]}
        shown = {address: (size, site_of[site], thread - 1)
                 for address, size, site, thread in picture["blocks"]}
        expect("blocks", shown, {
            address: (size, self.heap.innermost[stack], thread)
            for address, (thread, _, size, stack) in self.heap.blocks.items()})
        expect("number of blocks", len(picture["blocks"]), len(shown))

    def check_sizes(self, picture):
        right = [[0, 0] for _ in picture["sizes"]]
        for _, _, size, _ in self.heap.blocks.values():
            right[size_class(size)][0] += size
            right[size_class(size)][1] += 1
        expect("sizes", picture["sizes"], right)

    def check_deltas(self, picture):
        """What was there before, with the rows that changed put in its place,
        is what is there now."""
        for kind, delta, full in (("site", "site_delta", "sites"),
                                  ("thread", "thread_delta", "threads"),
                                  ("stack", "stack_delta", "stacks")):
            for row in picture[delta]:
                self.kept[kind][row[0]] = row
            expect("%s deltas" % kind, self.kept[kind],
                   {row[0]: row for row in picture[full]})

    def check_stacks(self, picture):
        site_of = {row[0]: row[1] for row in picture["sites"]}
        expect("stacks", {row[0]: row[2:] for row in picture["stacks"]},
               self.rows("stack", SITE))
        expect("stacks' sites",
               {row[0]: site_of[row[1]] for row in picture["stacks"]},
               {key[1]: self.heap.innermost[key[1]] for key in self.heap.sums
                if isinstance(key, tuple) and key[0] == "stack"})

    def check_matrix(self, picture):
        ids, cells = picture["matrix"]
        place = {thread - 1: i for i, thread in enumerate(ids)}
        size = len(ids) + 1
        right = [[0, 0] for _ in range(size * size)]
        for (owner, thread), (blocks, size_) in self.heap.freed.items():
            cell = right[place.get(owner, size - 1) * size
                         + place.get(thread, size - 1)]
            cell[0] += blocks
            cell[1] += size_
        expect("matrix", cells, right)

    def check_details(self, picture):
        address_of = {row[0]: row[1] for row in picture["sites"]}
        for kind, name in (("site", "site_details"),
                           ("thread", "thread_details")):
            for number, lifetimes, sizes in picture[name]:
                which = address_of[number] if kind == "site" else number - 1
                right = self.heap.details.get((kind, which), Histograms())
                what = "%s %s's " % (kind, which)
                expect(what + "sizes", {c: rest for c, *rest in sizes},
                       right.sizes)
                expect(what + "lifetimes", dict(lifetimes), right.lifetimes)
            expect(name, len(picture[name]), len(picture[kind + "s"]))

    def check_diff(self, picture):
        """The frozen picture against the heap of now."""
        zeros = [0] * len(DIFF)
        for kind, name in (("site", "sites"), ("thread", "threads")):
            before = self.rows(kind, DIFF, self.frozen)
            after = self.rows(kind, DIFF)
            shown = {}
            for a, b, *numbers in picture[name]:
                shown[b] = numbers
                # What was there is there.
                if a not in (0, b):
                    raise Mismatch("diff: %d is not %d" % (a, b))
            if kind == "site":
                right = sorted(before.get(k, zeros) + after[k] for k in after)
                expect("diff of sites", sorted(shown.values()), right)
                continue
            for k, numbers in shown.items():
                expect("diff of thread %d" % k, numbers,
                       before.get(k - 1, zeros) + after.get(k - 1, zeros))
            expect("threads of the diff", set(after) - {k - 1 for k in shown},
                   set())

    def picture(self, kind, picture):
        self.pictures += 1
        if kind == "diff":
            self.check_diff(picture)
            return
        if kind == "snapshot":
            self.check_tables(picture, self.frozen)
            return
        self.check_tables(picture, self.heap.sums)
        self.check_blocks(picture)
        self.check_stacks(picture)
        self.check_deltas(picture)
        self.check_matrix(picture)
        expect("unknown frees", picture["unknown_frees"],
               self.heap.unknown_frees)
        if kind == "end":
            self.check_sizes(picture)
            right = [self.heap.lifetimes.get(b, 0)
                     for b in range(len(picture["lifetimes"]))]
            expect("lifetimes", picture["lifetimes"], right)
            self.check_details(picture)
        # Peaks between ticks are known in steps of 64 KiB per thread.
        bound = len(picture["threads"]) << 16
        if not max(self.heap.live, self.heap.peak - bound) \
                <= picture["peak"] <= self.heap.peak + bound:
            raise Mismatch("peak %d, live %d, right %d" % (
                picture["peak"], self.heap.live, self.heap.peak))

    def line(self, line):
        word, _, rest = line.partition(" ")
        if word == "P":
            kind, _, text = rest.partition(" ")
            self.picture(kind, json.loads(text))
            return
        numbers = [int(n) for n in rest.split()]
        if word == "N":
            self.heap.innermost[numbers[0]] = numbers[1]
        elif word in "AR":
            self.heap.allocate(*numbers, by_realloc=word == "R")
        elif word in "FM":
            self.heap.free(*numbers, by_realloc=word == "M")
        elif word == "U":
            self.heap.unknown()
        elif word == "T":
            self.frozen = {key: dict(sums)
                           for key, sums in self.heap.sums.items()}
        else:
            raise Mismatch("what is %r?" % line)


def replay(lines):
    """Replays the lines of many streams; (streams, events, pictures). Raises
    Mismatch with the seed."""
    stream, seed, streams, events, pictures = None, None, 0, 0, 0
    for number, line in enumerate(lines):
        line = line.rstrip("\n")
        if line.startswith("S "):
            pictures += stream.pictures if stream else 0
            stream, seed = Stream(), int(line[2:])
            streams += 1
            continue
        events += line[0] in "ARFMU"
        try:
            stream.line(line)
        except Mismatch as e:
            raise Mismatch("seed %d, line %d: %s" % (seed, number, e)) from e
    pictures += stream.pictures if stream else 0
    return streams, events, pictures

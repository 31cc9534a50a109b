# SPDX-License-Identifier: MIT
"""The programs that are measured and their inputs, which are generated from
fixed seeds: everybody measures the same."""

import json
import os
import random
import shutil
import subprocess

import sql


class Workload:
    """A command with its input, ready to be run. `allocations`: at least so
    many are to be seen; 0: few are made. `heavy`: runs for many seconds, so
    that two rounds must do, and without the slow peers; not `patient`: without
    these alone; `timed`: says how long it took, so that no output equals
    another. Two seconds or more bare, so that the start does not count."""

    def __init__(self, name, what, command, stdin=None, env=None,
                 allocations=0, heavy=False, patient=True, timed=False):
        self.name, self.what, self.command = name, what, command
        self.stdin, self.env = stdin, env or {}
        self.allocations, self.heavy = allocations, heavy
        self.patient = patient and not heavy
        self.timed = timed


def _write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def sqlite(directory, scale):
    """As dense in allocations as the script that the target was set by: a
    seventh of them reallocs, heaptrack at 2 to 2.5 times the bare CPU."""
    path = _write(directory, "mixed.sql", sql.mixed(scale))
    return Workload("sqlite3", "SQL script of mixed statements",
                    ["/usr/bin/sqlite3", ":memory:"], stdin=path,
                    allocations=int(5000000 * scale))


def sqlite_inserts(directory, scale):
    """Hardly anything but parsing, 24 allocations for each row."""
    path = _write(directory, "inserts.sql", sql.inserts(scale))
    return Workload("sqlite3 inserts", "SQL script of single inserts, a "
                    "harsher one: nothing but small statements; no target of "
                    "its own, not one of the eight",
                    ["/usr/bin/sqlite3", ":memory:"], stdin=path,
                    allocations=int(15000000 * scale), patient=False)


PYTHON = """
import json, random
rng = random.Random(2)
n = {n}
rows = [dict(id=i, name='name-%d' % rng.randrange(10**6),
             tags=[str(rng.random()) for _ in range(3)]) for i in range(n)]
text = json.dumps(rows)
again = json.loads(text)
index = {{}}
for row in again:
    index.setdefault(row['name'], []).append(row['id'])
print(len(text), len(index), sum(len(v) for v in index.values()))
"""


def python(directory, scale):
    """Dictionaries, lists and strings, to JSON and back."""
    path = _write(directory, "work.py", PYTHON.format(n=int(150000 * scale)))
    return Workload("python3", "`PYTHONMALLOC=malloc`, rows to JSON and back",
                    ["/usr/bin/python3", path],
                    env={"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"},
                    allocations=int(500000 * scale))


def jq(directory, scale):
    """A JSON document read whole, mapped and grouped."""
    rng = random.Random(3)
    rows = [{"id": i, "group": rng.randrange(1000),
             "name": "item %d" % rng.randrange(10**6),
             "values": [rng.randrange(1000) for _ in range(5)]}
            for i in range(int(240000 * scale))]
    path = _write(directory, "document.json", json.dumps(rows))
    program = "group_by(.group) | map({g: .[0].group, n: length, " \
              "s: (map(.values | add) | add)}) | length"
    return Workload("jq", "%.1f MB of JSON grouped" %
                    (os.path.getsize(path) / 1e6),
                    ["/usr/bin/jq", program, path],
                    allocations=int(500000 * scale))


PERL = """
my ($n, %h, @a) = (shift, (), ());
srand(4);
for my $i (1 .. $n) {
    my $k = "key" . int(rand(1000000));
    $h{$k} .= "x" x (1 + $i % 40);
    push @a, [$i, $k] if $i % 3 == 0;
}
my $sum = 0;
$sum += length($h{$_}) for sort keys %h;
print "$sum ", scalar(@a), "\\n";
"""


def perl(directory, scale):
    """Hashes of growing strings, and arrays of small arrays."""
    path = _write(directory, "work.pl", PERL)
    return Workload("perl", "hashes of strings",
                    ["/usr/bin/perl", path, str(int(900000 * scale))],
                    env={"PERL_HASH_SEED": "0"},
                    allocations=int(2000000 * scale))


CXX_HEAD = """
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>
template <int N, class T> struct Chain {
    Chain<N - 1, T> rest; T value;
    T sum() const { return value + rest.sum(); }
};
template <class T> struct Chain<0, T> { T sum() const { return T(); } };
"""
CXX_PART = """
struct S%(i)d {
    std::map<std::string, std::vector<int>> index;
    Chain<%(n)d, long> chain;
    int add(const std::string &key, int value) {
        auto &list = index[key + "%(i)d"];
        list.push_back(value);
        std::sort(list.begin(), list.end(),
                  [](int a, int b) { return a %% %(m)d < b %% %(m)d; });
        return std::accumulate(list.begin(), list.end(), %(i)d);
    }
};
int f%(i)d(int x) {
    S%(i)d s{}; std::function<int(int)> g = [&](int y) { return y + x; };
    auto p = std::make_unique<S%(i)d>();
    return s.add("k", g(x)) + p->add("l", x) + int(s.chain.sum());
}
"""


def cc1plus(directory, scale):
    """The compiler proper on one large file, preprocessed beforehand."""
    compiler = subprocess.run(
        ["g++", "-print-prog-name=cc1plus"], check=True, capture_output=True,
        text=True).stdout.strip()
    text = CXX_HEAD + "".join(
        CXX_PART % {"i": i, "n": 5 + i % 7, "m": 3 + i % 11}
        for i in range(max(1, int(18 * scale))))
    source = _write(directory, "large.cpp", text)
    whole = os.path.join(directory, "large.ii")
    subprocess.run(["g++", "-std=c++17", "-E", source, "-o", whole],
                   check=True)
    return Workload("cc1plus", "a large C++ file, -O1", [
        compiler, "-quiet", "-fpreprocessed", "-std=c++17", "-O1", whole,
        "-o", "-"], allocations=50000)


def git(directory, scale):
    """A history of small changes to many files, told with its statistics."""
    rng = random.Random(5)
    files, lines = 200, 60
    texts = [["line %d of file %d" % (i, k) for i in range(lines)]
             for k in range(files)]
    stream = []
    for number in range(max(50, int(6000 * scale))):
        message = "change %d\n" % number
        stream.append("commit refs/heads/main\ncommitter A <a@example.org> "
                      "%d +0000\ndata %d\n%s" % (
                          1600000000 + 60 * number, len(message), message))
        for _ in range(4):
            k = rng.randrange(files)
            texts[k][rng.randrange(lines)] = "%x" % rng.getrandbits(90)
            body = "\n".join(texts[k]) + "\n"
            stream.append("M 100644 inline d%d/f%d.txt\ndata %d\n%s" % (
                k % 20, k, len(body), body))
    repository = os.path.join(directory, "history")
    subprocess.run(["git", "init", "-q", "--bare", repository], check=True)
    subprocess.run(["git", "-C", repository, "fast-import", "--quiet"],
                   input="\n".join(stream).encode(), check=True)
    return Workload("git log", "--stat of a generated history",
                    ["/usr/bin/git", "-C", repository, "--no-pager", "log",
                     "--stat", "main"],
                    env={"GIT_CONFIG_GLOBAL": "/dev/null"},
                    allocations=int(50000 * scale))


def xz(directory, scale):
    """Hardly any allocation, much memory."""
    rng = random.Random(6)
    words = ["%x" % rng.getrandbits(32) for _ in range(3000)]
    path = _write(directory, "words.txt", " ".join(
        rng.choice(words) for _ in range(int(600000 * scale))))
    return Workload("xz", "few allocations",
                    ["/usr/bin/xz", "-T1", "-6", "-c", "-k", path])


def bignum(programs, scale):
    return Workload("bignum", "many tiny blocks, small heap (ours, in the "
                    "manner of cfrac)",
                    [os.path.join(programs, "bignum"),
                     str(int(350000 * scale))],
                    allocations=int(40000000 * scale), patient=False)


def covers(programs, scale):
    return Workload("covers", "short lists, a deep recursion, many stacks "
                    "(ours, in the manner of espresso)",
                    [os.path.join(programs, "covers"), str(int(100 * scale))],
                    allocations=int(15000000 * scale), patient=False)


def mimalloc_bench(directory):
    """Those of daanx/mimalloc-bench, where the user has built it."""
    built = os.path.join(directory, "out/bench")
    inputs = os.path.join(directory, "bench")
    candidates = [
        Workload("cfrac", "mimalloc-bench", [
            os.path.join(built, "cfrac"),
            "17545186520507317056371138836327483792789528"],
            allocations=5000000, heavy=True),
        Workload("espresso", "mimalloc-bench", [
            os.path.join(built, "espresso"),
            os.path.join(inputs, "espresso/largest.espresso")],
            allocations=500000, heavy=True),
        Workload("barnes", "mimalloc-bench", [os.path.join(built, "barnes")],
                 stdin=os.path.join(inputs, "barnes/input"), heavy=True,
                 timed=True),
    ]
    return [work for work in candidates if os.path.exists(work.command[0])]


def all_workloads(programs, directory, scale, only, missing):
    """Every workload that is asked for and can be, its input written to
    `directory`; `programs` has our own ones."""
    makers = [("sqlite3", sqlite), ("sqlite3 inserts", sqlite_inserts),
              ("jq", jq), ("perl", perl), ("python3", python),
              ("cc1plus", cc1plus), ("git log", git), ("xz", xz)]
    works = []
    for name, make in makers:
        if only and name not in only:
            continue
        tool = {"cc1plus": "g++"}.get(name, name.split()[0])
        if shutil.which(tool):
            works.append(make(directory, scale))
        else:
            missing.append("%s: not installed" % name)
    works += [make(programs, scale) for make in (bignum, covers)
              if not only or make.__name__ in only]
    theirs = os.environ.get("MIMALLOC_BENCH")
    if theirs:
        works += [work for work in mimalloc_bench(theirs)
                  if not only or work.name in only]
    return works
